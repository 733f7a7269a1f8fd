//! Models: made, changed, renamed, deleted, taken in, written out.

use std::slice;

use super::*;
use crate::auth::Permission;

pub async fn a_model_is_created_listed_and_shown(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    assert_eq!(registry.list("").await.unwrap(), []);
    let (lung, liver) = (key("nnUNet/Lung"), key("MIST/Liver"));
    let text = r#"{"alias":"Lobes","contour_names":{"1":"left"},"unknown":1.50}"#;
    let made = registry.create(&lung, &definition(text), "first").await;
    let made = made.unwrap();
    assert_eq!((made.key.clone(), made.revision()), (lung.clone(), 1));
    assert!(!made.definition.enabled());
    let other = registry.create(&liver, &definition("{}"), "").await;
    other.unwrap();
    assert_eq!(registry.list("").await.unwrap(), [liver, lung.clone()]);
    assert_eq!(
        registry.list("lobes").await.unwrap(),
        slice::from_ref(&lung)
    );
    assert_eq!(registry.list("nothing").await.unwrap(), []);
    let shown = registry.show(&lung).await.unwrap();
    assert_eq!(shown, made);
    // Numbers keep their text.
    assert_eq!(shown.definition.as_object().get("unknown"), Some("1.50"));
    let missing = registry.show(&key("nnUNet/Heart")).await;
    assert_eq!(refused(missing), ErrorKind::NotFound);
}

pub async fn a_name_is_taken_once(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let lung = key("nnUNet/Lung");
    registry.create(&lung, &definition("{}"), "").await.unwrap();
    let again = registry.create(&lung, &definition("{}"), "").await;
    assert_eq!(refused(again), ErrorKind::Exists);
}

