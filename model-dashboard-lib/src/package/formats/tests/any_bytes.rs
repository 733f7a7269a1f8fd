//! Files that break off or are damaged anywhere: nothing panics, and nothing is read beyond the end.

use proptest::prelude::*;

use super::*;
use crate::package::Package;
use crate::package::archive::ArchiveLimits;

/// A genuine file of each format.
fn genuine() -> Vec<(&'static str, Vec<u8>)> {
    let mut files: Vec<_> = [
        "weights.safetensors",
        "language.gguf",
        "segmentation.onnx",
        "plain.h5",
    ]
    .into_iter()
    .map(|name| (name, bytes(&format!("genuine/{name}"))))
    .collect();
    let archive = source(bytes("genuine/tensorflow_module.zip"));
    let package = Package::open("it", archive, &ArchiveLimits::default()).unwrap();
    let mut of_package = package.files().iter();
    let file = of_package
        .find(|it| it.path.file_name() == "saved_model.pb")
        .unwrap();
    files.push(("saved_model.pb", package.read_whole(file, 1 << 20).unwrap()));
    files
}

#[test]
fn a_file_that_breaks_off_anywhere_is_told() {
    for (name, bytes) in genuine() {
        for end in 0..bytes.len() {
            let read = read_bytes(name, &bytes[..end]);
            match read {
                Some(Err(error)) => assert!(!error.to_string().is_empty()),
                // What a model lacks at its end was a whole field.
                Some(Ok(_)) if name == "segmentation.onnx" => {}
                // Nor does anybody miss what fills the last tensor up to a multiple of 32.
                Some(Ok(_)) if name == "language.gguf" && bytes.len() - end < 32 => {}
                other => panic!("{name} up to {end}: {other:?}"),
            }
        }
    }
}

#[test]
fn archives_that_break_off_are_told() {
    for name in ["plain.keras", "script.pt"] {
        let bytes = bytes(&format!("genuine/{name}"));
        for end in (0..bytes.len()).step_by(7) {
            let read = read_bytes("model.keras", &bytes[..end]);
            assert!(matches!(read, Some(Err(_))), "{name} up to {end}: {read:?}");
        }
    }
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(
        which in 0_usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (name, mut bytes) = genuine().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read_bytes(name, &bytes);
        let _ = read_bytes("file", &bytes);
    }

    #[test]
    fn bytes_by_chance_never_panic(
        magic in prop::sample::select(vec![&b""[..], b"GGUF\x03\0\0\0", b"\x89HDF\r\n\x1a\n", b"\x08\x01\x12", b"\x08\x08\x3a"]),
        name in prop::sample::select(vec!["f", "f.onnx", "f.gguf", "f.safetensors", "saved_model.pb", "f.h5", "f.keras", "f.pb"]),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0_u8..16], 0..300),
    ) {
        let bytes = [magic, &bytes].concat();
        let _ = read_bytes(name, &bytes);
    }
}
