//! What a caller may do: named permissions and the roles that bundle them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One named right. The same names are the scopes of API tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Permission {
    /// See models, their definitions and history.
    ModelsRead,
    /// Create, edit, rename and delete models that are not enabled.
    ModelsWrite,
    /// Enable, disable, and change a model that is enabled.
    ModelsEnable,
    /// Fetch package bytes.
    PackagesRead,
    /// Upload package bytes.
    PackagesWrite,
    /// Read the audit log.
    AuditRead,
    /// Manage people, service accounts and other people's tokens.
    UsersAdmin,
    /// See and change the installation itself.
    SystemAdmin,
}

impl Permission {
    /// Every permission, in the order in which people read them.
    pub const ALL: &'static [Permission] = &[
        Permission::ModelsRead,
        Permission::ModelsWrite,
        Permission::ModelsEnable,
        Permission::PackagesRead,
        Permission::PackagesWrite,
        Permission::AuditRead,
        Permission::UsersAdmin,
        Permission::SystemAdmin,
    ];

    /// The stable name, such as `models:read`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Permission::ModelsRead => "models:read",
            Permission::ModelsWrite => "models:write",
            Permission::ModelsEnable => "models:enable",
            Permission::PackagesRead => "packages:read",
            Permission::PackagesWrite => "packages:write",
            Permission::AuditRead => "audit:read",
            Permission::UsersAdmin => "users:admin",
            Permission::SystemAdmin => "system:admin",
        }
    }

    /// What this permission takes besides: whoever changes models is shown them, so nobody does
    /// without [`Permission::ModelsRead`]. Every role has both.
    pub const fn requires(self) -> Option<Permission> {
        match self {
            Permission::ModelsWrite | Permission::ModelsEnable => Some(Permission::ModelsRead),
            _ => None,
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no permission or role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} “{given}”; known: {known}")]
pub struct UnknownName {
    kind: &'static str,
    given: String,
    known: String,
}

fn unknown(kind: &'static str, given: &str, known: &[&str]) -> UnknownName {
    let given = given.chars().take(64).collect();
    UnknownName {
        kind,
        given,
        known: known.join(", "),
    }
}

impl FromStr for Permission {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Permission::ALL
            .iter()
            .copied()
            .find(|p| p.as_str() == text)
            .ok_or_else(|| {
                let known: Vec<_> = Permission::ALL.iter().map(|p| p.as_str()).collect();
                unknown("permission", text, &known)
            })
    }
}

/// A set of [`Permission`]s: the rights of a role, or the scopes of a token.
///
/// Reads and prints as names separated by blanks: `models:read models:write`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u16);

impl Permissions {
    /// No rights at all.
    pub const NONE: Permissions = Permissions(0);

    /// The set of the given permissions.
    pub const fn of(permissions: &[Permission]) -> Permissions {
        let mut bits = 0;
        let mut i = 0;
        while i < permissions.len() {
            bits |= permissions[i].bit();
            i += 1;
        }
        Permissions(bits)
    }

    /// Every permission there is.
    pub const fn all() -> Permissions {
        Permissions::of(Permission::ALL)
    }

    /// Whether `permission` is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// What both sets hold: a token never exceeds its owner.
    #[must_use]
    pub const fn intersection(self, other: Permissions) -> Permissions {
        Permissions(self.0 & other.0)
    }

    /// Whether every permission of the set is in `other`.
    pub const fn is_subset(self, other: Permissions) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether the set holds nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions of the set, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |p| self.contains(*p))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(iter: I) -> Self {
        Permissions(iter.into_iter().fold(0, |bits, p| bits | p.bit()))
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, permission) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(permission.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Permission::as_str))
            .finish()
    }
}

impl FromStr for Permissions {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        text.split_whitespace().map(str::parse).collect()
    }
}

/// Serialises as a list of names.
impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Permission::as_str))
    }
}

/// A named bundle of permissions that an administrator gives to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Sees models and fetches their packages.
    Viewer,
    /// Also creates and edits models that are not enabled, and uploads packages.
    Editor,
    /// Also enables models and changes enabled ones.
    Publisher,
    /// Sees models and the audit log.
    Auditor,
    /// May do everything.
    Admin,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: &'static [Role] = &[
        Role::Viewer,
        Role::Editor,
        Role::Publisher,
        Role::Auditor,
        Role::Admin,
    ];

    /// The stable name, such as `publisher`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Editor => "editor",
            Role::Publisher => "publisher",
            Role::Auditor => "auditor",
            Role::Admin => "admin",
        }
    }

    /// One sentence that says what people of this role may do.
    pub const fn describe(self) -> &'static str {
        match self {
            Role::Viewer => "sees models and fetches their packages",
            Role::Editor => {
                "also creates and edits models that are not enabled, and uploads packages"
            }
            Role::Publisher => "also enables models and changes enabled ones",
            Role::Auditor => "sees models and the audit log",
            Role::Admin => "may do everything",
        }
    }

    /// What people of this role may do.
    pub const fn permissions(self) -> Permissions {
        use Permission::*;
        match self {
            Role::Viewer => Permissions::of(&[ModelsRead, PackagesRead]),
            Role::Editor => {
                Permissions::of(&[ModelsRead, ModelsWrite, PackagesRead, PackagesWrite])
            }
            Role::Publisher => Permissions::of(&[
                ModelsRead,
                ModelsWrite,
                ModelsEnable,
                PackagesRead,
                PackagesWrite,
            ]),
            Role::Auditor => Permissions::of(&[ModelsRead, AuditRead]),
            Role::Admin => Permissions::all(),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Role::ALL
            .iter()
            .copied()
            .find(|r| r.as_str() == text)
            .ok_or_else(|| {
                let known: Vec<_> = Role::ALL.iter().map(|r| r.as_str()).collect();
                unknown("role", text, &known)
            })
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names
            .iter()
            .map(|n| n.parse())
            .collect::<Result<_, _>>()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn permissions_print_and_parse() {
        let set = Role::Publisher.permissions();
        assert_eq!(
            set.to_string(),
            "models:read models:write models:enable packages:read packages:write"
        );
        assert_eq!(set.to_string().parse::<Permissions>(), Ok(set));
        assert!("models:reed".parse::<Permissions>().is_err());
    }

    #[test]
    fn who_changes_models_uploads_packages_and_who_audits_fetches_none() {
        let packages: Permissions = "packages:read packages:write".parse().unwrap();
        let of = |role: Role| role.permissions().intersection(packages);
        assert_eq!(of(Role::Viewer).to_string(), "packages:read");
        assert_eq!(of(Role::Editor), packages);
        assert_eq!(of(Role::Publisher), packages);
        assert!(of(Role::Auditor).is_empty());
        assert_eq!(Role::Admin.permissions(), Permissions::all());
    }

    #[test]
    fn every_role_has_what_its_permissions_require() {
        for role in Role::ALL {
            let all = role.permissions();
            let required = all.iter().filter_map(Permission::requires);
            assert!(required.collect::<Permissions>().is_subset(all), "{role}");
        }
    }

    #[test]
    fn a_viewer_may_not_write() {
        assert!(!Role::Viewer.permissions().contains(Permission::ModelsWrite));
        assert!(
            Role::Viewer
                .permissions()
                .is_subset(Role::Editor.permissions())
        );
    }
}
