//! Every page by every verb it knows and by everybody: one list, as long as the table of routes.

mod admin;
mod models;

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

/// Signing in, and what everybody has of their own.
const OWN: &[Row] = &[
    get("/login", "/login", [200, 303, 303, 303, 303, 303]),
    post("/login", "/login", &[], [403; 6]),
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
];

/// It ends the sessions.
const SIGN_OUT: Row = post("/logout", "/logout", &[], but(READ, 303));

/// All rows, the one that ends the sessions last.
fn matrix() -> impl Iterator<Item = &'static Row> {
    let rows = OWN.iter().chain(models::ROWS).chain(admin::ROWS);
    rows.chain([&SIGN_OUT])
}

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
    let rows: BTreeSet<(String, &str)> = matrix()
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
    for row in matrix() {
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
