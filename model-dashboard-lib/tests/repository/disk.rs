//! A disk that is full, or may only be read.
//!
//! The disks are made in a mount namespace of a child's own (`unshare`, util-linux), so that
//! nothing is left of them. Where the machine does not allow that, the tests say so and show
//! nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use model_dashboard::repository::{
    ModelRepository, ObjectRepository, Precondition, RepositoryError,
};

use super::processes::{arguments, folder};
use super::{because, described, history, info, key, read};

/// Runs one of the tests below where `folder` is a disk of 300 kB, made by `prepare`.
fn on_a_small_disk(test: &str, prepare: &str) {
    let folder = tempfile::tempdir().unwrap();
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        let options = ["--user", "--map-root-user", "--mount", "sh", "-c"];
        command
            .args(options)
            .arg(script)
            .arg("sh")
            .arg(folder.path());
        command
            .stdin(Stdio::null())
            .env("REPOSITORY_TEST_FOLDER", folder.path());
        command
    };
    let mount = "mount -t tmpfs -o size=300k none \"$1\"";
    let mut allowed = unshare(mount);
    if !allowed
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!("skipped: this machine does not let a test mount a disk");
        return;
    }
    let mut child = unshare(&format!("set -e; {mount}; {prepare}; shift; exec \"$@\""));
    child
        .arg(std::env::current_exe().unwrap())
        .args(arguments(test));
    let run = child.output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success() && said.contains("1 passed"),
        "{said}\n{errors}"
    );
}

#[test]
fn on_a_full_disk_nothing_is_lost_and_all_goes_on_when_there_is_room() {
    on_a_small_disk("disk::full", ":");
}

#[test]
fn on_a_read_only_disk_models_are_read_and_writing_is_refused() {
    let make = "mkdir -p \"$1/nnUNet\"; echo '{}' > \"$1/nnUNet/A\"; mount -o remount,ro \"$1\"";
    on_a_small_disk("disk::read_only", make);
}

fn unavailable<T: std::fmt::Debug>(outcome: Result<T, RepositoryError>, said: &str) {
    match outcome {
        Err(error @ RepositoryError::Unavailable { .. }) => {
            assert!(error.to_string().contains(said), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

/// Where only `room` pages more are free: every write is done or not, and says so.
#[ignore = "a child of another test, on a small disk"]
#[tokio::test]
async fn full() {
    let repository = ObjectRepository::open_folder(folder()).await.unwrap();
    let at = key("nnUNet/A");
    let content = described(&at, "first");
    let created = repository
        .put(&at, &content, &Precondition::Absent, &because(""))
        .await;
    let id = info(&created.unwrap()).id;
    let ballast = folder().join("ballast");
    // With less and less room left, the disk fills up at every step of a write.
    for pages in (0..6).rev() {
        let mut acknowledged = repository.get(&at).await.unwrap();
        fill(&ballast, pages);
        let mut refused = 0;
        for n in 0..8 {
            let mut content = read(&acknowledged);
            content.set_description(&"x".repeat(2000 + n));
            match repository
                .put(&at, &content, &Precondition::Exists, &because(""))
                .await
            {
                Ok(stored) => acknowledged = stored,
                Err(error) => {
                    unavailable::<()>(Err(error), "the disk is full");
                    refused += 1;
                }
            }
            let stored = repository.get(&at).await.unwrap();
            let gone_on = info(&stored).revision >= info(&acknowledged).revision;
            assert!(gone_on && !read(&stored).is_changed_outside());
        }
        assert!(refused > 0, "not full with {pages} pages left");
        fs::remove_file(&ballast).unwrap();
        let stored = repository.get(&at).await.unwrap();
        repository.reconcile(&stored).await.unwrap();
        let archived = history(&repository, id).await;
        assert_eq!(archived.last(), Some(&stored.bytes));
        let number = usize::try_from(info(&acknowledged).revision).unwrap();
        assert_eq!(archived[number - 1], acknowledged.bytes);
    }
    let left = fs::read_dir(folder().join(".registry/tmp"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "temporary files were left behind");
}

/// Fills the disk up to some pages of 4 KiB.
fn fill(ballast: &Path, pages: usize) {
    let page = vec![0; 4096];
    let mut size = 0;
    let mut all = Vec::new();
    loop {
        all.extend(&page);
        if fs::write(ballast, &all).is_err() {
            break;
        }
        size += 1;
    }
    fs::write(ballast, &all[..4096 * (size - pages)]).unwrap();
}

#[ignore = "a child of another test, on a read-only disk"]
#[tokio::test]
async fn read_only() {
    let repository = ObjectRepository::open_folder(folder()).await.unwrap();
    let at = key("nnUNet/A");
    assert_eq!(repository.list().await.unwrap().models.len(), 1);
    let stored = repository.get(&at).await.unwrap();
    let (content, exists, change) = (described(&at, ""), Precondition::Exists, because(""));
    let said = "the file system is read-only";
    unavailable(repository.put(&at, &content, &exists, &change).await, said);
    unavailable(repository.delete(&at, &exists, &change).await, said);
    let to = key("nnUNet/B");
    unavailable(
        repository
            .rename(&at, &to, &content, &exists, &change)
            .await,
        said,
    );
    unavailable(repository.probe().await, said);
    unavailable(repository.reconcile(&stored).await, said);
    assert_eq!(repository.get(&at).await.unwrap(), stored);
}

/// A folder that others may only read, as root never sees it: a child gives its rights up.
#[cfg(unix)]
#[test]
fn without_permission_to_write_models_are_read_and_writing_is_refused() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("nnUNet")).unwrap();
    fs::write(folder.path().join("nnUNet/A"), "{}").unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let lost = folder.path().join("lost+found");
    fs::create_dir(&lost).unwrap();
    mode(&lost, 0o000);
    for path in [folder.path().to_path_buf(), folder.path().join("nnUNet")] {
        mode(&path, 0o555);
    }
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new(&program);
    child.args(arguments("disk::without_permission"));
    child.env("REPOSITORY_TEST_FOLDER", folder.path());
    if fs::metadata(folder.path()).unwrap().uid() == 0 {
        child.uid(65534).gid(65534);
    }
    let run = child.output();
    for path in [folder.path(), &folder.path().join("nnUNet"), &lost] {
        mode(path, 0o755);
    }
    let Ok(run) = run else {
        eprintln!(
            "skipped: {} cannot be run by another user",
            program.display()
        );
        return;
    };
    let said = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success() && said.contains("1 passed"),
        "{said}\n{errors}"
    );
}

#[ignore = "a child of another test, without rights"]
#[tokio::test]
async fn without_permission() {
    let repository = ObjectRepository::open_folder(folder()).await.unwrap();
    let at = key("nnUNet/A");
    let listing = repository.list().await.unwrap();
    assert_eq!(listing.models.len(), 1);
    let unreadable = &listing.unreadable[0];
    assert_eq!(unreadable.network_type.as_str(), "lost+found");
    assert!(unreadable.reason.contains("permission denied"));
    repository.get(&at).await.unwrap();
    let content = described(&at, "");
    let written = repository
        .put(&at, &content, &Precondition::Exists, &because(""))
        .await;
    unavailable(written, "permission denied");
    unavailable(repository.probe().await, "permission denied");
    let hidden = folder().join("not").join("created");
    unavailable(
        ObjectRepository::open_folder(hidden).await,
        "permission denied",
    );
}
