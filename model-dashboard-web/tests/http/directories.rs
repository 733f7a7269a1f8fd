//! People of a directory: sign-in, roles, and a directory that does not answer.

use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use model_dashboard::auth::{Identity, Permissions, Role};
use model_dashboard::config::{Config, Sources};
use model_dashboard::dashboard::{Policy, Samples};
use serde_json::json;

use crate::app::{Client, PASSWORD};
use crate::clinic::{Clinic, GROUP, post, serve, serve_by, sign_in};

#[tokio::test]
async fn the_source_is_chosen_by_its_label_and_remembered() {
    let app = Clinic::new(true, &["bo"]).serve().await;
    let stranger = Client::new(app.pages);
    let chosen = |page: &str, source: &str| page.contains(&format!("value=\"{source}\" checked"));
    let first = stranger.get("/login").await.text();
    assert!(first.contains("Clinic account") && first.contains("Local account"));
    assert!(chosen(&first, "clinic"), "most people are in it: {first}");
    let (bo, status, _) = sign_in(&app, "clinic", "bo", PASSWORD).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let profile = bo.get("/profile").await.text().replace("<wbr>", "");
    for told in [
        &format!("Given by Clinic account: member of {GROUP}."),
        "kept in the directory",
        GROUP,
    ] {
        assert!(profile.contains(told), "{told}: {profile}");
    }
    let (viewer, status, _) = sign_in(&app, "local", "viewer", PASSWORD).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    for (browser, source) in [(viewer, "local"), (bo, "clinic")] {
        let mut cookies = browser.cookie().split("; ");
        let remembered = cookies.find(|cookie| cookie.contains("_source="));
        let again = stranger.with("cookie", remembered.unwrap());
        let again = again.get("/login").await.text();
        assert!(chosen(&again, source), "{again}");
    }
}

#[tokio::test]
async fn a_directory_that_does_not_answer_is_told_and_signs_nobody_in_elsewhere() {
    let clinic = Clinic::new(true, &["admin"]);
    let app = clinic.serve().await;
    clinic.away.store(true, Ordering::SeqCst);
    // The local account of the same name and password stays shut.
    let (_, status, page) = sign_in(&app, "clinic", "admin", PASSWORD).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    // A stranger is not told what is wrong.
    let told = "Signing in with “Clinic account” is not possible at present";
    assert!(page.contains(told), "{page}");
    assert!(!page.contains("line is cut"), "{page}");
    assert!(
        page.contains("If you have a local account, choose it below"),
        "{page}"
    );

    let auditor = app.signed_in("auditor").await;
    let log = auditor.get("/admin/audit?action=sign-in.refused").await;
    assert!(
        log.text().contains("not checked: the line is cut"),
        "{}",
        log.text()
    );

    let ready = app.anonymous().get("/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    let ready = ready.json();
    assert_eq!(ready["status"], "degraded");
    let told = ready["dependencies"].as_array().unwrap();
    let told = told
        .iter()
        .find(|one| one["name"] == "source:clinic")
        .unwrap();
    assert_eq!(told["status"], "degraded");
    assert!(told["since"].is_string() && !ready.to_string().contains("line is cut"));

    let admin = app.signed_in("admin").await;
    let system = admin.get("/admin/system").await.text();
    for told in [
        "the line is cut",
        "Test connection",
        "Nobody can sign in with “Clinic account”: it does not answer.",
    ] {
        assert!(system.contains(told), "{told}: {system}");
    }
    let viewer = app.signed_in("viewer").await.get("/").await.text();
    assert!(
        !viewer.contains("Nobody can sign in"),
        "for administrators alone"
    );

    clinic.away.store(false, Ordering::SeqCst);
    let (status, page) = post(&admin, "/admin/directories/clinic/test", &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Signing in works."), "{page}");
    assert!(!page.contains("Nobody can sign in"), "it answered: {page}");
}

/// Of real servers: three of them may take a second each, and all of them two.
#[tokio::test]
async fn servers_that_do_not_answer_end_a_sign_in_by_the_one_deadline_for_all() {
    // They take connections, and never say anything.
    let silent = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let servers = silent
        .each_ref()
        .map(|one| format!("ldap://{}", one.local_addr().unwrap()));
    let settings = [
        ("LDAP_SERVER", servers.join(", ")),
        (
            "LDAP_USER_DN_TEMPLATE",
            "uid={username},dc=example,dc=org".to_owned(),
        ),
        ("LDAP_CONNECT_TIMEOUT", "1s".to_owned()),
        ("LDAP_TIMEOUT", "2s".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.into(), value.into()));
    let sources = Sources::new().variables(settings);
    let config = Config::from_sources(sources, |path| std::fs::read_to_string(path)).unwrap();
    let directory = model_dashboard::connect::directory(&config).await.unwrap();
    let app = serve(directory.unwrap()).await;
    let begun = Instant::now();
    let (_, status, page) = sign_in(&app, "ldap", "admin", PASSWORD).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("is not possible at present"), "{page}");
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    // The last server alone would say that it has not answered within 1 s.
    let auditor = app.signed_in("auditor").await;
    let log = auditor.get("/admin/audit?action=sign-in.refused").await;
    let reason = "not checked: the directory did not answer within 2 s";
    assert!(log.text().contains(reason), "{}", log.text());
}

#[tokio::test]
async fn a_refusal_keeps_its_reason_for_the_audit_log() {
    let app = Clinic::new(true, &["bo"]).serve().await;
    let (_, status, page) = sign_in(&app, "clinic", "bo", "wrong").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!page.contains("expired"), "{page}");
    let auditor = app.signed_in("auditor").await;
    let log = auditor
        .get("/admin/audit/export.jsonl?action=sign-in.refused")
        .await;
    assert!(
        log.text().contains("password has expired"),
        "{}",
        log.text()
    );
}

