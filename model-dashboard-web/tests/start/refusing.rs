//! What keeps the server from starting is one line that names it.

use std::net::TcpListener;

use crate::running::{server, told};

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
