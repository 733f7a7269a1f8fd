//! Packages by way of a running server.

use std::fs;
use std::path::Path;

use crate::installation::{Installation, Run};
use crate::server::{Cut, Server};

const GENUINE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../model-dashboard-lib/tests/packages/genuine"
);

pub(crate) fn genuine(name: &str) -> String {
    format!("{GENUINE}/{name}")
}

/// A folder of a network whose weights are this large.
pub(crate) fn network(here: &Installation, weights: usize) -> String {
    let network = "Dataset001_X/T__P__2d";
    here.write(&format!("results/{network}/plans.json"), "{}");
    here.write(&format!("results/{network}/dataset.json"), "{}");
    let fold = format!("results/{network}/fold_0");
    here.write(&format!("{fold}/validation/summary.json"), "{}");
    here.write(&format!("{fold}/checkpoint_best.pth"), "another");
    // Nothing that a proxy could make smaller: the digits of a generator (xorshift).
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let bytes = (0..weights / 8).flat_map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    fs::write(
        here.path(&format!("{fold}/checkpoint_final.pth")),
        bytes.collect::<Vec<u8>>(),
    )
    .unwrap();
    here.path("results").to_str().unwrap().to_owned()
}

/// What the labels of a model are called.
fn labels(at: &Installation, model: &str) -> String {
    at.json(&["model", "show", model])["contour_names"].to_string()
}

#[test]
fn a_package_goes_there_and_comes_back_to_where_its_framework_looks() {
    let server = Server::start();
    let job = server.client();
    let sent = job.run(&[
        "model",
        "upload",
        &genuine("nnunet_v2_two_folds.zip"),
        "--name",
        "nnUNet_v2/Liver",
    ]);
    let sent = sent
        .succeeds()
        .tells("nnUNet_v2/Liver is new, and disabled");
    assert!(sent.stdout.contains("nnU-Net"), "{}", sent.stdout);
    assert_eq!(
        labels(&job, "nnUNet_v2/Liver"),
        r#"{"1":"liver","2":"tumour"}"#
    );
    let dir = job.path("models");
    let dir = dir.to_str().unwrap();
    let pull = ["model", "pull", "Liver", "--into", dir, "--for", "batch-7"];
    let pulled = job.run(&pull).succeeds().tells("is not enabled");
    let expected = format!(
        "nnUNet_results={dir} nnUNetv2_predict -i INPUT -o OUTPUT -d Dataset901_RandomLiver -c 3d_fullres \
         -tr nnUNetTrainer -p nnUNetPlans -f 0 1\n"
    );
    assert_eq!(pulled.stdout, expected);
    let network = "Dataset901_RandomLiver/nnUNetTrainer__nnUNetPlans__3d_fullres";
    let receipt = fs::read_to_string(
        job.path("models")
            .join(network)
            .join(".model-dashboard.json"),
    );
    let receipt: serde_json::Value = serde_json::from_str(&receipt.unwrap()).unwrap();
    assert_eq!(receipt["reference"], "nnUNet_v2/Liver@1");
    assert_eq!(receipt["from"], server.api.as_str());

    // Once more finds it, and says the same.
    let again = job.run(&pull).succeeds().tells("was in");
    assert_eq!(again.stdout, expected);
    job.run(&["model", "verify", "--dir", dir]).succeeds();
    let plans = job.path("models").join(network).join("plans.json");
    let text = fs::read_to_string(&plans).unwrap();
    fs::write(&plans, "{}").unwrap();
    job.run(&["model", "verify", "--dir", dir])
        .ends_with(1)
        .tells("changed: ")
        .tells("plans.json");
    job.run(&pull).ends_with(4).tells("already there");
    fs::write(&plans, text).unwrap();
    job.run(&pull).succeeds();
    job.run(&["model", "verify", "--dir", job.path("").to_str().unwrap()])
        .succeeds();

    let events = server.here.json(&["audit", "list"]);
    let events = serde_json::to_string(&events).unwrap();
    assert_eq!(events.matches("for:batch-7").count(), 1, "{events}");
}

