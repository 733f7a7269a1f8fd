//! What the API answers.

mod accounts;
mod models;
mod refusals;

use http::Method;
use model_dashboard::auth::Permissions;

use crate::app::{App, Client};

const MODEL: &str = "/api/v1/models/nnUNet/Task003_Liver";

async fn admin() -> (App, Client) {
    let app = App::start().await;
    let client = app.token(Permissions::all()).await;
    (app, client)
}

#[tokio::test]
async fn the_fixed_answers_are_exactly_as_before() {
    let (app, client) = admin().await;
    let health = app.anonymous().get("/health").await;
    assert_eq!(
        health.text(),
        r#"{"status":"healthy","message":"API is running"}"#
    );

    let list = client.get("/api/v1/models").await;
    let text = list.text();
    assert!(text.starts_with(r#"{"total":9,"models":[{"name":"ProstateZones","network_type":"#));
    let list = list.json();
    assert_eq!(list["models"].as_array().unwrap().len(), 9);
    for model in list["models"].as_array().unwrap() {
        let keys: Vec<_> = model
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut fixed = [
            "name",
            "network_type",
            "description",
            "version",
            "enabled",
            "alias",
            "create_date",
            "last_modified_date",
        ];
        fixed.sort_unstable();
        assert_eq!(keys, fixed);
    }
}

#[tokio::test]
async fn unknown_parameters_methods_and_addresses_are_named() {
    let (_app, client) = admin().await;
    let typo = client.get("/api/v1/models?serach=liver").await;
    assert_eq!(typo.status, 400);
    assert!(
        typo.text().contains("did you mean search?"),
        "{}",
        typo.text()
    );
    let method = client.send(Method::PUT, "/api/v1/models", "").await;
    assert_eq!(
        (method.status.as_u16(), method.header("allow")),
        (405, "GET, HEAD, POST")
    );
    assert_eq!(client.get("/api/v1/nothing").await.status, 404);
    assert_eq!(client.get("/api/v1/models/nnUNet/%FF").await.status, 404);
    let revoked = client.send(Method::DELETE, "/api/v1/tokens/abc", "").await;
    assert_eq!(revoked.status, 404);
    assert_eq!(client.get("/nothing").await.status, 404);
}

#[tokio::test]
async fn the_front_of_the_port_leads_to_the_page_of_the_api() {
    let app = App::start().await;
    let led = app.anonymous().get("/").await;
    assert_eq!(
        (led.status.as_u16(), led.header("location")),
        (303, "/docs")
    );
    let posted = app.anonymous().send(Method::POST, "/", "").await;
    assert_eq!(posted.status, 404);
}

#[tokio::test]
async fn metrics_are_for_this_machine_alone() {
    let app = App::start().await;
    let here = app.anonymous();
    let text = here.get("/metrics").await;
    assert_eq!(text.status, 200);
    assert!(
        text.header("content-type")
            .starts_with("application/openmetrics-text")
    );
    assert!(text.text().ends_with("# EOF\n"), "{}", text.text());
    let behind = here.with("x-forwarded-for", "192.0.2.7");
    assert_eq!(behind.get("/metrics").await.status, 403);
}

#[tokio::test]
async fn the_feed_goes_on_where_it_was_left() {
    let (app, client) = admin().await;
    let first = client.get("/api/v1/events?limit=1000").await.json();
    let next = first["next"].as_u64().unwrap();
    let patch = client.with("if-match", "*");
    assert_eq!(
        patch
            .send(Method::PATCH, MODEL, r#"{"version":"9"}"#)
            .await
            .status,
        200
    );
    let viewer = app.secret("viewer", "models:read".parse().unwrap()).await;
    let viewer = app
        .anonymous()
        .with("authorization", &format!("Bearer {viewer}"));
    let feed = viewer
        .get(&format!("/api/v1/events?after={next}"))
        .await
        .json();
    let events = feed["events"].as_array().unwrap();
    assert_eq!(events.len(), 1, "{feed}");
    assert_eq!(events[0]["action"], "model.update");
    assert_eq!(
        events[0]["from"], "",
        "addresses of others are for auditors"
    );
}
