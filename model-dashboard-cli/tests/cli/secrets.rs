//! No secret is ever told, kept in the clear, or taken from the command line.

use std::fs;
use std::path::Path;

use crate::installation::Installation;

const CANARY: &str = "canary-7f3a-canary";

#[test]
fn passwords_and_configured_secrets_appear_nowhere() {
    let here = Installation::new().with("ADMIN_PASSWORD", CANARY);
    here.write("password", CANARY);
    let mut runs = vec![
        here.run(&["init"]),
        here.run(&["config", "show"]),
        here.run(&["config", "show", "--output", "json"]),
        here.run_with_input(&["user", "create", "ana", "--password-stdin"], CANARY),
        here.run(&[
            "user",
            "reset-password",
            "ana",
            "--password-file",
            "password",
        ]),
        // The password is the username: refused, without saying it.
        here.run_with_input(
            &["user", "create", "x", "--password-stdin"],
            "short-canary\ny",
        ),
    ];
    fs::remove_file(here.path("password")).unwrap();
    for command in [
        &["user", "list"][..],
        &["user", "show", "ana"],
        &["audit", "list"],
        &["audit", "export"],
        &["doctor"],
    ] {
        runs.push(here.run(command));
    }
    for run in &runs {
        assert!(!run.stdout.contains("canary"), "{}", run.stdout);
        assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    }
    assert_absent(CANARY, &here.path("data"));
}

#[test]
fn a_token_is_kept_nowhere_in_the_clear() {
    let here = Installation::new();
    here.run(&["user", "create", "bot", "--service", "--team", "ct"])
        .succeeds();
    let made = here
        .run(&["token", "create", "--owner", "bot", "-d", "x"])
        .succeeds();
    assert!(!made.stderr.contains("mdb_"));
    assert_absent(made.stdout.trim(), &here.path("data"));
}

fn assert_absent(secret: &str, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            assert_absent(secret, &entry.path());
            continue;
        }
        let bytes = fs::read(entry.path()).unwrap();
        let found = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "in {}", entry.path().display());
    }
}
