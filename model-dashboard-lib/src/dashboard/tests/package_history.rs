//! Packages through the history of a model: what changed in them, and going back to one.

use super::packages::Packages;
use super::*;
use crate::model::LabelChangeKind;
use crate::package::inspect::{FileChangeKind, ReportComparison};
use crate::repository::ObjectRepository;
use crate::repository::packages::PackageId;

const ANY: Precondition = Precondition::Exists;
const TWO_FOLDS: &[u8] = include_bytes!("../../../tests/packages/genuine/nnunet_v2_two_folds.zip");
const FOLD_ALL: &[u8] = include_bytes!("../../../tests/packages/genuine/nnunet_v2_fold_all.zip");

/// Models and packages in the same store.
async fn in_one(repository: ObjectRepository) -> Packages {
    let store = repository.packages();
    let models = Arc::new(repository);
    let world = World::with(|builder| builder.repository(models).packages(store.clone())).await;
    Packages {
        world,
        store,
        folder: tempfile::tempdir().unwrap(),
    }
}

struct There {
    packages: Packages,
    key: ModelKey,
    host: Caller,
}

impl There {
    /// A model whose revisions have no package, this one, that one.
    async fn with(repository: ObjectRepository, first: &[u8], second: &[u8]) -> There {
        let packages = in_one(repository).await;
        let host = packages.world.host();
        let key = key("nnUNet_v2/Liver");
        let dashboard = packages.dashboard();
        let made = dashboard.create(&host, key.clone(), definition("{}"), "");
        made.await.unwrap();
        let there = There {
            packages,
            key,
            host,
        };
        there.give("first.zip", first).await;
        there.give("second.zip", second).await;
        there
    }

    fn dashboard(&self) -> &Dashboard {
        self.packages.dashboard()
    }

    async fn give(&self, name: &str, bytes: &[u8]) -> PackageId {
        let id = self.packages.uploaded(&self.host, name, bytes).await;
        let giving = Giving::taking(&[]).breaking();
        let given = self
            .dashboard()
            .publish_upload(&self.host, id, &self.key, giving, ANY, "");
        given.await.unwrap();
        id
    }

    async fn compared(&self, from: u64, to: u64) -> Option<PackageDifference> {
        let (dashboard, host) = (self.dashboard(), &self.host);
        let found = dashboard.compare(host, &self.key, from, to).await.unwrap();
        let (was, is) = (&found.from.content, &found.to.content);
        let compared = dashboard.compare_packages(host, &self.key, was, is);
        compared.await.unwrap()
    }

    /// The name of the package that the model has, and its bytes.
    async fn fetched(&self) -> (String, Vec<u8>) {
        let (dashboard, host) = (self.dashboard(), &self.host);
        let package = dashboard.package(host, &self.key).await.unwrap();
        let found = dashboard.package_record(host, &package).await.unwrap();
        assert!(found.unwrap().report.is_some());
        let whole = 0..package.head.size;
        let mut pieces = dashboard.read_package(host, &package, whole).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await.unwrap() {
            bytes.extend_from_slice(&piece);
        }
        (package.head.file_name, bytes)
    }

    async fn restore(&self, number: u64, confirmed: Confirmed) -> Model {
        let (dashboard, key) = (self.dashboard(), &self.key);
        let restored = dashboard.restore(&self.host, key, number, confirmed, ANY, "");
        restored.await.unwrap()
    }

    async fn collect(&self) {
        let silent = |_, _| {};
        let collected =
            self.dashboard()
                .collect_garbage(&self.host, Duration::ZERO, false, &silent);
        collected.await.unwrap();
    }
}

fn kinds(found: &ReportComparison) -> Vec<(&str, FileChangeKind)> {
    let files = found.files.iter();
    files.map(|it| (it.path.as_str(), it.kind)).collect()
}

#[tokio::test]
async fn packages_of_revisions_are_compared_file_by_file() {
    let there = There::with(ObjectRepository::in_memory(), TWO_FOLDS, FOLD_ALL).await;
    let found = there.compared(2, 3).await.unwrap();
    let contents = found.contents.as_ref().unwrap();
    assert!(
        contents.count(FileChangeKind::Added) > 0 && contents.count(FileChangeKind::Removed) > 0
    );
    assert!(!contents.labels.is_empty(), "{contents:?}");
    assert!(
        contents
            .labels
            .iter()
            .any(|it| it.kind == LabelChangeKind::Redefined || it.kind == LabelChangeKind::Removed)
    );
    for file in &contents.files {
        assert_eq!(
            file.before.is_none(),
            file.kind == FileChangeKind::Added,
            "{file:?}"
        );
        assert_eq!(
            file.after.is_none(),
            file.kind == FileChangeKind::Removed,
            "{file:?}"
        );
        let states = [file.before, file.after].into_iter().flatten();
        assert!(states.into_iter().all(|it| it.crc32.is_some()), "{file:?}");
    }
    let sides = [&found.before, &found.after].map(|side| side.package().unwrap().clone());
    let names = sides.map(|it| it.head.unwrap().file_name);
    assert_eq!(names, ["first.zip", "second.zip"]);

    // A package where none was is all new, and misleads nobody; the other way round it is all gone.
    let came = there.compared(1, 2).await.unwrap();
    assert!(came.before == PackageSide::None && came.after.package().is_some());
    let contents = came.contents.unwrap();
    assert!(!contents.files.is_empty() && !contents.is_breaking());
    assert!(
        kinds(&contents)
            .iter()
            .all(|it| it.1 == FileChangeKind::Added)
    );
    let went = there.compared(2, 1).await.unwrap().contents.unwrap();
    assert!(
        kinds(&went)
            .iter()
            .all(|it| it.1 == FileChangeKind::Removed)
    );

    // The same bytes under another name differ in nothing; the same package is none.
    there.give("third.zip", TWO_FOLDS).await;
    let same = there.compared(2, 4).await.unwrap().contents.unwrap();
    assert!(same.is_empty() && same.same_files > 0, "{same:?}");
    assert_eq!(there.compared(3, 3).await, None);
}

