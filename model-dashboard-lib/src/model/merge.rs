//! Three-way merging: what two people made of the same state, put together again.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::comparison::LABELS;
use super::{Comparison, LabelNumber};

/// What two people made of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Neither changed it.
    Unchanged,
    /// Only you changed it.
    Yours,
    /// Only they changed it.
    Theirs,
    /// Both changed it, to the same.
    Alike,
    /// Both changed it, each to something else: a person has to choose.
    Clash,
}

impl Outcome {
    /// What became of a thing that was `before`. Where that is not known, whatever differs clashes.
    pub fn of<T: PartialEq + ?Sized>(before: Option<&T>, yours: &T, theirs: &T) -> Self {
        match before {
            Some(before) if yours == theirs && yours == before => Self::Unchanged,
            _ if yours == theirs => Self::Alike,
            Some(before) if yours == before => Self::Theirs,
            Some(before) if theirs == before => Self::Yours,
            _ => Self::Clash,
        }
    }
}

/// The merge of two lists that come from one, entry by entry: labels by number, members of an object
/// by name, and with `()` for values a set.
///
/// ```
/// use model_dashboard::model::{Merge, Outcome};
///
/// let before = [(1, "liver"), (3, "kidny")];
/// let yours = [(1, "liver"), (3, "kidny"), (105, "skull")];
/// let theirs = [(1, "liver"), (3, "kidney")];
/// let merge = Merge::of(Some(&before), &yours, &theirs).expect("the same order");
/// let merged: Vec<_> = merge.merged().collect();
/// assert_eq!(merged, [(&1, &"liver"), (&3, &"kidney"), (&105, &"skull")]);
/// assert!(merge.clashes().next().is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merge<K, V> {
    /// Every entry of any of the three, in the order of the result.
    pub entries: Vec<Entry<K, V>>,
}

/// An entry of a list, in three states; `None` where it is not in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<K, V> {
    /// What it is found by.
    pub key: K,
    /// What both found.
    pub before: Option<V>,
    /// What you left.
    pub yours: Option<V>,
    /// What they left.
    pub theirs: Option<V>,
    /// What that makes of it.
    pub outcome: Outcome,
}

impl<K, V> Entry<K, V> {
    /// What it becomes. A clash that is not settled yet keeps a place for what will be chosen: it
    /// is theirs, or yours where they took it out.
    pub fn merged(&self) -> Option<&V> {
        match self.outcome {
            Outcome::Yours => self.yours.as_ref(),
            Outcome::Clash => self.theirs.as_ref().or(self.yours.as_ref()),
            _ => self.theirs.as_ref(),
        }
    }
}

impl<K: Clone + Ord + Hash, V: Clone + PartialEq> Merge<K, V> {
    /// Merges what two people made of `before`; of an unknown state, whatever differs clashes. Every
    /// key comes once in a list. `None` where both brought the entries into an order of their own: then the
    /// lists cannot be merged entry by entry.
    ///
    /// Which of the two is called yours changes nothing but the names, as long as nothing clashes.
    #[must_use]
    pub fn of(before: Option<&[(K, V)]>, yours: &[(K, V)], theirs: &[(K, V)]) -> Option<Self> {
        let keys = |list: &[(K, V)]| list.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        let earlier = before.map(keys);
        let order = order(earlier.as_deref(), &keys(yours), &keys(theirs))?;
        let before_by_key = by_key(before.unwrap_or_default());
        let (yours, theirs) = (by_key(yours), by_key(theirs));
        let entry = |key: K| {
            let was = before_by_key.get(&key).copied();
            let (yours, theirs) = (yours.get(&key).copied(), theirs.get(&key).copied());
            Entry {
                outcome: Outcome::of(before.is_some().then_some(&was), &yours, &theirs),
                before: was.cloned(),
                yours: yours.cloned(),
                theirs: theirs.cloned(),
                key,
            }
        };
        Some(Self {
            entries: order.into_iter().map(entry).collect(),
        })
    }
}

impl<K, V> Merge<K, V> {
    /// The entries of the result, as [`Entry::merged`] tells them.
    pub fn merged(&self) -> impl Iterator<Item = (&K, &V)> {
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((&entry.key, entry.merged()?)))
    }

    /// The entries that both changed, each to something else.
    pub fn clashes(&self) -> impl Iterator<Item = &Entry<K, V>> {
        let clashes = |entry: &&Entry<K, V>| entry.outcome == Outcome::Clash;
        self.entries.iter().filter(clashes)
    }
}

fn by_key<K: Eq + Hash, V>(list: &[(K, V)]) -> HashMap<&K, &V> {
    list.iter().map(|(key, value)| (key, value)).collect()
}