#[test]
fn a_revision_and_a_digest_are_taken_or_nothing() {
    let server = Server::start();
    let job = server.client();
    let upload = |file: &str| {
        let file = genuine(file);
        // The second one has other labels.
        let name = ["--name", "MIST/Liver", "--breaking"];
        job.json(&[&["model", "upload", &file][..], &name].concat())
    };
    let first = upload("mist_ct.zip");
    let second = upload("mist_two_folds.zip");
    assert_eq!(
        (&first["published"]["new"], &second["published"]["new"]),
        (&true.into(), &false.into())
    );
    let into = |name: &str| job.path(name).to_str().unwrap().to_owned();
    let digest = first["digest"].as_str().unwrap();
    let pull = ["model", "pull", "MIST/Liver", "--digest", digest, "--into"];
    job.run(&[&pull[..], &[&into("a")]].concat())
        .ends_with(4)
        .tells("another one");
    assert!(!job.path("a").exists());
    let pulled = job.json(&[&pull[..], &[&into("a"), "--revision", "1"]].concat());
    assert_eq!(
        (&pulled["reference"], &pulled["digest"]),
        (&"MIST/Liver@1".into(), &first["digest"])
    );
    let named = job.json(&["model", "pull", "MIST/Liver@2", "--into", &into("b")]);
    assert_eq!(named["digest"], second["digest"]);
    job.run(&[
        "model",
        "pull",
        "MIST/Liver@2",
        "--revision",
        "1",
        "--into",
        &into("c"),
    ])
    .ends_with(2);
    // Another model with the same bytes finds them under the name that they have.
    let file = genuine("mist_two_folds.zip");
    let same = ["model", "upload", &file, "--name", "MIST/Same"];
    job.run(&same).succeeds();
    let both = ["MIST/Liver", "MIST/Same"].map(|name| {
        let pull = ["model", "pull", name, "--into", &into("b")];
        job.run(&pull).succeeds().stdout
    });
    assert!(both[0].contains(&into("b/Liver")), "{both:?}");
    assert_eq!(both[0], both[1]);

    job.run(&["model", "pull", "Lung", "--into", &into("c")])
        .ends_with(3)
        .tells("no model Lung");
    job.run(&["model", "verify", "--dir", &into("c")])
        .ends_with(3);

    let template = job.run(&["model", "pull", "MIST/Liver", "--format", "argo"]);
    let template = template.succeeds().stdout;
    for expected in [
        "kind: WorkflowTemplate",
        "name: mist-liver",
        second["digest"].as_str().unwrap(),
        r#""--revision", "2""#,
        r#""--require-enabled""#,
        &server.api,
        "mist_predict --models-dir /models/Liver/models",
        "--output /data/output",
    ] {
        assert!(template.contains(expected), "{expected}: {template}");
    }
    assert!(!template.contains("mdb_"), "{template}");
    let template = ["model", "pull", "MIST/Liver", "--format", "argo"];
    let template = job.run(&[&template[..], &["--for", "batch 7"]].concat());
    let template = template.succeeds().tells("is this machine alone");
    assert!(template.stdout.contains(r#""--for", "batch 7""#));
}

#[test]
fn a_data_set_is_found_by_the_name_of_its_folder() {
    let server = Server::start();
    let job = server.client();
    let folder = network(&job, 8000) + "/Dataset001_X";
    let report = job.json(&["model", "inspect", &folder]);
    assert_eq!(report["description"]["name"], "Dataset001_X");
    job.run(&["model", "upload", &folder, "--name", "nnUNet_v2/X"])
        .succeeds();
    let dir = job.path("models");
    let pulled = job.json(&["model", "pull", "X", "--into", dir.to_str().unwrap()]);
    let network = dir.join("Dataset001_X/T__P__2d");
    assert_eq!(pulled["folders"][0]["path"], network.to_str().unwrap());

    // What counts is whether jobs may use the model now.
    let pull = ["model", "pull", "X", "--revision", "1", "--into"];
    let pull = [&pull[..], &[dir.to_str().unwrap()]].concat();
    job.run(&["model", "enable", "X", "--incomplete"])
        .succeeds();
    for at in [&job, &server.here] {
        let told = at.run(&pull).succeeds().stderr;
        assert!(!told.contains("is not enabled"), "{told}");
    }
    job.run(&["model", "disable", "X", "-m", "why"]).succeeds();
    for at in [&job, &server.here] {
        at.run(&pull).succeeds().tells("nnUNet_v2/X is not enabled");
        let required = [&pull[..], &["--require-enabled"]].concat();
        at.run(&required)
            .ends_with(4)
            .tells("nnUNet_v2/X is not enabled");
    }
    // What cannot be undone is not done here where a server is meant.
    let purge = ["package", "purge", "nnUNet_v2/X", "--reason", "x", "--yes"];
    job.run(&purge).ends_with(2).tells("--local");
    job.run(&["storage", "gc"]).ends_with(2).tells("--local");
}

#[test]
fn a_folder_is_packed_on_the_way_and_without_what_is_not_needed() {
    let server = Server::start();
    let job = server.client();
    let folder = network(&job, 8000);
    let upload = [
        "model",
        "upload",
        &folder,
        "--without",
        "checkpoint_best,validation,nothing",
    ];
    let sent = job.run(&upload).succeeds();
    let sent = sent
        .tells("nothing is called nothing")
        .tells("--name TYPE/NAME");
    drop(sent.tells("checkpoint_best.pth"));
    // The second time it is there already.
    let sent = job.json(&[&upload[..], &["--name", "nnUNet_v2/X", "-m", "first"]].concat());
    assert_eq!(sent["published"]["key"], "nnUNet_v2/X");
    let dir = job.path("models");
    let pulled = job.json(&["model", "pull", "X", "--into", dir.to_str().unwrap()]);
    let network = dir.join("Dataset001_X/T__P__2d");
    assert_eq!(pulled["folders"][0]["path"], network.to_str().unwrap());
    let weights = |root: &Path| fs::read(root.join("fold_0/checkpoint_final.pth")).unwrap();
    assert_eq!(
        weights(&network),
        weights(&job.path("results/Dataset001_X/T__P__2d"))
    );
    assert!(!network.join("fold_0/checkpoint_best.pth").exists());
    assert!(!network.join("fold_0/validation").exists());
    let uploads: serde_json::Value = serde_json::from_str(&server.get("/api/v1/uploads")).unwrap();
    assert_eq!(uploads["total"], 0, "{uploads}");
}

const LARGE: usize = 6 << 20;

#[test]
fn a_download_goes_on_where_it_broke_off() {
    let server = Server::start();
    let job = server.client();
    let folder = network(&job, LARGE);
    job.run(&["model", "upload", &folder, "--name", "nnUNet_v2/X"])
        .succeeds();
    let dir = job.path("models");
    let pull = ["model", "pull", "X", "--into", dir.to_str().unwrap()];
    // Some connections are cut: the same run goes on.
    let proxy = Cut::answers(&server, 2 << 20, 2);
    job.run_at(&proxy.url, &pull).succeeds();
    assert!(
        proxy.passed() < LARGE as u64 + (3 << 20),
        "{}",
        proxy.passed()
    );
    // All are: the next run does.
    fs::remove_dir_all(&dir).unwrap();
    let proxy = Cut::answers(&server, 2 << 20, 0);
    proxy.end_after(2 << 20);
    job.run_at(&proxy.url, &pull)
        .ends_with(6)
        .tells("does not answer");
    assert!(!dir.join("Dataset001_X").exists());
    job.run(&pull).succeeds().tells("going on behind");
    let dir = dir.to_str().unwrap();
    job.run(&["model", "verify", "--dir", dir]).succeeds();
}

#[test]
fn an_upload_goes_on_where_it_broke_off() {
    let server = Server::start();
    let job = server.client();
    let folder = network(&job, LARGE);
    let upload = ["model", "upload", &folder, "--name", "nnUNet_v2/X"];
    let proxy = Cut::requests(&server, 2 << 20);
    proxy.end_after(3 << 20);
    job.run_at(&proxy.url, &upload).ends_with(6);
    let uploads: serde_json::Value = serde_json::from_str(&server.get("/api/v1/uploads")).unwrap();
    let received = uploads["uploads"][0]["received"].as_u64().unwrap();
    assert!(received > 0, "{uploads}");
    let rest = Cut::requests(&server, u64::MAX);
    job.run_at(&rest.url, &upload).succeeds();
    let most = LARGE as u64 + (64 << 10) - received;
    assert!(rest.passed() <= most, "{} of {most}", rest.passed());
}

#[test]
fn two_that_pull_the_same_at_once_both_have_it() {
    let server = Server::start();
    let job = server.client();
    let folder = network(&job, LARGE);
    job.run(&["model", "upload", &folder, "--name", "nnUNet_v2/X"])
        .succeeds();
    let dir = job.path("models");
    let pull = ["model", "pull", "X", "--into", dir.to_str().unwrap()];
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| job.run(&pull))).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let mut was_there = 0;
    for run in runs {
        let run = run.succeeds();
        was_there += usize::from(run.stderr.contains(" was in "));
    }
    assert_eq!(was_there, 2);
    let fetched = server.here.json(&["audit", "list"]);
    let fetched = serde_json::to_string(&fetched).unwrap();
    assert_eq!(
        fetched.matches("\"package.download\"").count(),
        1,
        "{fetched}"
    );
}

