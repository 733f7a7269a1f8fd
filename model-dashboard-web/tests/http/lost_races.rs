//! What a program learns that names a state which others have changed since.

use http::{Method, StatusCode};
use model_dashboard::auth::Permissions;
use serde_json::{Value, json};

use crate::app::{App, Client};

const MODEL: &str = "/api/v1/models/nnUNet/Task003_Liver";

struct Race {
    client: Client,
    /// The state before the others came.
    seen: String,
    /// The state that they left.
    present: String,
    _app: App,
}

impl Race {
    /// A model that others have changed by these patches, one after the other.
    async fn after(theirs: &[Value]) -> Race {
        let app = App::start().await;
        let client = app.token(Permissions::all()).await;
        let begin = json!({
            "alias": "Liver", "contour_names": {"1": "liver", "2": "tumour", "3": "vessel"},
            "inference_information": {"spacing": 1.5, "folds": [0]},
            "registry": {"owner": "a team", "tags": ["ct"]}
        });
        let mut race = Race {
            client,
            seen: String::new(),
            present: String::new(),
            _app: app,
        };
        race.seen = race.patched("*", &begin).await;
        race.present.clone_from(&race.seen);
        for patch in theirs {
            race.present = race.patched(&race.present, patch).await;
        }
        race
    }

    fn naming(&self, state: &str) -> Client {
        let client = self.client.with("if-match", state);
        client.with("model-dashboard-message", "in the race")
    }

    async fn patched(&self, state: &str, patch: &Value) -> String {
        let patch = patch.to_string();
        let done = self.naming(state).send(Method::PATCH, MODEL, patch).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text());
        done.header("etag").to_owned()
    }

    /// The problem that a change of the former state meets.
    async fn lost(&self, method: Method, path: &str, body: Value) -> Value {
        self.lost_with(&self.seen, method, path, body).await
    }

    async fn lost_with(&self, state: &str, method: Method, path: &str, body: Value) -> Value {
        let client = self.naming(state);
        let lost = client.send(method, path, body.to_string()).await;
        assert_eq!(
            lost.status,
            StatusCode::PRECONDITION_FAILED,
            "{}",
            lost.text()
        );
        let problem = lost.json();
        assert_eq!(problem["current_etag"], self.present, "{problem}");
        assert_eq!(problem["modified_by"], "admin", "{problem}");
        assert_eq!(problem["message"], "in the race", "{problem}");
        assert!(problem["modified_at"].is_string(), "{problem}");
        problem
    }
}

fn fields(changes: &Value) -> Vec<&str> {
    let fields = changes["fields"].as_array().unwrap().iter();
    fields
        .map(|field| field["field"].as_str().unwrap())
        .collect()
}

