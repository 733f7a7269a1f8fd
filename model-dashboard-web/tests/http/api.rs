//! What the API answers.

use http::Method;
use model_dashboard::auth::{Permission, Permissions};

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
    assert!(detail.contains("Model-Dashboard-Message"), "{detail}");
    let told = client.with("model-dashboard-message", "übersetzt");
    let told = told.send(Method::PATCH, enabled, r#"{"alias":"x"}"#).await;
    assert_eq!(told.json()["registry"]["message"], "übersetzt");
}

#[tokio::test]
async fn names_that_could_reach_elsewhere_are_refused() {
    let (_app, client) = admin().await;
    let long = "a".repeat(129);
    for name in [
        "..",
        "a/b",
        "a b",
        "a%2fb",
        "",
        "dataframe",
        "type",
        "../x",
        &long,
        ".registry",
    ] {
        let body = serde_json::json!({ "name": name, "network_type": "MIST" }).to_string();
        let refused = client.send(Method::POST, "/api/v1/models", body).await;
        assert_eq!(refused.status, 422, "{name}: {}", refused.text());
        assert_eq!(refused.json()["errors"][0]["field"], "name");
    }
    for path in [
        "/api/v1/models/nnUNet/..%2f..%2fetc%2fpasswd",
        "/api/v1/models/nnUNet/%2e%2e",
        "/api/v1/models/.registry/change",
        "/api/v1/models/nnUNet/a%00b",
        "/api/v1/models/nnUNet/%252e%252e",
        "/api/v1/models/nnUNet/..",
    ] {
        let refused = client.get(path).await;
        assert!(
            [400, 404].contains(&refused.status.as_u16()),
            "{path}: {}",
            refused.status
        );
        assert_eq!(
            refused.header("content-type"),
            "application/problem+json",
            "{path}"
        );
    }
}

#[tokio::test]
async fn json_that_cannot_be_taken_is_told_with_its_place() {
    let (_app, client) = admin().await;
    let deep = format!(
        r#"{{"name":"x","network_type":"MIST","d":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let duplicate = "{\"name\":\"x\",\n \"network_type\":\"MIST\", \"name\":\"y\"}";
    let cases = [
        (r#"{"name":"x","network_type":"MIST","enabled":tru"#, 422),
        (deep.as_str(), 422),
        (duplicate, 422),
        (r#"{"name":"x","network_type":"MIST","enabled":"yes"}"#, 422),
        (
            r#"{"name":"x","network_type":"MIST","contour_names":[1]}"#,
            422,
        ),
        (r#"[]"#, 422),
        (r#"{"name":"x","network_type":"MIST","lr":NaN}"#, 422),
    ];
    for (body, status) in cases {
        let refused = client
            .send(Method::POST, "/api/v1/models", body.to_owned())
            .await;
        let start: String = body.chars().take(60).collect();
        assert_eq!(refused.status, status, "{start}: {}", refused.text());
        assert!(
            !refused.json()["errors"].as_array().unwrap().is_empty(),
            "{start}"
        );
    }
    let refused = client.send(Method::POST, "/api/v1/models", duplicate).await;
    assert_eq!(refused.json()["errors"][0]["line"], 2);
    let large = format!(r#"{{"name":"x","pad":"{}"}}"#, "x".repeat(2 << 20));
    let refused = client.send(Method::POST, "/api/v1/models", large).await;
    assert_eq!(refused.status, 413);
    assert_eq!(
        client.get("/api/v1/models").await.json()["total"],
        9,
        "nothing was stored"
    );
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
async fn what_is_wrong_in_a_body_is_named_by_its_field() {
    let (_app, client) = admin().await;
    let token = r#"{"description":"x","owner":"service:1"}"#;
    let refused = client.send(Method::POST, "/api/v1/tokens", token).await;
    assert_eq!(refused.status, 422);
    let errors = refused.json()["errors"].clone();
    assert_eq!(errors[0]["field"], "scopes");
    assert_eq!(errors[1]["field"], "owner");
    assert!(!refused.text().contains("struct"), "{}", refused.text());
}

#[tokio::test]
async fn what_is_misspelt_beside_a_body_is_a_bad_request() {
    let (_app, client) = admin().await;
    let model = "/api/v1/models/nnUNet/Task055_SegTHOR";
    for path in [
        model,
        "/api/v1/models/Task055_SegTHOR",
        "/api/v1/me",
        "/api/v1/network-types",
    ] {
        let refused = client.get(&format!("{path}?nonsense=1")).await;
        assert_eq!(refused.status, 400, "{path}");
        assert_eq!(refused.json()["errors"][0]["field"], "nonsense");
    }
    let tag = client.get(model).await.header("etag").replace('"', "");
    let unquoted = client.with("if-match", &tag);
    let refused = unquoted
        .send(Method::PATCH, model, r#"{"alias":"x"}"#)
        .await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("quotation marks"),
        "{}",
        refused.text()
    );
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
        detail.contains("more than the token itself may; what it lacks is models:read:"),
        "{detail}"
    );
    assert_eq!(make("users:admin models:read").await.status, 201);
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
async fn what_cannot_be_taken_is_named_by_its_field() {
    let (_app, client) = admin().await;
    for (query, field) in [
        ("models?limit=abc", "limit"),
        ("models?limit=0", "limit"),
        ("models?sort=bogus", "sort"),
        ("models?network_type=a/b", "network_type"),
        ("audit?limit=0", "limit"),
        ("users?source=%20", "source"),
    ] {
        let refused = client.get(&format!("/api/v1/{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        let told = refused.json();
        assert_eq!(told["type"], "urn:model-dashboard:problem:bad-parameter");
        assert_eq!(told["errors"][0]["field"], field, "{query}");
    }
    let new = r#"{"name":5,"network_type":"nnUNet","alias":1}"#;
    let refused = client.send(Method::POST, "/api/v1/models", new).await;
    let told: Vec<String> = refused.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| format!("{} {}", error["field"], error["message"]))
        .collect();
    assert_eq!(
        told,
        [
            r#""name" "expected a text, found a number""#,
            r#""alias" "expected a text, found a number""#
        ]
    );
}

#[tokio::test]
async fn who_puts_a_new_model_is_told_to_post_it() {
    let (_app, client) = admin().await;
    let new = "/api/v1/models/nnUNet/New";
    for (header, value, status) in [("if-none-match", "*", 428), ("if-match", "*", 404)] {
        let client = client.with(header, value);
        let refused = client.send(Method::PUT, new, "{}").await;
        assert_eq!(refused.status, status);
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("POST /api/v1/models"), "{detail}");
    }
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
