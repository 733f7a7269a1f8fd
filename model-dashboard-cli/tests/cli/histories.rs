//! `model history`, `diff`, `restore`, and lists of what is deleted or was there at a time.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::installation::{Installation, fields};

/// A model with three revisions: made, its label redefined, its alias set.
fn with_history() -> Installation {
    let here = Installation::begun();
    let liver = ["--set", "contour_names.1=liver", "-m", "first"];
    here.run(&[&["model", "create", "nnUNet/Liver"], &liver[..]].concat())
        .succeeds();
    for (set, why) in [
        ("contour_names.1=kidney", "retrained"),
        ("alias=Kidney", "as we call it"),
    ] {
        here.run(&["model", "edit", "Liver", "--set", set, "-m", why])
            .succeeds();
    }
    here
}

fn delete(here: &Installation, model: &str) {
    here.run(&["model", "delete", model, "--yes", "-m", "done with"])
        .succeeds();
}

fn numbers(history: &Value) -> Vec<u64> {
    let revisions = history["revisions"].as_array().unwrap().iter();
    revisions
        .map(|it| it["revision"].as_u64().unwrap())
        .collect()
}

fn revision_file(here: &Installation, number: u64) -> PathBuf {
    let id = here.json(&["model", "show", "Liver"])["registry"]["id"].clone();
    let id = id.as_str().unwrap();
    here.path(&format!(
        "data/models/.registry/revisions/{id}/{number:08}.json"
    ))
}

#[test]
fn a_history_tells_who_when_why_and_what() {
    let here = with_history();
    let history = here.json(&["model", "history", "Liver"]);
    assert_eq!(
        fields(&history),
        ["id", "key", "missing", "next", "revisions", "unarchived"]
    );
    assert_eq!(numbers(&history), [3, 2, 1]);
    assert_eq!(history["next"], Value::Null);
    let second = &history["revisions"][1];
    assert_eq!(
        fields(second),
        [
            "changes",
            "content",
            "enabled",
            "key",
            "message",
            "modified_at",
            "modified_by",
            "modified_by_source",
            "origin",
            "revision",
            "since",
            "unreadable",
            "version",
            "via"
        ]
    );
    assert_eq!(second["message"], "retrained");
    assert!(
        second["modified_by"]
            .as_str()
            .unwrap()
            .starts_with("tester@")
    );
    assert_eq!(
        (&second["via"], &second["origin"]),
        (&json!("cli"), &json!("registry"))
    );
    assert_eq!(second["changes"]["breaking"], true);
    assert_eq!(
        second["changes"]["labels"],
        json!([{
            "number": 1, "before": ["liver"], "after": ["kidney"],
            "change": "redefined", "breaking": true
        }])
    );
    assert_eq!(
        history["revisions"][0]["changes"]["fields"],
        json!([{"field": "alias", "before": "", "after": "Kidney"}])
    );
    assert_eq!(history["revisions"][2]["changes"], Value::Null);

    let shown = here.run(&["model", "history", "nnUNet/Liver"]).succeeds();
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert!(
        lines[2].contains("BREAKING label 1: liver → kidney"),
        "{lines:?}"
    );
    assert!(lines[3].ends_with("the first"), "{lines:?}");
    here.run(&["model", "history", "Nothing"]).ends_with(3);
}

#[test]
fn a_long_history_is_read_in_pieces() {
    let here = with_history();
    let first = here.json(&["model", "history", "Liver", "--limit", "2"]);
    assert_eq!((numbers(&first), &first["next"]), (vec![3, 2], &json!(2)));
    assert_eq!(first["revisions"][1]["changes"]["breaking"], true);
    here.run(&["model", "history", "Liver", "--limit", "2"])
        .succeeds()
        .tells("--before 2");
    let rest = here.json(&["model", "history", "Liver", "--before", "2"]);
    assert_eq!((numbers(&rest), &rest["next"]), (vec![1], &Value::Null));
    let all = here.json(&["model", "history", "Liver", "--all"]);
    assert_eq!(numbers(&all), [3, 2, 1]);
}

