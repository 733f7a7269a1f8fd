//! Pages of lists that are held whole.

use std::ops::Range;

use super::form::Form;
use super::visit::Visit;
use crate::views::components::pager::Pager;

/// How many entries a page of such a list shows.
pub(super) const PER_PAGE: usize = 50;

/// One page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    page: usize,
    total: usize,
}

impl Paging {
    /// The page that `page` in the address asks for, of a list with `total` entries; the last one
    /// where the list has become shorter.
    pub(super) fn asked(asked: &Form, total: usize) -> Paging {
        let last = total.div_ceil(PER_PAGE).max(1);
        let page = asked.text("page").parse().unwrap_or(1).clamp(1, last);
        Paging { page, total }
    }

    /// The entries that are shown, of the whole list.
    pub(super) fn of<T>(self, all: &[T]) -> &[T] {
        all.get(self.range()).unwrap_or_default()
    }

    fn range(self) -> Range<usize> {
        let first = (self.page - 1) * PER_PAGE;
        first..self.total.min(first + PER_PAGE)
    }

    /// The steps to the pages beside it, at `path` with these filters.
    pub(super) fn pager(self, visit: &Visit, path: &str, filters: &[(&str, &str)]) -> Pager {
        let step = |page: usize| {
            let filters = filters.iter().filter(|(_, value)| !value.is_empty());
            let filters = filters.map(|(name, value)| (*name, (*value).to_owned()));
            // The first page is the list's own address.
            let number = (page > 1).then(|| ("page", page.to_string()));
            visit.links().query(path, filters.chain(number))
        };
        let shown = self.range();
        Pager {
            first: shown.start + 1,
            shown: shown.len(),
            total: Some(self.total),
            previous: (self.page > 1).then(|| step(self.page - 1)),
            next: (shown.end < self.total).then(|| step(self.page + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(query: &str, total: usize) -> Range<usize> {
        Paging::asked(&Form::parse(query.as_bytes()), total).range()
    }

    #[test]
    fn a_page_that_is_none_is_the_nearest_one() {
        assert_eq!(range("", 0), 0..0);
        assert_eq!(range("", 120), 0..50);
        assert_eq!(range("page=2", 120), 50..100);
        assert_eq!(range("page=3", 120), 100..120);
        assert_eq!(range("page=4", 120), 100..120);
        assert_eq!(range("page=0", 120), 0..50);
        assert_eq!(range("page=x", 120), 0..50);
        assert_eq!(range("page=2", 50), 0..50);
    }
}
