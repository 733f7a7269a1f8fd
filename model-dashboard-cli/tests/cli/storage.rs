//! `storage check` and `storage gc`.

use std::fs;

use serde_json::{Value, json};

use crate::installation::{Installation, fields};

fn with_models() -> Installation {
    let here = Installation::begun();
    for key in ["nnUNet/A", "nnUNet/B"] {
        here.run(&["model", "create", key]).succeeds();
    }
    here.run(&["model", "delete", "B", "--yes"]).succeeds();
    here
}

#[test]
fn a_store_that_is_well_is_told_so() {
    let here = with_models();
    let checked = here.json(&["storage", "check"]);
    assert_eq!(
        fields(&checked),
        [
            "bytes",
            "findings",
            "histories",
            "idle_notes",
            "models",
            "more",
            "revisions",
            "tombstones",
            "unmended",
            "well"
        ]
    );
    assert_eq!(
        (&checked["well"], &checked["findings"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(
        (&checked["models"], &checked["revisions"]),
        (&json!(1), &json!(3))
    );
    let shown = here.run(&["storage", "check"]).succeeds().stdout;
    assert!(shown.contains("everything is as it should be"), "{shown}");
}

#[test]
fn what_is_wrong_is_told_and_mended_as_far_as_it_can_be() {
    let here = with_models();
    let id = here.json(&["model", "show", "A"])["registry"]["id"].clone();
    let file = format!(
        "data/models/.registry/revisions/{}/00000001.json",
        id.as_str().unwrap()
    );
    fs::remove_file(here.path(&file)).unwrap();
    here.write("data/models/readme.txt", "");
    let check = ["storage", "check", "--output", "json"];
    let run = here
        .run(&check)
        .ends_with(1)
        .tells("1 finding is left to be seen to")
        .tells("storage check --repair");
    let kinds = |checked: &Value| -> Vec<(String, String)> {
        let findings = checked["findings"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        findings
            .map(|it| (text(&it["kind"]), text(&it["mending"])))
            .collect()
    };
    let other = ("other".to_owned(), "impossible".to_owned());
    let missing = |mending: &str| ("not-in-history".to_owned(), mending.to_owned());
    assert_eq!(kinds(&run.json()), [missing("possible"), other.clone()]);
    assert_eq!(
        fields(&run.json()["findings"][0]),
        ["at", "detail", "error", "harmless", "kind", "mending"]
    );

    let repaired = here.json(&["storage", "check", "--repair"]);
    assert_eq!(kinds(&repaired), [missing("done"), other.clone()]);
    assert!(here.path(&file).exists());
    assert_eq!(kinds(&here.json(&["storage", "check"])), [other]);
    let event = &here.json(&["audit", "list", "--action", "system"])["events"][1];
    assert_eq!(event["target"], "storage");
    assert!(
        event["detail"]
            .as_str()
            .unwrap()
            .contains("mended: nnUNet/A")
    );
}

#[test]
fn a_falsified_revision_is_told_and_never_repaired() {
    let here = with_models();
    here.run(&["model", "edit", "A", "--set", "alias=a"])
        .succeeds();
    let id = here.json(&["model", "show", "A"])["registry"]["id"].clone();
    let file = here.path(&format!(
        "data/models/.registry/revisions/{}/00000001.json",
        id.as_str().unwrap()
    ));
    let text = fs::read_to_string(&file).unwrap();
    let false_text = text.replace("nnUNet", "nnUNot");
    fs::write(&file, &false_text).unwrap();
    let run = here.run(&["storage", "check", "--repair"]).ends_with(1);
    assert!(
        run.stdout
            .contains("revision 1 is not what was once stored"),
        "{}",
        run.stdout
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), false_text);
}

#[test]
fn garbage_is_removed_only_when_it_is_old_and_that_is_said() {
    let here = with_models();
    let young = here.json(&["storage", "gc"]);
    assert_eq!(
        fields(&young),
        ["dry_run", "found", "more", "removed", "too_young"]
    );
    assert_eq!(
        (&young["removed"], &young["too_young"]),
        (&json!(0), &json!(1))
    );
    let now = ["storage", "gc", "--older-than", "0"];
    here.run(&now).succeeds().tells("--delete does it");
    let delete = [&now[..], &["--delete"]].concat();
    here.run(&delete).ends_with(2).tells("--yes");
    assert!(here.path("data/models/nnUNet/B").exists());
    let removed = here.json(&[&delete[..], &["--yes"]].concat());
    assert_eq!(removed["removed"], 1);
    assert_eq!(
        fields(&removed["found"][0]),
        ["at", "kept", "kind", "since"]
    );
    assert!(!here.path("data/models/nnUNet/B").exists());
    assert_eq!(here.json(&["model", "list", "--deleted"])["total"], 0);
    here.run(&["storage", "check"]).succeeds();
    // Numbers go on.
    let anew = here.json(&["model", "create", "nnUNet/B"]);
    assert_eq!(anew["revision"], 3);
}

#[test]
fn an_existing_bucket_is_checked_as_it_is() {
    let here = Installation::existing();
    let run = here.run(&["storage", "check", "--repair", "--output", "json"]);
    let checked = run.ends_with(1).json();
    let findings = checked["findings"].as_array().unwrap();
    let broken = findings.iter().filter(|it| it["kind"] == "broken").count();
    assert_eq!(broken, 2);
    let open = findings.iter().find(|it| it["mending"] == "possible");
    assert_eq!(open, None);
}

#[test]
fn what_is_harmless_is_not_counted_as_left() {
    let here = with_models();
    for n in 0..1_001 {
        here.write(&format!("data/models/{n}.txt"), "");
    }
    here.write("data/models/nnUNet/broken", "{");
    let run = here.run(&["storage", "check", "--repair"]);
    let run = run.ends_with(1).tells("1 finding is left to be seen to");
    assert!(run.stdout.contains("and 1 more: other"), "{}", run.stdout);
    let json = here.run(&["storage", "check", "--output", "json"]);
    let checked = json.ends_with(1).json();
    assert_eq!(
        (&checked["unmended"], &checked["more"]),
        (&json!(1), &json!(1))
    );
}
