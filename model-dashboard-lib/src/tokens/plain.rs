//! The secret text of a token, and its hash.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::store::StoreError;

const PREFIX: &str = "mdb_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 32 random bytes in base 62.
const SECRET_LEN: usize = 43;
/// A CRC-32 in base 62.
const CHECKSUM_LEN: usize = 6;

/// The longest bearer token that is looked at.
const MAX_LEN: usize = 128;

/// A token's secret, shown to its owner once: `mdb_`, 256 random bits and a CRC-32 of them, both
/// in base 62. The fixed prefix and the checksum let scanners find leaked tokens without guessing.
///
/// Tokens of the earlier system have any text; they are told from ours by the missing prefix.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(String);

impl PlainToken {
    /// A new random token.
    ///
    /// # Errors
    /// If the operating system gives no random bytes.
    pub fn generate() -> Result<PlainToken, StoreError> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(StoreError::internal)?;
        let secret = base62(&bytes, SECRET_LEN);
        let checksum = checksum(&secret);
        Ok(PlainToken(format!("{PREFIX}{secret}{checksum}")))
    }

    /// Reads a bearer token; `None` if it cannot be one: longer than 128 bytes, not printable
    /// ASCII, or ours with a checksum that does not fit (a typing error, found without a look-up).
    pub fn parse(text: &str) -> Option<PlainToken> {
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        if text.is_empty() || text.len() > MAX_LEN || !printable {
            return None;
        }
        if let Some(rest) = text.strip_prefix(PREFIX) {
            let (secret, sum) = rest.split_at_checked(SECRET_LEN)?;
            if sum != checksum(secret) {
                return None;
            }
        }
        Some(PlainToken(text.to_owned()))
    }

    /// The secret text, to show once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(&self.0).into())
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(…)")
    }
}

/// The SHA-256 of a token, which is all that is stored of it.
///
/// A fast hash is right here: the input has 256 random bits, nothing can be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// Lower-case hexadecimal, as the table holds it.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads what the table holds.
    pub fn from_hex(text: &str) -> Option<TokenHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(TokenHash(bytes))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// `bytes` as one big-endian number in base 62, padded with `0` to `width`.
fn base62(bytes: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; width];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            // The remainder is below 62, so the quotient fits a byte.
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        *digit = ALPHABET[remainder as usize];
    }
    digits.into_iter().map(char::from).collect()
}

fn checksum(secret: &str) -> String {
    base62(
        &crc32fast::hash(secret.as_bytes()).to_be_bytes(),
        CHECKSUM_LEN,
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_reads_back_and_a_typing_error_does_not() {
        let token = PlainToken::generate().unwrap();
        assert_eq!(
            token.expose().len(),
            PREFIX.len() + SECRET_LEN + CHECKSUM_LEN
        );
        assert_eq!(PlainToken::parse(token.expose()), Some(token.clone()));
        let mut wrong = token.expose().to_owned();
        let last = if wrong.pop() == Some('a') { 'b' } else { 'a' };
        wrong.push(last);
        assert_eq!(PlainToken::parse(&wrong), None);
        assert!(!format!("{token:?} {:?}", token.hash()).contains(token.expose()));
    }

    #[test]
    fn base62_keeps_all_256_bits() {
        // 2^256 - 1 in base 62, worked out with arbitrary-precision arithmetic.
        let all = base62(&[0xff; 32], SECRET_LEN);
        let back = all.bytes().fold(vec![0u8; 33], |mut number, digit| {
            let mut carry = ALPHABET.iter().position(|a| *a == digit).unwrap() as u32;
            for byte in number.iter_mut().rev() {
                let value = u32::from(*byte) * 62 + carry;
                *byte = value as u8;
                carry = value >> 8;
            }
            number
        });
        assert_eq!((back[0], &back[1..]), (0, &[0xff; 32][..]));
    }

    #[test]
    fn tokens_of_the_earlier_system_are_read() {
        let token = PlainToken::parse("3vJ0hZ1nqYp2xW8sT5uK7bR4mC6dF9gL-aE_iO0QzXy").unwrap();
        assert_eq!(
            token.hash().to_hex(),
            "88903ca86fa6779e8e8b472bf34d007f1c238ed748a999cf0a9ea6296a2689b7"
        );
    }

    #[test]
    fn what_cannot_be_a_token_is_not_looked_up() {
        for bad in [
            "",
            "mdb_",
            "mdb_short",
            "with blank",
            "tab\t",
            "ü",
            &"x".repeat(129),
        ] {
            assert_eq!(PlainToken::parse(bad), None, "{bad:?}");
        }
    }
}
