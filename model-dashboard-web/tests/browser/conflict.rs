//! Two people who change the labels of one model at the same time.

use fantoccini::{Client, Locator};

use crate::accessible::assert_accessible;
use crate::app::App;
use crate::driver::{Driver, axe};
use crate::{press, says, sign_in, url};

const MODEL: &str = "/models/TotalSegmentatorV2/Total";

/// A model of 104 labels, which another program has written.
async fn total() -> App {
    let labels: Vec<_> = (1..=104)
        .map(|n| format!(r#""{n}":"structure_{n}""#))
        .collect();
    let text = format!(r#"{{"contour_names":{{{}}}}}"#, labels.join(","));
    App::holding(&[("TotalSegmentatorV2/Total", &text)]).await
}

/// Puts these names into the rows of these labels.
async fn name_labels(browser: &Client, from: u32, to: u32, name: &str) {
    let set = "for (const row of document.querySelectorAll('[data-rows] .label-row')) { const \
               [number, names] = row.querySelectorAll('input'); if (+number.value >= arguments[0] \
               && +number.value <= arguments[1]) names.value = `${arguments[2]}_${number.value}` }";
    let arguments = vec![from.into(), to.into(), name.into()];
    browser.execute(set, arguments).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_that_two_people_renamed_are_chosen_one_by_one_or_all_at_once() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let Some(axe) = axe() else { return };
    let app = total().await;
    let edit = url(&app, &format!("{MODEL}/edit"));
    let (one, two) = (driver.browser("one").await, driver.browser("two").await);
    sign_in(&app, &one, "editor").await;
    sign_in(&app, &two, "publisher").await;
    one.goto(&edit).await.unwrap();
    two.goto(&edit).await.unwrap();
    name_labels(&one, 1, 103, "theirs").await;
    press(&one, ".action-bar button[value=save]").await;
    says(&one, "Saved as revision").await;
    name_labels(&two, 2, 104, "yours").await;
    press(&two, ".action-bar button[value=save]").await;
    says(&two, "Both of you changed 102 things").await;
    for theme in ["light", "dark"] {
        let show = "document.documentElement.dataset.theme = arguments[0]";
        two.execute(show, vec![theme.into()]).await.unwrap();
        for (width, height) in [(1440, 900), (390, 844)] {
            two.set_window_size(width, height).await.unwrap();
            assert_accessible(&two, &axe, &format!("a conflict, {theme}, {width}")).await;
        }
    }
    // Neither is saved before all are chosen.
    press(&two, ".action-bar button[type=submit]").await;
    says(&two, "Somebody else saved first").await;
    press(&two, "[data-choose-all=theirs]").await;
    let press_hidden = "document.querySelector(arguments[0]).click()";
    let yours = "[name='take_labels_pasted 7'][value=yours]";
    two.execute(press_hidden, vec![yours.into()]).await.unwrap();
    let other = "textarea[name='other_labels_pasted 8']";
    let other = two.find(Locator::Css(other)).await.unwrap();
    other.clear().await.unwrap();
    other.send_keys("chosen_8").await.unwrap();
    press(&two, ".action-bar button[type=submit]").await;
    says(&two, "Saved as revision").await;
    for name in [
        "theirs_1",
        "theirs_2",
        "yours_7",
        "chosen_8",
        "theirs_103",
        "yours_104",
    ] {
        says(&two, name).await;
    }
    one.close().await.unwrap();
    two.close().await.unwrap();
}