#[tokio::test]
async fn a_person_is_tested_before_they_sign_in() {
    let app = Clinic::new(true, &["bo"]).serve().await;
    let admin = app.signed_in("admin").await;
    let test = "/admin/directories/clinic/test";
    let (status, page) = post(&admin, test, &[("username", "BO")]).await;
    assert_eq!(status, StatusCode::OK);
    let page = page.replace("<wbr>", "");
    for told in ["bo would sign in as", "viewer", GROUP, "id-of-bo"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let page = admin.get("/admin/directories/clinic").await.text();
    for told in [
        "ldaps://one.clinic",
        "ldaps://two.clinic",
        "at least every 15 minutes",
        "both go on for 1 day",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let (_, page) = post(&admin, test, &[("username", "nobody")]).await;
    assert!(page.contains("“nobody” was not looked up"), "{page}");
    let (status, _) = post(&admin, test, &[("username", "a\u{200B}")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_api_re_checks_and_refuses_roles_that_the_directory_gives() {
    let clinic = Clinic::new(true, &["ann", "bo", "cy"]);
    let app = clinic.serve().await;
    for name in ["ann", "bo", "cy"] {
        assert_eq!(sign_in(&app, "clinic", name, PASSWORD).await.1, 303);
    }
    let api = app.token(Permissions::all()).await;
    let bo = "/api/v1/users/clinic/id-of-bo";
    let shown = api.get(bo).await.json();
    assert_eq!(shown["role_origin"], "source");
    assert_eq!(shown["groups"][0], GROUP);
    let refused = api.send(Method::PATCH, bo, r#"{"role":"admin"}"#).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("the next look there would undo"));
    let looked = api
        .send(Method::POST, &format!("{bo}/recheck"), "")
        .await
        .json();
    assert_eq!(looked["outcome"], "still_there");

    clinic.people.lock().unwrap().clear();
    let all = "/api/v1/sources/clinic/recheck";
    let looked = api.send(Method::POST, all, "{}").await.json();
    assert_eq!(
        (&looked["doubted"], &looked["left"]),
        (&3.into(), &0.into())
    );
    let states = api.get("/api/v1/sources").await.json();
    assert_eq!(states["sources"][0]["status"], "doubted");
    let admin = app.signed_in("admin").await;
    let (_, page) = post(&admin, "/admin/directories/clinic/recheck", &[]).await;
    // For as long as it is doubted, and not only right after a look.
    let later = admin.get("/admin/directories/clinic").await.text();
    for page in [page, later] {
        let believe = "They did leave: disable 3 accounts";
        assert_eq!(page.matches(believe).count(), 1, "{page}");
    }
    let looked = api
        .send(Method::POST, all, r#"{"believe":true}"#)
        .await
        .json();
    assert_eq!(looked["left"], 3);
    let later = admin.get("/admin/directories/clinic").await.text();
    assert!(!later.contains("They did leave"), "{later}");
    let local = api
        .send(Method::POST, "/api/v1/users/local/1/recheck", "")
        .await;
    assert_eq!(local.status, 422);

    let walk = "/api/v1/sources/clinic/diagnose";
    let walk = api
        .send(Method::POST, walk, r#"{"username":"bo"}"#)
        .await
        .json();
    assert_eq!(
        (&walk["ok"], &walk["person"]),
        (&true.into(), &serde_json::Value::Null)
    );
}

#[tokio::test]
async fn groups_of_roles_that_are_not_shown_are_told_by_page_banner_and_api_until_they_are() {
    let clinic = Clinic::new(true, &["bo"]);
    let app = clinic.serve().await;
    let admin = app.signed_in("admin").await;
    let api = app.token(Permissions::all()).await;
    let test = async || {
        let (status, page) = post(&admin, "/admin/directories/clinic/test", &[]).await;
        assert_eq!(status, StatusCode::OK);
        page
    };
    let state = async || api.get("/api/v1/sources").await.json()["sources"][0].clone();
    let banner = "With “Clinic account” not everybody has the right role: groups of role admin: \
                  cn=admins is not there.";
    clinic.hides_a_group.store(true, Ordering::SeqCst);
    let page = test().await;
    for told in [
        banner,
        "Groups of role admin: cn=admins is not there.",
        "has it again at the first look",
        "Degraded",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(admin.get("/").await.text().contains(banner));
    let viewer = app.signed_in("viewer").await.get("/").await.text();
    assert!(!viewer.contains(banner), "for administrators alone");
    let told = state().await;
    assert_eq!(told["status"], "role_groups");
    assert_eq!(
        told["message"],
        "groups of role admin: cn=admins is not there"
    );
    assert!(told["since"].is_string());

    // That nobody can sign in counts more.
    clinic.away.store(true, Ordering::SeqCst);
    sign_in(&app, "clinic", "bo", PASSWORD).await;
    assert_eq!(state().await["status"], "failing");
    clinic.away.store(false, Ordering::SeqCst);
    clinic.hides_a_group.store(false, Ordering::SeqCst);
    let page = test().await;
    assert!(
        !page.contains(banner) && page.contains("OK</span>"),
        "{page}"
    );
    assert_eq!(state().await["status"], "healthy");
}

#[tokio::test]
async fn a_directory_that_cannot_be_asked_limits_tokens_and_says_so() {
    let app = Clinic::new(false, &["bo"]).serve().await;
    let (bo, ..) = sign_in(&app, "clinic", "bo", PASSWORD).await;
    let tokens = bo.get("/tokens").await;
    let text = tokens.text();
    assert!(text.contains("7 days after your last sign-in"), "{text}");
    let once = text.split("name=\"once\" value=\"").nth(1).unwrap();
    let once = once.split('"').next().unwrap();
    let fields = [
        ("once", once),
        ("description", "nightly"),
        ("scope", "models:read"),
    ];
    let (status, made) = post(&bo, "/tokens", &fields).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert!(made.contains("unless you sign in again before"), "{made}");
    assert!(
        made.contains("in 7 days") || made.contains("in 6 days"),
        "{made}"
    );
    let admin = app.signed_in("admin").await;
    let page = admin.get("/admin/users/clinic:id-of-bo").await.text();
    assert!(page.contains("Tokens work until") && !page.contains("Re-check now"));
    app.secret("admin", Permissions::all()).await;
    let tokens = admin.get("/tokens").await.text();
    let marked = tokens.matches("7 days after the owner’s last sign-in");
    assert_eq!(marked.count(), 1, "not the administrator's own: {tokens}");
    let own = bo.get("/tokens").await.text();
    let marked = own.matches("7 days after your last sign-in").count();
    assert_eq!(marked, 2, "above the list and in it: {own}");
}

#[tokio::test]
async fn people_of_one_name_in_two_sources_are_told_apart() {
    let clinic = Clinic::new(true, &["publisher"]);
    let made_publisher =
        |person: &mut Identity| person.role.as_mut().unwrap().role = Role::Publisher;
    clinic
        .people
        .lock()
        .unwrap()
        .values_mut()
        .for_each(made_publisher);
    let app = clinic.serve().await;
    let (theirs, status, _) = sign_in(&app, "clinic", "publisher", PASSWORD).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let host = app.dashboard.host_caller("test@localhost");
    let installed = app.dashboard.install_samples(&host, Samples::Demonstration);
    installed.await.unwrap();
    let model = "/models/nnUNet/Task003_Liver";
    let local = app.signed_in("publisher").await;
    for (browser, what) in [(&theirs, "enable"), (&local, "disable")] {
        let page = browser.get(model).await.text();
        let (_, rest) = page.split_once("name=\"if_match\" value=\"").unwrap();
        let seen = rest.split('"').next().unwrap();
        let path = format!("{model}/{what}");
        let (status, page) = post(browser, &path, &[("if_match", seen)]).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    }
    let names = |page: &str| page.matches("publisher</a></strong>").count();
    let of_clinic = "publisher</a></strong> <span class=\"of\">(Clinic account)</span>";
    let all = local.get("/activity?person=publisher").await.text();
    assert_eq!(
        (names(&all), all.matches(of_clinic).count()),
        (2, 1),
        "{all}"
    );
    for (source, done, other) in [
        ("clinic", "enabled", "disabled"),
        ("local", "disabled", "enabled"),
    ] {
        let only = format!("/activity?person=publisher&amp;source={source}");
        assert!(all.contains(&format!("href=\"{only}\"")), "{only}: {all}");
        let page = local.get(&only.replace("&amp;", "&")).await.text();
        assert_eq!(names(&page), 1, "{page}");
        let says = |what: &str| {
            page.contains(&format!("</strong> {what} "))
                || page.contains(&format!("</span> {what} "))
        };
        assert!(says(done) && !says(other), "{page}");
    }
    let history = local.get(&format!("{model}/history")).await.text();
    assert!(
        history
            .contains("by <strong>publisher</strong> <span class=\"of\">(Clinic account)</span>"),
        "{history}"
    );

    let auditor = app.signed_in("auditor").await;
    let filtered = |source: &str| format!("who=publisher&action=sign-in&source={source}");
    let page = auditor
        .get(&format!("/admin/audit?{}", filtered("clinic")))
        .await
        .text();
    assert!(
        page.contains("(Clinic account)") && !page.contains("user:local:"),
        "{page}"
    );
    let csv = auditor
        .get(&format!("/admin/audit/export.csv?{}", filtered("clinic")))
        .await
        .text();
    assert_eq!(csv.matches("\"publisher\"").count(), 1, "{csv}");
    assert!(
        csv.contains("\"clinic:id-of-publisher\",\"publisher\""),
        "{csv}"
    );
    let token = app.token(Permissions::all()).await;
    let count = async |source: &str| {
        let path = format!("/api/v1/audit?actor=publisher&action=model.&source={source}");
        let events = token.get(&path).await.json();
        events["events"].as_array().unwrap().len()
    };
    assert_eq!(
        [
            count("clinic").await,
            count("local").await,
            count("other").await
        ],
        [1, 1, 0]
    );
    let revisions = token.get(&format!("/api/v1{model}/revisions")).await.json();
    let sources = [0, 1].map(|at| revisions["revisions"][at]["modified_by_source"].clone());
    assert_eq!(sources, [json!(null), json!("clinic")], "{revisions}");
}

#[tokio::test]
async fn nobody_is_asked_to_sign_in_where_nobody_can() {
    let clinic = Clinic::new(true, &["bo"]);
    // Everybody is asked about at each request.
    let mut policy = Policy::default();
    policy.recheck_interval = Duration::ZERO;
    policy.recheck_grace = Duration::ZERO;
    let app = serve_by(clinic.clone(), policy).await;
    let (bo, status, _) = sign_in(&app, "clinic", "bo", PASSWORD).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    clinic.away.store(true, Ordering::SeqCst);
    assert_eq!(bo.get("/").await.location(), "/login");
    let page = bo.get("/login").await.text();
    let told = "Signing in with “Clinic account” is not possible at present";
    assert!(page.contains(told), "{page}");
    // Whoever has no session is told when they try.
    let page = Client::new(app.pages).get("/login").await.text();
    assert!(!page.contains(told), "{page}");
}
