//! How much is read, and how much is kept.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// A file of any size: its beginning, and then nothing but zeros. Counts what is read.
#[derive(Debug)]
struct Sparse {
    head: Vec<u8>,
    size: u64,
    read: AtomicU64,
}

impl Source for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer
            .len()
            .min(usize::try_from(self.size - offset).unwrap_or(usize::MAX));
        for (place, byte) in buffer[..count].iter_mut().enumerate() {
            let at = usize::try_from(offset).unwrap().checked_add(place);
            *byte = at.and_then(|at| self.head.get(at)).copied().unwrap_or(0);
        }
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// What is read of a file, and how many bytes that takes.
fn read_of(name: &str, head: Vec<u8>, size: u64) -> (Result<ModelFile, FormatError>, u64) {
    let sparse = Arc::new(Sparse {
        head,
        size,
        read: AtomicU64::new(0),
    });
    let source: Arc<dyn Source> = Arc::clone(&sparse) as _;
    let file = read(name, &source).unwrap();
    (file, sparse.read.load(Ordering::Relaxed))
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A field of bytes whose length is said and whose bytes come later.
fn open_field(number: u64, length: u64) -> Vec<u8> {
    [varint(number << 3 | 2), varint(length)].concat()
}

fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [open_field(number, bytes.len() as u64), bytes.to_vec()].concat()
}

const LARGE: u64 = 100 << 30;

#[test]
fn weights_are_passed_over() {
    let header = format!(
        r#"{{"w":{{"dtype":"F32","shape":[{}],"data_offsets":[0,{LARGE}]}}}}"#,
        LARGE / 4
    );
    let head = [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    let size = head.len() as u64 + LARGE;
    let (file, read) = read_of("w.safetensors", head, size);
    let Metadata::Safetensors(found) = file.unwrap().metadata else {
        panic!()
    };
    assert_eq!(found.parameters, LARGE / 4);
    assert!(read < 1 << 20, "{read}");

    // A weight (5) of so many bytes (9) in a graph (7), and an output (12) behind it.
    let weight = [
        field(8, b"w"),
        varint(1 << 3),
        varint(LARGE),
        open_field(9, LARGE),
    ]
    .concat();
    let weight_field = [open_field(5, weight.len() as u64 + LARGE), weight].concat();
    let graph = [
        open_field(7, weight_field.len() as u64 + LARGE),
        weight_field,
    ]
    .concat();
    let head = [b"\x08\x08".to_vec(), graph].concat();
    let size = head.len() as u64 + LARGE;
    let (file, read) = read_of("w.onnx", head, size);
    let Metadata::Onnx(found) = file.unwrap().metadata else {
        panic!()
    };
    assert_eq!((found.initializers, found.parameters), (1, LARGE));
    assert!(read < 1 << 20, "{read}");
}

#[test]
fn headers_have_bounds() {
    // A header of zeros as long as the format allows, and one that is longer.
    for (length, malformed) in [(100_000_000_u64, true), (100_000_001, true)] {
        let (file, read) = read_of("w.safetensors", length.to_le_bytes().to_vec(), LARGE);
        assert_eq!(matches!(file, Err(FormatError::Malformed(_))), malformed);
        assert!(read < 1 << 20, "{read}");
    }
    // One text that fills the header.
    let head = [&100_000_000_u64.to_le_bytes()[..], b"{\""].concat();
    let (file, read) = read_of("w.safetensors", head, LARGE);
    assert!(file.is_err());
    assert!(read < 20 << 20, "{read}");

    // Half a million keys and tensors at most, and texts that are not kept.
    for (tensors, keys) in [(1_u64 << 40, 0_u64), (0, 1 << 40), (500_001, 0)] {
        let counts = [tensors.to_le_bytes(), keys.to_le_bytes()].concat();
        let head = [b"GGUF\x03\0\0\0", &counts[..]].concat();
        let (file, read) = read_of("w.gguf", head, LARGE);
        assert!(file.is_err());
        assert!(read < 1 << 20, "{read}");
    }
}

#[test]
fn external_data_stays_within_the_package() {
    let model = |location: &str| {
        let pair = [field(1, b"location"), field(2, location.as_bytes())].concat();
        let tensor = [field(8, b"w"), field(13, &pair), b"\x70\x01".to_vec()].concat();
        [b"\x08\x08".to_vec(), field(7, &field(5, &tensor))].concat()
    };
    for inside in ["weights.bin", "./weights.bin", "data/weights.bin"] {
        let file = read_bytes("m.onnx", &model(inside)).unwrap().unwrap();
        let Metadata::Onnx(found) = &file.metadata else {
            panic!()
        };
        assert_eq!(file.findings, [], "{inside}");
        let path = inside.strip_prefix("./").unwrap_or(inside);
        assert!(found.external_data.contains(path), "{found:?}");
    }
    let long = "a".repeat(1025);
    for outside in [
        "../w",
        "/etc/passwd",
        "a/../../w",
        "C:w",
        r"..\w",
        r"\\host\w",
        "",
        "a//w",
        &long,
    ] {
        let file = read_bytes("m.onnx", &model(outside)).unwrap().unwrap();
        let kinds: Vec<_> = file.findings.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [FindingKind::Outside], "{outside}");
    }
}

