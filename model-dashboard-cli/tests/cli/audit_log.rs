//! `audit`.

use std::fs;

use serde_json::Value;

use crate::installation::{Installation, fields};

fn with_events() -> Installation {
    let here = Installation::begun();
    here.run(&["model", "create", "nnUNet/Liver", "-m", "=first"])
        .succeeds();
    here.run(&["model", "enable", "Liver"]).succeeds();
    here.run(&["user", "create", "ana", "--generate"])
        .succeeds();
    here
}

#[test]
fn every_change_is_told_with_who_and_why() {
    let here = with_events();
    let events = here.json(&["audit", "list"]);
    let events = events["events"].as_array().unwrap();
    let actions: Vec<&str> = events
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["user.create", "model.enable", "model.create"]);
    let first = &events[2];
    assert_eq!(
        fields(first),
        [
            "action",
            "actor",
            "actor_name",
            "at",
            "detail",
            "digest",
            "from",
            "reason",
            "request_id",
            "revision",
            "seq",
            "target",
            "via"
        ]
    );
    assert_eq!(first["via"], "cli");
    assert!(first["actor"].as_str().unwrap().starts_with("cli:tester@"));
    assert_eq!(first["target"], "model:nnUNet/Liver");
    assert_eq!(first["reason"], "=first");
}

#[test]
fn events_are_filtered() {
    let here = with_events();
    let count = |arguments: &[&str]| {
        let list = here.json(&[&["audit", "list"], arguments].concat());
        list["events"].as_array().unwrap().len()
    };
    assert_eq!(count(&["--action", "model."]), 2);
    assert_eq!(
        count(&["--action", "model.enable", "--action", "user.create"]),
        2
    );
    assert_eq!(
        count(&["--target", "model:nnUNet/Liver", "--limit", "1"]),
        1
    );
    assert_eq!(count(&["--since", "2100-01-01"]), 0);
    assert_eq!(count(&["--until", "2100-01-01"]), 3);
    assert_eq!(count(&["--actor", "nobody"]), 0);
    assert_eq!(count(&["--source", "cli"]), 3);
    assert_eq!(count(&["--source", "local"]), 0);
    assert_eq!(count(&["--before", "2"]), 1);
    here.run(&["audit", "list", "--action", "model.enabled"])
        .ends_with(2)
        .tells("model.enable");
    here.run(&["audit", "list", "--since", "yesterday"])
        .ends_with(2);
}

#[test]
fn the_log_is_exported_oldest_first() {
    let here = with_events();
    let lines = here.run(&["audit", "export"]).succeeds().stdout;
    let seqs: Vec<u64> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["seq"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(seqs, [1, 2, 3]);
    here.run(&[
        "audit", "export", "--format", "csv", "--after", "0", "--to", "log.csv",
    ])
    .succeeds()
    .tells("wrote 3 events");
    let csv = fs::read_to_string(here.path("log.csv")).unwrap();
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(
        lines[0].starts_with("seq,at,actor,actor_name,via,from"),
        "{csv}"
    );
    assert!(
        lines[1].contains(",'=first,"),
        "a formula is guarded: {csv}"
    );
    assert_eq!(lines.len(), 5);
}

#[test]
fn a_log_verifies_and_another_key_is_refused() {
    let here = with_events();
    let state = here.json(&["audit", "verify"]);
    assert_eq!(
        fields(&state),
        [
            "broken_at",
            "events",
            "head_digest",
            "head_seq",
            "intact",
            "problem"
        ]
    );
    assert_eq!(
        (&state["intact"], &state["events"]),
        (&true.into(), &3.into())
    );
    let key = fs::read_dir(here.path("data")).unwrap();
    let mut key = key.map(|entry| entry.unwrap().path());
    let key = key.find(|path| path.to_string_lossy().ends_with(".audit-key"));
    let key = key.expect("a key beside the database");
    fs::write(&key, "00".repeat(32)).unwrap();
    let run = here.run(&["audit", "verify"]).ends_with(6);
    assert!(run.stderr.contains(key.to_str().unwrap()), "{}", run.stderr);
}
