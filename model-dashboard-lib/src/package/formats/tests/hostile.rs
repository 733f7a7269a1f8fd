//! The files of `tests/packages/hostile` that are no pickles and no archives.

use super::*;
use crate::package::hostile;
use crate::package::pickle::Verdict;
use crate::package::scan;

/// The worst of what is told here and by the scan.
fn verdict(name: &str, bytes: &[u8]) -> Option<Verdict> {
    let source = source(bytes.to_vec());
    let told = read(name, &source).map(|read| match read {
        Err(_) => Verdict::Unscannable,
        Ok(file) => {
            let worst = file.findings.iter().map(|finding| finding.kind).max();
            match worst {
                None | Some(FindingKind::Odd) => Verdict::Expected,
                Some(FindingKind::Needs | FindingKind::Outside) => Verdict::Unknown,
                Some(FindingKind::Unread) => Verdict::Unscannable,
                Some(FindingKind::Code) => Verdict::Dangerous,
            }
        }
    });
    told.max(scan::scan(name, &source).verdict)
}

#[test]
fn broken_files_are_not_taken_for_sound_ones() {
    let mut seen = 0;
    for (entry, bytes) in hostile::below(&["formats/"]) {
        seen += 1;
        let file = &entry.file;
        let name = file.rsplit('/').next().unwrap();
        let verdict = verdict(name, &bytes);
        assert!(
            verdict.unwrap_or(Verdict::Expected) >= entry.least(),
            "{file}: {verdict:?}"
        );
        if let Some(place) = &entry.place {
            let found = read_bytes(name, &bytes).unwrap().unwrap().findings;
            assert_eq!(
                format!("{place:?}"),
                format!("{:?}", found[0].place),
                "{found:?}"
            );
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn code_in_configurations_of_keras_is_found_where_it_is() {
    let mut seen = 0;
    for (entry, bytes) in hostile::below(&["code/"]) {
        if entry.file.ends_with(".keras") {
            seen += 1;
            let found = read_bytes("model.keras", &bytes).unwrap().unwrap().findings;
            assert_eq!(found.len(), 1, "{}: {found:?}", entry.file);
            assert!(found[0].is_code());
            assert_eq!(Some(&found[0].place), entry.place.as_ref());
        }
    }
    assert_eq!(seen, 2);
}

#[test]
fn sound_files_are_taken_as_such() {
    let mut seen = 0;
    for (entry, bytes) in hostile::below(&["controls/good."]) {
        seen += 1;
        let name = entry.file.rsplit('/').next().unwrap();
        let file = read_bytes(name, &bytes).unwrap();
        assert_eq!(file.unwrap().findings, [], "{}", entry.file);
        // Without its name it is what it is.
        let file = read_bytes("file", &bytes).unwrap();
        assert!(file.is_ok(), "{}: {file:?}", entry.file);
    }
    assert_eq!(seen, 4);
}

#[test]
fn a_file_has_to_be_what_its_name_says() {
    let checkpoint = bytes("hostile/torch/renamed.safetensors");
    let zip = bytes("genuine/plain.keras");
    let gguf = bytes("genuine/language.gguf");
    for (name, bytes) in [
        ("model.keras", &checkpoint),
        ("model.h5", &zip),
        ("MODEL.ONNX", &gguf),
        ("model.safetensors", &gguf),
    ] {
        let error = read_bytes(name, bytes).unwrap().unwrap_err();
        assert!(
            matches!(error, FormatError::NotAsNamed(_)),
            "{name}: {error}"
        );
    }
    assert!(
        read_bytes("model.safetensors", &checkpoint)
            .unwrap()
            .is_err()
    );
    // Keras' older versions wrote HDF5 under its newer name.
    let h5 = bytes("genuine/plain.h5");
    assert!(read_bytes("model.keras", &h5).unwrap().is_ok());
}

#[test]
fn a_pointer_of_git_is_told_under_any_name() {
    let pointer = bytes("hostile/formats/pointer.pth");
    for name in ["model.pt", "model.onnx", "model.safetensors"] {
        let error = read_bytes(name, &pointer).unwrap().unwrap_err();
        assert!(matches!(error, FormatError::Pointer), "{name}: {error}");
    }
}
