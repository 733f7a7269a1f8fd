//! Orders that lists can be sorted in.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::entry::{Entry, EntryState};
use crate::model::{Timestamp, fold_for_search};

/// What a list is sorted by. Rows that are equal in it are sorted by network type and name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortBy {
    /// Network type, then name, both by code points.
    #[default]
    Name,
    /// Alias, folded as a search is: case does not count.
    Alias,
    /// The date of the last change; dates that cannot be read come first.
    Modified,
    /// The date of creation; dates that cannot be read come first.
    Created,
    /// The version that people see; numbers in it by value, so that 2.10 follows 2.9.
    Version,
    /// The number of labels.
    Labels,
    /// The owner, case does not count; models without one come first.
    Owner,
    /// Enabled, disabled, broken.
    State,
}

impl SortBy {
    /// Every order there is.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Alias,
        Self::Modified,
        Self::Created,
        Self::Version,
        Self::Labels,
        Self::Owner,
        Self::State,
    ];

    /// The word for it in addresses: `name`, `alias`, `modified`, `created`, `version`, `labels`,
    /// `owner`, `state`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Alias => "alias",
            Self::Modified => "modified",
            Self::Created => "created",
            Self::Version => "version",
            Self::Labels => "labels",
            Self::Owner => "owner",
            Self::State => "state",
        }
    }

    /// The order with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == word)
    }

    /// What an entry has of it.
    pub(super) fn value(self, entry: &Entry) -> SortValue<'_> {
        match self {
            Self::Name => SortValue::Number(0),
            Self::Alias => SortValue::Text(fold(entry.alias())),
            Self::Modified => SortValue::Date(entry.modified(), entry.last_modified_date()),
            Self::Created => SortValue::Date(entry.created(), entry.create_date()),
            Self::Version => SortValue::Natural(Natural(entry.shown_version())),
            Self::Labels => SortValue::Number(entry.label_count()),
            Self::Owner => SortValue::Text(entry.owner().map_or("".into(), fold_for_search)),
            Self::State => SortValue::Number(match entry.state() {
                EntryState::Enabled => 0,
                EntryState::Disabled => 1,
                EntryState::Broken => 2,
                EntryState::Deleted => 3,
            }),
        }
    }

    /// Compares two entries; equal only if their keys are.
    pub(super) fn compare(self, a: &Entry, b: &Entry) -> Ordering {
        self.value(a)
            .cmp(&self.value(b))
            .then_with(|| a.key.cmp(&b.key))
    }
}

fn fold(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => fold_for_search(text),
        Cow::Owned(text) => fold_for_search(&text).into_owned().into(),
    }
}

/// An order and its direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sort {
    /// What is compared.
    pub by: SortBy,
    /// The whole order backwards.
    pub descending: bool,
}

/// What two entries are compared by; only values of the same order meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortValue<'a> {
    Number(u32),
    Text(Cow<'a, str>),
    Natural(Natural<'a>),
    Date(Option<Timestamp>, Cow<'a, str>),
}

/// A text in which runs of digits are compared as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Natural<'a>(pub(super) Cow<'a, str>);

impl Ord for Natural<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (self.0.as_bytes(), other.0.as_bytes());
        while let ([first_a, ..], [first_b, ..]) = (a, b) {
            let step = if first_a.is_ascii_digit() && first_b.is_ascii_digit() {
                let (number_a, number_b) = (take_number(&mut a), take_number(&mut b));
                number_a
                    .len()
                    .cmp(&number_b.len())
                    .then_with(|| number_a.cmp(number_b))
            } else {
                let step = first_a.cmp(first_b);
                (a, b) = (&a[1..], &b[1..]);
                step
            };
            if step.is_ne() {
                return step;
            }
        }
        // "1.0" and "1.00" are equal so far, but must not be the same.
        a.len().cmp(&b.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Natural<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Cuts a run of digits off and gives it without leading zeros.
fn take_number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text
        .iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    let zeros = number.iter().take_while(|&&digit| digit == b'0').count();
    &number[zeros..]
}

/// The list without the elements at the places `remove`, and with `insert`ed ones before the
/// places given. Both are sorted by place in `old`.
pub(super) fn splice(old: &[u32], remove: &[usize], insert: &[(usize, u32)]) -> Vec<u32> {
    let mut new = Vec::with_capacity(old.len() + insert.len() - remove.len());
    let (mut remove, mut insert) = (remove.iter().peekable(), insert.iter().peekable());
    let mut done = 0;
    loop {
        let removal = remove.peek().map_or(usize::MAX, |place| **place);
        let insertion = insert.peek().map_or(usize::MAX, |(place, _)| *place);
        let place = removal.min(insertion);
        if place == usize::MAX {
            break;
        }
        new.extend_from_slice(&old[done..place]);
        done = place;
        if insertion <= removal {
            new.extend(insert.next().map(|(_, slot)| slot));
        } else {
            remove.next();
            done += 1;
        }
    }
    new.extend_from_slice(&old[done..]);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_versions_are_compared_by_value() {
        let natural = |text: &'static str| Natural(text.into());
        for (smaller, larger) in [
            ("2.9", "2.10"),
            ("", "0"),
            ("1", "1.0"),
            ("v2", "v10"),
            ("a9", "b1"),
            ("1.00", "1.1"),
        ] {
            assert!(natural(smaller) < natural(larger), "{smaller} {larger}");
            assert!(natural(larger) > natural(smaller), "{smaller} {larger}");
        }
        assert_ne!(natural("1.0").cmp(&natural("1.00")), Ordering::Equal);
    }

    #[test]
    fn splicing_removes_and_inserts_at_the_same_place() {
        assert_eq!(
            splice(&[10, 20, 30], &[1], &[(1, 15), (1, 16), (3, 40)]),
            [10, 15, 16, 30, 40]
        );
        assert_eq!(splice(&[], &[], &[(0, 1), (0, 2)]), [1, 2]);
        assert_eq!(splice(&[1, 2, 3], &[0, 1, 2], &[]), [0; 0]);
    }

    #[test]
    fn every_order_has_its_own_word() {
        for (index, by) in SortBy::ALL.into_iter().enumerate() {
            assert_eq!(by as usize, index);
            assert_eq!(SortBy::parse(by.as_str()), Some(by));
        }
    }
}
