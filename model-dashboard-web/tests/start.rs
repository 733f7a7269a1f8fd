//! How the web server's binary starts and ends, as a person or a script sees it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

/// The binary in an empty folder, without any variable.
fn server(folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_model-dashboard-web"));
    command.current_dir(folder).env_clear();
    command
}

fn told(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_bad_setting_is_one_line_that_names_it_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let output = server(&folder)
        .args(["--port", "x"])
        .env("API_PORT", "1")
        .output()
        .unwrap();
    let line = "server.port (flag --port): \"x\": not a whole number; allowed: 0 to 65535\n";
    assert_eq!((told(&output), output.status.code()), (line, Some(2)));
    assert!(output.stdout.is_empty());

    let output = server(&folder)
        .env("METRICS_ADDR", "9100")
        .output()
        .unwrap();
    let start = "api.metrics_addr (variable METRICS_ADDR): ";
    assert!(told(&output).starts_with(start), "{}", told(&output));
    assert_eq!(output.status.code(), Some(2));

    let output = server(&folder).env("MINIO_BUKET", "x").output().unwrap();
    let line = "MINIO_BUKET: unknown variable; the nearest known one is MINIO_BUCKET\n";
    assert_eq!((told(&output), output.status.code()), (line, Some(2)));
}

#[test]
fn one_port_for_both_servers_is_one_line_that_names_both_settings_and_exit_code_2() {
    let output = server(&tempfile::tempdir().unwrap())
        .args(["--port", "9000"])
        .env("API_PORT", "9000")
        .output()
        .unwrap();
    let line = "server.port (flag --port) and api.port (variable API_PORT) are both 9000: give \
                dashboard and API a port each\n";
    assert_eq!((told(&output), output.status.code()), (line, Some(2)));

    let output = server(&tempfile::tempdir().unwrap())
        .args(["--api-port", "9000"])
        .env("METRICS_ADDR", "127.0.0.1:9000")
        .output()
        .unwrap();
    let line = "api.port (flag --api-port) and api.metrics_addr (variable METRICS_ADDR) are both \
                9000: give API and metrics a port each\n";
    assert_eq!((told(&output), output.status.code()), (line, Some(2)));
}

#[test]
fn a_models_folder_that_is_a_file_is_told_once_and_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let output = server(&folder)
        .args(["--port", "0", "--api-port", "0"])
        .env("STORAGE_URL", "file")
        .output()
        .unwrap();
    let told = told(&output);
    let start = "model_db.url (variable STORAGE_URL): ";
    assert!(told.starts_with(start), "{told}");
    assert!(
        told.contains("a folder is needed") && !told.contains("os error"),
        "{told}"
    );
    assert_eq!((told.lines().count(), output.status.code()), (1, Some(6)));
}

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
fn a_bad_flag_is_exit_code_2() {
    let output = server(&tempfile::tempdir().unwrap())
        .arg("--bogus")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("--bogus"));
}

#[test]
fn a_log_folder_that_cannot_be_written_is_one_line_and_exit_code_6() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let output = server(&folder)
        .env("LOG_DIR", "file/logs")
        .output()
        .unwrap();
    assert!(
        told(&output).starts_with("logging.dir (variable LOG_DIR): "),
        "{}",
        told(&output)
    );
    assert_eq!(
        (told(&output).lines().count(), output.status.code()),
        (1, Some(6))
    );
}

#[test]
fn a_taken_port_is_one_line_that_names_the_setting_and_exit_code_6() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    for (flag, other, name) in [
        ("--port", "--api-port", "server.port"),
        ("--api-port", "--port", "api.port"),
    ] {
        let output = server(&folder)
            .args([flag, &port, other, "0"])
            .output()
            .unwrap();
        let start = format!("{name} (flag {flag}): 127.0.0.1:{port} is taken");
        assert!(told(&output).starts_with(&start), "{}", told(&output));
        assert_eq!(
            (told(&output).lines().count(), output.status.code()),
            (1, Some(6))
        );
    }
    let left = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(left, 0, "a server that cannot listen touches no data");
}

