//! An installation whose models are in a bucket.

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
    let (here, doctor) = run(here, &["doctor"]).await;
    let doctor = doctor.ends_with(6);
    assert!(doctor.stdout.contains("no bucket"), "{}", doctor.stdout);
    let (here, init) = run(here, &["init", "--sample"]).await;
    init.succeeds().tells("made the bucket");
    let (here, again) = run(here, &["init", "--sample"]).await;
    again.succeeds().tells("nothing was changed");
    let (here, doctor) = run(here, &["doctor"]).await;
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
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let waiting = tokio::spawn(run(at(port), &["init", "--wait", "60"]));
    // Its first look gets no answer.
    drop(listener.accept().await.unwrap());
    drop(listener);
    let server = S3Server::on(port).await;
    let (_, init) = waiting.await.unwrap();
    init.succeeds();
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_it_says_what_to_do() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (_, init) = run(at(port), &["init"]).await;
    init.ends_with(6).tells("nothing listens at its address");
}
