//! Two people edit the same model at the same time, and neither loses what they did.

use std::sync::Arc;

use http::StatusCode;
use model_dashboard::dashboard::Dashboard;
use model_dashboard::repository::MemoryRepository;
use model_dashboard::store::MemoryStore;

use crate::app::{Answer, App, Client};
use crate::editing::{controls, post, set};

type Controls = Vec<(String, String)>;

const TOTAL: &str = "/models/TotalSegmentatorV2/Total";

/// A model of 104 labels, which another program has written.
async fn total() -> App {
    let labels = (1..=104).map(|n| format!(r#""{n}":"structure_{n}""#));
    let labels: Vec<_> = labels.collect();
    let text = format!(
        r#"{{"name":"Total","network_type":"TotalSegmentatorV2","contour_names":{{{}}},
            "inference_information":{{"spacing":1.50,"folds":[0]}}}}"#,
        labels.join(",")
    );
    App::holding(&[("TotalSegmentatorV2/Total", &text)]).await
}

async fn form(client: &Client, model: &str) -> Controls {
    controls(&client.get(&format!("{model}/edit")).await.text())
}

async fn send(client: &Client, model: &str, form: &Controls) -> Answer {
    post(client, &format!("{model}/edit"), form).await
}

async fn stored(client: &Client, model: &str) -> serde_json::Value {
    client.get(&format!("{model}/export")).await.json()
}

fn rename_label(form: &mut Controls, number: &str, name: &str) {
    let label = ("label_number".to_owned(), number.to_owned());
    let at = form.iter().position(|control| *control == label).unwrap();
    name.clone_into(&mut form[at + 1].1);
}

fn add_label(form: &mut Controls, number: &str, name: &str) {
    form.push(("label_number".to_owned(), number.to_owned()));
    form.push(("label_names".to_owned(), name.to_owned()));
}

fn choose(form: &mut Controls, thing: &str, side: &str) {
    form.push((format!("take_{thing}"), side.to_owned()));
}

#[tokio::test]
async fn the_second_of_two_windows_settles_the_conflict() {
    for (side, alias) in [
        ("theirs", "First"),
        ("yours", "Second"),
        ("other", "Both of us"),
    ] {
        let app = App::start().await;
        let one = app.signed_in("editor").await;
        let two = app.signed_in("publisher").await;
        let model = "/models/nnUNet/Task003_Liver";
        let (mut first, mut second) = (form(&one, model).await, form(&two, model).await);
        set(&mut first, "alias", "First");
        let saved = send(&one, model, &first).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        set(&mut second, "alias", "Second");
        let page = send(&two, model, &second).await;
        assert_eq!(page.status, StatusCode::CONFLICT);

        // Nothing is saved before something was chosen, and nothing is lost by that.
        let unsettled = controls(&page.text());
        let refused = send(&two, model, &unsettled).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = refused.text();
        for kept in ["First", "Second", "Choose what is saved."] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        assert_eq!(stored(&two, model).await["alias"], "First");

        let mut settled = controls(&text);
        choose(&mut settled, "alias", side);
        set(&mut settled, "other_alias", "Both of us");
        let saved = send(&two, model, &settled).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        assert_eq!(stored(&two, model).await["alias"], alias);
    }
}

