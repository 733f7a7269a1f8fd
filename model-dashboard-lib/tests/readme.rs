//! The README says what the code does.

#![allow(clippy::unwrap_used)]

use model_dashboard::config::settings_table;

#[test]
fn the_readme_lists_every_setting() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let table = settings_table();
    let (_, listed) = readme.split_once("<!-- settings -->\n").unwrap();
    let (listed, _) = listed.split_once("<!-- /settings -->").unwrap();
    assert!(
        listed.trim() == table.trim(),
        "put this between the two marks in README.md:\n{table}"
    );
}
