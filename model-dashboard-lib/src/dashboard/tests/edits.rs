//! What an edit makes of a definition.

use super::models::{ANY, text};
use super::*;
use crate::dashboard::MAX_TAGS;
use crate::dashboard::edits::changed_fields;

async fn with_model(content: &str) -> (World, Model) {
    let world = World::new().await;
    let (host, content) = (world.host(), definition(content));
    let created = world
        .dashboard
        .create(&host, key("nnUNet/Lung"), content, "");
    let model = created.await.unwrap();
    (world, model)
}

#[tokio::test]
async fn a_replacement_without_name_and_type_gets_those_of_its_key() {
    let (world, model) = with_model("{}").await;
    let given = definition(r#"{"version":"9"}"#);
    let host = world.host();
    let replaced = world
        .dashboard
        .replace(&host, &model.key, given, ANY, "")
        .await;
    let said = replaced.unwrap().definition;
    assert_eq!(said.name().unwrap(), "Lung");
    assert_eq!(said.network_type().unwrap(), "nnUNet");
}

#[tokio::test]
async fn enabling_and_disabling_by_a_patch_needs_no_reason() {
    let (world, model) = with_model("{}").await;
    let host = world.host();
    let patch = async |text: &str| {
        let patch = object(text);
        let patched = world.dashboard.patch(&host, &model.key, &patch, ANY, "");
        patched.await
    };
    assert!(
        patch(r#"{"enabled":true}"#)
            .await
            .unwrap()
            .definition
            .enabled()
    );
    assert_eq!(
        wrong_fields(patch(r#"{"enabled":false,"alias":"x"}"#).await),
        ["message"]
    );
    assert!(
        !patch(r#"{"enabled":false}"#)
            .await
            .unwrap()
            .definition
            .enabled()
    );
}

/// As many as fit: with a look through all of them for each this does not end.
#[tokio::test]
async fn as_many_tags_and_fields_as_fit_are_looked_at_once() {
    let (world, model) = with_model("{}").await;
    let tags: Vec<String> = (0..130_000).map(|n| format!("{n:x}")).collect();
    let patch = object(&serde_json::json!({ "registry": { "tags": tags } }).to_string());
    let patched = world
        .dashboard
        .patch(&world.host(), &model.key, &patch, ANY, "")
        .await;
    assert_eq!(wrong_fields(patched), ["registry.tags"]);

    let fifty = serde_json::json!({ "registry": { "tags": &tags[..MAX_TAGS] } }).to_string();
    let patched = world
        .dashboard
        .patch(&world.host(), &model.key, &object(&fifty), ANY, "")
        .await;
    let registry = patched.unwrap().definition.registry().unwrap();
    assert_eq!(registry.tags.len(), MAX_TAGS);

    let fields = |last: u32| {
        let fields: Vec<String> = (0..90_000).map(|n| format!("\"{n:x}\":0")).collect();
        definition(&format!("{{{},\"last\":{last}}}", fields.join(",")))
    };
    assert_eq!(
        changed_fields(Some(&fields(1)), &fields(2)),
        "changed: last"
    );
}

#[tokio::test]
async fn the_first_edit_of_what_another_program_wrote_names_what_it_changed_and_no_more() {
    let (world, at) = (World::new().await, key("MIST/A"));
    let text = br#"{"name":"A","network_type":"MIST","description":"old"}"#;
    world.repository.write_outside(&at, *text);
    world.dashboard.inner.catalog.refresh().await.unwrap();
    let edit = async |patch: &str| {
        let (host, patch) = (world.host(), object(patch));
        let patched = world.dashboard.patch(&host, &at, &patch, ANY, "").await;
        patched.unwrap();
        world.last_event().await.detail
    };
    assert_eq!(
        edit(r#"{"description":"new"}"#).await,
        "changed: description"
    );
    let owned = r#"{"registry":{"owner":"radiology","tags":["ct"]}}"#;
    assert_eq!(edit(owned).await, "changed: owner, tags");
}

#[tokio::test]
async fn a_patch_touches_what_it_names() {
    let world = World::new().await;
    let stored =
        r#"{"z":1,"big":12345678901234567890,"small":1e-07,"alias":"a","b":{"c":1,"d":2}}"#;
    let model = world.create("nnUNet/Lung", stored).await;
    let after = world.patch(
        &model,
        r#"{"alias":"b","b":{"c":null},"registry":{"tags":["ct"]}}"#,
    );
    let after = after.await.unwrap();
    let keys = |m: &Model| {
        m.definition
            .as_object()
            .iter()
            .map(|(k, _)| k.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&after), keys(&model));
    for kept in [
        r#""big":12345678901234567890"#,
        r#""small":1e-07"#,
        r#""b":{"d":2}"#,
    ] {
        assert!(text(&after).contains(kept), "{kept}");
    }
    assert_eq!(after.definition.registry().unwrap().tags, ["ct"]);

    let without = world
        .patch(&after, r#"{"registry":{"tags":null}}"#)
        .await
        .unwrap();
    assert!(without.definition.registry().unwrap().tags.is_empty());
    let events = world.events().await.len();
    assert_eq!(
        world.patch(&without, r#"{"alias":"b"}"#).await.unwrap(),
        without
    );
    assert_eq!(
        world.events().await.len(),
        events,
        "nothing changed, nothing noted"
    );
}

#[tokio::test]
async fn a_patch_of_what_is_the_registrys_is_refused() {
    let world = World::new().await;
    let model = world.create("nnUNet/Lung", "{}").await;
    for (patch, field) in [
        (r#"{"registry":{"id":"x"}}"#, "registry.id"),
        (r#"{"registry":{"package":null}}"#, "registry.package"),
        (r#"{"registry":null}"#, "registry"),
        (r#"{"name":"Other"}"#, "name"),
        (r#"{"name":null}"#, "name"),
        (r#"{"network_type":"vista3d"}"#, "network_type"),
        (r#"{"create_date":"1/1/20"}"#, "create_date"),
        (r#"{"create_date":null}"#, "create_date"),
        (r#"{"last_modified_date":"1/1/20"}"#, "last_modified_date"),
        (r#"{"enabled":1}"#, "enabled"),
    ] {
        assert_eq!(
            wrong_fields(world.patch(&model, patch).await),
            [field],
            "{patch}"
        );
    }
    let same = format!(
        r#"{{"name":"Lung","create_date":{:?}}}"#,
        model.definition.create_date().as_str()
    );
    assert_eq!(world.patch(&model, &same).await.unwrap(), model);
}
