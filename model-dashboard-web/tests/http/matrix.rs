//! Every route, every method, every credential.

use http::Method;
use model_dashboard::auth::{Permission, Permissions};
use model_dashboard_web::api::document;

use crate::app::{App, Client};

/// What each documented operation needs: nothing, any token, or a permission. Paths are filled so
/// that the permission is what decides.
fn needs(method: &str, path: &str) -> Needs {
    use Needs::{Anything, Nothing};
    use Permission::{
        AuditRead, ModelsRead, ModelsWrite, PackagesRead, PackagesWrite, SystemAdmin, UsersAdmin,
    };
    match (method, path) {
        (_, "/health" | "/livez" | "/readyz" | "/metrics" | "/openapi.json" | "/docs") => Nothing,
        (_, "/api/v1/me") => Anything,
        // Whoever may read the log, or models, sees a part of it.
        (_, "/api/v1/events") => Anything,
        // One's own; other people's are not found.
        (_, "/api/v1/tokens" | "/api/v1/tokens/{id}") => Anything,
        (_, path) if path.starts_with("/api/v1/users") => Needs::One(UsersAdmin),
        (_, "/api/v1/sources/{source}/recheck") => Needs::One(UsersAdmin),
        (_, path) if path.starts_with("/api/v1/sources") => Needs::Either(UsersAdmin, SystemAdmin),
        (_, path) if path.starts_with("/api/v1/audit") => Needs::One(AuditRead),
        (_, path) if path.starts_with("/api/v1/uploads") => Needs::One(PackagesWrite),
        (_, path) if path.starts_with("/api/v1/packages") => Needs::One(SystemAdmin),
        (_, "/api/v1/deleted-models") => Needs::One(SystemAdmin),
        ("get", path) if path.contains("/drafts") => Needs::One(PackagesRead),
        (_, path) if path.contains("/drafts") => Needs::One(PackagesWrite),
        (_, path) if path.contains("/package/files/") => Needs::One(PackagesRead),
        ("get", path) if path.ends_with("/package") => Needs::One(PackagesRead),
        (_, path) if path.ends_with("/package") => Needs::One(PackagesWrite),
        ("get", _) => Needs::One(ModelsRead),
        (_, path) if path.starts_with("/api/v1/models") => Needs::One(ModelsWrite),
        _ => panic!("{method} {path} is new: say here what it needs"),
    }
}

enum Needs {
    Nothing,
    Anything,
    One(Permission),
    Either(Permission, Permission),
}

struct Operation {
    method: Method,
    template: String,
    path: String,
    body: &'static str,
}

fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (template, item) in &document().paths.paths {
        let methods = [
            (&item.get, Method::GET, ""),
            (
                &item.post,
                Method::POST,
                r#"{"name":"X","network_type":"MIST"}"#,
            ),
            (&item.put, Method::PUT, r#"{"version":"2"}"#),
            (&item.patch, Method::PATCH, r#"{"version":"2"}"#),
            (&item.delete, Method::DELETE, ""),
        ];
        for (_, method, body) in methods
            .into_iter()
            .filter(|(operation, ..)| operation.is_some())
        {
            let body = match (template.as_str(), body) {
                (_, "") => "",
                ("/api/v1/users", _) => r#"{"username":"x","role":"viewer"}"#,
                (path, _) if path.ends_with("/drafts") => {
                    r#"{"upload":"01J9Z3K4V5W6X7Y8Z9A0B1C2D3"}"#
                }
                (path, _) if path.starts_with("/api/v1/users") => "{}",
                (path, _) if path.starts_with("/api/v1/sources") => "{}",
                (_, body) => body,
            };
            let path = template
                .replace("{network_type}", "nnUNet")
                .replace("{name}", "Task003_Liver")
                .replace("{source}", "local")
                .replace("{subject}", "999999")
                .replace("{id}", "999999")
                .replace("{sha256}", &"0".repeat(64))
                .replace("{path}", "plans.json")
                .replace("{package}", "01J9Z3K4V5W6X7Y8Z9A0B1C2D3")
                .replace("{revision}", "1");
            operations.push(Operation {
                method,
                template: template.clone(),
                path,
                body,
            });
        }
    }
    assert!(operations.len() > 25, "the description lost its routes");
    operations
}

async fn status(client: &Client, operation: &Operation) -> u16 {
    let client = client.with("if-match", "\"00000000000000000000000000000000\"");
    let answer = client
        .send(operation.method.clone(), &operation.path, operation.body)
        .await;
    answer.status.as_u16()
}

/// Also what MLflow's CVE-2026-0545 was: routes that nobody had to sign in for.
#[tokio::test]
async fn no_route_answers_without_the_permission_it_needs() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    let cookie = anonymous.with("cookie", app.signed_in("admin").await.cookie());
    let garbage = anonymous.with("authorization", "Bearer mdb_nonsense");
    let basic = anonymous.with("authorization", "Basic YWRtaW46YWRtaW4=");
    let all = app.token(Permissions::all()).await;
    let pages = Client::new(app.pages);
    for operation in operations() {
        let name = format!("{} {}", operation.method, operation.template);
        let method = operation.method.as_str().to_lowercase();
        let needs = needs(&method, &operation.template);
        if let Needs::Nothing = needs {
            assert_eq!(status(&anonymous, &operation).await, 200, "{name}");
            continue;
        }
        for (who, client) in [
            ("nobody", &anonymous),
            ("a cookie", &cookie),
            ("garbage", &garbage),
            ("Basic", &basic),
        ] {
            assert_eq!(status(client, &operation).await, 401, "{name} with {who}");
        }
        let on_pages = pages.with("cookie", cookie.cookie());
        assert_eq!(
            status(&on_pages, &operation).await,
            401,
            "{name} on the pages' port"
        );
        let enough = match needs {
            Needs::One(permission) => vec![permission],
            Needs::Either(one, other) => vec![one, other],
            Needs::Nothing | Needs::Anything => vec![],
        };
        if !enough.is_empty() {
            let apart = |p: &Permission| {
                !enough.contains(p) && !enough.iter().any(|one| p.requires() == Some(*one))
            };
            let others: Permissions = Permission::ALL.iter().copied().filter(apart).collect();
            let lacking = app.token(others).await;
            assert_eq!(
                status(&lacking, &operation).await,
                403,
                "{name} without {enough:?}"
            );
        }
        let allowed = status(&all, &operation).await;
        assert!(
            ![401, 403, 405, 500].contains(&allowed),
            "{name} with everything: {allowed}"
        );
    }
}

#[tokio::test]
async fn enabling_by_any_way_needs_the_permission_to_enable() {
    let app = App::start().await;
    let scopes = "models:read models:write".parse().unwrap();
    let editor = app.token(scopes).await.with("if-match", "*");
    let model = "/api/v1/models/nnUNet/Task003_Liver";
    let enable = r#"{"enabled":true}"#;
    assert_eq!(editor.send(Method::PATCH, model, enable).await.status, 403);
    assert_eq!(editor.send(Method::PUT, model, enable).await.status, 403);
    let new = r#"{"name":"N","network_type":"MIST","enabled":true}"#;
    assert_eq!(
        editor
            .send(Method::POST, "/api/v1/models", new)
            .await
            .status,
        403
    );
    let enabled = "/api/v1/models/nnUNet/Task055_SegTHOR";
    let editor = editor.with("model-dashboard-message", "try");
    for (method, body) in [
        (Method::PATCH, r#"{"alias":"x"}"#),
        (Method::PUT, "{}"),
        (Method::DELETE, ""),
    ] {
        assert_eq!(
            editor.send(method.clone(), enabled, body).await.status,
            403,
            "{method}"
        );
    }
    let rename = editor
        .send(
            Method::POST,
            &format!("{enabled}/rename"),
            r#"{"name":"N"}"#,
        )
        .await;
    assert_eq!(rename.status, 403);
}

#[tokio::test]
async fn a_token_has_no_more_than_its_owner() {
    let app = App::start().await;
    let viewer = app.secret("viewer", "models:read".parse().unwrap()).await;
    let viewer = app
        .anonymous()
        .with("authorization", &format!("Bearer {viewer}"));
    assert_eq!(viewer.get("/api/v1/models").await.status, 200);
    for path in ["/api/v1/users", "/api/v1/audit"] {
        assert_eq!(viewer.get(path).await.status, 403, "{path}");
    }
    let more = r#"{"description":"more","scopes":["users:admin"]}"#;
    let more = viewer.send(Method::POST, "/api/v1/tokens", more).await;
    assert!(
        [403, 422].contains(&more.status.as_u16()),
        "{}",
        more.text()
    );
}
