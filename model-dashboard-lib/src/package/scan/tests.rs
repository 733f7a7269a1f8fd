#![allow(clippy::unwrap_used, clippy::panic)]

mod readings;

use std::path::Path;

use super::*;
use crate::package::hostile;
use crate::package::source::InMemory;

/// Where formats without pickles, code outside of them, and archives whose entries are not what they
/// say do not lie: those are told elsewhere.
const FOLDERS: &[&str] = &[
    "beyond/",
    "broken/",
    "controls/",
    "lookalikes/",
    "named/",
    "names/",
    "stack/",
    "torch/",
];

#[test]
fn no_hostile_file_is_taken_for_better_than_it_is() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (entry, bytes) in hostile::below(FOLDERS) {
        seen += 1;
        let file = &entry.file;
        let source: Arc<dyn Source> = Arc::new(InMemory::from(bytes));
        let scan = scan(file, &source);
        let verdict = scan.verdict.unwrap_or(Verdict::Expected);
        let least = entry.least();
        let control = file.starts_with("controls/");
        if verdict < least || (control && verdict != least) {
            wrong.push(format!("{file}: {scan:?} instead of {}", entry.verdict));
        }
        if least != Verdict::Dangerous {
            continue;
        }
        let names: Vec<String> = scan.names.iter().map(ToString::to_string).collect();
        // Expected names are not listed, and some cannot be told.
        let told = |name: &String| names.contains(name) || entry.unreached.contains(name);
        if scan.reasons.is_empty() && !entry.names.iter().any(told) {
            wrong.push(format!("{file}: {scan:?} lacks {:?}", entry.names));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 300, "{seen}");
}

/// What the frameworks wrote by themselves (`tests/packages/genuine`).
fn genuine(name: &str) -> Scan {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/genuine");
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let source: Arc<dyn Source> = Arc::new(InMemory::from(bytes));
    scan(name, &source)
}

#[test]
fn what_the_frameworks_write_is_expected() {
    for name in [
        "checkpoint_numpy.ckpt",
        "mist_0.zip",
        "mist_1.zip",
        "mist_ct.zip",
        "mist_two_folds.zip",
        "monai_spleen.zip",
        "nnunet_v1_all.zip",
        "nnunet_v1_two_folds.zip",
        "nnunet_v2_cascade.zip",
        "nnunet_v2_fold_all.zip",
        "nnunet_v2_regions_ignore.zip",
        "nnunet_v2_two_folds.zip",
        "script.pt",
        "totalsegmentator_v1.zip",
        "totalsegmentator_v2.zip",
        "weights.pt",
        "weights_legacy.pth",
    ] {
        let scan = genuine(name);
        assert_eq!(scan.verdict, Some(Verdict::Expected), "{name}: {scan:?}");
    }
}

/// Torch's five pickles, which ask for two floats, and then what follows.
fn legacy(rest: &[u8]) -> Scan {
    let tensor = b"(S'storage'\nctorch\nFloatStorage\nS'7'\nS'cpu'\nI2\nNtQ.";
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    let bytes = [
        &magic[..],
        b"\x80\x02M\xe9\x03.(d.",
        tensor,
        b"(lS'7'\na.",
        rest,
    ]
    .concat();
    let source: Arc<dyn Source> = Arc::new(InMemory::from(bytes));
    scan("weights.pth", &source)
}

#[test]
fn the_bytes_of_tensors_are_as_many_as_a_file_says() {
    let good = legacy(&[&2_u64.to_le_bytes()[..], &[0; 8]].concat());
    assert_eq!(good.verdict, Some(Verdict::Expected), "{good:?}");
    for bytes in [&[][..], &[0; 8], &[0; 7], &[0; 9], &[0; 12]] {
        let length = bytes.len() as u64 / 4;
        let rest = [&length.to_le_bytes()[..], bytes].concat();
        let scan = legacy(match bytes.len() {
            8 => &rest[..15],
            _ => &rest,
        });
        assert_eq!(scan.verdict, Some(Verdict::Unscannable), "{bytes:?}");
    }
}

#[test]
fn of_a_file_without_anything_in_it_a_reason_is_told() {
    let source: Arc<dyn Source> = Arc::new(InMemory::from(Vec::new()));
    let scan = scan("weights.pth", &source);
    assert_eq!(scan.verdict, Some(Verdict::Unscannable));
    assert_eq!(scan.reasons.len(), 1);
}