#[test]
fn operators_of_others_are_told_unless_the_model_has_them() {
    let node = |domain: &str, operator: &str| {
        field(
            1,
            &[field(4, operator.as_bytes()), field(7, domain.as_bytes())].concat(),
        )
    };
    let graph = [
        node("", "Conv"),
        node("com.microsoft", "Gelu"),
        node("org.example", "Own"),
        node("org.example", "Foreign"),
    ];
    let function = field(25, &[field(1, b"Own"), field(10, b"org.example")].concat());
    let model = [b"\x08\x08".to_vec(), field(7, &graph.concat()), function].concat();
    let file = read_bytes("m.onnx", &model).unwrap().unwrap();
    let [finding] = &file.findings[..] else {
        panic!("{file:?}")
    };
    assert_eq!(finding.kind, FindingKind::Needs);
    assert!(
        finding.what.contains("Foreign of org.example"),
        "{finding:?}"
    );

    let python = field(7, &node("com.microsoft", "PythonOp"));
    let model = [b"\x08\x08".to_vec(), python].concat();
    assert!(read_bytes("m.onnx", &model).unwrap().unwrap().is_code());
}

#[test]
fn operators_of_tensorflow_that_touch_files_are_told_in_graphs_and_functions() {
    let node = |operator: &str| [field(1, b"here"), field(2, operator.as_bytes())].concat();
    let function = [field(1, &field(1, b"f")), field(3, &node("WriteFile"))].concat();
    let library = field(2, &field(1, &function));
    let print = |stream: &str| {
        let value = field(2, &field(2, stream.as_bytes()));
        let attribute = field(5, &[field(1, b"output_stream"), value].concat());
        field(1, &[node("PrintV2"), attribute].concat())
    };
    let graph = [
        print("stderr"),
        print("file:///tmp/x"),
        field(1, &node("ReadFile")),
        field(1, &node("PyFunc")),
        field(1, &node("Conv2D")),
        library,
    ]
    .concat();
    let model = [b"\x08\x01".to_vec(), field(2, &field(2, &graph))].concat();
    let file = read_bytes("model", &model).unwrap().unwrap();
    let told: Vec<_> = file
        .findings
        .iter()
        .map(|it| (it.kind, &*it.place))
        .collect();
    assert_eq!(
        told,
        [
            (FindingKind::Outside, "graph: here"),
            (FindingKind::Outside, "graph: here"),
            (FindingKind::Code, "graph: here"),
            (FindingKind::Outside, "function f: here"),
        ]
    );
}

