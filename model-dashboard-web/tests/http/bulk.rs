//! Several models at once.

use http::StatusCode;

use crate::app::{Answer, App, Client};

const ENABLED: &str = "nnUNet_v2/Dataset501_HeadAndNeckOAR";
const DISABLED: &str = "nnUNet/Task003_Liver";

async fn send(client: &Client, action: &str, models: &[&str], more: &[(&str, &str)]) -> Answer {
    let csrf = client.get("/profile").await.csrf();
    let mut fields = vec![("csrf", csrf.as_str()), ("action", action)];
    fields.extend(models.iter().map(|model| ("model", *model)));
    fields.extend(more);
    client.post_form("/models/bulk", &fields).await
}

const YES: (&str, &str) = ("confirmed", "yes");

#[tokio::test]
async fn a_question_counts_what_will_change_and_names_what_is_not_there() {
    let app = App::start().await;
    let publisher = app.signed_in("publisher").await;
    let models = [ENABLED, DISABLED, "nnUNet/Nowhere", "no reference"];
    let asked = send(&publisher, "enable", &models, &[]).await;
    let text = asked.text();
    assert_eq!(asked.status, StatusCode::OK, "{text}");
    for said in [
        "Enable 1 model?",
        "1 model is enabled already.",
        "Inference jobs may use it from then on.",
        "There is no nnUNet/Nowhere, no reference.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains(&format!("value=\"{ENABLED}\"")), "{text}");
    let nothing = send(&publisher, "disable", &[DISABLED], &[]).await;
    assert_eq!(nothing.location(), "/", "{}", nothing.text());
    let status = nothing.cookie("_status");
    assert!(status.contains("disabled%20already"), "{status}");
}

#[tokio::test]
async fn several_are_deleted_with_a_reason_or_none_is() {
    let app = App::start().await;
    let publisher = app.signed_in("publisher").await;
    let models = [DISABLED, ENABLED];
    let refused = send(&publisher, "delete", &models, &[YES]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = refused.text();
    assert!(text.contains("Say why: one of them is enabled"), "{text}");
    assert!(!text.contains("message:"), "{text}");
    let page = publisher.get(&format!("/models/{DISABLED}")).await;
    assert_eq!(page.status, StatusCode::OK, "nothing is deleted yet");
    let more = [YES, ("reason", "not needed")];
    let deleted = send(&publisher, "delete", &models, &more).await;
    assert_eq!(deleted.location(), "/", "{}", deleted.text());
}

#[tokio::test]
async fn every_model_that_was_refused_is_named_with_its_reason() {
    let app = App::start().await;
    let editor = app.signed_in("editor").await;
    let models = [DISABLED, ENABLED, "nnUNet/Task055_SegTHOR"];
    // An editor may not change enabled models.
    let partly = send(&editor, "delete", &models, &[YES, ("reason", "old")]).await;
    assert_eq!(partly.status, StatusCode::CONFLICT);
    let text = partly.text();
    assert!(text.contains("deleted, "), "{text}");
    assert!(
        text.contains("needs the permission models:enable"),
        "{text}"
    );
    assert!(text.contains(&format!("value=\"{ENABLED}\"")), "{text}");
    assert!(!text.contains(&format!("value=\"{DISABLED}\"")), "{text}");
}

#[tokio::test]
async fn an_export_is_whole_and_says_what_it_leaves_out_before_it_begins() {
    let large = format!("{{\"description\":\"{}\"}}", "x".repeat(1 << 20));
    let twice = r#"{"alias":"a","name":"Twice","network_type":"MIST","alias":"b"}"#;
    let app = App::holding(&[
        ("nnUNet/Broken", "{"),
        ("nnUNet/Large", &large),
        ("MIST/Twice", twice),
    ])
    .await;
    let viewer = app.signed_in("viewer").await;
    let all = [
        DISABLED,
        "nnUNet/Broken",
        "nnUNet/Large",
        "MIST/Twice",
        "MIST/Nowhere",
    ];
    let asked = send(&viewer, "export", &all, &[]).await.text();
    for said in [
        "Export 2 models?",
        "nnUNet/Broken",
        "1 MiB",
        "There is no MIST/Nowhere.",
    ] {
        assert!(asked.contains(said), "{said}: {asked}");
    }
    let file = send(&viewer, "export", &[DISABLED, "MIST/Twice"], &[]).await;
    let disposition = file.header("content-disposition");
    assert_eq!(disposition, "attachment; filename=\"models.json\"");
    let models = file.json();
    let names: Vec<_> = models
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["name"])
        .collect();
    assert_eq!(names, ["Task003_Liver", "Twice"]);
    assert!(!file.text().contains("\"a\""), "{}", file.text());
}
