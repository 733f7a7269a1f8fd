use super::*;

const CANARY: &str = "canary-4711";

/// Everything that a person or a log could get to see of a configuration.
fn seen(config: &Config) -> String {
    let settings = serde_json::to_string(config.settings()).unwrap();
    format!("{config:?} {config:#?} {settings} {:?}", config.warnings())
}

#[test]
fn a_secret_is_shown_nowhere() {
    let url = format!("postgres://me:{CANARY}@db:5433/models?password={CANARY}&user={CANARY}");
    let variables = [
        ("MINIO_USERNAME", "someone"),
        ("MINIO_PASSWORD", CANARY),
        ("ADMIN_PASSWORD", CANARY),
        ("LDAP_SERVER", "ldaps://dc1"),
        ("LDAP_BASE_DN", "dc=example"),
        ("LDAP_BIND_DN", "cn=reader"),
        ("LDAP_BIND_PASSWORD", CANARY),
        ("DATABASE_URL", &url),
    ];
    let sources = Sources::new()
        .file(
            "secrets.toml",
            format!("[model_db]\npassword = \"{CANARY}\""),
        )
        .variables(pairs(&variables));
    assert!(!format!("{sources:?}").contains(CANARY));

    let config = Config::from_sources(sources, no_files).unwrap();
    assert!(!seen(&config).contains(CANARY), "{}", seen(&config));
    assert_eq!(setting(&config, "admin.password").0, "********");
    assert_eq!(
        setting(&config, "database.url").0,
        "postgres://db:5433/models"
    );
    assert_eq!(config.admin.password.unwrap().expose(), CANARY);
    assert!(matches!(config.database, DatabaseConfig::Postgres(it) if it.expose() == url));
}

#[test]
fn no_error_repeats_a_secret() {
    let bad = [
        Sources::new().file("secrets.toml", format!("[admin]\npassword = {CANARY}")),
        Sources::new().file("secrets.toml", format!("[admin]\npasword = \"{CANARY}\"")),
        Sources::new().file(
            "secrets.toml",
            format!("[admin]\npassword.x = \"{CANARY}\""),
        ),
        Sources::new().file("secrets.toml", format!("[admin]\npassword = \"{CANARY}\n")),
        Sources::new().variables(pairs(&[(
            "DATABASE_URL",
            &format!("mysql://me:{CANARY}@db/x"),
        )])),
        Sources::new().variables(pairs(&[(
            "DATABASE_URL",
            &format!("postgres://{CANARY}:x@"),
        )])),
        Sources::new().variables(pairs(&[("ADMIN_PASWORD", CANARY)])),
        Sources::new().variables(pairs(&[(
            "STORAGE_URL",
            &format!("s3://me:{CANARY}@bucket"),
        )])),
        Sources::new().variables(pairs(&[(
            "PUBLIC_URL",
            &format!("https://me:{CANARY}@host"),
        )])),
        Sources::new().variables(pairs(&[
            ("ADMIN_PASSWORD", CANARY),
            ("ADMIN_PASSWORD_FILE", "/x"),
        ])),
    ];
    for sources in bad {
        let error = Config::from_sources(sources, no_files).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    }
}

#[test]
fn a_secret_comes_from_the_file_that_its_twin_names() {
    let read = |path: &Path| match path.to_str() {
        Some("/run/one") => Ok("one\n".to_owned()),
        Some("/run/two") => Ok(" two \r\n\n".to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let variable = Sources::new().variables(pairs(&[("ADMIN_PASSWORD_FILE", "/run/one")]));
    let config = Config::from_sources(variable, read).unwrap();
    assert_eq!(config.admin.password.as_ref().unwrap().expose(), "one");
    let shown = (
        "********".to_owned(),
        "variable ADMIN_PASSWORD_FILE".to_owned(),
    );
    assert_eq!(setting(&config, "admin.password"), shown);

    let file = Sources::new().file("secrets.toml", "[admin]\npassword_file = \"/run/two\"");
    let config = Config::from_sources(file, read).unwrap();
    assert_eq!(
        config.admin.password.unwrap().expose(),
        " two \r\n",
        "one newline is not part of it"
    );
}

#[test]
fn a_twin_that_cannot_be_read_or_is_empty_is_told() {
    let sources = Sources::new().variables(pairs(&[("ADMIN_PASSWORD_FILE", "/run/missing")]));
    assert_eq!(
        problems(Config::from_sources(sources.clone(), no_files)),
        [
            "admin.password (variable ADMIN_PASSWORD_FILE): cannot read the file \"/run/missing\": \
          entity not found"
        ]
    );
    assert_eq!(
        problems(Config::from_sources(sources, |_| Ok("\n".to_owned()))),
        ["admin.password (variable ADMIN_PASSWORD_FILE): it is empty; allowed: any text"]
    );
}

#[test]
fn a_secret_and_its_twin_are_one_too_many() {
    let both = with(&[("ADMIN_PASSWORD", "x"), ("ADMIN_PASSWORD_FILE", "/x")]);
    let problems = problems(both);
    assert_eq!(
        problems[0],
        "admin.password (variable ADMIN_PASSWORD_FILE): variable ADMIN_PASSWORD is set too; set \
         one of them"
    );
}

#[test]
fn what_is_no_secret_has_no_twin() {
    assert_eq!(
        problems(with(&[("API_PORT_FILE", "/x")])),
        ["API_PORT_FILE: unknown variable; the nearest known one is API_PORT"]
    );
}
