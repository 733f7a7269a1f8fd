//! Creating, changing and reading models.

use super::between::Between;
use super::*;
use crate::auth::Permission;
use crate::catalog::Query;
use crate::model::Version;

const ANY: Precondition = Precondition::Exists;

impl World {
    async fn create(&self, at: &str, content: &str) -> Model {
        let (host, content) = (self.host(), definition(content));
        self.dashboard
            .create(&host, key(at), content, "")
            .await
            .unwrap()
    }

    async fn patch(&self, model: &Model, patch: &str) -> Result<Model, Error> {
        let this = Precondition::Version(model.version);
        let host = self.host();
        self.dashboard
            .patch(&host, &model.key, &object(patch), this, "why")
            .await
    }

    async fn replace(&self, model: &Model, text: &str) -> Result<Model, Error> {
        let this = Precondition::Version(model.version);
        let host = self.host();
        self.dashboard
            .replace(&host, &model.key, definition(text), this, "why")
            .await
    }
}

fn text(model: &Model) -> String {
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

#[tokio::test]
async fn a_change_of_an_older_state_is_a_conflict_and_shows_the_present_one() {
    let world = World::new().await;
    let model = world.create("nnUNet/Lung", "{}").await;
    let newer = world.patch(&model, r#"{"alias":"mine"}"#).await.unwrap();
    match world.patch(&model, r#"{"alias":"theirs"}"#).await {
        Err(Error::Conflict {
            current: Some(current),
            ..
        }) => assert_eq!(*current, newer),
        other => panic!("{other:?}"),
    }
    let host = world.host();
    let any = world
        .dashboard
        .patch(&host, &model.key, &object(r#"{"alias":"x"}"#), ANY, "")
        .await;
    assert_eq!(any.unwrap().definition.alias(), "x");
    let none = Precondition::Absent;
    let unsaid = world
        .dashboard
        .patch(&host, &model.key, &object("{}"), none, "")
        .await;
    assert!(matches!(unsaid, Err(Error::PreconditionRequired)));
}

#[tokio::test]
async fn of_many_writers_of_one_state_one_wins() {
    let between = Arc::new(Between::default());
    let world = World::with(|builder| builder.repository(between.clone())).await;
    let model = world.model(false).await;
    // All have read the state before the first of them writes.
    let all_have_read = Arc::new(tokio::sync::Barrier::new(16));
    between.always(move || {
        let all_have_read = all_have_read.clone();
        Box::pin(async move {
            all_have_read.wait().await;
        })
    });
    let writers = (0..16).map(|n| {
        let (dashboard, host, model) = (world.dashboard.clone(), world.host(), model.clone());
        tokio::spawn(async move {
            let patch = object(&format!(r#"{{"alias":"{n}"}}"#));
            let this = Precondition::Version(model.version);
            dashboard.patch(&host, &model.key, &patch, this, "").await
        })
    });
    let results = futures::future::join_all(writers).await;
    let won = results.into_iter().filter(|r| match r.as_ref().unwrap() {
        Ok(_) => true,
        Err(Error::Conflict { .. }) => false,
        Err(other) => panic!("{other:?}"),
    });
    assert_eq!(won.count(), 1);
}

#[tokio::test]
async fn an_overwrite_is_checked_against_the_state_that_it_replaces() {
    // An editor overwrites without a version while a publisher enables: no change by the editor
    // may hit the enabled state.
    let between = Arc::new(Between::default());
    let world = World::with(|builder| builder.repository(between.clone())).await;
    let editor = world.caller(Role::Editor).await;
    let (dashboard, key) = (&world.dashboard, world.model(false).await.key);
    let (publisher, host, same) = (dashboard.clone(), world.host(), key.clone());
    between.once(move || {
        let (publisher, host, key) = (publisher.clone(), host.clone(), same.clone());
        Box::pin(async move {
            let enabled = publisher.set_enabled(&host, &key, true, ANY, "").await;
            assert!(enabled.unwrap().definition.enabled());
        })
    });
    let patch = object(r#"{"alias":"x"}"#);
    let refused = dashboard.patch(&editor, &key, &patch, ANY, "why").await;
    assert!(
        matches!(
            refused,
            Err(Error::Denied {
                permission: Permission::ModelsEnable,
                ..
            })
        ),
        "{refused:?}"
    );
    let now = dashboard.model(&world.host(), &key).await.unwrap();
    assert!(now.definition.enabled());
    assert_ne!(now.definition.alias(), "x");
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
        .rename(&host, &model.key, &key("MIST/B"), this.clone(), "")
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
        async move { dashboard.rename(&host, &from, &to, ANY, "clearer").await }
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
async fn a_broken_definition_is_shown_with_its_place_and_mended() {
    let world = World::new().await;
    let broken = key("nnUNet/Broken");
    world
        .repository
        .write_outside(&broken, &b"{\"alias\": \"x\",\n \"enabled\": tru"[..]);
    world.dashboard.inner.catalog.refresh().await.unwrap();
    let host = world.host();
    match world.dashboard.model(&host, &broken).await {
        Err(Error::Broken {
            key,
            position: Some(position),
            ..
        }) => {
            assert_eq!((key, position.line), (broken.clone(), 2));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.dashboard.broken(&host).await.unwrap().len(), 1);
    let raw = world.dashboard.raw(&host, &broken).await.unwrap();
    assert!(raw.broken.is_some());
    let editor = world.caller(Role::Editor).await;
    let mend = |text: &'static str, version: Version| {
        let (dashboard, editor, key) = (world.dashboard.clone(), editor.clone(), broken.clone());
        async move {
            dashboard
                .replace_raw(&editor, &key, text.as_bytes(), version, "")
                .await
        }
    };
    match mend("{\n \"alias\": }", raw.version).await {
        Err(Error::Invalid(errors)) => assert_eq!(errors[0].position.unwrap().line, 2),
        other => panic!("{other:?}"),
    }
    let stale = mend(r#"{"alias":"x"}"#, Version::of(b"another")).await;
    assert!(matches!(stale, Err(Error::Conflict { .. })));
    let mended = mend(r#"{"alias":"x"}"#, raw.version).await.unwrap();
    assert_eq!(mended.definition.name().unwrap(), "Broken");
    assert!(world.dashboard.broken(&host).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_broken_definition_that_another_reader_may_take_as_enabled_counts_as_enabled() {
    let world = World::new().await;
    let odd = key("nnUNet/Odd");
    world
        .repository
        .write_outside(&odd, &br#"{"enabled" : true, "loss": NaN}"#[..]);
    world.dashboard.inner.catalog.refresh().await.unwrap();
    let editor = world.caller(Role::Editor).await;
    let denied = world.dashboard.delete(&editor, &odd, ANY, "why").await;
    assert!(matches!(denied, Err(Error::Denied { .. })), "{denied:?}");
    let silent = world.dashboard.delete(&world.host(), &odd, ANY, "").await;
    assert_eq!(wrong_fields(silent), ["message"]);
    world
        .dashboard
        .delete(&world.host(), &odd, ANY, "why")
        .await
        .unwrap();
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

fn file(name: &str, text: &str) -> ImportFile {
    ImportFile {
        name: name.to_owned(),
        bytes: text.as_bytes().to_vec(),
    }
}

#[tokio::test]
async fn an_import_says_what_became_of_each_definition() {
    let world = World::new().await;
    world.create("MIST/There", r#"{"alias":"old"}"#).await;
    let files = || {
        vec![
            file("new.json", r#"{"name":"New","network_type":"MIST"}"#),
            file(
                "there.json",
                r#"{"name":"There","network_type":"MIST","alias":"new"}"#,
            ),
            file(
                "list.json",
                r#" [{"name":"L1","network_type":"MIST"}, {"name":"L2"}, 7] "#,
            ),
            file("broken.json", "{"),
            file("bad.json", r#"{"name":"../x","network_type":"MIST"}"#),
        ]
    };
    let host = world.host();
    let import = |mode| {
        world
            .dashboard
            .import(&host, files(), "from the clinic", mode)
    };
    let shown = |outcomes: Vec<ImportOutcome>| -> Vec<String> {
        let kind = |result: Result<Imported, Error>| match result {
            Ok(imported) => format!("{imported:?}"),
            Err(Error::Exists { .. }) => "Exists".to_owned(),
            Err(Error::Invalid(errors)) => format!("{}!", errors[0].field),
            Err(other) => panic!("{other:?}"),
        };
        let one = |o: ImportOutcome| format!("{} {:?} {}", o.file, o.number, kind(o.result));
        outcomes.into_iter().map(one).collect()
    };
    let rest = [
        "list.json Some(2) network_type!",
        "list.json Some(3) !",
        "broken.json None !",
        "bad.json None name!",
    ];
    let first = shown(import(ImportMode::CreateOnly).await.unwrap());
    let done = [
        "new.json None Created",
        "there.json None Exists",
        "list.json Some(1) Created",
    ];
    assert_eq!(first, [done.as_slice(), &rest].concat());
    let second = shown(import(ImportMode::Replace).await.unwrap());
    let done = [
        "new.json None Unchanged",
        "there.json None Replaced",
        "list.json Some(1) Unchanged",
    ];
    assert_eq!(second, [done.as_slice(), &rest].concat());
    let third = shown(import(ImportMode::Replace).await.unwrap());
    assert!(third[1].ends_with("Unchanged"));
}

#[tokio::test]
async fn an_import_tells_what_is_no_definition() {
    let world = World::new().await;
    let host = world.host();
    let labels = "this is no definition of a model, which has network_type and name; the labels of \
                  a dataset.json of nnU-Net are pasted into the form of a model";
    for (text, message) in [
        (r#"{"labels":{"liver":1}}"#, labels),
        (r#"{"labels":{"liver":1},"name":"BraTS"}"#, labels),
        (
            r#"{"lr":1}"#,
            "this is no definition of a model, which has network_type and name",
        ),
        ("[]", "the list is empty"),
    ] {
        let files = vec![file("other.json", text)];
        let import = world
            .dashboard
            .import(&host, files, "", ImportMode::Replace);
        let outcomes = import.await.unwrap();
        let Err(Error::Invalid(wrong)) = &outcomes[0].result else {
            panic!("{outcomes:?}");
        };
        assert_eq!((&*wrong[0].field, &*wrong[0].message), ("", message));
    }
}

#[tokio::test]
async fn an_export_is_what_is_stored_and_imports_again() {
    let world = World::new().await;
    let model = world
        .create("MIST/A", r#"{"alias":"x","n":12345678901234567890}"#)
        .await;
    let host = world.host();
    let exported = world
        .dashboard
        .export(&host, vec![model.key.clone()])
        .await
        .unwrap();
    assert_eq!(exported[0].bytes, model.bytes);
    let elsewhere = World::new().await;
    let files = vec![file("a.json", &text(&model))];
    let outcome = elsewhere
        .dashboard
        .import(&elsewhere.host(), files, "", ImportMode::default())
        .await;
    assert!(matches!(outcome.unwrap()[0].result, Ok(Imported::Created)));
    let there = elsewhere
        .dashboard
        .model(&elsewhere.host(), &model.key)
        .await
        .unwrap();
    assert!(there.definition.content_equals(&model.definition));
}

#[tokio::test]
async fn one_action_on_many_models_counts_for_each_by_itself() {
    let world = World::new().await;
    let (on, off) = (world.model(true).await, world.model(false).await);
    let missing = key("MIST/Missing");
    let keys = vec![on.key.clone(), missing.clone(), off.key.clone()];
    let host = world.host();
    let results = world
        .dashboard
        .bulk(&host, BulkAction::Enable, keys.clone(), "go")
        .await
        .unwrap();
    let named: Vec<_> = results.iter().map(|(key, r)| (key, r.is_ok())).collect();
    assert_eq!(
        named,
        [(&on.key, true), (&missing, false), (&off.key, true)]
    );
    assert!(
        world
            .dashboard
            .model(&host, &off.key)
            .await
            .unwrap()
            .definition
            .enabled()
    );
    let silent = world
        .dashboard
        .bulk(&host, BulkAction::Delete, keys, "")
        .await
        .unwrap();
    assert!(silent.iter().all(|(_, r)| r.is_err()));
    let many = vec![missing; MAX_BULK + 1];
    let refused = world
        .dashboard
        .bulk(&host, BulkAction::Delete, many, "")
        .await;
    assert!(matches!(refused, Err(Error::TooMany { .. })));
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
