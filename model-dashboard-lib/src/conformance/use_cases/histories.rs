//! Histories: pages, differences, going back.

use super::*;

/// A model with three revisions.
async fn with_three(registry: &dyn UseCases) -> (ModelKey, Shown) {
    let lung = key("nnUNet/Lung");
    let first = definition(r#"{"alias":"a","contour_names":{"1":"lung"}}"#);
    registry.create(&lung, &first, "first").await.unwrap();
    let patch = object(r#"{"alias":"b"}"#);
    let second = registry.patch(&lung, &Seen::Any, &patch, "second").await;
    second.unwrap();
    let patch = object(r#"{"contour_names":{"1":"heart"}}"#);
    let third = registry.patch(&lung, &Seen::Any, &patch, "third").await;
    (lung, third.unwrap())
}

pub async fn a_history_is_told_page_by_page(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let (lung, _) = with_three(&*registry).await;
    let (steps, next) = registry.history(&lung, None, 2).await.unwrap();
    let told = |step: &Step| (step.number, step.message.clone(), step.deleted);
    assert_eq!(
        steps.iter().map(told).collect::<Vec<_>>(),
        [
            (3, "third".to_owned(), false),
            (2, "second".to_owned(), false)
        ]
    );
    assert!(
        steps[0].changed.as_ref().unwrap().1,
        "a label means something else"
    );
    let alias = (vec!["alias".to_owned()], false);
    assert_eq!(steps[1].changed, Some(alias));
    let (rest, end) = registry.history(&lung, next, 2).await.unwrap();
    assert_eq!(rest.iter().map(|it| it.number).collect::<Vec<_>>(), [1]);
    assert_eq!((rest[0].changed.clone(), end), (None, None));
    let missing = registry.history(&key("nnUNet/Heart"), None, 2).await;
    assert_eq!(refused(missing), ErrorKind::NotFound);
}

pub async fn a_difference_tells_fields_and_labels(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let (lung, _) = with_three(&*registry).await;
    let text = |text: &str| Some(text.to_owned());
    let found = registry.diff(&lung, 1, 2).await.unwrap();
    assert_eq!(
        found.fields.unwrap(),
        [("alias".to_owned(), text("a"), text("b"))]
    );
    assert!(!found.breaking && found.package.is_none());
    assert!(registry.diff(&lung, 1, 3).await.unwrap().breaking);
    let back = registry.diff(&lung, 2, 1).await.unwrap();
    assert_eq!(
        back.fields.unwrap(),
        [("alias".to_owned(), text("b"), text("a"))]
    );
    let same = registry.diff(&lung, 2, 2).await.unwrap();
    assert_eq!(same.fields.unwrap(), []);
    let missing = registry.diff(&lung, 1, 9).await;
    assert_eq!(refused(missing), ErrorKind::NotFound);
    let held = registry.show_at(&lung, 1).await.unwrap();
    assert_eq!(held.alias(), "a");
    let missing = registry.show_at(&lung, 9).await;
    assert_eq!(refused(missing), ErrorKind::NotFound);
}

pub async fn what_a_revision_held_comes_back(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let (lung, third) = with_three(&*registry).await;
    let stale = Seen::Version("00000000000000000000000000000000".to_owned());
    let stale = registry
        .restore(&lung, 1, NOT_CONFIRMED, Some(&stale), "")
        .await;
    assert_eq!(refused(stale), ErrorKind::Conflict);
    let seen = third.seen();
    // A label stands for something else then.
    let meant = NOT_CONFIRMED.breaking();
    let restored = registry.restore(&lung, 1, meant, Some(&seen), "it was better");
    let restored = restored.await.unwrap();
    assert_eq!(
        (restored.revision(), restored.definition.alias().as_str()),
        (4, "a")
    );
    let same = registry.diff(&lung, 1, 4).await.unwrap();
    assert_eq!((same.fields.unwrap(), same.breaking), (vec![], false));
    // Once more changes nothing.
    let again = registry
        .restore(&lung, 1, NOT_CONFIRMED, Some(&Seen::Any), "")
        .await;
    assert_eq!(again.unwrap().revision(), 4);
    let missing = registry
        .restore(&lung, 9, NOT_CONFIRMED, Some(&Seen::Any), "")
        .await;
    assert_eq!(refused(missing), ErrorKind::NotFound);
}

pub async fn a_deleted_model_is_brought_back(harness: &impl RegistryHarness) {
    let registry = registry(harness).await;
    let (lung, _) = with_three(&*registry).await;
    let patch = object(r#"{"enabled":true}"#);
    registry.patch(&lung, &Seen::Any, &patch, "").await.unwrap();
    registry.delete(&lung, &Seen::Any, "why").await.unwrap();
    let (steps, _) = registry.history(&lung, None, 1).await.unwrap();
    assert!(steps[0].deleted && steps[0].changed.is_none());
    let nothing = registry.restore(&lung, 5, NOT_CONFIRMED, None, "").await;
    assert_eq!(refused(nothing), ErrorKind::Invalid);
    let back = registry
        .restore(&lung, 2, NOT_CONFIRMED, None, "")
        .await
        .unwrap();
    assert_eq!(
        (back.revision(), back.definition.alias().as_str()),
        (6, "b")
    );
    assert!(!back.definition.enabled());
    assert_eq!(registry.list("").await.unwrap(), [lung]);
}
