#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::*;
use crate::package::source::InMemory;

fn open(bytes: Vec<u8>) -> Result<Archive, ArchiveError> {
    Archive::open(Arc::new(InMemory::from(bytes)), &ArchiveLimits::default())
}

/// Opens an archive and reads all of it.
fn read_all(bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
    let archive = open(bytes)?;
    let mut files = Vec::new();
    for entry in archive.entries() {
        let mut data = Vec::new();
        let read = archive.read(entry)?.read_to_end(&mut data);
        match read {
            Ok(_) => files.push((entry.path.to_string(), data)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Fault::Broken.into());
            }
            Err(error) => return Err(ArchiveError::Source(error)),
        }
    }
    Ok(files)
}

/// An archive of these files; every other one is deflated.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut zip = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (number, (name, data)) in files.iter().enumerate() {
        let method = [CompressionMethod::STORE, CompressionMethod::DEFLATE][number % 2];
        let file = zip.new_file(name).compression_method(method);
        let (mut entry, config) = file.start().unwrap();
        let descriptor = if number % 2 == 0 {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(data).unwrap();
            writer.finish().unwrap().1
        } else {
            let level = flate2::Compression::default();
            let encoder = flate2::write::DeflateEncoder::new(&mut entry, level);
            let mut writer = config.wrap(encoder);
            writer.write_all(data).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            descriptor
        };
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap();
    bytes
}

