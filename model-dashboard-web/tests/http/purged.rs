//! Purging the package of a model on its page.

use crate::app::App;
use crate::packed::{HARMLESS, caller, nnunet, uploaded};
use model_dashboard::dashboard::{Error, Giving};
use model_dashboard::model::ModelDefinition;
use model_dashboard::repository::Precondition;

const MODEL: &str = "nnUNet_v2/Dataset501_HN";

#[tokio::test]
async fn administrators_purge_a_package_on_its_page_after_they_saw_what_it_touches() {
    let app = App::start().await;
    let package = nnunet(r#"{"background":0,"a":1}"#, HARMLESS);
    let id = uploaded(&app, "publisher", "hn.zip", package).await;
    let (publisher, key) = (caller(&app, "publisher").await, MODEL.parse().unwrap());
    let dashboard = &app.dashboard;
    let (none, plain) = (ModelDefinition::default(), Giving::default());
    let made = dashboard.publish_new(&publisher, id, key, none, plain, "");
    let key = made.await.unwrap().key;
    let any = || Precondition::Exists;
    let enabled = dashboard.set_enabled(&publisher, &key, true, any(), "");
    enabled.await.unwrap();

    let at = format!("/models/{MODEL}/package");
    let button = format!("{at}/purge");
    let others = app.signed_in("publisher").await;
    assert!(!others.get(&at).await.text().contains(&button));
    assert_eq!(others.get(&button).await.status, 403);
    let admin = app.signed_in("admin").await;
    assert!(admin.get(&at).await.text().contains(&button));
    let question = admin.get(&button).await;
    let text = question.text();
    for told in [
        "cannot be brought back",
        MODEL,
        "revision 1",
        "enabled",
        "1 model",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let digest = text.split_once("name=\"digest\" value=\"").unwrap().1;
    let digest = digest.split('"').next().unwrap();
    let csrf = question.csrf();
    let fields = [
        ("csrf", csrf.as_str()),
        ("digest", digest),
        ("confirmed", "yes"),
    ];
    let silent = admin.post_form(&button, &fields).await;
    assert_eq!(silent.status, 422, "{}", silent.text());
    let fields = [&fields[..], &[("reason", "a patient")]].concat();
    let purged = admin.post_form(&button, &fields).await;
    assert_eq!(
        (purged.status.as_u16(), purged.location()),
        (303, &*format!("/models/{MODEL}"))
    );
    let page = others.get(&format!("/models/{MODEL}")).await.text();
    for told in ["its package was purged", "Purged.", "by an administrator"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("a patient"), "{page}");
    let page = admin.get(&format!("/models/{MODEL}")).await.text();
    assert!(page.contains("a patient"), "{page}");
    let disabled = dashboard.set_enabled(&publisher, &key, false, any(), "");
    disabled.await.unwrap();
    let refused = dashboard
        .set_enabled(&publisher, &key, true, any(), "")
        .await;
    assert!(
        matches!(refused, Err(Error::PurgedPackage { .. })),
        "{refused:?}"
    );
    let model = dashboard.model(&publisher, &key).await.unwrap();
    let (csrf, tag) = (
        others.get("/profile").await.csrf(),
        model.version.to_string(),
    );
    let fields = [("csrf", csrf.as_str()), ("if_match", &tag)];
    let refused = others
        .post_form(&format!("/models/{MODEL}/enable"), &fields)
        .await;
    let text = refused.text();
    assert_eq!(refused.status, 409, "{text}");
    assert!(text.contains("give it another one first"), "{text}");
}
