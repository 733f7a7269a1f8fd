#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::package::source::InMemory;

fn hostile(name: &str) -> Arc<dyn Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/hostile");
    Arc::new(InMemory::from(std::fs::read(folder.join(name)).unwrap()))
}

fn open(name: &str) -> Package {
    let file_name = name.rsplit('/').next().unwrap();
    Package::open(file_name, hostile(name), &ArchiveLimits::default()).unwrap()
}

fn paths(package: &Package) -> Vec<&str> {
    package
        .files()
        .iter()
        .map(|file| file.path.as_str())
        .collect()
}

#[test]
fn an_archive_is_its_files_and_a_file_of_torch_is_one() {
    let archive = open("controls/nested.zip");
    assert!(!archive.is_one_file());
    assert!(paths(&archive).iter().any(|path| path.ends_with(".pth")));
    for file in [
        "controls/state-dict.pth",
        "controls/good.keras",
        "controls/plain.pkl",
    ] {
        let package = open(file);
        assert!(package.is_one_file(), "{file}");
        assert_eq!(paths(&package), [file.rsplit('/').next().unwrap()]);
    }
}

#[test]
fn a_folder_is_its_files_and_holds_no_links() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("fold_0");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("checkpoint_final.pth"), "weights").unwrap();
    std::fs::write(folder.path().join("plans.json"), "{}").unwrap();
    let limits = ArchiveLimits::default();
    let package = Package::of_folder(folder.path(), &limits).unwrap();
    assert_eq!(
        paths(&package),
        ["fold_0/checkpoint_final.pth", "plans.json"]
    );
    let file = &package.files()[0];
    assert_eq!(package.read_whole(file, 7).unwrap(), b"weights");
    let error = package.read_whole(file, 6).unwrap_err();
    assert!(matches!(error, PackageError::FileTooLarge { limit: 6, .. }));

    // What became something else meanwhile is not read.
    #[cfg(unix)]
    {
        let path = inner.join("checkpoint_final.pth");
        std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", &path).unwrap();
        assert!(package.read_whole(file, 7).is_err());
        std::fs::remove_file(&path).unwrap();
        let status = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(status.unwrap().success());
        assert!(package.read_whole(file, 7).is_err());
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(folder.path().join("elsewhere"), &path).unwrap();
    }

    let few = ArchiveLimits {
        entries: 1,
        ..limits.clone()
    };
    let error = Package::of_folder(folder.path(), &few).unwrap_err();
    assert!(matches!(error, PackageError::TooManyFiles(1)), "{error}");

    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/hostname", inner.join("link")).unwrap();
        let error = Package::of_folder(folder.path(), &limits).unwrap_err();
        assert!(matches!(error, PackageError::NoFile(_)), "{error}");
    }
}

#[test]
fn packed_files_are_read_at_any_place() {
    let package = open("controls/nested.zip");
    for file in package.files() {
        let whole = package.read_whole(file, 1 << 20).unwrap();
        let source = package.source(file).unwrap();
        assert_eq!(source.size(), whole.len() as u64);
        // From the end to the beginning, as directories of archives are.
        for offset in (0..whole.len()).rev() {
            let mut byte = [0];
            assert_eq!(source.read_at(offset as u64, &mut byte).unwrap(), 1);
            assert_eq!(byte[0], whole[offset], "{}", file.path);
        }
    }
}