#[tokio::test]
async fn a_package_that_was_purged_is_told_and_not_compared() {
    let there = There::with(ObjectRepository::in_memory(), TWO_FOLDS, FOLD_ALL).await;
    let (dashboard, host) = (there.dashboard(), &there.host);
    let digest = crate::model::ContentDigest::of(TWO_FOLDS);
    let silent = |_, _| {};
    let purged = dashboard.purge_package(host, digest, "patients", &silent);
    purged.await.unwrap();
    let found = there.compared(2, 3).await.unwrap();
    assert_eq!(found.contents, None);
    let (before, after) = (
        found.before.package().unwrap(),
        found.after.package().unwrap(),
    );
    assert!(!before.is_there() && after.is_there());
    let removed = before.head.as_ref().unwrap().removed.as_ref().unwrap();
    assert_eq!(removed.reason, "patients");
    // The definition comes back, its bytes do not, and that is told.
    there.restore(2, Confirmed::default()).await;
    let gone = dashboard.package(host, &there.key).await;
    assert!(matches!(gone, Err(Error::Removed { .. })), "{gone:?}");

    // What another program has written there is no package.
    let odd = definition(
        r#"{"registry":{"id":"01JQW3W2M4T8N0V5K6Y7Z8A9BC","revision":1,"package":"../x"}}"#,
    );
    let odd = RevisionContent::Definition(Box::new(odd));
    let deleted = RevisionContent::Deleted;
    let compared = dashboard.compare_packages(host, &there.key, &odd, &deleted);
    let compared = compared.await.unwrap().unwrap();
    assert_eq!(compared.before.package().unwrap().head, None);
    assert_eq!(
        (compared.after, compared.contents),
        (PackageSide::None, None)
    );

    // Of what cannot be read nobody knows whether it has one.
    let broken = RevisionContent::Unreadable("no JSON".to_owned());
    for other in [&odd, &deleted, &broken] {
        let compared = dashboard.compare_packages(host, &there.key, &broken, other);
        let compared = compared.await.unwrap().unwrap();
        assert_eq!(
            (compared.before, compared.contents),
            (PackageSide::Unreadable, None)
        );
    }
}

/// Nothing that an earlier revision names is garbage, so it can always be gone back to.
async fn brings_its_package_back(repository: ObjectRepository) {
    let there = There::with(repository, TWO_FOLDS, FOLD_ALL).await;
    let (dashboard, host) = (there.dashboard(), &there.host);
    there.collect().await;
    assert_eq!(
        there.fetched().await,
        ("second.zip".to_owned(), FOLD_ALL.to_vec())
    );
    let restored = there.restore(2, Confirmed::default().breaking()).await;
    assert_eq!(restored.revision(), Some(4));
    assert_eq!(
        there.fetched().await,
        ("first.zip".to_owned(), TWO_FOLDS.to_vec())
    );
    assert_eq!(there.compared(2, 4).await, None);
    // To the state before it had any, and back again.
    there.restore(1, Confirmed::default()).await;
    there.collect().await;
    let none = dashboard.package(host, &there.key).await;
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    there.restore(3, Confirmed::default()).await;
    assert_eq!(
        there.fetched().await,
        ("second.zip".to_owned(), FOLD_ALL.to_vec())
    );

    // Through a deletion, too.
    dashboard.delete(host, &there.key, ANY, "").await.unwrap();
    there.collect().await;
    let back = dashboard.bring_back(host, &there.key, Some(2), "");
    assert!(!back.await.unwrap().definition.enabled());
    assert_eq!(
        there.fetched().await,
        ("first.zip".to_owned(), TWO_FOLDS.to_vec())
    );
}

#[tokio::test]
async fn restoring_a_revision_brings_its_package_back_in_memory() {
    brings_its_package_back(ObjectRepository::in_memory()).await;
}

#[tokio::test]
async fn restoring_a_revision_brings_its_package_back_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    brings_its_package_back(repository).await;
}
