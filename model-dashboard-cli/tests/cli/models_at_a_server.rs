//! All that is done with models, by way of a running server.

use std::fs;

use serde_json::{Value, json};

use crate::installation::Installation;
use crate::server::{Server, token_of};

fn numbers(history: &Value) -> Vec<u64> {
    let revisions = history["revisions"].as_array().unwrap().iter();
    revisions
        .map(|it| it["revision"].as_u64().unwrap())
        .collect()
}

#[test]
fn a_model_lives_at_a_server() {
    let server = Server::start();
    let person = server.client();
    let create = ["model", "create", "nnUNet/Lung", "--set", "alias=Lobes"];
    person.run(&create).succeeds().tells("created nnUNet/Lung");
    person.run(&create).ends_with(4);
    let edit = [
        "model",
        "edit",
        "Lung",
        "--set",
        "alias=Lungs",
        "-m",
        "clearer",
    ];
    person.run(&edit).succeeds();
    person
        .run(&["model", "rename", "Lung", "Lungs"])
        .succeeds()
        .tells("nnUNet/Lung is nnUNet/Lungs now");
    // It is done there, and not here.
    assert!(!person.path("data").exists());

    let history = person.json(&["model", "history", "Lungs"]);
    assert_eq!(numbers(&history), [3, 2, 1]);
    assert_eq!(history["revisions"][1]["message"], "clearer");
    assert_eq!(history["revisions"][1]["origin"], "registry");
    let page = person.json(&["model", "history", "Lungs", "--limit", "2"]);
    assert_eq!((numbers(&page), &page["next"]), (vec![3, 2], &json!(2)));
    let table = person.run(&["model", "history", "Lungs", "--before", "3"]);
    assert!(table.succeeds().stdout.contains("alias"));
    let here = server.here.json(&["model", "history", "Lungs"]);
    assert_eq!(history, here, "the same as beside the server");

    let diff = person.json(&["model", "diff", "Lungs", "1"]);
    assert_eq!(diff, server.here.json(&["model", "diff", "Lungs", "1"]));
    assert_eq!(diff["changes"]["fields"][0]["after"], "Lungs");
    person.run(&["model", "diff", "Lungs", "9"]).ends_with(3);

    person.run(&["model", "restore", "Lungs"]).ends_with(2);
    person
        .run(&["model", "restore", "Lungs", "1", "-m", "as it was"])
        .succeeds()
        .tells("is at revision 4");
    person
        .run(&["model", "restore", "Lungs@1"])
        .succeeds()
        .tells("holds what that revision held already");
    // Nobody can be asked.
    person.run(&["model", "delete", "Lungs"]).ends_with(2);
    person
        .run(&["model", "delete", "Lungs", "--yes"])
        .succeeds()
        .tells("deleted nnUNet/Lungs");
    person.run(&["model", "show", "nnUNet/Lungs"]).ends_with(3);
    // That takes an administrator.
    for revision in [&["1"][..], &[]] {
        let restore = [&["model", "restore", "nnUNet/Lungs"], revision].concat();
        person.run(&restore).ends_with(5);
    }
    let scopes = "models:read,models:write,system:admin";
    let token = token_of(&server.here, "boss", "admin", scopes);
    let boss = server.client().with("MODEL_DASHBOARD_TOKEN", &token);
    boss.run(&["model", "restore", "nnUNet/Lungs"])
        .succeeds()
        .tells("is back, disabled");
}

