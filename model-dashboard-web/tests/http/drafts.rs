//! Packages that are proposed to models, on the pages.

use model_dashboard::dashboard::{Error, Giving};
use model_dashboard::model::{DuplicateKeys, JsonObject};
use model_dashboard::package::inspect::TakenPart;
use model_dashboard::repository::Precondition;
use model_dashboard::repository::packages::PackageId;

use crate::app::{Answer, App, Client};
use crate::packed::{HARMLESS, caller, nnunet, uploaded};

/// An enabled model, whose second label is another structure than the package says.
const MODEL: &str = "nnUNet_v2/Dataset501_HeadAndNeckOAR";
const LABELS: &str = r#"{"background":0,"Brainstem":1,"vessel, left":2}"#;

async fn post(browser: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let csrf = browser.get("/profile").await.csrf();
    let fields = [&[("csrf", csrf.as_str())], fields].concat();
    browser.post_form(path, &fields).await
}

fn state_in(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"if_match\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// A draft of the editor with the labels of the package, and its page.
async fn proposed(app: &App) -> (PackageId, String) {
    let id = uploaded(app, "editor", "hn.zip", nnunet(LABELS, HARMLESS)).await;
    let (editor, key) = (caller(app, "editor").await, MODEL.parse().unwrap());
    let takes = [TakenPart::Labels];
    let draft =
        app.dashboard
            .draft_upload(&editor, id, &key, Giving::taking(&takes), "trained again");
    draft.await.unwrap();
    (id, format!("/models/{MODEL}/drafts/{id}"))
}

#[tokio::test]
async fn who_may_not_change_an_enabled_model_proposes_what_others_decide_on() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let id = uploaded(&app, "editor", "hn.zip", nnunet(LABELS, HARMLESS)).await;
    let at = format!("/upload/{id}/revision");
    let form = editor.get(&format!("{at}?model={MODEL}")).await.text();
    assert!(form.contains("Keep as a draft"), "{form}");
    assert!(!form.contains("Publish the revision"), "{form}");
    assert!(form.contains("name=\"take\" value=\"labels\">"), "{form}");
    assert!(!form.contains("value=\"version\""), "it tells none: {form}");
    let state = state_in(&form);
    let fields = [("model", MODEL), ("if_match", &state), ("take", "labels")];
    let now = post(
        &editor,
        &at,
        &[&fields[..], &[("then", "publish")]].concat(),
    )
    .await;
    assert_eq!(now.status, 403);
    let kept = post(&editor, &at, &[&fields[..], &[("then", "draft")]].concat()).await;
    let page = format!("/models/{MODEL}/drafts/{id}");
    assert_eq!(
        (kept.status.as_u16(), kept.location()),
        (303, page.as_str())
    );

    for (who, decides) in [("viewer", false), ("editor", false), ("publisher", true)] {
        let browser = app.signed_in(who).await;
        let model = browser.get(&format!("/models/{MODEL}")).await.text();
        assert!(model.contains("A draft waits"), "{who}: {model}");
        assert!(
            model.contains(&format!("href=\"{page}\"")),
            "{who}: {model}"
        );
        let shown = browser.get(&page).await;
        let text = shown.text();
        assert_eq!(shown.status, 200, "{who}: {text}");
        for told in ["Breaking", "Passed", "Failed", "vessel, left", "hn.zip"] {
            assert!(text.contains(told), "{who}, {told}: {text}");
        }
        let button = text.contains("Publish the revision");
        assert_eq!(button, decides, "{who}: {text}");
        assert_eq!(text.contains("/discard\""), who != "viewer", "{who}");
    }
    let publisher = app.signed_in("publisher").await;
    let shown = publisher.get(&page).await.text();
    let state = state_in(&shown);
    let means_it = ("breaking", "yes");
    let silent = post(&publisher, &page, &[("if_match", &state), means_it]).await;
    assert_eq!(silent.status, 422, "nobody said why: {}", silent.text());
    let fields = [("if_match", state.as_str()), ("reason", "looked at")];
    let unaware = post(&publisher, &page, &fields).await;
    let text = unaware.text();
    assert_eq!(unaware.status, 409, "{text}");
    assert!(text.contains("confirm that this is meant"), "{text}");
    assert!(text.contains("value=\"looked at\""), "{text}");
    let fields = [&fields[..], &[means_it]].concat();
    let done = post(&publisher, &page, &fields).await;
    assert_eq!(
        done.location(),
        format!("/models/{MODEL}"),
        "{}",
        done.text()
    );
    let model = publisher.get(&format!("/models/{MODEL}")).await.text();
    assert!(model.contains("vessel, left"), "{model}");
    assert!(!model.contains("A draft waits"), "{model}");
    assert_eq!(publisher.get(&page).await.status, 404);
}

