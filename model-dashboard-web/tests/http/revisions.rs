//! Histories by API: who changed what, comparing, and going back.

use std::path::PathBuf;
use std::sync::Arc;

use http::Method;
use model_dashboard::auth::Permissions;
use model_dashboard::dashboard::Dashboard;
use model_dashboard::repository::ObjectRepository;
use model_dashboard::store::MemoryStore;
use serde_json::{Value, json};

use crate::app::{Answer, App, Client};

/// A model whose name is a part of addresses, too.
const MODEL: &str = "/api/v1/models/MIST/revisions";
const LABELLED: &str = r#"{"name":"revisions","network_type":"MIST","alias":"A",
    "contour_names":{"1":"liver"},"seed":12345678901234567890}"#;

/// A model of three revisions, and who made it.
async fn thrice() -> (App, Client) {
    let app = App::start().await;
    let client = app.token(Permissions::all()).await.with("if-match", "*");
    let made = client.send(Method::POST, "/api/v1/models", LABELLED).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let told = client.with("model-dashboard-message", "as we call it");
    change(&told, r#"{"alias":"B"}"#).await;
    change(&client, r#"{"contour_names":{"1":"kidney"}}"#).await;
    (app, client)
}

async fn change(client: &Client, patch: &'static str) -> Answer {
    let changed = client.send(Method::PATCH, MODEL, patch).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    changed
}

fn revision(number: u64) -> String {
    format!("{MODEL}/revisions/{number}")
}

fn numbers(page: &Value) -> Vec<u64> {
    let revisions = page["revisions"].as_array().unwrap().iter();
    revisions
        .map(|it| it["revision"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn each_revision_says_who_when_why_and_what() {
    let (_app, client) = thrice().await;
    let history = client.get(&format!("{MODEL}/revisions")).await.json();
    assert_eq!(history["next"], Value::Null);
    let [third, second, first] = history["revisions"].as_array().unwrap().as_slice() else {
        panic!("{history}");
    };
    for (field, said) in [
        ("revision", json!(2)),
        ("key", json!("MIST/revisions")),
        ("modified_by", json!("admin")),
        ("via", json!("api")),
        ("message", json!("as we call it")),
        ("origin", json!("registry")),
        ("deleted", json!(false)),
        ("unreadable", json!(null)),
    ] {
        assert_eq!(second[field], said, "{field}");
    }
    assert!(second["modified_at"].as_str().unwrap().ends_with('Z'));
    let field = json!({"field": "alias", "before": "A", "after": "B", "cut": false});
    assert_eq!(second["changes"]["fields"], json!([field]));
    let label = json!({"number": 1, "before": ["liver"], "after": ["kidney"],
        "kind": "redefined", "breaking": true, "cut": false});
    assert_eq!(third["changes"]["labels"], json!([label]));
    assert_eq!(third["changes"]["breaking"], true);
    assert_eq!(first["changes"], Value::Null);
    assert_eq!(
        history["id"],
        client.get(MODEL).await.json()["registry"]["id"]
    );
}

#[tokio::test]
async fn a_history_is_read_page_by_page() {
    let (_app, client) = thrice().await;
    let page = async |query: &str| client.get(&format!("{MODEL}/revisions?{query}")).await;
    let first = page("limit=2").await.json();
    assert_eq!((numbers(&first), &first["next"]), (vec![3, 2], &json!(2)));
    let rest = page("limit=2&before=2").await.json();
    assert_eq!((numbers(&rest), &rest["next"]), (vec![1], &json!(null)));
    for wrong in ["limit=0", "limit=101", "before=x", "after=1"] {
        let refused = page(wrong).await;
        let named = &refused.json()["errors"][0]["field"];
        let (name, _) = wrong.split_once('=').unwrap();
        assert_eq!((refused.status.as_u16(), named), (400, &json!(name)));
    }
}

#[tokio::test]
async fn long_values_are_cut_in_the_list_and_whole_in_the_comparison() {
    let (_app, client) = thrice().await;
    let (long, names) = ("ä".repeat(5000), vec!["x"; 30]);
    let patch = json!({"description": long, "contour_names": {"1": names}}).to_string();
    let changed = client.send(Method::PATCH, MODEL, patch).await;
    assert_eq!(changed.status, 200);
    let history = client
        .get(&format!("{MODEL}/revisions?limit=1"))
        .await
        .json();
    let changes = &history["revisions"][0]["changes"];
    let shown = changes["fields"][0]["after"].as_str().unwrap();
    assert_eq!(shown, format!("{}…", "ä".repeat(200)));
    assert_eq!(changes["fields"][0]["cut"], true);
    assert_eq!(changes["labels"][0]["after"].as_array().unwrap().len(), 10);
    assert_eq!(changes["labels"][0]["cut"], true);
    let compared = client
        .get(&format!("{}/diff?from=1", revision(4)))
        .await
        .json();
    let changes = &compared["changes"];
    let description = changes["fields"].as_array().unwrap().iter();
    let mut description = description.filter(|it| it["field"] == "description");
    assert_eq!(description.next().unwrap()["after"], long);
    assert_eq!(changes["labels"][0]["after"].as_array().unwrap().len(), 30);
    assert_eq!(changes["labels"][0]["cut"], false);
}

#[tokio::test]
async fn a_revision_is_served_to_the_byte() {
    let (_app, client) = thrice().await;
    let present = client.get(MODEL).await;
    let third = client.get(&revision(3)).await;
    assert_eq!((third.status.as_u16(), &third.body), (200, &present.body));
    assert_eq!(third.header("etag"), present.header("etag"));
    assert_eq!(third.header("model-dashboard-modified-by"), "admin");
    assert_eq!(third.header("model-dashboard-origin"), "registry");
    assert_eq!(third.header("model-dashboard-revision"), "3");
    let said = third.json()["registry"]["modified_at"].clone();
    assert_eq!(third.header("model-dashboard-modified-at"), said);
    let first = client.get(&revision(1)).await;
    assert!(
        first.text().contains(r#""seed":12345678901234567890"#),
        "{}",
        first.text()
    );
    let known = client.with("if-none-match", first.header("etag"));
    let again = known.get(&revision(1)).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));

    for missing in ["4", "0", "99999999999999999999", "x"] {
        let missing = client.get(&format!("{MODEL}/revisions/{missing}")).await;
        assert_eq!(missing.status, 404);
        assert_eq!(missing.header("content-type"), "application/problem+json");
    }
    let detail = client.get(&revision(4)).await.json()["detail"].clone();
    assert_eq!(detail, "revision 4 of MIST/revisions was not found");
}

#[tokio::test]
async fn two_revisions_are_compared_in_either_order() {
    let (_app, client) = thrice().await;
    let diff = async |number, query: &str| {
        let path = format!("{}/diff?{query}", revision(number));
        client.get(&path).await
    };
    let later = diff(1, "to=3").await.json();
    assert_eq!(
        (&later["from"]["revision"], &later["to"]["revision"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(later["changes"]["labels"][0]["after"], json!(["kidney"]));
    assert_eq!(diff(3, "from=1").await.json(), later);
    let back = diff(3, "to=1").await.json();
    assert_eq!(back["changes"]["fields"][0]["after"], "A");
    assert_eq!(diff(3, "").await.json(), diff(3, "from=2").await.json());
    for wrong in ["to=1&from=2", "to=last"] {
        assert_eq!(diff(1, wrong).await.status, 400, "{wrong}");
    }
    assert_eq!(diff(1, "to=9").await.status, 404);
}

#[tokio::test]
async fn a_deletion_is_told_and_not_served_as_a_definition() {
    let (app, client) = thrice().await;
    let deleted = client.send(Method::DELETE, MODEL, "").await;
    assert_eq!(deleted.status, 204);
    let history = client.get(&format!("{MODEL}/revisions")).await.json();
    let last = &history["revisions"][0];
    assert_eq!(
        (&last["deleted"], &last["changes"]),
        (&json!(true), &json!(null))
    );
    let refused = client.get(&revision(4)).await;
    assert_eq!(refused.status, 422);
    let kind = "urn:model-dashboard:problem:deleted-revision";
    assert_eq!(refused.json()["type"], kind);
    let compared = client
        .get(&format!("{}/diff?to=4", revision(3)))
        .await
        .json();
    assert_eq!(
        (&compared["to"]["deleted"], &compared["changes"]),
        (&json!(true), &json!(null))
    );

    let reader = app.token("models:read".parse().unwrap()).await;
    for path in [
        format!("{MODEL}/revisions"),
        revision(1),
        format!("{}/diff?to=1", revision(1)),
    ] {
        let refused = reader.get(&path).await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(refused.json()["missing_permission"], "system:admin");
    }
}

fn restoring(number: u64) -> String {
    format!("{}/restore", revision(number))
}

#[tokio::test]
async fn a_revision_is_restored_by_who_names_the_present_state() {
    let (app, client) = thrice().await;
    let all = app.token(Permissions::all()).await;
    let restore = async |client: &Client, number| {
        let path = format!("{}?confirm=breaking", restoring(number));
        client.send(Method::POST, &path, "").await
    };
    assert_eq!(restore(&all, 1).await.status, 428);
    let first = client.get(&revision(1)).await;
    let late = all.with("if-match", first.header("etag"));
    let lost = restore(&late, 1).await;
    assert_eq!(lost.status, 412);
    let present = client.get(MODEL).await;
    assert_eq!(lost.json()["current_etag"], present.header("etag"));

    let told = all.with("if-match", present.header("etag"));
    let told = told.with("model-dashboard-message", "zurück");
    let restored = restore(&told, 1).await;
    assert_eq!(restored.status, 200, "{}", restored.text());
    assert_eq!(restored.body, client.get(MODEL).await.body);
    assert_eq!(
        restored.header("etag"),
        client.get(MODEL).await.header("etag")
    );
    let now = restored.json();
    assert_eq!(
        (&now["alias"], &now["contour_names"]["1"]),
        (&json!("A"), &json!("liver"))
    );
    assert_eq!(
        (&now["registry"]["revision"], &now["registry"]["message"]),
        (&json!(4), &json!("restored from revision 1: zurück"))
    );
    assert_eq!(
        restore(&client, 1).await.header("etag"),
        restored.header("etag")
    );
    assert_eq!(restore(&client, 9).await.status, 404);
}

#[tokio::test]
async fn restoring_an_enabled_model_takes_the_permission_a_reason_and_that_other_labels_are_meant()
{
    let (app, client) = thrice().await;
    change(&client, r#"{"enabled":true}"#).await;
    let path = restoring(1);
    let silent = client.send(Method::POST, &path, "").await;
    assert_eq!(silent.status, 422);
    assert_eq!(silent.json()["errors"][0]["field"], "message");
    let scopes = "models:read models:write".parse().unwrap();
    let editor = app.token(scopes).await.with("if-match", "*");
    let editor = editor.with("model-dashboard-message", "try");
    let refused = editor.send(Method::POST, &path, "").await;
    assert_eq!(refused.json()["missing_permission"], "models:enable");
    let told = client.with("model-dashboard-message", "the second was wrong");
    let asked = told.send(Method::POST, &path, "").await.json();
    assert_eq!(
        asked["type"],
        "urn:model-dashboard:problem:breaking-package"
    );
    assert_eq!(asked["breaking"]["labels"][0]["breaking"], true, "{asked}");
    let meant = format!("{path}?confirm=breaking");
    let restored = told.send(Method::POST, &meant, "").await.json();
    assert_eq!(
        (&restored["alias"], &restored["enabled"]),
        (&json!("A"), &json!(true))
    );
}

#[tokio::test]
async fn a_deleted_model_is_brought_back_by_administrators() {
    let (app, client) = thrice().await;
    change(&client, r#"{"enabled":true}"#).await;
    let client = client.with("model-dashboard-message", "gone");
    let named = client.with("if-match", client.get(MODEL).await.header("etag"));
    client.send(Method::DELETE, MODEL, "").await;
    let path = restoring(4);
    let scopes = "models:read models:write models:enable".parse().unwrap();
    let refused = app.token(scopes).await.send(Method::POST, &path, "").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["missing_permission"], "system:admin");
    assert_eq!(named.send(Method::POST, &path, "").await.status, 412);
    let deletion = client.send(Method::POST, &restoring(5), "").await;
    assert_eq!(deletion.status, 422);

    let all = app.token(Permissions::all()).await;
    let told = all.with("model-dashboard-message", "still needed");
    let back = told.send(Method::POST, &path, "").await;
    assert_eq!((back.status.as_u16(), back.location()), (201, MODEL));
    assert_eq!(back.header("etag"), client.get(MODEL).await.header("etag"));
    let now = back.json();
    assert_eq!(
        (&now["alias"], &now["enabled"]),
        (&json!("B"), &json!(false))
    );
    let history = client.get(&format!("{MODEL}/revisions")).await.json();
    assert_eq!(numbers(&history), [6, 5, 4, 3, 2, 1]);
    assert_eq!(
        history["revisions"][0]["message"],
        "restored from revision 4: still needed"
    );
}

#[tokio::test]
async fn what_was_renamed_is_not_brought_back_at_its_old_name() {
    let (_app, client) = thrice().await;
    let rename = format!("{MODEL}/rename");
    let renamed = client
        .send(Method::POST, &rename, r#"{"name":"restore"}"#)
        .await;
    assert_eq!(renamed.status, 200);
    let refused = client.send(Method::POST, &restoring(1), "").await;
    assert_eq!(refused.status, 404, "{}", refused.text());
    let history = format!("{}/revisions", renamed.location());
    let history = client.get(&history).await.json();
    assert_eq!(history["revisions"][1]["key"], "MIST/revisions");
    assert_eq!(history["revisions"][0]["key"], "MIST/restore");
    let restored = format!(
        "{}/revisions/1/restore?confirm=breaking",
        renamed.location()
    );
    let restored = client.send(Method::POST, &restored, "").await.json();
    assert_eq!(
        (&restored["alias"], &restored["name"]),
        (&json!("A"), &json!("restore"))
    );
}

/// A dashboard whose models lie in a folder, and the files of one's revisions.
async fn on_disk(folder: &tempfile::TempDir) -> (App, Client, PathBuf) {
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let builder = Dashboard::builder().repository(Arc::new(repository));
    let accounts = Arc::new(MemoryStore::new());
    let dashboard = builder.accounts(accounts).build().await.unwrap();
    let app = App::serving(dashboard).await;
    let client = app.token(Permissions::all()).await.with("if-match", "*");
    let made = client.send(Method::POST, "/api/v1/models", LABELLED).await;
    let id = made.json()["registry"]["id"].clone();
    let files = format!(".registry/revisions/{}", id.as_str().unwrap());
    change(&client, r#"{"alias":"B"}"#).await;
    (app, client, folder.path().join(files))
}

#[tokio::test]
async fn what_was_changed_in_the_history_is_never_served_as_a_definition() {
    let folder = tempfile::tempdir().unwrap();
    let (_app, client, files) = on_disk(&folder).await;
    let file = files.join("00000001.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("liver", "heart")).unwrap();
    let listed = client.get(&format!("{MODEL}/revisions")).await.json();
    assert_eq!(listed["revisions"][1]["origin"], "falsified");
    let refused = client.get(&revision(1)).await;
    assert_eq!(refused.status, 422);
    let kind = "urn:model-dashboard:problem:falsified-revision";
    assert_eq!(refused.json()["type"], kind);
    let restored = client.send(Method::POST, &restoring(1), "").await;
    assert_eq!(restored.status, 422);
    assert_eq!(restored.json()["errors"][0]["field"], "revision");
    let compared = client
        .get(&format!("{}/diff?to=2", revision(1)))
        .await
        .json();
    assert_eq!(compared["from"]["origin"], "falsified");
    assert_eq!(compared["changes"]["labels"][0]["before"], json!(["heart"]));

    // What is too large is not read, so that nothing is compared with what the next revision notes.
    let too_large = format!("{{\"pad\":\"{}\"}}", "x".repeat(1 << 20));
    for (broken, kind) in [
        ("{".to_owned(), "falsified-revision"),
        (too_large, "broken-definition"),
    ] {
        std::fs::write(&file, broken).unwrap();
        let listed = client.get(&format!("{MODEL}/revisions")).await.json();
        let first = &listed["revisions"][1];
        assert!(first["unreadable"].is_string(), "{first}");
        let refused = client.get(&revision(1)).await;
        assert_eq!(refused.status, 422);
        let kind = format!("urn:model-dashboard:problem:{kind}");
        assert_eq!(refused.json()["type"], kind);
    }
}
