use super::*;

#[test]
fn a_variable_that_is_nearly_one_of_ours_is_warned_of() {
    for (name, meant) in [
        ("PUBLIC_ULR", "PUBLIC_URL"),
        ("PUBLIC_URI", "PUBLIC_URL"),
        ("public_url", "PUBLIC_URL"),
        ("SERVER_PORT", "DASHBOARD_PORT"),
        ("SERVER_BASE_PATH", "DASHBOARD_BASE_PATH"),
        ("MODEL_DB_URL", "STORAGE_URL"),
        ("MODEL_DB_URI", "STORAGE_URL"),
        ("MODEL_DB_PASSWORD_FILE", "MINIO_PASSWORD"),
        ("MINO_BUCKET", "MINIO_BUCKET"),
        ("STORGE_URL", "STORAGE_URL"),
        ("DATADIR", "DATA_DIR"),
        ("LOGGING_LEVEL", "LOG_LEVEL"),
    ] {
        let config = with(&[(name, "x")]).unwrap();
        let expected = format!(
            "the variable {name} is none of this program and without effect; {meant} may be meant"
        );
        assert_eq!(config.warnings(), [expected]);
    }
}

#[test]
fn what_other_programs_have_a_variable_for_is_told_where_it_is_said_here() {
    for (name, told) in [
        ("LDAP_PORT", "the port stands in LDAP_SERVER"),
        ("LDAP_HOST", "the host stands in LDAP_SERVER"),
        ("LDAP_USE_SSL", "ldaps://"),
        ("LDAP_START_TLS", "StartTLS"),
    ] {
        let wrong = with(&[(name, "1")]).unwrap_err().to_string();
        assert!(wrong.contains(name) && wrong.contains(told), "{wrong}");
    }
}

#[test]
fn a_slip_is_told_alone_and_beside_another_mistake() {
    let alone = with(&[("DASHBORD_PORT", "1")]).unwrap();
    assert_eq!(
        alone.warnings(),
        [
            "the variable DASHBORD_PORT is none of this program and without effect; DASHBOARD_PORT may \
          be meant"
        ]
    );
    let both = with(&[("DASHBORD_PORT", "1"), ("API_PORT", "x")]).unwrap_err();
    let told = both.to_string();
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("api.port (variable API_PORT): "),
        "{told}"
    );
    assert_eq!(
        lines[1],
        "DASHBORD_PORT: unknown variable; DASHBOARD_PORT may be meant"
    );
}

#[test]
fn an_environment_as_it_usually_is_is_not_warned_of() {
    let names = "APP_HOST APP_PORT AWS_REGION AWS_SECRET_ACCESS_KEY BASH_ENV CARGO_HOME \
        CARGO_MANIFEST_DIR CI COLORTERM CUDA_VERSION DBUS_SESSION_BUS_ADDRESS DB_HOST DB_PORT \
        DEBIAN_FRONTEND DISPLAY DOCKER_HOST EDITOR GDMSESSION GPG_KEY HISTSIZE HOME HOST HOSTNAME \
        HTTPS_PROXY HTTP_PROXY INVOCATION_ID JAVA_HOME JOURNAL_STREAM KUBERNETES_PORT \
        KUBERNETES_SERVICE_HOST KUBECONFIG LANG LANGUAGE LC_ALL LD_LIBRARY_PATH LESSOPEN LOGNAME \
        LS_COLORS MAIL NAMESPACE NODE_ENV NODE_NAME NOTIFY_SOCKET NO_PROXY \
        NVIDIA_VISIBLE_DEVICES OLDPWD OTEL_EXPORTER_OTLP_ENDPOINT OTEL_SERVICE_NAME PAGER PATH \
        PGDATA PGHOST PGPORT POD_IP POD_NAME POD_NAMESPACE PORT POSTGRES_PASSWORD POSTGRES_PORT \
        PUBLIC_IP PWD PYTHONPATH PYTHON_VERSION QT_ACCESSIBILITY REDIS_URL RUNTIME_DIRECTORY \
        RUST_BACKTRACE RUST_LOG SERVER_NAME SERVER_SOFTWARE SHELL SHLVL SSH_AUTH_SOCK SSH_CLIENT \
        SSL_CERT_FILE STATE_DIRECTORY SUDO_USER SYSTEMD_EXEC_PID TERM TMPDIR TZ USER VIRTUAL_ENV \
        WAYLAND_DISPLAY WINDOWID XAUTHORITY XDG_CONFIG_DIRS XDG_DATA_DIRS XDG_RUNTIME_DIR \
        XDG_SESSION_ID container _";
    let variables: Vec<_> = names.split_whitespace().map(|name| (name, "x")).collect();
    let config = with(&variables).unwrap();
    assert_eq!(config.warnings(), [] as [&str; 0]);
    // A cluster's service called "server" or "model-db".
    let service = [
        ("SERVER_PORT", "tcp://10.0.0.1:80"),
        ("SERVER_SERVICE_PORT", "80"),
        ("MODEL_DB_SERVICE_HOST", "10.0.0.1"),
        ("MODEL_DB_PORT_5432_TCP_ADDR", "10.0.0.1"),
    ];
    assert_eq!(with(&service).unwrap().warnings(), [] as [&str; 0]);
}

#[test]
fn dashboard_and_api_on_one_port_are_told_in_one_line() {
    let all = [Port::Dashboard, Port::Api, Port::Metrics];
    let clash = |variables: &[(&str, &str)]| with(variables).unwrap().clash_of_ports(&all);
    assert_eq!(
        clash(&[("API_PORT", "8501")]).unwrap(),
        "server.port (default, DASHBOARD_PORT changes it) and api.port (variable API_PORT) are \
         both 8501: give dashboard and API a port each"
    );
    assert!(clash(&[("API_PORT", "8501"), ("API_HOST", "0.0.0.0")]).is_some());
    assert_eq!(
        clash(&[("API_PORT", "8501"), ("API_HOST", "127.0.0.2")]),
        None
    );
    assert_eq!(clash(&[("API_PORT", "0"), ("DASHBOARD_PORT", "0")]), None);
    assert_eq!(clash(&[]), None);
    assert_eq!(
        clash(&[("METRICS_ADDR", "0.0.0.0:8000")]).unwrap(),
        "api.port (default, API_PORT changes it) and api.metrics_addr (variable METRICS_ADDR) are \
         both 8000: give API and metrics a port each"
    );
    assert!(clash(&[("METRICS_ADDR", "127.0.0.1:8501")]).is_some());
    assert_eq!(clash(&[("METRICS_ADDR", "127.0.0.1:9100")]), None);
    let api_alone = with(&[("METRICS_ADDR", "127.0.0.1:8501")]).unwrap();
    assert_eq!(api_alone.clash_of_ports(&[Port::Api, Port::Metrics]), None);
}

#[test]
fn a_hint_has_what_leads_to_the_same_installation() {
    let sources = Sources::new()
        .file("other/config.toml", "[api]\nport = 9000")
        .variables(pairs(&[
            ("AUTH_DB_PATH", "my users.db"),
            ("STORAGE_URL", "./bucket"),
            ("ADMIN_PASSWORD", "correct-horse"),
        ]))
        .flag("--data-dir", "/srv/models");
    let config = Config::from_sources(sources, no_files).unwrap();
    assert_eq!(
        config.command("user set-role mkeller admin"),
        "STORAGE_URL=./bucket AUTH_DB_PATH='my users.db' model-dashboard user set-role mkeller \
         admin --config other --data-dir /srv/models"
    );
    let plain = Config::default().command("doctor");
    assert_eq!(plain, "model-dashboard doctor");
}