#[test]
fn revisions_are_compared_with_each_other_or_the_present_one() {
    let here = with_history();
    let diff = here.json(&["model", "diff", "Liver", "1", "2"]);
    assert_eq!(fields(&diff), ["changes", "from", "key", "package", "to"]);
    assert_eq!(diff["changes"]["labels"][0]["after"], json!(["kidney"]));
    assert_eq!(diff["changes"]["fields"], json!([]));

    let diff = here.json(&["model", "diff", "nnUNet/Liver", "1"]);
    assert_eq!(diff["to"]["revision"], 3);
    assert_eq!(diff["changes"]["fields"][0]["field"], "alias");
    let shown = here.run(&["model", "diff", "Liver", "1"]).succeeds().stdout;
    assert!(shown.contains("BREAKING: redefined"), "{shown}");
    let same = here.run(&["model", "diff", "Liver", "3"]).succeeds().stdout;
    assert!(same.contains("nothing differs"), "{same}");

    here.run(&["model", "diff", "Liver", "9"])
        .ends_with(3)
        .tells("revision 9 of nnUNet/Liver");
    here.run(&["model", "diff", "Liver", "0"]).ends_with(2);
}

#[test]
fn a_revision_is_shown_under_its_number_or_digest() {
    let here = with_history();
    let first = here.json(&["model", "show", "nnUNet/Liver@1"]);
    assert_eq!(first["contour_names"], json!({"1": "liver"}));
    let digest = first["registry"]["content_digest"].as_str().unwrap();
    let same = here.json(&["model", "show", &format!("Liver@{digest}")]);
    assert_eq!(same, first);
    let shown = here.run(&["model", "show", "Liver@2"]).succeeds().stdout;
    assert!(
        shown.contains("revision  2") && shown.contains("kidney"),
        "{shown}"
    );

    here.run(&["model", "show", "Liver@7"]).ends_with(3);
    here.run(&["model", "show", "Liver@x"])
        .ends_with(2)
        .tells("after the @");
    let raw = here.run(&["model", "show", "Liver@1", "--raw"]).succeeds();
    let stored = fs::read_to_string(revision_file(&here, 1)).unwrap();
    assert_eq!(raw.stdout, stored);
}

