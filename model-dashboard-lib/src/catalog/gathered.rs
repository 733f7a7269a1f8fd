//! Many new entries on their way into a picture.

use std::sync::Arc;

use super::edit::Edit;
use super::entry::{Entry, Fresh, SharedTexts};
use super::picture::{CHUNK, Chunk};
use super::search::Texts;

/// Entries in chunks, as a picture holds them. Search texts are joined while they come in, so that
/// a hundred thousand of them never lie about one by one.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) chunks: Vec<Arc<Chunk>>,
    open: Vec<Fresh>,
    shared: SharedTexts,
}

impl Gathered {
    pub(super) fn push(&mut self, mut fresh: Fresh) {
        self.shared.share_in(&mut fresh);
        self.open.push(fresh);
        if self.open.len() == CHUNK {
            self.close();
        }
    }

    /// Puts what is left into a last, smaller chunk. Nothing may be pushed afterwards.
    pub(super) fn close(&mut self) {
        if !self.open.is_empty() {
            let texts = Texts::join(self.open.iter().map(|fresh| &*fresh.words));
            let entries = self.open.drain(..).map(|fresh| fresh.entry).collect();
            self.chunks.push(Arc::new(Chunk { entries, texts }));
        }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        let closed = self.chunks.iter().flat_map(|chunk| &chunk.entries);
        closed.chain(self.open.iter().map(|fresh| &fresh.entry))
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.len() * CHUNK + self.open.len()
    }

    /// The same as edits of a picture that holds something already.
    pub(super) fn into_edits(mut self) -> Vec<Edit> {
        self.close();
        let of_chunk = |chunk: &Arc<Chunk>| {
            let entries = chunk.entries.iter().enumerate();
            let fresh = entries.map(|(index, entry)| Fresh {
                entry: entry.clone(),
                words: chunk.texts.get(index).into(),
            });
            fresh.map(Edit::Put).collect::<Vec<_>>()
        };
        self.chunks.iter().flat_map(of_chunk).collect()
    }
}
