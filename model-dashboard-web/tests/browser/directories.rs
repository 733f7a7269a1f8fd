//! What people of a directory, and those who administer one, see.

use std::sync::atomic::Ordering;

use fantoccini::{Client, Locator};

use crate::accessible::assert_accessible;
use crate::app::{App, PASSWORD};
use crate::clinic::{self, Clinic};
use crate::driver::{Driver, axe};
use crate::{fill, press, says, url};

/// The page as it stands, wide and narrow, light and dark.
async fn assert_shown_well(browser: &Client, axe: &str, page: &str) {
    for width in [1440, 500] {
        browser.set_window_size(width, 900).await.unwrap();
        for theme in ["light", "dark"] {
            let show = "document.documentElement.dataset.theme = arguments[0]";
            browser.execute(show, vec![theme.into()]).await.unwrap();
            assert_accessible(browser, axe, &format!("{page}, {width}, {theme}")).await;
        }
        let beyond = "return [...document.querySelectorAll('.panel:not(.created)')].filter(panel => { const text \
                      = document.createRange(); text.selectNodeContents(panel); const edge = \
                      panel.getBoundingClientRect().right; return [...text.getClientRects()]\
                      .some(line => line.right > edge) }).map(panel => panel.innerText)";
        let beyond = browser.execute(beyond, vec![]).await.unwrap();
        assert_eq!(beyond, serde_json::json!([]), "{page}, {width}");
    }
}

async fn sign_in(app: &App, browser: &Client, source: &str, username: &str) {
    browser.delete_all_cookies().await.unwrap();
    browser.goto(&url(app, "/login")).await.unwrap();
    press(browser, &format!("[name=source][value={source}]")).await;
    fill(browser, "#username", username).await;
    fill(browser, "#password", PASSWORD).await;
    press(browser, "main button[type=submit]").await;
    let top = browser.wait().for_element(Locator::Css("header.top")).await;
    top.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_a_directory_hinders_people() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let Some(axe) = axe() else { return };
    let clinic = Clinic::new(true, &["bo", "cy"]);
    let app = clinic.serve().await;
    assert_eq!(clinic::sign_in(&app, "clinic", "cy", PASSWORD).await.1, 303);
    let browser = driver.browser("directories").await;
    browser.goto(&url(&app, "/login")).await.unwrap();
    assert_shown_well(&browser, &axe, "/login").await;
    sign_in(&app, &browser, "clinic", "bo").await;
    browser.goto(&url(&app, "/profile")).await.unwrap();
    says(&browser, "Given by Clinic account").await;
    assert_shown_well(&browser, &axe, "/profile").await;

    sign_in(&app, &browser, "local", "admin").await;
    let page = url(&app, "/admin/directories/clinic");
    browser.goto(&page).await.unwrap();
    assert_shown_well(&browser, &axe, "a directory").await;
    fill(&browser, "[name=username]", "bo").await;
    press(&browser, "form[action$='/test'] button").await;
    says(&browser, "bo would sign in as").await;
    assert_shown_well(&browser, &axe, "a directory, tested").await;
    press(&browser, "form[action$='/recheck'] button").await;
    says(&browser, "2 people asked about").await;
    assert_shown_well(&browser, &axe, "a directory, looked at").await;

    clinic.people.lock().unwrap().remove("id-of-cy");
    let person = url(&app, "/admin/users/clinic:id-of-cy");
    browser.goto(&person).await.unwrap();
    assert_shown_well(&browser, &axe, "a person").await;
    press(&browser, "form[action$='/recheck'] button").await;
    says(&browser, "does not let this person sign in any more").await;
    assert_shown_well(&browser, &axe, "a person who left").await;
    browser.goto(&url(&app, "/admin/users")).await.unwrap();
    assert_shown_well(&browser, &axe, "users").await;
    press(&browser, "a.model-link[href$='id-of-cy']").await;
    press(&browser, "a[href$='/disable']").await;
    press(&browser, "form.question button[type=submit]").await;
    says(&browser, "until somebody enables it here").await;

    clinic.away.store(true, Ordering::SeqCst);
    browser.goto(&page).await.unwrap();
    press(&browser, "form[action$='/test'] button").await;
    says(&browser, "Signing in does not work").await;
    assert_shown_well(&browser, &axe, "a directory that is away").await;
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_token_without_looks_is_shown_well() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let Some(axe) = axe() else { return };
    let app = Clinic::new(false, &["bo"]).serve().await;
    let browser = driver.browser("limited").await;
    sign_in(&app, &browser, "clinic", "bo").await;
    browser.goto(&url(&app, "/tokens")).await.unwrap();
    fill(&browser, "[name=description]", "at night").await;
    press(&browser, "aside button[type=submit]").await;
    says(&browser, "it is not shown again").await;
    assert_shown_well(&browser, &axe, "a token that was made").await;
    sign_in(&app, &browser, "local", "admin").await;
    browser.goto(&url(&app, "/tokens")).await.unwrap();
    says(&browser, "after the owner’s last sign-in").await;
    assert_shown_well(&browser, &axe, "/tokens").await;
    browser.close().await.unwrap();
}
