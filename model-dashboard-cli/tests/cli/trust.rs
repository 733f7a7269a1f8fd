//! Models and the packages that they have.

use crate::installation::Installation;
use crate::server::Server;

/// A call of `os.system`, as a pickle.
const HARMFUL: &str = "cos\nsystem\n(S'id'\ntR.";

const ENABLE: [&str; 3] = ["model", "enable", "nnUNet/Evil"];

/// With a disabled model `nnUNet/Evil` whose package is dangerous.
fn with_package() -> Installation {
    let here = Installation::begun();
    let file = here.write("weights.pkl", HARMFUL);
    let upload = ["model", "upload", file.to_str().unwrap()];
    here.run(&[&upload[..], &["--name", "nnUNet/Evil"]].concat())
        .succeeds();
    here
}

#[test]
fn a_model_with_a_dangerous_package_is_enabled_with_a_reason_alone() {
    let here = with_package();
    here.run(&ENABLE)
        .ends_with(4)
        .tells("which is dangerous")
        .tells("--override REASON");
    here.run(&[&ENABLE[..], &["-m", "I want to"]].concat())
        .ends_with(4);
    let into = here.path("fetched");
    let pull = ["model", "pull", "Evil", "--into", into.to_str().unwrap()];
    here.run(&pull)
        .succeeds()
        .tells("is not enabled")
        .tells("the package is dangerous");
    here.run(&["model", "pull", "Evil", "--format", "argo"])
        .tells("is not enabled")
        .tells("the package is dangerous");
    here.run(&[&ENABLE[..], &["--override", ""]].concat())
        .ends_with(2);
    here.run(&[&ENABLE[..], &["--override", "read by two people"]].concat())
        .succeeds();
    let log = here.json(&["audit", "list"]).to_string();
    assert!(log.contains("read by two people"), "{log}");
}

#[test]
fn a_server_takes_the_word_of_an_administrator_alone() {
    let server = Server::on(with_package());
    let publisher = server.client();
    publisher
        .run(&ENABLE)
        .ends_with(4)
        .tells("which is dangerous")
        .tells("--override REASON");
    let despite = [&ENABLE[..], &["--override", "read by two people"]].concat();
    publisher.run(&despite).ends_with(5).tells("system:admin");

    let here = &server.here;
    let account = ["user", "create", "chief", "--service", "--team", "ct"];
    here.run(&[&account[..], &["--role", "admin"]].concat())
        .succeeds();
    let scopes = "models:read,models:write,models:enable,system:admin";
    let token = ["token", "create", "--owner", "chief", "-d", "a test"];
    let made = here.json(&[&token[..], &["--scope", scopes]].concat());
    let chief = Installation::new()
        .with("MODEL_DASHBOARD_URL", &server.api)
        .with("MODEL_DASHBOARD_TOKEN", made["secret"].as_str().unwrap());
    chief.run(&ENABLE).ends_with(4);
    chief.run(&despite).succeeds();
    let listed = publisher.json(&["model", "list"]);
    assert_eq!(listed[0]["state"], "enabled");
    let log = here.json(&["audit", "list"]).to_string();
    for told in [
        "read by two people",
        "enabled whatever its package",
        "chief",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
}

#[test]
fn what_may_not_run_correctly_is_enabled_where_that_is_meant() {
    let here = Installation::begun();
    let file = here.write("notes.bin", "nothing that runs");
    let upload = ["model", "upload", file.to_str().unwrap()];
    here.run(&[&upload[..], &["--name", "nnUNet/Notes"]].concat())
        .succeeds();
    let server = Server::on(here);
    let client = server.client();
    for at in [&client, &server.here] {
        let enable = ["model", "enable", "nnUNet/Notes"];
        for refused in [
            &enable[..],
            &["model", "edit", "nnUNet/Notes", "--set", "enabled=true"],
        ] {
            at.run(refused)
                .ends_with(4)
                .tells("no framework is known that loads the package")
                .tells("enable MODEL --incomplete");
        }
        at.run(&[&enable[..], &["--incomplete"]].concat())
            .succeeds()
            .tells("may not run correctly: no framework");
        at.run(&["model", "disable", "nnUNet/Notes"]).succeeds();
    }
}

#[test]
fn another_name_than_the_package_says_is_given_where_that_is_meant() {
    let server = Server::start();
    let package = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../model-dashboard-lib/tests/packages/genuine/nnunet_v2_two_folds.zip"
    );
    let upload = ["model", "upload", package, "--name", "nnUNet_v2/Liver"];
    let done = server.here.json(&upload);
    assert_eq!(done["lacking"], serde_json::json!([]));
    let client = server.client();
    let (mut at, mut from) = (&server.here, "nnUNet_v2/Liver".to_owned());
    for to in ["MIST/Liver", "nnUNet_v2/Dataset555_Liver"] {
        let rename = ["model", "rename", &from, to];
        at.run(&rename)
            .ends_with(4)
            .tells("may not be meant")
            .tells("hint: --as-typed renames it all the same");
        at.run(&[&rename[..], &["--as-typed"]].concat()).succeeds();
        (at, from) = (&client, to.to_owned());
    }
}

#[test]
fn how_far_packages_must_be_trusted_is_a_setting() {
    let here = with_package().with("PACKAGE_TRUST", "dangerous");
    here.run(&[&ENABLE[..], &["--incomplete"]].concat())
        .succeeds();
    let here = Installation::new().with("PACKAGE_TRUST", "high");
    here.run(&["model", "list"])
        .ends_with(2)
        .tells("unscannable, unknown or expected");
}
