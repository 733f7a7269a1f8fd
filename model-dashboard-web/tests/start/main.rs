//! How the web server's binary starts and ends, as a person or a script sees it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod ending;
mod interrupted;
mod refusing;
mod running;
#[path = "../../../model-dashboard-lib/tests/s3/server.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the tests of the library use the rest"
)]
mod s3_server;

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::running::{Running, get, logged, server, told};

#[test]
fn an_empty_registry_is_told_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--port", "0", "--api-port", "0"];
    let mut server = Running::start(server(&folder).args(args));
    assert_eq!(server.line("Models"), "0");
    assert!(server.line("There are no models yet.").contains("Import"));
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
}

#[test]
fn a_demonstration_tells_where_to_go_and_ends_in_order_at_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(server(&folder).env("LOG_DIR", "logs").args([
        "--demo",
        "--port",
        "0",
        "--api-port",
        "0",
    ]));
    let (dashboard, api) = (server.line("Dashboard"), server.line("API"));
    assert_eq!(server.line("Sign in"), "admin");
    let password = server.line("Password");
    let file = folder.path().join("data/first-administrator-password");
    assert!(
        password.starts_with("in ./data/first-administrator-password"),
        "{password}"
    );
    assert!(std::fs::read_to_string(&file).unwrap().trim().len() >= 12);
    assert!(server.line("").is_empty());
    assert!(
        server
            .line("")
            .ends_with("sample models were put into the empty registry.")
    );
    assert_ne!(server.line("Models"), "0");

    assert!(get(&api, "/health").contains(r#"{"status":"healthy","message":"API is running"}"#));
    assert!(get(&dashboard, "/login").starts_with("HTTP/1.1 200"));
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));

    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let logs = folder.path().join("logs");
    assert_eq!(
        (mode(&folder.path().join("data")), mode(&logs)),
        (0o750, 0o750)
    );
    for file in std::fs::read_dir(logs).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o640);
    }
}

#[test]
fn a_directory_that_does_not_answer_is_told_by_a_demonstration_too() {
    let folder = tempfile::tempdir().unwrap();
    let ports = ["--port", "0", "--api-port", "0"];
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let settings = [
        ("LDAP_SERVER", format!("ldap://{nobody}")),
        ("LDAP_BASE_DN", "dc=example,dc=org".to_owned()),
        ("LDAP_BIND_DN", "cn=reader,dc=example,dc=org".to_owned()),
        ("LDAP_BIND_PASSWORD", "secret".to_owned()),
    ];
    for demo in [&[][..], &["--demo"]] {
        let mut command = server(&folder);
        let mut running = Running::start(command.args(ports).args(demo).envs(settings.clone()));
        let api = running.line("API");
        let until = Instant::now() + Duration::from_secs(60);
        while !get(&api, "/readyz").contains("\"degraded\"") {
            assert!(Instant::now() < until, "{demo:?}: it is never told");
            std::thread::yield_now();
        }
    }
}

#[test]
fn only_one_of_the_servers_runs_if_so_asked_and_a_second_start_tells_no_password() {
    let folder = tempfile::tempdir().unwrap();
    for first in [true, false] {
        let args = ["--only", "api", "--api-port", "0"];
        let mut server = Running::start(server(&folder).args(args));
        server.line("API");
        server.terminate();
        assert_eq!(server.process.wait().unwrap().code(), Some(0));
        let mut rest = String::new();
        server.output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest.contains("Sign in"), first, "{rest}");
    }
}

#[test]
fn a_server_is_asked_whether_it_is_well_without_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let check = |port: &str| {
        let arguments = ["--check-health", "--api-port", port];
        server(&folder).args(arguments).output().unwrap()
    };
    // Something that takes connections and says nothing is no server.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = check(&silent.local_addr().unwrap().port().to_string());
    assert_eq!(output.status.code(), Some(6));
    assert!(
        told(&output).contains("does not answer"),
        "{}",
        told(&output)
    );

    let mut running = Running::start(server(&folder).args(["--port", "0", "--api-port", "0"]));
    let url = running.line("API");
    let (_, port) = url.rsplit_once(':').unwrap();
    let output = check(port);
    assert_eq!((told(&output), output.status.code()), ("", Some(0)));
}

#[test]
fn metrics_have_an_address_of_their_own_where_one_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let ports = ["--demo", "--port", "0", "--api-port", "0"];
    let mut own = Running::start(
        server(&folder)
            .args(ports)
            .env("METRICS_ADDR", "127.0.0.1:0"),
    );
    let (api, metrics) = (own.line("API"), own.line("Metrics"));
    let metrics = metrics.strip_suffix("/metrics").unwrap();
    assert!(get(&api, "/health").starts_with("HTTP/1.1 200 "));
    let text = get(metrics, "/metrics");
    for line in [
        "model_dashboard_models{state=\"broken\"} 0",
        "model_dashboard_up{dependency=\"models\"} 1",
        "model_dashboard_tokens_expiring 0",
        "model_dashboard_http_answers_total{server=\"api\",status=\"2xx\"} 1",
        "# EOF",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    assert!(get(&api, "/metrics").starts_with("HTTP/1.1 404 "));
    assert!(get(metrics, "/health").starts_with("HTTP/1.1 404 "));
}

#[test]
fn few_open_files_are_shared_among_all_ports() {
    for (metrics, most) in [
        (None, "max_connections=96"),
        (Some("127.0.0.1:0"), "max_connections=64"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut limited = Command::new("/bin/sh");
        limited
            .args(["-c", "ulimit -n 256; exec \"$0\" --port 0 --api-port 0"])
            .arg(env!("CARGO_BIN_EXE_model-dashboard-web"))
            .current_dir(&folder)
            .env_clear()
            .env("LOG_DIR", "logs");
        if let Some(address) = metrics {
            limited.env("METRICS_ADDR", address);
        }
        let mut server = Running::start(&mut limited);
        let api = server.line("API");
        assert!(get(&api, "/health").starts_with("HTTP/1.1 200 "));
        server.terminate();
        assert_eq!(server.process.wait().unwrap().code(), Some(0));
        let told = logged(&folder, "too few open files");
        assert!(told.len() == 1 && told[0].contains(most), "{told:?}");
    }
}