#[test]
fn a_name_with_an_at_is_meant_before_a_revision() {
    let here = with_history();
    here.write("data/models/nnUNet/Liver@2", r#"{"alias":"another one"}"#);
    let shown = here.json(&["model", "show", "nnUNet/Liver@2"]);
    assert_eq!(shown["alias"], "another one");
    let revision = here.json(&["model", "show", "nnUNet/Liver@1"]);
    assert_eq!(revision["contour_names"], json!({"1": "liver"}));
}

#[test]
fn a_revision_is_restored_and_stays_in_its_state() {
    let here = with_history();
    here.run(&["model", "enable", "Liver"]).succeeds();
    here.run(&["model", "restore", "Liver", "1", "--yes"])
        .ends_with(2)
        .tells("hint: give the reason with -m");
    let restore = ["model", "restore", "Liver", "1", "-m", "was right"];
    here.run(&restore)
        .ends_with(4)
        .tells("stand for something else in revision 1")
        .tells("kidney")
        .tells("add --yes");
    let restore = [&restore[..], &["--yes"]].concat();
    let restored = here.json(&restore);
    assert_eq!(
        (&restored["revision"], &restored["enabled"]),
        (&json!(5), &json!(true))
    );
    let present = here.json(&["model", "show", "Liver"]);
    assert_eq!(present["contour_names"], json!({"1": "liver"}));
    let reason = "restored from revision 1: was right";
    assert_eq!(present["registry"]["message"], reason);
    here.run(&restore)
        .succeeds()
        .tells("holds what that revision held already");
    let last = here.json(&["audit", "list", "--limit", "1"]);
    assert_eq!(last["events"][0]["action"], "model.restore");

    here.run(&["model", "restore", "Liver"])
        .ends_with(2)
        .tells("which revision");
    here.run(&["model", "restore", "Liver", "9", "-m", "x"])
        .ends_with(3);
    here.run(&["model", "restore", "Liver@2", "3"]).ends_with(2);
    here.run(&["model", "restore", "Liver@2", "-m", "by reference", "--yes"])
        .succeeds()
        .tells("at revision 6; it replaced revision 5 of ")
        .tells(" by tester@");
    here.write("data/models/nnUNet/Liver", r#"{"alias":"theirs"}"#);
    here.run(&["model", "restore", "Liver", "1", "-m", "x"])
        .succeeds()
        .tells("at revision 8; it replaced what another program had written");
}

#[test]
fn what_was_deleted_is_listed_and_brought_back_disabled() {
    let here = with_history();
    assert_eq!(here.json(&["model", "list", "--deleted"])["total"], 0);
    here.run(&["model", "enable", "Liver"]).succeeds();
    delete(&here, "Liver");
    let deleted = here.json(&["model", "list", "--deleted"]);
    assert_eq!(deleted["total"], 1);
    let model = &deleted["models"][0];
    assert_eq!(
        fields(model),
        [
            "deleted_at",
            "deleted_by",
            "id",
            "key",
            "name",
            "network_type",
            "revision",
            "state"
        ]
    );
    assert_eq!(
        (&model["key"], &model["revision"]),
        (&json!("nnUNet/Liver"), &json!(5))
    );
    assert_eq!(
        here.json(&["model", "list", "--deleted", "--type", "MIST"])["total"],
        0
    );
    here.run(&["model", "list", "--deleted", "--search", "x"])
        .ends_with(2);
    here.run(&["model", "list", "--deleted"])
        .succeeds()
        .tells("model restore");

    // Whoever asks for it is told.
    for name in ["Liver", "nnUNet/Liver"] {
        here.run(&["model", "show", name])
            .ends_with(3)
            .tells("nnUNet/Liver was deleted at ")
            .tells("model restore 'nnUNet/Liver'` brings it back");
    }
    here.run(&["model", "enable", "nnUNet/Liver", "-m", "x"])
        .ends_with(3)
        .tells("was deleted at ");

    // Its history is read under the name alone, too.
    let history = here.json(&["model", "history", "Liver"]);
    assert_eq!(history["revisions"][0]["content"], "deleted");
    here.run(&["model", "show", "Liver@5"])
        .ends_with(3)
        .tells("is the deletion");
    here.run(&["model", "restore", "Liver", "5"])
        .ends_with(2)
        .tells("choose an earlier one");

    let back = here.run(&[
        "model", "restore", "Liver", "-m", "missed", "--output", "json",
    ]);
    let back = back.succeeds().tells("is back, disabled").json();
    assert_eq!(
        (&back["revision"], &back["enabled"]),
        (&json!(6), &json!(false))
    );
    assert_eq!(here.json(&["model", "show", "Liver"])["alias"], "Kidney");
    delete(&here, "Liver");
    here.run(&["model", "restore", "nnUNet/Liver", "1"])
        .succeeds();
    let first = here.json(&["model", "show", "Liver"]);
    assert_eq!(first["contour_names"], json!({"1": "liver"}));
}

#[test]
fn what_could_run_at_a_time_is_told_with_its_doubts() {
    let here = with_history();
    here.run(&["model", "create", "MIST/Other", "--set", "enabled=true"])
        .succeeds();
    let made = here.json(&["model", "show", "Other"])["registry"]["modified_at"].clone();
    let made = made.as_str().unwrap();
    here.run(&["model", "rename", "Other", "MIST/Renamed", "-m", "shorter"])
        .succeeds();
    delete(&here, "Liver");
    here.write("data/models/MIST/Theirs", "{}");

    let at = here.json(&["model", "list", "--at", made]);
    assert_eq!(fields(&at), ["at", "models", "total", "untold"]);
    let models = at["models"].as_array().unwrap();
    let of = |key: &str| models.iter().find(|model| model["key"] == key).unwrap();
    let renamed = of("MIST/Other");
    assert_eq!(
        fields(renamed),
        [
            "alias",
            "doubt",
            "is_deleted",
            "key",
            "name",
            "network_type",
            "now",
            "revision",
            "since",
            "state",
            "version"
        ]
    );
    assert_eq!(
        (&renamed["state"], &renamed["now"]),
        (&json!("enabled"), &json!("MIST/Renamed"))
    );
    let deleted = of("nnUNet/Liver");
    assert_eq!(
        (&deleted["is_deleted"], &deleted["revision"]),
        (&json!(true), &json!(3))
    );
    let enabled = here.json(&["model", "list", "--at", made, "--state", "enabled"]);
    // Of what another program wrote it may be certain by now, or not yet.
    let enabled = enabled["models"].as_array().unwrap();
    let certain = enabled.iter().filter(|model| model["doubt"].is_null());
    let certain: Vec<_> = certain.map(|model| &model["key"]).collect();
    assert_eq!(certain, ["MIST/Other"]);
    let shown = here.run(&["model", "list", "--at", made]).succeeds().stdout;
    assert!(
        shown.contains("now MIST/Renamed") && shown.contains("deleted since"),
        "{shown}"
    );

    let before = here.json(&["model", "list", "--at", "2020-01-01", "--type", "nnUNet"]);
    assert_eq!(before["total"], 0);
    here.run(&["model", "list", "--at", "2999-01-01"])
        .ends_with(2)
        .tells("time to come");
    here.run(&["model", "list", "--at", "yesterday"])
        .ends_with(2);
}

#[test]
fn what_only_another_program_has_written_is_no_revision_yet() {
    let here = Installation::existing();
    let history = here.run(&["model", "history", "AbdomenMulti", "--output", "json"]);
    let history = history.succeeds().tells("is no revision yet").json();
    assert_eq!(
        (&history["revisions"], &history["unarchived"]),
        (&json!([]), &json!(true))
    );
    here.run(&["model", "diff", "AbdomenMulti", "1"])
        .ends_with(3)
        .tells("has no revisions")
        .tells("storage check --repair");
    here.run(&["storage", "check", "--repair"]);
    let history = here.json(&["model", "history", "AbdomenMulti"]);
    assert_eq!(
        (numbers(&history), &history["unarchived"]),
        (vec![1], &json!(false))
    );
    assert_eq!(history["revisions"][0]["origin"], "outside");
}

#[test]
fn a_falsified_revision_is_told_and_not_restored() {
    let here = with_history();
    let file = revision_file(&here, 2);
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("kidney", "spleen");
    fs::write(&file, text).unwrap();
    let history = here.json(&["model", "history", "Liver"]);
    assert_eq!(history["revisions"][1]["origin"], "falsified");
    let shown = here.run(&["model", "history", "Liver"]).succeeds().stdout;
    assert!(shown.contains("CHANGED IN THE HISTORY BY HAND"), "{shown}");
    here.run(&["model", "show", "Liver@2"])
        .succeeds()
        .tells("not what was once stored");
    here.run(&["model", "restore", "Liver", "2", "-m", "x"])
        .ends_with(2)
        .tells("changed in the history by hand");
}

#[test]
fn revisions_that_are_missing_are_named() {
    let here = with_history();
    let id = here.json(&["model", "history", "Liver"])["id"].clone();
    let id = id.as_str().unwrap();
    let second = format!("data/models/.registry/revisions/{id}/00000002.json");
    std::fs::remove_file(here.path(&second)).unwrap();
    here.run(&["model", "history", "Liver"])
        .succeeds()
        .tells("revision 2 is missing");
    let first = format!("data/models/.registry/revisions/{id}/00000001.json");
    std::fs::remove_file(here.path(&first)).unwrap();
    here.run(&["model", "history", "Liver", "--limit", "1"])
        .succeeds()
        .tells("revisions 1 to 2 are missing");
    let history = here.json(&["model", "history", "Liver"]);
    assert_eq!(history["missing"], serde_json::json!([[1, 2]]));
}
