//! `model import` and `model export`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::installation::{EXISTING, Installation, fields};

#[test]
fn files_are_taken_in_once_and_replaced_on_request() {
    let here = Installation::begun();
    let one = here.write(
        "one.json",
        r#"{"name":"A","network_type":"nnUNet","alias":"1"}"#,
    );
    let list = here.write(
        "list.json",
        r#"[{"name":"B","network_type":"nnUNet"},{"name":"bad name","network_type":"nnUNet"}]"#,
    );
    let (one, list) = (one.to_str().unwrap(), list.to_str().unwrap());
    let run = here
        .run(&["model", "import", one, list, "--output", "json"])
        .ends_with(2);
    let done = run.json();
    assert_eq!(
        fields(&done),
        [
            "created",
            "failed",
            "kept",
            "outcomes",
            "replaced",
            "unchanged"
        ]
    );
    assert_eq!((&done["created"], &done["failed"]), (&json!(2), &json!(1)));
    assert_eq!(
        done["outcomes"][1],
        json!({"file": list, "number": 1, "key": "nnUNet/B", "result": "created", "error": null})
    );
    assert_eq!(done["outcomes"][2]["number"], 2);

    let again = here.json(&["model", "import", one]);
    assert_eq!(
        (&again["created"], &again["unchanged"]),
        (&json!(0), &json!(1))
    );
    fs::write(one, r#"{"name":"A","network_type":"nnUNet","alias":"2"}"#).unwrap();
    here.run(&["model", "import", one])
        .ends_with(4)
        .tells("hint: --replace");
    assert_eq!(
        here.json(&["model", "import", one, "--replace"])["replaced"],
        1
    );
    assert_eq!(here.json(&["model", "show", "A"])["alias"], "2");
    here.run_with_input(
        &["model", "import", "-"],
        r#"{"name":"C","network_type":"MIST"}"#,
    )
    .succeeds()
    .tells("1 definition: 1 created");
}

#[test]
fn what_is_no_definition_is_told_with_its_place() {
    let here = Installation::begun();
    let cut = here.write("cut.json", "{\n  \"name\": \"A\",");
    let run = here
        .run(&["model", "import", cut.to_str().unwrap()])
        .ends_with(2);
    assert!(run.stdout.contains("line 2"), "{}", run.stdout);
    here.write("empty/readme.txt", "");
    here.run(&["model", "import", "empty"])
        .ends_with(3)
        .tells("no definitions");
    here.run(&["model", "import", "missing.json"]).ends_with(3);
    let nested = here.write("nested.json", &"[".repeat(10_000));
    here.run(&["model", "import", nested.to_str().unwrap()])
        .ends_with(2);
}

#[test]
fn the_bucket_of_an_existing_installation_is_taken_in_by_place() {
    let here = Installation::begun();
    let bucket = Path::new(EXISTING).join("bucket");
    let run = here
        .run(&[
            "model",
            "import",
            bucket.to_str().unwrap(),
            "--output",
            "json",
        ])
        .tells("passed over")
        .tells("README.txt");
    let done = run.json();
    assert_eq!((&done["created"], &done["failed"]), (&json!(7), &json!(3)));
    // Says that it is of another type; its place outranks that.
    assert_eq!(
        here.json(&["model", "show", "nnUNet/Task101_WrongType"])["network_type"],
        "nnUNet"
    );
    let text = here.run(&["model", "show", "AbdomenMulti", "--raw"]).stdout;
    assert!(
        text.contains("12345678901234567890") && text.contains("1e-05"),
        "{text}"
    );
}

#[test]
fn what_was_exported_can_be_taken_in_elsewhere() {
    let here = Installation::existing();
    let (folder, file) = (here.path("out"), here.path("out.json"));
    let (folder, file) = (folder.to_str().unwrap(), file.to_str().unwrap());
    here.run(&["model", "export", "--state", "enabled", "--to", folder])
        .succeeds()
        .tells("exported 6 models");
    let kits = "nnUNet_v2/Dataset220_KiTS2023";
    assert_eq!(
        fs::read(Path::new(folder).join(format!("{kits}.json"))).unwrap(),
        fs::read(Path::new(EXISTING).join("bucket").join(kits)).unwrap()
    );
    here.run(&["model", "export", "--type", "nnUNet,MIST", "--to", file])
        .ends_with(1)
        .tells("2 broken definitions were left out");
    here.run(&[
        "model",
        "export",
        kits,
        "vista3d/AbdomenMulti",
        "--to",
        file,
    ])
    .succeeds();
    let list: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);

    let there = Installation::begun();
    assert_eq!(there.json(&["model", "import", file])["created"], 2);
    // One of the six has a name that new models cannot have.
    let run = there
        .run(&["model", "import", folder, "--output", "json"])
        .ends_with(2);
    assert_eq!(
        (&run.json()["created"], &run.json()["failed"]),
        (&json!(4), &json!(1))
    );
}

#[test]
fn an_export_without_a_target_is_a_list_at_standard_output() {
    let here = Installation::begun();
    assert_eq!(here.run(&["model", "export"]).succeeds().json(), json!([]));
    here.run(&["model", "create", "nnUNet/A"]).succeeds();
    let list = here.run(&["model", "export"]).succeeds().json();
    assert_eq!(list[0]["name"], "A");
    here.run(&["model", "export", "missing"]).ends_with(3);
}
