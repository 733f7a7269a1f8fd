//! Asking the picture for a page of models.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::bits::Bits;
use super::entry::{Entry, EntryState};
use super::order::{Natural, Sort, SortBy, SortValue};
use super::picture::{Counts, Picture};
use super::search::Words;
use crate::model::{ModelKey, NetworkType, Timestamp};

/// Which models, in which order, and which part of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Words that must all occur somewhere in name, network type, alias, description, contour
    /// names, tags or owner, as parts of words; compatible forms and case do not count. The first
    /// 32 different words count. Empty: no condition.
    pub search: String,
    /// One of these types; empty: any.
    pub network_types: Vec<NetworkType>,
    /// In this state.
    pub state: StateFilter,
    /// With exactly this tag.
    pub tag: Option<String>,
    /// Of exactly this owner.
    pub owner: Option<String>,
    /// The order. Where [`Query::after`] is given, the order that the cursor comes from counts.
    pub sort: Sort,
    /// How many rows to skip.
    pub offset: usize,
    /// Begin after this row.
    pub after: Option<Cursor>,
    /// The most rows to give.
    pub limit: usize,
    /// Whether tags and owners are counted, which costs as much as the models have of them.
    pub counts_words: bool,
}

/// Everything, sorted by network type and name, 50 rows.
impl Default for Query {
    fn default() -> Self {
        Self {
            search: String::new(),
            network_types: Vec::new(),
            state: StateFilter::All,
            tag: None,
            owner: None,
            sort: Sort::default(),
            offset: 0,
            after: None,
            limit: 50,
            counts_words: false,
        }
    }
}

/// Which states are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StateFilter {
    /// Models and broken objects.
    #[default]
    All,
    /// Models, enabled or not: what can be read.
    Valid,
    /// Enabled models.
    Enabled,
    /// Disabled models.
    Disabled,
    /// Broken objects.
    Broken,
}

impl StateFilter {
    fn states(self) -> &'static [EntryState] {
        use EntryState::{Broken, Disabled, Enabled};
        match self {
            Self::All => &[Enabled, Disabled, Broken],
            Self::Valid => &[Enabled, Disabled],
            Self::Enabled => &[Enabled],
            Self::Disabled => &[Disabled],
            Self::Broken => &[Broken],
        }
    }
}

/// A part of the models that a query selects.
#[derive(Clone, Debug)]
pub struct Page {
    /// The number of models that the query selects, on all pages.
    pub total: usize,
    /// The rows of this page.
    pub rows: Vec<Arc<Entry>>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
    /// What other filters would show: the numbers by state as if no state had been asked for, and
    /// the numbers by type as if no type had.
    pub counts: Counts,
    /// The tags that there are as if no tag had been asked for, with the number of models, by tag.
    /// Empty unless [`Query::counts_words`] asks for them.
    pub tags: Vec<(String, usize)>,
    /// The owners likewise.
    pub owners: Vec<(String, usize)>,
}

impl Picture {
    /// The page that a query asks for.
    ///
    /// Cost with 100,000 models: well below a millisecond without a search. A search reads the
    /// search text of all models, or of those that tag and owner leave: about a millisecond for
    /// each 10,000 models of 1 KB. Where that is much, run it on a thread that may block.
    #[must_use]
    pub fn query(&self, query: &Query) -> Page {
        let bound = self.bound();
        let facet = |facet: &super::picture::Facet, value: &Option<String>| {
            let slots = facet.get(value.as_deref()?);
            Some(Bits::of(bound, slots.iter().flat_map(|slots| slots.iter())))
        };
        let tagged = facet(&self.tags, &query.tag);
        let owned = facet(&self.owners, &query.owner);
        let types = (!query.network_types.is_empty()).then(|| {
            let slots = query
                .network_types
                .iter()
                .filter_map(|t| self.types.get(t.as_str()));
            Bits::of(bound, slots.flat_map(|slots| slots.iter()))
        });
        let states = (query.state != StateFilter::All).then(|| {
            let slots = query.state.states().iter().map(|&state| self.state(state));
            Bits::of(bound, slots.flatten())
        });

        // What no count and no row needs is not searched.
        let all_of = |sets: [&Option<Bits>; 3]| sets.into_iter().cloned().fold(None, both);
        let mut needed = all_of([&tagged, &owned, &None]);
        if query.counts_words {
            needed = either(needed, all_of([&owned, &types, &states]));
            needed = either(needed, all_of([&tagged, &types, &states]));
        }
        let words = Words::parse(&query.search);
        let searched = words.map(|words| self.find(&words, needed.as_ref()));

        let (mut tags, mut owners) = (Vec::new(), Vec::new());
        if query.counts_words {
            let others = |facet| both(searched.clone(), all_of([facet, &types, &states]));
            tags = count_words(&self.tags, others(&owned).as_ref());
            owners = count_words(&self.owners, others(&tagged).as_ref());
        }
        let base = [searched, tagged, owned].into_iter().fold(None, both);

        let within_types = both(base.clone(), types);
        let counts = Counts {
            by_type: self.count_types(both(base, states.clone()).as_ref()),
            ..self.count_states(within_types.as_ref())
        };
        let selected = both(within_types, states);
        let total = selected.as_ref().map_or(self.len(), Bits::len);
        let (rows, next) = self.page(query, selected.as_ref());
        Page {
            total,
            rows,
            next,
            counts,
            tags,
            owners,
        }
    }

