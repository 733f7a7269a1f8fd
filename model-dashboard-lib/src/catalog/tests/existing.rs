//! The bucket of an existing installation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{Catalog, CatalogOptions, EntryState, Query, StateFilter};
use crate::model::ModelKey;
use crate::repository::MemoryRepository;

use super::{key, keys};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

async fn existing() -> Catalog {
    let bucket =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/existing-installation/bucket");
    let repository = MemoryRepository::new();
    for file in files(&bucket) {
        let path = file.strip_prefix(&bucket).unwrap().to_str().unwrap();
        if let Ok(key) = path.parse::<ModelKey>() {
            repository.write_outside(&key, std::fs::read(&file).unwrap());
        }
    }
    let catalog = Catalog::new(Arc::new(repository), CatalogOptions::default());
    catalog.load().await.unwrap();
    catalog
}

#[tokio::test]
async fn everything_readable_is_there_and_the_rest_is_broken_with_a_reason() {
    let picture = existing().await.current();
    let with = |state| {
        keys(
            &picture,
            &Query {
                state,
                ..Query::default()
            },
        )
    };
    assert_eq!(
        with(StateFilter::Valid),
        [
            "MIST/ProstateZones",
            "TotalSegmentatorV2/Dataset291_TotalSegmentator_part1_organs_1559subj",
            "nnUNet/Name With Spaces (v2)",
            "nnUNet/Task055_SegTHOR",
            "nnUNet/Task101_WrongType",
            "nnUNet_v2/Dataset220_KiTS2023",
            "tensorflow/LegacyLung",
            "vista3d/AbdomenMulti",
        ]
    );
    assert_eq!(
        with(StateFilter::Broken),
        ["nnUNet/Task099_Broken", "nnUNet/Task100_Empty"]
    );
    for entry in picture.broken() {
        assert_eq!(entry.state(), EntryState::Broken);
        let broken = entry.broken().unwrap();
        assert!(
            !broken.reason.is_empty() && broken.position.is_some(),
            "{broken:?}"
        );
        assert_eq!(entry.list_json(), None);
    }
    let counts = picture.counts();
    assert_eq!((counts.all, counts.broken), (10, 2));
    assert_eq!(picture.entries_json().count(), 8);
    assert!(
        picture
            .get(&key("nnUNet/Task101_WrongType"))
            .unwrap()
            .contradicts_key()
    );
}

#[tokio::test]
async fn a_legacy_bucket_is_not_archived_at_the_start() {
    let catalog = existing().await;
    assert!(catalog.inner.following.lock().await.unchecked.is_empty());
}
