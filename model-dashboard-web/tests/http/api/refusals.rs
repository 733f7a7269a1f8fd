//! What cannot be taken is told with its place.

use http::Method;

use super::admin;

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
