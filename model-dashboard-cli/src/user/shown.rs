//! An account on standard output.

use model_dashboard::auth::{Role, RoleOrigin, User};
use model_dashboard::model::Timestamp;
use serde::Serialize;

use crate::output::seconds_or_empty;

/// An account as programs read it: the fields of the API, and what it does not tell.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    pub(super) id: Id,
    pub(super) username: String,
    pub(super) display_name: String,
    email: Option<String>,
    pub(super) role: Role,
    role_reason: String,
    role_origin: &'static str,
    is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    groups: Vec<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    pub(super) last_sign_in: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_reason: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Id {
    pub(super) source: String,
    subject: String,
}

impl From<User> for Shown {
    fn from(user: User) -> Self {
        let checked_at = user.checked_at.filter(|_| !user.is_own());
        Self {
            id: Id {
                source: user.id.source.to_string(),
                subject: user.id.subject.to_string(),
            },
            username: user.username.to_string(),
            display_name: user.display_name,
            email: user.email,
            role: user.role,
            role_reason: user.role_reason,
            role_origin: match user.role_origin {
                RoleOrigin::Default => "default",
                RoleOrigin::Administrator => "administrator",
                RoleOrigin::Source => "source",
            },
            is_active: user.is_active,
            team: user.team,
            groups: user.groups,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_sign_in: user.last_sign_in,
            checked_at,
            left_at: user.left_at,
            left_reason: user.left_reason,
        }
    }
}

impl Shown {
    pub(super) fn state(&self) -> &'static str {
        match (self.is_active, self.left_at) {
            (true, _) => "active",
            (false, None) => "disabled",
            (false, Some(_)) => "left",
        }
    }

    /// For people.
    pub(super) fn properties(&self) -> [(&'static str, String); 15] {
        // Of who left that is what was true before.
        let (role, groups) = match self.left_at {
            None => ("role", "groups"),
            Some(_) => ("last role", "last groups"),
        };
        [
            ("username", self.username.clone()),
            ("name", self.display_name.clone()),
            ("id", format!("{}:{}", self.id.source, self.id.subject)),
            ("mail", self.email.clone().unwrap_or_default()),
            ("state", self.state().to_owned()),
            (role, format!("{}: {}", self.role, self.role.describe())),
            ("role from", self.role_reason.clone()),
            ("team", self.team.clone().unwrap_or_default()),
            (groups, self.groups.join("; ")),
            ("created", seconds_or_empty(self.created_at)),
            ("changed", seconds_or_empty(self.updated_at)),
            ("last sign-in", seconds_or_empty(self.last_sign_in)),
            ("last confirmed", seconds_or_empty(self.checked_at)),
            ("left", seconds_or_empty(self.left_at)),
            ("why", self.left_reason.clone().unwrap_or_default()),
        ]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use model_dashboard::auth::{IdentityId, Source, Username};

    use super::*;

    #[test]
    fn what_is_told_of_who_left_is_not_told_as_if_it_were_so() {
        let mut user = User {
            id: IdentityId::new(Source::parse("ldap").unwrap(), "1f"),
            username: Username::parse("rlopez").unwrap(),
            display_name: "Rosa López".to_owned(),
            email: None,
            role: Role::Auditor,
            role_reason: "group cn=auditors,dc=example,dc=org".to_owned(),
            role_origin: RoleOrigin::Source,
            groups: vec!["cn=auditors,dc=example,dc=org".to_owned()],
            is_active: true,
            team: None,
            created_at: None,
            updated_at: None,
            last_sign_in: None,
            checked_at: None,
            left_at: None,
            left_reason: None,
            is_provisional: false,
        };
        let names = |user: &User| {
            let shown = Shown::from(user.clone()).properties();
            shown.map(|(name, _)| name)
        };
        assert!(names(&user).contains(&"role") && names(&user).contains(&"groups"));
        (user.is_active, user.left_at) = (false, Some(Timestamp::now()));
        assert!(names(&user).contains(&"last role") && names(&user).contains(&"last groups"));
        assert!(!names(&user).contains(&"role"));
        assert_eq!(Shown::from(user).state(), "left");
    }
}
