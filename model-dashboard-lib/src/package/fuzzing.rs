//! What is tried with bytes by chance: by the fuzzer, and in tests with what it found.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use std::io::Read;
use std::sync::Arc;

use super::archive::{Archive, ArchiveLimits};
use super::pickle::{self, Kind, Limits, Value, Verdict};
use super::source::{InMemory, Source};
use super::{Package, scan};

#[cfg(test)]
mod tests;

/// How many values are looked at.
const LOOKS: usize = 2_000;

/// A pickle. Only what was read to its end is expected; its values are those of the same walk; and
/// looking at them ends, whatever holds what.
pub fn pickle(data: &[u8]) {
    let limits = Limits {
        opcodes: 50_000,
        ..Limits::default()
    };
    let found = pickle::walk(data, &limits);
    if found.verdict() == Verdict::Expected {
        assert!(found.pickles > 0 && found.problem.is_none());
        assert_eq!(found.unresolved + found.foreign_ids, 0);
        assert_eq!(found.unexpected().count(), 0);
        assert!(found.unusual.is_empty() && found.harmful.is_empty());
    }
    let mut rest = data;
    let first = pickle::walk_some(&mut rest, 1, &limits);
    let mut same = data;
    let (of_values, values) = pickle::read_noting(&mut same, &limits);
    let Ok(values) = values else {
        // Long texts are looked into where values are kept, and may be broken.
        assert!(of_values.names.is_subset(&first.names));
        return;
    };
    assert_eq!((first.pickles, same), (1, rest));
    assert_eq!(of_values.names, first.names);
    assert_eq!(of_values.storages, first.storages);
    assert_eq!(of_values.unusual, first.unusual);
    assert_eq!(of_values.harmful, first.harmful);
    assert_eq!(of_values.calls, first.calls);
    assert_eq!(of_values.unresolved, first.unresolved);
    look(values.root());
}

fn look(root: Value<'_>) {
    let mut waiting = vec![root];
    for _ in 0..LOOKS {
        let Some(value) = waiting.pop() else { break };
        let parts = [value.arguments(), value.state(), value.persistent_id()];
        waiting.extend(parts.into_iter().flatten().chain(value.items()));
        waiting.extend(value.pairs().flat_map(|(key, held)| [key, held]));
        assert_eq!(
            value.as_str().is_some(),
            matches!(value.kind(), Kind::Text(_))
        );
        if let Some(number) = value.as_i64() {
            assert!(value.as_f64().is_some(), "{number}");
        }
        let integers = value.integers().map(|numbers| numbers.len());
        assert!(integers.is_none() || value.numbers().map(|it| it.len()) == integers);
        let last = value.items().next_back().map(Value::kind);
        if value.is_sequence() && !last.is_some_and(|kind| matches!(kind, Kind::Float(_))) {
            assert_eq!(value.at(-1).map(Value::kind), last);
        }
        let _ = (value.as_bool(), value.as_bytes(), value.callable());
        let _ = (value.get("a"), value.at(0), value.path(&["a", "b"]));
        if waiting.len() > LOOKS {
            break;
        }
    }
    if let Some(json) = root.to_json(1 << 12) {
        assert!(json.len() <= 1 << 12);
        serde_json::from_str::<serde_json::Value>(&json).expect("JSON");
    }
}

/// An archive, or something else. What is read of an entry is what it says, from wherever it is read;
/// and looking for what would run ends.
pub fn archive(data: &[u8]) {
    let source: Arc<dyn Source> = Arc::new(InMemory::from(data.to_vec()));
    let scan = scan::scan("model.pt", &source);
    assert!(
        !scan.names.is_empty() || !scan.reasons.is_empty() || scan.verdict < Some(Verdict::Unknown)
    );
    let limits = ArchiveLimits {
        entries: 100,
        size: 1 << 20,
        ..ArchiveLimits::default()
    };
    let _ = Package::open("model.pt", Arc::clone(&source), &limits);
    let Ok(archive) = Archive::open(source, &limits) else {
        return;
    };
    for entry in archive.entries() {
        let mut whole = Vec::new();
        let read = archive.read(entry).expect("what was opened");
        if { read }.read_to_end(&mut whole).is_err() {
            continue;
        }
        assert_eq!(whole.len() as u64, entry.size);
        let at = archive.at(entry).expect("what was opened");
        assert_eq!(at.size(), entry.size);
        // The end first, then from the beginning on.
        for start in [whole.len().saturating_sub(3), whole.len() / 2, 0] {
            let mut part = vec![0; 3.min(whole.len() - start)];
            let mut filled = 0;
            while filled < part.len() {
                let offset = (start + filled) as u64;
                let count = at.read_at(offset, &mut part[filled..]).expect("bytes");
                assert!(count > 0);
                filled += count;
            }
            assert_eq!(part, whole[start..start + part.len()]);
        }
    }
}
