use super::*;

/// One bad value of every type, and the line that people get for it.
#[test]
fn a_bad_value_names_setting_origin_fault_and_what_is_allowed() {
    let expected = [
        (
            "API_PORT",
            "8OOO",
            "api.port",
            "\"8OOO\": not a whole number; allowed: 0 to 65535",
        ),
        (
            "API_PORT",
            "-1",
            "api.port",
            "\"-1\": not a whole number; allowed: 0 to 65535",
        ),
        (
            "API_PORT",
            "65536",
            "api.port",
            "\"65536\": too large; allowed: 0 to 65535",
        ),
        (
            "MINIO_PORT",
            "0",
            "model_db.port",
            "\"0\": out of range; allowed: 1 to 65535",
        ),
        (
            "API_TOKEN_EXPIRY_DAYS",
            "0",
            "auth.api_token_expiry_days",
            "\"0\": out of range; allowed: 1 to 3650",
        ),
        (
            "API_HOST",
            "example.org",
            "api.host",
            "\"example.org\": not an IP address; allowed: an IP address to listen on, such as \
             127.0.0.1, ::1, or 0.0.0.0 for all",
        ),
        (
            "METRICS_ADDR",
            "127.0.0.1",
            "api.metrics_addr",
            "\"127.0.0.1\": not an IP address with a port; allowed: an IP address and a port, \
             such as 127.0.0.1:9100",
        ),
        (
            "MINIO_SECURE",
            "maybe",
            "model_db.secure",
            "\"maybe\": neither true nor false; allowed: true or false",
        ),
        (
            "LOG_FORMAT",
            "xml",
            "logging.format",
            "\"xml\": not one of the words; allowed: text or json",
        ),
        (
            "LOG_LEVEL",
            "loud",
            "logging.level",
            "\"loud\": not one of the words; allowed: error, warn, info, debug or trace",
        ),
        (
            "DASHBOARD_THEME",
            "pink",
            "server.theme",
            "\"pink\": not one of the words; allowed: system, light or dark",
        ),
        (
            "LIMITS_HEADER_TIMEOUT",
            "soon",
            "limits.header_timeout",
            "\"soon\": not a time; allowed: a time such as 90s, 15m, 12h or 7d (a bare number: \
             seconds)",
        ),
        (
            "LIMITS_HEADER_TIMEOUT",
            "11m",
            "limits.header_timeout",
            "\"11m\": out of range; allowed: 1s to 10m",
        ),
        (
            "SESSION_IDLE_LIMIT",
            "999999999999999999d",
            "auth.session_idle_limit",
            "\"999999999999999999d\": too large; allowed: a time such as 90s, 15m, 12h or 7d (a \
             bare number: seconds)",
        ),
        (
            "DATA_DIR",
            "~/data",
            "data_dir",
            "\"~/data\": a leading ~ has no meaning here, the path must be written out; allowed: \
             the path of a file or folder",
        ),
        (
            "DASHBOARD_SITE_NAME",
            "two\nlines",
            "server.site_name",
            "\"two\\nlines\": holds a control character; allowed: one line of text",
        ),
        (
            "DASHBOARD_BASE_PATH",
            "/a/../b",
            "server.base_path",
            "\"/a/../b\": holds an empty, . or .. segment; allowed: a path such as /models, of \
             A-Z a-z 0-9 . _ ~ - between slashes",
        ),
        (
            "PUBLIC_URL",
            "models.example.org",
            "server.public_url",
            "\"models.example.org\": not a URL; allowed: a URL such as https://models.example.org",
        ),
        (
            "PUBLIC_URL",
            "https://me:secret@models.example.org",
            "server.public_url",
            "\"https://…@models.example.org\": holds a username or password; allowed: a URL such \
             as https://models.example.org",
        ),
        (
            "SESSION_COOKIE_KEY",
            "a=b",
            "auth.session_cookie_key",
            "\"a=b\": not a cookie name; allowed: 1 to 64 of A-Z a-z 0-9 . _ -, not starting with __",
        ),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/33",
            "limits.trusted_proxies",
            "\"10.0.0.0/33\": the network prefix is longer than the address; allowed: addresses \
             or networks such as 10.0.0.7, 10.0.0.0/8 or fd00::/8",
        ),
        (
            "MINIO_HOST",
            "minio:9000",
            "model_db.host",
            "\"minio:9000\": not the name of a server; allowed: the name or address of a server, \
             without scheme and port",
        ),
        (
            "MINIO_BUCKET",
            "a/b",
            "model_db.bucket",
            "\"a/b\": not the name of a bucket; allowed: 3 to 63 of a-z A-Z 0-9 . _ -",
        ),
        (
            "MINIO_NAMESPACE",
            "In Ference",
            "model_db.namespace",
            "\"In Ference\": not a Kubernetes namespace; allowed: 1 to 63 of a-z 0-9 -",
        ),
        (
            "STORAGE_URL",
            "ftp://server/models",
            "model_db.url",
            "\"ftp://server/models\": not a kind of storage that is known here; allowed: a folder, \
             file:///folder, s3://bucket or memory://",
        ),
        (
            "DATABASE_URL",
            "users.db",
            "database.url",
            "neither sqlite: nor postgres:// (a bare path belongs into AUTH_DB_PATH); allowed: \
             sqlite:/path/of/a/file or postgres://user:password@host/name",
        ),
    ];
    for (variable, value, name, message) in expected {
        let expected = format!("{name} (variable {variable}): {message}");
        assert_eq!(problems(with(&[(variable, value)])), [expected]);
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_in_a_steady_order() {
    let sources = Sources::new()
        .file("config.toml", "[api]\nport = 70000\nprot = 1")
        .variables(pairs(&[("MINIO_SECURE", "maybe"), ("LOG_LEVL", "info")]))
        .flag("--prot", "1");
    assert_eq!(
        problems(Config::from_sources(sources, no_files)),
        [
            "api.prot (config.toml:3): unknown setting; the nearest known one is api.port",
            "LOG_LEVL: unknown variable; the nearest known one is LOG_LEVEL",
            "--prot: no setting has this flag",
            "api.port (config.toml:2): \"70000\": too large; allowed: 0 to 65535",
            "model_db.secure (variable MINIO_SECURE): \"maybe\": neither true nor false; allowed: \
             true or false",
        ]
    );
}

#[test]
fn an_unknown_variable_names_the_nearest_known_one() {
    let expected = [
        ("MINIO_BUKET", "MINIO_BUCKET"),
        ("MINIO_PASSWORD_FIEL", "MINIO_PASSWORD_FILE"),
        ("DASHBOARD_PROT", "DASHBOARD_PORT"),
        ("SESSION_COOKIE_NAME", "SESSION_COOKIE_KEY"),
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
        ("API_TOKEN_EXPIRE_DAYS", "API_TOKEN_EXPIRY_DAYS"),
        ("ADMIN_PASWORD_FILE", "ADMIN_PASSWORD_FILE"),
    ];
    for (unknown, known) in expected {
        let message = format!("{unknown}: unknown variable; the nearest known one is {known}");
        assert_eq!(problems(with(&[(unknown, "x")])), [message]);
    }
}

#[test]
fn an_unknown_key_or_section_names_the_nearest_known_one() {
    let expected = [
        (
            "[auth]\nsession_cookie_name = 1",
            "auth.session_cookie_name",
            2,
            "auth.session_cookie_key",
        ),
        ("[api]\nbucket = 1", "api.bucket", 2, "model_db.bucket"),
        ("datadir = 1", "datadir", 1, "data_dir"),
    ];
    for (text, name, line, known) in expected {
        let message = format!(
            "{name} (config.toml:{line}): unknown setting; the nearest known one is {known}"
        );
        assert_eq!(problems(from_toml(text)), [message]);
    }
    assert_eq!(
        problems(from_toml("[modeldb]\nhost = 1")),
        ["[modeldb] (config.toml:1): unknown section; the nearest known one is [model_db]"]
    );
}

#[test]
fn a_value_of_no_use_is_told() {
    let expected = [
        (
            "server = 1",
            "server (config.toml:1): must be a section: [server] and settings below it",
        ),
        (
            "[[server]]\nport = 1",
            "server (config.toml:1): must be a section: [server] and settings below it",
        ),
        (
            "[server.port]\nx = 1",
            "server.port (config.toml:1): must be one value or a list of values",
        ),
        (
            "[api]\nport = 2026-01-01",
            "api.port (config.toml:2): must be one value or a list of values",
        ),
        (
            "[api]\nport = 1.5",
            "api.port (config.toml:2): \"1.5\": not a whole number; allowed: 0 to 65535",
        ),
    ];
    for (text, message) in expected {
        assert_eq!(problems(from_toml(text)), [message]);
    }
}

#[test]
fn a_text_that_is_not_toml_is_told_with_its_line() {
    let problems = problems(from_toml("[api]\nport =\n"));
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("config.toml:2: not valid TOML: "),
        "{problems:?}"
    );
}

