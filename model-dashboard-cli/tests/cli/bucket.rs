//! An installation whose models are in a bucket.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::installation::{Installation, Run};
use crate::s3_server::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY};

/// An installation on a bucket that is not there yet.
fn installation(server: &S3Server) -> Installation {
    std::fs::remove_dir(server.folder.path().join(BUCKET)).unwrap();
    at(server.address.port())
}

fn at(port: u16) -> Installation {
    Installation::new()
        .with("MINIO_HOST", "127.0.0.1")
        .with("MINIO_PORT", &port.to_string())
        .with("MINIO_USERNAME", ACCESS_KEY)
        .with("MINIO_PASSWORD", SECRET_KEY)
}

/// Runs a command while the server answers.
async fn run(here: Installation, arguments: &'static [&'static str]) -> (Installation, Run) {
    let ran = tokio::task::spawn_blocking(move || {
        let run = here.run(arguments);
        (here, run)
    });
    ran.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_made_filled_tried_and_listed() {
    let server = S3Server::start().await;
    let here = installation(&server);
    let (here, doctor) = run(here, &["doctor", "--output", "json"]).await;
    let doctor = doctor.ends_with(6);
    assert!(doctor.stdout.contains("no bucket"), "{}", doctor.stdout);
    let (here, init) = run(here, &["init", "--sample"]).await;
    init.succeeds().tells("made the bucket");
    let (here, again) = run(here, &["init", "--sample"]).await;
    again.succeeds().tells("nothing was changed");
    let (here, doctor) = run(here, &["doctor", "--output", "json"]).await;
    let doctor = doctor.succeeds();
    assert!(
        doctor.stdout.contains("by several at once"),
        "{}",
        doctor.stdout
    );
    let (_, list) = run(here, &["model", "list", "--output", "json"]).await;
    let models = list.succeeds().json();
    assert!(models["models"].as_array().unwrap().len() >= 8, "{models}");
}

#[tokio::test(flavor = "multi_thread")]
async fn init_waits_for_the_server_of_the_bucket() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let here = at(port);
    let mut init = here.command(&["init", "--wait", "60"]);
    let mut init = init
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(init.stderr.take().unwrap());
    let mut said = said.lines().map(Result::unwrap);
    let waits = tokio::task::block_in_place(|| said.any(|line| line.contains("waiting: ")));
    assert!(waits, "it says that it waits");
    let server = S3Server::on(port).await;
    let (ended, rest) = tokio::task::block_in_place(|| (init.wait(), said.collect::<Vec<_>>()));
    assert!(ended.unwrap().success(), "{rest:?}");
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_managed_while_the_bucket_is_out_of_reach() {
    let server = S3Server::start().await;
    let (here, init) = run(installation(&server), &["init"]).await;
    init.succeeds();
    drop(server);
    let (here, created) = run(
        here,
        &["user", "create", "mia", "--role", "viewer", "--generate"],
    )
    .await;
    created.succeeds();
    let (here, listed) = run(here, &["user", "list"]).await;
    assert!(listed.succeeds().stdout.contains("mia"));
    let (here, models) = run(here, &["model", "list"]).await;
    let models = models.ends_with(6).tells("nothing listens");
    // Once, with what to do, and in no colours.
    assert_eq!(models.stderr.matches("listens").count(), 1);
    let lines: Vec<_> = models.stderr.lines().collect();
    let [error, hint] = lines.as_slice() else {
        panic!("{}", models.stderr)
    };
    assert!(error.starts_with("error: model_db.host (variable MINIO_HOST): "));
    assert_eq!(*hint, "hint: check host and port, and whether it runs");
    let (_, doctor) = run(here, &["doctor"]).await;
    let doctor = doctor.ends_with(6);
    assert!(doctor.stdout.contains("audit"), "{}", doctor.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_to_do_and_names_the_setting_that_is_wrong() {
    let server = S3Server::start().await;
    let (here, init) = run(installation(&server), &["init"]).await;
    init.succeeds();
    let here = here.with("MINIO_PASSWORD", "wrong");
    let (here, table) = run(here, &["doctor"]).await;
    for line in table.ends_with(6).stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let (here, doctor) = run(here, &["doctor", "--output", "json"]).await;
    let checks = doctor.ends_with(6).json();
    let check = |name: &str| {
        let checks = checks["checks"].as_array().unwrap().iter();
        checks
            .into_iter()
            .find(|check| check["name"] == name)
            .unwrap()
    };
    let bucket = check("bucket");
    assert_eq!(
        bucket["message"],
        "model_db.password (variable MINIO_PASSWORD): the model store is not available: the \
         secret key does not belong to the access key"
    );
    assert_eq!(
        bucket["fix"],
        "check MINIO_PASSWORD or AWS_SECRET_ACCESS_KEY"
    );
    let cause = bucket["cause"].as_str().unwrap();
    assert!(cause.contains("SignatureDoesNotMatch"), "{cause}");
    // It is told once.
    assert_eq!(check("models")["fix"], "see to the bucket first");

    let here = here
        .with("MINIO_PASSWORD", SECRET_KEY)
        .with("MINIO_BUCKET", "another-bucket");
    let (_, doctor) = run(here, &["doctor", "--output", "json"]).await;
    let stdout = doctor.ends_with(6).stdout;
    assert!(
        stdout.contains("model_db.bucket (variable MINIO_BUCKET)"),
        "{stdout}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_it_says_what_to_do() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (_, init) = run(at(port), &["init"]).await;
    init.ends_with(6).tells("nothing listens at its address");
}
