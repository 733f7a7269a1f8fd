//! `model upload --draft` and `model draft`, here and at a server.

use crate::installation::Installation;
use crate::server::Server;

const PACKAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../model-dashboard-lib/tests/packages/genuine/nnunet_v2_two_folds.zip"
);
const OTHER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../model-dashboard-lib/tests/packages/genuine/nnunet_v2_fold_all.zip"
);
const MODEL: &str = "nnUNet_v2/Liver";

/// An enabled model whose first label is another structure than the package says.
fn with_a_model() -> Installation {
    let here = Installation::begun();
    let spleen = "contour_names.1=spleen";
    here.run(&["model", "create", MODEL, "--set", spleen])
        .succeeds();
    here.run(&["model", "enable", MODEL]).succeeds();
    here
}

/// All that a draft goes through; the data are those of `host`.
fn goes_through(host: &Installation, at: &Installation) {
    let upload = ["model", "upload", PACKAGE, "--draft", "--name"];
    at.run(&[&upload[..], &["MIST/Other"]].concat())
        .ends_with(3)
        .tells("no model MIST/Other");
    let upload = [&upload[..], &[MODEL]].concat();
    at.run(&["model", "draft", "show", MODEL])
        .ends_with(3)
        .tells("nothing is proposed");

    let take = ["--take", "labels", "-m", "trained again"];
    let kept = at.json(&[&upload[..], &take].concat());
    let package = kept["draft"]["package"].as_str().unwrap();
    assert_eq!(kept["draft"]["take"], serde_json::json!(["labels"]));
    let model = host.json(&["model", "show", MODEL]);
    assert!(model["registry"]["package"].is_null(), "{model}");
    assert_eq!(model["contour_names"]["1"], "spleen");

    let listed = at.json(&["model", "draft", "list", "Liver"]);
    assert_eq!(listed[0]["package"], package);
    assert_eq!(listed[0]["message"], "trained again");
    let all = at.run(&["model", "draft", "list"]).succeeds().stdout;
    let digest = &listed[0]["sha256"].as_str().unwrap()[..12];
    for told in [
        MODEL,
        package,
        "nnunet_v2_two_folds.zip",
        digest,
        "trained again",
    ] {
        assert!(all.contains(told), "{told}: {all}");
    }
    let shown = at.run(&["model", "draft", "show", MODEL]).succeeds().stdout;
    for told in [package, "BREAKING: redefined", "spleen", "FAILED", "PASSED"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    at.run(&[&upload[..], &take].concat())
        .succeeds()
        .tells("the same draft of nnUNet_v2/Liver waits already");
    let again = at.json(&[&upload[..], &take].concat());
    assert_eq!(again["draft"]["package"], package);
    at.run(&["model", "draft", "show", MODEL, digest])
        .succeeds();
    at.run(&["model", "draft", "show", MODEL, "0123456789ab"])
        .ends_with(3);
    let shown = at.json(&["model", "draft", "show", MODEL, package]);
    assert_eq!(shown["changes"]["breaking"], true);
    assert_eq!(shown["file_name"], "nnunet_v2_two_folds.zip");

    let model = at.run(&["model", "show", MODEL]).succeeds().stdout;
    assert!(model.contains("1 waits for a decision"), "{model}");

    // A second one, which is discarded.
    let other = at.json(&["model", "upload", OTHER, "--draft", "--name", MODEL]);
    let other = other["draft"]["package"].as_str().unwrap();
    at.run(&["model", "draft", "show", MODEL])
        .ends_with(2)
        .tells("several drafts");
    let discard = ["model", "draft", "discard", MODEL, other];
    at.run(&discard).ends_with(2).tells("--yes");
    at.run(&[&discard[..], &["--yes", "-m", "worse"]].concat())
        .succeeds();
    at.run(&discard).ends_with(3).tells("no draft");

    let publish = ["model", "draft", "publish", MODEL];
    at.run(&publish)
        .ends_with(4)
        .tells("label 1 was spleen and is");
    let published = at.json(&[&publish[..], &["--yes"]].concat());
    let model = at.run(&["model", "show", MODEL]).succeeds().stdout;
    assert!(model.contains("nnunet_v2_two_folds.zip, "), "{model}");
    assert!(!model.contains("waits for"), "{model}");
    let before = format!("{MODEL}@1");
    let before = at.run(&["model", "show", &before]).succeeds().stdout;
    assert!(!before.contains("nnunet_v2_two_folds.zip"), "{before}");
    assert_eq!(
        (&published["key"], &published["enabled"]),
        (&MODEL.into(), &true.into())
    );
    let model = host.json(&["model", "show", MODEL]);
    assert_eq!(model["registry"]["package"], package);
    assert_eq!(model["registry"]["message"], "trained again");
    assert_ne!(model["contour_names"]["1"], "spleen");
    let left = at.json(&["model", "draft", "list", MODEL]);
    assert_eq!(left, serde_json::json!([]));

    // The way back changes what labels mean as well.
    let restore = ["model", "restore", MODEL, "1", "-m", "it was better"];
    let asked = at.run(&restore).ends_with(4);
    let asked = asked
        .tells("stand for something else in revision 1")
        .tells("BREAKING: redefined")
        .tells("--yes");
    // It stays enabled, though it was not when that revision was made.
    assert!(!asked.stderr.contains("disabled"), "{}", asked.stderr);
    at.run(&[&restore[..], &["--yes"]].concat()).succeeds();
    let model = host.json(&["model", "show", MODEL]);
    assert_eq!(model["contour_names"]["1"], "spleen");
}

#[test]
fn a_draft_waits_until_somebody_decides() {
    let here = with_a_model();
    goes_through(&here, &here);
}

#[test]
fn a_draft_waits_at_a_server_too() {
    let server = Server::on(with_a_model());
    goes_through(&server.here, &server.client());
}

#[test]
fn a_package_of_another_model_is_given_to_none_unless_it_is_meant() {
    let server = Server::start();
    for (at, name) in [
        (&server.client(), "MIST/There"),
        (&server.here, "MIST/Here"),
    ] {
        let upload = ["model", "upload", PACKAGE, "--name", name];
        at.run(&upload)
            .ends_with(4)
            .tells("for the network type nnUNet_v2, not MIST")
            .tells("--as-typed");
        server.here.run(&["model", "show", name]).ends_with(3);
        let made = at.json(&[&upload[..], &["--as-typed"]].concat());
        assert_eq!(made["published"]["new"], true, "{made}");
        let draft = ["model", "upload", OTHER, "--name", name, "--draft"];
        at.run(&draft).ends_with(4).tells("--as-typed");
        at.run(&[&draft[..], &["--as-typed"]].concat()).succeeds();
    }
}

#[test]
fn what_changes_its_meaning_is_shown_before_it_is_published() {
    let server = Server::on(with_a_model());
    for at in [&server.client(), &server.here] {
        let before = server.here.json(&["model", "show", MODEL]);
        let upload = ["model", "upload", PACKAGE, "--name", MODEL, "-m", "why"];
        // Nobody can be asked, and --yes is said of something else.
        at.run(&[&upload[..], &["--yes"]].concat())
            .ends_with(4)
            .tells("spleen")
            .tells("liver")
            .tells("--breaking");
        assert_eq!(server.here.json(&["model", "show", MODEL]), before);
        let done = at.json(&[&upload[..], &["--breaking", "--take", "none"]].concat());
        let label = &done["published"]["drift"]["labels"][0];
        assert_eq!(
            (&label["before"][0], &label["after"][0]),
            (&"spleen".into(), &"liver".into())
        );
        at.run(&[&upload[..], &["--breaking", "--take", "labels,none"]].concat())
            .ends_with(2);
        server
            .here
            .run(&["model", "restore", MODEL, "1", "-m", "back", "--yes"])
            .succeeds();
    }
}

#[test]
fn what_may_not_run_is_shown_before_jobs_get_it() {
    let server = Server::on(with_a_model());
    let file = server.here.write("notes.bin", "nothing that runs");
    let file = file.to_str().unwrap();
    for at in [&server.client(), &server.here] {
        let before = server.here.json(&["model", "show", MODEL]);
        let upload = ["model", "upload", file, "--name", MODEL, "-m", "why"];
        at.run(&[&upload[..], &["--yes"]].concat())
            .ends_with(4)
            .tells("no framework is known that loads the package")
            .tells("hint: --incomplete publishes it all the same");
        assert_eq!(server.here.json(&["model", "show", MODEL]), before);
        let done = at.json(&[&upload[..], &["--incomplete"]].concat());
        assert_eq!(done["published"]["key"], MODEL);
        // What it has already changes nothing.
        let again = at.json(&upload);
        assert_eq!(
            again["published"]["revision"],
            done["published"]["revision"]
        );
        assert!(again["upload"].is_null(), "{again}");
        server
            .here
            .run(&["model", "restore", MODEL, "1", "-m", "back", "--yes"])
            .succeeds();
    }
}

#[test]
fn what_is_published_at_once_takes_over_what_it_is_told_to() {
    let server = Server::start();
    for at in [&server.client(), &server.here] {
        let upload = ["model", "upload", PACKAGE, "--name", MODEL];
        at.run(&upload).succeeds();
        let none = ["model", "edit", MODEL, "--set", "contour_names=null"];
        server.here.run(&none).succeeds();
        at.run(&[&upload[..], &["--take", "labels,version"]].concat())
            .ends_with(2)
            .tells("does not tell the version");
        at.run(&[&upload[..], &["--take", "labels"]].concat())
            .succeeds();
        let model = server.here.json(&["model", "show", MODEL]);
        assert_eq!(model["contour_names"]["1"], "liver", "{model}");
        server
            .here
            .run(&["model", "delete", MODEL, "--yes"])
            .succeeds();
    }
}
