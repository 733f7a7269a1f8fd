//! Packages through the history of a model.

use crate::server::Server;

fn genuine(name: &str) -> String {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../model-dashboard-lib/tests/packages/genuine"
    );
    format!("{folder}/{name}")
}

#[test]
fn a_difference_names_the_files_of_packages_and_restoring_brings_one_back() {
    let server = Server::start();
    let job = server.client();
    let upload = |name: &str| {
        let file = genuine(name);
        let sent = ["model", "upload", &file, "--name", "MIST/Liver"];
        // Their labels differ.
        let sent = [&sent[..], &["--breaking", "--take", "none"]].concat();
        job.json(&sent)["digest"].as_str().unwrap().to_owned()
    };
    let first = upload("mist_ct.zip");
    let second = upload("mist_two_folds.zip");
    let here = &server.here;
    let diff = here.json(&["model", "diff", "MIST/Liver", "1"]);
    let package = &diff["package"];
    assert_eq!(package["before"]["digest"], first.as_str());
    assert_eq!(package["after"]["digest"], second.as_str());
    let files = package["contents"]["files"].as_array().unwrap();
    let is_added = |file: &&serde_json::Value| file["change"] == "added";
    let added = files.iter().find(is_added).unwrap();
    assert!(added["before"].is_null() && added["after"]["size"].is_u64());
    let table = here
        .run(&["model", "diff", "MIST/Liver", "1", "2"])
        .succeeds();
    for told in ["package before", "mist_ct.zip", "FILE", "the same: "] {
        assert!(table.stdout.contains(told), "{told}: {}", table.stdout);
    }
    here.run(&["model", "restore", "MIST/Liver", "1", "--yes"])
        .succeeds();
    let shown = here.json(&["model", "diff", "MIST/Liver", "1", "3"]);
    assert!(shown["package"].is_null(), "{shown}");

    // What must not exist does not come back, and that is told.
    let purge = ["package", "purge", &second, "--reason", "patients", "--yes"];
    here.run(&purge).succeeds();
    let table = here
        .run(&["model", "diff", "MIST/Liver", "1", "2"])
        .succeeds();
    assert!(table.stdout.contains("PURGED"), "{}", table.stdout);
    here.run(&["model", "restore", "MIST/Liver", "2", "--yes"])
        .succeeds()
        .tells("was purged");

    // As on this machine; why is for administrators.
    let again = genuine("mist_two_folds.zip");
    let again = ["model", "upload", &again, "--name", "MIST/Liver"];
    let told = job.run(&again).ends_with(4);
    let hint = format!("package allow {second}");
    let (told, hint) = (told.stderr.as_str(), hint.as_str());
    assert!(told.contains(hint) && !told.contains("patients"), "{told}");
    let told = here.run(&again).ends_with(4);
    assert!(told.stderr.contains(hint) && told.stderr.contains("patients"));
    // No job finds it: the model goes back to it while it is disabled alone.
    here.run(&["model", "restore", "MIST/Liver", "1", "--yes"])
        .succeeds();
    here.run(&["model", "enable", "MIST/Liver"]).succeeds();
    here.run(&["model", "restore", "MIST/Liver", "2", "-m", "why"])
        .ends_with(4)
        .tells("disable the model first");
}
