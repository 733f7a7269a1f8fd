//! What the list of 1,000 models costs a browser that was never here.

use fantoccini::Locator;
use model_dashboard::model::{DuplicateKeys, ModelDefinition};
use serde_json::json;

use crate::app::App;
use crate::driver::Driver;
use crate::url;

const MOST_BYTES: u64 = 100_000;
const MOST_REQUESTS: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_with_a_thousand_models_is_light() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let app = App::start().await;
    let host = app.dashboard.host_caller("test@localhost");
    for n in 0..1_000 {
        let text = json!({
            "alias": format!("Organs at risk, site {n}"),
            "description": "Trained on scans of adult patients from several sites. ".repeat(10),
            "contour_names": { "1": "liver", "2": "spleen", "3": "kidney_left" },
        });
        let text = text.to_string();
        let definition = ModelDefinition::parse(text.as_bytes(), DuplicateKeys::Refuse).unwrap();
        let key = format!("nnUNet_v2/Dataset{n:04}").parse().unwrap();
        app.dashboard
            .create(&host, key, definition, "")
            .await
            .unwrap();
    }
    let session = app.signed_in("admin").await;
    let browser = driver.browser("new").await;
    // A page without style, script or font, for the cookie's address.
    browser.goto(&url(&app, "/livez")).await.unwrap();
    let cookie = json!(format!("{}; path=/", session.cookie()));
    browser
        .execute("document.cookie = arguments[0]", vec![cookie])
        .await
        .unwrap();
    browser.goto(&url(&app, "/")).await.unwrap();
    browser
        .wait()
        .for_element(Locator::Css("a.model-link"))
        .await
        .unwrap();
    let measure = "const done = arguments[0]; document.fonts.ready.then(() => {
        const all = performance.getEntriesByType('navigation')
            .concat(performance.getEntriesByType('resource'));
        done([all.length, all.reduce((sum, one) => sum + one.transferSize, 0),
            all.map(one => one.name + ' ' + one.transferSize).join('\\n')]);
    })";
    let weight = browser.execute_async(measure, vec![]).await.unwrap();
    let (requests, bytes) = (weight[0].as_u64().unwrap(), weight[1].as_u64().unwrap());
    let list = weight[2].as_str().unwrap();
    eprintln!("{requests} requests, {bytes} bytes:\n{list}");
    assert!(bytes > 10_000, "nothing was measured: {list}");
    assert!(bytes <= MOST_BYTES, "{bytes} bytes: {list}");
    assert!(requests <= MOST_REQUESTS, "{requests} requests: {list}");
    browser.close().await.unwrap();
}
