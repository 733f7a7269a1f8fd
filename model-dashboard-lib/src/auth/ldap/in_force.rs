//! What the settings come to, for administrators; never a secret.

use super::BY_NAME;
use crate::auth::SourceFact;
use crate::config::LdapConfig;

/// What is asked, and how.
pub(super) fn facts(config: &LdapConfig) -> Vec<SourceFact> {
    let mut facts = vec![fact("Servers", config.server.iter())];
    let given = |name, value: &Option<String>| value.as_ref().map(|value| fact(name, [value]));
    let by_account = config.bind_dn.is_some();
    let template = config.user_dn_template.as_ref().filter(|_| !by_account);
    let filter = config.search_filter.as_deref().unwrap_or(BY_NAME);
    let authorities = config.ca_file.as_ref().map(|file| file.display());
    facts.extend(authorities.map(|file| fact("Trusted besides the system's", [file])));
    if config.allow_plaintext == Some(true) {
        facts.push(fact(
            "Unencrypted",
            ["allowed: passwords can be read on the way"],
        ));
    }
    facts.extend(given("Looked up by", &config.bind_dn));
    facts.extend(template.map(|template| fact("People bind as", [template])));
    facts.extend(given("People are under", &config.base_dn));
    facts.push(fact("Found by", [filter]));
    let groups = config.group_base_dn.as_ref().or(config.base_dn.as_ref());
    facts.extend(groups.map(|base| fact("Groups are under", [base])));
    let nested = match config.nested_groups {
        true => "count",
        false => "do not count",
    };
    facts.push(fact("Groups in groups", [nested]));
    let required = config.required_group.as_deref();
    facts.push(fact("Required group", [required.unwrap_or("none")]));
    for (role, _, groups) in config.role_groups() {
        if !groups.is_empty() {
            facts.push(fact(format!("Groups of role {role}"), groups.iter()));
        }
    }
    if !config.gives_roles() {
        facts.push(fact("Groups of roles", ["none"]));
    }
    facts
}

fn fact<T: ToString>(name: impl Into<String>, values: impl IntoIterator<Item = T>) -> SourceFact {
    SourceFact {
        name: name.into(),
        values: values.into_iter().map(|value| value.to_string()).collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{Config, Sources};

    fn told(settings: &[(&str, &str)]) -> Vec<(String, String)> {
        let variables = settings.iter();
        let variables = variables.map(|(name, value)| ((*name).into(), (*value).into()));
        let sources = Sources::new().variables(variables);
        let config = Config::from_sources(sources, |_| Ok(String::new()))
            .unwrap()
            .ldap
            .unwrap();
        let facts = facts(&config).into_iter();
        facts
            .map(|fact| (fact.name, fact.values.join(" | ")))
            .collect()
    }

    #[test]
    fn servers_places_and_groups_are_told_and_no_password() {
        let told = told(&[
            (
                "LDAP_SERVER",
                "ldaps://dc1.example.org,ldap://dc2.example.org",
            ),
            ("LDAP_BASE_DN", "dc=example,dc=org"),
            ("LDAP_BIND_DN", "cn=reader,dc=example,dc=org"),
            ("LDAP_BIND_PASSWORD", "Wei0aiHu7oojoh4e"),
            ("LDAP_USER_DN_TEMPLATE", "uid={username},dc=example,dc=org"),
            ("LDAP_REQUIRED_GROUP", "cn=users,dc=example,dc=org"),
            (
                "LDAP_ADMIN_GROUPS",
                "cn=a,dc=example,dc=org; cn=b,dc=example,dc=org",
            ),
        ]);
        let expected = [
            (
                "Servers",
                "ldaps://dc1.example.org:636 | ldap://dc2.example.org:389",
            ),
            ("Looked up by", "cn=reader,dc=example,dc=org"),
            ("People are under", "dc=example,dc=org"),
            ("Found by", BY_NAME),
            ("Groups are under", "dc=example,dc=org"),
            ("Groups in groups", "count"),
            ("Required group", "cn=users,dc=example,dc=org"),
            (
                "Groups of role admin",
                "cn=a,dc=example,dc=org | cn=b,dc=example,dc=org",
            ),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(told, expected);
        assert!(!format!("{told:?}").contains("Wei0aiHu7oojoh4e"));
    }

    #[test]
    fn what_people_bind_as_is_told_where_no_account_looks_them_up() {
        let told = told(&[
            ("LDAP_SERVER", "dc1.example.org"),
            ("LDAP_USER_DN_TEMPLATE", "uid={username},dc=example,dc=org"),
        ]);
        let binds = told.iter().find(|(name, _)| name == "People bind as");
        assert_eq!(binds.unwrap().1, "uid={username},dc=example,dc=org");
        let roles = told.iter().find(|(name, _)| name == "Groups of roles");
        assert_eq!(roles.unwrap().1, "none");
        assert!(!told.iter().any(|(name, _)| name == "Looked up by"));
    }
}