#[tokio::test]
async fn what_others_changed_meanwhile_is_shown_before_a_draft_is_published() {
    let app = App::start().await;
    let (_, page) = proposed(&app).await;
    let publisher = app.signed_in("publisher").await;
    let seen = state_in(&publisher.get(&page).await.text());
    let patch = JsonObject::parse(br#"{"alias":"Neck"}"#, DuplicateKeys::Refuse).unwrap();
    let host = app.dashboard.host_caller("test@localhost");
    let key = MODEL.parse().unwrap();
    let other = app
        .dashboard
        .patch(&host, &key, &patch, Precondition::Exists, "name");
    other.await.unwrap();
    let means_it = ("breaking", "yes");
    let fields = [
        ("if_match", seen.as_str()),
        ("reason", "looked at"),
        means_it,
    ];
    let late = post(&publisher, &page, &fields).await;
    let text = late.text();
    assert_eq!(late.status, 412, "{text}");
    assert!(
        text.contains("Somebody changed the model meanwhile"),
        "{text}"
    );
    assert!(text.contains("Draft for Neck"), "{text}");
    assert!(text.contains("value=\"looked at\""), "{text}");
    let now = state_in(&text);
    assert_ne!(now, seen);
    // What was confirmed was another state.
    let box_of = text.split_once("name=\"breaking\"").unwrap().1;
    let box_of = box_of.split_once('>').unwrap().0;
    assert!(!box_of.contains("checked"), "{box_of}");
    // What was said when it was proposed is reason enough.
    let fields = [("if_match", now.as_str()), ("reason", ""), means_it];
    let done = post(&publisher, &page, &fields).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let model = app.dashboard.model(&host, &key).await.unwrap();
    assert_eq!(model.definition.alias(), "Neck");
    let registry = model.definition.registry().unwrap();
    assert_eq!(registry.message.as_deref(), Some("trained again"));
}

#[tokio::test]
async fn a_draft_is_discarded_after_a_question() {
    let app = App::start().await;
    let (id, page) = proposed(&app).await;
    let editor = app.signed_in("editor").await;
    let at = format!("{page}/discard");
    let question = editor.get(&at).await.text();
    assert!(question.contains("Discard the draft"), "{question}");
    let done = post(&editor, &at, &[("reason", "worse")]).await;
    assert_eq!(
        done.location(),
        format!("/models/{MODEL}"),
        "{}",
        done.text()
    );
    assert_eq!(editor.get(&page).await.status, 404);
    let host = app.dashboard.host_caller("test@localhost");
    let key = MODEL.parse().unwrap();
    let gone = app.dashboard.draft(&host, &key, id).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn a_draft_whose_bytes_were_removed_can_be_discarded_alone() {
    let app = App::start().await;
    let (id, page) = proposed(&app).await;
    let host = app.dashboard.host_caller("test@localhost");
    let key = MODEL.parse().unwrap();
    let found = app.dashboard.draft(&host, &key, id).await.unwrap();
    let silent = |_: u64, _: u64| ();
    let purged = app
        .dashboard
        .purge_package(&host, found.head.digest, "patients", &silent);
    purged.await.unwrap();
    let publisher = app.signed_in("publisher").await;
    let shown = publisher.get(&page).await;
    let text = shown.text();
    assert_eq!(shown.status, 200, "{text}");
    assert!(text.contains("were removed"), "{text}");
    assert!(text.contains("by an administrator"), "{text}");
    assert!(!text.contains("Publish the revision"), "{text}");
    let done = post(&publisher, &format!("{page}/discard"), &[]).await;
    assert_eq!(done.status, 303, "{}", done.text());
}

#[tokio::test]
async fn whoever_decides_finds_all_drafts_on_one_page_and_by_one_address() {
    let app = App::start().await;
    let (package, page) = proposed(&app).await;
    let publisher = app.signed_in("publisher").await;
    for from in ["/upload", "/activity"] {
        assert!(
            publisher.get(from).await.text().contains("/drafts\""),
            "{from}"
        );
    }
    let listed = publisher.get("/drafts").await.text();
    let client = app.token(model_dashboard::auth::Permissions::all()).await;
    let answer = client.get("/api/v1/drafts").await.json();
    let draft = &answer["drafts"][0];
    assert_eq!(draft["package"], package.to_string());
    assert_eq!(
        (&draft["model"], &draft["file_name"]),
        (&MODEL.into(), &"hn.zip".into())
    );
    let digest = draft["sha256"].as_str().unwrap();
    for told in [
        &page,
        "hn.zip",
        &digest[..12],
        "trained again",
        "1 package waits",
    ] {
        assert!(listed.contains(told), "{told}: {listed}");
    }
    let model = publisher.get(&format!("/models/{MODEL}")).await.text();
    assert!(
        model.contains("hn.zip") && model.contains(&digest[..12]),
        "{model}"
    );
}
