//! `package purge`.

use std::fs;

use serde_json::json;

use crate::installation::Installation;

const ID: &str = "01DXF6DT000000000000000000";
const HELLO: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// Whose model A has a package.
fn with_a_package() -> Installation {
    let here = Installation::begun();
    here.run(&["model", "create", "nnUNet/A"]).succeeds();
    let packages = "data/models/.registry/packages";
    fs::create_dir_all(here.path(packages)).unwrap();
    here.write(&format!("{packages}/{ID}"), "hello");
    here.write(&format!("{packages}/{ID}.json"), "{}");
    let note = json!({
        "file_name": "a.bin", "size": 5, "digest": HELLO, "uploaded_by": "anna",
        "uploaded_at": "2026-01-15T09:30:00Z",
    });
    here.write(&format!("{packages}/{ID}.note.json"), &note.to_string());
    let model = here.path("data/models/nnUNet/A");
    let text = fs::read_to_string(&model).unwrap();
    let named = format!("\"registry\":{{\"package\":\"{ID}\",");
    fs::write(&model, text.replace("\"registry\":{", &named)).unwrap();
    here
}

#[test]
fn bytes_that_must_not_exist_go_and_their_digest_stays() {
    let here = with_a_package();
    let purge = [
        "package",
        "purge",
        "nnUNet/A",
        "--reason",
        "a name of a patient",
    ];
    // What it touches is told first, and nobody can be asked.
    here.run(&purge)
        .ends_with(2)
        .tells("nnUNet/A")
        .tells("add --yes");
    let dry = here.json(&["package", "purge", "nnUNet/A", "--dry-run"]);
    assert_eq!(dry["packages"][0]["id"], json!(ID));
    let bytes = here.path(&format!("data/models/.registry/packages/{ID}"));
    assert!(bytes.exists());
    let said = here.run(&[&purge[..], &["--yes", "--output", "json"]].concat());
    let said: serde_json::Value = serde_json::from_str(&said.succeeds().stdout).unwrap();
    assert_eq!(
        (&said["digest"], &said["doubtful"]),
        (&json!(HELLO), &json!(false))
    );
    let package = &said["packages"][0];
    assert_eq!((&package["id"], &package["size"]), (&json!(ID), &json!(5)));
    // What was written outside may be in the history already.
    let named_by = package["named_by"].as_array().unwrap();
    assert!(
        named_by.contains(&json!({"model": "nnUNet/A", "revision": null})),
        "{named_by:?}"
    );
    assert!(!bytes.exists());
    let kept = here.path(&format!("data/models/.registry/packages/{ID}.note.json"));
    let kept = fs::read_to_string(kept).unwrap();
    assert!(
        kept.contains(HELLO) && kept.contains("a name of a patient"),
        "{kept}"
    );
    let told = here.json(&["audit", "list", "--action", "package.purge"]);
    assert_eq!(told["events"][0]["reason"], "a name of a patient");

    let again = ["package", "purge", HELLO, "--reason", "again", "--yes"];
    assert_eq!(here.run(&again).code, 3);
}

#[test]
fn purged_bytes_are_refused_until_they_are_let_in_again() {
    let here = Installation::begun();
    let file = here.write("weights.bin", "hello");
    let upload = [
        "model",
        "upload",
        file.to_str().unwrap(),
        "--name",
        "nnUNet/A",
    ];
    here.run(&upload).succeeds();
    here.run(&["model", "enable", "nnUNet/A", "--incomplete"])
        .succeeds();
    here.run(&[
        "package",
        "purge",
        "nnUNet/A",
        "--reason",
        "a patient",
        "--yes",
    ])
    .succeeds()
    .tells("nnUNet/A (enabled)")
    .tells("jobs that use it find no package");
    here.run(&["model", "disable", "nnUNet/A"]).succeeds();
    here.run(&["model", "enable", "nnUNet/A"])
        .ends_with(4)
        .tells("was purged");
    here.run(&upload)
        .ends_with(4)
        .tells("a patient")
        .tells("package allow");
    let allow = ["package", "allow", HELLO, "--reason", "it was no patient"];
    here.run(&allow).succeeds();
    here.run(&allow).ends_with(3);
    here.run(&upload).succeeds();
    here.run(&["model", "enable", "nnUNet/A", "--incomplete"])
        .succeeds();
}

/// It would be stopped by the first read, and never end.
#[cfg(unix)]
#[test]
fn a_command_in_the_background_of_a_terminal_asks_nobody() {
    let version = std::process::Command::new("script")
        .arg("--version")
        .output();
    assert!(
        version.is_ok_and(|it| String::from_utf8_lossy(&it.stdout).contains("util-linux")),
        "this test needs the program `script` of util-linux (Debian: bsdutils), which makes a terminal"
    );
    let here = with_a_package();
    let program = env!("CARGO_BIN_EXE_model-dashboard");
    let purge = format!("{program} package purge nnUNet/A --reason x");
    let script = format!("set -m; {purge} & wait $!; echo \"ended $?\"");
    let command = here.command(&[]);
    let terminal = std::process::Command::new("timeout")
        .args(["--foreground", "60", "script", "-qec"])
        .arg(format!("sh -c '{script}'"))
        .arg("/dev/null")
        .current_dir(here.path(""))
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(std::process::Stdio::piped())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&terminal.stdout);
    assert!(
        told.contains("add --yes") && told.contains("ended 2"),
        "{told}"
    );
}
