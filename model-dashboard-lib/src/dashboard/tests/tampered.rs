//! What is told of the past where its history was changed by hand, lacks revisions, or is behind what
//! others wrote.

use super::history::ANY;
use super::revisions::InFolder;
use super::*;
use crate::model::ModelId;

impl InFolder {
    /// A model whose second revision alone was enabled; when it was.
    async fn enabled_for_a_while(&self) -> (ModelId, Timestamp) {
        let made = self.world.made("MIST/x", "{}").await;
        self.world.edited("MIST/x", ENABLED, "").await;
        let then = Timestamp::now();
        self.world
            .edited("MIST/x", r#"{"enabled":false}"#, "why")
            .await;
        (made.definition.registry().unwrap().id, then)
    }

    fn file(id: ModelId, number: u64) -> String {
        format!(".registry/revisions/{id}/{number:08}.json")
    }

    fn read(&self, at: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(at)).unwrap()
    }

    fn remove(&self, at: &str) {
        std::fs::remove_file(self.folder.path().join(at)).unwrap();
    }

    async fn at(&self, at: Timestamp) -> Vec<(Option<u64>, bool, Option<Doubt>)> {
        let host = self.world.host();
        let page = self.world.dashboard.models_at(&host, at, None, 10).await;
        let models = page.unwrap().models;
        assert!(models.iter().all(ModelAt::may_have_been_enabled));
        let told = models.iter().map(|it| (it.revision, it.enabled, it.doubt));
        told.collect()
    }

    async fn deleted(&self) {
        let (host, at) = (self.world.host(), key("MIST/x"));
        let deleted = self.world.dashboard.delete(&host, &at, ANY, "why");
        deleted.await.unwrap();
    }
}

const ENABLED: &str = r#"{"enabled":true}"#;

