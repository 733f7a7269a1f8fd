//! Finding models by words, in text that lies together.

use std::collections::HashSet;
use std::ops::Range;

use memchr::memmem::Finder;

use super::bits::Bits;
use crate::model::fold_for_search;

/// The longest text of one model that is searched, in bytes; what is beyond it is not found.
pub(super) const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The most words of one search that count.
const MAX_WORDS: usize = 32;

/// The words of a folded text, each once, separated by single spaces; those that find no room any
/// more are left out.
///
/// A word of a search holds no white space, so it occurs in the text if and only if it occurs in
/// one of these words: order and repetition need no room.
pub(super) fn distinct_words(folded: &str) -> Box<str> {
    let mut seen = HashSet::with_capacity(folded.len() / 8);
    let mut out = String::with_capacity(folded.len().min(MAX_TEXT_BYTES));
    for word in folded.split_whitespace() {
        if !seen.insert(word) {
            continue;
        }
        if out.len() + word.len() + 1 > MAX_TEXT_BYTES {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out.into_boxed_str()
}

/// The words of a search, folded; all of them must occur.
#[derive(Debug)]
pub(super) struct Words(Vec<Finder<'static>>);

impl Words {
    /// `None` for a search without words, which every model fits.
    pub(super) fn parse(search: &str) -> Option<Self> {
        let folded = fold_for_search(search);
        let mut words: Vec<&str> = folded.split_whitespace().collect();
        // The longest word is likely the rarest: it goes first, so that few texts are left.
        words.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        words.dedup();
        words.truncate(MAX_WORDS);
        let finders = words.iter().map(|word| Finder::new(word).into_owned());
        Some(Self(finders.collect())).filter(|words| !words.0.is_empty())
    }
}

/// The search texts of the slots of one chunk, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    text: String,
    /// Where the text of each slot ends; a line feed follows it.
    ends: Vec<u32>,
}

impl Texts {
    /// Joins the texts of slots; one that is empty is never found.
    pub(super) fn join<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Self {
        let size = texts.clone().map(|text| text.len() + 1).sum();
        let mut joined = Self {
            text: String::with_capacity(size),
            ends: Vec::new(),
        };
        for text in texts {
            joined.text.push_str(text);
            // At most 256 texts of 64 KiB: far below 4 GiB.
            joined.ends.push(joined.text.len() as u32);
            joined.text.push('\n');
        }
        joined
    }

    fn range(&self, index: usize) -> Range<usize> {
        let start = index
            .checked_sub(1)
            .map_or(0, |before| self.ends[before] as usize + 1);
        start..self.ends[index] as usize
    }

    /// The text of one slot.
    pub(super) fn get(&self, index: usize) -> &str {
        &self.text[self.range(index)]
    }

    /// Adds the slots of `within`, counted from `first`, whose text holds every word.
    pub(super) fn find_within(&self, words: &Words, within: &Bits, first: u32, found: &mut Bits) {
        for (slot, index) in (first..).zip(0..self.ends.len()) {
            if within.contains(slot) {
                let here = &self.text.as_bytes()[self.range(index)];
                if words.0.iter().all(|word| word.find(here).is_some()) {
                    found.insert(slot);
                }
            }
        }
    }

    /// Adds the slots, counted from `first`, whose text holds every word.
    ///
    /// Where a text has the rarest word, the next one is looked at by itself: its place is known
    /// before the word is found, so that the processor fetches texts ahead of their turn. Where one
    /// has not, everything up to the next hit is passed over at once.
    pub(super) fn find(&self, words: &Words, first: u32, found: &mut Bits) {
        let Some((rarest, others)) = words.0.split_first() else {
            return;
        };
        let text = self.text.as_bytes();
        let mut index = 0;
        while index < self.ends.len() {
            if rarest.find(&text[self.range(index)]).is_none() {
                let rest = self.ends[index] as usize + 1;
                let Some(hit) = text.get(rest..).and_then(|rest| rarest.find(rest)) else {
                    return;
                };
                index += self.ends[index..].partition_point(|&end| (end as usize) < rest + hit);
            }
            let here = &text[self.range(index)];
            if others.iter().all(|word| word.find(here).is_some()) {
                found.insert(first + index as u32);
            }
            index += 1;
        }
    }
}
