//! Signing in and out, and what is asked of strangers.

use http::header::{CONTENT_TYPE, COOKIE};
use http::{Method, StatusCode};

use crate::app::{App, Client, PASSWORD};

#[tokio::test]
async fn signing_in_makes_a_new_session_and_signing_out_ends_it() {
    let app = App::start().await;
    let browser = Client::new(app.pages);
    let form = browser.get("/login").await;
    let planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let cookies = format!(
        "{}; model_dashboard_session={planted}",
        form.cookie("_sign_in")
    );
    let browser = browser.with(COOKIE.as_str(), &cookies);
    let csrf = form.csrf();
    let sign_in = |password: &'static str, next: &'static str| {
        let (browser, csrf) = (browser.clone(), csrf.clone());
        async move {
            let fields = [
                ("csrf", csrf.as_str()),
                ("username", "admin"),
                ("password", password),
                ("next", next),
            ];
            browser.post_form("/login", &fields).await
        }
    };
    let wrong = sign_in("not the password", "").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.text().contains("not the password"));

    for (next, goes_to) in [
        ("/activity", "/activity"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
    ] {
        let answer = sign_in(PASSWORD, next).await;
        assert_eq!(answer.location(), goes_to, "{next}");
        assert!(
            !answer.cookie("_session").contains(planted),
            "a planted session is not taken"
        );
    }
    let unbound = Client::new(app.pages);
    let fields = [
        ("csrf", csrf.as_str()),
        ("username", "admin"),
        ("password", PASSWORD),
    ];
    let unbound = unbound.post_form("/login", &fields).await;
    assert_eq!(
        unbound.status,
        StatusCode::FORBIDDEN,
        "the form is bound to a browser"
    );

    let person = app.signed_in("admin").await;
    let csrf = person.get("/profile").await.csrf();
    let out = person.post_form("/logout", &[("csrf", &csrf)]).await;
    assert_eq!(out.location(), "/login");
    assert_eq!(
        person.get("/").await.status,
        StatusCode::SEE_OTHER,
        "the cookie is worth nothing"
    );
}

#[tokio::test]
async fn signing_in_again_ends_the_session_that_the_browser_had() {
    let app = App::start().await;
    let former = app.signed_in("viewer").await;
    let elsewhere = app.signed_in("viewer").await;
    let form = Client::new(app.pages).get("/login").await;
    let cookies = format!("{}; {}", form.cookie("_sign_in"), former.cookie());
    let browser = Client::new(app.pages).with(COOKIE.as_str(), &cookies);
    let csrf = form.csrf();
    let sign_in = async |password: &str| {
        let fields = [
            ("csrf", csrf.as_str()),
            ("username", "editor"),
            ("password", password),
        ];
        browser.post_form("/login", &fields).await
    };
    let refused = sign_in("not the password").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(former.get("/profile").await.status, StatusCode::OK);

    let again = sign_in(PASSWORD).await;
    assert_eq!(former.get("/profile").await.status, StatusCode::SEE_OTHER);
    assert_eq!(elsewhere.get("/profile").await.status, StatusCode::OK);
    let editor = Client::new(app.pages).with(COOKIE.as_str(), &again.cookie("_session"));
    assert_eq!(editor.get("/profile").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_comes_with_a_new_session() {
    let app = App::start().await;
    let person = app.signed_in("viewer").await;
    let csrf = person.get("/profile").await.csrf();
    let fields = [
        ("csrf", csrf.as_str()),
        ("current_password", PASSWORD),
        ("new_password", "another long password"),
        ("repeated_password", "another long password"),
    ];
    let changed = person.post_form("/profile/password", &fields).await;
    assert_eq!(changed.location(), "/profile", "{}", changed.text());
    assert_eq!(
        person.get("/profile").await.location(),
        "/login?next=%2Fprofile"
    );
    let person = Client::new(app.pages).with(COOKIE.as_str(), &changed.cookie("_session"));
    assert_eq!(person.get("/profile").await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_in_again_never_leads_to_an_address_that_cannot_be_opened() {
    let app = App::start().await;
    let stranger = Client::new(app.pages);
    for path in ["/logout", "/theme", "/models/bulk", "/profile/password"] {
        let answer = stranger.post_form(path, &[("csrf", "old")]).await;
        assert_eq!(answer.location(), "/login", "{path}");
    }
    let read = stranger.get("/activity?who=admin").await;
    assert_eq!(read.location(), "/login?next=%2Factivity%3Fwho%3Dadmin");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_may_send_no_more_than_a_name_and_a_password() {
    let app = App::start().await;
    let browser =
        Client::new(app.pages).with(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded");
    let large = format!("username={}", "a".repeat(20_000));
    let answer = browser.send(Method::POST, "/login", large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);

    let anna = app.signed_in("publisher").await;
    let many = "a&".repeat(30_000);
    let anna = anna.with(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded");
    let answer = anna.send(Method::POST, "/create", many).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
