//! Uploads by tus, request by request.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use model_dashboard::dashboard::Dashboard;
use model_dashboard::repository::MemoryRepository;
use model_dashboard::store::MemoryStore;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::{Answer, App, Client};

const UPLOADS: &str = "/api/v1/uploads";
const STREAM: &str = "application/offset+octet-stream";

async fn uploader(app: &App) -> Client {
    let secret = app
        .secret("editor", "packages:write".parse().unwrap())
        .await;
    let client = app.anonymous().with("tus-resumable", "1.0.0");
    client.with("authorization", &format!("Bearer {secret}"))
}

async fn begin(client: &Client, address: &str, size: usize) -> Answer {
    let name = STANDARD.encode("model.bin");
    let client = client
        .with("upload-length", &size.to_string())
        .with("upload-metadata", &format!("filename {name},note"));
    let begun = client.send(Method::POST, address, "").await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    begun
}

async fn patch(client: &Client, address: &str, offset: u64, bytes: &[u8]) -> Answer {
    let client = client
        .with("content-type", STREAM)
        .with("upload-offset", &offset.to_string());
    client.send(Method::PATCH, address, bytes.to_vec()).await
}

/// Waits until a look at what is there says so.
async fn until(client: &Client, method: Method, address: &str, is_so: impl Fn(&Answer) -> bool) {
    let asked = async {
        while !is_so(&client.send(method.clone(), address, "").await) {
            tokio::task::yield_now().await;
        }
    };
    let asked = tokio::time::timeout(Duration::from_secs(60), asked).await;
    asked.expect("it gets there");
}

#[tokio::test]
async fn an_upload_goes_the_way_that_the_protocol_says() {
    let app = App::start().await;
    let client = uploader(&app).await;
    let known = client.send(Method::OPTIONS, UPLOADS, "").await;
    assert_eq!(known.status, 204);
    for (header, value) in [
        ("tus-resumable", "1.0.0"),
        ("tus-version", "1.0.0"),
        ("tus-max-size", "10737418240"),
        (
            "tus-extension",
            "creation,creation-with-upload,expiration,termination",
        ),
    ] {
        assert_eq!(known.header(header), value);
    }

    let begun = begin(&client, UPLOADS, 11).await;
    let upload = begun.location().to_owned();
    assert!(upload.starts_with("/api/v1/uploads/"), "{upload}");
    assert!(begun.header("upload-expires").ends_with(" GMT"));
    let half = patch(&client, &upload, 0, b"hello ").await;
    assert_eq!(
        (half.status.as_u16(), half.header("upload-offset")),
        (204, "6")
    );
    let head = client.send(Method::HEAD, &upload, "").await;
    assert_eq!(head.status, 200);
    for (header, value) in [
        ("upload-offset", "6"),
        ("upload-length", "11"),
        ("upload-metadata", "filename bW9kZWwuYmlu,note"),
        ("cache-control", "no-store"),
        ("tus-resumable", "1.0.0"),
    ] {
        assert_eq!(head.header(header), value);
    }
    let end = head.header("upload-expires").to_owned();
    let rest = patch(&client, &upload, 6, b"world").await;
    assert_eq!(
        (rest.status.as_u16(), rest.header("upload-offset")),
        (204, "11")
    );
    assert!(rest.header("upload-expires") >= end.as_str() || !end.is_empty());

    let is_done = |answer: &Answer| answer.json()["inspection"] == "done";
    until(&client, Method::GET, &upload, is_done).await;
    let seen = client.get(&upload).await.json();
    assert_eq!(seen["file_name"], "model.bin");
    let digest = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    assert_eq!(seen["sha256"], digest);
    assert_eq!(seen["report"]["files"][0]["path"], "model.bin");
    let listed = client.get(UPLOADS).await.json();
    assert_eq!(
        (&listed["total"], &listed["uploads"][0]["id"]),
        (&1.into(), &seen["id"])
    );

    let given_up = client.send(Method::DELETE, &upload, "").await;
    assert_eq!(given_up.status, 204);
    for method in [Method::HEAD, Method::GET, Method::DELETE] {
        let gone = client.send(method, &upload, "").await;
        assert_eq!(
            (gone.status.as_u16(), gone.header("upload-offset")),
            (410, "")
        );
    }
}

