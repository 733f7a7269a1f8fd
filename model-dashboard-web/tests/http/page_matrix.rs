//! Every page by every verb it knows and by everybody: one list, as long as the table of routes.

use std::collections::BTreeSet;

use http::Method;
use model_dashboard::auth::Role;
use model_dashboard_web::page_addresses;

use crate::app::{App, Client};
use crate::form_matrix::state_of_another;

/// A page, an example of its address, what a form sends, and what is answered to nobody, viewer,
/// editor, publisher, auditor and administrator.
///
/// `{tag}` stands for a state that no model of these has, so that nothing is changed.
struct Row {
    method: &'static str,
    address: &'static str,
    path: &'static str,
    fields: &'static [(&'static str, &'static str)],
    expected: [u16; 6],
}

const fn get(address: &'static str, path: &'static str, expected: [u16; 6]) -> Row {
    Row {
        method: "GET",
        address,
        path,
        fields: &[],
        expected,
    }
}

const fn post(
    address: &'static str,
    path: &'static str,
    fields: &'static [(&'static str, &'static str)],
    expected: [u16; 6],
) -> Row {
    Row {
        method: "POST",
        address,
        path,
        fields,
        expected,
    }
}

/// For those who read models: everybody but nobody.
const READ: [u16; 6] = [303, 200, 200, 200, 200, 200];
/// For those who write models.
const WRITE: [u16; 6] = [303, 403, 200, 200, 403, 200];
/// For those who enable models.
const ENABLE: [u16; 6] = [303, 403, 403, 200, 403, 200];
/// For those who read the audit log.
const AUDIT: [u16; 6] = [303, 403, 403, 403, 200, 200];
/// For administrators.
const ADMIN: [u16; 6] = [303, 403, 403, 403, 403, 200];

const TAG: &[(&str, &str)] = &[("if_match", "{tag}")];

