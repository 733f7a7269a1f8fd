//! People: the list, one account, a new one.

mod account;
mod new;
mod people;

pub use self::account::{AccountKind, GeneratedPassword, UserView, one};
pub use self::new::{NewUserView, new};
pub use self::people::{UserRow, UsersView, list};

/// A role to choose.
#[derive(Debug, Clone)]
pub struct RoleChoice {
    /// Its name: `publisher`.
    pub name: String,
    /// What it allows, in a few words.
    pub meaning: String,
}

impl RoleChoice {
    pub(in crate::views) fn options(roles: &[Self]) -> Vec<(String, String)> {
        roles
            .iter()
            .map(|role| {
                (
                    role.name.clone(),
                    format!("{} – {}", role.name, role.meaning),
                )
            })
            .collect()
    }
}
