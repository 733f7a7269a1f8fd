//! `init`.

use std::fs;

use serde_json::json;

use crate::installation::{EXISTING, Installation, fields};

#[test]
fn a_fresh_installation_gets_an_administrator_and_samples_once() {
    let here = Installation::new();
    let first = here.json(&["init", "--sample"]);
    assert_eq!(
        fields(&first),
        [
            "administrator",
            "changed",
            "made_bucket",
            "models",
            "samples"
        ]
    );
    assert_eq!(first["changed"], true);
    assert_eq!(first["administrator"]["state"], "created");
    assert_eq!(first["administrator"]["username"], "admin");
    assert!(first["samples"].as_u64().unwrap() >= 8);

    let file = here.path(first["administrator"]["password_file"].as_str().unwrap());
    assert_eq!(fs::read_to_string(&file).unwrap().trim().len(), 20);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let events = here.json(&["audit", "list"])["events"]
        .as_array()
        .unwrap()
        .len();
    let models = here.json(&["model", "list"]);
    let enabled = here.json(&["model", "list", "--state", "enabled"]);
    assert_eq!(enabled["models"], json!([]), "jobs find none");
    let again = here
        .run(&["init", "--sample", "--output", "json"])
        .succeeds()
        .tells("nothing was changed");
    assert_eq!(again.json()["changed"], false);
    assert_eq!(again.json()["administrator"]["state"], "present");
    assert_eq!(here.json(&["model", "list"]), models);
    assert_eq!(
        here.json(&["audit", "list"])["events"]
            .as_array()
            .unwrap()
            .len(),
        events
    );
}

#[test]
fn samples_do_not_come_back_once_they_were_deleted() {
    let here = Installation::new();
    here.run(&["init", "--sample"]).succeeds();
    let models = here.json(&["model", "list"]);
    for model in models["models"].as_array().unwrap() {
        let (kind, name) = (&model["network_type"], &model["name"]);
        let key = format!("{}/{}", kind.as_str().unwrap(), name.as_str().unwrap());
        here.run(&["model", "delete", &key, "--yes"]).succeeds();
    }
    let again = here.run(&["init", "--sample"]).succeeds();
    again.tells("held models already");
    assert_eq!(here.json(&["model", "list"])["models"], json!([]));
}

#[test]
fn given_definitions_are_put_in_and_what_is_there_stays() {
    let here = Installation::new().with("ADMIN_PASSWORD", "correct horse battery");
    here.write(
        "models/a.json",
        r#"{"name":"A","network_type":"nnUNet","enabled":true}"#,
    );
    here.write("models/MIST/B", r#"{"alias":"by its place"}"#);
    here.write("models/.hidden.json", "no definition");
    let first = here.json(&["init", "--from", "models"]);
    assert_eq!(first["models"]["created"], 2);
    assert!(first["administrator"]["password_file"].is_null());
    assert_eq!(
        here.json(&["model", "show", "MIST/B"])["alias"],
        "by its place"
    );

    here.run(&[
        "model",
        "edit",
        "A",
        "--set",
        "alias=mine",
        "-m",
        "local name",
    ])
    .succeeds();
    let again = here
        .run(&["init", "--from", "models", "--output", "json"])
        .succeeds()
        .tells("nothing was changed");
    assert_eq!(
        (
            &again.json()["models"]["kept"],
            &again.json()["models"]["unchanged"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(here.json(&["model", "show", "A"])["alias"], "mine");
}

#[test]
fn what_cannot_be_taken_in_is_told_and_the_rest_is() {
    let here = Installation::new();
    let bucket = format!("{EXISTING}/bucket");
    let run = here
        .run(&["init", "--from", &bucket, "--output", "json"])
        .ends_with(2);
    assert_eq!(run.json()["models"]["created"], 7);
    assert_eq!(run.json()["models"]["failed"], 3);
    let all = [
        "error: 10 definitions: 7 created, 3 failed\n",
        "hint: mend what is named above and run `init` again",
    ];
    assert!(
        all.iter().all(|line| run.stderr.contains(line)),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.matches("failed").count(), 1, "{}", run.stderr);
    assert!(!run.stderr.contains("nothing was changed"));
    here.run(&["init", "--from", "missing"]).ends_with(3);
    here.write("given/none.json", "[]");
    here.run(&["init", "--from", "given"])
        .ends_with(3)
        .tells("none.json holds no definition");
    here.write("given/nnUNet/Liver", "{}");
    here.run(&["init", "--from", "given"])
        .succeeds()
        .tells("none.json holds no definition")
        .tells("1 definition: 1 created");
}

#[test]
fn an_installation_without_an_administrator_says_how_to_make_one() {
    let here = Installation::existing();
    let run = here
        .run(&["init", "--output", "json"])
        .succeeds()
        .tells("no active administrator")
        .tells("model-dashboard user set-role 'admin' admin");
    assert_eq!(run.json()["administrator"]["state"], "missing");
    here.run(&["user", "set-role", "admin", "admin"]).succeeds();
    assert_eq!(here.json(&["init"])["administrator"]["state"], "present");
}

#[test]
fn a_configured_password_that_cannot_be_taken_is_named_by_its_setting() {
    let here = Installation::new().with("ADMIN_PASSWORD", "canary");
    let run = here.run(&["init"]).ends_with(2);
    let run = run.tells("admin.password (variable ADMIN_PASSWORD): a new password needs");
    assert!(!run.stderr.contains("canary"));
    assert_eq!(here.json(&["user", "list"])["users"], json!([]));
}