#[tokio::test]
async fn a_forged_deletion_hides_no_model() {
    let there = InFolder::new().await;
    let (id, then) = there.enabled_for_a_while().await;
    assert_eq!(there.at(then).await, [(Some(2), true, None)]);
    let second = InFolder::file(id, 2);
    let text = there.read(&second);
    let deleted = r#""registry":{"deleted":{"at":"2026-01-01T00:00:00Z"},"#;
    let forged = text.replace(r#""registry":{"#, deleted);
    let forged = forged.replace(r#""enabled":true"#, r#""enabled":false"#);
    assert!(forged.contains("deleted") && !forged.contains("true"));
    there.write(&second, forged.as_bytes());
    let told = [(Some(2), false, Some(Doubt::Falsified))];
    assert_eq!(there.at(then).await, told);
    // Nor does one that says another time.
    let at = there.read(&second);
    let (_, at) = at.split_once(r#""modified_at":""#).unwrap();
    let (at, _) = at.split_once('"').unwrap();
    there.write(
        &second,
        forged.replace(at, "2100-01-01T00:00:00Z").as_bytes(),
    );
    let told = [(Some(1), false, Some(Doubt::Falsified))];
    assert_eq!(there.at(then).await, told);
}

#[tokio::test]
async fn a_forged_revision_after_a_deletion_or_at_the_beginning_hides_no_model() {
    let there = InFolder::new().await;
    let made = there.world.made("MIST/x", ENABLED).await;
    let id = made.definition.registry().unwrap().id;
    let first = Timestamp::now();
    there.deleted().await;
    there.world.made("MIST/x", ENABLED).await;
    let third = Timestamp::now();
    there.deleted().await;
    for number in [1, 3] {
        let file = InFolder::file(id, number);
        let text = there.read(&file);
        let (before, rest) = text.split_once(r#""modified_at":""#).unwrap();
        let (_, rest) = rest.split_once('"').unwrap();
        let forged = format!(r#"{before}"modified_at":"2100-01-01T00:00:00Z"{rest}"#);
        there.write(&file, forged.as_bytes());
    }
    let told = |number| [(Some(number), true, Some(Doubt::Falsified))];
    assert_eq!(there.at(third).await, told(3));
    assert_eq!(there.at(first).await, told(1));
}

#[tokio::test]
async fn revisions_that_are_missing_cast_doubt_on_their_time() {
    let there = InFolder::new().await;
    let (id, then) = there.enabled_for_a_while().await;
    there.remove(&InFolder::file(id, 2));
    let told = [(Some(1), false, Some(Doubt::Missing))];
    assert_eq!(there.at(then).await, told);
    assert_eq!(there.world.dashboard.inner.catalog.current().len(), 1);
    there.remove(&InFolder::file(id, 1));
    let told = [(Some(3), false, Some(Doubt::Missing))];
    assert_eq!(there.at(then).await, told);
    // By its date, which is never rewritten, it was not there yet.
    let before = Timestamp::parse("2001-01-01").unwrap();
    assert_eq!(there.at(before).await, []);
}

/// Waits until files that are written have a later time than this: their clock ticks some times in a hundredth
/// of a second alone.
fn files_are_later_than(then: Timestamp) {
    let written = || {
        let file = tempfile::NamedTempFile::new().unwrap();
        Timestamp::from(file.as_file().metadata().unwrap().modified().unwrap())
    };
    while written() <= then {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn what_others_put_where_a_model_was_deleted_may_have_been_there_before_it_was_noticed() {
    let there = InFolder::new().await;
    let made = there.world.made("MIST/x", ENABLED).await;
    there.deleted().await;
    let then = Timestamp::now();
    files_are_later_than(then);
    assert_eq!(there.at(then).await, []);
    let catalog = &there.world.dashboard.inner.catalog;
    let doubt = Some(Doubt::ChangedOutsideLater);
    for text in [&made.bytes[..], br#"{"enabled":true}"#] {
        there.write("MIST/x", text);
        catalog.refresh().await.unwrap();
        // Archived or not.
        let told = there.at(then).await;
        assert_eq!((told[0].1, told[0].2), (true, doubt), "{told:?}");
    }
    let repository = &there.world.dashboard.inner.repository;
    let stored = repository.get(&key("MIST/x")).await.unwrap();
    // Unless whoever follows the store was quicker.
    repository.reconcile(&stored).await.unwrap();
    assert_eq!(there.at(then).await, [(Some(3), true, doubt)]);
    let dated = br#"{"enabled":true,"create_date":"2100-01-01T00:00:00Z"}"#;
    there.deleted().await;
    let then = Timestamp::now();
    files_are_later_than(then);
    there.write("MIST/x", dated);
    catalog.refresh().await.unwrap();
    assert_eq!(there.at(then).await, []);
}

#[tokio::test]
async fn a_history_says_what_it_lacks_wherever_that_is() {
    let there = InFolder::new().await;
    let (id, _) = there.enabled_for_a_while().await;
    for alias in ["4", "5", "6"] {
        there
            .world
            .edited("MIST/x", &format!(r#"{{"alias":"{alias}"}}"#), "")
            .await;
    }
    let (host, at) = (there.world.host(), key("MIST/x"));
    let dashboard = &there.world.dashboard;
    let gaps = async |limit| {
        let (mut gaps, mut before) = (Vec::new(), None);
        loop {
            let page = dashboard.history(&host, &at, before, limit).await.unwrap();
            gaps.extend(page.gaps.iter().map(|gap| (gap.first, gap.last)));
            before = page.next;
            if before.is_none() {
                return gaps;
            }
        }
    };
    assert_eq!(gaps(2).await, []);
    let lacking: [(u64, &[(u64, u64)]); 4] = [
        (4, &[(4, 4)]),
        (1, &[(4, 4), (1, 1)]),
        (2, &[(4, 4), (1, 2)]),
        (6, &[(6, 6), (4, 4), (1, 2)]),
    ];
    for (removed, left) in lacking {
        there.remove(&InFolder::file(id, removed));
        for limit in [1, 2, 50] {
            assert_eq!(gaps(limit).await, left, "{removed}, {limit} at a time");
        }
    }
    let beyond = dashboard.history(&host, &at, Some(1000), 50).await.unwrap();
    assert_eq!(beyond.gaps.len(), 2, "{beyond:?}");
    there.remove(&InFolder::file(id, 3));
    there.remove(&InFolder::file(id, 5));
    assert_eq!(gaps(50).await, [(1, 6)]);
}

#[tokio::test]
async fn a_forged_revision_is_not_brought_back_however_many_are_read_before_it() {
    let there = InFolder::new().await;
    let made = there.made("MIST/x", "1").await;
    let id = made.definition.registry().unwrap().id;
    there.edited("MIST/x", "2").await;
    there.deleted().await;
    for number in 4..10 {
        match number {
            4 => drop(there.made("MIST/x", "4").await),
            _ => there.edited("MIST/x", "later").await,
        }
    }
    there.deleted().await;
    // The third, a deletion, is the last of those that are read at first.
    for number in 4..10 {
        there.write(&InFolder::file(id, number), b"garbage{");
    }
    there.write(&InFolder::file(id, 2), br#"{"alias":"forged"}"#);
    let (host, at) = (there.world.host(), key("MIST/x"));
    let back = there.world.dashboard.bring_back(&host, &at, None, "").await;
    assert_eq!(back.unwrap().definition.alias(), "1");
}

#[tokio::test]
async fn what_restoring_changes_is_told_beforehand() {
    let world = World::new().await;
    let (host, at) = (world.host(), key("MIST/x"));
    let theirs = r#"{"name":"x","network_type":"MIST","enabled":true,"alias":"a"}"#;
    world.repository.write_outside(&at, theirs.as_bytes());
    world.dashboard.inner.catalog.refresh().await.unwrap();
    world
        .edited("MIST/x", r#"{"alias":"b","enabled":false}"#, "why")
        .await;
    let first = world.dashboard.revision(&host, &at, 1).await.unwrap();
    let present = world.dashboard.model(&host, &at).await.unwrap();
    let changes = present.changes_by_restoring(&first).unwrap();
    let fields: Vec<_> = changes.fields.iter().map(|it| &*it.field).collect();
    assert_eq!(fields, ["alias"]);

    let back = world.edited("MIST/x", r#"{"alias":"a"}"#, "").await;
    assert!(back.changes_by_restoring(&first).unwrap().is_empty());
    let restored = world
        .dashboard
        .restore(&host, &at, 1, Confirmed::default(), ANY, "")
        .await;
    assert_eq!(restored.unwrap().version, back.version);
}