#[tokio::test]
async fn what_the_protocol_does_not_allow_is_refused() {
    let app = App::start().await;
    let client = uploader(&app).await;
    let upload = begin(&client, UPLOADS, 11).await.location().to_owned();
    let typed = client.with("content-type", STREAM);
    let (post, patch) = (Method::POST, Method::PATCH);
    let old = typed.with("tus-resumable", "0.2.2");
    let long = "9".repeat(30);
    let few = |text| client.with("upload-length", text);
    let at = |offset| typed.with("upload-offset", offset);
    let sized = client.with("upload-length", "5");
    let refused: [(u16, Client, &Method, &str, &str); 17] = [
        (412, old.clone(), &Method::HEAD, &upload, ""),
        (412, old.clone(), &patch, &upload, "x"),
        (412, old.clone(), &Method::DELETE, &upload, ""),
        (412, old, &post, UPLOADS, ""),
        (400, client.clone(), &post, UPLOADS, ""),
        (400, few("-1"), &post, UPLOADS, ""),
        (400, few(&long), &post, UPLOADS, ""),
        (413, few("10737418241"), &post, UPLOADS, ""),
        (
            400,
            client.with("upload-defer-length", "1"),
            &post,
            UPLOADS,
            "",
        ),
        (
            400,
            sized.with("upload-metadata", "filename !"),
            &post,
            UPLOADS,
            "",
        ),
        (
            422,
            sized.with("upload-metadata", "filename Li4="),
            &post,
            UPLOADS,
            "",
        ),
        (415, client.with("upload-offset", "0"), &patch, &upload, "x"),
        (400, typed.clone(), &patch, &upload, "x"),
        (409, at("1"), &patch, &upload, "x"),
        (409, at("99"), &patch, &upload, "x"),
        (413, at("0"), &patch, &upload, "twelve bytes"),
        (404, at("0"), &patch, "/api/v1/uploads/999999", "x"),
    ];
    for (number, (status, client, method, address, body)) in refused.into_iter().enumerate() {
        let answer = client.send(method.clone(), address, body).await;
        let told = answer.text();
        assert_eq!(answer.status, status, "{number}: {told}");
        assert_eq!(answer.header("tus-resumable"), "1.0.0", "{number}");
        if *method != Method::HEAD {
            assert_eq!(answer.json()["status"], status, "{number}");
        }
        let version = if status == 412 { "1.0.0" } else { "" };
        assert_eq!(answer.header("tus-version"), version, "{number}");
    }
    let head = client.send(Method::HEAD, &upload, "").await;
    assert_eq!(head.header("upload-offset"), "0");
    let put = client.send(Method::PUT, &upload, "").await;
    assert_eq!(
        (put.status.as_u16(), put.header("allow")),
        (405, "GET, HEAD, PATCH, DELETE, OPTIONS")
    );
}

#[tokio::test]
async fn first_bytes_may_come_with_the_beginning_and_a_file_may_be_empty() {
    let app = App::start().await;
    let client = uploader(&app).await;
    let with_bytes = client
        .with("upload-length", "11")
        .with("content-type", STREAM);
    for (sent, there) in [("hello world", "11"), ("hello ", "6"), ("", "0")] {
        let begun = with_bytes.send(Method::POST, UPLOADS, sent).await;
        assert_eq!(
            (begun.status.as_u16(), begun.header("upload-offset")),
            (201, there)
        );
        let seen = client.get(begun.location()).await.json();
        assert_eq!(seen["sha256"].is_string(), there == "11");
    }
    let empty = begin(&client, UPLOADS, 0).await;
    let seen = client.get(empty.location()).await.json();
    assert!(seen["sha256"].is_string(), "{seen}");
}

#[tokio::test]
async fn the_method_in_the_header_counts() {
    let app = App::start().await;
    let client = uploader(&app).await;
    let upload = begin(&client, UPLOADS, 5).await.location().to_owned();
    let post = async |method: &str, client: &Client, body: &str| {
        let client = client.with("x-http-method-override", method);
        client.send(Method::POST, &upload, body.to_owned()).await
    };
    let sending = client
        .with("content-type", STREAM)
        .with("upload-offset", "0");
    assert_eq!(post("PATCH", &sending, "he").await.status, 204);
    let head = post("HEAD", &client, "").await;
    assert_eq!(
        (head.status.as_u16(), head.header("upload-offset")),
        (200, "2")
    );
    assert_eq!(post("DELETE", &client, "").await.status, 204);
    assert_eq!(post("HEAD", &client, "").await.status, 410);
    assert_eq!(post("BREW", &client, "").await.status, 405);
    assert_eq!(post("", &client, "").await.status, 400);
}

#[tokio::test]
async fn an_upload_is_there_for_its_account_alone() {
    let app = App::start().await;
    let client = uploader(&app).await;
    let upload = begin(&client, UPLOADS, 5).await.location().to_owned();
    let other = app.token(model_dashboard::auth::Permissions::all()).await;
    let other = other.with("tus-resumable", "1.0.0");
    for method in [Method::HEAD, Method::GET, Method::DELETE] {
        let answer = other.send(method.clone(), &upload, "").await;
        assert_eq!(answer.status, 410, "{method}");
    }
    assert_eq!(patch(&other, &upload, 0, b"bytes").await.status, 410);
    assert_eq!(other.get(UPLOADS).await.json()["total"], 0);
    assert_eq!(
        patch(&client, &upload, 0, b"bytes").await.status,
        204,
        "it is untouched"
    );
}