#[test]
fn a_folder_that_cannot_be_used_is_one_line_that_names_the_setting_and_exit_code_6() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let ports = ["--port", "0", "--api-port", "0"];
    for (variable, value, name) in [
        ("DATA_DIR", "file/data", "data_dir (variable DATA_DIR)"),
        (
            "STORAGE_URL",
            "file/models",
            "model_db.url (variable STORAGE_URL)",
        ),
        (
            "AUTH_DB_PATH",
            "file/users.db",
            "database.path (variable AUTH_DB_PATH)",
        ),
    ] {
        let output = server(&folder)
            .args(ports)
            .env(variable, value)
            .output()
            .unwrap();
        assert!(told(&output).contains(name), "{}", told(&output));
        assert_eq!(
            (told(&output).lines().count(), output.status.code()),
            (1, Some(6))
        );
    }
}

#[test]
fn a_first_password_that_is_too_short_is_a_bad_setting() {
    let folder = tempfile::tempdir().unwrap();
    let output = server(&folder)
        .args(["--port", "0", "--api-port", "0"])
        .env("ADMIN_PASSWORD", "canary")
        .output()
        .unwrap();
    let start = "admin.password (variable ADMIN_PASSWORD): ";
    assert!(told(&output).starts_with(start), "{}", told(&output));
    assert!(!told(&output).contains("canary"));
    assert_eq!(
        (told(&output).lines().count(), output.status.code()),
        (1, Some(2))
    );
}

/// A server that runs, and ends with the test.
struct Running {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// What stands behind `label` in one of the next lines of standard output.
    fn line(&mut self, label: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.output.read_line(&mut line).unwrap(),
                0,
                "no line {label}"
            );
            if let Some(rest) = line.trim().strip_prefix(label) {
                return rest.trim().to_owned();
            }
        }
    }

    fn terminate(&self) {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The answer to a GET, up to the end of the connection.
fn get(url: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
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

/// A request in flight: a sign-in whose body never comes.
fn unfinished_request(url: &str) -> TcpStream {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    write!(
        stream,
        "POST /login HTTP/1.1\r\nHost: {address}\r\nOrigin: {url}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\
         Expect: 100-continue\r\n\r\n"
    )
    .unwrap();
    // Said once the handler reads the body.
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut said = vec![0; go_on.len()];
    stream.read_exact(&mut said).unwrap();
    assert_eq!(said, go_on, "{}", String::from_utf8_lossy(&said));
    stream
}

/// The lines that were logged with this text.
fn logged(folder: &tempfile::TempDir, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder.path().join("logs")).unwrap();
    let logs = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let logs: String = logs.collect();
    let lines = logs.lines().filter(|line| line.contains(text));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_second_signal_does_not_wait_for_requests_in_flight_and_says_what_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(
        server(&folder)
            .args(["--only", "dashboard", "--port", "0"])
            .env("LOG_DIR", "logs")
            .env("LIMITS_SHUTDOWN_DEADLINE", "60m"),
    );
    let url = server.line("Dashboard");
    let mut stream = unfinished_request(&url);
    server.terminate();
    // The listener is closed after the first signal was taken.
    while TcpStream::connect(url.strip_prefix("http://").unwrap()).is_ok() {
        std::thread::yield_now();
    }
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert_eq!(answer, "", "the request was cut, and not waited for");
    let told = logged(&folder, "ending at once");
    assert!(
        told.len() == 1 && told[0].contains("requests=1"),
        "{told:?}"
    );
}

#[test]
fn a_request_that_never_ends_is_cut_at_the_deadline_and_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(
        server(&folder)
            .args(["--only", "dashboard", "--port", "0"])
            .env("LOG_DIR", "logs")
            .env("LIMITS_SHUTDOWN_DEADLINE", "1s"),
    );
    let mut stream = unfinished_request(&server.line("Dashboard"));
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert_eq!(answer, "");
    let told = logged(&folder, "requests in flight were");
    assert!(told.len() == 1 && told[0].contains("cut=1"), "{told:?}");
}

#[test]
fn a_server_told_to_end_says_so_and_answers_while_the_grace_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let ports = ["--port", "0", "--api-port", "0"];
    let mut server = Running::start(
        server(&folder)
            .args(ports)
            .env("LIMITS_SHUTDOWN_GRACE", "10m"),
    );
    let (dashboard, api) = (server.line("Dashboard"), server.line("API"));
    while !get(&api, "/readyz").contains(r#""status":"ready""#) {}
    server.terminate();
    let told = loop {
        let answer = get(&api, "/readyz");
        if !answer.starts_with("HTTP/1.1 200 ") {
            break answer;
        }
    };
    assert!(told.starts_with("HTTP/1.1 503 "), "{told}");
    assert!(told.contains(r#""status":"draining""#), "{told}");
    assert!(get(&dashboard, "/login").starts_with("HTTP/1.1 200 "));
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
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
