//! Lists, models and tables.

use http::Method;
use model_dashboard::auth::{Permission, Permissions};

use super::{MODEL, admin};
use crate::app::App;

#[tokio::test]
async fn a_list_is_filtered_sorted_and_paged() {
    let (_app, client) = admin().await;
    let names = async |query: &str| {
        let answer = client.get(&format!("/api/v1/models?{query}")).await;
        let list = answer.json();
        let models = list["models"].as_array().unwrap();
        models
            .iter()
            .map(|m| m["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names("network_type=nnUNet").await,
        ["Task003_Liver", "Task055_SegTHOR"]
    );
    assert_eq!(names("enabled_only=true").await.len(), 4);
    assert_eq!(
        names("search=brainstem").await,
        ["Dataset501_HeadAndNeckOAR"]
    );
    assert_eq!(names("tag=regions").await, ["Dataset220_KidneyTumour"]);
    assert_eq!(names("sort=-labels&limit=1").await, ["Dataset291_Organs"]);

    let first = client.get("/api/v1/models?limit=4").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = client
        .get(&format!("/api/v1/models?limit=100&cursor={cursor}"))
        .await
        .json();
    assert_eq!(rest["models"].as_array().unwrap().len(), 5);
    assert_eq!(rest["total"], 9);
    assert!(rest.get("next_cursor").is_none());
}

#[tokio::test]
async fn a_list_that_did_not_change_is_not_sent_again() {
    let (_app, client) = admin().await;
    for coding in ["identity", "gzip", "br"] {
        let client = client.with("accept-encoding", coding);
        let list = client.get("/api/v1/models").await;
        let tag = list.header("etag").to_owned();
        let again = client
            .with("if-none-match", &tag)
            .get("/api/v1/models")
            .await;
        assert_eq!(
            (again.status.as_u16(), again.body.len()),
            (304, 0),
            "{coding}"
        );
        let patched = client
            .with("if-match", "*")
            .send(Method::PATCH, MODEL, format!(r#"{{"version":"{coding}"}}"#))
            .await;
        assert_eq!(patched.status, 200);
        let changed = client
            .with("if-none-match", &tag)
            .get("/api/v1/models")
            .await;
        assert_eq!(changed.status, 200, "{coding}");
    }
}

#[tokio::test]
async fn a_model_is_created_read_changed_renamed_and_deleted() {
    let (_app, client) = admin().await;
    let definition =
        r#"{"name":"New","network_type":"MIST","extra":{"seed":12345678901234567890}}"#;
    let created = client
        .send(Method::POST, "/api/v1/models", definition)
        .await;
    assert_eq!(created.status, 201, "{}", created.text());
    let address = created.location().to_owned();
    assert!(
        created
            .text()
            .contains(r#""extra":{"seed":12345678901234567890}"#)
    );
    let taken = client
        .send(Method::POST, "/api/v1/models", definition)
        .await;
    assert_eq!(taken.status, 409);

    let read = client.get(&address).await;
    let tag = read.header("etag").to_owned();
    let again = client.with("if-none-match", &tag).get(&address).await;
    assert_eq!(again.status, 304);
    let by_name = client.get("/api/v1/models/New").await;
    assert_eq!(by_name.body, read.body);

    let blind = client
        .send(Method::PATCH, &address, r#"{"alias":"x"}"#)
        .await;
    assert_eq!(blind.status, 428);
    assert!(blind.text().contains("header If-Match"), "{}", blind.text());
    let holder = client.with("if-match", &tag);
    let patched = holder
        .send(Method::PATCH, &address, r#"{"alias":"x"}"#)
        .await;
    assert_eq!(patched.status, 200);
    assert_eq!(patched.json()["alias"], "x");
    let late = holder
        .send(Method::PATCH, &address, r#"{"alias":"y"}"#)
        .await;
    assert_eq!(late.status, 412);
    assert_eq!(late.header("content-type"), "application/problem+json");
    assert_eq!(late.json()["current_etag"], patched.header("etag"));

    let holder = client.with("if-match", patched.header("etag"));
    let rename = format!("{address}/rename");
    let renamed = holder
        .send(Method::POST, &rename, r#"{"name":"Newer"}"#)
        .await;
    assert_eq!(renamed.status, 200, "{}", renamed.text());
    assert_eq!(client.get(&address).await.status, 404);
    let holder = client.with("if-match", renamed.header("etag"));
    let deleted = holder.send(Method::DELETE, renamed.location(), "").await;
    assert_eq!(deleted.status, 204);
    assert_eq!(client.get(renamed.location()).await.status, 404);
}

/// An encoded letter in an address keeps it from being answered from memory.
#[tokio::test]
async fn a_model_in_memory_is_answered_as_any_other() {
    let (app, client) = admin().await;
    let encoded = MODEL.replace('_', "%5F");
    let tag = client.get(MODEL).await.header("etag").to_owned();
    let again = client.with("if-none-match", &tag);
    let ends_soon = app.secret_for("admin", Permissions::all(), Some(3)).await;
    let ends_soon = app
        .anonymous()
        .with("authorization", &format!("Bearer {ends_soon}"));
    for (client, status) in [(&client, 200), (&again, 304), (&ends_soon, 200)] {
        let (from_memory, other) = (client.get(MODEL).await, client.get(&encoded).await);
        assert_eq!(from_memory.status, status);
        assert_eq!(from_memory.status, other.status);
        assert_eq!(from_memory.body, other.body);
        let without_own = |mut headers: http::HeaderMap| {
            headers.remove("x-request-id");
            headers.remove("date");
            headers
        };
        assert_eq!(without_own(from_memory.headers), without_own(other.headers));
    }
    assert!(
        !ends_soon
            .get(MODEL)
            .await
            .header("model-dashboard-token-expires")
            .is_empty()
    );

    let blind = app
        .token(Permissions::from_iter([Permission::AuditRead]))
        .await;
    for path in [MODEL, &encoded] {
        assert_eq!(blind.get(path).await.status, 403);
        assert_eq!(app.anonymous().get(path).await.status, 401);
    }
    let deleted = client
        .with("if-match", &tag)
        .with("model-dashboard-message", "gone");
    deleted.send(Method::DELETE, MODEL, "").await;
    assert_eq!(client.get(MODEL).await.status, 404);
}

#[tokio::test]
async fn an_enabled_model_is_changed_with_a_reason() {
    let (_app, client) = admin().await;
    let client = client.with("if-match", "*");
    let enabled = "/api/v1/models/nnUNet/Task055_SegTHOR";
    let silent = client
        .send(Method::PATCH, enabled, r#"{"alias":"x"}"#)
        .await;
    assert_eq!(silent.status, 422);
    assert_eq!(silent.json()["errors"][0]["field"], "message");
    let detail = silent.json()["detail"].as_str().unwrap().to_owned();
    let next = silent.json()["next"].as_str().unwrap().to_owned();
    assert!(next.contains("Model-Dashboard-Message"), "{detail}: {next}");
    let told = client.with("model-dashboard-message", "übersetzt");
    let told = told.send(Method::PATCH, enabled, r#"{"alias":"x"}"#).await;
    assert_eq!(told.json()["registry"]["message"], "übersetzt");
}

#[tokio::test]
async fn a_definition_put_without_enabled_disables_and_says_so() {
    let app = App::start().await;
    let model = "/api/v1/models/nnUNet/Task055_SegTHOR";
    let put = async |scopes: &str, why: &str| {
        let client = app.token(scopes.parse().unwrap()).await;
        let client = client.with("if-match", "*");
        let client = client.with("model-dashboard-message", why);
        let body = r#"{"alias":"SegTHOR"}"#;
        client.send(Method::PUT, model, body).await
    };
    let lacks = put("models:read models:write", "why").await;
    assert_eq!(lacks.json()["missing_permission"], "models:enable");
    let may = "models:read models:write models:enable";
    let silent = put(may, "").await;
    assert_eq!(silent.json()["errors"][0]["field"], "message");
    let done = put(may, "replaced by another").await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["enabled"], false);
    let again = put(may, "").await;
    assert_eq!(again.header("etag"), done.header("etag"));
}

#[tokio::test]
async fn tables_come_in_three_forms() {
    let (_app, client) = admin().await;
    let columns = client.get("/api/v1/models/dataframe").await.json();
    assert_eq!(columns["name"]["0"], "ProstateZones");
    let records = client
        .get("/api/v1/models/dataframe?format=records")
        .await
        .json();
    assert_eq!(records.as_array().unwrap().len(), 9);
    let csv = client.get("/api/v1/models/dataframe?format=csv").await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert_eq!(
        client
            .get("/api/v1/models/dataframe?format=xml")
            .await
            .status,
        400
    );
    let of_type = client.get("/api/v1/models/type/nnUNet").await.json();
    assert_eq!(of_type["total"], 2);
    let types = client.get("/api/v1/network-types").await.json();
    assert_eq!(types["total"], 7);
}
