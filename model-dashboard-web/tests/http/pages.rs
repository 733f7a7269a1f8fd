//! What the pages answer to browsers, and to those who pretend to be one.

use http::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use http::{Method, StatusCode};
use model_dashboard::auth::Role;
use model_dashboard::dashboard::NewServiceAccount;

use crate::app::{Answer, App, Client, PASSWORD};

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
async fn what_was_typed_is_shown_again_with_what_is_wrong_with_it() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let csrf = editor.get("/create").await.csrf();
    let fields = [
        ("csrf", csrf.as_str()),
        ("network_type", "MIST"),
        ("name", "bad name"),
        ("alias", "kept <b>alias</b>"),
        ("label_number", "1"),
        ("label_names", "kept label"),
        ("inference_information", "{\n  \"a\": tru\n}"),
        ("description", "kept description"),
        ("action", "save"),
    ];
    let refused = editor.post_form("/create", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = refused.text();
    for kept in [
        "bad name",
        "kept &lt;b&gt;alias",
        "kept label",
        "kept description",
        "ine 2",
    ] {
        assert!(text.contains(kept), "{kept} is missing");
    }
    assert!(!text.contains("<b>alias"), "what was typed is escaped");
}

#[tokio::test]
async fn the_second_of_two_windows_settles_the_conflict() {
    let app = App::start().await;
    let one = app.signed_in("editor").await;
    let two = app.signed_in("publisher").await;
    let path = "/models/nnUNet/Task003_Liver/edit";
    let hidden = |text: &str| {
        let rest = text.split("name=\"if_match\" value=\"").nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let page = one.get(path).await;
    let (csrf_one, seen) = (page.csrf(), hidden(&page.text()));
    let csrf_two = two.get(path).await.csrf();
    let save = async |client: &Client, csrf: &str, seen: &str, alias: &str| {
        let fields = [
            ("csrf", csrf),
            ("if_match", seen),
            ("alias", alias),
            ("owner", "radiology"),
            ("tags", "ct, abdomen"),
            ("action", "save"),
        ];
        client.post_form(path, &fields).await
    };
    let first = save(&one, &csrf_one, &seen, "First").await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text());
    let second = save(&two, &csrf_two, &seen, "Second").await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    let text = second.text();
    assert!(
        text.contains("First") && text.contains("Second"),
        "both are shown"
    );
    let settled = save(&two, &second.csrf(), &hidden(&text), "Second").await;
    assert_eq!(settled.status, StatusCode::SEE_OTHER, "{}", settled.text());
}

#[tokio::test]
async fn what_two_people_changed_in_different_fields_is_kept_from_both() {
    let app = App::start().await;
    let one = app.signed_in("editor").await;
    let two = app.signed_in("publisher").await;
    let path = "/models/nnUNet/Task003_Liver/edit";
    let page = one.get(path).await;
    let (mut ours, mut theirs) = (
        controls(&page.text()),
        controls(&two.get(path).await.text()),
    );
    set(&mut ours, "alias", "Their alias");
    let first = post(&one, path, &ours).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text());
    set(&mut theirs, "description", "Our description");
    let second = post(&two, path, &theirs).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    let text = second.text();
    assert!(!text.contains("data-conflict"), "no field is in conflict");
    let result = controls(&text);
    let value = |name: &str| &result.iter().find(|(n, _)| n == name).unwrap().1;
    assert_eq!(value("alias"), "Their alias");
    assert_eq!(value("description"), "Our description");
    let settled = post(&two, path, &result).await;
    assert_eq!(settled.status, StatusCode::SEE_OTHER, "{}", settled.text());
    let saved = controls(&two.get(path).await.text());
    for (name, text) in [("alias", "Their alias"), ("description", "Our description")] {
        let pair = (name.to_owned(), text.to_owned());
        assert!(saved.contains(&pair), "{saved:?}");
    }
}

