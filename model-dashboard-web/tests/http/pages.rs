//! What the pages answer to browsers, and to those who pretend to be one.

use http::header::ORIGIN;
use http::{Method, StatusCode};

use crate::app::App;
use crate::editing::{controls, post, set};

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let app = App::start().await;
    let admin = app.signed_in("admin").await;
    let page = admin.get("/models/nnUNet/Task003_Liver/enable").await;
    let text = page.text();
    let tag = text
        .split("name=\"if_match\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let csrf = page.csrf();
    let other = app.signed_in("viewer").await.get("/profile").await.csrf();
    let target = "/models/nnUNet/Task003_Liver/enable";
    for (why, client, token) in [
        ("no token", admin.clone(), ""),
        ("another session's token", admin.clone(), other.as_str()),
        (
            "another origin",
            admin.with(ORIGIN.as_str(), "https://evil.example"),
            csrf.as_str(),
        ),
        (
            "no origin at all",
            admin.with(ORIGIN.as_str(), "null"),
            csrf.as_str(),
        ),
        (
            "another site",
            admin.with("sec-fetch-site", "cross-site"),
            csrf.as_str(),
        ),
    ] {
        let answer = client
            .post_form(target, &[("csrf", token), ("if_match", tag)])
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{why}");
    }
    let list = admin.get("/?state=enabled").await.text();
    assert!(!list.contains("Task003_Liver"), "it is still disabled");
    let done = admin
        .post_form(target, &[("csrf", &csrf), ("if_match", tag)])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    assert!(
        admin
            .get("/?state=enabled")
            .await
            .text()
            .contains("Task003_Liver")
    );
}

#[tokio::test]
async fn the_menus_of_tags_and_owners_offer_what_is_there_within_the_other_filters() {
    let app = App::start().await;
    let viewer = app.signed_in("viewer").await;
    let offers = |page: &str, part: &str| page.contains(&format!("href=\"/?{part}"));
    let all = viewer.get("/").await.text();
    assert!(offers(&all, "tag=archive"), "{all}");
    let enabled = viewer.get("/?state=enabled").await.text();
    assert!(!offers(&enabled, "state=enabled&amp;tag=archive"));
    assert!(offers(&enabled, "state=enabled&amp;tag=radiotherapy"));
    assert!(!offers(&enabled, "state=enabled&amp;owner=research"));
    assert!(offers(&enabled, "state=enabled&amp;owner=urology"));
}