#[test]
fn an_empty_package_leaves_its_trace_as_well() {
    let server = Server::start();
    let (job, here) = (server.client(), &server.here);
    job.write("empty.bin", "");
    let file = job.path("empty.bin");
    let upload = ["model", "upload", file.to_str().unwrap(), "--name"];
    job.run(&[&upload[..], &["tensorflow/Empty"]].concat())
        .succeeds();
    let pull = ["model", "pull", "Empty", "--into"];
    for (from, dir) in [(&job, job.path("there")), (here, here.path("here"))] {
        from.run(&[&pull[..], &[dir.to_str().unwrap()]].concat())
            .succeeds()
            .tells("the package may not run correctly: no framework is known");
    }
    let events = here.json(&["audit", "list", "--action", "package.download"]);
    assert_eq!(
        events["events"].as_array().map(Vec::len),
        Some(2),
        "{events}"
    );
}

#[test]
fn without_a_server_packages_are_those_of_this_installation() {
    let here = Installation::begun();
    let sent = here.json(&[
        "model",
        "upload",
        &genuine("mist_ct.zip"),
        "--name",
        "MIST/Liver",
    ]);
    assert_eq!(sent["published"]["new"], true);
    assert_ne!(labels(&here, "MIST/Liver"), "null");
    let dir = here.path("models");
    let pulled = here.json(&[
        "model",
        "pull",
        "Liver",
        "--into",
        dir.to_str().unwrap(),
        "--for",
        "a test",
    ]);
    assert_eq!(pulled["digest"], sent["digest"]);
    assert!(dir.join("Liver/config.json").is_file());
    here.run(&["model", "verify", "--dir", dir.to_str().unwrap()])
        .succeeds();
    let events = serde_json::to_string(&here.json(&["audit", "list"])).unwrap();
    assert!(events.contains("for:a test"), "{events}");
    let template = ["model", "pull", "Liver", "--format", "argo"];
    let unknown = here.run(&template).succeeds().stdout;
    assert!(
        unknown.contains(r#"value: "URL-OF-THE-REGISTRY""#),
        "{unknown}"
    );
    let here = here.with("PUBLIC_URL", "https://models.example.org");
    let known = here.run(&template).succeeds().stdout;
    assert!(
        known.contains(r#"value: "https://models.example.org""#),
        "{known}"
    );
}

/// The lines of the README for jobs, in a shell.
#[test]
fn what_the_readme_says_from_a_job_works() {
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme.split_once("**Use a model from a job**").unwrap();
    let lines = rest.lines().skip_while(|line| !line.starts_with("    "));
    let lines: Vec<&str> = lines.map_while(|line| line.strip_prefix("    ")).collect();
    assert!(lines.len() >= 3, "{lines:?}");
    let server = Server::start();
    let package = genuine("nnunet_v2_two_folds.zip");
    let upload = ["model", "upload", &package, "--name", "nnUNet_v2/Liver"];
    server.client().run(&upload).succeeds();
    let job = Installation::new();
    job.write("token", &format!("{}\n", server.token));
    let script = lines
        .join("\n")
        .replace("http://127.0.0.1:8000", &server.api);
    let program = Path::new(env!("CARGO_BIN_EXE_model-dashboard"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let ran = std::process::Command::new("sh")
        .args(["-euc", &script])
        .current_dir(job.path(""))
        .env_clear()
        .env("PATH", path)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
    assert!(
        String::from_utf8_lossy(&ran.stdout).contains("nnUNetv2_predict"),
        "{told}"
    );
    assert!(job.path("models/Dataset901_RandomLiver").is_dir());
}