#[test]
fn a_key_that_is_set_twice_is_told() {
    let text = "[server]\nport = 1\nbaseUrlPath = \"a\"\nbase_path = \"b\"";
    let [problem] = &problems(from_toml(text))[..] else {
        panic!("one problem")
    };
    assert!(
        problem.starts_with("server.base_path (config.toml:"),
        "{problem}"
    );
    assert!(problem.ends_with("sets it too; set it once"), "{problem}");
}

#[test]
fn settings_that_do_not_go_together_are_told() {
    let expected: [(&[(&str, &str)], &str); 10] = [
        (
            &[("SESSION_IDLE_LIMIT", "13h")],
            "auth.session_idle_limit (variable SESSION_IDLE_LIMIT): longer than \
             auth.session_absolute_limit, so that it would never count",
        ),
        (
            &[("PUBLIC_URL", "https://example.org/models")],
            "server.public_url (variable PUBLIC_URL): its path /models is not the base path /; set \
             DASHBOARD_BASE_PATH to the same path",
        ),
        (
            &[("PUBLIC_URL", "http://example.org")],
            "server.public_url (variable PUBLIC_URL): with http, passwords can be read on the way; \
             use https, or accept it with DASHBOARD_ALLOW_HTTP=true",
        ),
        (
            &[("AUTH_DB_PATH", "a.db"), ("DATABASE_URL", "sqlite:b.db")],
            "database.path (variable AUTH_DB_PATH): database.url is set too; set one of them",
        ),
        (
            &[("MINIO_USERNAME", "someone")],
            "model_db.username (variable MINIO_USERNAME): model_db.password is not set beside it",
        ),
        (
            &[("STORAGE_URL", "s3://one"), ("MINIO_BUCKET", "two")],
            "model_db.bucket (variable MINIO_BUCKET): model_db.url names another bucket",
        ),
        (
            &[("LDAP_BASE_DN", "dc=example")],
            "ldap.base_dn (variable LDAP_BASE_DN): has no effect without ldap.server; set \
             LDAP_SERVER",
        ),
        (
            &[
                ("LDAP_SERVER", "ldaps://dc1"),
                ("LDAP_BASE_DN", "dc=example"),
                ("LDAP_BIND_DN", "cn=reader"),
            ],
            "ldap.bind_dn (variable LDAP_BIND_DN): ldap.bind_password (LDAP_BIND_PASSWORD) is not set beside it",
        ),
        (
            &[("LDAP_SERVER", "ldaps://dc1"), ("LDAP_BASE_DN", "dc=x")],
            "ldap.server (variable LDAP_SERVER): people are found by nothing: set \
             LDAP_USER_DN_TEMPLATE, or LDAP_BIND_DN and LDAP_BIND_PASSWORD of an account that may \
             search",
        ),
        (
            &[
                ("LDAP_SERVER", "ldaps://dc1"),
                ("LDAP_USER_DN_TEMPLATE", "{username}@corp"),
            ],
            "ldap.server (variable LDAP_SERVER): people are searched nowhere: set LDAP_BASE_DN",
        ),
    ];
    for (variables, message) in expected {
        assert_eq!(problems(with(variables)), [message]);
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_told_only_when_it_is_ours() {
    use std::os::unix::ffi::OsStringExt;
    let bad = || std::ffi::OsString::from_vec(vec![0xff]);
    let sources = |name: &str| Sources::new().variables([(name.into(), bad()), (bad(), bad())]);
    let error = Config::from_sources(sources("DATA_DIR"), no_files);
    assert_eq!(
        problems(error),
        ["data_dir (variable DATA_DIR): it is not UTF-8 text"]
    );
    assert!(Config::from_sources(sources("LS_COLORS"), no_files).is_ok());
}
