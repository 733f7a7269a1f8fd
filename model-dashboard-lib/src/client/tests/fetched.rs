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

/// An answer of the registry that sends on to a bucket.
fn led_to(digest: &ContentDigest, location: &str) -> Vec<u8> {
    let headers = format!("{}location: {location}\r\n", tag(digest));
    answer("307 Temporary Redirect", &headers, "")
}

#[tokio::test]
async fn a_bucket_gives_the_rest_without_being_told_who_asks() {
    let digest = ContentDigest::of(BYTES);
    let whole = answer("200 OK", "etag: \"of the bucket\"\r\n", BYTES);
    let rest = "content-range: bytes 6-10/11\r\n";
    let bucket = Scripted::start(vec![
        whole[..whole.len() - 5].to_vec(),
        answer("503 Service Unavailable", "retry-after: 0\r\n", ""),
        answer("206 Partial Content", rest, &BYTES[6..]),
    ]);
    let address = format!("{}/models/x?X-Amz-Signature=5ecret", bucket.url);
    let server = serve(&digest, vec![led_to(&digest, &address); 3]);
    assert_eq!(fetch(&server).await.unwrap(), "hello world");
    let asked = bucket.requests();
    assert!(asked[0].starts_with("GET /models/x?X-Amz-Signature=5ecret HTTP"));
    assert!(!asked[0].contains("\r\nrange: ") && asked[2].contains("range: bytes=6-\r\n"));
    for request in &asked {
        // Its tags are others, and the token is none of its business.
        let told = ["authorization:", "if-range:", TOKEN, "referer:"];
        assert!(!told.iter().any(|it| request.contains(it)), "{request}");
    }
    // It is asked anew where it is each time.
    assert!(server.requests()[3].contains("range: bytes=6-\r\n"));
}

#[tokio::test]
async fn what_a_bucket_gives_counts_by_its_digest_alone() {
    let digest = ContentDigest::of(BYTES);
    let bucket = Scripted::start(vec![answer("200 OK", &tag(&digest), "HELLO world")]);
    let server = serve(&digest, vec![led_to(&digest, &bucket.url)]);
    let error = fetch(&server).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Disk(UnpackError::NotThePackage(_))),
        "{error}"
    );
    // Of another package, nothing is fetched at all.
    let other = ContentDigest::of(b"another");
    let server = serve(&digest, vec![led_to(&other, &bucket.url)]);
    let error = fetch(&server).await.unwrap_err();
    assert!(matches!(&error, ClientError::Another { .. }), "{error}");
}

#[tokio::test]
async fn a_bucket_that_refuses_is_named_and_its_address_is_not() {
    let digest = ContentDigest::of(BYTES);
    let body = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
    let bucket = Scripted::start(vec![answer("403 Forbidden", "", body)]);
    let server = serve(
        &digest,
        vec![led_to(
            &digest,
            &format!("{}/x?X-Amz-Signature=5ecret", bucket.url),
        )],
    );
    let error = fetch(&server).await.unwrap_err();
    let expected = format!(
        "the registry has {} give the package, and that answers 403 Forbidden (SignatureDoesNotMatch)",
        bucket.url
    );
    assert_eq!(error.to_string(), expected);
    assert!(!format!("{error:?}").contains("5ecret"));
}

#[tokio::test]
async fn what_breaks_off_at_a_bucket_is_told_of_the_bucket() {
    let digest = ContentDigest::of(BYTES);
    let whole = answer("200 OK", "", BYTES);
    let nothing = whole[..whole.len() - BYTES.len()].to_vec();
    let bucket = Scripted::start(vec![nothing; 20]);
    let address = format!("{}/x?X-Amz-Signature=5ecret", bucket.url);
    let server = serve(&digest, vec![led_to(&digest, &address); 20]);
    let error = fetch(&server).await.unwrap_err();
    let expected = format!(
        "the registry has {} give the package, and that breaks off",
        bucket.url
    );
    assert_eq!(error.to_string(), expected);
    assert!(!format!("{error:?}").contains("5ecret"));
}

#[tokio::test]
async fn nobody_else_sends_a_client_anywhere() {
    let digest = ContentDigest::of(BYTES);
    let elsewhere = Scripted::start(vec![answer("200 OK", "", BYTES)]);
    let to = format!("location: {}/login?next=5ecret\r\n", elsewhere.url);
    let tagged = format!("{}{to}", tag(&digest));
    let (local, odd) = ("location: /x\r\n", "location: file:///etc/passwd\r\n");
    let named = elsewhere.url.replace("http://", "http://ana:x@");
    for answer in [
        // It does not know the package.
        answer("307 Temporary Redirect", &to, ""),
        answer("302 Found", &tagged, ""),
        answer(
            "307 Temporary Redirect",
            &format!("{}{local}", tag(&digest)),
            "",
        ),
        answer(
            "307 Temporary Redirect",
            &format!("{}{odd}", tag(&digest)),
            "",
        ),
        led_to(&digest, &named),
    ] {
        let error = fetch(&serve(&digest, vec![answer])).await.unwrap_err();
        assert!(
            matches!(&error, ClientError::NotUnderstood { .. }),
            "{error}"
        );
        assert!(!error.to_string().contains("5ecret"), "{error}");
    }
    assert!(elsewhere.requests().is_empty());
}
