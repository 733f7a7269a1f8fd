//! The program as such: help, exit codes, output.

use std::io::Read as _;

use crate::installation::{Installation, fields};

#[test]
fn every_command_has_help() {
    let here = Installation::new();
    let help = here.run(&["--help"]).succeeds().stdout;
    let mut seen = 0;
    for command in ["user", "token", "model", "storage", "audit", "config"] {
        assert!(help.contains(&format!("  {command} ")), "{help}");
        let listed = here.run(&[command, "--help"]).succeeds().stdout;
        let listed = listed.split("Commands:\n").nth(1).unwrap();
        let listed = listed.split("\n\n").next().unwrap();
        for line in listed.lines() {
            let name = line.split_whitespace().next().unwrap();
            if name != "help" {
                here.run(&[command, name, "--help"]).succeeds();
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 9 + 3 + 18 + 2 + 3 + 1);
    for command in ["list", "show", "publish", "discard"] {
        here.run(&["model", "draft", command, "--help"]).succeeds();
    }
    for command in ["init", "doctor", "login", "logout", "completions"] {
        here.run(&[command, "--help"]).succeeds();
    }
    assert!(!here.path("data").exists(), "help needs no installation");
}

#[test]
fn wrong_usage_is_2() {
    let here = Installation::new();
    here.run(&["model", "frobnicate"]).ends_with(2);
    here.run(&["user", "set-role", "x", "emperor"])
        .ends_with(2)
        .tells("publisher");
    here.run(&["user", "list", "--config", "nowhere"])
        .ends_with(2)
        .tells("nowhere");
    let bad = here.with("API_PRT", "9000");
    bad.run(&["user", "list"]).ends_with(2).tells("API_PORT");
}

#[test]
fn a_backend_that_is_not_built_in_is_a_wrong_setting() {
    let here = Installation::begun().with("DATABASE_URL", "postgres://u@db/md");
    here.run(&["model", "list"])
        .ends_with(2)
        .tells("database.url (variable DATABASE_URL)");
}

#[test]
fn a_directory_that_cannot_be_asked_as_set_is_a_wrong_setting() {
    let here = Installation::begun()
        .with("LDAP_SERVER", "ldaps://d.example")
        .with("LDAP_BASE_DN", "dc=example")
        .with("LDAP_USER_DN_TEMPLATE", "uid={username},dc=example")
        .with("LDAP_SEARCH_FILTER", "(uid={username}");
    here.run(&["model", "list"])
        .ends_with(2)
        .tells("ldap.search_filter (variable LDAP_SEARCH_FILTER)");
}

#[test]
fn what_is_not_there_is_3_and_says_what_is_like_it() {
    let here = Installation::begun();
    here.run(&["model", "create", "nnUNet/Liver"]).succeeds();
    here.run(&["model", "show", "nnUNet/Livr"])
        .ends_with(3)
        .tells("error: model nnUNet/Livr was not found")
        .tells("hint: did you mean nnUNet/Liver?");
    here.run(&["model", "show", "nothing-like-it"]).ends_with(3);
    here.run(&["user", "show", "nobody"]).ends_with(3);
    here.run(&["token", "revoke", "17", "--yes"]).ends_with(3);
}

#[test]
fn an_unusable_folder_is_6() {
    let here = Installation::new();
    here.write("file", "");
    let here = here.with("DATA_DIR", "file/data");
    here.run(&["user", "list"]).ends_with(6);
    here.run(&["init"]).ends_with(6).tells("data_dir");
}

#[test]
fn version_and_completions_need_no_installation() {
    let here = Installation::new();
    let version = here.run(&["--version"]).succeeds().stdout;
    assert_eq!(
        version,
        format!("model-dashboard {}\n", env!("CARGO_PKG_VERSION"))
    );
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = here.run(&["completions", shell]).succeeds().stdout;
        assert!(script.contains("set-role"), "{shell}");
    }
    assert!(!here.path("data").exists());
}

#[test]
fn config_show_says_where_each_value_comes_from() {
    let here = Installation::new().with("API_PORT", "9000");
    here.write("config/config.toml", "[server]\nport = 9001\n");
    let shown = here.json(&["config", "show", "--data-dir", "elsewhere"]);
    assert_eq!(fields(&shown), ["settings", "warnings"]);
    let of = |name: &str| {
        let settings = shown["settings"].as_array().unwrap();
        let setting = settings
            .iter()
            .find(|setting| setting["name"] == name)
            .unwrap();
        let text = |field: &str| setting[field].as_str().unwrap().to_owned();
        (text("value"), text("origin"))
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(of("api.port"), pair("9000", "variable API_PORT"));
    assert_eq!(of("data_dir"), pair("elsewhere", "flag --data-dir"));
    let (value, origin) = of("server.port");
    assert_eq!(value, "9001");
    assert!(origin.ends_with("config.toml:2"), "{origin}");
    let table = here.run(&["config", "show"]).succeeds().stdout;
    assert!(table.starts_with("SETTING"), "{table}");
    assert!(!here.path("data").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let here = Installation::new();
    let mut child = here.command(&["completions", "bash"]).spawn().unwrap();
    // Gone before anything was read, with more to come than a pipe holds.
    drop(child.stdout.take());
    let mut told = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(told, "");
}

#[test]
fn results_go_to_standard_output_alone() {
    let here = Installation::begun();
    let run = here.run(&["model", "create", "nnUNet/Liver"]).succeeds();
    assert_eq!(run.stdout, "");
    assert_eq!(run.stderr, "created nnUNet/Liver\n");
    let list = here.run(&["model", "list"]).succeeds();
    assert_eq!(list.stderr, "");
    let lines: Vec<&str> = list.stdout.lines().collect();
    assert!(lines[0].starts_with("TYPE    NAME   STATE"), "{lines:?}");
    assert!(lines[1].starts_with("nnUNet  Liver  disabled"), "{lines:?}");
}
