//! Restarts from a snapshot, good, damaged and foreign.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::steered::Steered;
use super::{change, definition, key};
use crate::catalog::{Catalog, CatalogOptions, Entry, Picture, snapshot};
use crate::repository::{ModelRepository, Precondition};

async fn repository() -> Arc<Steered> {
    let repository = Arc::new(Steered::default());
    for n in 0..300 {
        let at = key(&format!("nnUNet/m{n}"));
        let content = definition(&json!({
            "name": at.name.as_str(), "network_type": "nnUNet", "enabled": n % 3 == 0,
            "alias": format!("Ünïcode \"{n}\"\n"), "version": format!("{n}.1"),
            "description": "x".repeat(n), "create_date": "1/2/24",
            "contour_names": { "1": format!("organ{n}") },
            "registry": { "owner": "radiology", "tags": ["ct", format!("t{n}")] },
        }));
        repository
            .put(&at, &content, &Precondition::Absent, &change())
            .await
            .unwrap();
    }
    repository
        .delete(&key("nnUNet/m7"), &Precondition::Exists, &change())
        .await
        .unwrap();
    repository
        .inner
        .write_outside(&key("MIST/broken"), *b"{ \"a\": ");
    repository.inner.write_outside(
        &key("MIST/legacy"),
        *br#"{"alias":"old","create_date":"?"}"#,
    );
    repository
}

fn catalog(repository: &Arc<Steered>, path: &Path) -> Catalog {
    let options = CatalogOptions {
        snapshot: Some(path.to_owned()),
        ..CatalogOptions::default()
    };
    Catalog::new(repository.clone(), options)
}

fn shown(entry: &Entry) -> String {
    format!(
        "{entry:?} {:?} {} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {:?} {:?}",
        entry.list_json(),
        entry.alias(),
        entry.description(),
        entry.created(),
        entry.modified(),
        entry.modified_at(),
        entry.modified_by(),
        entry.owner(),
        entry.tags().collect::<Vec<_>>(),
        entry.id(),
        entry.revision(),
        entry.contradicts_key(),
        entry.has_wrong_types(),
        entry.label_count(),
        entry.broken(),
        entry.tombstone(),
    )
}

fn read(path: &Path, location: &str) -> Result<usize, snapshot::SnapshotError> {
    let mut count = 0;
    snapshot::read(path, location, |_| count += 1)?;
    Ok(count)
}

fn everything(picture: &Picture) -> Vec<String> {
    let known = picture.keys.iter();
    known
        .map(|&slot| shown(picture.entry(slot)) + picture.words(slot))
        .collect()
}

#[tokio::test]
async fn a_restart_reads_only_what_changed_since_the_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache/catalogue");
    let repository = repository().await;
    let before = catalog(&repository, &path);
    before.load().await.unwrap();
    before.save().await;

    repository.gets.store(0, Ordering::SeqCst);
    let after = catalog(&repository, &path);
    after.load().await.unwrap();
    assert_eq!(repository.gets.load(Ordering::SeqCst), 0);
    assert_eq!(everything(&before.current()), everything(&after.current()));
    assert_eq!(before.current().version(), after.current().version());

    repository
        .inner
        .write_outside(&key("nnUNet/m1"), *br#"{"alias":"newer"}"#);
    let later = catalog(&repository, &path);
    later.load().await.unwrap();
    assert_eq!(repository.gets.load(Ordering::SeqCst), 1);
    assert_eq!(
        later.current().get(&key("nnUNet/m1")).unwrap().alias(),
        "newer"
    );
}

#[tokio::test]
async fn a_restart_takes_types_that_cannot_be_listed_from_the_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue");
    let repository = repository().await;
    let before = catalog(&repository, &path);
    before.load().await.unwrap();
    before.save().await;

    let unlistable = key("nnUNet/x").network_type;
    *repository.unlistable_types.lock().unwrap() = [unlistable].into();
    let after = catalog(&repository, &path);
    let newer = repository.get(&key("nnUNet/m1")).await.unwrap();
    after.apply(&newer);
    after.load().await.unwrap();
    assert_eq!(everything(&before.current()), everything(&after.current()));
}

#[tokio::test]
async fn following_writes_the_snapshot_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue");
    let repository = repository().await;
    let first = catalog(&repository, &path);
    first.load().await.unwrap();
    first.follow(std::future::ready(())).await;
    assert_eq!(read(&path, "memory").unwrap(), 302);
    // Nothing changed, so nothing is written again.
    std::fs::remove_file(&path).unwrap();
    first.save().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn damaged_snapshots_are_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue");
    let repository = repository().await;
    let first = catalog(&repository, &path);
    first.load().await.unwrap();
    first.save().await;
    let good = std::fs::read(&path).unwrap();
    assert!(read(&path, "memory").is_ok());

    for length in (0..good.len())
        .step_by(997)
        .chain(good.len() - 8..good.len())
    {
        std::fs::write(&path, &good[..length]).unwrap();
        assert!(read(&path, "memory").is_err(), "cut at {length}");
    }
    for place in (0..good.len()).step_by(997).chain(0..200) {
        let mut damaged = good.clone();
        damaged[place] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        assert!(read(&path, "memory").is_err(), "flipped at {place}");
    }

    let second = catalog(&repository, &path);
    second.load().await.unwrap();
    assert_eq!(everything(&first.current()), everything(&second.current()));
}

#[tokio::test]
async fn the_snapshot_of_another_repository_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue");
    let repository = repository().await;
    let first = catalog(&repository, &path);
    first.load().await.unwrap();
    first.save().await;
    let error = read(&path, "file:///elsewhere").unwrap_err();
    assert!(
        matches!(error, snapshot::SnapshotError::Foreign),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_written_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let repository = repository().await;
    let catalog = catalog(&repository, &folder.path().join("a\0b/catalogue"));
    catalog.load().await.unwrap();
    catalog.save().await;
    assert_eq!(catalog.current().len(), 301);
}
