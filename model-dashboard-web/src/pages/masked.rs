//! Form tokens that look different in every answer.
//!
//! Pages are compressed and repeat what was asked for (the search), so a secret that stays the same
//! in them could be guessed from their length (BREACH, 2013). Each answer shows the token
//! exclusive-or a fresh pad, with the pad before it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The token as a page shows it. Without random numbers from the system it is empty, and the form
/// will be refused.
pub(super) fn mask(token: &[u8]) -> String {
    let mut bytes = vec![0; token.len() * 2];
    let (pad, masked) = bytes.split_at_mut(token.len());
    if getrandom::fill(pad).is_err() {
        return String::new();
    }
    for ((masked, pad), token) in masked.iter_mut().zip(pad).zip(token) {
        *masked = *pad ^ token;
    }
    URL_SAFE_NO_PAD.encode(&bytes)
}

/// The token behind what a form sent.
pub(super) fn unmask(shown: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(shown).ok()?;
    let (pad, masked) = bytes.split_at(bytes.len() / 2);
    (pad.len() == masked.len()).then(|| pad.iter().zip(masked).map(|(a, b)| a ^ b).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_differently_each_time_and_comes_back() {
        let (one, two) = (mask(b"token"), mask(b"token"));
        assert_ne!(one, two);
        assert_eq!(unmask(&one), Some(b"token".to_vec()));
        assert_eq!(unmask(&two), Some(b"token".to_vec()));
        assert_eq!(unmask("no base64!"), None);
    }
}