#[test]
fn templates_that_leave_their_box_are_told() {
    let model = |template: &str| {
        let text = |text: &str| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
        let key = [
            text("tokenizer.chat_template"),
            vec![8, 0, 0, 0],
            text(template),
        ]
        .concat();
        [
            b"GGUF\x03\0\0\0".to_vec(),
            vec![0; 8],
            1_u64.to_le_bytes().to_vec(),
            key,
        ]
        .concat()
    };
    for (template, is_code) in [
        (
            "{% for m in messages %}<|im_start|>{{ m.role }}__{{ m.content }}",
            false,
        ),
        ("{{ ''.__class__.__mro__ }}", true),
        ("{{ x['\\x5f\\x5fclass'] }}", true),
        ("{{ x|attr('a' ~ 'b') }}", true),
    ] {
        let file = read_bytes("m.gguf", &model(template)).unwrap().unwrap();
        assert_eq!(file.is_code(), is_code, "{template}");
        assert!(matches!(file.metadata, Metadata::Gguf(it) if it.chat_template));
    }
}

#[test]
fn blocks_of_hdf5_that_name_each_other_end() {
    // Version 2, addresses of 8 bytes, a root at 48 whose one message is that it goes on there.
    let block = |address: u64| {
        [
            b"OCHK\x10\x10\0\0".to_vec(),
            address.to_le_bytes().to_vec(),
            28_u64.to_le_bytes().to_vec(),
            vec![0; 4],
        ]
        .concat()
    };
    let start = [
        &b"\x89HDF\r\n\x1a\n\x02\x08\x08\0"[..],
        &[0; 16],
        &107_u64.to_le_bytes(),
        &48_u64.to_le_bytes(),
        &[0; 4],
    ]
    .concat();
    let header = [
        b"OHDR\x02\0\x14\x10\x10\0\0".to_vec(),
        79_u64.to_le_bytes().to_vec(),
        28_u64.to_le_bytes().to_vec(),
        vec![0; 4],
    ]
    .concat();
    let file = [start, header, block(79)].concat();
    assert_eq!(file.len(), 107);
    let error = read_bytes("m.h5", &file).unwrap().unwrap_err();
    assert!(matches!(error, FormatError::Malformed(_)), "{error}");
}

#[test]
fn a_field_that_nobody_knows_hides_no_graph() {
    let model = bytes("genuine/segmentation.onnx");
    // One of a number that is not taken, one of a type that the number has not.
    for unknown in [&b"\xb8\x3e\x01"[..], b"\x2a\x01x"] {
        for bytes in [
            [unknown, &model[..]].concat(),
            [&model[..], unknown].concat(),
        ] {
            let file = read_bytes("model.bin", &bytes).unwrap().unwrap();
            assert_eq!(file.format(), Format::Onnx);
        }
    }
}

#[test]
fn weights_that_are_listed_as_inputs_are_none() {
    let named = |number, name: &[u8]| field(number, &field(1, name));
    let graph = [
        field(5, &field(8, b"weight")),
        named(11, b"weight"),
        named(11, b"image"),
        named(12, b"logits"),
    ];
    let model = [b"\x08\x03".to_vec(), field(7, &graph.concat())].concat();
    let file = read_bytes("m.onnx", &model).unwrap().unwrap();
    let Metadata::Onnx(found) = file.metadata else {
        panic!()
    };
    let names = |list: &[Tensor]| {
        list.iter()
            .map(|it| it.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&found.inputs), ["image"]);
    assert_eq!(names(&found.outputs), ["logits"]);
}

#[test]
fn attributes_that_are_kept_elsewhere_are_told() {
    for (heap, kinds) in [(u64::MAX, vec![]), (7, vec![FindingKind::Unread])] {
        let start = [
            &b"\x89HDF\r\n\x1a\n\x03\x08\x08\0"[..],
            &[0; 16],
            &99_u64.to_le_bytes(),
            &48_u64.to_le_bytes(),
            &[0; 4],
        ]
        .concat();
        let info = [&b"\x15\x12\0\0\0\0"[..], &heap.to_le_bytes(), &[0; 8]].concat();
        let header = [&b"OHDR\x02\0\x16"[..], &info, &[0; 22]].concat();
        let file = read_bytes("m.h5", &[start, header].concat());
        let file = file.unwrap().unwrap();
        let found: Vec<_> = file.findings.iter().map(|it| it.kind).collect();
        assert_eq!(found, kinds);
    }
}
