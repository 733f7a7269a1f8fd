//! The rules of safetensors and GGUF, each by a file that keeps it and one that does not.

use super::*;

fn safetensors(header: &str, data: usize) -> Result<Safetensors, FormatError> {
    let length = (header.len() as u64).to_le_bytes();
    let file = [&length[..], header.as_bytes(), &vec![0; data]].concat();
    match read_bytes("m.safetensors", &file).unwrap()?.metadata {
        Metadata::Safetensors(found) => Ok(found),
        other => panic!("{other:?}"),
    }
}

fn tensor(name: &str, dtype: &str, shape: &str, start: u64, end: u64) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{start},{end}]}}"#)
}

#[test]
fn tensors_of_safetensors_fill_the_file_in_any_order() {
    let a = || tensor("a", "F32", "[2]", 4, 12);
    let b = || tensor("b", "I8", "[4]", 0, 4);
    for (header, data) in [
        (format!("{{{},{}}}", a(), b()), 12),
        (format!("{{{},{}}}    ", b(), a()), 12),
        // Nothing, a number, six bits of each, and a type that came later.
        (format!("{{{}}}", tensor("a", "F32", "[0,7]", 0, 0)), 0),
        (format!("{{{}}}", tensor("a", "F64", "[]", 0, 8)), 8),
        (format!("{{{}}}", tensor("a", "F6_E2M3", "[4]", 0, 3)), 3),
        (format!("{{{}}}", tensor("a", "F9", "[4]", 0, 3)), 3),
        (r#"{"__metadata__":{"a":"b"}}"#.to_owned(), 0),
        (r#"{"__metadata__":null}"#.to_owned(), 0),
    ] {
        let found = safetensors(&header, data);
        assert!(found.is_ok(), "{header}: {found:?}");
    }
    let found = safetensors(&format!("{{{},{}}}", a(), b()), 12).unwrap();
    assert_eq!((found.tensors, found.parameters), (2, 6));
}

#[test]
fn what_is_no_safetensors_is_refused() {
    let one = |dtype, shape, start, end| format!("{{{}}}", tensor("a", dtype, shape, start, end));
    let two = |a: String, b: String| format!("{{{a},{b}}}");
    for (header, data, rule) in [
        (one("F32", "[2]", 0, 8), 9, "bytes after"),
        (one("F32", "[2]", 0, 8), 7, "bytes missing"),
        (one("F32", "[2]", 1, 9), 9, "bytes before"),
        (one("F32", "[2]", 0, 4), 4, "another size than its shape"),
        (one("F4", "[3]", 0, 2), 2, "half a byte"),
        (
            one("F32", "[4294967296,4294967296]", 0, 8),
            8,
            "a shape that overflows",
        ),
        (
            one("F32", "[2.0]", 0, 8),
            8,
            "a size that is no whole number",
        ),
        (one("F 32", "[2]", 0, 8), 8, "a type that is no name"),
        (
            one("F32", &format!("[{}1]", "1,".repeat(64)), 0, 4),
            4,
            "65 dimensions",
        ),
        (
            two(
                tensor("a", "I8", "[1]", 0, 1),
                tensor("a", "I8", "[1]", 1, 2),
            ),
            2,
            "a name twice",
        ),
        (
            two(
                tensor("a", "I8", "[1]", 0, 1),
                tensor(r"\u0061", "I8", "[1]", 1, 2),
            ),
            2,
            "a name twice, written in two ways",
        ),
        (
            two(
                tensor("a", "I8", "[1]", 0, 1),
                tensor("b", "I8", "[1]", 2, 3),
            ),
            3,
            "a hole",
        ),
        (
            r#"{"__metadata__":{"a":1}}"#.to_owned(),
            0,
            "metadata that is no text",
        ),
        (
            r#"{"__metadata__":{"a":"","a":""}}"#.to_owned(),
            0,
            "a key of metadata twice",
        ),
        (
            r#"{"__metadata__":{},"__metadata__":{}}"#.to_owned(),
            0,
            "metadata twice",
        ),
        (" {}".to_owned(), 0, "a blank before"),
        ("{} x".to_owned(), 0, "more than an object"),
        (
            r#"{"a":{"dtype":"I8","shape":[1]}}"#.to_owned(),
            1,
            "no place",
        ),
    ] {
        assert!(safetensors(&header, data).is_err(), "{rule}: {header}");
    }
}

#[test]
fn metadata_that_is_too_long_is_left_out() {
    let long = "x".repeat(1 << 20);
    let header = format!(r#"{{"__metadata__":{{"a":"{long}","b":"c"}}}}"#);
    let found = safetensors(&header, 0).unwrap();
    assert_eq!((found.metadata.len(), found.left_out), (1, 1));
}

/// Numbers in one of the two orders of bytes, and counts in one of the two widths.
#[derive(Clone, Copy)]
struct Writer {
    version: u32,
    big_endian: bool,
}

const NOW: Writer = Writer {
    version: 3,
    big_endian: false,
};

impl Writer {
    fn u32(self, number: u32) -> Vec<u8> {
        if self.big_endian {
            number.to_be_bytes().to_vec()
        } else {
            number.to_le_bytes().to_vec()
        }
    }

    fn u64(self, number: u64) -> Vec<u8> {
        if self.big_endian {
            number.to_be_bytes().to_vec()
        } else {
            number.to_le_bytes().to_vec()
        }
    }

    fn count(self, number: u64) -> Vec<u8> {
        if self.version == 1 {
            self.u32(u32::try_from(number).unwrap())
        } else {
            self.u64(number)
        }
    }

    fn text(self, text: &str) -> Vec<u8> {
        [self.count(text.len() as u64), text.into()].concat()
    }

    fn key(self, key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
        [self.text(key), self.u32(kind), value.to_vec()].concat()
    }

    fn tensor(self, name: &str, sizes: &[u64], kind: u32, offset: u64) -> Vec<u8> {
        let dimensions = self.u32(u32::try_from(sizes.len()).unwrap());
        let sizes = sizes.iter().flat_map(|size| self.count(*size)).collect();
        let parts = [
            self.text(name),
            dimensions,
            sizes,
            self.u32(kind),
            self.u64(offset),
        ];
        parts.concat()
    }

    /// A file with so many bytes of tensors.
    fn file(self, keys: &[Vec<u8>], tensors: &[Vec<u8>], data: usize) -> Vec<u8> {
        let counts = [
            self.count(tensors.len() as u64),
            self.count(keys.len() as u64),
        ]
        .concat();
        let mut file = [b"GGUF".to_vec(), self.u32(self.version), counts].concat();
        file.extend(keys.concat());
        file.extend(tensors.concat());
        if !tensors.is_empty() {
            file.resize(file.len().next_multiple_of(32) + data, 0);
        }
        file
    }
}

fn gguf(file: &[u8]) -> Result<(Gguf, Vec<Finding>), FormatError> {
    let file = read_bytes("m.gguf", file).unwrap()?;
    match file.metadata {
        Metadata::Gguf(found) => Ok((found, file.findings)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_version_and_order_of_gguf_is_read() {
    for version in 1..=3 {
        for big_endian in [false, true] {
            let it = Writer {
                version,
                big_endian,
            };
            let keys = [
                it.key("general.architecture", 8, &it.text("llama")),
                it.key("llama.context_length", 4, &it.u32(4096)),
                it.key(
                    "words",
                    9,
                    &[it.u32(8), it.count(2), it.text("a"), it.text("b")].concat(),
                ),
                it.key(
                    "sizes",
                    9,
                    &[it.u32(5), it.count(2), it.u32(1), it.u32(2)].concat(),
                ),
            ];
            let tensors = [it.tensor("w", &[32, 2], 8, 0), it.tensor("v", &[3], 0, 96)];
            let (found, findings) = gguf(&it.file(&keys, &tensors, 128)).unwrap();
            assert_eq!((found.version, found.big_endian), (version, big_endian));
            assert_eq!(found.context_length, Some(4096));
            assert_eq!((found.tensors, found.parameters), (2, 67));
            assert_eq!(findings, []);
        }
    }
    for version in [0, 4, 0x0001_0001] {
        let it = Writer { version, ..NOW };
        let error = gguf(&it.file(&[], &[], 0)).unwrap_err();
        assert!(
            matches!(error, FormatError::Unsupported(_)),
            "{version}: {error}"
        );
    }
}

#[test]
fn what_is_no_gguf_is_refused() {
    let it = NOW;
    let one = |kind, sizes: &[u64], offset| vec![it.tensor("w", sizes, kind, offset)];
    let alignment = |number| vec![it.key("general.alignment", 4, &it.u32(number))];
    let twice = it.key("a", 0, &[1]);
    let two =
        |name: &str, offset| vec![it.tensor("w", &[8], 0, 0), it.tensor(name, &[8], 0, offset)];
    for (file, fits, rule) in [
        (it.file(&[], &one(0, &[8], 0), 32), true, "a tensor"),
        (
            it.file(&[], &one(77, &[8], 0), 32),
            true,
            "a type that came later",
        ),
        (it.file(&[], &one(0, &[8], 0), 31), false, "bytes missing"),
        (it.file(&[], &one(0, &[8], 4), 64), false, "a place between"),
        (
            it.file(&alignment(4), &one(0, &[8], 4), 64),
            true,
            "an alignment",
        ),
        (
            it.file(&alignment(3), &one(0, &[8], 3), 64),
            false,
            "an odd alignment",
        ),
        (
            it.file(&alignment(0), &one(0, &[8], 0), 64),
            false,
            "no alignment",
        ),
        (it.file(&[], &one(8, &[33], 0), 64), false, "half a block"),
        (
            it.file(&[], &one(0, &[1 << 40, 1 << 40], 0), 64),
            false,
            "a shape that overflows",
        ),
        (
            it.file(&[], &one(0, &[1; 9], 0), 64),
            false,
            "nine dimensions",
        ),
        (it.file(&[], &two("v", 32), 64), true, "two tensors"),
        (it.file(&[], &two("w", 32), 64), false, "a name twice"),
        (it.file(&[], &two("v", 0), 64), false, "shared bytes"),
        (
            it.file(&[twice.clone(), twice], &[], 0),
            false,
            "a key twice",
        ),
        (
            it.file(&[it.key("", 0, &[1])], &[], 0),
            false,
            "a key without a name",
        ),
        (
            it.file(&[it.key("a", 13, &[1; 8])], &[], 0),
            false,
            "a value of no type",
        ),
    ] {
        assert_eq!(gguf(&file).is_ok(), fits, "{rule}");
    }
}

#[test]
fn bytes_after_the_last_tensor_are_told() {
    let file = |data| NOW.file(&[], &[NOW.tensor("w", &[9], 0, 0)], data);
    for (data, told) in [(36, false), (64, false), (65, true)] {
        let (_, findings) = gguf(&file(data)).unwrap();
        assert_eq!(!findings.is_empty(), told, "{data}");
    }
}

#[test]
fn values_of_gguf_end_within_the_file() {
    let far = NOW.u64(1 << 40);
    for value in [
        NOW.key("a", 8, &far),
        NOW.key("a", 9, &[NOW.u32(4), far.clone()].concat()),
        NOW.key("a", 9, &[NOW.u32(8), NOW.u64(1), far.clone()].concat()),
        NOW.key("a", 12, &[0; 7]),
    ] {
        let error = gguf(&NOW.file(&[value], &[], 0)).unwrap_err();
        assert!(matches!(error, FormatError::Truncated), "{error}");
    }
}
