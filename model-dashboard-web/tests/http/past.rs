//! Models of the past by API: which there were at a time, and which were deleted.

use http::Method;
use model_dashboard::auth::Permissions;
use model_dashboard::model::Timestamp;
use serde_json::{Value, json};

use crate::app::{App, Client};

const MODELS: &str = "/api/v1/models";

async fn made(client: &Client, name: &str, enabled: bool) -> String {
    let text = json!({"name": name, "network_type": "MIST", "enabled": enabled}).to_string();
    let made = client.send(Method::POST, MODELS, text).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.location().to_owned()
}

/// An installation without models, and who may do everything.
async fn empty() -> (App, Client) {
    let app = App::start().await;
    let client = app.token(Permissions::all()).await.with("if-match", "*");
    let client = client.with("model-dashboard-message", "why");
    let list = client.get(MODELS).await.json();
    for model in list["models"].as_array().unwrap() {
        let part = |field: &str| model[field].as_str().unwrap().to_owned();
        let path = format!("{MODELS}/{}/{}", part("network_type"), part("name"));
        assert_eq!(client.send(Method::DELETE, &path, "").await.status, 204);
    }
    (app, client)
}

/// All models of a time, so many asked for at once.
async fn at(client: &Client, time: Timestamp, limit: usize) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{MODELS}?at={time}&limit={limit}{cursor}");
        let page = client.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        assert_eq!(page["at"], json!(time.to_string()));
        found.extend(page["models"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            None => return found,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
}

#[tokio::test]
async fn what_could_run_at_a_time_is_told() {
    let (_app, client) = empty().await;
    let before = Timestamp::now();
    let kept = made(&client, "kept", true).await;
    let renamed = made(&client, "renamed", false).await;
    let gone = made(&client, "gone", true).await;
    let then = Timestamp::now();
    let disable = client
        .send(Method::PATCH, &kept, r#"{"enabled":false}"#)
        .await;
    assert_eq!(disable.status, 200);
    let rename = format!("{renamed}/rename");
    let rename = client
        .send(Method::POST, &rename, r#"{"name":"new"}"#)
        .await;
    assert_eq!(rename.status, 200);
    assert_eq!(client.send(Method::DELETE, &gone, "").await.status, 204);

    for limit in [1, 2, 1000] {
        assert!(at(&client, before, limit).await.is_empty());
        let models = at(&client, then, limit).await;
        let told = |name: &str| {
            let mut found = models.iter().filter(|it| it["name"] == name);
            let model = found.next().unwrap_or_else(|| panic!("{name}: {models:?}"));
            ["key", "enabled", "revision", "now", "is_deleted", "doubt"].map(|it| &model[it])
        };
        assert_eq!(models.len(), 3, "{limit} at a time");
        let was = |key: &str, enabled: bool, now: &str, is_deleted: bool| {
            let null = Value::Null;
            [
                json!(key),
                json!(enabled),
                json!(1),
                json!(now),
                json!(is_deleted),
                null,
            ]
        };
        let own = |name: &str| told(name).map(Value::clone);
        assert_eq!(own("kept"), was("MIST/kept", true, "MIST/kept", false));
        assert_eq!(
            own("renamed"),
            was("MIST/renamed", false, "MIST/new", false)
        );
        assert_eq!(own("gone"), was("MIST/gone", true, "MIST/gone", true));
    }
    let keys = async |asked: &str| -> Vec<String> {
        let path = format!("{MODELS}?at={then}&{asked}");
        let page = client.get(&path).await.json();
        let models = page["models"].as_array().unwrap().iter();
        models
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(keys("enabled_only=true").await, ["gone", "kept"]);
    assert_eq!(keys("network_type=MIST").await.len(), 3);
    assert!(
        keys("enabled_only=true&network_type=nnUNet")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn what_other_programs_wrote_is_in_doubt() {
    let app = App::holding(&[("MIST/theirs", r#"{"enabled":true}"#)]).await;
    let client = app.token(Permissions::all()).await;
    let models = at(&client, Timestamp::now(), 1000).await;
    let mut theirs = models.iter().filter(|it| it["key"] == "MIST/theirs");
    let theirs = theirs.next().unwrap();
    assert_eq!(theirs["enabled"], true);
    let known = ["no_history", "changed_outside"];
    assert!(theirs["revision"].is_u64() || known.contains(&theirs["doubt"].as_str().unwrap()));
}

#[tokio::test]
async fn what_is_in_doubt_is_among_the_enabled_ones_for_it_may_have_been() {
    let app = App::holding(&[("MIST/off", r#"{"enabled":false}"#)]).await;
    let client = app.token(Permissions::all()).await;
    let path = format!("{MODELS}?at=2001-01-01&enabled_only=true");
    let page = client.get(&path).await.json();
    let mut models = page["models"].as_array().unwrap().iter();
    let off = models.find(|it| it["key"] == "MIST/off");
    let off = off.unwrap_or_else(|| panic!("{page}"));
    assert_eq!(
        (&off["enabled"], &off["doubt"]),
        (&json!(false), &json!("no_history"))
    );
}

#[tokio::test]
async fn what_makes_no_sense_with_a_time_is_named() {
    let (app, client) = empty().await;
    let time = "at=2026-01-01T00:00:00Z";
    for other in ["search=x", "tag=x", "sort=name", "offset=1", "owner="] {
        let refused = client.get(&format!("{MODELS}?{other}&{time}")).await;
        let (name, _) = other.split_once('=').unwrap();
        let named = &refused.json()["errors"][0]["field"];
        assert_eq!((refused.status.as_u16(), named), (400, &json!(name)));
    }
    made(&client, "a", false).await;
    made(&client, "b", false).await;
    let page = client.get(&format!("{MODELS}?limit=1")).await.json();
    let cursor = format!("{time}&cursor={}", page["next_cursor"].as_str().unwrap());
    let ahead = "at=2999-01-01T00:00:00Z";
    let limit = format!("{time}&limit=1001");
    for (query, name) in [
        ("at=", "at"),
        ("at=noon", "at"),
        (ahead, "at"),
        (&limit, "limit"),
        (&cursor, "cursor"),
    ] {
        let refused = client.get(&format!("{MODELS}?{query}")).await;
        let named = &refused.json()["errors"][0]["field"];
        assert_eq!(
            (refused.status.as_u16(), named),
            (400, &json!(name)),
            "{query}"
        );
    }
    let reader = app.token("models:read".parse().unwrap()).await;
    let refused = reader.get(&format!("{MODELS}?{time}")).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["missing_permission"], "audit:read");
}

#[tokio::test]
async fn deleted_models_are_listed_page_by_page() {
    let (_app, client) = empty().await;
    let gone = made(&client, "deleted-models", false).await;
    let moved = made(&client, "moved", false).await;
    client.send(Method::DELETE, &gone, "").await;
    let rename = format!("{moved}/rename");
    client
        .send(Method::POST, &rename, r#"{"name":"here"}"#)
        .await;
    let all = client.get("/api/v1/deleted-models").await.json();
    let models = all["models"].as_array().unwrap();
    assert_eq!((models.len(), &all["total"]), (10, &json!(10)));
    assert!(all.get("next_cursor").is_none());
    let mine = models.iter().find(|it| it["key"] == "MIST/deleted-models");
    let mine = mine.unwrap();
    assert_eq!(
        (&mine["deleted_by"], &mine["revision"]),
        (&json!("admin"), &json!(2))
    );
    assert!(mine["deleted_at"].is_string() && mine["id"].is_string());

    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/deleted-models?limit=3{cursor}");
        let page = client.get(&path).await.json();
        let models = page["models"].as_array().unwrap();
        assert!(models.len() <= 3 && page["total"] == 10);
        paged.extend(models.iter().cloned());
        match page["next_cursor"].as_str() {
            None => break,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
    assert_eq!(&paged, models);
    let restore = format!("{gone}/revisions/1/restore");
    assert_eq!(client.send(Method::POST, &restore, "").await.status, 201);
    let left = client.get("/api/v1/deleted-models").await.json();
    assert_eq!(left["total"], 9);
}
