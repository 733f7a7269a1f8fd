//! A package that waits beside a model, from the upload to the decision.

use fantoccini::Locator;

use crate::accessible::assert_accessible;
use crate::app::App;
use crate::driver::{Driver, axe};
use crate::packed::{HARMLESS, nnunet, uploaded};
use crate::uploads::assert_accessible_unfolded;
use crate::{fill, press, says, sign_in, url};

const MODEL: &str = "nnUNet_v2/Dataset501_HeadAndNeckOAR";

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_proposed_looked_at_and_decided_on() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let Some(axe) = axe() else { return };
    let app = App::start().await;
    let labels = r#"{"background":0,"Brainstem":1,"vessel, left":2}"#;
    let [first, second] = [
        uploaded(&app, "editor", "hn.zip", nnunet(labels, HARMLESS)).await,
        uploaded(
            &app,
            "editor",
            "worse.zip",
            nnunet(&labels.replace("left", "both"), HARMLESS),
        )
        .await,
    ];

    // Who may not change an enabled model proposes.
    let editor = driver.browser("editor").await;
    sign_in(&app, &editor, "editor").await;
    for id in [first, second] {
        let form = format!("/upload/{id}/revision?model={MODEL}");
        editor.goto(&url(&app, &form)).await.unwrap();
        // By the keyboard, as the bar at the bottom may lie over it.
        let labels = Locator::Css("input[name=take][value=labels]");
        let labels = editor.wait().for_element(labels).await.unwrap();
        labels.send_keys(" ").await.unwrap();
        assert_eq!(
            labels.prop("checked").await.unwrap().as_deref(),
            Some("true")
        );
        assert_accessible(&editor, &axe, "what is taken over").await;
        fill(&editor, "[name=reason]", "trained again").await;
        press(&editor, "button[value=draft]").await;
        says(&editor, "Kept as a draft").await;
        says(&editor, "who may enable models decides").await;
    }
    assert_accessible_unfolded(&editor, &axe, "a draft, for others").await;

    // The other one looks at it, from the page of the model, and decides.
    let publisher = driver.browser("publisher").await;
    sign_in(&app, &publisher, "publisher").await;
    let model = url(&app, &format!("/models/{MODEL}"));
    publisher.goto(&model).await.unwrap();
    says(&publisher, "A draft waits").await;
    assert_accessible(&publisher, &axe, "a model with drafts").await;
    let look = format!(".notice a[href$='/drafts/{first}']");
    press(&publisher, &look).await;
    says(&publisher, "Labels or images stand for something else.").await;
    assert_accessible_unfolded(&publisher, &axe, "a draft").await;
    publisher.set_window_size(1280, 900).await.unwrap();
    press(&publisher, ".action-bar .primary").await;
    says(&publisher, "confirm that this is meant").await;
    // By the keyboard, as the bar at the bottom may lie over it.
    let means_it = Locator::Css("input[name=breaking]");
    let means_it = publisher.wait().for_element(means_it).await.unwrap();
    means_it.send_keys(" ").await.unwrap();
    press(&publisher, ".action-bar .primary").await;
    says(&publisher, "has the package").await;
    says(&publisher, "vessel, left").await;

    press(&publisher, &format!(".notice a[href$='/drafts/{second}']")).await;
    says(&publisher, "was changed since").await;
    press(&publisher, ".page-actions a[data-question-link]").await;
    // In a dialog over the page.
    let discard = "dialog[open] button.danger";
    publisher
        .wait()
        .for_element(Locator::Css(discard))
        .await
        .unwrap();
    assert_accessible(&publisher, &axe, "whether to discard").await;
    press(&publisher, discard).await;
    says(&publisher, "The draft was discarded").await;
    for browser in [editor, publisher] {
        browser.close().await.unwrap();
    }
}
