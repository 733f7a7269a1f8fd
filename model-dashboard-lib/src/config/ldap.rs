//! How the directory is reached that people sign in with.

use std::fmt;

use url::Url;

use super::reader::Reader;
use super::table::LdapConfig;
use super::value::Value;
use crate::auth::Role;

/// A server of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LdapServer {
    /// Whether the connection begins with TLS (`ldaps`).
    pub tls: bool,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Prints as a URL.
impl fmt::Display for LdapServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "ldaps" } else { "ldap" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl Value for LdapServer {
    const ALLOWED: &'static str =
        "servers of a directory, such as ldaps://dc1.example.org, ldap://dc2.example.org:389";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let whole = match text.contains("://") {
            true => text.to_owned(),
            // As the earlier system took it.
            false => format!("ldap://{text}"),
        };
        let url = Url::parse(&whole).map_err(|_| "not the URL of a server")?;
        let tls = match url.scheme() {
            "ldap" => false,
            "ldaps" => true,
            _ => return Err("neither an ldap nor an ldaps URL"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a username or password, which belong into settings of their own");
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("holds more than a host and a port");
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or("names no host")?.to_ascii_lowercase();
        let port = url.port().unwrap_or(if tls { 636 } else { 389 });
        Ok(Self { tls, host, port })
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// Names of groups: distinguished names, or the short names that people call them by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupNames(Vec<String>);

impl GroupNames {
    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Distinguished names hold commas, so these are separated by semicolons, or are the items of an
/// array, which come on lines of their own.
impl Value for GroupNames {
    const ALLOWED: &'static str =
        "groups with semicolons between them, such as cn=a,dc=example; cn=b,dc=example";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let names = unescaped_parts(text, &[';', '\n']);
        if names.iter().any(|name| name.contains(char::is_control)) {
            return Err("holds a control character");
        }
        let names = names.iter().map(|name| name.trim().to_owned());
        let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
        names.iter().try_for_each(|name| check_group(name))?;
        Ok(Self(names))
    }

    fn show(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join("; "))
    }
}

/// Refuses what reads as one group and was surely meant as several.
fn check_group(name: &str) -> Result<(), &'static str> {
    let parts = unescaped_parts(name, &[',']);
    let kind = |part: &str| Some(part.split_once('=')?.0.trim().to_ascii_lowercase());
    let kinds: Vec<_> = parts.iter().map(|part| kind(part)).collect();
    if parts.len() > 1 && kinds.iter().any(Option::is_none) {
        return Err(
            "a comma does not separate groups, but semicolons do; a comma within a name is \
                    written \\,",
        );
    }
    let is = |kind: &Option<String>, those: &[&str]| {
        kind.as_deref().is_some_and(|kind| those.contains(&kind))
    };
    let mut pairs = kinds.iter().zip(kinds.iter().skip(1));
    // The end of one name, and the beginning of another.
    match pairs.any(|(one, next)| is(one, &["dc", "o", "c"]) && is(next, &["cn", "uid"])) {
        true => {
            Err("these are several distinguished names with commas between them; put semicolons")
        }
        false => Ok(()),
    }
}

/// The parts between separators that no backslash stands before.
fn unescaped_parts(text: &str, separators: &[char]) -> Vec<String> {
    let (mut parts, mut part, mut escaped) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match separators.contains(&c) && !escaped {
            true => parts.push(std::mem::take(&mut part)),
            false => part.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(part);
    parts
}

impl LdapConfig {
    /// The groups that give a role, the role with the most rights first, each with the setting
    /// that names them.
    #[must_use]
    pub fn role_groups(&self) -> [(Role, &'static str, &GroupNames); 5] {
        [
            (Role::Admin, "ldap.admin_groups", &self.admin_groups),
            (
                Role::Publisher,
                "ldap.publisher_groups",
                &self.publisher_groups,
            ),
            (Role::Editor, "ldap.editor_groups", &self.editor_groups),
            (Role::Auditor, "ldap.auditor_groups", &self.auditor_groups),
            (Role::Viewer, "ldap.viewer_groups", &self.viewer_groups),
        ]
    }

    /// Whether groups of the directory decide who has which role.
    #[must_use]
    pub fn gives_roles(&self) -> bool {
        self.role_groups()
            .iter()
            .any(|(_, _, groups)| !groups.is_empty())
    }

    /// A directory, when one is named.
    pub(super) fn resolve(self, reader: &mut Reader<'_>) -> Option<Self> {
        if self.server.is_empty() && reader.is_set("ldap.server") {
            // What is wrong with it is told.
            return None;
        }
        if self.server.is_empty() {
            let mut settings = reader.settings.iter().map(|it| it.name);
            let set = settings.find(|name| name.starts_with("ldap.") && reader.is_set(name));
            if let Some(name) = set {
                reader.conflict(name, "has no effect without ldap.server; set LDAP_SERVER");
            }
            return None;
        }
        if let Some(group) = &self.required_group {
            if unescaped_parts(group, &[';']).len() > 1 {
                let reason = "names several groups: people must be in one; put both into that one";
                reader.conflict("ldap.required_group", reason);
            } else if let Err(reason) = check_group(group) {
                reader.conflict("ldap.required_group", reason);
            }
        }
        if self.bind_dn.is_some() && self.user_dn_template.is_some() {
            reader.warn(
                "ldap.user_dn_template (LDAP_USER_DN_TEMPLATE) is not used: the account of \
                 ldap.bind_dn looks people up; leave one of the two out",
            );
        }
        let has_password = self.bind_password.is_some() || reader.is_set("ldap.bind_password");
        if self.bind_dn.is_some() && !has_password {
            let reason = "ldap.bind_password (LDAP_BIND_PASSWORD) is not set beside it";
            reader.conflict("ldap.bind_dn", reason);
        }
        if self.bind_dn.is_none() && self.bind_password.is_some() {
            let reason = "ldap.bind_dn (LDAP_BIND_DN) is not set beside it";
            reader.conflict("ldap.bind_password", reason);
        }
        let by_dn = self
            .user_dn_template
            .as_ref()
            .is_some_and(|it| it.contains('='));
        if self.bind_dn.is_none() && self.user_dn_template.is_none() {
            reader.conflict(
                "ldap.server",
                "people are found by nothing: set LDAP_USER_DN_TEMPLATE, or LDAP_BIND_DN and \
                 LDAP_BIND_PASSWORD of an account that may search",
            );
        }
        if self.base_dn.is_none() && !(by_dn && self.bind_dn.is_none()) {
            reader.conflict(
                "ldap.server",
                "people are searched nowhere: set LDAP_BASE_DN",
            );
        }
        if self.allow_plaintext == Some(true) {
            reader.warn(
                "ldap.allow_plaintext is set: passwords can be read on the way to the directory",
            );
        }
        Some(self)
    }
}