#[test]
fn definitions_go_to_a_server_and_come_from_it() {
    let server = Server::start();
    let person = server.client();
    let list = r#"[{"network_type":"nnUNet","name":"A","alias":"1","own":2.50},
        {"network_type":"MIST","name":"B"},{"network_type":"MIST"}]"#;
    let file = person.write("list.json", list);
    let file = file.to_str().unwrap();
    let taken = person.run(&["model", "import", file, "--output", "json"]);
    let taken = taken.ends_with(1).json();
    assert_eq!(
        (&taken["created"], &taken["failed"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(taken["outcomes"][0]["key"], "nnUNet/A");
    let other = r#"{"network_type":"nnUNet","name":"A","alias":"2","own":2.50}"#;
    let other = person.write("other.json", other);
    let other = other.to_str().unwrap();
    person
        .run(&["model", "import", other])
        .ends_with(4)
        .tells("--replace");
    let again = ["model", "import", other, "--replace"];
    assert_eq!(person.json(&again)["replaced"], 1);
    assert_eq!(person.json(&again)["unchanged"], 1);

    let to = person.path("out");
    let to = to.to_str().unwrap();
    person
        .run(&["model", "export", "--to", to])
        .succeeds()
        .tells("exported 2 models");
    let text = fs::read_to_string(person.path("out/nnUNet/A.json")).unwrap();
    let stored = server.here.path("data/models/nnUNet/A");
    assert_eq!(text, fs::read_to_string(stored).unwrap());
    let one = person.run(&["model", "export", "MIST/B"]).succeeds().json();
    assert_eq!(one.as_array().unwrap().len(), 1);
    person
        .run(&["model", "export", "--tag", "x"])
        .ends_with(2)
        .tells("by way of a server");
}

#[test]
fn what_cannot_be_read_is_told_by_an_export_and_replaced_as_it_was() {
    let here = Installation::begun();
    here.run(&["model", "create", "nnUNet/A"]).succeeds();
    let broken = here.path("data/models/MIST/Broken");
    fs::create_dir_all(broken.parent().unwrap()).unwrap();
    fs::write(broken, "{").unwrap();
    let server = Server::on(here);
    let person = server.client();
    let to = person.path("out");
    person
        .run(&["model", "export", "--to", to.to_str().unwrap()])
        .ends_with(1)
        .tells("MIST/Broken is broken and left out");
    assert!(person.path("out/nnUNet/A.json").exists());
    let whole = r#"{"network_type":"MIST","name":"Broken","alias":"whole"}"#;
    let file = person.write("whole.json", whole);
    let import = ["model", "import", file.to_str().unwrap(), "--replace"];
    assert_eq!(person.json(&import)["replaced"], 1);
    person
        .run(&["model", "export", "--to", to.to_str().unwrap()])
        .succeeds()
        .tells("exported 2 models");
}
#[test]
fn models_are_listed_shown_and_changed_at_the_server() {
    let here = Installation::begun();
    for create in [
        &["nnUNet/Liver", "--set", "alias=Liver"][..],
        &["nnUNet/Lung"],
    ] {
        here.run(&[&["model", "create"], create].concat())
            .succeeds();
    }
    let server = Server::on(here);
    let person = server.client();
    let list = person.json(&["model", "list", "--search", "liver"]);
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["key"]),
        (1, &"nnUNet/Liver".into())
    );
    person
        .run(&[
            "model",
            "edit",
            "Liver",
            "--set",
            "version=second",
            "-m",
            "new",
        ])
        .succeeds();
    let shown = person.run(&["model", "show", "Liver"]).succeeds().stdout;
    assert!(shown.contains("second"), "{shown}");
    let before = person
        .run(&["model", "show", "nnUNet/Liver@1"])
        .succeeds()
        .stdout;
    assert!(!before.contains("second"), "{before}");
    person.run(&["model", "enable", "Liver", "Lung"]).succeeds();
    person
        .run(&["model", "edit", "Liver", "--set", "version=3"])
        .ends_with(2)
        .tells("-m");
    person.run(&["model", "disable", "Liver"]).succeeds();
    assert_eq!(
        person.json(&["model", "list", "--search", "liver"])[0]["state"],
        "disabled"
    );
    // What cannot be done there is done nowhere.
    person
        .run(&["token", "list"])
        .ends_with(2)
        .tells("this machine alone");
    let events = server.here.json(&["audit", "list"]);
    assert!(serde_json::to_string(&events).unwrap().contains("bot"));
    // A server that is not there, and one that is none.
    person
        .run(&["model", "list", "--server", "http://models.example.org"])
        .ends_with(2);
}