#[test]
fn sparse_tensors_are_nothing_to_rely_on() {
    let scan = genuine("kinds_of_tensors.pt");
    assert_eq!(scan.verdict, Some(Verdict::Unknown));
    assert!(scan.names.is_empty(), "{scan:?}");
    assert_eq!(scan.reasons.len(), 1, "{scan:?}");
}

/// An archive of these files, stored.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut data, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        // What a local header and the directory say alike, from the version to the extra field.
        let mut common = b"\x14\0\0\0\0\0\0\0\x21\0".to_vec();
        common.extend(crc.sum().to_le_bytes());
        common.extend([number(bytes.len()), number(bytes.len())].concat());
        common.extend(number(name.len()));
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(number(data.len()));
        directory.extend(name.as_bytes());
        data.extend(b"PK\x03\x04");
        data.extend(&common);
        data.extend(name.as_bytes());
        data.extend(*bytes);
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let start = u32::try_from(data.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    data.extend(directory);
    data.extend(b"PK\x05\x06\0\0\0\0");
    data.extend([&count[..], &count, &size, &start, &[0; 2]].concat());
    data
}

fn scan_of(files: &[(&str, &[u8])]) -> Scan {
    let source: Arc<dyn Source> = Arc::new(InMemory::from(archive(files)));
    scan("model.pt", &source)
}

#[test]
fn names_of_torchscript_are_expected_in_its_archives_alone() {
    let class = b"c__torch__.my.net\nNet\n)\x81}b.";
    let list = b"ctorch.jit._pickle\nbuild_intlist\n(]tR.";
    let code: (&str, &[u8]) = ("decode/code/__torch__/my.py", b"class Net(Module):");
    let constants: (&str, &[u8]) = ("decode/constants.pkl", b").");
    let data: (&str, &[u8]) = ("decode/data.pkl", class);
    let debug: (&str, &[u8]) = ("decode/code/__torch__/my.py.debug_pkl", list);
    let script = scan_of(&[data, code, constants, debug]);
    assert_eq!(script.verdict, Some(Verdict::Expected), "{script:?}");
    let unknown: [&[(&str, &[u8])]; 6] = [
        &[data, code],
        &[data, constants],
        &[data, constants, ("other/code/x.py", b"")],
        &[("other/data.pkl", class), code, constants],
        &[("decode/other.pkl", class), code, constants],
        &[
            ("decode/data.pkl", b"c__torch__.my\nNet.forward\n."),
            code,
            constants,
        ],
    ];
    for files in unknown {
        let scan = scan_of(files);
        assert!(scan.verdict >= Some(Verdict::Unknown), "{files:?} {scan:?}");
        assert_eq!(scan.names.len(), 1, "{files:?}");
    }
    let evil = scan_of(&[("decode/data.pkl", b"cos\nsystem\n."), code, constants]);
    assert_eq!(evil.verdict, Some(Verdict::Dangerous));
}

#[test]
fn constants_of_torchscript_lie_in_a_folder_of_their_own() {
    let tensor = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02NtQ.";
    let code: (&str, &[u8]) = ("m/code/x.py", b"x");
    let with = |path| {
        scan_of(&[
            code,
            ("m/constants.pkl", tensor),
            (path, b"\x80\x02cos\n0."),
        ])
    };
    assert_eq!(with("m/constants/0").verdict, Some(Verdict::Expected));
    assert_eq!(with("m/data/0").verdict, Some(Verdict::Unscannable));
}

#[test]
fn whole_modules_and_pipelines_are_told_by_their_names() {
    let module = genuine("whole_module.pt");
    assert_eq!(module.verdict, Some(Verdict::Unknown));
    let names: Vec<String> = module.names.iter().map(ToString::to_string).collect();
    assert!(
        names.contains(&"torch.nn.modules.conv.Conv3d".to_owned()),
        "{names:?}"
    );
    assert_eq!(genuine("pipeline.pkl").verdict, Some(Verdict::Unknown));
    assert_eq!(
        genuine("pipeline.joblib").verdict,
        Some(Verdict::Unscannable)
    );
}
