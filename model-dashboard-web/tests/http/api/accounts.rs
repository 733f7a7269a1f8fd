//! Tokens and accounts.

use http::Method;

use super::{MODEL, admin};
use crate::app::App;

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let (_app, client) = admin().await;
    let robot = r#"{"username":"robot","team":"imaging","role":"editor"}"#;
    let robot = client.send(Method::POST, "/api/v1/users", robot).await;
    let owner = &robot.json()["id"];
    let new = format!(
        r#"{{"description":"pipeline","scopes":["models:read"],"expires_in_days":1,"owner":{owner}}}"#
    );
    let created = client.send(Method::POST, "/api/v1/tokens", new).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let created = created.json();
    let bearer = format!("Bearer {}", created["token"].as_str().unwrap());
    let pipeline = client.with("authorization", &bearer);
    assert_eq!(pipeline.get("/api/v1/models").await.status, 200);
    let me = pipeline.get("/api/v1/me").await.json();
    assert_eq!(me["permissions"], serde_json::json!(["models:read"]));
    let listed = pipeline.get("/api/v1/tokens").await.json();
    assert_eq!(
        (&listed["total"], &listed["tokens"][0]["id"]),
        (&1.into(), &created["id"])
    );

    let another = r#"{"description":"another","scopes":["models:read"]}"#;
    for client in [&pipeline, &client] {
        let refused = client.send(Method::POST, "/api/v1/tokens", another).await;
        assert_eq!(refused.status, 403);
        let detail = "sign in to make tokens: a token cannot make another";
        assert_eq!(refused.json()["detail"], detail);
    }

    let revoke = format!("/api/v1/tokens/{}", created["id"]);
    assert_eq!(client.send(Method::DELETE, &revoke, "").await.status, 204);
    let refused = pipeline.get("/api/v1/models").await;
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn what_a_service_account_does_not_have_is_refused() {
    let (_app, client) = admin().await;
    let robot = r#"{"username":"robot","team":"imaging","role":"editor","email":"r@example.org",
                    "password":"correct horse battery"}"#;
    let refused = client.send(Method::POST, "/api/v1/users", robot).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let fields = refused.json()["errors"].as_array().unwrap().clone();
    let fields: Vec<_> = fields.iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, ["email", "password"]);
}

#[tokio::test]
async fn a_token_that_lacks_a_scope_is_told_which() {
    let app = App::start().await;
    let reader = app.token("models:read".parse().unwrap()).await;
    let refused = reader.with("if-match", "*");
    let refused = refused
        .send(Method::PATCH, MODEL, r#"{"version":"9"}"#)
        .await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["missing_permission"], "models:write");
    assert!(refused.text().contains("lacks the scope models:write"));
    let challenge = refused.header("www-authenticate");
    assert!(challenge.ends_with(r#"error="insufficient_scope", scope="models:write""#));
}

#[tokio::test]
async fn a_token_that_would_give_more_than_it_may_is_told_what_it_lacks() {
    let app = App::start().await;
    let new = r#"{"username":"rosa","role":"viewer"}"#;
    let make = async |scopes: &str| {
        let client = app.token(scopes.parse().unwrap()).await;
        client.send(Method::POST, "/api/v1/users", new).await
    };
    let refused = make("users:admin").await;
    assert_eq!(refused.status, 403);
    let told = refused.json();
    assert_eq!(told["missing_permission"], "models:read");
    let detail = told["detail"].as_str().unwrap();
    assert!(
        detail.contains(
            "more than the token itself may; what it lacks is models:read packages:read:"
        ),
        "{detail}"
    );
    let enough = make("users:admin models:read packages:read").await;
    assert_eq!(enough.status, 201);
}

#[tokio::test]
async fn a_new_password_is_in_one_answer_and_in_no_other() {
    let (_app, client) = admin().await;
    let new = r#"{"username":"rosa","role":"editor"}"#;
    let created = client.send(Method::POST, "/api/v1/users", new).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let created = created.json();
    let password = created["generated_password"].as_str().unwrap().to_owned();
    let id = &created["id"];
    let address = format!(
        "/api/v1/users/{}/{}",
        id["source"].as_str().unwrap(),
        id["subject"].as_str().unwrap()
    );
    for path in ["/api/v1/users", "/api/v1/audit", &address] {
        assert!(!client.get(path).await.text().contains(&password), "{path}");
    }
    let changed = client
        .send(Method::PATCH, &address, r#"{"is_active":false}"#)
        .await;
    assert_eq!(changed.json()["is_active"], false);
    assert_eq!(client.send(Method::DELETE, &address, "").await.status, 204);
    let log = client.get("/api/v1/audit?action=user.").await.json();
    let actions: Vec<_> = log["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert!(
        actions.starts_with(&["user.delete", "user.update", "user.create"]),
        "{actions:?}"
    );
    assert_eq!(
        client.get("/api/v1/audit/verify").await.json()["intact"],
        true
    );
}
