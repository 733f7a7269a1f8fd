#![allow(clippy::unwrap_used, clippy::panic)]

mod changes;
mod large;
mod others;

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::package::archive::{Archive, ArchiveError, ArchiveLimits, Fault};
use crate::package::inspect::Inspectors;
use crate::package::source::{InMemory, Stream};
use crate::package::{Package, PackageError};

/// A folder of these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, data) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, data).unwrap();
    }
    folder
}

fn list(root: &Path, without: &[&str]) -> Result<Listing, PackageError> {
    let without = Without::names(without.iter().copied()).unwrap();
    Listing::of(root, &without, &ArchiveLimits::default())
}

fn archive(root: &Path) -> FolderArchive {
    FolderArchive::read(list(root, &[]).unwrap(), &mut |_| {}).unwrap()
}

/// All bytes of an archive.
fn whole(archive: FolderArchive) -> Vec<u8> {
    let mut bytes = Vec::new();
    let size = archive.size();
    Stream::new(Arc::new(archive))
        .read_to_end(&mut bytes)
        .unwrap();
    assert_eq!(bytes.len() as u64, size);
    bytes
}

fn set_time(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

const RESULTS: [(&str, &[u8]); 5] = [
    ("Dataset001_X/plans.json", b"{}"),
    ("Dataset001_X/fold_0/checkpoint_final.pth", b"weights"),
    ("Dataset001_X/fold_0/checkpoint_best.pth", b"others"),
    ("Dataset001_X/fold_0/validation/case_1.nii.gz", b"voxels"),
    ("Dataset001_X/Überblick.txt", b""),
];

#[test]
fn the_same_files_are_the_same_archive() {
    let mut backwards = RESULTS;
    backwards.reverse();
    let (one, other) = (folder(&RESULTS), folder(&backwards));
    let plans = other.path().join(RESULTS[0].0);
    set_time(&plans, SystemTime::UNIX_EPOCH);
    std::fs::create_dir(other.path().join("empty")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&plans, mode).unwrap();
    }
    let bytes = whole(archive(one.path()));
    assert_eq!(bytes, whole(archive(other.path())));
    // On other machines and in later versions, too.
    let digest = crate::model::ContentDigest::of(&bytes);
    insta::assert_snapshot!(digest, @"sha256:c981db354b8349e142676822a66b83a07bd8a469179e8339740061d65e8dd900");
}

#[test]
fn a_folder_that_nnunet_finds_by_its_name_keeps_it() {
    let folder = folder(&RESULTS);
    let data_set = folder.path().join("Dataset001_X");
    assert_eq!(whole(archive(&data_set)), whole(archive(folder.path())));
    let network = data_set.join("fold_0");
    let listing = list(&network, &["validation"]).unwrap();
    assert_eq!(listing.files()[0].0.as_str(), "checkpoint_best.pth");
    // A task of nnU-Net 1 is one of a configuration by the folder around it.
    let task = folder.path().join("Task012_Liver");
    std::fs::rename(&network, &task).unwrap();
    let listing = list(&task, &["validation"]).unwrap();
    assert_eq!(listing.files()[0].0.as_str(), "checkpoint_best.pth");
}

#[test]
fn a_receipt_of_an_earlier_package_stays_behind() {
    let folder = folder(&RESULTS);
    let before = whole(archive(folder.path()));
    let receipt = folder.path().join("Dataset001_X/.model-dashboard.json");
    std::fs::write(receipt, "{}").unwrap();
    assert_eq!(whole(archive(folder.path())), before);
}

#[test]
fn what_is_left_out_is_told() {
    let folder = folder(&RESULTS);
    let without = [
        "checkpoint_best",
        "validation",
        "progress.png",
        "Dataset001",
    ];
    let listing = list(folder.path(), &without).unwrap();
    let paths: Vec<_> = listing.files().iter().map(|it| it.0.as_str()).collect();
    let rest = [
        "Dataset001_X/fold_0/checkpoint_final.pth",
        "Dataset001_X/plans.json",
        "Dataset001_X/Überblick.txt",
    ];
    assert_eq!(paths, rest);
    let left_out = [
        "Dataset001_X/fold_0/checkpoint_best.pth",
        "Dataset001_X/fold_0/validation",
    ];
    assert_eq!(listing.left_out(), left_out);
    let without = Without::names(without).unwrap();
    assert_eq!(listing.unused(&without), ["progress.png", "Dataset001"]);
    for name in ["", ".", "..", "fold_0/validation", "a\\b"] {
        assert!(Without::names([name]).is_err(), "{name:?}");
    }
}

