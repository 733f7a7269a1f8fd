//! Models that were renamed or deleted: their old addresses, and what happened to them.

use http::StatusCode;
use model_dashboard::model::ModelKey;
use model_dashboard::repository::Precondition;

use crate::app::App;

const NOW: Precondition = Precondition::Exists;

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

/// `Task003_Liver` is enabled, becomes `Liver`, and then moves to another type.
async fn renamed_twice() -> App {
    let app = App::start().await;
    let (dashboard, host) = (&app.dashboard, app.dashboard.host_caller("host@test"));
    let names = ["nnUNet/Task003_Liver", "nnUNet/Liver", "MIST/Liver"].map(key);
    let enabled = dashboard.set_enabled(&host, &names[0], true, NOW, "first reason");
    enabled.await.unwrap();
    for pair in names.windows(2) {
        let renamed = dashboard.rename(&host, &pair[0], &pair[1], false, NOW, "another name");
        renamed.await.unwrap();
    }
    app
}

#[tokio::test]
async fn what_happened_to_a_model_is_shown_through_all_its_names() {
    let app = renamed_twice().await;
    let viewer = app.signed_in("viewer").await;
    let activity = async |name: &str| {
        let address = format!("/activity?model={}", name.replace('/', "%2F"));
        viewer.get(&address).await.text()
    };
    let text = activity("MIST/Liver").await;
    for shown in ["first reason", "created", "/activity?model=nnUNet%2FLiver"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let old = activity("nnUNet/Task003_Liver").await;
    assert!(old.contains("It is now") && old.contains("/models/MIST/Liver"));
    assert!(old.contains("was <a") && old.contains("first reason"));
    let page = viewer.get("/models/MIST/Liver").await.text();
    assert!(page.contains("Enabled since"), "{page}");

    let part = activity("segthor").await;
    assert!(part.contains("nnUNet/Task055_SegTHOR") || part.contains("Task055_SegTHOR"));
    assert!(!part.contains("Nothing happened"), "{part}");
    let several = activity("nnUNet").await;
    assert!(several.contains("Which of them?"), "{several}");
}

#[tokio::test]
async fn another_model_at_an_old_name_has_a_past_of_its_own() {
    let app = renamed_twice().await;
    let host = app.dashboard.host_caller("host@test");
    let (from, to) = (key("nnUNet/Task055_SegTHOR"), key("nnUNet/Liver"));
    let derived = app.dashboard.derive(&host, &from, &to, None, "a new one");
    derived.await.unwrap();
    let viewer = app.signed_in("viewer").await;
    let text = viewer.get("/activity?model=MIST%2FLiver").await.text();
    assert!(!text.contains("a new one"), "{text}");
}

#[tokio::test]
async fn the_address_of_a_model_that_is_gone_says_what_became_of_it() {
    let app = renamed_twice().await;
    let client = app.token("models:read".parse().unwrap()).await;
    for at in ["nnUNet/Task003_Liver", "Task003_Liver"] {
        let moved = client.get(&format!("/api/v1/models/{at}")).await;
        assert_eq!(moved.status, StatusCode::NOT_FOUND);
        assert_eq!(moved.json()["near"], serde_json::json!(["MIST/Liver"]));
    }
    let viewer = app.signed_in("viewer").await;
    let moved = viewer.get("/models/nnUNet/Task003_Liver").await;
    assert_eq!(moved.status, StatusCode::NOT_FOUND);
    let text = moved.text();
    assert!(text.contains("another name now") && text.contains("href=\"/models/MIST/Liver\""));

    let host = app.dashboard.host_caller("host@test");
    let model = key("MIST/Liver");
    let deleted = app.dashboard.delete(&host, &model, NOW, "old");
    deleted.await.unwrap();
    let gone = viewer.get("/models/MIST/Liver").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let text = gone.text();
    assert!(text.contains("was deleted by host@test"), "{text}");
    assert!(text.contains("<time") && text.contains("/activity?model=MIST%2FLiver"));
    let old = viewer.get("/models/nnUNet/Liver").await.text();
    assert!(
        old.contains("was renamed to <code>MIST/Liver</code>"),
        "{old}"
    );
    let auditor = app.signed_in("auditor").await;
    let refused = auditor.get("/models/MIST/Liver").await;
    let may_read = refused.status == StatusCode::NOT_FOUND;
    assert_eq!(refused.text().contains("was deleted"), may_read);
}