/// A connection that sends an upload from its beginning, whose body is being waited for.
async fn half_asked(app: &App, upload: &str, size: usize) -> TcpStream {
    let scopes = "packages:write".parse().unwrap();
    let secret = app.secret("editor", scopes).await;
    let mut stream = TcpStream::connect(app.api).await.unwrap();
    let head = format!(
        "PATCH {upload} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\nTus-Resumable: \
         1.0.0\r\nContent-Type: {STREAM}\r\nUpload-Offset: 0\r\nContent-Length: {size}\r\nExpect: \
         100-continue\r\nConnection: close\r\n\r\n",
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// Clients of tus take up again what is answered so, and give up at 400.
#[tokio::test]
async fn the_earlier_of_two_connections_is_told_that_another_one_goes_on() {
    let app = App::start().await;
    let client = uploader(&app).await;
    let begun = begin(&client, UPLOADS, 11).await;
    let upload = begun.location();
    let mut earlier = half_asked(&app, upload, 11).await;
    assert_eq!(patch(&client, upload, 0, b"hello world").await.status, 204);
    let mut told = String::new();
    earlier.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 423 Locked\r\n"), "{told}");
}

#[tokio::test]
async fn a_connection_that_is_cut_leaves_what_it_sent() {
    let app = App::start().await;
    let client = uploader(&app).await;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let upload = begin(&client, UPLOADS, bytes.len())
        .await
        .location()
        .to_owned();
    let mut stream = half_asked(&app, &upload, bytes.len()).await;
    stream.write_all(&bytes[..2_000_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    drop(stream);

    let is_half = |answer: &Answer| answer.header("upload-offset") == "2000000";
    until(&client, Method::HEAD, &upload, is_half).await;
    let rest = patch(&client, &upload, 2_000_000, &bytes[2_000_000..]).await;
    assert_eq!(rest.status, 204);
    let seen = client.get(&upload).await.json();
    let digest = model_dashboard::model::ContentDigest::of(&bytes);
    assert_eq!(seen["sha256"], digest.to_hex());
}

#[tokio::test]
async fn pages_upload_with_their_session_and_the_token_of_their_forms() {
    let app = App::start().await;
    let browser = app.signed_in("editor").await;
    let csrf = browser.get("/create").await.csrf();
    let tus = browser.with("tus-resumable", "1.0.0");
    let own = tus.with("x-csrf-token", &csrf);
    // Whoever types the address is led to the page.
    let led = browser.with("accept", "text/html,*/*;q=0.8");
    assert_eq!(led.get("/uploads").await.location(), "/upload");
    let begun = begin(&own, "/uploads", 5).await;
    let upload = begun.location().to_owned();
    assert!(upload.starts_with("/uploads/"), "{upload}");
    assert_eq!(patch(&own, &upload, 0, b"bytes").await.status, 204);
    let head = own.send(Method::HEAD, &upload, "").await;
    assert_eq!(head.header("upload-offset"), "5");

    let foreign = own.with("origin", "https://evil.example");
    let cross = own.with("sec-fetch-site", "cross-site");
    let wrong = tus.with("x-csrf-token", "nonsense");
    for (who, client, status) in [
        ("without a token", &tus, 403),
        ("with a wrong one", &wrong, 403),
        ("from elsewhere", &foreign, 403),
        ("across sites", &cross, 403),
        (
            "signed out",
            &Client::new(app.pages).with("x-csrf-token", &csrf),
            401,
        ),
    ] {
        let client = client.with("tus-resumable", "1.0.0");
        for method in [Method::HEAD, Method::GET, Method::DELETE, Method::OPTIONS] {
            let answer = client.send(method.clone(), &upload, "").await;
            assert_eq!(answer.status, status, "{method} {who}");
        }
        let begun = client.with("upload-length", "5");
        let begun = begun.send(Method::POST, "/uploads", "").await;
        assert_eq!(begun.status, status, "POST {who}");
    }
    let by_cookie = tus.with("x-csrf-token", &csrf).with("upload-length", "5");
    let by_cookie = by_cookie.send(Method::POST, UPLOADS, "").await;
    assert_eq!(by_cookie.status, 401, "the API reads no cookies");
    let viewer = app.signed_in("viewer").await;
    let csrf = viewer.get("/profile").await.csrf();
    let viewer = viewer
        .with("x-csrf-token", &csrf)
        .with("tus-resumable", "1.0.0")
        .with("upload-length", "5");
    let refused = viewer.send(Method::POST, "/uploads", "").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["missing_permission"], "packages:write");
}

#[tokio::test]
async fn a_registry_without_packages_says_so() {
    let dashboard = Dashboard::builder()
        .repository(Arc::new(MemoryRepository::new()))
        .accounts(Arc::new(MemoryStore::new()));
    let app = App::serving(dashboard.build().await.unwrap()).await;
    let client = uploader(&app).await;
    let some = format!("{UPLOADS}/01J9Z3K4V5W6X7Y8Z9A0B1C2D3");
    for address in [UPLOADS, some.as_str()] {
        let none = client.get(address).await;
        assert_eq!(none.status, 501);
        assert_eq!(
            none.json()["type"],
            "urn:model-dashboard:problem:no-packages"
        );
    }
}