#[tokio::test]
async fn what_two_people_changed_in_different_fields_is_kept_from_both() {
    let app = App::start().await;
    let one = app.signed_in("editor").await;
    let two = app.signed_in("publisher").await;
    let model = "/models/nnUNet/Task003_Liver";
    let (mut first, mut second) = (form(&one, model).await, form(&two, model).await);
    set(&mut first, "alias", "Their alias");
    let saved = send(&one, model, &first).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    set(&mut second, "description", "Our description");
    let page = send(&two, model, &second).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    let text = page.text();
    assert!(!text.contains("name=\"settle\""), "no field is in conflict");
    let saved = send(&two, model, &controls(&text)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let stored = stored(&two, model).await;
    assert_eq!(stored["alias"], "Their alias");
    assert_eq!(stored["description"], "Our description");
}

#[tokio::test]
async fn labels_members_and_tags_that_do_not_overlap_are_merged_and_named() {
    let app = total().await;
    let one = app.signed_in("editor").await;
    let two = app.signed_in("publisher").await;
    let (mut first, mut second) = (form(&one, TOTAL).await, form(&two, TOTAL).await);
    rename_label(&mut first, "3", "left kidney");
    set(
        &mut first,
        "inference_information",
        r#"{"spacing": 1.50, "folds": [0, 1]}"#,
    );
    set(&mut first, "tags", "ct");
    let saved = send(&one, TOTAL, &first).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    add_label(&mut second, "105", "skull");
    set(
        &mut second,
        "inference_information",
        r#"{"spacing": 3, "folds": [0]}"#,
    );
    set(&mut second, "tags", "abdomen");
    let page = send(&two, TOTAL, &second).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    let text = page.text();
    assert!(!text.contains("name=\"settle\""), "{text}");
    for named in [
        "Label 3<",
        "Label 105<",
        "information: folds",
        "structure_3<",
        "abdomen",
    ] {
        assert!(text.contains(named), "{named}: {text}");
    }
    assert!(
        !text.contains("structure_4<"),
        "what nobody changed is not shown"
    );
    let saved = send(&two, TOTAL, &controls(&text)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let stored = stored(&two, TOTAL).await;
    let labels = stored["contour_names"].as_object().unwrap();
    assert_eq!(labels.len(), 105);
    assert_eq!(labels["3"], "left kidney");
    assert_eq!(labels["105"], "skull");
    let expected = serde_json::json!({"spacing": 3, "folds": [0, 1]});
    assert_eq!(stored["inference_information"], expected);
    assert_eq!(
        stored["registry"]["tags"],
        serde_json::json!(["abdomen", "ct"])
    );
}

#[tokio::test]
async fn a_label_that_both_renamed_is_chosen_and_the_others_are_merged() {
    for (side, name) in [
        ("theirs", serde_json::json!("left kidney")),
        ("yours", serde_json::json!("right kidney")),
        ("other", serde_json::json!(["left kidney", "right kidney"])),
    ] {
        let app = total().await;
        let one = app.signed_in("editor").await;
        let two = app.signed_in("publisher").await;
        let (mut first, mut second) = (form(&one, TOTAL).await, form(&two, TOTAL).await);
        rename_label(&mut first, "3", "left kidney");
        rename_label(&mut first, "50", "aorta");
        let saved = send(&one, TOTAL, &first).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        rename_label(&mut second, "3", "right kidney");
        rename_label(&mut second, "104", "skull");
        let page = send(&two, TOTAL, &second).await;
        assert_eq!(page.status, StatusCode::CONFLICT);
        let text = page.text();
        assert_eq!(text.matches("name=\"settle\"").count(), 1, "{text}");
        assert!(text.contains("structure_3<"), "what it was: {text}");

        let thing = "labels_pasted 3";
        let open = send(&two, TOTAL, &controls(&text)).await;
        assert_eq!(open.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            stored(&two, TOTAL).await["contour_names"]["104"],
            "structure_104"
        );
        let mut settled = controls(&open.text());
        choose(&mut settled, thing, side);
        let both = "left kidney, right kidney";
        set(&mut settled, &format!("other_{thing}"), both);
        let saved = send(&two, TOTAL, &settled).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        let labels = &stored(&two, TOTAL).await["contour_names"];
        assert_eq!(labels["3"], name);
        assert_eq!(
            (&labels["50"], &labels["104"]),
            (&"aorta".into(), &"skull".into())
        );
    }
}

#[tokio::test]
async fn a_third_change_before_all_is_chosen_loses_nothing() {
    let app = App::start().await;
    let one = app.signed_in("editor").await;
    let two = app.signed_in("publisher").await;
    let model = "/models/nnUNet/Task003_Liver";
    let (mut first, mut second) = (form(&one, model).await, form(&two, model).await);
    set(&mut first, "alias", "First");
    set(&mut first, "owner", "first team");
    send(&one, model, &first).await;
    set(&mut second, "alias", "Second");
    set(&mut second, "owner", "second team");
    let page = send(&two, model, &second).await;
    let mut third = form(&one, model).await;
    set(&mut third, "alias", "Third");
    let saved = send(&one, model, &third).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());

    let mut half = controls(&page.text());
    choose(&mut half, "owner", "theirs");
    let page = send(&two, model, &half).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text());
    let text = page.text();
    for kept in ["Third", "Second", "first team"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    let mut settled = controls(&text);
    choose(&mut settled, "alias", "yours");
    let saved = send(&two, model, &settled).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let stored = stored(&two, model).await;
    assert_eq!(stored["alias"], "Second");
    assert_eq!(stored["registry"]["owner"], "first team");
}

#[tokio::test]
async fn a_type_that_is_to_be_put_right_is_put_right_after_a_conflict() {
    let text = r#"{"name":"Odd","network_type":"MIST"}"#;
    let app = App::holding(&[("nnUNet/Odd", text)]).await;
    let one = app.signed_in("editor").await;
    let two = app.signed_in("publisher").await;
    let model = "/models/nnUNet/Odd";
    let (mut first, second) = (form(&one, model).await, form(&two, model).await);
    first.retain(|(name, _)| name != "put_right");
    set(&mut first, "alias", "First");
    let saved = send(&one, model, &first).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let page = send(&two, model, &second).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text());
    let text = page.text();
    for named in ["Name and type inside", "MIST/Odd", "nnUNet/Odd"] {
        assert!(text.contains(named), "{named}: {text}");
    }
    let saved = send(&two, model, &controls(&text)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let stored = stored(&two, model).await;
    assert_eq!(
        (&stored["network_type"], &stored["alias"]),
        (&"nnUNet".into(), &"First".into())
    );
}

#[tokio::test]
async fn the_editor_of_a_broken_definition_shows_what_others_stored_and_goes_on_from_there() {
    let app = App::holding(&[("nnUNet/Broken", "{\"name\": tru}")]).await;
    let one = app.signed_in("editor").await;
    let two = app.signed_in("publisher").await;
    let path = "/broken/nnUNet/Broken";
    let (mut first, mut second) = (
        controls(&one.get(path).await.text()),
        controls(&two.get(path).await.text()),
    );
    set(&mut first, "text", r#"{"alias": "Theirs"}"#);
    let saved = post(&one, path, &first).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    set(&mut second, "text", r#"{"alias": "Mine"}"#);
    let page = post(&two, path, &second).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text());
    let text = page.text();
    for told in [
        "Theirs",
        "can be read by now",
        "href=\"/models/nnUNet/Broken\"",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(
        !text.contains("content_digest"),
        "what nobody types: {text}"
    );
    let again = controls(&text);
    assert!(again.contains(&("text".to_owned(), r#"{"alias": "Mine"}"#.to_owned())));
    // It is about what is there now, so that it can be saved.
    let saved = post(&two, path, &again).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    assert_eq!(stored(&two, "/models/nnUNet/Broken").await["alias"], "Mine");
}

#[tokio::test]
async fn a_broken_definition_that_another_program_broke_again_is_shown_too() {
    let repository = Arc::new(MemoryRepository::new());
    let key = "nnUNet/Broken".parse().unwrap();
    repository.write_outside(&key, "{\"name\": tru}".as_bytes());
    let builder = Dashboard::builder().repository(repository.clone());
    let dashboard = builder.accounts(Arc::new(MemoryStore::new())).build();
    let app = App::serving(dashboard.await.unwrap()).await;
    let editor = app.signed_in("editor").await;
    let path = "/broken/nnUNet/Broken";
    let mut form = controls(&editor.get(path).await.text());
    repository.write_outside(&key, "{\"name\": fals}".as_bytes());
    set(&mut form, "text", r#"{"alias": "Mine"}"#);
    let page = post(&editor, path, &form).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text());
    let text = page.text();
    assert!(
        text.contains("fals") && text.contains("cannot be read either"),
        "{text}"
    );
    let saved = post(&editor, path, &controls(&text)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
}
