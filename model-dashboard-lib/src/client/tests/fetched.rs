//! Packages on their way.

use std::io::Read as _;

use super::*;
use crate::model::ContentDigest;
use crate::package::unpack::{Arrival, Staging, UnpackError, WhenBusy};

const BYTES: &[u8] = b"hello world";

/// The record, and answers to what follows.
fn serve(digest: &ContentDigest, answers: Vec<Vec<u8>>) -> Scripted {
    let hex = digest.to_hex();
    let record = format!(
        r#"{{"file_name":"a.bin","size":{},"sha256":"{hex}"}}"#,
        BYTES.len()
    );
    let mut all = vec![answer("200 OK", "", record)];
    all.extend(answers);
    Scripted::start(all)
}

async fn fetch(server: &Scripted) -> Result<String, ClientError> {
    let client = client(server);
    let key = ModelKey::parse("nnUNet/Liver").unwrap();
    let package = client.package(&key, Some(3)).await?;
    let dir = tempfile::tempdir().unwrap();
    let staging = Staging::open(dir.path(), &package.digest, WhenBusy::Fail).unwrap();
    let arrival = Arrival::open(&staging, package.size, &mut |_| {}).unwrap();
    let arrival = client
        .fetch(&package, "a test", arrival, &mut |_| {})
        .await?;
    let mut text = String::new();
    arrival.finish()?.read_to_string(&mut text).unwrap();
    Ok(text)
}

fn tag(digest: &ContentDigest) -> String {
    format!("etag: \"{}\"\r\n", digest.to_hex())
}

#[tokio::test]
async fn the_rest_is_asked_for_of_the_same_package() {
    let digest = ContentDigest::of(BYTES);
    let whole = answer("200 OK", &tag(&digest), BYTES);
    let broken_off = whole[..whole.len() - 5].to_vec();
    let headers = format!("{}content-range: bytes 6-10/11\r\n", tag(&digest));
    let rest = answer("206 Partial Content", &headers, &BYTES[6..]);
    let server = serve(&digest, vec![broken_off.clone(), rest]);
    assert_eq!(fetch(&server).await.unwrap(), "hello world");
    let requests = server.requests();
    assert!(
        requests[1]
            .starts_with("GET /api/v1/models/nnUNet/Liver/package?revision=3&for=a+test HTTP")
    );
    assert!(!requests[1].contains("\r\nrange: "));
    let if_range = format!("if-range: \"{}\"\r\n", digest.to_hex());
    assert!(requests[2].contains("range: bytes=6-\r\n") && requests[2].contains(&if_range));
    // Whoever is in between may not know ranges.
    let server = serve(&digest, vec![broken_off, whole]);
    assert_eq!(fetch(&server).await.unwrap(), "hello world");
}

#[tokio::test]
async fn other_bytes_are_refused() {
    let digest = ContentDigest::of(BYTES);
    let other = ContentDigest::of(b"another");
    let server = serve(&digest, vec![answer("200 OK", &tag(&other), "another one")]);
    let error = fetch(&server).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Another { found, .. } if *found == other),
        "{error}"
    );
    // With the right name, and not the bytes.
    for wrong in [&b"HELLO world"[..], b"hello world!"] {
        let server = serve(&digest, vec![answer("200 OK", &tag(&digest), wrong)]);
        let error = fetch(&server).await.unwrap_err();
        assert!(
            matches!(&error, ClientError::Disk(UnpackError::NotThePackage(_))),
            "{error}"
        );
    }
    // A range that was not asked for.
    let whole = answer("200 OK", &tag(&digest), BYTES);
    let headers = format!("{}content-range: bytes 5-10/11\r\n", tag(&digest));
    let odd = answer("206 Partial Content", &headers, &BYTES[5..]);
    let server = serve(&digest, vec![whole[..whole.len() - 5].to_vec(), odd]);
    let error = fetch(&server).await.unwrap_err();
    assert!(
        matches!(error, ClientError::NotUnderstood { .. }),
        "{error}"
    );
}
