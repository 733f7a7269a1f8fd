//! What was found in an upload, and what becomes of it.

use crate::app::{App, Client};
use crate::packed::{COMPUTER, HARMFUL, HARMLESS, archive, nnunet, uploaded};

const LABELS: &str = r#"{"background":0,"Brainstem":1,"vessel, left":2}"#;

#[tokio::test]
async fn what_was_found_is_told_and_what_leaks_is_not_repeated() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let id = uploaded(&app, "editor", "hn.zip", nnunet(LABELS, HARMFUL)).await;
    let page = editor.get(&format!("/upload/{id}")).await;
    let text = page.text();
    assert_eq!(page.status, 200, "{text}");
    for told in [
        "nnU-Net",
        "nnUNet_v2",
        "Dataset501_HN",
        "Brainstem",
        "3d_fullres",
        "64 × 192 × 160",
        "2.5 × 0.98 × 0.98",
        "fold 0",
        "Dangerous",
        "system",
        "Traces of training",
        "fold_0/",
        "checkpoint_final.pth",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(
        !text.contains(COMPUTER) && !text.contains("mkeller"),
        "{text}"
    );

    let other = app.signed_in("publisher").await;
    assert_eq!(other.get(&format!("/upload/{id}")).await.status, 404);
    let start = editor.get("/upload").await.text();
    assert!(start.contains("hn.zip"), "{start}");
    assert!(!other.get("/upload").await.text().contains("hn.zip"));
}

#[tokio::test]
async fn what_no_model_can_get_says_why_and_is_discarded() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    // The end of an archive of one file that is not there.
    let broken = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\0\0\0\0\0\0".to_vec();
    let id = uploaded(&app, "editor", "broken.zip", broken).await;
    let page = editor.get(&format!("/upload/{id}")).await.text();
    assert!(page.contains("No model can get this file"), "{page}");
    let new = editor.get(&format!("/upload/{id}/new")).await;
    assert_eq!(new.status, 422, "{}", new.text());
    let question = editor.get(&format!("/upload/{id}/discard")).await;
    let csrf = question.csrf();
    let fields = [("csrf", csrf.as_str())];
    let discarded = editor
        .post_form(&format!("/upload/{id}/discard"), &fields)
        .await;
    assert_eq!(
        (discarded.status.as_u16(), discarded.location()),
        (303, "/upload")
    );
    assert_eq!(editor.get(&format!("/upload/{id}")).await.status, 404);
}

async fn post(browser: &Client, path: &str, fields: &[(&str, &str)]) -> crate::app::Answer {
    let csrf = browser.get("/profile").await.csrf();
    let fields = [&[("csrf", csrf.as_str())], fields].concat();
    browser.post_form(path, &fields).await
}

#[tokio::test]
async fn a_new_model_is_filled_in_by_the_package_and_contradictions_have_a_way_out() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let id = uploaded(&app, "editor", "hn.zip", nnunet(LABELS, HARMLESS)).await;
    let at = format!("/upload/{id}/new");
    let form = editor.get(&at).await.text();
    for filled in [
        "value=\"nnUNet_v2\"",
        "value=\"Dataset501_HN\"",
        "value=\"Brainstem\"",
        "value=\"[&quot;vessel, left&quot;]\"",
        "&quot;configuration&quot;: &quot;3d_fullres&quot;",
    ] {
        assert!(form.contains(filled), "{filled}: {form}");
    }
    let typed = [
        ("network_type", "MIST"),
        ("name", "Other"),
        ("label_number", "1"),
        ("label_names", "Brainstem"),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&typed[..], more].concat();
    let refused = post(&editor, &at, &with(&[("action", "save")])).await;
    let text = refused.text();
    assert_eq!(refused.status, 422, "{text}");
    assert!(text.contains("contradicts the network type"), "{text}");
    assert!(text.contains("The package calls itself"), "{text}");
    let numbered = [("network_type", "nnUNet_v2"), ("name", "Dataset220_KiTS")];
    let numbered = [&numbered[..], &[("action", "save")]].concat();
    let refused = post(&editor, &at, &numbered).await;
    let text = refused.text();
    assert_eq!(refused.status, 422, "{text}");
    assert!(text.contains("contradicts the name"), "{text}");
    let put_right = post(&editor, &at, &with(&[("action", "use-type")]))
        .await
        .text();
    assert!(put_right.contains("value=\"nnUNet_v2\""), "{put_right}");
    assert!(put_right.contains("value=\"Other\""), "{put_right}");
    let put_right = post(&editor, &at, &with(&[("action", "use-name")]))
        .await
        .text();
    assert!(put_right.contains("value=\"Dataset501_HN\""), "{put_right}");

    let made = post(
        &editor,
        &at,
        &with(&[("action", "save"), ("as_typed", "yes")]),
    )
    .await;
    assert_eq!(
        (made.status.as_u16(), made.location()),
        (303, "/models/MIST/Other")
    );
    let page = editor.get("/models/MIST/Other").await.text();
    assert!(
        page.contains("Disabled") && page.contains("Brainstem"),
        "{page}"
    );
    // What was left empty stays so.
    let host = app.dashboard.host_caller("test@localhost");
    let key = "MIST/Other".parse().unwrap();
    let model = app.dashboard.model(&host, &key).await.unwrap().definition;
    assert_eq!(model.inference_information(), None);
    assert_eq!(model.given_alias(), "");
    let upload = editor.get(&format!("/upload/{id}")).await;
    assert_eq!(upload.status, 404, "the upload has ended");
}

