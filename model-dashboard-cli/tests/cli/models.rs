//! `model`, but import and export.

use std::fs;

use serde_json::json;

use crate::installation::{Installation, fields};

#[test]
fn a_model_is_created_listed_and_shown() {
    let here = Installation::begun();
    let made = here.json(&[
        "model",
        "create",
        "nnUNet_v2/Liver",
        "--set",
        "alias=Liver and more",
        "--set",
        "version=1.0",
        "--set",
        "contour_names.1=liver",
        "--set",
        "registry.tags=[\"ct\"]",
        "-m",
        "first",
    ]);
    assert_eq!(fields(&made), ["enabled", "key", "revision", "version"]);
    assert_eq!(
        (&made["revision"], &made["enabled"]),
        (&json!(1), &json!(false))
    );

    let list = here.json(&["model", "list"]);
    assert_eq!(fields(&list), ["models", "total"]);
    let model = &list["models"][0];
    assert_eq!(
        fields(model),
        [
            "alias",
            "column",
            "create_date",
            "key",
            "labels",
            "last_modified_date",
            "line",
            "name",
            "network_type",
            "owner",
            "reason",
            "revision",
            "state",
            "tags",
            "version"
        ]
    );
    assert_eq!(model["key"], "nnUNet_v2/Liver");
    assert_eq!(
        (&model["labels"], &model["tags"]),
        (&json!(1), &json!(["ct"]))
    );

    let definition = here.json(&["model", "show", "Liver"]);
    assert_eq!(definition["version"], "1.0");
    assert_eq!(definition["contour_names"], json!({"1": "liver"}));
    assert_eq!(definition["registry"]["message"], "first");
    let shown = here.run(&["model", "show", "Liver"]).succeeds().stdout;
    assert!(shown.contains("alias     Liver and more"), "{shown}");

    here.run(&["model", "create", "nnUNet_v2/Liver"])
        .ends_with(4)
        .tells("exists already");
    for bad in [
        "Liver",
        "nnUNet/../x",
        "nnUNet/a b",
        "nnUNet/dataframe",
        "a/b/c",
    ] {
        here.run(&["model", "create", bad]).ends_with(2);
    }
}

