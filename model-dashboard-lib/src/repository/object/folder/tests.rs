#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use super::FolderStore;
use super::faults::may_pass;
use super::swap::shard;
use crate::model::{ModelDefinition, ModelKey, Timestamp, Via};
use crate::repository::object::ObjectRepository;
use crate::repository::object::conditional::{Condition, ConditionalStore, Fault};
use crate::repository::object::keys::StoreKey;
use crate::repository::{Change, ModelRepository, Precondition, RepositoryError, StoredModel};

fn key(text: &str) -> ModelKey {
    text.parse().unwrap()
}

fn because() -> Change {
    Change {
        by: "mkeller".to_owned(),
        source: None,
        via: Via::Api,
        at: Timestamp::now(),
        message: String::new(),
    }
}

async fn put(
    repository: &ObjectRepository,
    at: &str,
    precondition: Precondition,
) -> Result<StoredModel, RepositoryError> {
    let content = ModelDefinition::new(&key(at));
    repository
        .put(&key(at), &content, &precondition, &because())
        .await
}

async fn open(path: &Path) -> ObjectRepository {
    ObjectRepository::open_folder(path).await.unwrap()
}

#[tokio::test]
async fn a_folder_that_is_missing_is_created_for_its_owner_and_group_alone() {
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("deep").join("models");
    let repository = open(&path).await;
    put(&repository, "nnUNet/A", Precondition::Absent)
        .await
        .unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o750);
        assert_eq!(mode(&path.join("nnUNet")), 0o750);
        assert_eq!(mode(&path.join("nnUNet/A")), 0o640);
    }
    assert_eq!(
        repository.location(),
        fs::canonicalize(&path).unwrap().display().to_string()
    );
}

#[tokio::test]
async fn a_path_that_is_no_folder_is_said_so() {
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("file");
    fs::write(&path, "").unwrap();
    let refused = ObjectRepository::open_folder(&path).await.unwrap_err();
    let named = refused.to_string().contains(&path.display().to_string());
    assert!(
        named && matches!(refused, RepositoryError::Unavailable { .. }),
        "{refused}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "{\"a\":1}").unwrap();
    fs::create_dir(outside.path().join("folder")).unwrap();
    fs::write(outside.path().join("folder/inner"), "{\"a\":1}").unwrap();
    let root = tempfile::tempdir().unwrap();
    let repository = open(root.path()).await;
    put(&repository, "nnUNet/Real", Precondition::Absent)
        .await
        .unwrap();
    symlink(
        outside.path().join("secret"),
        root.path().join("nnUNet/Link"),
    )
    .unwrap();
    symlink(
        outside.path().join("nothing"),
        root.path().join("nnUNet/Dangling"),
    )
    .unwrap();
    symlink(outside.path().join("folder"), root.path().join("Linked")).unwrap();
    symlink("Real", root.path().join("nnUNet/Inside")).unwrap();

    let mut listing = repository.list().await.unwrap();
    listing.others.sort();
    assert_eq!(
        listing.others,
        ["Linked", "nnUNet/Dangling", "nnUNet/Inside", "nnUNet/Link"]
    );
    assert_eq!(listing.models.len(), 1);
    for linked in [
        "nnUNet/Link",
        "nnUNet/Dangling",
        "nnUNet/Inside",
        "Linked/inner",
    ] {
        let read = repository.get(&key(linked)).await;
        assert!(
            matches!(read, Err(RepositoryError::NotFound { .. })),
            "{linked}: {read:?}"
        );
        let written = put(&repository, linked, Precondition::Absent).await;
        let error = written.unwrap_err();
        assert!(error.to_string().contains("link"), "{linked}: {error}");
    }
    assert_eq!(
        fs::read(outside.path().join("secret")).unwrap(),
        b"{\"a\":1}"
    );
    assert_eq!(
        fs::read_dir(outside.path().join("folder")).unwrap().count(),
        1
    );
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_folder_itself_may_be_reached_by_a_link() {
    let real = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let link = outside.path().join("models");
    #[cfg(unix)]
    std::os::unix::fs::symlink(real.path(), &link).unwrap();
    let repository = open(&link).await;
    put(&repository, "nnUNet/A", Precondition::Absent)
        .await
        .unwrap();
    assert!(real.path().join("nnUNet/A").is_file());
}

#[cfg(unix)]
#[tokio::test]
async fn names_that_are_no_text_do_not_hide_the_others() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let root = tempfile::tempdir().unwrap();
    let repository = open(root.path()).await;
    put(&repository, "nnUNet/A", Precondition::Absent)
        .await
        .unwrap();
    let bad = OsStr::from_bytes(b"caf\xe9");
    fs::write(root.path().join("nnUNet").join(bad), "{}").unwrap();
    fs::create_dir(root.path().join(bad)).unwrap();
    fs::write(root.path().join("nnUNet/line\nbreak"), "{}").unwrap();
    let mut listing = repository.list().await.unwrap();
    listing.others.sort();
    assert_eq!(
        listing.others,
        ["caf\u{fffd}", "nnUNet/caf\u{fffd}", "nnUNet/line\nbreak"]
    );
    assert_eq!(listing.models.len(), 1);
}

#[tokio::test]
async fn files_and_folders_in_the_way_are_named() {
    let root = tempfile::tempdir().unwrap();
    let repository = open(root.path()).await;
    fs::create_dir_all(root.path().join("nnUNet/Assets")).unwrap();
    fs::write(root.path().join("README.txt"), "").unwrap();
    for (at, found) in [("nnUNet/Assets", "a folder"), ("README.txt/A", "a file")] {
        let read = repository.get(&key(at)).await;
        assert!(
            matches!(read, Err(RepositoryError::NotFound { .. })),
            "{read:?}"
        );
        let error = put(&repository, at, Precondition::Absent)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(found), "{error}");
    }
}