const MATRIX: &[Row] = &[
    get("/login", "/login", [200, 303, 303, 303, 303, 303]),
    post("/login", "/login", &[], [403; 6]),
    get("/", "/", READ),
    post(
        "/models/bulk",
        "/models/bulk",
        &[("model", "nnUNet/Task003_Liver"), ("action", "delete")],
        but(WRITE, 200),
    ),
    get(
        "/models/{type}/{name}",
        "/models/nnUNet/Task003_Liver",
        READ,
    ),
    get(
        "/models/{type}/{name}/edit",
        "/models/nnUNet/Task003_Liver/edit",
        WRITE,
    ),
    get(
        "/models/{type}/{name}/derive",
        "/models/nnUNet/Task003_Liver/derive",
        WRITE,
    ),
    get(
        "/models/{type}/{name}/rename",
        "/models/nnUNet/Task003_Liver/rename",
        WRITE,
    ),
    get(
        "/models/{type}/{name}/delete",
        "/models/nnUNet/Task003_Liver/delete",
        WRITE,
    ),
    get(
        "/models/{type}/{name}/enable",
        "/models/nnUNet/Task003_Liver/enable",
        ENABLE,
    ),
    get(
        "/models/{type}/{name}/disable",
        "/models/nnUNet/Task003_Liver/disable",
        ENABLE,
    ),
    get(
        "/models/{type}/{name}/export",
        "/models/nnUNet/Task003_Liver/export",
        READ,
    ),
    post(
        "/models/{type}/{name}/edit",
        "/models/nnUNet/Task003_Liver/edit",
        &[
            ("if_match", "{tag}"),
            ("alias", "matrix"),
            ("action", "save"),
        ],
        but(WRITE, 409),
    ),
    post(
        "/models/{type}/{name}/derive",
        "/models/nnUNet/Task003_Liver/derive",
        &[("network_type", "MIST"), ("name", "a name")],
        but(WRITE, 422),
    ),
    post(
        "/models/{type}/{name}/rename",
        "/models/nnUNet/Task003_Liver/rename",
        &[
            ("if_match", "{tag}"),
            ("network_type", "MIST"),
            ("name", "Renamed"),
        ],
        but(WRITE, 412),
    ),
    post(
        "/models/{type}/{name}/delete",
        "/models/nnUNet/Task003_Liver/delete",
        TAG,
        but(WRITE, 412),
    ),
    post(
        "/models/{type}/{name}/enable",
        "/models/nnUNet/Task003_Liver/enable",
        TAG,
        but(ENABLE, 412),
    ),
    post(
        "/models/{type}/{name}/disable",
        "/models/nnUNet/Task003_Liver/disable",
        TAG,
        but(ENABLE, 412),
    ),
    get(
        "/models/{type}/{name}/history",
        "/models/nnUNet/Task003_Liver/history",
        READ,
    ),
    get(
        "/models/{type}/{name}/compare",
        "/models/nnUNet/Task003_Liver/compare?from=1&to=1",
        READ,
    ),
    get(
        "/models/{type}/{name}/revisions/{number}",
        "/models/nnUNet/Task003_Liver/revisions/1",
        READ,
    ),
    get(
        "/models/{type}/{name}/revisions/{number}/restore",
        "/models/nnUNet/Task003_Liver/revisions/1/restore",
        WRITE,
    ),
    post(
        "/models/{type}/{name}/revisions/{number}/restore",
        "/models/nnUNet/Task003_Liver/revisions/1/restore",
        TAG,
        but(WRITE, 412),
    ),
    get("/create", "/create", WRITE),
    post(
        "/create",
        "/create",
        &[("network_type", "MIST"), ("name", "a name")],
        but(WRITE, 422),
    ),
    get("/derive", "/derive", WRITE),
    post(
        "/derive",
        "/derive",
        &[
            ("from", "nnUNet/Task003_Liver"),
            ("network_type", "MIST"),
            ("name", "a name"),
        ],
        but(WRITE, 422),
    ),
    get("/import", "/import", WRITE),
    post("/import", "/import", &[], but(WRITE, 400)),
    get("/broken", "/broken", READ),
    get("/broken/{type}/{name}", "/broken/nnUNet/Broken", READ),
    post(
        "/broken/{type}/{name}",
        "/broken/nnUNet/Broken",
        &[("if_match", "{tag}"), ("text", "{}")],
        but(WRITE, 409),
    ),
    get("/activity", "/activity", READ),
    get("/profile", "/profile", READ),
    post(
        "/profile/password",
        "/profile/password",
        &[
            ("current_password", "wrong"),
            ("new_password", "a"),
            ("repeated_password", "a"),
        ],
        but(READ, 422),
    ),
    post(
        "/profile/sessions/end-others",
        "/profile/sessions/end-others",
        &[],
        but(READ, 303),
    ),
    post(
        "/profile/sessions/{id}/end",
        "/profile/sessions/999999/end",
        &[],
        but(READ, 404),
    ),
    post("/theme", "/theme", &[("theme", "dark")], but(READ, 303)),
    get("/tokens", "/tokens", READ),
    post(
        "/tokens",
        "/tokens",
        &[("once", "AAAAAAAAAAAAAAAAAAAAAA"), ("description", "")],
        but(READ, 422),
    ),
    post(
        "/tokens/service-accounts",
        "/tokens/service-accounts",
        &[
            ("account_name", "matrix"),
            ("account_team", "matrix"),
            ("account_role", "no role"),
        ],
        but(ADMIN, 422),
    ),
    get(
        "/tokens/{id}/revoke",
        "/tokens/999999/revoke",
        but(READ, 404),
    ),
    post(
        "/tokens/{id}/revoke",
        "/tokens/999999/revoke",
        &[],
        but(READ, 404),
    ),
    get("/admin/audit", "/admin/audit", AUDIT),
    get("/admin/audit/export.csv", "/admin/audit/export.csv", AUDIT),
    get(
        "/admin/audit/export.jsonl",
        "/admin/audit/export.jsonl",
        AUDIT,
    ),
    get("/admin/audit/{number}", "/admin/audit/1", AUDIT),
    get("/admin/as-of", "/admin/as-of", AUDIT),
    get(
        "/admin/as-of/export.csv",
        "/admin/as-of/export.csv?at=2026-01-01",
        AUDIT,
    ),
    get(
        "/admin/as-of/export.csv",
        "/admin/as-of/export.csv?at=yesterday",
        but(AUDIT, 422),
    ),
    get("/admin/deleted", "/admin/deleted", ADMIN),
    get(
        "/admin/deleted/{type}/{name}/bring-back",
        "/admin/deleted/nnUNet/NotThere/bring-back",
        but(ADMIN, 404),
    ),
    post(
        "/admin/deleted/{type}/{name}/bring-back",
        "/admin/deleted/nnUNet/NotThere/bring-back",
        &[],
        but(ADMIN, 404),
    ),
    get("/admin/storage", "/admin/storage", ADMIN),
    post(
        "/admin/storage/check",
        "/admin/storage/check",
        &[],
        but(ADMIN, 303),
    ),
    get("/admin/storage/repair", "/admin/storage/repair", ADMIN),
    post(
        "/admin/storage/repair",
        "/admin/storage/repair",
        &[],
        but(ADMIN, 303),
    ),
    post(
        "/admin/storage/list-garbage",
        "/admin/storage/list-garbage",
        &[],
        but(ADMIN, 303),
    ),
    get(
        "/admin/storage/delete-garbage",
        "/admin/storage/delete-garbage",
        ADMIN,
    ),
    post(
        "/admin/storage/delete-garbage",
        "/admin/storage/delete-garbage",
        &[],
        but(ADMIN, 303),
    ),
    post(
        "/admin/storage/stop",
        "/admin/storage/stop",
        &[],
        but(ADMIN, 303),
    ),
    get(
        "/admin/directories/{source}",
        "/admin/directories/nowhere",
        but(ADMIN, 404),
    ),
    post(
        "/admin/directories/{source}/test",
        "/admin/directories/nowhere/test",
        &[],
        but(ADMIN, 404),
    ),
    post(
        "/admin/directories/{source}/recheck",
        "/admin/directories/nowhere/recheck",
        &[],
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/recheck",
        "/admin/users/local:999999/recheck",
        &[],
        but(ADMIN, 404),
    ),
    get("/admin/system", "/admin/system", ADMIN),
    get("/admin/users", "/admin/users", ADMIN),
    post(
        "/admin/users",
        "/admin/users",
        &[("username", "matrix"), ("role", "no role")],
        but(ADMIN, 422),
    ),
    get("/admin/users/new", "/admin/users/new", ADMIN),
    get(
        "/admin/users/{id}",
        "/admin/users/local:999999",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}",
        "/admin/users/local:999999",
        &[("role", "no role")],
        but(ADMIN, 404),
    ),
    get(
        "/admin/users/{id}/enable",
        "/admin/users/local:999999/enable",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/enable",
        "/admin/users/local:999999/enable",
        &[],
        but(ADMIN, 404),
    ),
    get(
        "/admin/users/{id}/disable",
        "/admin/users/local:999999/disable",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/disable",
        "/admin/users/local:999999/disable",
        &[],
        but(ADMIN, 404),
    ),
    get(
        "/admin/users/{id}/reset-password",
        "/admin/users/local:999999/reset-password",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/reset-password",
        "/admin/users/local:999999/reset-password",
        &[],
        but(ADMIN, 404),
    ),
    get(
        "/admin/users/{id}/delete",
        "/admin/users/local:999999/delete",
        but(ADMIN, 404),
    ),
    post(
        "/admin/users/{id}/delete",
        "/admin/users/local:999999/delete",
        &[],
        but(ADMIN, 404),
    ),
    // Last: it ends the sessions.
    post("/logout", "/logout", &[], but(READ, 303)),
];

