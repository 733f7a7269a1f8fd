//! A mistake: found in the history, taken back, and worse, brought back.

use crate::app::App;
use crate::driver::Driver;
use crate::{fill, press, says, sign_in, url};

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_found_in_the_history_and_taken_back() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let browser = driver.browser("history").await;
    sign_in(&app, &browser, "admin").await;
    let model = "/models/nnUNet/Task003_Liver";
    let edit = url(&app, &format!("{model}/edit"));
    browser.goto(&edit).await.unwrap();
    fill(&browser, "[name=alias]", "Changed by mistake").await;
    press(&browser, ".action-bar button[value=save]").await;
    says(&browser, "Saved as revision").await;

    press(&browser, ".byline a").await;
    says(&browser, "Revision 2").await;
    press(&browser, ".action-bar button[type=submit]").await;
    says(&browser, "Changed by mistake").await;
    press(&browser, ".revision p > a").await;
    says(&browser, "Restore revision 1").await;
    press(&browser, "form.question button[type=submit]").await;
    says(&browser, "Restored revision 1 as revision 3").await;

    // Deleted, and brought back.
    let delete = url(&app, &format!("{model}/delete"));
    browser.goto(&delete).await.unwrap();
    press(&browser, "form.question button[type=submit]").await;
    says(&browser, "was deleted").await;
    browser.goto(&url(&app, "/admin/deleted")).await.unwrap();
    says(&browser, "Task003_Liver").await;
    press(&browser, "a[data-question-link]").await;
    press(&browser, "dialog form.question button[type=submit]").await;
    says(&browser, "is back, and disabled").await;
    browser.close().await.unwrap();
}
