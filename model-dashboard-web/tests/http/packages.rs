//! The package of a model, put and fetched.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use model_dashboard::auth::Permissions;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{App, Client};
use crate::packed::{HARMLESS, nnunet};

const MODEL: &str = "/api/v1/models/nnUNet/Task003_Liver";
const PACKAGE: &str = "/api/v1/models/nnUNet/Task003_Liver/package";

async fn admin(app: &App) -> Client {
    app.token(Permissions::all()).await
}

#[tokio::test]
async fn a_package_that_is_put_is_fetched_whole_and_in_parts() {
    let app = App::start().await;
    let client = admin(&app).await;
    assert_eq!(client.get(PACKAGE).await.status, 404);
    let before = client.get(MODEL).await;
    let put = client.with("if-match", before.header("etag"));
    let put = put.send(Method::PUT, PACKAGE, "hello world").await;
    assert_eq!(put.status, 200, "{}", put.text());
    assert_ne!(put.header("etag"), before.header("etag"));
    let uploads = client.get("/api/v1/uploads").await.json();
    assert_eq!(uploads["total"], 0, "the upload has ended");

    let whole = client.get(PACKAGE).await;
    assert_eq!(
        (whole.status.as_u16(), whole.text().as_str()),
        (200, "hello world")
    );
    let hex = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    let etag = format!("\"{hex}\"");
    for (header, value) in [
        ("etag", etag.as_str()),
        (
            "repr-digest",
            "sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:",
        ),
        ("content-type", "application/octet-stream"),
        ("content-length", "11"),
        ("accept-ranges", "bytes"),
        (
            "content-disposition",
            "attachment; filename=\"Task003_Liver\"",
        ),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
    ] {
        assert_eq!(whole.header(header), value, "{header}");
    }
    let head = client.send(Method::HEAD, PACKAGE, "").await;
    assert_eq!(
        (head.status.as_u16(), head.header("content-length")),
        (200, "11")
    );

    let part = client.with("range", "bytes=6-");
    let same = part.with("if-range", &etag);
    for client in [&part, &same] {
        let got = client.get(PACKAGE).await;
        assert_eq!((got.status.as_u16(), got.text().as_str()), (206, "world"));
        assert_eq!(got.header("content-range"), "bytes 6-10/11");
    }
    let other = part.with("if-range", "\"other\"").get(PACKAGE).await;
    assert_eq!((other.status.as_u16(), other.body.len()), (200, 11));
    let beyond = client.with("range", "bytes=11-").get(PACKAGE).await;
    assert_eq!(
        (beyond.status.as_u16(), beyond.header("content-range")),
        (416, "bytes */11")
    );
    let known = client.with("if-none-match", &etag).get(PACKAGE).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));

    let fetched = client.get("/api/v1/audit?action=package.download").await;
    let fetched = fetched.json()["events"].as_array().unwrap().len();
    assert_eq!(fetched, 4, "GETs that sent bytes, and nothing else");
}

#[tokio::test]
async fn a_package_is_put_on_condition_alone() {
    let app = App::start().await;
    let client = admin(&app).await;
    let put = async |client: &Client, path: &str, body: &'static str| {
        client.send(Method::PUT, path, body).await.status.as_u16()
    };
    let stale = client.with("if-match", "\"00000000000000000000000000000000\"");
    let any = client.with("if-match", "*");
    let new = client.with("if-none-match", "*");
    let enabled = "/api/v1/models/nnUNet/Task055_SegTHOR/package";
    let missing = "/api/v1/models/MIST/Missing/package";
    assert_eq!(put(&client, PACKAGE, "x").await, 428);
    assert_eq!(put(&stale, PACKAGE, "x").await, 412);
    assert_eq!(put(&any, missing, "x").await, 404);
    assert_eq!(put(&new, PACKAGE, "x").await, 412);
    assert_eq!(put(&any, enabled, "x").await, 422, "it needs a reason");
    // Before any bytes: there is nothing to be given up.
    let given_up = "/api/v1/audit?action=package.discard";
    let given_up = client.get(given_up).await.json();
    assert_eq!(given_up["events"], serde_json::json!([]));
    let why = any.with("model-dashboard-message", "why");
    assert_eq!(put(&why, enabled, "x").await, 409, "it may not run");
    let meant = format!("{enabled}?confirm=incomplete");
    assert_eq!(put(&why, &meant, "x").await, 200);
    // The end of an archive of one file that is not there.
    let broken = "PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0\0\0";
    assert_eq!(put(&any, PACKAGE, broken).await, 422);
    let none = client.get("/api/v1/uploads").await.json();
    let kept = none["uploads"].as_array().unwrap();
    assert_eq!(kept.len(), 1, "what can be confirmed: {none}");

    let made = new.send(Method::PUT, missing, "bytes").await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_ne!(made.json()["enabled"], true);
    assert_eq!(client.get(missing).await.text(), "bytes");
}

