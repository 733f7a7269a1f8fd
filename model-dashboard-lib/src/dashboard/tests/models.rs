//! Creating, changing and reading models.

use super::*;
use crate::catalog::Query;

pub(super) const ANY: Precondition = Precondition::Exists;

impl World {
    pub(super) async fn create(&self, at: &str, content: &str) -> Model {
        let (host, content) = (self.host(), definition(content));
        self.dashboard
            .create(&host, key(at), content, "")
            .await
            .unwrap()
    }

    pub(super) async fn patch(&self, model: &Model, patch: &str) -> Result<Model, Error> {
        let this = Precondition::Version(model.version);
        let host = self.host();
        self.dashboard
            .patch(&host, &model.key, &object(patch), this, "why")
            .await
    }

    pub(super) async fn replace(&self, model: &Model, text: &str) -> Result<Model, Error> {
        let this = Precondition::Version(model.version);
        let host = self.host();
        self.dashboard
            .replace(&host, &model.key, definition(text), this, "why")
            .await
    }
}

pub(super) fn text(model: &Model) -> String {
    String::from_utf8(model.bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_new_model_is_complete_and_found_at_once() {
    let world = World::new().await;
    let model = world
        .create("nnUNet/Lung", r#"{"alias":"Lungs","x":1.50}"#)
        .await;
    let said = &model.definition;
    assert_eq!(said.name().unwrap(), "Lung");
    assert_eq!(said.network_type().unwrap(), "nnUNet");
    assert!(!said.enabled());
    assert!(said.create_date().instant().is_some());
    assert_eq!(said.create_date(), said.last_modified_date());
    assert!(text(&model).contains(r#""x":1.50"#), "{}", text(&model));
    let registry = said.registry().unwrap();
    assert_eq!((registry.revision, registry.via), (1, Some(Via::Cli)));
    assert_eq!(registry.modified_by.as_deref(), Some("ana@gpu-7"));

    let host = world.host();
    let page = world
        .dashboard
        .list(&host, &Query::default())
        .await
        .unwrap();
    assert_eq!(page.total, 1);
    assert_eq!(world.dashboard.find(&host, "Lung").await.unwrap(), model);
    assert_eq!(
        world.dashboard.model(&host, &model.key).await.unwrap(),
        model
    );
    let body = world.dashboard.body(&host, &model.key).await.unwrap();
    assert_eq!(body.bytes, model.bytes);
}

#[tokio::test]
async fn a_model_is_not_created_over_another_or_under_a_bad_name() {
    let world = World::new().await;
    world.create("nnUNet/Lung", "{}").await;
    let host = world.host();
    let create = |at: &str, content: &str| {
        let (dashboard, host) = (world.dashboard.clone(), host.clone());
        let (at, content) = (key(at), definition(content));
        async move { dashboard.create(&host, at, content, "").await }
    };
    assert!(matches!(
        create("nnUNet/Lung", "{}").await,
        Err(Error::Exists { .. })
    ));
    for (bad, field) in [
        ("nnUNet/dataframe", "name"),
        ("nnUNet/has blanks", "name"),
        ("nnUNet/a..b", "name"),
        ("type/Lung", "network_type"),
    ] {
        assert_eq!(wrong_fields(create(bad, "{}").await), [field], "{bad}");
    }
    for (content, field) in [
        (r#"{"name":"Other"}"#, "name"),
        (r#"{"network_type":"vista3d"}"#, "network_type"),
        (r#"{"enabled":"yes"}"#, "enabled"),
        (r#"{"contour_names":{"x":"lung"}}"#, "contour_names.x"),
        (r#"{"registry":{"owner":7}}"#, "registry.owner"),
        (r#"{"registry":{"tags":"ct"}}"#, "registry.tags"),
    ] {
        assert_eq!(
            wrong_fields(create("MIST/New", content).await),
            [field],
            "{content}"
        );
    }
    let message = "x".repeat(501);
    let long = world
        .dashboard
        .create(&host, key("MIST/New"), definition("{}"), &message);
    assert_eq!(wrong_fields(long.await), ["message"]);
}

#[tokio::test]
async fn what_was_read_can_be_written_back_and_changes_nothing() {
    let world = World::new().await;
    let stored = r#"{"name":"Lung","big":12345678901234567890,"b":1,"a":2,
        "registry":{"owner":"thorax","tags":["ct","lung"]}}"#;
    let model = world.create("nnUNet/Lung", stored).await;
    let events = world.events().await.len();
    let again = world.replace(&model, &text(&model)).await.unwrap();
    assert_eq!(again, model);
    assert_eq!(world.events().await.len(), events);
}

#[tokio::test]
async fn a_replacement_keeps_what_is_the_registrys() {
    let world = World::new().await;
    let model = world
        .create(
            "nnUNet/Lung",
            r#"{"create_date":"1/2/21","registry":{"owner":"thorax"}}"#,
        )
        .await;
    let new = r#"{"alias":"L","create_date":"3/4/24","last_modified_date":"x",
        "registry":{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","revision":99,"package":"p","tags":["ct"]}}"#;
    let after = world.replace(&model, new).await.unwrap();
    assert_eq!(after.definition.create_date().as_str(), "1/2/21");
    assert!(after.definition.last_modified_date().instant().is_some());
    let (old, new) = (
        model.definition.registry().unwrap(),
        after.definition.registry().unwrap(),
    );
    assert_eq!((new.id, new.revision), (old.id, 2));
    assert_eq!((new.owner.as_deref(), new.package), (Some("thorax"), None));
    assert_eq!(new.tags, ["ct"]);
    let event = world.last_event().await;
    assert_eq!((event.reason.as_str(), event.revision), ("why", Some(2)));
    assert!(
        event.detail.contains("alias") && event.detail.contains("tags"),
        "{}",
        event.detail
    );

    let without = world
        .replace(&after, r#"{"registry":{"owner":null,"tags":[]}}"#)
        .await;
    let registry = without.unwrap().definition.registry().unwrap();
    assert_eq!((registry.owner, registry.tags.len()), (None, 0));
}

#[tokio::test]
async fn changing_an_enabled_model_needs_a_reason() {
    let world = World::new().await;
    let model = world.model(true).await;
    let (host, this) = (world.host(), Precondition::Version(model.version));
    let dashboard = &world.dashboard;
    let silent = dashboard
        .patch(
            &host,
            &model.key,
            &object(r#"{"alias":"x"}"#),
            this.clone(),
            " ",
        )
        .await;
    assert_eq!(wrong_fields(silent), ["message"]);
    let off = definition(r#"{"enabled":false}"#);
    let silent = dashboard
        .replace(&host, &model.key, off, this.clone(), "")
        .await;
    assert_eq!(wrong_fields(silent), ["message"]);
    let silent = dashboard
        .rename(&host, &model.key, &key("MIST/B"), false, this.clone(), "")
        .await;
    assert_eq!(wrong_fields(silent), ["message"]);
    let silent = dashboard.delete(&host, &model.key, this.clone(), "").await;
    assert_eq!(wrong_fields(silent), ["message"]);
    // Enabling and disabling do not.
    let disabled = dashboard
        .set_enabled(&host, &model.key, false, this, "")
        .await
        .unwrap();
    assert!(!disabled.definition.enabled());
    assert_eq!(world.last_event().await.action, Action::ModelDisable);
    let same = dashboard
        .set_enabled(&host, &model.key, false, ANY, "")
        .await
        .unwrap();
    assert_eq!(same, disabled);
    let this = Precondition::Version(disabled.version);
    dashboard.delete(&host, &model.key, this, "").await.unwrap();
}

#[tokio::test]
async fn a_renamed_model_keeps_its_identity() {
    let world = World::new().await;
    let model = world.create("nnUNet/Lung", r#"{"alias":"L"}"#).await;
    let other = world.create("nnUNet/Heart", "{}").await;
    let host = world.host();
    let rename = |to: &str| {
        let (dashboard, host, from, to) = (
            world.dashboard.clone(),
            host.clone(),
            model.key.clone(),
            key(to),
        );
        async move {
            dashboard
                .rename(&host, &from, &to, false, ANY, "clearer")
                .await
        }
    };
    let taken = rename(&other.key.to_string()).await;
    assert!(matches!(taken, Err(Error::Exists { .. })), "{taken:?}");
    assert_eq!(wrong_fields(rename("nnUNet/Lung").await), ["name"]);
    assert_eq!(wrong_fields(rename("nnUNet/has blanks").await), ["name"]);
    let moved = rename("nnUNet_v2/Lungs").await.unwrap();
    assert_eq!(moved.definition.name().unwrap(), "Lungs");
    assert_eq!(moved.definition.network_type().unwrap(), "nnUNet_v2");
    let id = |m: &Model| m.definition.registry().unwrap().id;
    assert_eq!(id(&moved), id(&model));
    assert_eq!(world.last_event().await.detail, "was nnUNet/Lung");
    match world.dashboard.model(&host, &model.key).await {
        Err(Error::NotFound { .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(
        world.dashboard.model(&host, &moved.key).await.unwrap(),
        moved
    );
}

#[tokio::test]
async fn a_deleted_model_is_gone_and_its_key_is_free() {
    let world = World::new().await;
    let model = world.create("nnUNet/Lung", "{}").await;
    let host = world.host();
    world
        .dashboard
        .delete(&host, &model.key, ANY, "")
        .await
        .unwrap();
    let again = world.dashboard.delete(&host, &model.key, ANY, "").await;
    assert!(matches!(again, Err(Error::NotFound { .. })));
    for gone in [
        world.dashboard.model(&host, &model.key).await.map(drop),
        world.dashboard.raw(&host, &model.key).await.map(drop),
        world.dashboard.find(&host, "Lung").await.map(drop),
        world.patch(&model, r#"{"alias":"x"}"#).await.map(drop),
    ] {
        assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    }
    assert_eq!(world.create("nnUNet/Lung", "{}").await.revision(), Some(3));
}

#[tokio::test]
async fn a_derived_model_is_a_disabled_copy_that_notes_its_origin() {
    let world = World::new().await;
    let stored =
        r#"{"enabled":true,"alias":"L","create_date":"1/2/21","registry":{"tags":["ct"]}}"#;
    let origin = world.create("nnUNet/Lung", stored).await;
    let host = world.host();
    let copy = world
        .dashboard
        .derive(&host, &origin.key, &key("MIST/Lung"), Some("Lung"), "a try")
        .await;
    let copy = copy.unwrap();
    assert!(!copy.definition.enabled());
    assert_eq!(copy.definition.alias(), "Lung");
    assert_eq!(copy.definition.network_type().unwrap(), "MIST");
    assert_ne!(copy.definition.create_date().as_str(), "1/2/21");
    let (old, new) = (
        origin.definition.registry().unwrap(),
        copy.definition.registry().unwrap(),
    );
    assert_ne!(new.id, old.id);
    assert_eq!(new.derived_from.as_deref(), Some("nnUNet/Lung@1"));
    assert_eq!((new.tags, new.revision), (old.tags, 1));
}

#[tokio::test]
async fn definitions_of_the_existing_system_stay_editable() {
    let world = World::new().await;
    let odd = key("nnUNet/Name With Spaces (v2)");
    let stored =
        br#"{"name":"Another","network_type":"tensorflow","version":3,"alias":7,"x":[1, 2]}"#;
    world.repository.write_outside(&odd, &stored[..]);
    world.dashboard.inner.catalog.refresh().await.unwrap();
    let host = world.host();
    let model = world.dashboard.model(&host, &odd).await.unwrap();
    // Old faults do not hinder an edit, new ones do.
    let after = world.patch(&model, r#"{"description":"d"}"#).await.unwrap();
    assert!(text(&after).contains(r#""name":"Another","network_type":"tensorflow","version":3"#));
    let again = world.replace(&after, &text(&after)).await.unwrap();
    assert_eq!(again, after);
    assert_eq!(
        wrong_fields(world.patch(&after, r#"{"description":7}"#).await),
        ["description"]
    );
    let named = world
        .patch(&after, r#"{"name":"Name With Spaces (v2)"}"#)
        .await
        .unwrap();
    assert_eq!(named.definition.name().unwrap(), "Name With Spaces (v2)");
}

#[tokio::test]
async fn a_name_of_several_types_is_ambiguous_and_a_missing_one_has_near_names() {
    let world = World::new().await;
    world.create("nnUNet/Lung", "{}").await;
    world.create("MIST/Lung", "{}").await;
    world.create("MIST/Prostate", "{}").await;
    let host = world.host();
    match world.dashboard.find(&host, "Lung").await {
        Err(Error::Ambiguous { candidates, .. }) => {
            assert_eq!(candidates, [key("MIST/Lung"), key("nnUNet/Lung")]);
        }
        other => panic!("{other:?}"),
    }
    for missing in [
        world.dashboard.find(&host, "Prostata").await,
        world.dashboard.model(&host, &key("MIST/Prostata")).await,
    ] {
        match missing {
            Err(Error::NotFound { near, .. }) => {
                assert!(near.iter().any(|n| n.ends_with("Prostate")), "{near:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn every_revision_is_in_the_history() {
    let world = World::new().await;
    let mut model = world.create("MIST/A", "{}").await;
    for n in 0..5 {
        model = world
            .patch(&model, &format!(r#"{{"alias":"{n}"}}"#))
            .await
            .unwrap();
    }
    let id = model.definition.registry().unwrap().id;
    assert_eq!(
        world.repository.revisions(&id).await.unwrap(),
        [1, 2, 3, 4, 5, 6]
    );
}
