//! Checking and tidying a store: what is told, what is mended, what is removed, and what never is.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::model::ModelId;
use crate::repository::{ModelRepository, ObjectRepository};

const ANY: Precondition = Precondition::Exists;
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

fn silent(_: u64, _: u64) {}

/// A dashboard over a folder, whose files other programs can reach.
struct InFolder {
    world: World,
    folder: tempfile::TempDir,
}

impl InFolder {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
        let repository: Arc<dyn ModelRepository> = Arc::new(repository);
        let world = World::with(|builder| builder.repository(repository)).await;
        Self { world, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A model with as many revisions.
    async fn made(&self, at: &str, revisions: u64) -> ModelId {
        let (host, at) = (self.world.host(), key(at));
        let dashboard = &self.world.dashboard;
        let made = dashboard.create(&host, at.clone(), definition("{}"), "");
        let id = made.await.unwrap().definition.registry().unwrap().id;
        for n in 1..revisions {
            let patch = object(&format!(r#"{{"alias":"{n}"}}"#));
            let edited = dashboard.patch(&host, &at, &patch, ANY, "").await;
            edited.unwrap();
        }
        id
    }

    fn revision(&self, id: ModelId, number: u64) -> PathBuf {
        self.path(&format!(".registry/revisions/{id}/{number:08}.json"))
    }

    async fn delete(&self, at: &str) {
        let host = self.world.host();
        let deleted = self.world.dashboard.delete(&host, &key(at), ANY, "").await;
        deleted.unwrap();
    }

    async fn check(&self, repair: bool) -> StorageCheck {
        let host = self.world.host();
        let checked = self.world.dashboard.check_storage(&host, repair, &silent);
        checked.await.unwrap()
    }

    /// What a check finds, without words.
    async fn found(&self, repair: bool) -> Vec<(FindingKind, String, Mending)> {
        let findings = self.check(repair).await.findings.into_iter();
        let found = findings.map(|finding| (finding.kind, finding.at, finding.mending));
        found.collect()
    }

    async fn collect(&self, older_than: Duration, dry_run: bool) -> Garbage {
        let host = self.world.host();
        let dashboard = &self.world.dashboard;
        let collected = dashboard.collect_garbage(&host, older_than, dry_run, &silent);
        collected.await.unwrap()
    }
}

#[tokio::test]
async fn a_store_as_the_registry_left_it_is_well() {
    let here = InFolder::new().await;
    here.made("nnUNet/A", 3).await;
    here.made("nnUNet/B", 1).await;
    here.made("MIST/gone", 1).await;
    let (host, dashboard) = (here.world.host(), &here.world.dashboard);
    let (from, to) = (key("nnUNet/B"), key("MIST/C"));
    dashboard.rename(&host, &from, &to, ANY, "").await.unwrap();
    here.delete("MIST/gone").await;

    let steps = std::sync::Mutex::new(Vec::new());
    let progress = |done: u64, total: u64| steps.lock().unwrap().push((done, total));
    let found = dashboard.check_storage(&host, false, &progress).await;
    let found = found.unwrap();
    assert_eq!(found.findings, []);
    assert!(found.is_well());
    assert_eq!((found.models, found.tombstones), (2, 2));
    assert_eq!((found.histories, found.revisions), (3, 3 + 2 + 2));
    assert_eq!(
        *steps.lock().unwrap(),
        [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    );

    let event = here.world.last_event().await;
    assert_eq!((event.action, &*event.target), (Action::System, "storage"));
    assert_eq!(event.detail, "checked; nothing found");
}

#[tokio::test]
async fn what_others_wrote_is_archived_by_a_repair() {
    let here = InFolder::new().await;
    here.made("nnUNet/A", 1).await;
    here.write("nnUNet/A", r#"{"alias":"theirs"}"#);
    here.write("MIST/theirs", "{}");
    let outside = |at: &str, mending| (FindingKind::ChangedOutside, at.to_owned(), mending);
    let expected = |mending: Mending| {
        [
            outside("MIST/theirs", mending.clone()),
            outside("nnUNet/A", mending),
        ]
    };
    assert_eq!(here.found(false).await, expected(Mending::Possible));
    let repaired = here.check(true).await;
    assert!(repaired.is_well(), "{repaired:?}");
    let event = here.world.last_event().await;
    assert!(
        event.detail.ends_with("mended: MIST/theirs, nnUNet/A"),
        "{}",
        event.detail
    );
    assert_eq!(here.found(false).await, []);
}

#[tokio::test]
async fn a_revision_that_is_not_in_the_history_is_put_there() {
    let here = InFolder::new().await;
    let id = here.made("nnUNet/A", 2).await;
    fs::remove_file(here.revision(id, 2)).unwrap();
    let missing = |mending| [(FindingKind::NotInHistory, "nnUNet/A".to_owned(), mending)];
    assert_eq!(here.found(false).await, missing(Mending::Possible));
    assert_eq!(here.found(true).await, missing(Mending::Done));
    assert!(here.revision(id, 2).exists());
    assert_eq!(here.found(true).await, []);
}

#[tokio::test]
async fn what_was_done_to_a_history_is_told_and_left_alone() {
    let here = InFolder::new().await;
    let id = here.made("nnUNet/A", 6).await;
    let first = here.revision(id, 1);
    let text = fs::read_to_string(&first).unwrap();
    fs::write(&first, text.replace(r#""A""#, r#""B""#)).unwrap();
    for number in [2, 4, 5] {
        fs::remove_file(here.revision(id, number)).unwrap();
    }
    let found = here.check(true).await;
    let words: Vec<(FindingKind, &str)> = found
        .findings
        .iter()
        .map(|finding| (finding.kind, finding.detail.as_str()))
        .collect();
    assert_eq!(
        words,
        [
            (FindingKind::Gap, "revisions 4 to 5 are missing"),
            (FindingKind::Gap, "revision 2 is missing"),
            (
                FindingKind::Falsified,
                "revision 1 is not what was once stored"
            ),
        ]
    );
    assert!(!found.is_well());
    assert_eq!(found.count(FindingKind::Gap), 2);
}

#[tokio::test]
async fn histories_without_a_model_are_told_apart() {
    let here = InFolder::new().await;
    let missing = here.made("nnUNet/Missing", 2).await;
    let copied = here.made("nnUNet/A", 1).await;
    fs::remove_file(here.path("nnUNet/Missing")).unwrap();
    let orphan = ModelId::new();
    let text = fs::read_to_string(here.revision(copied, 1)).unwrap();
    let file = format!(".registry/revisions/{orphan}/00000001.json");
    here.write(&file, &text);
    let found = here.check(true).await;
    let [gone, orphaned] = found.findings.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (gone.kind, &*gone.at),
        (FindingKind::Missing, "nnUNet/Missing")
    );
    assert!(
        gone.detail.contains(&missing.to_string()),
        "{}",
        gone.detail
    );
    assert_eq!(orphaned.kind, FindingKind::Orphaned);
    assert_eq!(orphaned.at, orphan.to_string());
    assert_eq!(orphaned.detail, "the model was called nnUNet/A");
    assert!(here.path(&file).exists());
}

#[tokio::test]
async fn definitions_that_cannot_be_trusted_are_told() {
    let here = InFolder::new().await;
    here.write("nnUNet/broken", "{");
    here.write("nnUNet/B", r#"{"name":"A"}"#);
    let large = " ".repeat(crate::model::MAX_DEFINITION_BYTES + 1);
    here.write("nnUNet/large", &large);
    let repaired = here.check(true).await;
    assert_eq!(repaired.count(FindingKind::ChangedOutside), 2);
    let found = here.check(true).await;
    let told: Vec<(FindingKind, &str)> = found
        .findings
        .iter()
        .map(|finding| (finding.kind, finding.at.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (FindingKind::Broken, "nnUNet/broken"),
            (FindingKind::Broken, "nnUNet/large"),
            (FindingKind::Contradiction, "nnUNet/B"),
        ]
    );
}

#[tokio::test]
async fn what_is_none_of_the_registrys_business_is_counted() {
    let here = InFolder::new().await;
    here.write("readme.txt", "");
    here.write("nnUNet/assets/deep/x.png", "");
    here.write(".registry/strange", "");
    here.write(".registry/revisions/strange/x", "");
    let found = here.check(true).await;
    assert!(found.is_well());
    let others: Vec<&str> = found.findings.iter().map(|it| it.at.as_str()).collect();
    assert_eq!(
        others,
        [
            ".registry/revisions/strange/",
            ".registry/strange",
            "nnUNet/assets/",
            "readme.txt"
        ]
    );
}

#[tokio::test]
async fn an_interrupted_rename_is_finished_by_a_repair() {
    let here = InFolder::new().await;
    let id = here.made("nnUNet/A", 1).await;
    let before = fs::read_to_string(here.path("nnUNet/A")).unwrap();
    let belongs = fs::read_to_string(here.path(".registry/keys/nnUNet/A")).unwrap();
    let (host, dashboard) = (here.world.host(), &here.world.dashboard);
    let (from, to) = (key("nnUNet/A"), key("nnUNet/B"));
    dashboard.rename(&host, &from, &to, ANY, "").await.unwrap();
    // As a crash after the first step leaves it.
    here.write("nnUNet/A", &before);
    here.write(".registry/keys/nnUNet/A", &belongs);
    fs::remove_file(here.path(".registry/keys/nnUNet/B")).unwrap();
    fs::remove_file(here.revision(id, 2)).unwrap();

    let renamed = |mending| {
        [(
            FindingKind::InterruptedRename,
            "nnUNet/B".to_owned(),
            mending,
        )]
    };
    assert_eq!(here.found(false).await, renamed(Mending::Possible));
    assert_eq!(here.found(true).await, renamed(Mending::Done));
    assert_eq!(here.found(true).await, []);
    let old = fs::read_to_string(here.path("nnUNet/A")).unwrap();
    assert!(old.contains(r#""moved_to":"nnUNet/B""#), "{old}");
}

#[tokio::test]
async fn old_tombstones_are_purged_and_histories_stay() {
    let here = InFolder::new().await;
    let id = here.made("nnUNet/A", 2).await;
    here.made("nnUNet/B", 1).await;
    here.delete("nnUNet/A").await;
    let young = here.collect(WEEK, false).await;
    assert_eq!((young.removed, young.too_young), (0, 1));

    let tried = here.collect(Duration::ZERO, true).await;
    assert_eq!((tried.removed, tried.found[0].at.as_str()), (1, "nnUNet/A"));
    assert!(here.path("nnUNet/A").exists());
    let collected = here.collect(Duration::ZERO, false).await;
    assert_eq!(collected.found, tried.found);
    assert!(!here.path("nnUNet/A").exists() && here.path("nnUNet/B").exists());
    let event = here.world.last_event().await;
    assert_eq!(event.detail, "garbage collected: 1; removed: nnUNet/A");
    assert!(here.revision(id, 3).exists());
    assert!(here.check(false).await.is_well());

    here.world.dashboard.inner.catalog.refresh().await.unwrap();
    assert_eq!(here.collect(Duration::ZERO, false).await.found, []);
    // What is created there goes on with the history.
    let (host, at) = (here.world.host(), key("nnUNet/A"));
    let anew = here.world.dashboard.create(&host, at, definition("{}"), "");
    let registry = anew.await.unwrap().definition.registry().unwrap();
    assert_eq!((registry.id, registry.revision), (id, 4));
}

#[tokio::test]
async fn what_trying_the_store_left_behind_is_removed() {
    let here = InFolder::new().await;
    let old = ".registry/probe/01DXF6DT000000000000000000";
    here.write(old, "");
    let new = format!(".registry/probe/{}", ulid::Ulid::generate());
    here.write(&new, "");
    assert_eq!(
        here.found(true).await,
        [(FindingKind::LeftOver, old.to_owned(), Mending::Possible)]
    );
    let collected = here.collect(WEEK, false).await;
    assert_eq!((collected.removed, collected.too_young), (1, 1));
    assert_eq!(collected.found[0].kind, GarbageKind::LeftOver);
    assert!(!here.path(old).exists() && here.path(&new).exists());
}

#[tokio::test]
async fn a_store_that_cannot_remove_on_condition_keeps_its_tombstones() {
    let repository = ObjectRepository::in_memory();
    let models: Arc<dyn ModelRepository> = Arc::new(repository.clone());
    let world = World::with(|builder| builder.repository(models)).await;
    let (host, dashboard) = (world.host(), &world.dashboard);
    let at = key("nnUNet/A");
    let made = dashboard.create(&host, at.clone(), definition("{}"), "");
    made.await.unwrap();
    dashboard.delete(&host, &at, ANY, "").await.unwrap();
    for dry_run in [true, false] {
        let kept = dashboard.collect_garbage(&host, Duration::ZERO, dry_run, &silent);
        let kept = kept.await.unwrap();
        assert_eq!((kept.removed, kept.found[0].kept), (0, Some(Kept::Unsafe)));
    }
    assert!(repository.get(&at).await.is_ok());
    let found = dashboard.check_storage(&host, true, &silent).await.unwrap();
    assert!(found.is_well());
}

#[tokio::test]
async fn a_store_that_is_gone_ends_a_check_and_is_not_full_of_findings() {
    let here = InFolder::new().await;
    here.made("nnUNet/A", 1).await;
    fs::rename(here.path(".registry"), here.path("away")).unwrap();
    let (host, dashboard) = (here.world.host(), &here.world.dashboard);
    let checked = dashboard.check_storage(&host, true, &silent).await;
    let gone = matches!(
        checked,
        Err(Error::Unavailable { .. } | Error::Repository(_))
    );
    assert!(gone, "{checked:?}");
    let event = here.world.last_event().await;
    assert!(event.detail.contains("ended early"), "{}", event.detail);
}

#[tokio::test]
async fn a_check_beside_writers_finds_nothing() {
    let here = InFolder::new().await;
    let done = AtomicU32::new(0);
    let writers = async {
        let edits = (0..4).map(|n| here.made_and_done(n, &done));
        futures::future::join_all(edits).await;
    };
    let checks = async {
        while done.load(Ordering::SeqCst) < 4 {
            let found = here.check(false).await;
            assert_eq!(found.findings, []);
        }
    };
    tokio::join!(writers, checks);
}

impl InFolder {
    async fn made_and_done(&self, n: u32, done: &AtomicU32) {
        self.made(&format!("nnUNet/{n}"), 10).await;
        done.fetch_add(1, Ordering::SeqCst);
    }
}

#[expect(dead_code, reason = "only compiled")]
fn both_can_be_spawned(dashboard: &Dashboard, caller: &Caller) {
    fn spawned(_: impl Future + Send) {}
    spawned(dashboard.check_storage(caller, true, &silent));
    spawned(dashboard.collect_garbage(caller, WEEK, true, &silent));
}
