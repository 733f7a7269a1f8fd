//! The suites that every backend must pass, for backends of one's own, and the one that every way to the
//! use cases must ([`use_cases`]).
//!
//! Each case is a function named for the behaviour that it shows; it panics where the backend
//! does not behave so. A macro beside each suite makes one test of every case.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

pub mod audit;
pub mod authenticator;
pub mod downloads;
pub mod drafts;
pub mod packages;
pub mod repository;
pub mod sessions;
pub mod tokens;
pub mod use_cases;
pub mod users;

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_in_its_suites_macro() {
        let suites = [
            include_str!("audit.rs"),
            include_str!("authenticator.rs"),
            include_str!("downloads.rs"),
            include_str!("drafts.rs"),
            concat!(
                include_str!("packages/mod.rs"),
                include_str!("packages/connections.rs"),
                include_str!("packages/kept.rs"),
                include_str!("packages/uploads.rs"),
            ),
            concat!(
                include_str!("repository/mod.rs"),
                include_str!("repository/leaving.rs"),
                include_str!("repository/outside.rs"),
                include_str!("repository/races.rs"),
                include_str!("repository/reading.rs"),
                include_str!("repository/registry_field.rs"),
                include_str!("repository/writing.rs"),
            ),
            include_str!("sessions.rs"),
            include_str!("tokens.rs"),
            concat!(
                include_str!("use_cases/mod.rs"),
                include_str!("use_cases/models.rs"),
                include_str!("use_cases/histories.rs"),
                include_str!("use_cases/packages.rs"),
            ),
            concat!(
                include_str!("users/mod.rs"),
                include_str!("users/administrators.rs"),
                include_str!("users/directory.rs"),
                include_str!("users/doubts.rs"),
                include_str!("users/leaving.rs"),
                include_str!("users/passwords.rs"),
            ),
        ];
        for suite in suites {
            let (list, cases) = suite.split_once("(@cases $fresh:expr; $($case").unwrap();
            for case in cases.split("\npub async fn ").skip(1) {
                let name = case.split(['(', '<']).next().unwrap();
                assert!(
                    list.lines().any(|line| line.trim() == name),
                    "{name} is not run"
                );
            }
        }
    }
}
