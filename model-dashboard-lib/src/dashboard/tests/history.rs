//! Histories: who changed what, what differs, and what is brought back.

use super::*;
use crate::model::LabelChangeKind;
use crate::repository::ObjectRepository;

pub(super) const ANY: Precondition = Precondition::Exists;

impl World {
    pub(super) async fn edited(&self, at: &str, patch: &str, message: &str) -> Model {
        let host = self.host();
        let edited = self
            .dashboard
            .patch(&host, &key(at), &object(patch), ANY, message)
            .await;
        edited.unwrap()
    }

    pub(super) async fn made(&self, at: &str, content: &str) -> Model {
        let host = self.host();
        let made = self
            .dashboard
            .create(&host, key(at), definition(content), "made")
            .await;
        made.unwrap()
    }

    async fn pages(&self, at: &str, limit: usize) -> Vec<Vec<u64>> {
        let (host, at) = (self.host(), key(at));
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let page = self.dashboard.history(&host, &at, before, limit);
            let page = page.await.unwrap();
            let numbers = page.steps.iter().map(|step| step.revision.number);
            pages.push(numbers.collect());
            before = page.next;
            if before.is_none() {
                return pages;
            }
        }
    }
}

#[tokio::test]
async fn each_step_says_who_when_why_and_what() {
    let world = World::new().await;
    let start = Timestamp::now();
    world
        .made("MIST/x", r#"{"contour_names":{"1":"liver"}}"#)
        .await;
    world
        .edited("MIST/x", r#"{"alias":"X"}"#, "as we call it")
        .await;
    world
        .edited("MIST/x", r#"{"contour_names":{"1":"kidney"}}"#, "oops")
        .await;

    let (host, at) = (world.host(), key("MIST/x"));
    let history = world.dashboard.history(&host, &at, None, 50).await.unwrap();
    assert_eq!(history.next, None);
    let [third, second, first] = history.steps.as_slice() else {
        panic!("{history:?}");
    };
    let said = &second.revision;
    assert_eq!((said.number, &*said.message), (2, "as we call it"));
    assert_eq!(said.by.as_deref(), Some("ana@gpu-7"));
    assert_eq!(
        (&said.via, said.origin),
        (&Some(Via::Cli), Origin::Registry)
    );
    assert!(
        said.at
            .is_some_and(|at| at >= start && at <= Timestamp::now())
    );
    let changes = second.changes.as_ref().unwrap();
    assert_eq!(
        (&*changes.fields[0].field, changes.is_breaking()),
        ("alias", false)
    );
    let changes = third.changes.as_ref().unwrap();
    assert_eq!(changes.labels[0].kind, LabelChangeKind::Redefined);
    assert!(first.changes.is_none());

    let compared = world.dashboard.compare(&host, &at, 1, 3).await;
    let changes = compared.unwrap().changes.unwrap();
    assert_eq!((changes.fields.len(), changes.labels.len()), (1, 1));
}

#[tokio::test]
async fn pages_join_without_gap_or_overlap() {
    let world = World::new().await;
    world.made("MIST/x", "{}").await;
    for n in 0..4 {
        let patch = format!(r#"{{"alias":"{n}"}}"#);
        world.edited("MIST/x", &patch, "").await;
    }
    assert_eq!(
        world.pages("MIST/x", 2).await,
        [vec![5, 4], vec![3, 2], vec![1]]
    );
    assert_eq!(world.pages("MIST/x", 5).await, [[5, 4, 3, 2, 1]]);
}

#[tokio::test]
async fn what_others_wrote_is_told_apart() {
    let world = World::new().await;
    world.made("MIST/x", "{}").await;
    let at = key("MIST/x");
    world
        .repository
        .write_outside(&at, &b"{\"alias\":\"theirs\"}"[..]);
    let stored = world.repository.get(&at).await.unwrap();
    world.repository.reconcile(&stored).await.unwrap();
    world.dashboard.inner.catalog.refresh().await.unwrap();

    let host = world.host();
    let history = world.dashboard.history(&host, &at, None, 50).await.unwrap();
    let last = &history.steps[0].revision;
    assert_eq!((last.number, last.origin), (2, Origin::Outside));
    assert_eq!((&last.by, &last.via), (&None, &Some(Via::Outside)));
    assert!(last.at.is_some(), "when it was noticed");
    assert_eq!(
        history.steps[0].changes.as_ref().unwrap().fields[0].field,
        "alias"
    );
}

#[tokio::test]
async fn a_revision_is_there_to_the_byte() {
    let world = World::new().await;
    let made = world.made("MIST/x", r#"{"seed":1e400}"#).await;
    world.edited("MIST/x", r#"{"seed":2}"#, "").await;
    let at = key("MIST/x");
    let theirs = b"{ \"seed\" :\t1.0 }\n";
    world.repository.write_outside(&at, &theirs[..]);
    let stored = world.repository.get(&at).await.unwrap();
    world.repository.reconcile(&stored).await.unwrap();

    let host = world.host();
    let read = async |number| {
        world
            .dashboard
            .stored_revision(&host, &at, number)
            .await
            .unwrap()
    };
    let (first, third) = (read(1).await, read(3).await);
    assert_eq!((&first.bytes, first.version), (&made.bytes, made.version));
    assert_eq!(&*third.bytes, theirs);
    assert_eq!(third.revision.origin, Origin::Outside);
}

#[tokio::test]
async fn a_state_that_others_put_back_hides_nothing_of_the_history() {
    let world = World::new().await;
    let first = world.made("MIST/x", r#"{"alias":"1"}"#).await;
    world.edited("MIST/x", r#"{"alias":"2"}"#, "").await;
    world.edited("MIST/x", r#"{"enabled":true}"#, "").await;
    let at = key("MIST/x");
    world.repository.write_outside(&at, first.bytes.clone());
    let stored = world.repository.get(&at).await.unwrap();
    world.repository.reconcile(&stored).await.unwrap();
    world.dashboard.inner.catalog.refresh().await.unwrap();
    assert_eq!(world.pages("MIST/x", 10).await, [[4, 3, 2, 1]]);
}

#[tokio::test]
async fn an_earlier_state_is_made_the_present_one_and_stays_enabled() {
    let world = World::new().await;
    world
        .made(
            "MIST/x",
            r#"{"alias":"first","seed":12345678901234567890,"registry":{"tags":["ct"]}}"#,
        )
        .await;
    world
        .edited(
            "MIST/x",
            r#"{"alias":"second","registry":{"owner":"team","tags":[]}}"#,
            "",
        )
        .await;
    world.edited("MIST/x", r#"{"enabled":true}"#, "").await;

    let (host, at) = (world.host(), key("MIST/x"));
    let restore = async |number, message| {
        world
            .dashboard
            .restore(&host, &at, number, Confirmed::default(), ANY, message)
            .await
    };
    let silent = restore(1, "").await;
    assert!(matches!(silent, Err(Error::Invalid(_))), "{silent:?}");
    let restored = restore(1, "the second was wrong").await.unwrap();
    let said = restored.definition.registry().unwrap();
    assert_eq!(
        (restored.definition.alias(), said.revision),
        ("first".to_owned(), 4)
    );
    assert_eq!((said.owner, said.tags), (None, vec!["ct".to_owned()]));
    assert!(
        restored.definition.enabled(),
        "whether it may run is decided apart"
    );
    assert!(String::from_utf8_lossy(&restored.bytes).contains("12345678901234567890"));
    let event = world.last_event().await;
    assert_eq!(event.action, Action::ModelRestore);
    assert_eq!(
        (event.revision, &*event.reason),
        (Some(4), "restored from revision 1: the second was wrong")
    );
    assert!(event.detail.contains("revision 1"), "{}", event.detail);

    // It holds that already.
    let again = restore(1, "once more").await.unwrap();
    assert_eq!(again.revision(), Some(4));
    let missing = restore(9, "why").await;
    assert!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
}

#[tokio::test]
async fn what_only_others_may_take_for_enabled_comes_back_disabled() {
    let world = World::new().await;
    let at = key("MIST/x");
    world
        .repository
        .write_outside(&at, &br#"{"enabled":1,"alias":"theirs"}"#[..]);
    world.dashboard.inner.catalog.refresh().await.unwrap();
    world.edited("MIST/x", r#"{"alias":"ours"}"#, "").await;
    let host = world.host();
    let restored = world
        .dashboard
        .restore(&host, &at, 1, Confirmed::default(), ANY, "why")
        .await
        .unwrap();
    assert_eq!(
        restored.definition.as_object().get("enabled"),
        Some("false")
    );
}

#[tokio::test]
async fn restoring_loses_nothing_that_was_not_seen() {
    let world = World::new().await;
    let first = world.made("MIST/x", r#"{"alias":"a"}"#).await;
    world.edited("MIST/x", r#"{"alias":"b"}"#, "").await;
    let (host, at) = (world.host(), key("MIST/x"));
    let seen = Precondition::Version(first.version);
    let lost = world
        .dashboard
        .restore(&host, &at, 1, Confirmed::default(), seen, "")
        .await;
    assert!(matches!(lost, Err(Error::Conflict { .. })), "{lost:?}");
}

#[tokio::test]
async fn a_deleted_model_is_listed_and_brought_back_disabled() {
    let world = World::new().await;
    let made = world.made("MIST/x", r#"{"alias":"X"}"#).await;
    world.edited("MIST/x", r#"{"enabled":true}"#, "").await;
    world.made("MIST/moved", "{}").await;
    let (host, at) = (world.host(), key("MIST/x"));
    let dashboard = &world.dashboard;
    dashboard.delete(&host, &at, ANY, "gone").await.unwrap();
    let (from, to) = (key("MIST/moved"), key("MIST/y"));
    dashboard
        .rename(&host, &from, &to, false, ANY, "")
        .await
        .unwrap();

    let deleted = dashboard.deleted(&host).await.unwrap();
    let keys: Vec<_> = deleted
        .iter()
        .map(|entry| entry.key().to_string())
        .collect();
    assert_eq!(keys, ["MIST/x"]);
    let history = dashboard.history(&host, &at, None, 50).await.unwrap();
    assert!(matches!(
        history.steps[0].revision.content,
        RevisionContent::Deleted
    ));

    // The deletion itself brings nothing back.
    let nothing = dashboard.bring_back(&host, &at, Some(3), "").await;
    assert!(matches!(nothing, Err(Error::Invalid(_))), "{nothing:?}");
    let back = dashboard
        .bring_back(&host, &at, None, "was needed")
        .await
        .unwrap();
    let said = back.definition.registry().unwrap();
    assert_eq!(
        (said.id, said.revision),
        (made.definition.registry().unwrap().id, 4)
    );
    assert_eq!(
        (back.definition.alias(), back.definition.enabled()),
        ("X".to_owned(), false)
    );
    assert!(dashboard.deleted(&host).await.unwrap().is_empty());
    assert_eq!(world.last_event().await.action, Action::ModelRestore);
    let again = dashboard.bring_back(&host, &at, None, "").await;
    assert!(matches!(again, Err(Error::Exists { .. })), "{again:?}");
    let moved = dashboard
        .bring_back(&host, &key("MIST/moved"), None, "")
        .await;
    assert!(matches!(moved, Err(Error::NotFound { .. })), "{moved:?}");
}

#[tokio::test]
async fn what_others_removed_is_in_the_history_which_administrators_read_and_restore() {
    let world = World::new().await;
    let labels = r#"{"enabled":true,"contour_names":{"1":"liver"}}"#;
    world.made("MIST/x", labels).await;
    let at = key("MIST/x");
    let before = Timestamp::now();
    world.repository.remove_outside(&at);
    let catalog = &world.dashboard.inner.catalog;
    catalog.refresh().await.unwrap();
    catalog.look().await;

    let host = world.host();
    let history = world.dashboard.history(&host, &at, None, 50).await.unwrap();
    let [removed, made] = history.steps.as_slice() else {
        panic!("{history:?}");
    };
    assert!(matches!(removed.revision.content, RevisionContent::Deleted));
    assert_eq!(removed.revision.via, Some(Via::Outside));
    assert_eq!(made.revision.number, 1);
    let viewer = world.caller(Role::Viewer).await;
    let refused = world.dashboard.history(&viewer, &at, None, 50).await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");

    let back = world.dashboard.bring_back(&host, &at, None, "").await;
    let said = back.unwrap().definition.registry().unwrap();
    assert_eq!(said.revision, 3);
    assert_eq!(said.message.as_deref(), Some("restored from revision 1"));
    let gone_at = removed.revision.at.unwrap();
    let then = |at| super::as_of::there(&world, at, 10);
    assert_eq!(then(before).await, [("MIST/x".to_owned(), Some(1), true)]);
    // It may have been removed some time before that was noticed.
    let page = world.dashboard.models_at(&host, before, None, 10).await;
    let doubt = page.unwrap().models[0].doubt;
    assert_eq!(doubt, Some(Doubt::ChangedOutsideLater));
    assert_eq!(then(gone_at).await, []);
}

#[tokio::test]
async fn after_a_deletion_labels_are_compared_with_those_before() {
    let world = World::new().await;
    world
        .made("MIST/x", r#"{"contour_names":{"1":"liver"}}"#)
        .await;
    world
        .edited("MIST/x", r#"{"contour_names":{"1":"spleen"}}"#, "")
        .await;
    let (host, at) = (world.host(), key("MIST/x"));
    world.dashboard.delete(&host, &at, ANY, "").await.unwrap();
    let back = world.dashboard.bring_back(&host, &at, Some(1), "").await;
    back.unwrap();
    for limit in [1, 2, 50] {
        let history = world.dashboard.history(&host, &at, None, limit).await;
        let history = history.unwrap();
        let changes = history.steps[0].changes.as_ref().unwrap();
        assert!(changes.is_breaking(), "{limit}: {changes:?}");
    }
}

#[tokio::test]
async fn deleted_models_are_listed_in_order_of_key() {
    let world = World::new().await;
    let host = world.host();
    let keys = ["MIST/z", "nnUNet/b", "MIST/a", "nnUNet/a"].map(key);
    for at in &keys {
        world.made(&at.to_string(), "{}").await;
        world.dashboard.delete(&host, at, ANY, "").await.unwrap();
    }
    let deleted = world.dashboard.deleted(&host).await.unwrap();
    let listed = deleted.iter().map(|entry| entry.key());
    assert!(listed.is_sorted() && deleted.len() == keys.len());
}

#[tokio::test]
async fn the_history_of_what_was_deleted_is_for_administrators() {
    let world = World::new().await;
    let model = world.made("MIST/x", "{}").await;
    let viewer = world.caller(Role::Viewer).await;
    let history = world.dashboard.history(&viewer, &model.key, None, 10);
    assert_eq!(history.await.unwrap().steps.len(), 1);
    let host = world.host();
    world
        .dashboard
        .delete(&host, &model.key, ANY, "")
        .await
        .unwrap();
    let history = world.dashboard.history(&viewer, &model.key, None, 10).await;
    assert!(matches!(history, Err(Error::Denied { .. })), "{history:?}");
}

#[tokio::test]
async fn a_revision_that_was_edited_by_hand_is_shown_so_and_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    let world = World::with(|builder| builder.repository(Arc::new(repository))).await;
    let model = world.made("MIST/x", r#"{"alias":"first"}"#).await;
    world.edited("MIST/x", r#"{"alias":"second"}"#, "").await;
    let id = model.definition.registry().unwrap().id;
    let file = format!(".registry/revisions/{id}/00000001.json");
    let file = folder.path().join(file);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("first", "third")).unwrap();

    let (host, at) = (world.host(), key("MIST/x"));
    let history = world.dashboard.history(&host, &at, None, 10).await.unwrap();
    let origins: Vec<_> = history.steps.iter().map(|it| it.revision.origin).collect();
    assert_eq!(origins, [Origin::Registry, Origin::Falsified]);
    let restored = world
        .dashboard
        .restore(&host, &at, 1, Confirmed::default(), ANY, "")
        .await;
    assert_eq!(wrong_fields(restored), ["revision"]);
}
