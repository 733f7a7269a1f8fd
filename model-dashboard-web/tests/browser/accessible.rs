//! Every page before an accessibility checker, light and dark.

use fantoccini::{Client, Locator};
use model_dashboard::model::Timestamp;

use crate::app::App;
use crate::driver::{Driver, axe};
use crate::{fill, press, says, sign_in, url};

#[tokio::test(flavor = "multi_thread")]
async fn no_page_hinders_people() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let Some(axe) = axe() else { return };
    let app = App::start().await;
    let browser = driver.browser("axe").await;
    browser.goto(&url(&app, "/login")).await.unwrap();
    assert_accessible(&browser, &axe, "/login").await;
    sign_in(&app, &browser, "admin").await;
    // A model to bring back, and a revision to compare with.
    let delete = url(&app, "/models/nnUNet/Task003_Liver/delete");
    browser.goto(&delete).await.unwrap();
    press(&browser, "form.question button[type=submit]").await;
    says(&browser, "was deleted").await;
    let edit = url(&app, "/models/nnUNet/Task055_SegTHOR/edit");
    browser.goto(&edit).await.unwrap();
    fill(&browser, "[name=label_names]", "Something else").await;
    fill(&browser, "[name=reason]", "for the history").await;
    press(&browser, ".action-bar button[value=save]").await;
    says(&browser, "Saved as revision").await;
    // Something to read about the store.
    for task in ["check", "list-garbage"] {
        browser.goto(&url(&app, "/admin/storage")).await.unwrap();
        press(&browser, &format!("form[action$='/{task}'] button")).await;
        says(&browser, "by admin").await;
        while browser.find(Locator::Css("progress")).await.is_ok() {
            browser.refresh().await.unwrap();
        }
    }
    let now = Timestamp::now();
    let pages = [
        "/",
        "/?q=nothing+like+this",
        "/models/nnUNet_v2/Dataset501_HeadAndNeckOAR",
        "/models/nnUNet/Task055_SegTHOR/edit",
        "/models/nnUNet/Task055_SegTHOR/rename",
        "/models/nnUNet/Task055_SegTHOR/derive",
        "/models/nnUNet/Task055_SegTHOR/delete",
        "/models/nnUNet/Task055_SegTHOR/history",
        "/models/nnUNet/Task055_SegTHOR/compare?from=1&to=2",
        "/models/nnUNet/Task055_SegTHOR/revisions/1/restore",
        "/create",
        "/import",
        "/broken",
        "/activity",
        "/profile",
        "/tokens",
        "/admin/users",
        "/admin/users/new",
        "/admin/audit",
        "/admin/audit/1",
        &format!("/admin/as-of?at={now}"),
        "/admin/as-of?at=yesterday",
        "/admin/deleted",
        "/admin/deleted/nnUNet/Task003_Liver/bring-back",
        "/admin/storage",
        "/admin/storage/repair",
        "/admin/storage/delete-garbage",
        "/admin/system",
        "/nothing-here",
        "/docs",
    ];
    for theme in ["light", "dark"] {
        browser.goto(&url(&app, "/")).await.unwrap();
        let choose = format!("[data-theme-form] button[value={theme}]");
        let press = "document.querySelector(arguments[0]).click()";
        browser.execute(press, vec![choose.into()]).await.unwrap();
        let chosen = format!("html[data-theme={theme}]");
        let chosen = browser.wait().for_element(Locator::Css(&chosen)).await;
        chosen.unwrap();
        for path in pages {
            let show = "document.documentElement.dataset.theme = arguments[0]";
            browser.goto(&url(&app, path)).await.unwrap();
            browser.execute(show, vec![theme.into()]).await.unwrap();
            assert_accessible(&browser, &axe, &format!("{path}, {theme}")).await;
        }
    }
    browser.close().await.unwrap();
}

pub async fn assert_accessible(browser: &Client, axe: &str, path: &str) {
    browser.execute(axe, vec![]).await.unwrap();
    let check = "const done = arguments[0]; axe.run().then(found => done(found.violations.map(v => \
                 v.id + ': ' + v.nodes[0].html)))";
    let violations = browser.execute_async(check, vec![]).await.unwrap();
    assert_eq!(violations, serde_json::json!([]), "{path}");
    let width = "return document.documentElement.scrollWidth <= window.innerWidth";
    let fits = browser.execute(width, vec![]).await.unwrap();
    assert_eq!(fits, serde_json::json!(true), "{path} scrolls sideways");
}