fn fault(result: Result<impl Sized, ArchiveError>) -> Fault {
    match result {
        Err(ArchiveError::Refused { fault, .. }) => fault,
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn an_honest_archive_gives_its_files() {
    let long = b"plans ".repeat(5_000);
    let files: [(&str, &[u8]); 3] = [
        ("Dataset001_X/dataset.json", b"{}"),
        ("Dataset001_X/plans.json", &long),
        ("Dataset001_X/Überblick.txt", b"text"),
    ];
    let read = read_all(zip(&files)).unwrap();
    let expected = files.map(|(name, data)| (name.to_owned(), data.to_vec()));
    assert_eq!(read, expected);
}

#[test]
fn a_stored_file_is_read_at_any_place() {
    let archive = open(zip(&[("a", b"0123456789"), ("b", b"packed")])).unwrap();
    let [stored, deflated] = archive.entries() else {
        panic!("{archive:?}")
    };
    let part = archive.stored(stored).unwrap().unwrap();
    let mut middle = [0; 3];
    assert_eq!(part.read_at(4, &mut middle).unwrap(), 3);
    assert_eq!((&middle, part.size()), (b"456", 10));
    assert!(archive.stored(deflated).unwrap().is_none());
}

#[test]
fn what_is_deflated_is_unpacked_from_its_beginning_some_times_and_no_more() {
    let mut data = Vec::new();
    let mut state = 1_u32;
    while data.len() < 5 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        data.extend((state >> 24).to_le_bytes());
    }
    let archive = open(zip(&[("a", b""), ("b", &data)])).unwrap();
    let source = archive.at(&archive.entries()[1]).unwrap();
    let read = |at: usize| -> io::Result<()> {
        let mut byte = [0];
        assert_eq!(source.read_at(at as u64, &mut byte)?, 1);
        assert_eq!(byte[0], data[at], "{at}");
        Ok(())
    };
    // In order, from the end on as a reader of archives does: one pass after another.
    for at in [data.len() - 1, 0, 1 << 20, 2 << 20, 4 << 20] {
        read(at).unwrap();
    }
    let jumps = (0..40).map(|jump| {
        read(if jump % 2 == 0 {
            3 << 19
        } else {
            data.len() - 1
        })
    });
    let error = jumps.filter_map(Result::err).next().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn what_is_beyond_a_limit_is_refused() {
    let bytes = zip(&[("a", &[7; 600_000]), ("b", &[7; 600_000])]);
    let open = |change: fn(&mut ArchiveLimits)| {
        let mut limits = ArchiveLimits::default();
        change(&mut limits);
        Archive::open(Arc::new(InMemory::from(bytes.clone())), &limits)
    };
    assert_eq!(fault(open(|it| it.entries = 1)), Fault::TooManyEntries);
    assert_eq!(
        fault(open(|it| it.directory = 50)),
        Fault::DirectoryTooLarge
    );
    let small = open(|it| (it.size, it.ratio) = (1_100_000, 2_000));
    assert_eq!(fault(small), Fault::TooLarge);
    assert_eq!(fault(open(|_| {})), Fault::Ratio);
    assert!(open(|it| it.ratio = 2_000).is_ok());
}

#[test]
fn an_archive_that_is_cut_anywhere_is_refused() {
    let bytes = zip(&[("a", b"first"), ("b/c", b"second")]);
    for end in 0..bytes.len() {
        assert!(open(bytes[..end].to_vec()).is_err(), "{end}");
    }
}

#[derive(Deserialize)]
struct Hostile {
    file: String,
    verdict: String,
    least: Option<String>,
    #[serde(default)]
    reasons: Vec<String>,
}

/// The reason as the manifest calls it.
fn reason(fault: Fault) -> &'static str {
    match fault {
        Fault::NotAnArchive => "not_an_archive",
        Fault::Empty => "empty",
        Fault::TooManyEntries => "entries",
        Fault::DirectoryTooLarge => "directory",
        Fault::TooLarge => "size",
        Fault::Ratio => "ratio",
        Fault::Sizes => "sizes",
        Fault::Name => "name",
        Fault::Duplicate => "duplicate",
        Fault::Link => "link",
        Fault::Encrypted => "encrypted",
        Fault::Flags => "flags",
        Fault::Method => "method",
        Fault::Headers => "headers",
        Fault::Overlap => "overlap",
        Fault::Gap => "gap",
        Fault::Before => "before",
        Fault::After => "after",
        Fault::Ends => "ends",
        Fault::Count => "count",
        Fault::Disks => "disks",
        Fault::Checksum => "checksum",
        Fault::Truncated => "truncated",
        Fault::Broken => "broken",
    }
}

/// Those whose data is not what the archive says are found out when it is read.
const WHILE_READING: &[&str] = &["broken", "checksum", "ratio", "sizes", "truncated"];

#[test]
fn hostile_archives_are_refused_for_what_is_wrong_and_honest_ones_are_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/hostile");
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    let entries: Vec<Hostile> = serde_json::from_slice(&manifest).unwrap();
    let (mut refused, mut accepted) = (0, 0);
    for entry in entries {
        // Those that are made by a recipe are not there.
        let Ok(bytes) = std::fs::read(folder.join(&entry.file)) else {
            continue;
        };
        let file = &entry.file;
        if entry.verdict == "refused" {
            refused += 1;
            let harmless = entry.least.as_deref() == Some("expected");
            match read_all(bytes) {
                Ok(_) => assert!(harmless, "{file} was accepted"),
                Err(ArchiveError::Refused {
                    fault: Fault::Broken,
                    ..
                }) => {
                    let fits = |it: &String| WHILE_READING.contains(&&**it);
                    assert!(
                        entry.reasons.iter().any(fits),
                        "{file}: {:?}",
                        entry.reasons
                    );
                }
                Err(ArchiveError::Refused { fault, .. }) => {
                    let right = entry.reasons.iter().any(|it| it == reason(fault));
                    assert!(right, "{file}: {fault:?}, not {:?}", entry.reasons);
                }
                Err(error) => panic!("{file}: {error:?}"),
            }
        } else if file.starts_with("controls/") && bytes.starts_with(b"PK") {
            accepted += 1;
            assert!(read_all(bytes).is_ok(), "{file}");
        }
    }
    assert!(refused > 100 && accepted > 5, "{refused}, {accepted}");
}

mod changed {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What is still accepted gives bytes with the right checksums.
        #[test]
        fn an_archive_with_other_bytes_is_refused_or_the_same(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let honest = zip(&[("a/b", b"some text"), ("a/c", b"other text"), ("d", b"")]);
            let mut bytes = honest.clone();
            for (index, byte) in changes {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(files) = read_all(bytes) {
                let before = read_all(honest).unwrap();
                let data = |files: &[(String, Vec<u8>)]| -> Vec<Vec<u8>> {
                    files.iter().map(|(_, data)| data.clone()).collect()
                };
                prop_assert_eq!(data(&files), data(&before));
            }
        }
    }
}
