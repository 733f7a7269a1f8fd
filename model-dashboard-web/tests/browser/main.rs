//! The main job in a real browser, and every page before an accessibility checker.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    dead_code,
    missing_debug_implementations,
    unreachable_pub
)]

mod accessible;
#[path = "../http/app.rs"]
mod app;
#[path = "../http/clinic.rs"]
mod clinic;
mod conflict;
mod directories;
mod drafts;
mod driver;
mod history;
#[path = "../http/packed.rs"]
mod packed;
mod uploads;
mod weight;

use fantoccini::{Client, Locator};
use model_dashboard::model::ContourNames;

use self::app::{App, PASSWORD};
use self::driver::Driver;

fn url(app: &App, path: &str) -> String {
    format!("http://{}{path}", app.pages)
}

async fn sign_in(app: &App, browser: &Client, username: &str) {
    browser.goto(&url(app, "/login")).await.unwrap();
    fill(browser, "#username", username).await;
    fill(browser, "#password", PASSWORD).await;
    press(browser, "main button[type=submit]").await;
    browser
        .wait()
        .for_element(Locator::Css("header.top"))
        .await
        .unwrap();
}

async fn fill(browser: &Client, css: &str, text: &str) {
    let field = browser.wait().for_element(Locator::Css(css)).await.unwrap();
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

async fn press(browser: &Client, css: &str) {
    browser
        .wait()
        .for_element(Locator::Css(css))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
}

/// Waits until the page says this somewhere.
async fn says(browser: &Client, text: &str) {
    let path = format!("//main[contains(., '{text}')]");
    let found = browser.wait().for_element(Locator::XPath(&path)).await;
    if found.is_err() {
        panic!(
            "the page does not say {text}: {}",
            browser.source().await.unwrap()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_works_in_a_browser() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let browser = driver.browser("one").await;
    sign_in(&app, &browser, "admin").await;

    // Find, by a label.
    fill(&browser, "input[name=q]", "brainstem").await;
    says(&browser, "1 model found").await;
    press(&browser, "a.model-link").await;
    says(&browser, "Head and neck organs at risk").await;

    // Create.
    browser.goto(&url(&app, "/create")).await.unwrap();
    fill(&browser, "[name=network_type]", "MIST").await;
    fill(&browser, "[name=name]", "FromBrowser").await;
    fill(&browser, "[name=alias]", "Made in a browser").await;
    press(&browser, ".action-bar button[value=save]").await;
    says(&browser, "was created").await;

    // Edit in two windows: the second one settles it.
    let edit = url(&app, "/models/MIST/FromBrowser/edit");
    let other = driver.browser("two").await;
    sign_in(&app, &other, "publisher").await;
    browser.goto(&edit).await.unwrap();
    other.goto(&edit).await.unwrap();
    fill(&browser, "[name=alias]", "From the first window").await;
    press(&browser, ".action-bar button[value=save]").await;
    says(&browser, "From the first window").await;
    fill(&other, "[name=alias]", "From the second window").await;
    press(&other, ".action-bar button[value=save]").await;
    says(&other, "From the first window").await;
    // Neither is saved before one of them was chosen.
    press(&other, ".action-bar button[type=submit]").await;
    says(&other, "Somebody else saved first").await;
    press(&other, "input[value=yours]").await;
    press(&other, ".action-bar button[type=submit]").await;
    says(&other, "Saved").await;
    other.close().await.unwrap();

    // A token, shown once.
    browser.goto(&url(&app, "/tokens")).await.unwrap();
    fill(&browser, "[name=description]", "from the browser").await;
    press(&browser, "aside button[type=submit]").await;
    says(&browser, "it is not shown again").await;

    // Delete, with the confirm page.
    browser
        .goto(&url(&app, "/models/MIST/FromBrowser/delete"))
        .await
        .unwrap();
    press(&browser, "form.question button[type=submit]").await;
    says(&browser, "was deleted").await;

    // Sign out.
    browser.goto(&url(&app, "/profile")).await.unwrap();
    let sign_out = "document.querySelector('form[action$=\"/logout\"]').requestSubmit()";
    browser.execute(sign_out, vec![]).await.unwrap();
    browser
        .wait()
        .for_element(Locator::Css("#password"))
        .await
        .unwrap();
    browser.goto(&url(&app, "/")).await.unwrap();
    browser
        .wait()
        .for_element(Locator::Css("#password"))
        .await
        .unwrap();
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_outlives_the_session_on_a_small_screen() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let browser = driver.browser("small").await;
    browser.set_window_size(500, 800).await.unwrap();
    sign_in(&app, &browser, "admin").await;
    let edit = url(&app, "/models/nnUNet/Task003_Liver/edit");
    browser.goto(&edit).await.unwrap();
    fill(&browser, "[name=alias]", "Typed before the session ended").await;
    browser.delete_all_cookies().await.unwrap();
    press(&browser, ".action-bar button[value=save]").await;
    says(&browser, "Nothing was saved yet").await;
    fill(&browser, "[name=sign_in_username]", "admin").await;
    fill(&browser, "[name=sign_in_password]", PASSWORD).await;
    press(&browser, "form button[type=submit]").await;
    says(&browser, "Send it again?").await;
    press(&browser, ".action-bar button[type=submit]").await;
    says(&browser, "Saved as revision").await;
    says(&browser, "Typed before the session ended").await;
    browser.close().await.unwrap();
}

/// What is pasted, and the rows that it becomes: number and names.
const PASTED: [(&str, &[(&str, &str)]); 10] = [
    (
        "1\tspleen\n\n 2 \t kidney_right\tkidney \n4, stomach\n5 left lung\n6 - pancreas\n7 : colon\n",
        &[
            ("1", "spleen"),
            ("2", "kidney_right, kidney"),
            ("4", "stomach"),
            ("5", "left lung"),
            ("6", "- pancreas"),
            ("7", "colon"),
        ],
    ),
    (
        "1\tliver\t#c04040\n2\tkidney\tcortex\t#fff\n3 \"left lung\"\n",
        &[("1", "liver"), ("2", "kidney, cortex"), ("3", "left lung")],
    ),
    (
        "\"1\",\"vessel, hepatic\",\"#c04040\"\n2 ,colon\n3;anus;\n",
        &[
            ("1", "[\"vessel, hepatic\"]"),
            ("2", "colon"),
            ("3", "anus"),
        ],
    ),
    (
        "\nLabel ID,Name,r,g,b\n1,liver,255,0,0\n2,\"a \"\"b\"\"\",0,0,0\n",
        &[("1", "liver"), ("2", "a \"b\"")],
    ),
    ("class\tnumber\nliver\t1\n", &[("1", "liver")]),
    ("1\tvessel, hepatic", &[("1", "[\"vessel, hepatic\"]")]),
    (
        "{\"2\":\"b, c\",\"1\":[\"a\",\"d\"]}",
        &[("2", "[\"b, c\"]"), ("1", "a, d")],
    ),
    (
        "{\"labels\":{\"background\":0,\"liver\":1}}",
        &[("0", "background"), ("1", "liver")],
    ),
    (
        "{\"background\":0,\"liver\":1}",
        &[("0", "background"), ("1", "liver")],
    ),
    (
        "{\"labels\":{\"background\":0,\"whole\":[1,2,3],\"core\":[2,3],\"ignore\":4},\"regions_class_order\":[1,2]}",
        &[("0", "background"), ("1", "whole"), ("2", "core")],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn pasted_labels_become_the_rows_that_the_server_would_read() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let browser = driver.browser("labels").await;
    sign_in(&app, &browser, "admin").await;
    browser.goto(&url(&app, "/create")).await.unwrap();
    let paste = "const area = document.querySelector('[name=labels_pasted]'); area.value = \
                 arguments[0]; document.querySelector('[data-apply-paste]').click(); return \
                 [...document.querySelectorAll('[data-rows] .label-row')].map(row => \
                 [...row.querySelectorAll('input')].map(field => field.value))";
    for (text, expected) in PASTED {
        let rows = browser.execute(paste, vec![text.into()]).await.unwrap();
        assert_eq!(rows, serde_json::json!(expected), "{text}");
        // The same text, read by the server, and the rows as the form would send them.
        let names = ContourNames::from_pasted(text).unwrap();
        let sent = expected.iter().map(|(number, names)| {
            let list = serde_json::from_str::<Vec<String>>(names);
            let split = || names.split(", ").map(str::to_owned).collect();
            (*number, list.unwrap_or_else(|_| split()))
        });
        let sent: Vec<_> = sent.collect();
        let rows = sent
            .iter()
            .map(|(number, names)| (*number, names.iter().map(String::as_str)));
        assert_eq!(ContourNames::from_rows(rows).unwrap(), names, "{text}");
    }
    let refused = "const area = document.querySelector('[name=labels_pasted]'); area.value = \
                   arguments[0]; document.querySelector('[data-apply-paste]').click(); return \
                   document.querySelector('[data-paste-error]').textContent";
    let number = "a label number is a whole number from 0 to 4294967295 without leading zeros.";
    for (text, told) in [
        (
            "{\"1\": \"a\",\n oops}",
            "This is no JSON: line 2, column 2.",
        ),
        ("{\"1\": \"a\"", "This is no JSON: line 1, column 10."),
        ("1\ta\n1\tb", "Label 1 appears twice."),
        ("{\"1\":\"a\",\"1\":\"b\"}", "Label 1 appears twice."),
        ("01\ta", &format!("“01”: {number}")),
        ("{\"x\":\"a\"}", &format!("“x”: {number}")),
    ] {
        let said = browser.execute(refused, vec![text.into()]).await.unwrap();
        assert_eq!(said, serde_json::json!(told), "{text}");
    }
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_stays_in_its_card_however_narrow() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let browser = driver.browser("cards").await;
    sign_in(&app, &browser, "admin").await;
    browser.set_window_size(500, 800).await.unwrap();
    let token = app.secret("admin", "models:read".parse().unwrap()).await;
    let client = app.anonymous();
    let client = client.with("authorization", &format!("Bearer {token}"));
    assert_eq!(client.get("/api/v1/me").await.status, 200);
    browser.goto(&url(&app, "/tokens")).await.unwrap();
    let outside = "const table = document.querySelector('.data'), row = table.querySelector('tbody \
                   tr'), wrong = []; for (let width = 260; width < 470; width += 5) { \
                   table.style.width = `${width}px`; const edge = \
                   row.getBoundingClientRect().right; if (row.querySelector('.button')\
                   .getBoundingClientRect().right > edge) wrong.push(width) } return wrong";
    let found = browser.execute(outside, vec![]).await.unwrap();
    assert_eq!(found, serde_json::json!([]));
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_focus_is_never_behind_the_bar_at_the_bottom() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let browser = driver.browser("focus").await;
    sign_in(&app, &browser, "admin").await;
    let hidden = "const focus = document.activeElement; const bar = \
                  document.querySelector('.action-bar'); if (bar.contains(focus)) return 'end'; \
                  const at = focus.getBoundingClientRect(); const top = \
                  bar.getBoundingClientRect().top; return at.bottom > top && at.height < top ? \
                  focus.outerHTML : ''";
    for (width, height) in [(1440, 700), (500, 800)] {
        browser.set_window_size(width, height).await.unwrap();
        let edit = "/models/nnUNet_v2/Dataset501_HeadAndNeckOAR/edit";
        browser.goto(&url(&app, edit)).await.unwrap();
        let mut pressed = 0;
        loop {
            let active = browser.active_element().await.unwrap();
            active.send_keys("\u{E004}").await.unwrap();
            let found = browser.execute(hidden, vec![]).await.unwrap();
            if found == serde_json::json!("end") {
                break;
            }
            assert_eq!(found, serde_json::json!(""), "{width} x {height}");
            pressed += 1;
            assert!(pressed < 500, "Tab does not come to the bar");
        }
        assert!(pressed > 20, "{pressed}");
    }
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn short_words_of_the_audit_log_stay_whole() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let browser = driver.browser("audit").await;
    browser.set_window_size(1440, 900).await.unwrap();
    sign_in(&app, &browser, "admin").await;
    browser.goto(&url(&app, "/admin/audit")).await.unwrap();
    let broken = "return [...document.querySelectorAll('td.word .meta, td.address \
                  .reference')].filter(cell => { const range = document.createRange(); \
                  range.selectNodeContents(cell); return range.getClientRects().length > 1 \
                  }).map(cell => cell.textContent)";
    let found = browser.execute(broken, vec![]).await.unwrap();
    assert_eq!(found, serde_json::json!([]));
    browser.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_is_hidden_on_a_small_screen() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let browser = driver.browser("forms").await;
    browser.set_window_size(500, 800).await.unwrap();
    sign_in(&app, &browser, "admin").await;
    let hidden = "return [...document.querySelectorAll('main form')].filter(form => \
                  !form.checkVisibility() && !form.closest('details:not([open])')).map(form => \
                  form.action)";
    for path in [
        "/",
        "/models/nnUNet/Task003_Liver",
        "/models/nnUNet/Task003_Liver/edit",
        "/import",
        "/activity",
        "/profile",
        "/tokens",
        "/admin/users",
        "/admin/users/new",
        "/admin/audit",
    ] {
        browser.goto(&url(&app, path)).await.unwrap();
        let found = browser.execute(hidden, vec![]).await.unwrap();
        assert_eq!(found, serde_json::json!([]), "{path}");
    }
    browser.close().await.unwrap();
}
