//! The package of a model, put and fetched.

use http::Method;
use model_dashboard::auth::Permissions;

use crate::app::{App, Client};

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
    assert_eq!(put(&new, PACKAGE, "x").await, 409);
    assert_eq!(put(&any, enabled, "x").await, 422, "it needs a reason");
    let why = any.with("model-dashboard-message", "why");
    assert_eq!(put(&why, enabled, "x").await, 200);
    // The end of an archive of one file that is not there.
    let broken = "PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0\0\0";
    assert_eq!(put(&any, PACKAGE, broken).await, 422);
    let none = client.get("/api/v1/uploads").await.json();
    assert_eq!(none["total"], 0, "nothing is left of what was refused");

    let made = new.send(Method::PUT, missing, "bytes").await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_ne!(made.json()["enabled"], true);
    assert_eq!(client.get(missing).await.text(), "bytes");
}