#[tokio::test]
async fn a_model_gets_a_package_after_what_changes_was_shown() {
    let app = App::start().await;
    let publisher = app.signed_in("publisher").await;
    let id = uploaded(&app, "publisher", "hn.zip", nnunet(LABELS, HARMLESS)).await;
    let at = format!("/upload/{id}/revision");
    let asked = publisher.get(&at).await.text();
    let first = asked.find("value=\"nnUNet_v2/").unwrap();
    let other = asked.find("value=\"MIST/").unwrap();
    assert!(first < other, "models of its type come first: {asked}");
    let none = publisher
        .get(&format!("{at}?model=nnUNet_v2/Nothing"))
        .await;
    assert_eq!(none.status, 404);

    let model = "nnUNet_v2/Dataset501_HeadAndNeckOAR";
    let shown = publisher.get(&format!("{at}?model={model}")).await.text();
    assert!(
        shown.contains("The definition says something else"),
        "{shown}"
    );
    let tag = shown.split_once("name=\"if_match\" value=\"").unwrap().1;
    let tag = tag.split('"').next().unwrap().to_owned();
    assert!(
        shown.contains("name=\"take\" value=\"labels\">"),
        "not at first, as the model has labels: {shown}"
    );
    let fields = [("model", model), ("if_match", &tag)];
    let refused = post(&publisher, &at, &fields).await;
    let text = refused.text();
    assert_eq!(
        refused.status, 422,
        "it is enabled, and nobody said why: {text}"
    );
    let fields = [
        fields[0],
        fields[1],
        ("take", "labels"),
        ("reason", "trained again"),
    ];
    let refused = post(&publisher, &at, &fields).await;
    let text = refused.text();
    assert_eq!(refused.status, 422, "{text}");
    assert!(
        text.contains("Labels or images stand for something else"),
        "{text}"
    );
    let fields = [&fields[..], &[("breaking", "yes")]].concat();
    let done = post(&publisher, &at, &fields).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(done.location(), format!("/models/{model}"));
    let page = publisher.get(&format!("/models/{model}")).await.text();
    assert!(page.contains("vessel, left"), "{page}");

    // A definition that says what its package does goes on doing so.
    let other = nnunet(r#"{"background":0,"Brainstem":1,"vessel":2}"#, HARMLESS);
    let id = uploaded(&app, "publisher", "hn.zip", other).await;
    let at = format!("/upload/{id}/revision");
    let shown = publisher.get(&format!("{at}?model={model}")).await.text();
    let checked = "name=\"take\" value=\"labels\" checked>";
    assert!(shown.contains(checked), "{shown}");

    // The next one is compared with it.
    let other = archive(&[("weights.bin", b"bytes")]);
    let id = uploaded(&app, "publisher", "other.zip", other).await;
    let at = format!("/upload/{id}/revision");
    let shown = publisher.get(&format!("{at}?model={model}")).await.text();
    assert!(shown.contains("1 file new, 4 files gone"), "{shown}");
    let late = post(
        &publisher,
        &at,
        &[("model", model), ("if_match", &tag), ("reason", "x")],
    )
    .await;
    assert_eq!(late.status, 412, "{}", late.text());
    assert!(
        late.text().contains("Publish the revision"),
        "{}",
        late.text()
    );

    // Nobody knows whether it runs, and jobs use the model.
    let text = late.text();
    let tag = text.split_once("name=\"if_match\" value=\"").unwrap().1;
    let tag = tag.split('"').next().unwrap().to_owned();
    let fields = [
        ("model", model),
        ("if_match", &tag),
        ("reason", "x"),
        ("breaking", "yes"),
    ];
    let refused = post(&publisher, &at, &fields).await;
    let text = refused.text();
    assert_eq!(refused.status, 422, "{text}");
    let told = "Jobs may not run the model correctly with the package";
    assert!(text.contains(told), "{text}");
    assert!(
        text.contains("name=\"incomplete\" value=\"yes\">"),
        "{text}"
    );
    let fields = [&fields[..], &[("incomplete", "yes")]].concat();
    let done = post(&publisher, &at, &fields).await;
    assert_eq!(done.status, 303, "{}", done.text());
}
