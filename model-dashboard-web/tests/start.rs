//! How the web server's binary starts and ends, as a person or a script sees it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::{Command, Output};

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

    let output = server(&folder).env("MINIO_BUKET", "x").output().unwrap();
    let line = "MINIO_BUKET: unknown variable; the nearest known one is MINIO_BUCKET\n";
    assert_eq!((told(&output), output.status.code()), (line, Some(2)));
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