#[tokio::test]
async fn a_new_model_says_what_its_package_tells() {
    let app = App::start().await;
    let client = admin(&app).await;
    let package = nnunet(r#"{"background":0,"Brainstem":1}"#, HARMLESS);
    let put = client.with("if-none-match", "*");
    let path = "/api/v1/models/nnUNet_v2/HN/package";
    let made = put.send(Method::PUT, path, package).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    assert_eq!(made["contour_names"], json!({"1": "Brainstem"}));
    let information = &made["inference_information"];
    assert_eq!(information["channel_names"], json!({"0": "CT"}));
    assert_eq!(information["folds"], json!([0]));
}

#[tokio::test]
async fn bytes_that_are_not_those_that_were_meant_are_not_kept() {
    let app = App::start().await;
    let client = admin(&app).await;
    let any = client.with("if-match", "*");
    let digest = |bytes: &str| {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(bytes);
        format!("sha-256=:{}:", STANDARD.encode(digest))
    };
    let before = client.get(PACKAGE).await.status;
    let other = any.with("repr-digest", &digest("other"));
    let refused = other.send(Method::PUT, PACKAGE, "these").await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(
        refused.text().contains("changed on their way"),
        "{}",
        refused.text()
    );
    assert_eq!(client.get(PACKAGE).await.status, before);
    let uploads = client.get("/api/v1/uploads").await.json();
    assert_eq!(uploads["uploads"], json!([]));
    // Also of bytes that were sent before.
    let begun = client.with("tus-resumable", "1.0.0");
    let begun = begun.with("upload-length", "5");
    let begun = begun.with("content-type", "application/offset+octet-stream");
    let begun = begun.send(Method::POST, "/api/v1/uploads", "these").await;
    let upload = begun.location().rsplit('/').next().unwrap().to_owned();
    let given = format!("{PACKAGE}?upload={upload}");
    assert_eq!(other.send(Method::PUT, &given, "").await.status, 400);
    let odd = any.with("content-digest", "sha-256=abc");
    assert_eq!(odd.send(Method::PUT, PACKAGE, "these").await.status, 400);
    let these = any.with("content-digest", &digest("these"));
    let done = these.send(Method::PUT, PACKAGE, "these").await;
    assert_eq!(done.status, 200, "{}", done.text());
}

#[tokio::test]
async fn a_package_is_fetched_by_revision_and_says_what_it_is_for() {
    let app = App::start().await;
    let client = admin(&app).await;
    let any = client.with("if-match", "*");
    let first = any.send(Method::PUT, PACKAGE, "first").await;
    let number = first.json()["registry"]["revision"].as_u64().unwrap();
    assert_eq!(any.send(Method::PUT, PACKAGE, "second").await.status, 200);
    let at = |number: u64, more: &str| format!("{PACKAGE}?revision={number}{more}");
    assert_eq!(client.get(PACKAGE).await.text(), "second");
    let got = client.get(&at(number, "&for=liver-batch-7")).await;
    assert_eq!((got.status.as_u16(), got.text().as_str()), (200, "first"));
    assert_eq!(client.get(&at(number - 1, "")).await.status, 404);
    assert_eq!(client.get(&at(99, "")).await.status, 404);
    for wrong in [
        "?revision=x",
        "?for=%00",
        "?fro=x",
        &format!("?for={}", "x".repeat(201)),
    ] {
        let refused = client.get(&format!("{PACKAGE}{wrong}")).await;
        assert!(
            [400, 422].contains(&refused.status.as_u16()),
            "{wrong}: {}",
            refused.text()
        );
    }
    let events = client
        .get("/api/v1/audit?action=package.download")
        .await
        .json();
    let details = events["events"].as_array().unwrap().iter();
    let told = details.filter(|it| {
        it["detail"]
            .as_str()
            .unwrap()
            .contains("; for:liver-batch-7")
    });
    assert_eq!(told.count(), 1, "{events}");

    let report = client
        .get(&format!("{PACKAGE}/report?revision={number}"))
        .await
        .json();
    assert_eq!(
        (&report["size"], &report["file_name"]),
        (&5.into(), &"Task003_Liver".into())
    );
    assert_eq!(report["report"]["files"][0]["path"], "Task003_Liver");
}

#[tokio::test]
async fn a_model_gets_the_package_of_a_finished_upload() {
    let app = App::start().await;
    let client = admin(&app).await;
    let begin = client
        .with("tus-resumable", "1.0.0")
        .with("upload-length", "11");
    let typed = begin.with("content-type", "application/offset+octet-stream");
    let begun = typed
        .send(Method::POST, "/api/v1/uploads", "hello world")
        .await;
    let (_, id) = begun.header("location").rsplit_once('/').unwrap();
    let address = |model: &str| format!("/api/v1/models/nnUNet/{model}/package?upload={id}");
    let new = client.with("if-none-match", "*");
    let with_bytes = new.send(Method::PUT, &address("New"), "more").await;
    assert_eq!(with_bytes.status, 413, "{}", with_bytes.text());
    let made = new.send(Method::PUT, &address("New"), "").await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_ne!(made.json()["enabled"], true);
    let got = client.get("/api/v1/models/nnUNet/New/package").await;
    assert_eq!(got.text(), "hello world");
    // It ended with it.
    let again = new.send(Method::PUT, &address("Other"), "").await;
    assert_eq!(again.status, 404, "{}", again.text());
    let wrong = new
        .send(Method::PUT, "/api/v1/models/nnUNet/X/package?upload=x", "")
        .await;
    assert_eq!(wrong.status, 400);
}

/// Loaders go by extensions where bytes leave it open.
#[tokio::test]
async fn a_package_that_is_put_has_a_name_with_an_extension() {
    let app = App::start().await;
    let client = admin(&app).await.with("if-match", "*");
    let disposition = "attachment; filename=\"model.bin\"";
    let named = client.with("content-disposition", disposition);
    assert_eq!(named.send(Method::PUT, PACKAGE, "bytes").await.status, 200);
    assert_eq!(
        client.get(PACKAGE).await.header("content-disposition"),
        disposition
    );
    // A pickle of protocol 0: an empty list.
    assert_eq!(
        client.send(Method::PUT, PACKAGE, "(lp0\n.").await.status,
        200
    );
    assert_eq!(
        client.get(PACKAGE).await.header("content-disposition"),
        "attachment; filename=\"Task003_Liver.pkl\""
    );
    let nameless = client.with("content-disposition", "attachment");
    assert_eq!(nameless.send(Method::PUT, PACKAGE, "x").await.status, 400);
    let folder = client.with("content-disposition", "attachment; filename=a/b");
    assert_eq!(folder.send(Method::PUT, PACKAGE, "x").await.status, 422);
}

/// With `Expect: 100-continue` the client hears of it before it sends anything.
#[tokio::test]
async fn what_is_refused_anyway_is_refused_before_any_byte() {
    let app = App::start().await;
    let secret = app.secret("admin", Permissions::all()).await;
    for (condition, size, status) in [
        ("If-None-Match: *", 5, "412"),
        ("If-Match: \"00000000000000000000000000000000\"", 5, "412"),
        ("If-Match: *", u64::MAX / 2, "413"),
    ] {
        let mut stream = TcpStream::connect(app.api).await.unwrap();
        let head = format!(
            "PUT {PACKAGE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n{condition}\r\n\
             Content-Length: {size}\r\nExpect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(
            answer,
            format!("HTTP/1.1 {status}").as_bytes(),
            "{condition}"
        );
    }
}

/// All bytes came: nobody has to send them again.
#[tokio::test]
async fn a_client_that_goes_after_the_last_byte_has_put_the_package() {
    let app = App::start().await;
    let client = admin(&app).await;
    let secret = app.secret("admin", Permissions::all()).await;
    let mut stream = TcpStream::connect(app.api).await.unwrap();
    let request = format!(
        "PUT {PACKAGE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\nIf-Match: *\r\n\
         Content-Length: 11\r\n\r\nhello world"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    drop(stream);
    let is_put = async {
        while client.get(PACKAGE).await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    let is_put = tokio::time::timeout(Duration::from_secs(60), is_put).await;
    is_put.expect("it gets there");
}

#[tokio::test]
async fn bytes_that_must_not_exist_are_purged_with_a_reason() {
    let app = App::start().await;
    let client = admin(&app).await;
    let put = client.with("if-match", "*");
    assert_eq!(
        put.send(Method::PUT, PACKAGE, "hello world").await.status,
        200
    );
    let hex = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    let bytes = format!("/api/v1/packages/{hex}");
    let found = client.get(&bytes).await.json();
    assert_eq!(
        found["packages"][0]["named_by"][0]["model"],
        "nnUNet/Task003_Liver"
    );
    assert_eq!(
        client.send(Method::DELETE, &bytes, "").await.status,
        422,
        "without a reason"
    );
    assert_eq!(client.get("/api/v1/packages/x").await.status, 400);
    assert_eq!(client.get(PACKAGE).await.status, 200);
    let why = client.with("model-dashboard-message", "a name of a patient");
    let purged = why.send(Method::DELETE, &bytes, "").await;
    assert_eq!((purged.status.as_u16(), purged.json()), (200, found));
    assert_eq!(client.get(PACKAGE).await.status, 410);
    assert_eq!(client.get(&bytes).await.status, 404);
    let told = client
        .get("/api/v1/audit?action=package.purge")
        .await
        .json();
    assert_eq!(told["events"][0]["reason"], "a name of a patient");

    let again = put.send(Method::PUT, PACKAGE, "hello world").await;
    let problem = again.json();
    assert_eq!(
        (again.status.as_u16(), &problem["sha256"]),
        (410, &json!(hex))
    );
    let left = client.get("/api/v1/uploads").await.json();
    assert_eq!(left["total"], 0, "nothing is left of what was refused");
}
