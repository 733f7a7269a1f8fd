//! The README says what the code does.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use model_dashboard::config::settings_table;

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// What the key of a bucket must be allowed to do, as a text names it.
fn actions(text: &str) -> BTreeSet<&str> {
    text.split("s3:")
        .skip(1)
        .filter(|rest| rest.starts_with(char::is_uppercase))
        .map(|rest| rest.split(|c: char| !c.is_alphabetic()).next().unwrap())
        .collect()
}

#[test]
fn one_policy_of_buckets_is_told_everywhere() {
    let manifest = file("k8s/secret.yaml");
    let policy = actions(&manifest);
    assert!(policy.contains("AbortMultipartUpload"), "{policy:?}");
    assert_eq!(actions(&file("README.md")), policy);
    let faults = file("model-dashboard-lib/src/repository/object/faults.rs");
    let mut told = actions(&faults);
    // Only `init` makes buckets.
    told.insert("CreateBucket");
    assert_eq!(told, policy);
}

#[test]
fn the_readme_lists_every_setting() {
    let readme = file("README.md");
    let table = settings_table();
    let (_, listed) = readme.split_once("<!-- settings -->\n").unwrap();
    let (listed, _) = listed.split_once("<!-- /settings -->").unwrap();
    assert!(
        listed.trim() == table.trim(),
        "put this between the two marks in README.md:\n{table}"
    );
}
