//! What holds for all answers, tried by chance.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::super::dice::Dice;
use super::super::fuzzing::{ber_guard, passed, sign_in};

/// All answers of a server to a bind, a search and an extended request.
fn answers(dice: &mut Dice) -> Vec<u8> {
    [dice.bind(), dice.search(), dice.extended()].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_the_grammar_allows_passes_in_any_pieces(seed: u64, piece in 1_usize..100) {
        let bytes = answers(&mut Dice(seed));
        let (messages, end) = passed(&bytes, piece);
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(messages.concat(), bytes);
    }

    #[test]
    fn what_is_spoilt_is_refused_or_read_in_peace(seed: u64, piece: u8) {
        let mut dice = Dice(seed);
        let mut bytes = answers(&mut dice);
        dice.spoil(&mut bytes);
        ber_guard(&[&[piece], &bytes[..]].concat());
    }

    #[test]
    fn any_bytes_are_refused_or_read_in_peace(bytes: Vec<u8>) {
        ber_guard(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn ldap3_reads_all_that_the_grammar_allows(seed: u64) {
        let mut dice = Dice(seed);
        prop_assert!(run(dice.bind(), dice.search()).is_some());
    }

    #[test]
    fn ldap3_survives_what_is_spoilt(seed: u64) {
        let mut dice = Dice(seed);
        let (mut bind, mut search) = (dice.bind(), dice.search());
        if dice.roll(4) == 0 {
            dice.spoil(&mut bind);
        } else {
            dice.spoil(&mut search);
        }
        run(bind, search);
    }
}

fn run(bind: Vec<u8>, search: Vec<u8>) -> Option<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(sign_in(bind, search))
}