fn labels(changes: &Value) -> Vec<u64> {
    let labels = changes["labels"].as_array().unwrap().iter();
    labels
        .map(|label| label["number"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_patch_learns_what_others_changed_and_where_it_meets_that() {
    let race = Race::after(&[
        json!({"alias": "Their liver", "registry": {"owner": "their team"}}),
        json!({"contour_names": {"1": "Liver", "2": "mass"}, "inference_information": {"folds": [1]}}),
    ])
    .await;
    let patch = json!({
        "alias": "My liver", "contour_names": {"2": "cyst", "3": "vein"},
        "inference_information": {"spacing": 3}, "registry": {"tags": ["mr"]}
    });
    let problem = race.lost(Method::PATCH, MODEL, patch).await;
    let theirs = ["alias", "inference_information.folds", "owner"];
    assert_eq!(fields(&problem["theirs"]), theirs);
    assert_eq!(labels(&problem["theirs"]), [1, 2]);
    assert_eq!(problem["theirs"]["fields"][0]["before"], "Liver");
    assert_eq!(problem["theirs"]["fields"][0]["after"], "Their liver");
    let yours = ["alias", "inference_information.spacing", "tags"];
    assert_eq!(fields(&problem["yours"]), yours);
    assert_eq!(labels(&problem["yours"]), [2, 3]);
    let overlap = json!({"fields": ["alias"], "labels": [2], "more": 0});
    assert_eq!(problem["overlap"], overlap);
    assert_eq!(problem["revision"], 4, "{problem}");

    let apart = json!({"description": "mine"});
    let problem = race.lost(Method::PATCH, MODEL, apart.clone()).await;
    let overlap = json!({"fields": [], "labels": [], "more": 0});
    assert_eq!(problem["overlap"], overlap);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("send it again with current_etag"),
        "{detail}"
    );
    race.patched(&race.present, &apart).await;
}

#[tokio::test]
async fn a_replacement_a_restoration_a_renaming_and_a_deletion_learn_it_too() {
    let race = Race::after(&[json!({"alias": "Their liver", "version": "7"})]).await;
    let whole = json!({"alias": "My liver", "contour_names": {"1": "liver"}});
    let problem = race.lost(Method::PUT, MODEL, whole).await;
    assert_eq!(fields(&problem["theirs"]), ["alias", "version"]);
    assert!(fields(&problem["yours"]).contains(&"inference_information"));
    assert_eq!(labels(&problem["yours"]), [2, 3]);
    // What a replacement leaves out goes, what others have changed included.
    assert_eq!(problem["overlap"]["fields"], json!(["alias", "version"]));

    let restore = format!("{MODEL}/revisions/1/restore");
    let problem = race.lost(Method::POST, &restore, json!({})).await;
    assert_eq!(fields(&problem["theirs"]), ["alias", "version"]);
    assert!(fields(&problem["yours"]).contains(&"alias"), "{problem}");
    assert_eq!(problem["overlap"]["fields"], json!(["alias"]));

    let rename = format!("{MODEL}/rename");
    for (method, path, body) in [
        (Method::POST, rename.as_str(), json!({"name": "Another"})),
        (Method::DELETE, MODEL, Value::Null),
    ] {
        let problem = race.lost(method, path, body).await;
        assert_eq!(fields(&problem["theirs"]), ["alias", "version"]);
        assert!(problem.get("yours").is_none() && problem.get("overlap").is_none());
    }
}

#[tokio::test]
async fn a_state_that_is_none_of_the_last_is_not_compared_with() {
    let race = Race::after(&[json!({"alias": "Their liver"})]).await;
    let unknown = format!("\"{}\"", "0".repeat(32));
    for state in [unknown.as_str(), "\"none of ours\"", "W/\"weak\""] {
        let patch = json!({"alias": "My liver"});
        let problem = race.lost_with(state, Method::PATCH, MODEL, patch).await;
        assert!(problem.get("theirs").is_none() && problem.get("overlap").is_none());
        assert_eq!(problem["yours"]["fields"][0]["before"], "Their liver");
    }
    // What is refused anyway is not told as a change.
    let wrong = json!({"alias": 7});
    let problem = race.lost(Method::PATCH, MODEL, wrong).await;
    assert!(problem.get("yours").is_none(), "{problem}");
    assert_eq!(fields(&problem["theirs"]), ["alias"]);
}

#[tokio::test]
async fn what_is_told_of_a_race_is_bounded() {
    let many = |name: &str| {
        let labels = (1..=3000).map(|n| {
            (
                n.to_string(),
                json!(format!("{name} {n} {}", "x".repeat(100))),
            )
        });
        let labels: serde_json::Map<_, _> = labels.collect();
        json!({"contour_names": labels, "description": name.repeat(50_000)})
    };
    let race = Race::after(&[many("theirs")]).await;
    let problem = race.lost(Method::PATCH, MODEL, many("yours")).await;
    assert!(problem.to_string().len() < 100_000);
    assert!(problem["theirs"]["more"].as_u64().unwrap() > 2900);
    assert_eq!(problem["overlap"]["labels"].as_array().unwrap().len(), 50);
    assert!(problem["overlap"]["more"].as_u64().unwrap() >= 450);
}

#[tokio::test]
async fn a_tag_that_no_state_has_is_refused_after_all_else() {
    let app = App::start().await;
    let client = async |scopes: &str| {
        let client = app.token(scopes.parse().unwrap()).await;
        let client = client.with("model-dashboard-message", "why");
        client.with("if-match", r#"W/"abc""#)
    };
    let (reader, writer) = (
        client("models:read").await,
        client("models:read models:write models:enable").await,
    );
    for (method, rest, body) in [
        (Method::PUT, "", "{}"),
        (Method::PATCH, "", "{}"),
        (Method::DELETE, "", ""),
        (Method::POST, "/rename", r#"{"name":"new"}"#),
        (Method::POST, "/revisions/1/restore", ""),
    ] {
        let path = format!("{MODEL}{rest}");
        let denied = reader.send(method.clone(), &path, body).await;
        assert_eq!(denied.status, 403, "{method} {rest}");
        assert_eq!(denied.json()["missing_permission"], "models:write");
        let elsewhere = path.replace("Task003_Liver", "NotThere");
        let missing = writer.send(method.clone(), &elsewhere, body).await;
        assert_eq!(missing.status, 404, "{method} {rest}");
        let lost = writer.send(method.clone(), &path, body).await;
        assert_eq!(lost.status, 412, "{method} {rest}: {}", lost.text());
    }
    let auditor = app.token(Permissions::all()).await;
    let denials = auditor.get("/api/v1/audit?action=denied").await;
    let denials = denials.json()["events"].as_array().unwrap().len();
    assert_eq!(denials, 5);
}
