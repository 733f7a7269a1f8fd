//! When tokens and sessions were last used: noted in memory, written in batches.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::Timestamp;

/// How many different tokens or sessions are noted between two writes. Beyond that, the time of
/// use of further ones is written with their next use.
const MAX_NOTED: usize = 10_000;

/// Times of use that wait to be written, the latest of each number.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<i64, Timestamp>>);

impl Uses {
    pub(crate) fn note(&self, id: i64, at: Timestamp) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MAX_NOTED || noted.contains_key(&id) {
            let latest = noted.entry(id).or_insert(at);
            *latest = at.max(*latest);
        }
    }

    /// Takes out all that waits.
    pub(crate) fn take(&self) -> Vec<(i64, Timestamp)> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *noted).into_iter().collect()
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&self, uses: Vec<(i64, Timestamp)>) {
        for (id, at) in uses {
            self.note(id, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_use_counts_and_the_number_is_bounded() {
        let uses = Uses::default();
        let at = Timestamp::from_unix_micros;
        uses.note(1, at(20));
        uses.note(1, at(10));
        assert_eq!(uses.take(), [(1, at(20))]);
        assert_eq!(uses.take(), []);
        for id in 0..20_000 {
            uses.note(id, at(1));
        }
        uses.put_back(vec![(3, at(2)), (30_000, at(2))]);
        let taken = uses.take();
        assert_eq!(taken.len(), MAX_NOTED);
        assert!(taken.contains(&(3, at(2))));
    }
}
