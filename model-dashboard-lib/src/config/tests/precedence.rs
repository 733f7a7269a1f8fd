use super::*;

#[test]
fn a_flag_outranks_a_variable_outranks_a_file_outranks_the_default() {
    let file = Sources::new().file("config.toml", "[server]\nport = 1001");
    let variable = file.clone().variables(pairs(&[("DASHBOARD_PORT", "1002")]));
    let flag = variable.clone().flag("--port", "1003");
    let expected = [
        (Sources::new(), 8501, "default"),
        (file, 1001, "config.toml:2"),
        (variable, 1002, "variable DASHBOARD_PORT"),
        (flag, 1003, "flag --port"),
    ];
    for (sources, port, origin) in expected {
        let config = Config::from_sources(sources, no_files).unwrap();
        assert_eq!(config.server.port, port);
        assert_eq!(
            setting(&config, "server.port"),
            (port.to_string(), origin.to_owned())
        );
    }
}

#[test]
fn of_two_files_the_later_counts_and_the_doubling_is_told() {
    let sources = Sources::new()
        .file("config.toml", "\n[api]\nport = 1")
        .file("secrets.toml", "[api]\nport = 2");
    let config = Config::from_sources(sources, no_files).unwrap();
    assert_eq!(config.api.port, 2);
    assert_eq!(
        config.warnings(),
        ["api.port (secrets.toml:2) replaces config.toml:3"]
    );
}

#[test]
fn what_is_outranked_is_not_even_parsed() {
    let sources = Sources::new()
        .file("config.toml", "[api]\nport = \"nonsense\"")
        .variables(pairs(&[("API_PORT", "9000")]));
    assert_eq!(
        Config::from_sources(sources, no_files).unwrap().api.port,
        9000
    );
}

#[test]
fn an_empty_variable_or_text_is_no_setting() {
    let config = with(&[
        ("LDAP_SERVER", ""),
        ("API_PORT", " "),
        ("ADMIN_PASSWORD_FILE", ""),
    ]);
    let config = config.unwrap();
    assert!(config.ldap.is_none() && config.admin.password.is_none());
    assert_eq!(setting(&config, "api.port").1, "default");
    assert!(from_toml("[ldap]\nserver = \"\"").unwrap().ldap.is_none());
}

#[test]
fn an_empty_flag_is_an_error() {
    let error = Config::from_sources(Sources::new().flag("--data-dir", ""), no_files);
    assert_eq!(problems(error), ["data_dir (flag --data-dir): it is empty"]);
}

#[test]
fn a_list_is_an_array_or_a_text_with_commas() {
    let array = from_toml("[limits]\ntrusted_proxies = [\"10.0.0.7\", \"fd00::/8\"]").unwrap();
    let text = with(&[("TRUSTED_PROXIES", "10.0.0.7, fd00::/8,")]).unwrap();
    assert_eq!(array.limits.trusted_proxies, text.limits.trusted_proxies);
    assert_eq!(
        setting(&text, "limits.trusted_proxies").0,
        "10.0.0.7, fd00::/8"
    );
}

#[test]
fn a_network_holds_its_addresses_and_no_others() {
    let config = with(&[(
        "TRUSTED_PROXIES",
        "10.1.2.3/8, fd00::/8, 192.0.2.1, 0.0.0.0/0",
    )])
    .unwrap();
    let contains = |index: usize, address: &str| {
        config.limits.trusted_proxies[index].contains(address.parse().unwrap())
    };
    assert!(contains(0, "10.255.0.1") && contains(0, "::ffff:10.9.9.9"));
    assert!(!contains(0, "11.0.0.1") && !contains(0, "fd00::1"));
    assert!(contains(1, "fdff::1") && !contains(1, "fe80::1"));
    assert!(contains(2, "192.0.2.1") && !contains(2, "192.0.2.2"));
    assert!(contains(3, "8.8.8.8") && !contains(3, "::1"));
}

#[test]
fn the_files_of_a_folder_are_read_if_they_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let none: [(&str, String); 0] = [];
    let config = Config::load(Some(dir.path()), [], none.clone()).unwrap();
    assert_eq!(config.api.port, 8000);

    std::fs::write(dir.path().join("config.toml"), "[api]\nport = 1").unwrap();
    std::fs::write(dir.path().join("secret"), "canary\r\n").unwrap();
    let secrets = format!("[admin]\npassword_file = {:?}", dir.path().join("secret"));
    std::fs::write(dir.path().join("secrets.toml"), secrets).unwrap();
    let flags = [("--api-port", "2".to_owned())];
    let config = Config::load(Some(dir.path()), [], flags).unwrap();
    assert_eq!(config.api.port, 2);
    assert_eq!(config.admin.password.unwrap().expose(), "canary");
}

#[test]
fn a_folder_or_file_that_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let none: [(&str, String); 0] = [];
    let error = problems(Config::load(Some(&missing), [], none.clone()));
    assert_eq!(
        error,
        [format!(
            "{}: cannot be read: it is not a folder",
            missing.display()
        )]
    );

    let file = dir.path().join("config.toml");
    std::fs::write(&file, b"\xff").unwrap();
    let error = problems(Config::load(Some(dir.path()), [], none.clone()));
    assert!(
        error[0].starts_with(&format!("{}: cannot be read: ", file.display())),
        "{error:?}"
    );

    std::fs::write(&file, vec![b'\n'; 1024 * 1024 + 1]).unwrap();
    let error = problems(Config::load(Some(dir.path()), [], none));
    assert!(error[0].ends_with("longer than 1 MiB"), "{error:?}");
}
