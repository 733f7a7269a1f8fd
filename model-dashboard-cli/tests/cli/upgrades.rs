//! Databases of the earlier system, and installations that are not there.

use std::fs;

use crate::installation::Installation;

#[test]
fn only_commands_that_say_so_upgrade_the_earlier_systems_database() {
    let here = Installation::earlier()
        .with("API_PORT", "0")
        .with("DASHBOARD_PORT", "0");
    let before = fs::read(here.path("users.db")).unwrap();
    for command in [
        &["user", "list"][..],
        &["user", "show", "admin"],
        &["user", "create", "ana", "--generate"],
        &["user", "set-role", "admin", "admin"],
        &["token", "list"],
        &["model", "list"],
        &["model", "show", "AbdomenMulti"],
        &["model", "export"],
        &["model", "create", "nnUNet/New"],
        &["audit", "list"],
    ] {
        let run = here.run(command).ends_with(6);
        run.tells("of an earlier version").tells("db migrate");
    }
    let doctor = here.run(&["doctor", "--output", "json"]).succeeds();
    assert!(doctor.stdout.contains("would be taken over"));
    assert!(doctor.stdout.contains("db migrate"));
    assert_eq!(fs::read(here.path("users.db")).unwrap(), before);
    assert!(!here.path("data").exists());

    let first = here.json(&["db", "migrate"]);
    assert_eq!(first["changed"], true);
    let backup = first["backup"].as_str().unwrap();
    assert_eq!(fs::read(backup).unwrap().len(), before.len());
    let users = here.json(&["user", "list"]);
    assert!(users["users"].as_array().unwrap().len() as u64 >= first["users"].as_u64().unwrap());
    let again = here.run(&["db", "migrate"]).succeeds();
    again.tells("nothing to do");
}

#[test]
fn an_upgrade_is_told_though_the_models_cannot_be_opened() {
    for command in [&["db", "migrate"][..], &["init"]] {
        let here = Installation::earlier();
        here.write("file", "");
        let here = here.with("STORAGE_URL", "file");
        let run = here.run(command);
        assert_eq!(
            run.code == 0,
            command == ["db", "migrate"],
            "{}",
            run.stderr
        );
        run.tells("5 accounts and 4 tokens")
            .tells("the file as it was is kept as");
    }
}

#[test]
fn a_mistyped_folder_is_not_made() {
    let here = Installation::begun();
    for command in [
        &["user", "list"][..],
        &["token", "list"],
        &["model", "list"],
        &["model", "create", "nnUNet/New"],
        &["audit", "list"],
        &["db", "migrate"],
    ] {
        let command = [command, &["--data-dir", "typo"]].concat();
        let run = here.run(&command).ends_with(3);
        run.tells("there is no installation at typo").tells("init");
    }
    assert!(!here.path("typo").exists());
}

#[test]
fn other_folders_beside_known_accounts_are_not_made() {
    let here = Installation::begun();
    let database = here.path("data/model-dashboard.db");
    assert!(database.exists());
    let here = here.with("AUTH_DB_PATH", database.to_str().unwrap());
    here.run(&["user", "list", "--data-dir", "typo"])
        .ends_with(3);
    let here = here.with("STORAGE_URL", "typo");
    here.run(&["model", "list"]).ends_with(3);
    assert!(!here.path("typo").exists());
}
