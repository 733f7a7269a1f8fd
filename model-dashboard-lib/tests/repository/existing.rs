//! The bucket of the existing system, as a folder.

use std::fs;
use std::path::Path;

use model_dashboard::model::{DuplicateKeys, ModelDefinition};
use model_dashboard::repository::{ModelRepository, ObjectRepository, Precondition};

use super::{because, history, info, key, read};

const BUCKET: &str = "tests/fixtures/existing-installation/bucket";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

async fn open() -> (tempfile::TempDir, ObjectRepository) {
    let folder = tempfile::tempdir().unwrap();
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(BUCKET),
        folder.path(),
    );
    let repository = ObjectRepository::open_folder(folder.path()).await.unwrap();
    (folder, repository)
}

const MODELS: [&str; 10] = [
    "MIST/ProstateZones",
    "TotalSegmentatorV2/Dataset291_TotalSegmentator_part1_organs_1559subj",
    "nnUNet/Name With Spaces (v2)",
    "nnUNet/Task055_SegTHOR",
    "nnUNet/Task099_Broken",
    "nnUNet/Task100_Empty",
    "nnUNet/Task101_WrongType",
    "nnUNet_v2/Dataset220_KiTS2023",
    "tensorflow/LegacyLung",
    "vista3d/AbdomenMulti",
];

#[tokio::test]
async fn everything_is_listed_and_read_as_it_is() {
    let (folder, repository) = open().await;
    let mut listing = repository.list().await.unwrap();
    let mut keys: Vec<_> = listing.models.iter().map(|m| m.key.to_string()).collect();
    keys.sort();
    assert_eq!(keys, MODELS);
    listing.others.sort();
    assert_eq!(
        listing.others,
        ["README.txt", "nnUNet/Task055_SegTHOR_assets/"]
    );
    for listed in listing.models {
        let stored = repository.get(&listed.key).await.unwrap();
        let file = fs::read(folder.path().join(listed.key.to_string())).unwrap();
        assert_eq!((&*stored.bytes, stored.stamp), (&*file, listed.stamp));
    }
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_nothing_else() {
    let (folder, repository) = open().await;
    for name in MODELS {
        let at = key(name);
        let before = repository.get(&at).await.unwrap();
        let Ok(mut content) = ModelDefinition::parse(&before.bytes, DuplicateKeys::LastWins) else {
            continue;
        };
        content.set_description("edited");
        let unchanged = Precondition::Version(before.version);
        let edited = repository
            .put(&at, &content, &unchanged, &because(""))
            .await
            .unwrap();
        let original = ModelDefinition::parse(&before.bytes, DuplicateKeys::LastWins).unwrap();
        let members = |definition: &ModelDefinition| -> Vec<(String, String)> {
            let members = definition.as_object().iter();
            let kept = members.filter(|(member, _)| !["description", "registry"].contains(member));
            kept.map(|(member, text)| (member.to_owned(), text.to_owned()))
                .collect()
        };
        assert_eq!(members(&read(&edited)), members(&original), "{name}");
        assert_eq!(read(&edited).description(), "edited");
        let archived = history(&repository, info(&edited).id).await;
        assert_eq!(archived, [before.bytes, edited.bytes], "{name}");
    }
    let text = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(
        text("README.txt"),
        fs::read(Path::new(BUCKET).join("README.txt")).unwrap()
    );
}

#[tokio::test]
async fn what_is_broken_is_mended_and_stays_in_the_history() {
    let (_folder, repository) = open().await;
    for name in ["nnUNet/Task099_Broken", "nnUNet/Task100_Empty"] {
        let at = key(name);
        let broken = repository.get(&at).await.unwrap();
        assert!(ModelDefinition::parse(&broken.bytes, DuplicateKeys::LastWins).is_err());
        let content = ModelDefinition::new(&at);
        let unchanged = Precondition::Version(broken.version);
        let mended = repository
            .put(&at, &content, &unchanged, &because("mend"))
            .await
            .unwrap();
        let archived = history(&repository, info(&mended).id).await;
        assert_eq!(archived, [broken.bytes, mended.bytes]);
    }
}

#[tokio::test]
async fn the_first_look_archives_everything_once_and_changes_nothing() {
    let (folder, repository) = open().await;
    let again = ObjectRepository::open_folder(folder.path()).await.unwrap();
    for (first, repository) in [(true, &repository), (false, &again)] {
        for listed in repository.list().await.unwrap().models {
            let stored = repository.get(&listed.key).await.unwrap();
            assert_eq!(
                repository.reconcile(&stored).await.unwrap(),
                first,
                "{}",
                listed.key
            );
            assert_eq!(repository.get(&listed.key).await.unwrap(), stored);
        }
    }
    let ids = fs::read_dir(folder.path().join(".registry/revisions")).unwrap();
    assert_eq!(ids.count(), MODELS.len());
}
