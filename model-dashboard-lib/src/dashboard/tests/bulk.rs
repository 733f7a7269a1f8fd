//! Many models at once: import, export, one action.

use super::models::text;
use super::*;

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
