//! A registry whose bucket gives packages itself.

use std::sync::Arc;

use http::Method;
use model_dashboard::auth::{Permission, Permissions};
use model_dashboard::dashboard::{Dashboard, Policy};
use model_dashboard::repository::ObjectRepository;
use model_dashboard::store::MemoryStore;

use crate::app::{Answer, App, Client};
use crate::s3_server::{Door, S3Server};

const MODEL: &str = "/api/v1/models/tensorflow/Lung";
const PACKAGE: &str = "/api/v1/models/tensorflow/Lung/package";

async fn registry(store: ObjectRepository, redirects: bool) -> App {
    let mut policy = Policy::default();
    policy.redirect_downloads = redirects;
    let builder = Dashboard::builder()
        .packages(store.packages())
        .repository(Arc::new(store))
        .accounts(Arc::new(MemoryStore::new()))
        .policy(policy);
    App::serving(builder.build().await.unwrap()).await
}

/// A registry on a bucket that its clients reach by another door.
async fn on(bucket: &S3Server, door: &Door, redirects: bool) -> App {
    let mut config = bucket.config();
    config.public_endpoint = Some(format!("http://{}", door.address));
    registry(ObjectRepository::open_bucket(&config).unwrap(), redirects).await
}

/// Puts a package, and gives a client that may do all.
async fn filled(app: &App) -> Client {
    let client = app.token(Permissions::all()).await;
    let new = client.with("if-none-match", "*");
    let named = new.with(
        "content-disposition",
        "attachment; filename*=UTF-8''L%C3%A4sion.bin",
    );
    let put = named.send(Method::PUT, PACKAGE, "hello world").await;
    assert_eq!(put.status, 201, "{}", put.text());
    client
}

/// The path and query of the address that an answer leads to.
fn led<'a>(answer: &'a Answer, door: &Door) -> &'a str {
    assert_eq!(answer.status, 307, "{}", answer.text());
    let base = format!("http://{}", door.address);
    let location = answer.location().strip_prefix(&base);
    location.unwrap_or_else(|| panic!("{}", answer.location()))
}

async fn downloads(client: &Client) -> Vec<String> {
    let events = client.get("/api/v1/audit?action=package.download").await;
    let events = events.json()["events"].as_array().unwrap().clone();
    let details = events.iter().map(|it| it["detail"].as_str().unwrap());
    details.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_is_led_to_the_bucket_for_a_while_and_is_one_download() {
    let bucket = S3Server::start().await;
    let door = bucket.another_door().await;
    let app = on(&bucket, &door, true).await;
    let client = filled(&app).await;
    let answer = client.get(&format!("{PACKAGE}?for=batch")).await;
    let address = led(&answer, &door);
    assert!(address.contains("X-Amz-Expires=300&"), "{address}");
    let hex = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    assert_eq!(answer.header("etag"), format!("\"{hex}\""));
    let digest = "sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:";
    assert_eq!(answer.header("repr-digest"), digest);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.body.is_empty());

    // Whoever holds the address gets the bytes, as often as they like and in parts, and nothing else.
    let anybody = Client::new(door.address);
    let got = anybody.get(address).await;
    assert_eq!(
        (got.status.as_u16(), got.text().as_str()),
        (200, "hello world")
    );
    assert_eq!(got.header("content-type"), "application/octet-stream");
    let saved = "attachment; filename*=UTF-8''L%C3%A4sion%2Ebin";
    assert_eq!(got.header("content-disposition"), saved);
    let part = anybody.with("range", "bytes=6-").get(address).await;
    assert_eq!((part.status.as_u16(), part.text().as_str()), (206, "world"));
    let (path, query) = address.split_once('?').unwrap();
    let (folder, _) = path.rsplit_once('/').unwrap();
    let later = query.replace("X-Amz-Expires=300", "X-Amz-Expires=900");
    for (method, address) in [
        (
            Method::GET,
            format!("{folder}/01ARZ3NDEKTSV4RRFFQ69G5FAV?{query}"),
        ),
        (Method::GET, format!("{path}?{later}")),
        (Method::GET, path.to_owned()),
        (Method::PUT, address.to_owned()),
        (Method::DELETE, address.to_owned()),
    ] {
        let refused = anybody.send(method.clone(), &address, "").await.status;
        assert_eq!(refused, 403, "{method} {address}");
    }

    let events = downloads(&client).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(
        events[0].ends_with("; for:batch; from the store"),
        "{events:?}"
    );
    let host = app.dashboard.host_caller("test");
    let key = "tensorflow/Lung".parse().unwrap();
    let counted = app.dashboard.downloads(&host, &key).await.unwrap();
    assert_eq!(counted.total, 1);
    // The rest of it is an event, and no download more.
    led(&client.with("range", "bytes=6-").get(PACKAGE).await, &door);
    assert_eq!(downloads(&client).await.len(), 2);
    let counted = app.dashboard.downloads(&host, &key).await.unwrap();
    assert_eq!(counted.total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_registry_can_answer_itself_is_not_led_on() {
    let bucket = S3Server::start().await;
    let door = bucket.another_door().await;
    let app = on(&bucket, &door, true).await;
    let client = filled(&app).await;
    let head = client.send(Method::HEAD, PACKAGE, "").await;
    assert_eq!(
        (head.status.as_u16(), head.header("content-length")),
        (200, "11")
    );
    let known = client.with("if-none-match", head.header("etag"));
    assert_eq!(known.get(PACKAGE).await.status, 304);
    let beyond = client.with("range", "bytes=11-").get(PACKAGE).await;
    assert_eq!(beyond.status, 416);
    assert_eq!(downloads(&client).await.len(), 0);

    let reader = app
        .token([Permission::ModelsRead].into_iter().collect())
        .await;
    for refused in [
        reader.get(PACKAGE).await,
        app.anonymous().get(PACKAGE).await,
    ] {
        assert!([401, 403].contains(&refused.status.as_u16()));
        assert!(refused.location().is_empty());
    }
    let browser = app.signed_in("viewer").await;
    let page = browser
        .get("/models/tensorflow/Lung/package/download")
        .await;
    assert_eq!(
        (page.status.as_u16(), page.text().as_str()),
        (200, "hello world")
    );
    let hex = head.header("etag").trim_matches('"');
    let purge = client.with("model-dashboard-message", "of a patient");
    let path = format!("/api/v1/packages/{hex}");
    assert_eq!(purge.send(Method::DELETE, &path, "").await.status, 200);
    assert_eq!(client.get(PACKAGE).await.status, 410);
    assert_eq!(client.get(MODEL).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_come_by_the_server_where_it_is_not_set_or_cannot_be() {
    let bucket = S3Server::start().await;
    let door = bucket.another_door().await;
    for app in [
        on(&bucket, &door, false).await,
        registry(ObjectRepository::in_memory(), true).await,
    ] {
        let client = filled(&app).await;
        let got = client.get(PACKAGE).await;
        assert_eq!(
            (got.status.as_u16(), got.text().as_str()),
            (200, "hello world")
        );
        assert_eq!(downloads(&client).await.len(), 1);
    }
}