/// All keys in the order of the result: that of whoever changed it, each new key after the one that
/// it was put after.
fn order<K: Clone + Ord + Hash>(before: Option<&[K]>, yours: &[K], theirs: &[K]) -> Option<Vec<K>> {
    let moved = |side: &[K]| before.is_none_or(|before| is_reordered(before, side));
    let spine = match (moved(yours), moved(theirs)) {
        (true, true) if is_reordered(yours, theirs) => return None,
        // The same order, with or without what one of them added.
        (true, true) if before.is_some() => yours.min(theirs),
        (true, false) => yours,
        (false, false) => before.unwrap_or(theirs),
        _ => theirs,
    };
    let places: HashMap<&K, usize> = spine.iter().zip(1..).collect();
    let mut added: Vec<(usize, Vec<&K>)> = Vec::new();
    for side in [before.unwrap_or_default(), yours, theirs] {
        let mut run = (0, Vec::new());
        for key in side {
            match places.get(key) {
                Some(&place) => added.push(std::mem::replace(&mut run, (place, Vec::new()))),
                None => run.1.push(key),
            }
        }
        added.push(run);
    }
    // So that it does not matter whose come first.
    added.sort();
    let mut seen: HashSet<&K> = spine.iter().collect();
    let mut order = Vec::with_capacity(spine.len());
    let mut added = added.into_iter().peekable();
    for place in 0..=spine.len() {
        order.extend(
            place
                .checked_sub(1)
                .and_then(|last| spine.get(last))
                .cloned(),
        );
        while let Some((_, run)) = added.next_if(|(after, _)| *after == place) {
            let new = run.into_iter().filter(|key| seen.insert(key));
            order.extend(new.cloned());
        }
    }
    Some(order)
}

/// Whether what both lists hold comes in another order in the second.
fn is_reordered<K: Eq + Hash>(first: &[K], second: &[K]) -> bool {
    let (in_first, in_second): (HashSet<_>, HashSet<_>) =
        (first.iter().collect(), second.iter().collect());
    let common = first.iter().filter(|key| in_second.contains(key));
    !common.eq(second.iter().filter(|key| in_first.contains(key)))
}

/// What two changes of the same state both touch and leave differently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overlap {
    /// Fields, named as [`Comparison`] names them; of a field that only one of the two changes as a
    /// whole, the part that the other changes.
    pub fields: Vec<String>,
    /// Label numbers.
    pub labels: Vec<LabelNumber>,
}

impl Overlap {
    /// Of two comparisons from the same state; of those changes that they name.
    #[must_use]
    pub fn of(one: &Comparison, other: &Comparison) -> Self {
        let mut found = Self::default();
        let others: HashMap<&str, _> = other.fields.iter().map(|it| (&*it.field, it)).collect();
        let mine: HashSet<&str> = one.fields.iter().map(|it| &*it.field).collect();
        for change in &one.fields {
            let same = others.get(&*change.field);
            let clashes = match same {
                Some(other) => other.after != change.after,
                None => wholes(&change.field).any(|whole| others.contains_key(whole)),
            };
            if clashes {
                found.fields.push(change.field.clone());
            }
        }
        let parts = other.fields.iter().map(|it| &it.field);
        let parts = parts.filter(|field| wholes(field).any(|whole| mine.contains(whole)));
        found.fields.extend(parts.cloned());
        let others: HashMap<_, _> = other.labels.iter().map(|it| (it.number, it)).collect();
        let labels = one.labels.iter().filter(|change| {
            let other = others.get(&change.number);
            other.is_some_and(|other| other.after != change.after)
        });
        found.labels = labels.map(|change| change.number).collect();
        found.fields.extend(beside_labels(one, other));
        found.fields.extend(beside_labels(other, one));
        found
    }

    /// Whether the two changes do not meet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.labels.is_empty()
    }
}

/// Labels that `one` changes as a field, for they cannot be read, and `other` by number.
fn beside_labels(one: &Comparison, other: &Comparison) -> impl Iterator<Item = String> {
    let fields = one.fields.iter().map(|it| &it.field);
    let meets = |field: &&String| match field.strip_prefix(LABELS) {
        Some("") => !other.labels.is_empty(),
        Some(rest) => {
            let number = rest.strip_prefix('.').and_then(|rest| rest.parse().ok());
            other.labels.iter().any(|it| Some(it.number) == number)
        }
        None => false,
    };
    fields.filter(meets).cloned()
}

/// The fields that a part of a field lies in.
fn wholes(field: &str) -> impl Iterator<Item = &str> {
    field.match_indices('.').map(|(at, _)| &field[..at])
}
