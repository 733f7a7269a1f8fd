//! Mistakes that others made at the edge, each named by its number there.

use futures::future::join_all;
use http::Method;
use http::header::{AUTHORIZATION, COOKIE};
use model_dashboard::auth::Role;

use crate::app::{App, Client};

/// Grafana: under load a request was answered for the caller of another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cve_2022_39328_requests_at_once_are_answered_for_their_own_callers() {
    let app = App::start().await;
    let mut clients = vec![(None, app.anonymous())];
    for role in Role::ALL {
        let secret = app.secret(role.as_str(), role.permissions()).await;
        let bearer = format!("Bearer {secret}");
        let client = app.anonymous().with(AUTHORIZATION.as_str(), &bearer);
        clients.push((Some(role.as_str()), client));
    }
    for _ in 0..20 {
        let asked = clients.iter().cycle().take(24).map(async |(who, client)| {
            let answer = client.get("/api/v1/me").await;
            match who {
                Some(name) => assert_eq!(answer.json()["username"], *name),
                None => assert_eq!(answer.status, 401),
            }
        });
        join_all(asked).await;
    }
}

/// Gitea: what a token may do was forgotten where it came in by another way.
#[tokio::test]
async fn cve_2026_28699_and_24791_a_token_counts_in_one_place_and_with_its_scopes() {
    let app = App::start().await;
    let secret = app.secret("admin", "models:read".parse().unwrap()).await;
    let (api, pages) = (app.anonymous(), Client::new(app.pages));
    let browser = app.signed_in("viewer").await;
    let (cookie, _) = browser.cookie().split_once('=').unwrap();
    let header = |value: &str| (AUTHORIZATION.as_str().to_owned(), value.to_owned());
    // `admin:x`; no password or token is taken so.
    let basic = header("Basic YWRtaW46eA==");
    let others = [
        basic,
        header(&format!("token {secret}")),
        header(&secret),
        (COOKIE.as_str().to_owned(), format!("{cookie}={secret}")),
        ("x-api-key".to_owned(), secret.clone()),
        ("private-token".to_owned(), secret.clone()),
    ];
    for client in [&api, &pages] {
        for (name, value) in &others {
            let answer = client.with(name, value).get("/api/v1/models").await;
            assert_eq!(answer.status, 401, "{name}");
        }
        for field in ["access_token", "token", "private_token"] {
            let answer = client
                .get(&format!("/api/v1/models?{field}={secret}"))
                .await;
            assert_eq!(answer.status, 401, "{field}");
        }
        let bearer = client.with(AUTHORIZATION.as_str(), &format!("Bearer {secret}"));
        assert_eq!(bearer.get("/api/v1/models").await.status, 200);
        assert_eq!(bearer.get("/api/v1/users").await.status, 403);
        let new = r#"{"name":"N","network_type":"MIST"}"#;
        let created = bearer.send(Method::POST, "/api/v1/models", new).await;
        assert_eq!(created.status, 403);
    }
    // Pages take no token: its scopes would have to be asked there, too.
    let bearer = pages.with(AUTHORIZATION.as_str(), &format!("Bearer {secret}"));
    let page = bearer.get("/models/nnUNet/Task003_Liver").await;
    assert_eq!(page.status, 303, "{}", page.text());
    assert!(page.location().starts_with("/login"), "{}", page.location());
}