pub async fn a_change_names_the_state_that_it_changes(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let lung = key("nnUNet/Lung");
    let text = r#"{"alias":"a","version":"1"}"#;
    let made = registry.create(&lung, &definition(text), "").await.unwrap();
    let patch = object(r#"{"alias":"b"}"#);
    let second = registry.patch(&lung, &made.seen(), &patch, "why").await;
    let second = second.unwrap();
    assert_eq!(
        (second.revision(), second.definition.alias().as_str()),
        (2, "b")
    );
    // Of what is not as it was seen, nothing is changed.
    let replaced = definition(r#"{"alias":"c"}"#);
    let stale = registry.patch(&lung, &made.seen(), &patch, "").await;
    assert_eq!(refused(stale), ErrorKind::Conflict);
    let stale = registry.replace(&lung, &made.seen(), &replaced, "").await;
    assert_eq!(refused(stale), ErrorKind::Conflict);
    assert_eq!(registry.show(&lung).await.unwrap(), second);
    let third = registry.replace(&lung, &second.seen(), &replaced, "").await;
    let third = third.unwrap();
    assert!(third.definition.as_object().get("version").is_none());
    let any = registry.patch(&lung, &Seen::Any, &patch, "").await.unwrap();
    assert_eq!(any.revision(), 4);
    let heart = key("nnUNet/Heart");
    let missing = registry.patch(&heart, &Seen::Any, &patch, "");
    assert_eq!(refused(missing.await), ErrorKind::NotFound);
}

pub async fn what_is_wrong_is_told_by_field(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let lung = key("nnUNet/Lung");
    let odd = definition(r#"{"alias":7}"#);
    let made = registry.create(&lung, &odd, "").await;
    assert_eq!(wrong(made), ["alias"]);
    registry.create(&lung, &definition("{}"), "").await.unwrap();
    let patch = object(r#"{"description":[],"enabled":"yes"}"#);
    let mut fields = wrong(registry.patch(&lung, &Seen::Any, &patch, "").await);
    fields.sort_unstable();
    assert_eq!(fields, ["description", "enabled"]);
}

pub async fn an_enabled_model_needs_a_reason(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let lung = key("nnUNet/Lung");
    let enabled = definition(r#"{"enabled":true}"#);
    let made = registry.create(&lung, &enabled, "").await.unwrap();
    assert!(made.definition.enabled());
    let patch = object(r#"{"alias":"b"}"#);
    let silent = registry.patch(&lung, &Seen::Any, &patch, "").await;
    assert_eq!(wrong(silent), ["message"]);
    let silent = registry.delete(&lung, &Seen::Any, "").await;
    assert_eq!(wrong(silent), ["message"]);
    let told = registry
        .patch(&lung, &Seen::Any, &patch, "geprüft – ja")
        .await;
    assert_eq!(told.unwrap().revision(), 2);
    let (steps, _) = registry.history(&lung, None, 10).await.unwrap();
    assert_eq!(steps[0].message, "geprüft – ja");
}

pub async fn a_model_keeps_its_history_under_another_name(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let (lung, lobes) = (key("nnUNet/Lung"), key("MIST/Lobes"));
    let made = registry.create(&lung, &definition("{}"), "").await.unwrap();
    let other = key("nnUNet/Taken");
    let taken = registry.create(&other, &definition("{}"), "").await;
    taken.unwrap();
    let taken = registry.rename(&lung, &other, &Seen::Any, "").await;
    assert_eq!(refused(taken), ErrorKind::Exists);
    let stale = Seen::Version("00000000000000000000000000000000".to_owned());
    let stale = registry.rename(&lung, &lobes, &stale, "").await;
    assert_eq!(refused(stale), ErrorKind::Conflict);
    let seen = made.seen();
    let renamed = registry.rename(&lung, &lobes, &seen, "clearer").await;
    let renamed = renamed.unwrap();
    assert_eq!(
        (renamed.key.clone(), renamed.revision()),
        (lobes.clone(), 2)
    );
    let identity = |of: &Shown| of.definition.registry().unwrap().id;
    assert_eq!(identity(&renamed), identity(&made));
    assert_eq!(refused(registry.show(&lung).await), ErrorKind::NotFound);
    let (steps, _) = registry.history(&lobes, None, 10).await.unwrap();
    assert_eq!(steps.iter().map(|it| it.number).collect::<Vec<_>>(), [2, 1]);
}

pub async fn a_deleted_model_is_gone_and_its_name_is_free(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let lung = key("nnUNet/Lung");
    let made = registry.create(&lung, &definition("{}"), "").await.unwrap();
    let patch = object(r#"{"alias":"b"}"#);
    registry.patch(&lung, &Seen::Any, &patch, "").await.unwrap();
    let stale = registry.delete(&lung, &made.seen(), "").await;
    assert_eq!(refused(stale), ErrorKind::Conflict);
    registry.delete(&lung, &Seen::Any, "gone").await.unwrap();
    assert_eq!(refused(registry.show(&lung).await), ErrorKind::NotFound);
    assert_eq!(registry.list("").await.unwrap(), []);
    let again = registry.delete(&lung, &Seen::Any, "").await;
    assert_eq!(refused(again), ErrorKind::NotFound);
    let anew = registry.create(&lung, &definition("{}"), "").await.unwrap();
    assert_eq!(anew.revision(), 4);
}

pub async fn who_may_not_is_denied(harness: &impl RegistryHarness) {
    let all = registry(harness).await;
    let lung = key("nnUNet/Lung");
    all.create(&lung, &definition("{}"), "").await.unwrap();
    let reader = harness
        .with([Permission::ModelsRead].into_iter().collect())
        .await;
    assert_eq!(reader.list("").await.unwrap(), slice::from_ref(&lung));
    let patch = object(r#"{"alias":"b"}"#);
    let refusals = [
        refused(reader.create(&key("nnUNet/B"), &definition("{}"), "").await),
        refused(reader.patch(&lung, &Seen::Any, &patch, "").await),
        refused(reader.rename(&lung, &key("nnUNet/B"), &Seen::Any, "").await),
        refused(reader.delete(&lung, &Seen::Any, "").await),
        refused(
            reader
                .restore(&lung, 1, NOT_CONFIRMED, Some(&Seen::Any), "")
                .await,
        ),
        refused(reader.upload("a.bin", b"bytes").await),
        refused(reader.package(&lung, None).await),
    ];
    assert!(
        refusals.iter().all(|it| *it == ErrorKind::Denied),
        "{refusals:?}"
    );
    let nobody = harness.with([Permission::PackagesRead].into_iter().collect());
    let unread = nobody.await.show(&lung).await;
    assert_eq!(refused(unread), ErrorKind::Denied);
}

pub async fn definitions_are_taken_in_and_written_out(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let file = |name: &str, text: &str| ImportFile {
        name: name.to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    let list = r#"[{"network_type":"nnUNet","name":"A","alias":"1","own":2.0},
        {"network_type":"nnUNet","name":"B"},{"network_type":"nnUNet"}]"#;
    let taken = registry.import(vec![file("list", list)], "", ImportMode::CreateOnly);
    let taken = taken.await.unwrap();
    assert_eq!(taken[..2], [Ok(Imported::Created), Ok(Imported::Created)]);
    assert_eq!(wrong(taken[2].clone()), ["name"]);
    let other = r#"{"network_type":"nnUNet","name":"A","alias":"2"}"#;
    let files = || vec![file("other", other), file("broken", "{")];
    let kept = registry.import(files(), "", ImportMode::CreateOnly).await;
    let kept = kept.unwrap();
    assert_eq!(refused(kept[0].clone()), ErrorKind::Exists);
    assert_eq!(refused(kept[1].clone()), ErrorKind::Invalid);
    for expected in [Imported::Replaced, Imported::Unchanged] {
        let replaced = registry.import(files(), "why", ImportMode::Replace).await;
        assert_eq!(replaced.unwrap()[0], Ok(expected));
    }
    let keys = vec![key("nnUNet/B"), key("nnUNet/A")];
    let out = registry.export(keys.clone()).await.unwrap();
    assert_eq!(out.iter().map(|it| it.0.clone()).collect::<Vec<_>>(), keys);
    let stored = ModelDefinition::parse(&out[1].1, DuplicateKeys::LastWins).unwrap();
    assert_eq!(stored, registry.show(&keys[1]).await.unwrap().definition);
    let missing = registry.export(vec![key("nnUNet/C")]).await;
    assert_eq!(refused(missing), ErrorKind::NotFound);
}
