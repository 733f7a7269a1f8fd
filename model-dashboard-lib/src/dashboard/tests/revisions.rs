//! What a revision is told to be: the registry's own, from outside, or falsified.

use super::*;
use crate::repository::ObjectRepository;

const ANY: Precondition = Precondition::Exists;

/// A dashboard over a folder, whose files others can reach.
pub(super) struct InFolder {
    pub(super) world: World,
    pub(super) folder: tempfile::TempDir,
}

impl InFolder {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
        let world = World::with(|builder| builder.repository(Arc::new(repository))).await;
        Self { world, folder }
    }

    pub(super) async fn made(&self, at: &str, alias: &str) -> Model {
        let content = definition(&format!(r#"{{"alias":"{alias}"}}"#));
        let host = self.world.host();
        let made = self.world.dashboard.create(&host, key(at), content, "made");
        made.await.unwrap()
    }

    pub(super) async fn edited(&self, at: &str, alias: &str) {
        let patch = object(&format!(r#"{{"alias":"{alias}"}}"#));
        let (host, at) = (self.world.host(), key(at));
        let edited = self.world.dashboard.patch(&host, &at, &patch, ANY, "");
        edited.await.unwrap();
    }

    pub(super) fn write(&self, at: &str, text: &[u8]) {
        std::fs::write(self.folder.path().join(at), text).unwrap();
    }

    /// The revisions of a model, the last one first, after another look at the store.
    async fn revisions(&self, at: &str) -> Vec<ModelRevision> {
        let (host, dashboard) = (self.world.host(), &self.world.dashboard);
        dashboard.inner.catalog.refresh().await.unwrap();
        let repaired = dashboard.check_storage(&host, true, &|_, _| {}).await;
        repaired.unwrap();
        let history = dashboard.history(&host, &key(at), None, 50).await.unwrap();
        history.steps.into_iter().map(|it| it.revision).collect()
    }

    async fn origins(&self, at: &str) -> Vec<Origin> {
        let revisions = self.revisions(at).await;
        revisions.into_iter().map(|it| it.origin).collect()
    }

    /// What a check still finds once all is repaired that can be.
    async fn findings(&self) -> Vec<Finding> {
        let host = self.world.host();
        let checked = self.world.dashboard.check_storage(&host, true, &|_, _| {});
        checked.await.unwrap().findings
    }
}

#[tokio::test]
async fn a_copy_made_by_hand_is_nobodys_of_the_registry() {
    let there = InFolder::new().await;
    let original = there.made("MIST/x", "x").await;
    let before = Timestamp::now();
    there.edited("MIST/x", "changed").await;
    there.write("MIST/copy", &original.bytes);

    let revisions = there.revisions("MIST/copy").await;
    let [copied] = revisions.as_slice() else {
        panic!("{revisions:?}");
    };
    // Both have the number 1.
    assert_eq!((copied.number, copied.origin), (1, Origin::Outside));
    assert_eq!((&copied.by, &copied.key), (&None, &None));
    assert!(copied.at.is_some_and(|at| at >= before), "when it came");

    let host = there.world.host();
    let then = there.world.dashboard.models_at(&host, before, None, 10);
    let then = then.await.unwrap().models;
    let told: Vec<_> = then
        .iter()
        .map(|it| (it.now.to_string(), it.doubt))
        .collect();
    let expected = [
        ("MIST/copy".to_owned(), Some(Doubt::NoHistory)),
        ("MIST/x".to_owned(), None),
    ];
    assert_eq!(told, expected, "it may have been made before that");
}

#[tokio::test]
async fn a_copy_that_was_edited_is_not_falsified() {
    let there = InFolder::new().await;
    let original = there.made("MIST/x", "first").await;
    let text = String::from_utf8_lossy(&original.bytes).replace("first", "theirs");
    there.write("MIST/copy", text.as_bytes());

    assert_eq!(there.origins("MIST/copy").await, [Origin::Outside]);
    there.edited("MIST/copy", "ours").await;
    let host = there.world.host();
    let at = key("MIST/copy");
    let restored = there
        .world
        .dashboard
        .restore(&host, &at, 1, Confirmed::default(), ANY, "")
        .await;
    assert_eq!(restored.unwrap().definition.alias(), "theirs");
    assert!(
        there
            .findings()
            .await
            .iter()
            .all(|it| it.kind != FindingKind::Falsified)
    );
}

#[tokio::test]
async fn the_revision_of_another_model_is_not_passed_off_as_ones_own() {
    let there = InFolder::new().await;
    let id = |model: Model| model.definition.registry().unwrap().id;
    let mine = id(there.made("MIST/a", "a").await);
    let other = id(there.made("MIST/b", "b").await);
    there.edited("MIST/a", "a2").await;
    let file = |id| format!(".registry/revisions/{id}/00000001.json");
    let text = std::fs::read(there.folder.path().join(file(other))).unwrap();
    there.write(&file(mine), &text);

    let revisions = there.revisions("MIST/a").await;
    let first = revisions.last().unwrap();
    assert_eq!((first.number, first.origin), (1, Origin::Falsified));
    assert_eq!((&first.by, &first.key), (&None, &None));
}

#[tokio::test]
async fn what_others_save_under_a_former_name_is_a_model_of_its_own() {
    let there = InFolder::new().await;
    let first = there.made("MIST/former", "first").await;
    let (host, dashboard) = (there.world.host(), &there.world.dashboard);
    let (from, to) = (key("MIST/former"), key("MIST/present"));
    dashboard
        .rename(&host, &from, &to, false, ANY, "")
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&first.bytes).replace("first", "theirs");
    for text in [text.as_bytes(), &first.bytes] {
        there.write("MIST/former", text);
        assert_eq!(there.origins("MIST/present").await.len(), 2);
        assert_eq!(there.findings().await, []);
        let last = &there.revisions("MIST/former").await[0];
        assert_eq!((last.origin, &last.by), (Origin::Outside, &None));
    }
    there.edited("MIST/former", "ours").await;
    let origins = there.origins("MIST/former").await;
    assert_eq!(
        origins,
        [Origin::Registry, Origin::Outside, Origin::Outside]
    );
    assert_eq!(there.origins("MIST/present").await.len(), 2);
    assert_eq!(there.findings().await, []);
}

#[tokio::test]
async fn a_tombstone_that_others_enabled_is_seen() {
    let there = InFolder::new().await;
    there.made("MIST/x", "x").await;
    let (host, dashboard) = (there.world.host(), &there.world.dashboard);
    let at = key("MIST/x");
    dashboard.delete(&host, &at, ANY, "").await.unwrap();
    let path = there.folder.path().join("MIST/x");
    let text = std::fs::read_to_string(path).unwrap();
    let enabled = text.replace(r#""enabled":false"#, r#""enabled":true"#);
    assert_ne!(text, enabled);
    there.write("MIST/x", enabled.as_bytes());
    let revisions = there.revisions("MIST/x").await;
    let last = &revisions[0];
    assert_eq!((last.number, last.origin), (3, Origin::Outside));
    assert!(last.definition().is_some_and(ModelDefinition::enabled));

    let picture = dashboard.inner.catalog.current();
    assert!(picture.get(&at).is_some_and(|entry| entry.enabled()));
    assert!(dashboard.deleted(&host).await.unwrap().is_empty());
    dashboard.inner.note_noticed().await;
    let events = there.world.events().await.into_iter();
    let mut told = events.map(|it| (it.event.action, it.event.detail));
    let appeared = "appeared outside; enabled".to_owned();
    assert!(told.any(|it| it == (Action::ModelCreate, appeared.clone())));
    dashboard.delete(&host, &at, ANY, "why").await.unwrap();
    assert!(dashboard.inner.catalog.current().get(&at).is_none());
    assert_eq!(there.origins("MIST/x").await.len(), 4);
}

#[tokio::test]
async fn what_others_made_of_a_revision_that_was_not_archived_is_not_falsified() {
    let there = InFolder::new().await;
    let first = there.made("MIST/x", "first").await;
    there.edited("MIST/x", "second").await;
    // The writer crashed before it came into the history.
    let id = first.definition.registry().unwrap().id;
    let file = format!(".registry/revisions/{id}/00000002.json");
    std::fs::remove_file(there.folder.path().join(file)).unwrap();
    let text = std::fs::read_to_string(there.folder.path().join("MIST/x")).unwrap();
    there.write("MIST/x", text.replace("second", "theirs").as_bytes());

    let told = |it: &ModelRevision| (it.number, it.origin);
    let revisions = there.revisions("MIST/x").await;
    let told: Vec<_> = revisions.iter().map(told).collect();
    assert_eq!(told, [(3, Origin::Outside), (1, Origin::Registry)]);
    let (host, at) = (there.world.host(), key("MIST/x"));
    let dashboard = &there.world.dashboard;
    dashboard
        .restore(&host, &at, 1, Confirmed::default(), ANY, "")
        .await
        .unwrap();
    dashboard
        .restore(&host, &at, 3, Confirmed::default(), ANY, "")
        .await
        .unwrap();
    let kinds: Vec<_> = there.findings().await.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [FindingKind::Gap]);
}

#[tokio::test]
async fn a_change_whose_number_others_took_is_its_authors() {
    let there = InFolder::new().await;
    let first = there.made("MIST/x", "first").await;
    there.edited("MIST/x", "second").await;
    let id = first.definition.registry().unwrap().id;
    let file = |number| format!(".registry/revisions/{id}/0000000{number}.json");
    let second = std::fs::read(there.folder.path().join(file(2))).unwrap();
    // It was replaced, and that archived, before it came into the history itself.
    there.write(&file(2), b"{}");
    there.write(&file(3), &second);
    let told_of = |it: &ModelRevision| (it.number, it.origin, it.by.is_some());
    let told = async || {
        there
            .revisions("MIST/x")
            .await
            .iter()
            .map(told_of)
            .collect::<Vec<_>>()
    };
    let before = [
        (3, Origin::Registry, true),
        (2, Origin::Outside, false),
        (1, Origin::Registry, true),
    ];
    assert_eq!(told().await, before);
    let (host, at, dashboard) = (there.world.host(), key("MIST/x"), &there.world.dashboard);
    let third = dashboard.revision(&host, &at, 3).await.unwrap();
    assert_eq!(told_of(&third), before[0]);
    let stored = dashboard.stored_revision(&host, &at, 3).await.unwrap();
    assert_eq!(told_of(&stored.revision), before[0]);
    assert_eq!(*stored.bytes, *second);
    // Put back later, it is not.
    there.write(&file(4), b"{}");
    there.write(&file(5), &second);
    assert_eq!(told().await[0], (5, Origin::Outside, false));
    assert_eq!(told().await[2..], before);
}

/// Whatever is written over a revision, the one after it notes what it was.
#[tokio::test]
async fn what_was_written_over_a_revision_is_known_by_the_one_after_it() {
    let there = InFolder::new().await;
    let made = there.made("MIST/x", "1").await;
    let id = made.definition.registry().unwrap().id;
    for alias in ["2", "3", "4", "5", "6", "7", "8"] {
        there.edited("MIST/x", alias).await;
    }
    let at = key("MIST/x");
    let theirs = br#"{"alias":"theirs"}"#;
    there.world.dashboard.inner.catalog.refresh().await.unwrap();
    there.write("MIST/x", theirs);
    there.world.dashboard.inner.catalog.refresh().await.unwrap();
    there.edited("MIST/x", "10").await;
    use Origin::{Falsified, Outside, Registry};
    let mut origins = [Registry; 10];
    origins[10 - 9] = Outside;
    assert_eq!(there.origins("MIST/x").await, origins);

    let file = |number: u32| format!(".registry/revisions/{id}/{number:08}.json");
    let fifth = std::fs::read(there.folder.path().join(file(5))).unwrap();
    // Without what the registry keeps; as another revision of the same; as nothing; and another text
    // of what was from outside.
    there.write(&file(2), br#"{"alias":"forged"}"#);
    there.write(&file(4), &fifth);
    there.write(&file(6), b"garbage{");
    there.write(&file(9), br#"{"alias":"forged"}"#);
    let forged = [2, 4, 6, 9];
    for number in forged {
        origins[10 - number] = Falsified;
    }
    assert_eq!(there.origins("MIST/x").await, origins);

    let host = there.world.host();
    let dashboard = &there.world.dashboard;
    for number in forged.map(|number| number as u64) {
        let alone = dashboard.revision(&host, &at, number).await.unwrap();
        assert_eq!(alone.origin, Falsified, "{number}");
        let stored = dashboard.stored_revision(&host, &at, number).await.unwrap();
        assert_eq!(stored.revision.origin, Falsified, "{number}");
        let refused = dashboard
            .restore(&host, &at, number, Confirmed::default(), ANY, "")
            .await;
        assert!(
            matches!(refused, Err(Error::Invalid(_))),
            "{number}: {refused:?}"
        );
        // As the first of a page.
        let page = dashboard.history(&host, &at, Some(number + 1), 1).await;
        let page = page.unwrap();
        let [first] = page.steps.as_slice() else {
            panic!("{page:?}");
        };
        assert_eq!(
            (first.revision.number, first.revision.origin),
            (number, Falsified)
        );
        assert_eq!(page.next, Some(number));
    }
    let told = there.findings().await;
    let told = told.iter().filter(|it| it.kind == FindingKind::Falsified);
    assert_eq!(told.count(), 4);
}

#[tokio::test]
async fn a_forged_revision_hides_no_change_of_the_one_after_it() {
    let there = InFolder::new().await;
    let (host, at) = (there.world.host(), key("MIST/x"));
    let labels = |label: &str| format!(r#"{{"contour_names":{{"1":"{label}"}}}}"#);
    let made = there.world.made("MIST/x", &labels("liver")).await;
    there.world.edited("MIST/x", r#"{"alias":"2"}"#, "").await;
    there.world.edited("MIST/x", &labels("spleen"), "").await;
    let id = made.definition.registry().unwrap().id;
    let second = format!(".registry/revisions/{id}/00000002.json");
    there.write(&second, labels("spleen").as_bytes());

    let history = there.world.dashboard.history(&host, &at, None, 10).await;
    let steps = history.unwrap().steps;
    assert_eq!(steps[1].revision.origin, Origin::Falsified);
    assert!(steps[1].changes.is_none(), "{:?}", steps[1]);
    let since: Vec<_> = steps.iter().map(|step| step.since).collect();
    assert_eq!(since, [Some(1), None, None]);
    assert!(steps[0].changes.as_ref().unwrap().is_breaking());
}
