//! The pickles of `tests/packages/hostile`: none gets a milder verdict than is safe, and each shows
//! the names that it asks for.

use super::*;
use crate::package::hostile;

#[test]
fn no_hostile_pickle_is_taken_for_better_than_it_is() {
    let folders = ["broken/", "lookalikes/", "named/", "names/", "stack/"];
    let mut seen = 0;
    for (entry, bytes) in hostile::below(&folders) {
        if bytes.starts_with(b"PK") || entry.verdict == "refused" {
            continue;
        }
        seen += 1;
        let found = found(&bytes);
        let file = &entry.file;
        assert!(found.verdict() >= entry.least(), "{file}: {found:?}");
        let names = names(&found);
        for name in &entry.names {
            let told = names.contains(name) || entry.unreached.contains(name);
            let old = name.starts_with("__builtin__.");
            let readable = file.starts_with("stack/text-");
            assert!(
                told || (!readable && (old || found.unresolved > 0)),
                "{file}: no {name}: {found:?}"
            );
        }
    }
    assert!(seen > 200, "{seen}");
}
