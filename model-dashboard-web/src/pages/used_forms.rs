//! Forms that may be sent once, because a browser sends them again when their answer is reloaded.

use std::collections::{HashSet, VecDeque};
use std::sync::Mutex;
use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many forms are remembered; a reload comes soon after.
const MOST_REMEMBERED: usize = 4_096;
/// The bytes of a form's number.
const NUMBER_BYTES: usize = 16;

/// The numbers of the forms that were sent last.
#[derive(Debug, Default)]
pub(super) struct UsedForms(Mutex<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    known: HashSet<Vec<u8>>,
    oldest_first: VecDeque<Vec<u8>>,
}

/// What became of a form's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is taken now.
    First,
    /// It was taken before.
    Again,
    /// It is none of ours.
    Invalid,
}

impl UsedForms {
    /// A number for a form that is shown now. Without random numbers from the system it is empty,
    /// and the form will be refused.
    pub(super) fn number() -> String {
        let mut number = [0; NUMBER_BYTES];
        match getrandom::fill(&mut number) {
            Ok(()) => URL_SAFE_NO_PAD.encode(number),
            Err(_) => String::new(),
        }
    }

    /// Takes the number of a form that was sent.
    pub(super) fn take(&self, number: &str) -> Use {
        let Some(number) = decode(number) else {
            return Use::Invalid;
        };
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !numbers.known.insert(number.clone()) {
            return Use::Again;
        }
        numbers.oldest_first.push_back(number);
        if numbers.oldest_first.len() > MOST_REMEMBERED
            && let Some(oldest) = numbers.oldest_first.pop_front()
        {
            numbers.known.remove(&oldest);
        }
        Use::First
    }

    /// Gives a number back: the form did nothing.
    pub(super) fn give_back(&self, number: &str) {
        let Some(number) = decode(number) else { return };
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if numbers.known.remove(&number) {
            numbers.oldest_first.retain(|known| *known != number);
        }
    }
}

fn decode(number: &str) -> Option<Vec<u8>> {
    let number = URL_SAFE_NO_PAD.decode(number).ok()?;
    (number.len() == NUMBER_BYTES).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_once_unless_it_is_given_back() {
        let used = UsedForms::default();
        let number = UsedForms::number();
        assert_eq!(used.take(&number), Use::First);
        assert_eq!(used.take(&number), Use::Again);
        used.give_back(&number);
        assert_eq!(used.take(&number), Use::First);
        assert_eq!(used.take(&UsedForms::number()), Use::First);
        for invalid in ["", "AAAA", "no number"] {
            assert_eq!(used.take(invalid), Use::Invalid, "{invalid:?}");
        }
    }

    #[test]
    fn the_oldest_numbers_are_forgotten() {
        let used = UsedForms::default();
        let first = UsedForms::number();
        used.take(&first);
        for _ in 0..MOST_REMEMBERED {
            used.take(&UsedForms::number());
        }
        let numbers = used.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(numbers.known.len(), MOST_REMEMBERED);
        assert_eq!(numbers.oldest_first.len(), MOST_REMEMBERED);
        drop(numbers);
        assert_eq!(used.take(&first), Use::First);
    }
}