#[test]
fn what_a_reader_would_refuse_is_refused_before_it_is_made() {
    let fault = |files: &[(&str, &[u8])], limits: &ArchiveLimits| {
        let folder = folder(files);
        match Listing::of(folder.path(), &Without::default(), limits) {
            Err(PackageError::Archive(ArchiveError::Refused { fault, entry })) => (fault, entry),
            other => panic!("{other:?}"),
        }
    };
    let usual = ArchiveLimits::default();
    assert_eq!(fault(&[], &usual), (Fault::Empty, None));
    let limit = |change: fn(&mut ArchiveLimits)| {
        let mut limits = ArchiveLimits::default();
        change(&mut limits);
        limits
    };
    let small = limit(|it| it.size = 10);
    let at = Some("Dataset001_X/fold_0/checkpoint_final.pth".to_owned());
    assert_eq!(fault(&RESULTS, &small), (Fault::TooLarge, at));
    let small = limit(|it| it.directory = 300);
    assert_eq!(fault(&RESULTS, &small), (Fault::DirectoryTooLarge, None));
    let few = limit(|it| it.entries = 3);
    let folder = folder(&RESULTS);
    let error = Listing::of(folder.path(), &Without::default(), &few).unwrap_err();
    assert!(matches!(error, PackageError::TooManyFiles(3)), "{error}");
}

#[test]
#[cfg(unix)]
fn what_cannot_be_in_a_package_is_refused_by_name() {
    use std::os::unix::ffi::OsStrExt as _;

    for name in [
        &b"a:b"[..],
        b"a\\b",
        b"line\nbreak",
        b"\xff",
        b"turned\xe2\x80\xae",
    ] {
        let folder = folder(&RESULTS);
        std::fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
        let error = list(folder.path(), &[]).unwrap_err();
        assert!(matches!(error, PackageError::Name { .. }), "{error}");
    }
    let folder_of = folder;
    for (one, other) in [
        ("plans.json", "Plans.JSON"),
        ("ä", "a\u{308}"),
        ("A/b", "a"),
    ] {
        let folder = folder_of(&[(one, b""), (other, b"")]);
        if std::fs::read_dir(folder.path()).unwrap().count() < 2 {
            continue; // They are one on this system.
        }
        let error = list(folder.path(), &[]).unwrap_err();
        let PackageError::Archive(ArchiveError::Refused { fault, entry }) = error else {
            panic!("{error}")
        };
        assert_eq!(fault, Fault::Duplicate);
        assert!([one, other].contains(&&*entry.unwrap()));
    }
    let folder = folder(&RESULTS);
    let latest = folder.path().join("Dataset001_X/checkpoint_latest.pth");
    std::os::unix::fs::symlink("fold_0/checkpoint_final.pth", &latest).unwrap();
    let error = list(folder.path(), &[]).unwrap_err();
    assert!(matches!(error, PackageError::NoFile(path) if path == latest));
    assert!(list(folder.path(), &["checkpoint_latest"]).is_ok());
    let socket = folder.path().join("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let error = list(folder.path(), &["checkpoint_latest"]).unwrap_err();
    assert!(matches!(error, PackageError::NoFile(path) if path == socket));
}

#[test]
fn progress_ends_with_all_bytes() {
    let large = vec![7; 200_000];
    let folder = folder(&[("a", &large), ("b", b""), ("c", b"12345")]);
    let listing = list(folder.path(), &[]).unwrap();
    let (size, mut told) = (listing.size(), Vec::new());
    FolderArchive::read(listing, &mut |done| told.push(done)).unwrap();
    assert!(told.is_sorted() && told.len() > 3, "{told:?}");
    assert_eq!((told.last(), size), (Some(&200_005), 200_005));
}

/// The results folders that the genuine packages were made from, and what both are said to be.
#[test]
fn a_folder_and_its_archive_have_the_same_report() {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/genuine");
    let mut count = 0;
    for file in std::fs::read_dir(packages).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|it| it != "zip") {
            continue;
        }
        count += 1;
        let folder = unpacked(std::fs::read(&file).unwrap());
        let source = Arc::new(archive(folder.path()));
        let limits = ArchiveLimits::default();
        let zipped = Package::open("it.zip", source, &limits).unwrap();
        let plain = Package::of_folder(folder.path(), &limits).unwrap();
        let report = |package: &Package| {
            let inspectors = Inspectors::default();
            let mut report = inspectors.inspect(package, &mut |_| {}).unwrap();
            // An archive alone states it.
            report.files.iter_mut().for_each(|file| file.crc32 = None);
            serde_json::to_value(report).unwrap()
        };
        assert_eq!(report(&zipped), report(&plain), "{}", file.display());
    }
    assert!(count > 15, "{count}");
}