#[tokio::test]
async fn a_name_too_long_for_a_file_is_not_found() {
    let root = tempfile::tempdir().unwrap();
    let repository = open(root.path()).await;
    let long = format!("nnUNet/{}", "x".repeat(300));
    let read = repository.get(&key(&long)).await;
    assert!(
        matches!(read, Err(RepositoryError::NotFound { .. })),
        "{read:?}"
    );
    let written = put(&repository, &long, Precondition::Absent).await;
    assert!(
        matches!(written, Err(RepositoryError::Unavailable { .. })),
        "{written:?}"
    );
}

#[tokio::test]
async fn what_a_crash_left_is_not_listed_and_goes_when_it_is_old() {
    let root = tempfile::tempdir().unwrap();
    let repository = open(root.path()).await;
    put(&repository, "nnUNet/A", Precondition::Absent)
        .await
        .unwrap();
    let temporary = root.path().join(".registry/tmp");
    assert_eq!(
        fs::read_dir(&temporary).unwrap().count(),
        0,
        "a write leaves nothing"
    );
    let (old, young) = (temporary.join("old"), temporary.join("young"));
    fs::write(&old, "half a defin").unwrap();
    fs::write(&young, "half a defin").unwrap();
    let hours_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
    fs::File::options()
        .write(true)
        .open(&old)
        .unwrap()
        .set_modified(hours_ago)
        .unwrap();
    let listing = repository.list().await.unwrap();
    assert_eq!((listing.models.len(), listing.others.len()), (1, 0));
    drop(open(root.path()).await);
    assert!(!old.exists());
    assert!(young.exists(), "it may belong to a writer at work");
}

#[tokio::test]
async fn a_folder_that_is_gone_is_not_an_empty_one() {
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("models");
    let repository = open(&path).await;
    put(&repository, "nnUNet/A", Precondition::Absent)
        .await
        .unwrap();
    fs::rename(&path, outside.path().join("elsewhere")).unwrap();
    let check = async || {
        let unavailable = [
            repository.list().await.map(|_| ()),
            repository.get(&key("nnUNet/A")).await.map(|_| ()),
            put(&repository, "nnUNet/B", Precondition::Absent)
                .await
                .map(|_| ()),
            repository.probe().await,
            repository.marker().await.map(|_| ()),
        ];
        for outcome in unavailable {
            assert!(
                matches!(outcome, Err(RepositoryError::Unavailable { .. })),
                "{outcome:?}"
            );
        }
    };
    check().await;
    assert!(
        !path.exists(),
        "nothing was written where the models are not"
    );
    // What is left of a volume that is no longer mounted.
    fs::create_dir(&path).unwrap();
    check().await;
    fs::remove_dir(&path).unwrap();
    fs::rename(outside.path().join("elsewhere"), &path).unwrap();
    repository.get(&key("nnUNet/A")).await.unwrap();
}

#[tokio::test]
async fn writers_wait_for_a_lock_that_someone_else_holds() {
    let root = tempfile::tempdir().unwrap();
    let repository = open(root.path()).await;
    let stored = put(&repository, "nnUNet/A", Precondition::Absent)
        .await
        .unwrap();
    let name = format!("{:02x}", shard(&StoreKey::definition(&stored.key)));
    let lock = fs::File::open(root.path().join(".registry/locks").join(name)).unwrap();
    lock.lock().unwrap();
    let writing = tokio::spawn({
        let repository = repository.clone();
        async move { put(&repository, "nnUNet/A", Precondition::Exists).await }
    });
    // Readers need not wait.
    assert_eq!(repository.get(&stored.key).await.unwrap(), stored);
    assert!(!writing.is_finished());
    lock.unlock().unwrap();
    let written = writing.await.unwrap().unwrap();
    assert_ne!(written.version, stored.version);
}

