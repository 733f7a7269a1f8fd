//! The pickles of `tests/packages/hostile`: none gets a milder verdict than is safe, and each shows
//! the names that it asks for.

use std::path::Path;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Entry {
    file: String,
    verdict: String,
    least: Option<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    unreached: Vec<String>,
}

fn rank(verdict: &str) -> Verdict {
    match verdict {
        "expected" => Verdict::Expected,
        "unknown" => Verdict::Unknown,
        "unscannable" => Verdict::Unscannable,
        "dangerous" => Verdict::Dangerous,
        other => panic!("{other}"),
    }
}

#[test]
fn no_hostile_pickle_is_taken_for_better_than_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/hostile");
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    let entries: Vec<Entry> = serde_json::from_slice(&manifest).unwrap();
    let pickles = ["broken/", "lookalikes/", "named/", "names/", "stack/"];
    let mut seen = 0;
    for entry in entries {
        let is_pickle = pickles.iter().any(|it| entry.file.starts_with(it));
        // Files that are made by a recipe are not there.
        let Ok(bytes) = std::fs::read(folder.join(&entry.file)) else {
            continue;
        };
        if !is_pickle || bytes.starts_with(b"PK") || entry.verdict == "refused" {
            continue;
        }
        seen += 1;
        let found = found(&bytes);
        let least = rank(entry.least.as_ref().unwrap_or(&entry.verdict));
        let file = &entry.file;
        assert!(found.verdict() >= least, "{file}: {found:?}");
        let names = names(&found);
        for name in &entry.names {
            let told = names.contains(name) || entry.unreached.contains(name);
            let old = name.starts_with("__builtin__.");
            assert!(
                told || old || found.unresolved > 0,
                "{file}: no {name}: {found:?}"
            );
        }
    }
    assert!(seen > 200, "{seen}");
}