/// What the form of a definition would send: its inputs and text areas, in order.
pub fn controls(page: &str) -> Vec<(String, String)> {
    let (_, form) = page.split_once("<form class=\"definition\"").unwrap();
    let form = form.split("</form>").next().unwrap();
    // A template is not sent.
    let (before, rest) = form.split_once("<template").unwrap_or((form, ""));
    let after = rest
        .split_once("</template>")
        .map_or("", |(_, after)| after);
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(unescape(rest.split('"').next()?))
    };
    let mut controls = Vec::new();
    for piece in before.split('<').chain(after.split('<')) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let Some(name) = attribute(tag, "name") else {
            continue;
        };
        if tag.starts_with("input") {
            controls.push((name, attribute(tag, "value").unwrap_or_default()));
        } else if tag.starts_with("textarea") {
            let text = text.strip_prefix('\n').unwrap_or(text);
            controls.push((name, unescape(text).replace('\n', "\r\n")));
        }
    }
    controls
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

pub fn set(controls: &mut [(String, String)], name: &str, value: &str) {
    let control = controls.iter_mut().find(|(n, _)| n == name).unwrap();
    value.clone_into(&mut control.1);
}

pub async fn post(client: &Client, path: &str, controls: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = controls.iter().map(|(n, v)| (&**n, &**v)).collect();
    client.post_form(path, &fields).await
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
    for (given, goes_to) in [(seen, seen), ("//evil.example", "/"), ("", "/")] {
        let fields = [
            ("csrf", &*csrf),
            ("model", "nnUNet/Task003_Liver"),
            ("action", "disable"),
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
async fn forms_take_the_names_that_stored_models_have() {
    let app = App::start().await;
    let publisher = app.signed_in("publisher").await;
    let csrf = publisher.get("/profile").await.csrf();
    // No new model may have this name; a stored one may.
    let fields = [
        ("csrf", &*csrf),
        ("model", "nnUNet/A name with spaces"),
        ("action", "enable"),
    ];
    let asked = publisher.post_form("/models/bulk", &fields).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    assert!(asked.text().contains("A name with spaces"));

    let fields = [
        ("csrf", &*csrf),
        ("from", "nnUNet/A name with spaces"),
        ("network_type", "nnUNet"),
        ("name", "Copy"),
    ];
    let derived = publisher.post_form("/derive", &fields).await.text();
    assert!(
        derived.contains("A name with spaces was not found"),
        "{derived}"
    );
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
async fn a_broken_model_is_opened_in_its_editor() {
    let app = App::holding(&[("nnUNet/Broken", "{\"name\": tru}")]).await;
    let viewer = app.signed_in("viewer").await;
    let editor = app.signed_in("editor").await;
    for (client, path) in [
        (&viewer, "/models/nnUNet/Broken"),
        (&editor, "/models/nnUNet/Broken"),
        (&editor, "/models/nnUNet/Broken/edit"),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.location(), "/broken/nnUNet/Broken", "{path}");
    }
    let shown = editor.get("/broken/nnUNet/Broken").await;
    assert_eq!(shown.status, StatusCode::OK);
}

#[tokio::test]
async fn a_type_that_contradicts_the_key_is_put_right_in_the_form() {
    let text = r#"{"name":"Odd","network_type":"MIST","inference_information":{"version":"2.5"}}"#;
    let app = App::holding(&[("nnUNet/Odd", text)]).await;
    let editor = app.signed_in("editor").await;
    let path = "/models/nnUNet/Odd/edit";
    let page = editor.get(path).await.text();
    assert!(
        page.contains("2.5, from the inference information"),
        "{page}"
    );
    let mut controls = controls(&page);
    // A box that is not ticked is not sent.
    let ticked = controls.iter().position(|(name, _)| name == "put_right");
    let ticked = controls.remove(ticked.unwrap());
    let kept = post(&editor, path, &controls).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text());
    assert!(editor.get(path).await.text().contains("name=\"put_right\""));
    controls.push(ticked);
    let saved = post(&editor, path, &controls).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    assert!(!editor.get(path).await.text().contains("name=\"put_right\""));
    let stored = editor.get("/models/nnUNet/Odd/export").await.text();
    assert!(
        stored.contains("\"nnUNet\"") && !stored.contains("MIST"),
        "{stored}"
    );
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
async fn the_audit_log_says_what_is_wrong_with_a_date_and_whether_its_chain_holds() {
    let app = App::start().await;
    let auditor = app.signed_in("auditor").await;
    let wrong = auditor.get("/admin/audit?from=2026-13-45").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = wrong.text();
    assert!(
        text.contains("audit-from-error") && text.contains("2026-13-45"),
        "{text}"
    );
    let export = auditor.get("/admin/audit/export.csv?from=never").await;
    assert_eq!(export.status, StatusCode::UNPROCESSABLE_ENTITY);
    let checked = auditor.get("/admin/audit?check=chain").await.text();
    assert!(
        checked.contains("events are as they were written"),
        "{checked}"
    );
}

#[tokio::test]
async fn an_export_of_the_audit_log_holds_every_event() {
    let app = App::start().await;
    let auditor = app.signed_in("auditor").await;
    let lines = auditor.get("/admin/audit/export.jsonl").await.text();
    let numbers: Vec<u64> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"]
                .as_u64()
                .unwrap()
        })
        .collect();
    let all: Vec<u64> = (1..=numbers[0]).rev().collect();
    assert_eq!(numbers, all);
}

#[tokio::test]
async fn people_are_found_by_role_and_last_sign_in() {
    let app = App::start().await;
    let admin = app.signed_in("admin").await;
    let shows = async |query: &str, name: &str| {
        let page = admin.get(&format!("/admin/users?{query}")).await.text();
        page.contains(&format!("<strong>{name}</strong>"))
    };
    assert!(shows("role=editor", "editor").await);
    assert!(!shows("role=editor", "viewer").await);
    assert!(shows("seen=week", "admin").await);
    assert!(!shows("seen=week", "viewer").await);
    assert!(shows("seen=never", "viewer").await);
    assert!(!shows("source=service", "viewer").await);
}

#[tokio::test]
async fn a_long_list_of_users_is_read_page_by_page_with_its_filters() {
    let app = App::start().await;
    let host = app.dashboard.host_caller("test@localhost");
    for n in 0..60 {
        let request = NewServiceAccount {
            username: format!("robot-{n:02}"),
            display_name: String::new(),
            team: "Image analysis".to_owned(),
            role: Role::Viewer,
        };
        app.dashboard
            .create_service_account(&host, request)
            .await
            .unwrap();
    }
    let admin = app.signed_in("admin").await;
    let robots = |text: &str| text.matches("<span class=\"reference\">robot-").count();
    let first = admin.get("/admin/users?q=robot&role=viewer").await.text();
    assert_eq!(robots(&first), 50);
    assert!(first.contains("60 people"), "all that match are counted");
    let next = "/admin/users?q=robot&amp;role=viewer&amp;page=2";
    assert!(first.contains(next), "the filters stay");
    let second = admin.get(&next.replace("&amp;", "&")).await.text();
    assert_eq!(robots(&second), 10);
    let beyond = admin.get("/admin/users?q=robot&page=99").await.text();
    assert_eq!(robots(&beyond), 10, "the last page");
}

#[tokio::test]
async fn the_system_page_says_where_everything_is_and_how_much_of_it() {
    let app = App::holding(&[("nnUNet/Broken", "{")]).await;
    let page = app.signed_in("admin").await.get("/admin/system").await;
    let text = page.text();
    for fact in [
        "Up since",
        "127.0.0.1:8501",
        "127.0.0.1:8000",
        "./data",
        "of them enabled",
        ">1 broken</a>",
        "answered",
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
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
