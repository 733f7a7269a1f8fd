//! What is told of a folder later.

use super::*;

#[test]
fn what_is_missing_changed_and_added_is_told_apart() {
    let job = Job::genuine("monai_spleen.zip");
    let unpacked = job.unpack().unwrap();
    let folder = &unpacked[0].folder;
    let weights = folder.join("models/model.pt");
    let mut bytes = fs::read(&weights).unwrap();
    bytes[100] ^= 1;
    fs::write(&weights, bytes).unwrap();
    fs::remove_file(folder.join("LICENSE")).unwrap();
    fs::write(folder.join("scripts/more.py"), "import os").unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    let found = verify(folder, &mut |_| {}).unwrap();
    let text =
        |paths: &[PackagePath]| -> Vec<String> { paths.iter().map(ToString::to_string).collect() };
    assert_eq!(text(&found.missing), ["LICENSE"]);
    assert_eq!(text(&found.changed), ["models/model.pt"]);
    assert_eq!(found.added, ["scripts/more.py"]);
    assert!(!found.is_clean());
}

#[test]
#[cfg(unix)]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;

    let job = Job::genuine("mist_two_folds.zip");
    let unpacked = job.unpack().unwrap();
    let folder = &unpacked[0].folder;
    let elsewhere = tempfile::tempdir().unwrap();
    // The same bytes, but whoever owns the other place may change them.
    fs::rename(
        folder.join("config.json"),
        elsewhere.path().join("config.json"),
    )
    .unwrap();
    symlink(
        elsewhere.path().join("config.json"),
        folder.join("config.json"),
    )
    .unwrap();
    fs::rename(folder.join("models"), elsewhere.path().join("models")).unwrap();
    symlink(elsewhere.path().join("models"), folder.join("models")).unwrap();
    let found = verify(folder, &mut |_| {}).unwrap();
    assert_eq!(found.changed.len(), 1);
    assert_eq!(found.added, ["models"]);
    let models = found
        .missing
        .iter()
        .filter(|it| it.as_str().starts_with("models/"));
    assert_eq!(models.count(), found.missing.len());
    assert!(found.missing.len() >= 2);
}

#[test]
fn a_folder_without_a_receipt_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for receipt in [
        None,
        Some("{}"),
        Some("[]"),
        Some(r#"{"files":[{"path":"../a"}]}"#),
    ] {
        if let Some(receipt) = receipt {
            fs::write(folder.path().join(RECEIPT), receipt).unwrap();
        }
        let error = verify(folder.path(), &mut |_| {}).unwrap_err();
        assert!(matches!(error, UnpackError::NoReceipt(_)), "{error}");
    }
}