#[tokio::test]
async fn a_file_that_comes_or_goes_during_the_look_at_it_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path().into(), true).await.unwrap();
    let at = StoreKey::definition(&key("nnUNet/A"));
    let path = folder.path().join("nnUNet/A");
    fs::create_dir(folder.path().join("nnUNet")).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let other = std::thread::spawn({
        let done = done.clone();
        move || {
            while !done.load(Ordering::Relaxed) {
                fs::write(&path, "other").unwrap();
                drop(fs::remove_file(&path));
            }
        }
    });
    let mut refused = 0;
    for _ in 0..3000 {
        let put = store.put(&at, b"mine"[..].into(), &Condition::Absent, None);
        refused += u32::from(put.await.unwrap().is_none());
        store.remove(&at).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    other.join().unwrap();
    assert!(refused > 0, "the two never met");
}

#[tokio::test]
async fn bytes_that_are_there_already_count_as_written() {
    let root = tempfile::tempdir().unwrap();
    let store = FolderStore::open(root.path().to_path_buf(), true)
        .await
        .unwrap();
    let at = StoreKey::probe("x");
    let bytes: Arc<[u8]> = b"same".as_slice().into();
    let absent = Condition::Absent;
    let first = store.put(&at, bytes.clone(), &absent, None).await.unwrap();
    let again = store.put(&at, bytes, &absent, None).await.unwrap();
    assert!(first.is_some());
    assert_eq!(first, again);
    let other: Arc<[u8]> = b"other".as_slice().into();
    assert_eq!(store.put(&at, other, &absent, None).await.unwrap(), None);
}

#[test]
fn what_the_system_says_is_said_in_plain_words() {
    use std::io::{Error, ErrorKind};
    for (kind, said) in [
        (
            ErrorKind::StorageFull,
            "/models cannot be written: the disk is full",
        ),
        (
            ErrorKind::QuotaExceeded,
            "/models cannot be written: the disk quota is used up",
        ),
        (
            ErrorKind::ReadOnlyFilesystem,
            "/models cannot be written: the file system is read-only",
        ),
        (
            ErrorKind::PermissionDenied,
            "/models cannot be written: permission denied",
        ),
    ] {
        match super::faults::fault(Path::new("/models"), "cannot be written", Error::from(kind)) {
            Fault::Unavailable { message, .. } => assert_eq!(message, said),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_folder_that_does_not_answer_at_first_is_opened_once_it_does() {
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("mount").join("models");
    fs::write(outside.path().join("mount"), "in the way").unwrap();
    let store = FolderStore::unopened(path.clone(), true);
    let repository = ObjectRepository::new(Arc::new(store));
    let listed = repository.list().await;
    assert!(matches!(listed, Err(RepositoryError::Unavailable { .. })));
    assert_eq!(repository.location(), path.display().to_string());
    fs::remove_file(outside.path().join("mount")).unwrap();
    assert!(repository.list().await.unwrap().models.is_empty());
    put(&repository, "nnUNet/A", Precondition::Absent)
        .await
        .unwrap();
}

#[test]
fn what_keeps_a_folder_from_being_opened_may_pass_or_is_a_wrong_setting() {
    use std::io::{Error, ErrorKind};
    let passes = |error| {
        may_pass(&super::faults::fault(
            Path::new("/m"),
            "cannot be read",
            error,
        ))
    };
    for kind in [
        ErrorKind::TimedOut,
        ErrorKind::HostUnreachable,
        ErrorKind::StaleNetworkFileHandle,
        ErrorKind::NotConnected,
        ErrorKind::Other,
    ] {
        assert!(passes(Error::from(kind)), "{kind}");
    }
    for kind in [
        ErrorKind::PermissionDenied,
        ErrorKind::NotADirectory,
        ErrorKind::ReadOnlyFilesystem,
    ] {
        assert!(!passes(Error::from(kind)), "{kind}");
    }
}

/// What the setting STORAGE_SINGLE_WRITER is for.
#[cfg(unix)]
#[tokio::test]
async fn a_file_system_without_locks_will_do_for_one_process_alone() {
    let number = rustix::io::Errno::NOLCK.raw_os_error();
    let error = std::io::Error::from_raw_os_error(number);
    match super::faults::unlockable(Path::new("/models/.registry/locks/00"), error) {
        Fault::Unsafe { message } => assert!(message.contains("STORAGE_SINGLE_WRITER")),
        other => panic!("{other:?}"),
    }

    let root = tempfile::tempdir().unwrap();
    let alone = ObjectRepository::open_folder_alone(root.path())
        .await
        .unwrap();
    // Writers of this process still take turns, and overwrite nothing.
    alone.probe().await.unwrap();
    let locks = root.path().join(".registry/locks");
    assert!(!locks.exists(), "a lock was taken");
    let exists = put(&alone, "nnUNet/A", Precondition::Absent).await;
    exists.unwrap();
    let again = put(&alone, "nnUNet/A", Precondition::Absent).await;
    assert!(matches!(again, Err(RepositoryError::Exists { .. })));
}
