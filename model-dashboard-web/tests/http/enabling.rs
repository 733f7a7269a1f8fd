//! Enabling a model that jobs may not run correctly: asked on pages and by API.

use std::sync::Arc;

use http::Method;
use model_dashboard::auth::Permissions;
use model_dashboard::dashboard::{Caller, Dashboard, Giving, Model};
use model_dashboard::model::ModelDefinition;
use model_dashboard::repository::{MemoryRepository, ObjectRepository};
use model_dashboard::store::MemoryStore;
use serde_json::json;

use crate::app::App;
use crate::editing::{controls, post, set};
use crate::packed::sent;

const MODEL: &str = "nnUNet_v2/Dataset501_HN";

const LACKS: &str = "no framework is known that loads the package";

/// With a disabled model whose package no framework is known to load.
async fn app() -> App {
    let app = App::start().await;
    let host = app.dashboard.host_caller("test@localhost");
    with_package(&app.dashboard, &host).await;
    app
}

async fn with_package(dashboard: &Dashboard, caller: &Caller) {
    let bytes = b"nothing that runs".to_vec();
    let id = sent(dashboard, caller, "hn.bin", bytes).await;
    let (none, plain) = (ModelDefinition::default(), Giving::default());
    let made = dashboard.publish_new(caller, id, MODEL.parse().unwrap(), none, plain, "");
    made.await.unwrap();
}

async fn model(app: &App) -> Model {
    let host = app.dashboard.host_caller("test@localhost");
    let model = app.dashboard.model(&host, &MODEL.parse().unwrap()).await;
    model.unwrap()
}

#[tokio::test]
async fn the_question_says_why_and_has_a_box_to_tick() {
    let app = app().await;
    let publisher = app.signed_in("publisher").await;
    let at = format!("/models/{MODEL}/enable");
    let question = publisher.get(&at).await;
    let text = question.text();
    let shown = |text: &str| {
        text.to_lowercase().contains(LACKS) && text.contains("name=\"incomplete\" value=\"yes\">")
    };
    assert!(shown(&text), "{text}");
    let tag = model(&app).await.version.to_string();
    let csrf = question.csrf();
    let fields = [
        ("csrf", csrf.as_str()),
        ("if_match", &tag),
        ("reason", "a trial"),
    ];
    let refused = publisher.post_form(&at, &fields).await;
    let text = refused.text();
    assert_eq!(refused.status, 409, "{text}");
    assert!(shown(&text) && text.contains("a trial"), "{text}");
    assert!(text.contains("tick the box if you mean it"), "{text}");
    assert!(!model(&app).await.definition.enabled());
    let ticked = [&fields[..], &[("incomplete", "yes")]].concat();
    let done = publisher.post_form(&at, &ticked).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(model(&app).await.definition.enabled());
}

#[tokio::test]
async fn what_was_typed_into_a_broken_definition_is_there_again() {
    let (repository, accounts) = (
        Arc::new(MemoryRepository::new()),
        Arc::new(MemoryStore::new()),
    );
    let packages = ObjectRepository::in_memory().packages();
    let build = async || {
        let builder = Dashboard::builder()
            .repository(repository.clone())
            .packages(packages.clone())
            .accounts(accounts.clone());
        builder.build().await.unwrap()
    };
    let dashboard = build().await;
    let host = dashboard.host_caller("test@localhost");
    with_package(&dashboard, &host).await;
    repository.write_outside(&MODEL.parse().unwrap(), "{\"name\": tru}".as_bytes());
    let app = App::serving(build().await).await;
    let publisher = app.signed_in("publisher").await;
    let path = format!("/broken/{MODEL}");
    let mut form = controls(&publisher.get(&path).await.text());
    set(&mut form, "text", r#"{"alias": "Mine", "enabled": true}"#);
    let refused = post(&publisher, &path, &form).await;
    let text = refused.text();
    assert_eq!(refused.status, 409, "{text}");
    assert!(text.contains(LACKS), "{text}");
    let again = controls(&text);
    let typed = again.iter().find(|(name, _)| name == "text");
    assert!(typed.unwrap().1.contains("Mine"), "{text}");
}

#[tokio::test]
async fn of_several_each_says_why_it_was_left() {
    let app = app().await;
    let publisher = app.signed_in("publisher").await;
    let csrf = publisher.get("/profile").await.csrf();
    let fields = [
        ("csrf", csrf.as_str()),
        ("action", "enable"),
        ("model", MODEL),
        ("model", "nnUNet/Task003_Liver"),
        ("confirmed", "yes"),
    ];
    let some = publisher.post_form("/models/bulk", &fields).await;
    let text = some.text();
    assert_eq!(some.status, 409, "{text}");
    let told = "no framework is known that loads the package; where that is meant, enable it alone";
    assert!(text.contains(told), "{text}");
    assert!(text.contains("1 model enabled, 1 not"), "{text}");
}

#[tokio::test]
async fn the_api_says_how_it_is_done_all_the_same() {
    let app = app().await;
    let admin = app.token(Permissions::all()).await;
    let any = admin.with("if-match", "*");
    let at = format!("/api/v1/models/{MODEL}");
    let enable = r#"{"enabled":true}"#;
    let meant = format!("{at}?confirm=incomplete");
    for method in [Method::PATCH, Method::PUT] {
        let refused = any.send(method, &at, enable).await;
        let problem = refused.json();
        assert_eq!(refused.status, 409, "{problem}");
        assert_eq!(
            problem["type"],
            "urn:model-dashboard:problem:incomplete-package"
        );
        assert_eq!(problem["lacking"], json!([LACKS]));
        let next = problem["next"].as_str().unwrap();
        assert!(next.contains("PATCH {\"enabled\": true} alone, with `confirm=incomplete`"));
    }
    for (method, address, body) in [
        (Method::PATCH, &*meant, r#"{"enabled":true,"alias":"x"}"#),
        (Method::PATCH, &meant, r#"{"enabled":false}"#),
        (Method::PUT, &meant, enable),
        (Method::PATCH, &format!("{at}?confirm=breaking"), enable),
    ] {
        let wrong = any.send(method, address, body).await;
        assert_eq!(wrong.status, 400, "{address} {body}: {}", wrong.text());
    }
    assert!(!model(&app).await.definition.enabled());
    let done = any.send(Method::PATCH, &meant, enable).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["enabled"], true);
}
