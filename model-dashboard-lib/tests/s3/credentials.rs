//! Keys that the machine or the pod lends.

use std::net::SocketAddr;

use model_dashboard::config::{S3Config, S3Credentials, Secret};
use model_dashboard::repository::{ModelRepository as _, ObjectRepository};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY};

/// A server that lends the keys of the bucket: to the machine by version 2 of its metadata service,
/// to a pod that shows its token.
async fn lender() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(lend(stream));
        }
    });
    address
}

async fn lend(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let head = head.to_lowercase();
        let keys = format!(
            r#"{{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"{ACCESS_KEY}","SecretAccessKey":"{SECRET_KEY}","Token":"t","Expiration":"2999-01-01T00:00:00Z","LastUpdated":"2026-01-01T00:00:00Z"}}"#
        );
        let of_role = "get /latest/meta-data/iam/security-credentials/";
        let shown = head.contains("x-aws-ec2-metadata-token: lent\r\n");
        let (status, body) = match &head {
            head if head.starts_with("put /latest/api/token ") => ("200 OK", "lent".to_owned()),
            head if shown && head.starts_with(&format!("{of_role} ")) => {
                ("200 OK", "role".to_owned())
            }
            head if shown && head.starts_with(&format!("{of_role}role ")) => ("200 OK", keys),
            head if head.starts_with("get /pod ")
                && head.contains("authorization: of-the-pod\r\n") =>
            {
                ("200 OK", keys)
            }
            _ => ("403 Forbidden", String::new()),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
}

fn with(server: &S3Server, credentials: S3Credentials) -> S3Config {
    let endpoint = format!("http://{}", server.address);
    let mut config = S3Config::with_keys(endpoint, BUCKET, "none", Secret::new("none"));
    config.credentials = credentials;
    config
}

fn of_pod(lender: SocketAddr, token_file: &std::path::Path) -> S3Credentials {
    S3Credentials::Pod {
        url: format!("http://{lender}/pod"),
        token_file: token_file.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_lends_its_keys() {
    let (server, lender) = (S3Server::start().await, lender().await);
    let endpoint = Some(format!("http://{lender}"));
    let config = with(&server, S3Credentials::Instance { endpoint });
    let repository = ObjectRepository::open_bucket(&config).unwrap();
    repository.probe().await.unwrap();
    assert!(repository.list().await.unwrap().models.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_shows_its_token_and_one_that_cannot_be_sent_is_told() {
    let (server, lender) = (S3Server::start().await, lender().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let config = with(&server, of_pod(lender, &file));
    let refused = || {
        ObjectRepository::open_bucket(&config)
            .unwrap_err()
            .to_string()
    };
    assert!(refused().contains("cannot be read"), "{}", refused());
    std::fs::write(&file, "of-the-pod\n").unwrap();
    assert!(refused().contains("line break"), "{}", refused());
    std::fs::write(&file, "of-the-pod").unwrap();
    let repository = ObjectRepository::open_bucket(&config).unwrap();
    repository.probe().await.unwrap();
}