/// The same answer, with another status for those who may.
const fn but(expected: [u16; 6], allowed: u16) -> [u16; 6] {
    let mut statuses = expected;
    let mut n = 0;
    while n < statuses.len() {
        if statuses[n] == 200 {
            statuses[n] = allowed;
        }
        n += 1;
    }
    statuses
}

#[test]
fn every_route_has_a_row() {
    let routes: BTreeSet<(String, &str)> = page_addresses()
        .into_iter()
        .map(|(method, address)| (method.to_string(), address))
        .collect();
    let rows: BTreeSet<(String, &str)> = MATRIX
        .iter()
        .map(|row| (row.method.to_owned(), row.address))
        .collect();
    let missing: Vec<_> = routes.difference(&rows).collect();
    assert!(missing.is_empty(), "routes without a row: {missing:?}");
    let gone: Vec<_> = rows.difference(&routes).collect();
    assert!(gone.is_empty(), "rows without a route: {gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_everybody_as_the_list_says() {
    let app = App::holding(&[("nnUNet/Broken", "{")]).await;
    let tag = state_of_another(&app).await;
    let mut people = vec![("nobody", Client::new(app.pages), String::new())];
    for role in Role::ALL {
        let browser = app.signed_in(role.as_str()).await;
        let csrf = browser.get("/profile").await.csrf();
        people.push((role.as_str(), browser, csrf));
    }
    let names: Vec<&str> = people.iter().map(|(name, ..)| *name).collect();
    assert_eq!(
        names[1..],
        ["viewer", "editor", "publisher", "auditor", "admin"]
    );
    let mut wrong = Vec::new();
    for row in MATRIX {
        let mut statuses = Vec::new();
        for (name, browser, csrf) in &people {
            let answer = match row.method {
                "GET" => browser.get(row.path).await,
                _ => {
                    let fill = |value| {
                        if value == "{tag}" {
                            tag.as_str()
                        } else {
                            value
                        }
                    };
                    let fields = row.fields.iter().map(|(name, value)| (*name, fill(*value)));
                    let fields: Vec<_> = [("csrf", csrf.as_str())]
                        .into_iter()
                        .chain(fields)
                        .collect();
                    browser.post_form(row.path, &fields).await
                }
            };
            let status = answer.status.as_u16();
            if status >= 400 {
                let text = answer.text();
                assert!(text.contains("<h1"), "{} {}: {text}", row.method, row.path);
            }
            if *name == "nobody" && status == 303 {
                assert!(answer.location().starts_with("/login"), "{}", row.path);
            }
            if row.method == "GET" {
                let head = browser.send(Method::HEAD, row.path, "").await;
                assert_eq!(head.status, answer.status, "HEAD {}", row.path);
                assert!(head.body.is_empty(), "HEAD {}", row.path);
            }
            statuses.push(status);
        }
        if statuses != row.expected {
            wrong.push(format!("{} {}: {statuses:?}", row.method, row.path));
        }
    }
    assert!(wrong.is_empty(), "{names:?}\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_no_page_is_told_from_nothing_by_nobody() {
    let app = App::start().await;
    let (stranger, admin) = (Client::new(app.pages), app.signed_in("admin").await);
    for path in [
        "/nothing",
        "/models/a",
        "/models/a/b/nothing",
        "/activity/x",
        "/tokens/x",
    ] {
        assert_eq!(stranger.get(path).await.status, 404, "{path}");
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }
    assert_eq!(admin.get("/tokens/x/revoke").await.status, 404);
    assert_eq!(
        admin.get("/activity/").await.status,
        200,
        "a slash at the end"
    );
    let posted = admin.post_form("/activity", &[]).await;
    assert_eq!(posted.status, 404);
}

#[tokio::test]
async fn a_form_that_is_refused_is_in_the_audit_log() {
    let app = App::start().await;
    let viewer = app.signed_in("viewer").await;
    let csrf = viewer.get("/profile").await.csrf();
    let refused = viewer.post_form("/create", &[("csrf", &csrf)]).await;
    assert_eq!(refused.status, 403);
    let text = refused.text();
    assert!(text.contains("models:write"), "{text}");
    let id = refused.header("x-request-id");
    assert!(!id.is_empty() && text.contains(id), "the request is named");
    let auditor = app.signed_in("auditor").await;
    let log = auditor.get("/admin/audit/export.jsonl?action=denied").await;
    assert!(log.text().contains("needs models:write"), "{}", log.text());
}
