//! Enabling a model whose package is dangerous: refused, and allowed by an administrator with a reason.

use http::Method;
use model_dashboard::auth::Permissions;
use model_dashboard::dashboard::{Giving, Model};
use model_dashboard::model::ModelDefinition;

use crate::app::{Answer, App, Client};
use crate::packed::{HARMFUL, caller, nnunet, uploaded};

const MODEL: &str = "nnUNet_v2/Dataset501_HN";

/// With a model whose package is dangerous.
async fn app() -> App {
    let app = App::start().await;
    let package = nnunet(r#"{"background":0,"a":1}"#, HARMFUL);
    let id = uploaded(&app, "editor", "hn.zip", package).await;
    let (editor, key) = (caller(&app, "editor").await, MODEL.parse().unwrap());
    let dashboard = &app.dashboard;
    let made = dashboard.publish_new(
        &editor,
        id,
        key,
        ModelDefinition::default(),
        Giving::default(),
        "",
    );
    made.await.unwrap();
    app
}

async fn model(app: &App) -> Model {
    let host = app.dashboard.host_caller("test@localhost");
    let model = app.dashboard.model(&host, &MODEL.parse().unwrap()).await;
    model.unwrap()
}

async fn enable(app: &App, browser: &Client, more: &[(&str, &str)]) -> Answer {
    let tag = model(app).await.version.to_string();
    let csrf = browser.get("/profile").await.csrf();
    let fields = [("csrf", csrf.as_str()), ("if_match", &tag)];
    let fields = [&fields[..], more].concat();
    browser
        .post_form(&format!("/models/{MODEL}/enable"), &fields)
        .await
}

#[tokio::test]
async fn pages_refuse_it_and_ask_administrators_why() {
    let app = app().await;
    let publisher = app.signed_in("publisher").await;
    let refused = enable(&app, &publisher, &[]).await;
    let text = refused.text();
    assert_eq!(refused.status, 409, "{text}");
    assert!(text.contains("which is dangerous"), "{text}");
    let despite = [("override", "package"), ("reason", "I want to")];
    let refused = enable(&app, &publisher, &despite).await;
    assert_eq!(refused.status, 403, "{}", refused.text());

    let admin = app.signed_in("admin").await;
    let question = enable(&app, &admin, &[]).await;
    let text = question.text();
    assert_eq!(question.status, 409, "{text}");
    assert!(text.contains("whatever its package?"), "{text}");
    assert!(
        text.contains("name=\"override\" value=\"package\""),
        "{text}"
    );
    let silent = enable(&app, &admin, &[("override", "package")]).await;
    assert_eq!(silent.status, 422, "{}", silent.text());
    let text = silent.text();
    assert!(text.contains("Say why its package is trusted."), "{text}");
    let done = enable(&app, &admin, &despite).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(model(&app).await.definition.enabled());
}

#[tokio::test]
async fn the_api_refuses_it_and_takes_the_word_of_an_administrator() {
    let app = app().await;
    let at = format!("/api/v1/models/{MODEL}");
    let enable = async |client: &Client| {
        let client = client.with("if-match", "*");
        client.send(Method::PATCH, &at, r#"{"enabled":true}"#).await
    };
    let admin = app.token(Permissions::all()).await;
    let refused = enable(&admin).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(
        refused.json()["type"]
            .as_str()
            .unwrap()
            .ends_with("untrusted-package")
    );

    let despite = admin.with("model-dashboard-override", "package");
    assert_eq!(enable(&despite).await.status, 422, "it takes a reason");
    let why = despite.with("model-dashboard-message", "read by two people");
    let other = why.with("if-match", "*");
    let other = other
        .send(Method::PATCH, &at, r#"{"enabled":true,"alias":"x"}"#)
        .await;
    assert_eq!(other.status, 400, "{}", other.text());
    let odd = why.with("model-dashboard-override", "yes");
    assert_eq!(enable(&odd).await.status, 400);
    let secret = app.secret(
        "publisher",
        "models:read models:write models:enable".parse().unwrap(),
    );
    let bearer = format!("Bearer {}", secret.await);
    assert_eq!(
        enable(&why.with("authorization", &bearer)).await.status,
        403
    );
    let done = enable(&why).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["enabled"], true);
}
