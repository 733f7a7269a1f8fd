//! A registry that has its bucket give packages.

use std::fs;

use http::Method;

use crate::installation::Installation;
use crate::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::server::{Cut, Server};

/// A registry on a bucket that other machines know by this address.
fn registry(bucket: &S3Server, public: &str) -> Server {
    Server::on(configured(bucket, public))
}

fn configured(bucket: &S3Server, public: &str) -> Installation {
    let here = Installation::new();
    let port = bucket.address.port();
    let settings = format!(
        "[model_db]\nhost = \"127.0.0.1\"\nport = {port}\nusername = \"{ACCESS_KEY}\"\n\
         redirect_downloads = true\npublic_url = \"{public}\"\n"
    );
    here.write("config/config.toml", &settings);
    let secret = format!("[model_db]\npassword = \"{SECRET_KEY}\"\n");
    here.write("config/secrets.toml", &secret);
    here
}

/// The requests to the bucket with an address that was signed.
fn signed(bucket: &S3Server) -> usize {
    let is_signed = |it: &(Method, String)| it.1.contains("X-Amz-Signature=");
    bucket.served().into_iter().filter(is_signed).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_comes_from_the_bucket_and_goes_on_where_it_broke_off() {
    let bucket = S3Server::start().await;
    let way = Cut::answers_of(&bucket.address.to_string(), 400_000, 2);
    tokio::task::block_in_place(|| {
        let server = registry(&bucket, &way.url);
        let job = server.client();
        let weights: Vec<u8> = (0..1_000_000_u32)
            .flat_map(|n| (n * 7).to_le_bytes())
            .collect();
        fs::write(job.path("weights.bin"), &weights[..1_000_000]).unwrap();
        let file = job.path("weights.bin");
        let file = file.to_str().unwrap();
        job.run(&["model", "upload", file, "--name", "tensorflow/Large"])
            .succeeds();
        assert_eq!(signed(&bucket), 0, "bytes go in by the registry");
        let into = job.path("models");
        let into = into.to_str().unwrap();
        let pull = ["model", "pull", "tensorflow/Large", "--into", into];
        job.run(&pull).succeeds();
        let pulled = fs::read(job.path("models/Large/weights.bin")).unwrap();
        assert!(pulled == weights[..1_000_000]);
        assert_eq!(signed(&bucket), 3, "twice it broke off");
        // No byte more than there are, but for what was on the way when it broke off.
        assert!(way.passed() < 1_200_000, "{}", way.passed());
        job.run(&["model", "verify", "--dir", into]).succeeds();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_cannot_be_reached_is_named() {
    let bucket = S3Server::start().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    tokio::task::block_in_place(|| {
        let server = registry(&bucket, &nowhere);
        let job = server.client();
        let file = job.write("weights.bin", "weights");
        let file = file.to_str().unwrap();
        job.run(&["model", "upload", file, "--name", "tensorflow/Small"])
            .succeeds();
        let into = job.path("models");
        let pull = [
            "model",
            "pull",
            "tensorflow/Small",
            "--into",
            into.to_str().unwrap(),
        ];
        job.run(&pull)
            .ends_with(6)
            .tells(&format!(
                "{nowhere} give the package, and that does not answer"
            ))
            .tells("STORAGE_PUBLIC_URL");
    });
}

/// An answer to everything, as of a proxy that changes what was signed.
fn refusing() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let body = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
            let answer = format!(
                "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tries_an_address_as_clients_get_it() {
    let bucket = S3Server::start().await;
    let door = bucket.another_door().await;
    let there = format!("http://{}", door.address);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    tokio::task::block_in_place(|| {
        let look = |public: &str| {
            let here = configured(&bucket, public);
            here.run(&["init"]).succeeds();
            let checks = here.run(&["doctor", "--output", "json"]).json();
            let checks = checks["checks"].as_array().unwrap().clone();
            let found = checks
                .into_iter()
                .find(|it| it["name"] == "package addresses");
            let found = found.unwrap();
            assert!(!found.to_string().contains("X-Amz"), "{found}");
            (found["state"].clone(), found["message"].clone())
        };
        assert_eq!(look(&there).0, "ok");
        let (state, message) = look(&refusing());
        assert_eq!(state, "failed");
        let message = message.as_str().unwrap();
        assert!(
            message.ends_with("403 Forbidden SignatureDoesNotMatch"),
            "{message}"
        );
        let (state, message) = look(&nowhere);
        assert_eq!(state, "warning");
        let message = message.as_str().unwrap();
        assert!(message.contains("Connection refused"), "{message}");
    });
}
