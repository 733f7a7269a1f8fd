#![allow(clippy::unwrap_used, clippy::panic)]

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
        "nnunet_v1_all.zip",
        "nnunet_v1_two_folds.zip",
        "nnunet_v2_cascade.zip",
        "nnunet_v2_fold_all.zip",
        "nnunet_v2_regions_ignore.zip",
        "nnunet_v2_two_folds.zip",
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
fn sparse_tensors_are_nothing_to_rely_on() {
    let scan = genuine("kinds_of_tensors.pt");
    assert_eq!(scan.verdict, Some(Verdict::Unknown));
    assert!(scan.names.is_empty(), "{scan:?}");
    assert_eq!(scan.reasons.len(), 1, "{scan:?}");
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