fn unpacked(bytes: Vec<u8>) -> TempDir {
    let source = Arc::new(InMemory::from(bytes));
    let package = Package::open("it.zip", source, &ArchiveLimits::default()).unwrap();
    let files: Vec<_> = package.files().iter().collect();
    let data = files
        .iter()
        .map(|it| package.read_whole(it, 1 << 30).unwrap());
    let data: Vec<_> = data.collect();
    let of = |(file, data): (&&crate::package::PackageFile, _)| (file.path.to_string(), data);
    let files: Vec<(String, &Vec<u8>)> = files.iter().zip(&data).map(of).collect();
    let files: Vec<_> = files
        .iter()
        .map(|(path, data)| (&**path, &***data))
        .collect();
    folder(&files)
}

/// Trees of files: paths that do not stand in each other's way, and data.
fn trees() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let part = prop::sample::select(vec!["a", "fold_0", "Überblick", "日本", "x.y", "PK", "-"]);
    let folders = prop::collection::vec(part, 0..4);
    let data = prop::collection::vec(any::<u8>(), 0..300);
    let files = prop::collection::btree_map(folders, data, 1..12);
    files.prop_map(|files| {
        let path = |(number, (folders, data)): (usize, (Vec<&str>, Vec<u8>))| {
            let mut path: String = folders.iter().map(|it| format!("{it}/")).collect();
            path.push_str(&format!("file {number}"));
            (path, data)
        };
        files.into_iter().enumerate().map(path).collect()
    })
}

proptest! {
    /// Data of the records of archives is of no matter in files.
    #[test]
    fn the_strict_reader_reads_what_was_packed(tree in trees(), again in any::<prop::sample::Index>()) {
        let files: Vec<(&str, &[u8])> = tree.iter().map(|(path, data)| (&**path, &**data)).collect();
        let folder = folder(&files);
        let listing = list(folder.path(), &[]).unwrap();
        let size = listing.archive_size();
        let made = FolderArchive::read(listing, &mut |_| {}).unwrap();
        prop_assert_eq!(made.size(), size);
        let bytes = whole(made);

        // Going on anywhere gives the same.
        let at = again.index(bytes.len());
        let resumed = archive(folder.path());
        let mut rest = vec![0; bytes.len() - at];
        let mut filled = 0;
        while filled < rest.len() {
            let count = resumed.read_at((at + filled) as u64, &mut rest[filled..]).unwrap();
            prop_assert!(count > 0);
            filled += count;
        }
        prop_assert_eq!(&rest, &bytes[at..]);
        prop_assert_eq!(resumed.read_at(size, &mut [0]).unwrap(), 0);

        let read = Archive::open(Arc::new(InMemory::from(bytes)), &ArchiveLimits::default()).unwrap();
        let mut expected = files.clone();
        expected.sort();
        prop_assert_eq!(read.entries().len(), expected.len());
        for (entry, (path, data)) in read.entries().iter().zip(expected) {
            let mut found = Vec::new();
            read.read(entry).unwrap().read_to_end(&mut found).unwrap();
            prop_assert_eq!((entry.path.as_str(), &*found), (path, data));
        }
    }
}

/// Torch, Keras and NumPy write archives, which are one file for everybody.
#[test]
fn a_folder_whose_archive_would_be_one_file_is_refused() {
    for names in [
        &["archive/data.pkl", "archive/version", "archive/data/0"][..],
        &["data.pkl", "version"],
        &["config.json", "metadata.json", "model.weights.h5"],
        &["x.npy", "y.npy"],
    ] {
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"1"[..])).collect();
        let unpacked = folder(&files);
        let error = list(unpacked.path(), &[]).unwrap_err();
        assert!(
            matches!(error, PackageError::OneFile(_)),
            "{names:?}: {error}"
        );
    }
    let beside = [("archive/data.pkl", &b"1"[..]), ("plans.json", b"{}")];
    assert_eq!(list(folder(&beside).path(), &[]).unwrap().files().len(), 2);
}