    fn count_states(&self, within: Option<&Bits>) -> Counts {
        let count = |state| {
            let slots = self.state(state);
            match within {
                None => slots.len(),
                Some(bits) => slots.iter().filter(|&&slot| bits.contains(slot)).count(),
            }
        };
        let enabled = count(EntryState::Enabled);
        let disabled = count(EntryState::Disabled);
        let broken = count(EntryState::Broken);
        let all = enabled + disabled + broken;
        Counts {
            all,
            enabled,
            disabled,
            broken,
            by_type: Vec::new(),
        }
    }

    fn page(&self, query: &Query, selected: Option<&Bits>) -> (Vec<Arc<Entry>>, Option<Cursor>) {
        let sort = query
            .after
            .as_ref()
            .map_or(query.sort, |cursor| cursor.sort);
        let order = self.order(sort.by);
        let part = match &query.after {
            None => order,
            Some(cursor) => {
                let is_before = |slot: &u32| cursor.compare(self.entry(*slot)).is_lt();
                let place = order.partition_point(is_before);
                let at_cursor = order.get(place).is_some_and(|slot| {
                    self.entry(*slot).key == cursor.key && cursor.compare(self.entry(*slot)).is_eq()
                });
                if sort.descending {
                    &order[..place]
                } else {
                    &order[place + usize::from(at_cursor)..]
                }
            }
        };
        let rows = |slots: &mut dyn Iterator<Item = &u32>| {
            let is_selected = |slot: &&u32| selected.is_none_or(|bits| bits.contains(**slot));
            let mut slots = slots.filter(is_selected).skip(query.offset);
            let rows = slots.by_ref().take(query.limit);
            let rows: Vec<_> = rows.map(|&slot| self.entry(slot).clone()).collect();
            let more = slots.next().is_some();
            (rows, more)
        };
        let (rows, more) = match sort.descending {
            false => rows(&mut part.iter()),
            true => rows(&mut part.iter().rev()),
        };
        let next = rows
            .last()
            .filter(|_| more)
            .map(|last| Cursor::after(last, sort));
        (rows, next)
    }
}

/// The words of a facet that a selection has, with the number of models.
fn count_words(facet: &super::picture::Facet, within: Option<&Bits>) -> Vec<(String, usize)> {
    let count = |slots: &[u32]| match within {
        None => slots.len(),
        Some(bits) => slots.iter().filter(|&&slot| bits.contains(slot)).count(),
    };
    let counts = facet.iter().map(|(word, slots)| (word, count(slots)));
    let some = counts.filter(|(_, count)| *count > 0);
    some.map(|(word, count)| (word.to_string(), count))
        .collect()
}

/// What is in both sets; `None` is everything.
fn both(a: Option<Bits>, b: Option<Bits>) -> Option<Bits> {
    match (a, b) {
        (Some(mut a), Some(b)) => {
            a.intersect(&b);
            Some(a)
        }
        (a, b) => a.or(b),
    }
}

/// What is in one of the sets at least; `None` is everything.
fn either(a: Option<Bits>, b: Option<Bits>) -> Option<Bits> {
    let mut all = a?;
    all.unite(&b?);
    Some(all)
}

/// A place in a sorted list: after a certain row, whether that row is still there or not.
///
/// As text it is opaque and fit for an address. It names the order that it was made in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    sort: Sort,
    value: SortValue<'static>,
    key: ModelKey,
}

/// The text is no cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor of a list; begin again without one")]
pub struct CursorError;

impl Cursor {
    fn after(entry: &Entry, sort: Sort) -> Self {
        Self {
            sort,
            value: sort.by.value(entry).into_owned(),
            key: entry.key.clone(),
        }
    }

    /// The order that it was made in.
    #[must_use]
    pub fn sort(&self) -> Sort {
        self.sort
    }

    fn compare(&self, entry: &Entry) -> std::cmp::Ordering {
        let value = self.sort.by.value(entry);
        value
            .cmp(&self.value)
            .then_with(|| entry.key.cmp(&self.key))
    }
}

impl SortValue<'_> {
    fn into_owned(self) -> SortValue<'static> {
        match self {
            Self::Number(number) => SortValue::Number(number),
            Self::Text(text) => SortValue::Text(text.into_owned().into()),
            Self::Natural(Natural(text)) => SortValue::Natural(Natural(text.into_owned().into())),
            Self::Date(instant, text) => SortValue::Date(instant, text.into_owned().into()),
        }
    }
}

/// Order, direction, value (number, text, instant and text), key.
type Written = (String, bool, u32, String, Option<Timestamp>, ModelKey);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, text, instant) = match &self.value {
            SortValue::Number(number) => (*number, "", None),
            SortValue::Text(text) | SortValue::Natural(Natural(text)) => (0, &**text, None),
            SortValue::Date(instant, text) => (0, &**text, *instant),
        };
        let Sort { by, descending } = self.sort;
        let written = (by.as_str(), descending, number, text, instant, &self.key);
        let json = serde_json::to_vec(&written).map_err(|_| fmt::Error)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        let (by, descending, number, text, instant, key): Written =
            serde_json::from_slice(&json).map_err(|_| CursorError)?;
        let by = SortBy::parse(&by).ok_or(CursorError)?;
        let text = text.into();
        let value = match by {
            SortBy::Name | SortBy::Labels | SortBy::State => SortValue::Number(number),
            SortBy::Alias | SortBy::Owner => SortValue::Text(text),
            SortBy::Version => SortValue::Natural(Natural(text)),
            SortBy::Modified | SortBy::Created => SortValue::Date(instant, text),
        };
        Ok(Self {
            sort: Sort { by, descending },
            value,
            key,
        })
    }
}
