//! Archives with numbers that need more than four bytes: files that are holes, with headers that are
//! written.

use super::*;
use crate::package::source::OnDisk;

const GIB: u64 = 1 << 30;

/// An archive of files of zeros of these sizes, of which the disk holds the headers alone.
fn sparse(files: &[(&str, u64)], crc: u32) -> (tempfile::NamedTempFile, u64) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut records = Vec::new();
    let mut start = 0;
    let put = |at: u64, bytes: &[u8]| {
        use std::io::{Seek as _, Write as _};
        let mut file = file.as_file();
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(bytes).unwrap();
    };
    for (path, size) in files {
        let record = Record {
            path: PackagePath::parse(path).unwrap(),
            size: *size,
            crc,
            start,
        };
        let header = record.header();
        assert_eq!(header.len() as u64, record.header_size());
        put(start, &header);
        start = record.end();
        records.push(record);
    }
    let tail = records::tail(records.iter(), start);
    put(start, &tail);
    let directory =
        |record: &Record| records::directory_size(&record.path, record.size, record.start);
    let directory: u64 = records.iter().map(directory).sum();
    let end = records::end(records.len() as u64, directory, start);
    assert_eq!(tail.len(), directory as usize + end.len());
    (file, start)
}

#[test]
fn large_archives_are_read_by_the_strict_reader_and_by_python() {
    const EDGE: u64 = 0xffff_ffff;
    let cases: [&[(&str, u64)]; 6] = [
        &[("a", EDGE - 1), ("b", 1)],
        &[("a", EDGE), ("b", 1)],
        &[("a", 5 * GIB), ("b", 5 * GIB), ("c", 0)],
        // The directory, or a header, begins at the mark, or just before.
        &[("a", EDGE - 31)],
        &[("a", EDGE - 32)],
        &[("a", EDGE - 31), ("b", 0)],
    ];
    for case in cases {
        let (file, _) = sparse(case, 0);
        let source = Arc::new(OnDisk::new(file.reopen().unwrap()).unwrap());
        let archive = Archive::open(source, &ArchiveLimits::default()).unwrap();
        let read: Vec<_> = archive
            .entries()
            .iter()
            .map(|it| (it.path.as_str(), it.size))
            .collect();
        assert_eq!(read, case);
        let code = "import sys, zipfile\n\
            for i in zipfile.ZipFile(sys.argv[1]).infolist(): print(i.filename, i.file_size, i.compress_size)";
        let Some(told) = others::told("python3", &["-c", code, file.path().to_str().unwrap()])
        else {
            continue;
        };
        let line = |(name, size): &(&str, u64)| format!("{name} {size} {size}\n");
        assert_eq!(told, case.iter().map(line).collect::<String>());
    }
}

#[test]
fn many_files_are_counted() {
    let names: Vec<String> = (0..70_000).map(|number| format!("{number:05}")).collect();
    for count in [65_534, 65_535, 65_536, 70_000] {
        let files: Vec<_> = names.iter().take(count).map(|name| (&**name, 0)).collect();
        let (file, _) = sparse(&files, 0);
        let bytes = std::fs::read(file.path()).unwrap();
        let limits = ArchiveLimits {
            entries: 100_000,
            ..ArchiveLimits::default()
        };
        let archive = Archive::open(Arc::new(InMemory::from(bytes)), &limits).unwrap();
        assert_eq!(archive.entries().len(), count);
    }
}