#[test]
fn lists_are_filtered_and_sorted() {
    let here = Installation::begun();
    for (key, alias, enabled) in [
        ("MIST/Prostate", "B", "true"),
        ("nnUNet/Heart", "C", "false"),
        ("nnUNet/Lung", "A", "true"),
    ] {
        let (alias, enabled) = (format!("alias={alias}"), format!("enabled={enabled}"));
        here.run(&["model", "create", key, "--set", &alias, "--set", &enabled])
            .succeeds();
    }
    let keys = |arguments: &[&str]| -> Vec<String> {
        let list = here.json(&[&["model", "list"], arguments].concat());
        let models = list["models"].as_array().unwrap().iter();
        models
            .map(|m| m["key"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(keys(&[]), ["MIST/Prostate", "nnUNet/Heart", "nnUNet/Lung"]);
    assert_eq!(keys(&["--type", "nnUNet"]), ["nnUNet/Heart", "nnUNet/Lung"]);
    assert_eq!(
        keys(&["--state", "enabled"]),
        ["MIST/Prostate", "nnUNet/Lung"]
    );
    assert_eq!(keys(&["--search", "lun"]), ["nnUNet/Lung"]);
    assert_eq!(
        keys(&["--sort", "alias", "--reverse", "--limit", "2"]),
        ["nnUNet/Heart", "MIST/Prostate"]
    );
}

#[test]
fn a_name_of_two_types_is_a_conflict_that_names_both() {
    let here = Installation::begun();
    for key in ["MIST/Liver", "nnUNet/Liver"] {
        here.run(&["model", "create", key]).succeeds();
    }
    here.run(&["model", "show", "Liver"])
        .ends_with(4)
        .tells("hint: choose one of MIST/Liver, nnUNet/Liver");
}

#[test]
fn a_change_of_an_enabled_model_needs_a_reason() {
    let here = Installation::begun();
    here.run(&["model", "create", "nnUNet/Liver"]).succeeds();
    here.run(&["model", "edit", "Liver", "--set", "alias=a"])
        .succeeds();
    here.run(&["model", "enable", "Liver"]).succeeds();
    let edit = ["model", "edit", "Liver", "--set", "alias=b"];
    here.run(&edit)
        .ends_with(2)
        .tells("hint: give the reason with -m");
    here.run(&[&edit[..], &["-m", "renamed"]].concat())
        .succeeds()
        .tells("nnUNet/Liver is at revision 4");
    assert_eq!(here.json(&["model", "show", "Liver"])["alias"], "b");
}

#[test]
fn several_are_enabled_disabled_and_deleted_at_once() {
    let here = Installation::begun();
    for key in ["nnUNet/A", "nnUNet/B"] {
        here.run(&["model", "create", key]).succeeds();
    }
    let done = here.json(&["model", "enable", "A", "nnUNet/B"]);
    assert_eq!(
        done,
        json!({"models": [
            {"key": "nnUNet/A", "result": "enabled", "error": null},
            {"key": "nnUNet/B", "result": "enabled", "error": null},
        ]})
    );
    // Nothing happens while one is not known.
    here.run(&["model", "disable", "A", "C"]).ends_with(3);
    assert_eq!(here.json(&["model", "show", "A"])["enabled"], true);
    here.run(&["model", "delete", "A", "B"])
        .ends_with(2)
        .tells("--yes");
    here.run(&["model", "delete", "A", "B", "--yes"])
        .ends_with(2)
        .tells("2 of 2 models failed");
    here.run(&["model", "delete", "A", "B", "--yes", "-m", "gone"])
        .succeeds();
    assert_eq!(here.json(&["model", "list"])["total"], 0);
}

#[test]
fn a_model_is_renamed_and_moved_with_its_identity() {
    let here = Installation::begun();
    here.run(&["model", "create", "nnUNet/Liver"]).succeeds();
    let id = |name: &str| here.json(&["model", "show", name])["registry"]["id"].clone();
    let before = id("Liver");
    here.run(&["model", "rename", "Liver", "Liver2"]).succeeds();
    here.run(&["model", "rename", "Liver2", "MIST/Liver3"])
        .succeeds();
    assert_eq!(id("MIST/Liver3"), before);
    assert_eq!(here.json(&["model", "list"])["total"], 1);
}

#[test]
fn a_definition_is_replaced_by_a_file_unless_it_changed_meanwhile() {
    let here = Installation::begun();
    here.run(&["model", "create", "nnUNet/Liver"]).succeeds();
    let text = here
        .run(&["model", "show", "Liver", "--output", "json"])
        .stdout;
    let file = here.write(
        "liver.json",
        &text.replace("\"alias\": \"\"", "\"alias\": \"new\""),
    );
    let edit = ["model", "edit", "Liver", "--file", file.to_str().unwrap()];
    here.run(&edit).succeeds();
    assert_eq!(here.json(&["model", "show", "Liver"])["alias"], "new");

    here.run(&[
        "model",
        "edit",
        "Liver",
        "--set",
        "description=by someone else",
    ])
    .succeeds();
    here.run(&edit)
        .ends_with(4)
        .tells("the file is of revision 1, the model at revision 3");
    here.run(&[&edit[..], &["--overwrite"]].concat()).succeeds();
    assert_eq!(here.json(&["model", "show", "Liver"])["description"], "");
}

#[test]
fn a_patch_leaves_everything_else_as_it_is_written() {
    let here = Installation::existing();
    let patch = r#"{"description":"patched","inference_information":{"experimental":null}}"#;
    here.run_with_input(&["model", "edit", "AbdomenMulti", "--patch", "-"], patch)
        .succeeds();
    let text = here.run(&["model", "show", "AbdomenMulti", "--raw"]).stdout;
    assert!(
        text.contains("\"seed\":12345678901234567890,\"lr\":1e-05}"),
        "{text}"
    );
    assert!(text.contains("\"description\":\"patched\""), "{text}");
    here.run(&[
        "model",
        "edit",
        "AbdomenMulti",
        "--set",
        "create_date=2020-01-01",
    ])
    .ends_with(2)
    .tells("create_date");
}

#[test]
fn an_editor_changes_a_definition() {
    let here = Installation::begun().with("EDITOR", "sed -i 's/\"alias\": \"\"/\"alias\": \"E\"/'");
    here.run(&["model", "create", "nnUNet/Liver"]).succeeds();
    here.run(&["model", "edit", "Liver"])
        .succeeds()
        .tells("nnUNet/Liver is at revision 2");
    assert_eq!(here.json(&["model", "show", "Liver"])["alias"], "E");
    let unchanged = here
        .run(&["model", "edit", "Liver", "--output", "json"])
        .succeeds()
        .tells("nothing was changed");
    assert_eq!(unchanged.json()["revision"], 2);
}

#[test]
fn what_was_typed_in_an_editor_is_not_lost() {
    let here = Installation::begun().with("EDITOR", "printf '{ typed' >");
    here.run(&["model", "create", "nnUNet/Liver"]).succeeds();
    let run = here
        .run(&["model", "edit", "Liver"])
        .ends_with(2)
        .tells("line 1, column 3");
    let kept = run.stderr.split("what you edited is in ").nth(1).unwrap();
    let kept = kept.split(';').next().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), "{ typed");

    let without = Installation::begun();
    without.run(&["model", "create", "nnUNet/Liver"]).succeeds();
    without
        .run(&["model", "edit", "Liver"])
        .ends_with(2)
        .tells("--set, --patch or --file");
}

#[test]
fn a_broken_definition_is_listed_shown_and_mended() {
    let here = Installation::existing();
    let broken = here.json(&["model", "list", "--state", "broken"]);
    assert_eq!(broken["total"], 2);
    assert_eq!(broken["models"][0]["key"], "nnUNet/Task099_Broken");
    assert!(broken["models"][0]["reason"].is_string());
    assert!(broken["models"][0]["line"].is_number());
    let listed = here.run(&["model", "list", "--state", "broken"]).succeeds();
    let told = "(cannot be read, line 1, column ";
    assert!(listed.stdout.contains(told), "{}", listed.stdout);
    here.run(&["model", "show", "Task099_Broken"])
        .ends_with(1)
        .tells("cannot be read")
        .tells("--raw");
    let raw = here
        .run(&["model", "show", "Task099_Broken", "--raw"])
        .succeeds();
    assert!(raw.stdout.ends_with("\"enabled\":tru"), "{}", raw.stdout);
    let mended = here.write("mended.json", r#"{"alias":"mended"}"#);
    here.run(&[
        "model",
        "edit",
        "Task099_Broken",
        "--file",
        mended.to_str().unwrap(),
    ])
    .succeeds();
    assert_eq!(
        here.json(&["model", "show", "Task099_Broken"])["alias"],
        "mended"
    );
}

#[test]
fn of_several_that_create_one_model_at_once_one_does() {
    let here = Installation::begun();
    let mut running: Vec<_> = (0..4)
        .map(|_| {
            here.command(&["model", "create", "nnUNet/Race"])
                .spawn()
                .unwrap()
        })
        .collect();
    let codes = running
        .iter_mut()
        .map(|child| child.wait().unwrap().code().unwrap());
    let mut codes: Vec<i32> = codes.collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 4, 4, 4]);
}

#[test]
fn what_is_too_large_to_be_shown_says_what_can_be_done() {
    let here = Installation::existing();
    here.write("bucket/MIST/large", &" ".repeat(2 << 20));
    for show in [&["--raw"][..], &[]] {
        let run = here.run(&[&["model", "show", "MIST/large"], show].concat());
        let run = run.ends_with(1);
        assert_eq!(run.stdout, "");
        run.tells("2097152 bytes")
            .tells("`model-dashboard model delete 'MIST/large'` takes it away");
    }
    here.run(&["model", "delete", "MIST/large"])
        .ends_with(2)
        .tells("Delete MIST/large?")
        .tells("model restore");
    here.run(&["model", "delete", "MIST/large", "--yes", "-m", "too large"])
        .succeeds();
    here.run(&["model", "restore", "MIST/large"])
        .ends_with(2)
        .tells("make the model anew");
}
