//! Files that change while the folder is packed.

use super::*;

fn changed(result: Result<usize, io::Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    match error.get_ref().unwrap().downcast_ref() {
        Some(PackageError::Changed(path)) => path.to_string(),
        other => panic!("{other:?}"),
    }
}

fn read_all(archive: FolderArchive) -> Result<usize, io::Error> {
    Stream::new(Arc::new(archive)).read_to_end(&mut Vec::new())
}

#[test]
fn a_file_with_another_size_or_time_is_named() {
    for (data, time) in [("weight", false), ("weights!", false), ("WEIGHTS", true)] {
        let folder = folder(&RESULTS);
        let archive = archive(folder.path());
        let path = "Dataset001_X/fold_0/checkpoint_final.pth";
        std::fs::write(folder.path().join(path), data).unwrap();
        if time {
            set_time(&folder.path().join(path), SystemTime::UNIX_EPOCH);
        }
        assert_eq!(changed(read_all(archive)), path);
    }
}

#[test]
fn a_file_that_is_changed_while_it_is_read_is_named() {
    let folder = folder(&[("a", b"0123456789"), ("b", b"")]);
    let archive = archive(folder.path());
    let start = 30 + 1;
    assert_eq!(archive.read_at(start, &mut [0; 4]).unwrap(), 4);
    std::fs::write(folder.path().join("a"), "short").unwrap();
    assert_eq!(changed(archive.read_at(start + 4, &mut [0; 4])), "a");
}

/// Clocks are coarse, and some programs set the time back.
#[test]
fn other_bytes_with_the_same_size_and_time_are_told_by_their_checksum() {
    let folder = folder(&RESULTS);
    let archive = archive(folder.path());
    let path = "Dataset001_X/fold_0/validation/case_1.nii.gz";
    let file = folder.path().join(path);
    let time = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::fs::write(&file, "VOXELS").unwrap();
    set_time(&file, time);
    assert_eq!(changed(read_all(archive)), path);
}

/// A part of a file has no checksum of its own.
#[test]
#[cfg(unix)]
fn another_file_with_the_same_size_and_time_is_named() {
    let folder = folder(&[("a", b"0123456789")]);
    let archive = archive(folder.path());
    let path = folder.path().join("a");
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    let part = |archive: &FolderArchive| archive.read_at(30 + 1 + 4, &mut [0; 4]);
    assert_eq!(part(&archive).unwrap(), 4);
    // Written over, and put in its place.
    std::fs::write(&path, "abcdefghij").unwrap();
    set_time(&path, time);
    assert_eq!(changed(part(&archive)), "a");
    let archive = self::archive(folder.path());
    std::fs::write(folder.path().join("b"), "klmnopqrst").unwrap();
    set_time(&folder.path().join("b"), time);
    std::fs::rename(folder.path().join("b"), &path).unwrap();
    assert_eq!(changed(part(&archive)), "a");
}

#[test]
fn a_file_that_changed_since_it_was_listed_is_named() {
    let folder = folder(&RESULTS);
    let listing = list(folder.path(), &[]).unwrap();
    std::fs::write(folder.path().join("Dataset001_X/plans.json"), "{ }").unwrap();
    let error = FolderArchive::read(listing, &mut |_| {}).unwrap_err();
    let PackageError::Changed(path) = error else {
        panic!("{error}")
    };
    assert_eq!(path.as_str(), "Dataset001_X/plans.json");
}

#[test]
#[cfg(unix)]
fn a_file_that_became_a_link_or_a_pipe_is_not_followed() {
    let folder = folder(&[("a", b"0123456789")]);
    let path = folder.path().join("a");
    let made = archive(folder.path());
    std::fs::rename(&path, folder.path().join("b")).unwrap();
    std::os::unix::fs::symlink("b", &path).unwrap();
    assert!(read_all(made).is_err());
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(folder.path().join("b"), &path).unwrap();
    let made = archive(folder.path());
    std::fs::remove_file(&path).unwrap();
    let status = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(status.unwrap().success());
    assert!(read_all(made).is_err());
}
