//! Directories for sign-in as they really are: OpenLDAP, an Active Directory that Samba plays, and
//! an evil server that breaks the rules.
//!
//! Each test starts what it needs, from a temporary folder and on 127.0.0.1, and nothing is left of
//! it. Where OpenLDAP or Samba is missing a test says that it is skipped; with `REQUIRE_SERVICES`
//! it fails.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod active_directory;
mod again;
mod asking;
mod attributes;
mod authority;
mod bound;
mod by_template;
mod diagnosis;
mod domain;
mod evil;
mod evil_answers;
mod evil_itself;
mod held_off;
mod people;
mod processes;
mod processes_itself;
mod registry;
mod registry_told;
mod required;
mod samba;
mod samba_itself;
mod signing_in;
mod slapd;
mod slapd_itself;
mod suite;

/// Whether this can be run here; says so if not, and panics if it must.
pub(crate) fn can_run(program: &str, packages: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/sbin"].map(Into::into);
    let found = std::env::split_paths(&folders)
        .chain(usual)
        .any(|folder| folder.join(program).is_file());
    if !found {
        skip(&format!("there is no {program} (Debian: {packages})"));
    }
    found
}

pub(crate) fn skip(because: &str) {
    assert!(
        std::env::var_os("REQUIRE_SERVICES").is_none(),
        "REQUIRE_SERVICES is set, but {because}"
    );
    eprintln!("skipped: {because}");
}
