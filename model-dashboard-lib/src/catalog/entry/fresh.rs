//! Entries on their way into the picture.

use std::sync::Arc;

use super::{Entry, Kind, ModelParts, Tombstone};
use crate::catalog::search::distinct_words;
use crate::model::{
    BrokenDefinition, DuplicateKeys, ModelDefinition, ModelKey, ModelSummary, fold_for_search,
};
use crate::repository::{Stamp, StoredModel, is_ours};

/// An entry on its way into the picture, with the words that it is found by.
#[derive(Debug)]
pub(in crate::catalog) struct Fresh {
    pub(in crate::catalog) entry: Arc<Entry>,
    pub(in crate::catalog) words: Box<str>,
}

impl Fresh {
    /// Reads what is stored: a model, a tombstone, or something broken.
    pub(in crate::catalog) fn read(stored: &StoredModel) -> Self {
        let key = stored.key.clone();
        let mut ours = false;
        let (kind, words) = match ModelDefinition::parse(&stored.bytes, DuplicateKeys::LastWins) {
            Err(error) => {
                let words = words_of_key(&key);
                let broken = BrokenDefinition::new(key, &stored.bytes, &error);
                (Kind::Broken(Box::new(broken)), words)
            }
            Ok(definition) => {
                ours = is_ours(&key, &definition);
                let summary = ModelSummary::new(key, stored.version, &definition);
                if summary.deleted {
                    (
                        Kind::Deleted(Box::new(Tombstone::read(&definition))),
                        "".into(),
                    )
                } else {
                    let words = distinct_words(summary.search_text());
                    (Kind::Model(ModelParts::new(summary)), words)
                }
            }
        };
        let entry = Entry {
            key: stored.key.clone(),
            version: Some(stored.version),
            stamp: stored.stamp.clone(),
            ours,
            kind,
        };
        Self {
            entry: Arc::new(entry),
            words,
        }
    }

    /// An object that was listed but cannot be read.
    pub(in crate::catalog) fn broken(stamp: Stamp, broken: BrokenDefinition) -> Self {
        let key = broken.key.clone();
        let words = words_of_key(&key);
        let kind = Kind::Broken(Box::new(broken));
        Self {
            entry: Arc::new(Entry {
                key,
                version: None,
                stamp,
                ours: false,
                kind,
            }),
            words,
        }
    }

    /// What is left at `from` when `moved` lives on under another key. The tombstone itself has
    /// not been read, so the next listing looks at it.
    pub(in crate::catalog) fn moved_away(from: &ModelKey, moved: &Entry) -> Self {
        let tombstone = Tombstone {
            id: moved.id(),
            revision: moved.revision(),
            at: moved.modified_at(),
            by: moved.modified_by().map(str::to_owned),
            moved_to: Some(moved.key.clone()),
        };
        let entry = Entry {
            key: from.clone(),
            version: None,
            stamp: unseen(),
            ours: moved.ours,
            kind: Kind::Deleted(Box::new(tombstone)),
        };
        Self {
            entry: Arc::new(entry),
            words: "".into(),
        }
    }
}

/// The stamp of an object whose present state was not read: no listing shows it.
pub(in crate::catalog) fn unseen() -> Stamp {
    Stamp("".into())
}

fn words_of_key(key: &ModelKey) -> Box<str> {
    distinct_words(&fold_for_search(&format!(
        "{} {}",
        key.name, key.network_type
    )))
}
