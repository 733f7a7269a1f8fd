use super::*;

const BY_NAME: [(&str, &str); 2] = [
    ("LDAP_SERVER", "ldaps://dc1, ldap://dc2:1389, dc3"),
    (
        "LDAP_USER_DN_TEMPLATE",
        "uid={username},ou=people,dc=example",
    ),
];

fn directory(more: &[(&str, &str)]) -> LdapConfig {
    let all: Vec<_> = BY_NAME.iter().chain(more).copied().collect();
    with(&all).unwrap().ldap.unwrap()
}

#[test]
fn a_directory_is_configured_when_its_server_is_named() {
    let ldap = directory(&[("LDAP_REQUIRED_GROUP", "cn=models,dc=example")]);
    let servers: Vec<_> = ldap.server.iter().map(ToString::to_string).collect();
    assert_eq!(
        servers,
        ["ldaps://dc1:636", "ldap://dc2:1389", "ldap://dc3:389"]
    );
    assert_eq!(ldap.required_group.as_deref(), Some("cn=models,dc=example"));
    assert_eq!(ldap.group_attribute, "memberOf");
    assert!(!ldap.gives_roles() && ldap.nested_groups);
}

#[test]
fn a_server_is_an_ldap_url_or_a_host() {
    for bad in [
        "http://dc1",
        "ldaps://ana:secret@dc1",
        "ldap://dc1/dc=example??sub",
        "ldap://",
        "ldap://dc1:99999",
    ] {
        let variables = [BY_NAME[1], ("LDAP_SERVER", bad)];
        let told = problems(with(&variables));
        assert!(told[0].starts_with("ldap.server "), "{told:?}");
        assert!(!told[0].contains("secret"), "{told:?}");
    }
}

#[test]
fn groups_are_separated_by_semicolons_or_are_the_items_of_a_list() {
    let admins = "cn=Admins,dc=example; cn=Ops\\;Night,dc=example;;";
    let ldap = directory(&[
        ("LDAP_ADMIN_GROUPS", admins),
        ("LDAP_VIEWER_GROUPS", "staff"),
    ]);
    let named: Vec<_> = ldap.admin_groups.iter().collect();
    let expected = ["cn=Admins,dc=example", "cn=Ops\\;Night,dc=example"];
    assert_eq!(named, expected);
    assert!(ldap.gives_roles());

    let config = from_toml(
        "[ldap]\nserver = [\"ldaps://dc1\", \"dc2\"]\nuser_dn_template = \"uid={username},dc=x\"\n\
         editor_groups = [\"cn=a,dc=x\", \"cn=b,dc=x\"]",
    );
    let config = config.unwrap();
    assert_eq!(
        setting(&config, "ldap.editor_groups").0,
        "cn=a,dc=x; cn=b,dc=x"
    );
    let ldap = config.ldap.unwrap();
    assert_eq!(
        ldap.editor_groups.iter().collect::<Vec<_>>(),
        ["cn=a,dc=x", "cn=b,dc=x"]
    );
    assert_eq!(ldap.server.len(), 2);
}

#[test]
fn sending_passwords_in_the_open_is_warned_about() {
    let all: Vec<_> = BY_NAME
        .into_iter()
        .chain([("LDAP_ALLOW_PLAINTEXT", "true")])
        .collect();
    let config = with(&all).unwrap();
    assert!(
        config.warnings()[0].contains("ldap.allow_plaintext"),
        "{:?}",
        config.warnings()
    );
}

#[test]
fn a_list_of_groups_with_commas_is_refused_as_it_would_name_one_group() {
    for (bad, told) in [
        ("admins, ops", "semicolons do"),
        ("cn=admins,dc=x; ops,night", "semicolons do"),
        ("cn=a,dc=x,cn=b,dc=x", "put semicolons"),
        ("cn=a,ou=g,dc=x,dc=y, CN=b,ou=g,dc=x,dc=y", "put semicolons"),
        ("cn=a,o=Example,uid=b,o=Example", "put semicolons"),
        ("cn=a,dc=x,admins", "semicolons do"),
    ] {
        for variable in [
            "LDAP_ADMIN_GROUPS",
            "LDAP_VIEWER_GROUPS",
            "LDAP_REQUIRED_GROUP",
        ] {
            let told_so = problems(with(&[BY_NAME[0], BY_NAME[1], (variable, bad)]));
            let several = variable == "LDAP_REQUIRED_GROUP" && bad.contains(';');
            let expected = if several { "several groups" } else { told };
            assert!(
                told_so[0].contains(variable) && told_so[0].contains(expected),
                "{bad}: {told_so:?}"
            );
        }
    }
    for good in [
        "admins",
        r"Radiology\, Physics; ops",
        "cn=Keller\\, Max,ou=groups,dc=x,dc=y",
        "cn=a+ou=b,dc=x; CN=b,OU=Groups,DC=ad,DC=example,DC=org",
        "cn=a,ou=customers,dc=one,ou=hosted,dc=two",
    ] {
        assert!(
            directory(&[("LDAP_EDITOR_GROUPS", good)]).gives_roles(),
            "{good}"
        );
    }
    let one = directory(&[("LDAP_REQUIRED_GROUP", r"Radiology\, Physics")]);
    assert!(one.required_group.is_some());
}

#[test]
fn a_template_beside_an_account_that_looks_people_up_is_said_to_be_unused() {
    let both = [
        BY_NAME[0],
        BY_NAME[1],
        ("LDAP_BASE_DN", "dc=example"),
        ("LDAP_BIND_DN", "cn=reader,dc=example"),
        ("LDAP_BIND_PASSWORD", "secret"),
    ];
    let config = with(&both).unwrap();
    let told = |config: &Config| {
        let mut warnings = config.warnings().iter();
        warnings.any(|it| it.contains("LDAP_USER_DN_TEMPLATE") && it.contains("not used"))
    };
    assert!(told(&config), "{:?}", config.warnings());
    assert!(!told(&with(&BY_NAME).unwrap()));
}
