//! What stands around the files of an archive (APPNOTE.TXT 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3).

use crate::package::PackagePath;

/// Stands where a number is in the extra field for large archives (zip64).
const ELSEWHERE: u32 = u32::MAX;

/// The version of the format that readers have to know: folders, and large archives.
const VERSION: u16 = 20;
const VERSION_LARGE: u16 = 45;
/// Made on Unix, which is where the mode belongs.
const UNIX: u16 = 3 << 8;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const STORED: u16 = 0;
/// 1 January 1980, midnight: the earliest there is.
const TIME: [u16; 2] = [0, 1 << 5 | 1];
/// A file that its owner may write and all may read.
const ATTRIBUTES: u32 = 0o100_644 << 16;

/// A file of an archive.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) path: PackagePath,
    pub(super) size: u64,
    pub(super) crc: u32,
    /// Where its header begins.
    pub(super) start: u64,
}

pub(super) fn header_size(path: &PackagePath, size: u64) -> u64 {
    let extra = if is_large(size) { 20 } else { 0 };
    30 + path.as_str().len() as u64 + extra
}

pub(super) fn directory_size(path: &PackagePath, size: u64, start: u64) -> u64 {
    let extra = match (is_large(size), is_large(start)) {
        (false, false) => 0,
        (false, true) => 12,
        (true, false) => 20,
        (true, true) => 28,
    };
    46 + path.as_str().len() as u64 + extra
}

fn is_large(number: u64) -> bool {
    number >= u64::from(ELSEWHERE)
}

/// As four bytes, or the mark that it is elsewhere.
fn short(number: u64) -> [u8; 4] {
    u32::try_from(number).unwrap_or(ELSEWHERE).to_le_bytes()
}

fn put(bytes: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        bytes.extend(number.to_le_bytes());
    }
}

/// The extra field for these numbers; empty for none.
fn extra(numbers: &[u64]) -> Vec<u8> {
    let mut field = Vec::new();
    if !numbers.is_empty() {
        // At most three.
        put(&mut field, &[1, 8 * numbers.len() as u16]);
        for number in numbers {
            field.extend(number.to_le_bytes());
        }
    }
    field
}

impl Record {
    pub(super) fn header_size(&self) -> u64 {
        header_size(&self.path, self.size)
    }

    /// Where its data ends.
    pub(super) fn end(&self) -> u64 {
        self.start + self.header_size() + self.size
    }

    /// What stands before its data.
    pub(super) fn header(&self) -> Vec<u8> {
        let numbers = [self.size; 2];
        let large: &[u64] = if is_large(self.size) { &numbers } else { &[] };
        let mut bytes = b"PK\x03\x04".to_vec();
        self.put_kind(&mut bytes, extra(large), !large.is_empty(), &[]);
        bytes
    }

    /// What the directory says of it.
    fn put_in_directory(&self, bytes: &mut Vec<u8>) {
        let mut large = Vec::new();
        if is_large(self.size) {
            large.extend([self.size; 2]);
        }
        if is_large(self.start) {
            large.push(self.start);
        }
        let version = UNIX | version(!large.is_empty());
        bytes.extend(b"PK\x01\x02");
        put(bytes, &[version]);
        // No comment, the first disk, nothing about the content.
        let mut more = vec![0; 6];
        more.extend(ATTRIBUTES.to_le_bytes());
        more.extend(short(self.start));
        self.put_kind(bytes, extra(&large), !large.is_empty(), &more);
    }

    /// What both have, and `more` before the name.
    fn put_kind(&self, bytes: &mut Vec<u8>, extra: Vec<u8>, is_large: bool, more: &[u8]) {
        put(bytes, &[version(is_large), FLAGS, STORED]);
        put(bytes, &TIME);
        bytes.extend(self.crc.to_le_bytes());
        bytes.extend(short(self.size));
        bytes.extend(short(self.size));
        let name = self.path.as_str();
        // A path has at most 1,024 bytes, the extra field 28.
        put(bytes, &[name.len() as u16, extra.len() as u16]);
        bytes.extend(more);
        bytes.extend(name.as_bytes());
        bytes.extend(extra);
    }
}

fn version(is_large: bool) -> u16 {
    if is_large { VERSION_LARGE } else { VERSION }
}

/// The directory of these files, which begins at `start`, and the end of the archive.
pub(super) fn tail<'a>(records: impl Iterator<Item = &'a Record>, start: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut count = 0;
    for record in records {
        record.put_in_directory(&mut bytes);
        count += 1;
    }
    let end = end(count, bytes.len() as u64, start);
    bytes.extend(end);
    bytes
}

/// The end of an archive of `count` files, whose directory of `size` bytes begins at `start`.
pub(super) fn end(count: u64, size: u64, start: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if count >= 0xffff || is_large(size) || is_large(start) {
        bytes.extend(b"PK\x06\x06");
        // Of what follows in this record.
        bytes.extend(44_u64.to_le_bytes());
        put(&mut bytes, &[UNIX | VERSION_LARGE, VERSION_LARGE]);
        // This disk, and the directory's.
        bytes.extend([0; 8]);
        for number in [count, count, size, start] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07");
        bytes.extend([0; 4]);
        bytes.extend((start + size).to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
    }
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    bytes.extend(b"PK\x05\x06");
    put(&mut bytes, &[0, 0, count, count]);
    bytes.extend(short(size));
    bytes.extend(short(start));
    put(&mut bytes, &[0]);
    bytes
}