#[tokio::test]
async fn a_form_for_an_enabled_model_is_refused_before_it_is_filled_in() {
    let stored = [("MIST/On", r#"{"enabled":true}"#), ("MIST/Off", "{}")];
    let app = App::holding(&stored).await;
    let editor = app.signed_in("editor").await;
    let publisher = app.signed_in("publisher").await;
    for form in ["edit", "rename", "delete"] {
        let path = format!("/models/MIST/On/{form}");
        let refused = editor.get(&path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        let text = refused.text();
        for part in ["models:enable", "/models/MIST/On/derive"] {
            assert!(text.contains(part), "{path}: {text}");
        }
        assert_eq!(publisher.get(&path).await.status, StatusCode::OK, "{path}");
        let path = format!("/models/MIST/Off/{form}");
        assert_eq!(editor.get(&path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_form_is_refused_to_those_who_may_not_send_it() {
    let app = App::start().await;
    let viewer = app.signed_in("viewer").await;
    let edit = "/models/nnUNet/Task003_Liver/edit";
    for path in [
        "/create",
        "/import",
        "/derive",
        edit,
        "/models/nnUNet/Task003_Liver/derive",
    ] {
        let answer = viewer.get(path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(answer.text().contains("models:write"), "{path}");
    }
    let form = app.signed_in("editor").await.get(edit).await;
    let mut controls = controls(&form.text());
    let csrf = viewer.get("/profile").await.csrf();
    set(&mut controls, "csrf", &csrf);
    set(&mut controls, "alias", "Not allowed");
    let answer = post(&viewer, edit, &controls).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
}

#[tokio::test]
async fn a_bulk_action_goes_back_to_the_list_as_it_was() {
    let app = App::start().await;
    let publisher = app.signed_in("publisher").await;
    let csrf = publisher.get("/profile").await.csrf();
    let seen = "/?q=liver&page=2";
    for (given, goes_to, action) in [
        (seen, seen, "enable"),
        ("//evil.example", "/", "disable"),
        ("", "/", "enable"),
    ] {
        let fields = [
            ("csrf", &*csrf),
            ("model", "nnUNet/Task003_Liver"),
            ("action", action),
            ("back", given),
        ];
        let asked = publisher.post_form("/models/bulk", &fields).await.text();
        let kept = format!("name=\"back\" value=\"{}\"", goes_to.replace('&', "&amp;"));
        assert!(asked.contains(&kept), "{asked}");
        let fields = [&fields[..], &[("confirmed", "yes")]].concat();
        let done = publisher.post_form("/models/bulk", &fields).await;
        assert_eq!(done.location(), goes_to, "{}", done.text());
    }
}

#[tokio::test]
async fn a_form_makes_one_token_for_the_account_it_names() {
    let app = App::start().await;
    let admin = app.signed_in("admin").await;
    let page = admin.get("/tokens").await;
    let text = page.text();
    let (_, rest) = text.split_once("name=\"once\" value=\"").unwrap();
    let once = rest.split('"').next().unwrap();
    let csrf = page.csrf();
    let send = async |account: &str| {
        let fields = [
            ("csrf", &*csrf),
            ("once", once),
            ("description", "for a pipeline"),
            ("scope", "models:read"),
            ("account", account),
        ];
        admin.post_form("/tokens", &fields).await
    };
    let wrong = send("no account").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("Choose one of the accounts."));
    assert_eq!(send("").await.status, StatusCode::CREATED);
    let reloaded = send("").await;
    assert_eq!(reloaded.status, StatusCode::SEE_OTHER);
    assert_eq!(reloaded.location(), "/tokens");
    let list = admin.get("/tokens").await.text();
    assert_eq!(list.matches("<strong>for a pipeline</strong>").count(), 1);
}

#[tokio::test]
async fn pages_and_assets_say_what_browsers_may_do() {
    let app = App::start().await;
    let admin = app.signed_in("admin").await;
    let page = admin.get("/").await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert!(!page.header("x-request-id").is_empty());
    let text = page.text();
    assert!(
        !text.contains(" style=") && !text.contains("<script>"),
        "nothing inline"
    );
    let mut assets = 0;
    for part in text.split("\"/assets/").skip(1) {
        let path = format!("/assets/{}", part.split('"').next().unwrap());
        let asset = admin.send(Method::GET, &path, "").await;
        assert_eq!(asset.status, 200, "{path}");
        assert!(
            asset.header("cache-control").contains("immutable"),
            "{path}"
        );
        assets += 1;
    }
    assert!((4..=8).contains(&assets), "{assets} assets");
}

#[tokio::test]
async fn a_page_beyond_the_last_leads_to_the_last() {
    let app = App::start().await;
    let viewer = app.signed_in("viewer").await;
    let beyond = viewer.get("/?q=liver&page=99999").await;
    assert_eq!(beyond.status, StatusCode::SEE_OTHER);
    assert_eq!(beyond.location(), "/?q=liver");
    let nothing = viewer.get("/?q=nothing+like+this&page=7").await;
    assert_eq!(nothing.location(), "/?q=nothing+like+this");
}

#[tokio::test]
async fn downloads_run_nothing() {
    let app = App::start().await;
    let admin = app.signed_in("admin").await;
    for path in [
        "/models/nnUNet/Task003_Liver/export",
        "/admin/audit/export.csv",
        "/admin/audit/export.jsonl?action=sign-in",
    ] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, "sandbox; default-src 'none'", "{path}");
    }
    let csrf = admin.get("/profile").await.csrf();
    let fields = [
        ("csrf", &*csrf),
        ("model", "nnUNet/Task003_Liver"),
        ("action", "export"),
    ];
    let bulk = admin.post_form("/models/bulk", &fields).await;
    assert!(bulk.header("content-security-policy").contains("sandbox"));
}

#[tokio::test]
async fn whoever_may_not_import_is_told_before_anything_is_read() {
    let app = App::start().await;
    let viewer = app.signed_in("viewer").await;
    let answer = viewer.post_form("/import", &[("csrf", "none")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("models:write"));
}

#[tokio::test]
async fn arguments_that_a_shell_acts_on_are_warned_of_once() {
    let odd = r#"{"name":"Odd","network_type":"MIST","inference_args":"--a; b"}"#;
    let app = App::holding(&[("MIST/Odd", odd)]).await;
    let page = app.signed_in("viewer").await.get("/models/MIST/Odd").await;
    let text = page.text();
    assert!(text.contains("A shell acts on <code>;</code>."), "{text}");
    assert!(!text.contains("a shell may act on"), "{text}");
}

#[tokio::test]
async fn activity_offers_everyone_whatever_is_filtered() {
    let app = App::start().await;
    let publisher = app.signed_in("publisher").await;
    let page = publisher.get("/models/nnUNet/Task003_Liver").await;
    let text = page.text();
    assert!(
        text.contains("/activity?model=nnUNet%2FTask003_Liver"),
        "{text}"
    );
    let (_, rest) = text.split_once("name=\"if_match\" value=\"").unwrap();
    let tag = rest.split('"').next().unwrap();
    let csrf = page.csrf();
    let enable = "/models/nnUNet/Task003_Liver/enable";
    let fields = [
        ("csrf", &*csrf),
        ("if_match", tag),
        ("reason", "typed reason"),
    ];
    let enabled = publisher.post_form(enable, &fields).await;
    assert_eq!(enabled.status, StatusCode::SEE_OTHER);
    let shown = publisher.get("/models/nnUNet/Task003_Liver").await.text();
    assert!(shown.contains("Enabled since"), "{shown}");
    let created = "/models/nnUNet_v2/Dataset501_HeadAndNeckOAR";
    assert!(
        publisher
            .get(created)
            .await
            .text()
            .contains("Enabled since")
    );
    let others = publisher.get("/activity?person=nobody").await.text();
    assert!(others.contains("<option value=\"publisher\""), "{others}");
    // The state that the form was made for is gone: the reason is not.
    let fields = [
        ("csrf", &*csrf),
        ("if_match", tag),
        ("reason", "typed again"),
    ];
    let disable = "/models/nnUNet/Task003_Liver/disable";
    let refused = publisher.post_form(disable, &fields).await;
    assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
    assert!(refused.text().contains("typed again"));
}
