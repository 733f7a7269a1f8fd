//! Hashing and checking passwords: argon2id, also around the hashes of the earlier system.

use argon2::password_hash::Error;
use argon2::password_hash::phc::PasswordHash as PhcHash;
use sha2::{Digest as _, Sha256};

use super::{Password, PasswordError, PasswordHash, argon2id};

/// Stands before the PHC string when argon2id was taken over the lower-case hexadecimal SHA-256
/// of the password instead of the password itself.
const WRAPPED: &str = "sha256+";

/// Stored for an account that no password opens.
const UNUSABLE: &str = "!";

/// What a check of a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It is the password.
    Right,
    /// It is the password, and its stored hash should be replaced by a fresh
    /// [`PasswordHash::of`]: it wraps a hash of the earlier system, or has other parameters.
    RightButOutdated,
    /// It is another password.
    Wrong,
}

/// Hashes are argon2id (RFC 9106) with 19 MiB, two passes and one lane, as OWASP's Password
/// Storage Cheat Sheet advises, and a random salt of 16 bytes.
///
/// Making or checking one takes some 15 ms of one core and 19 MiB: keep it off threads that
/// other work waits for, and bound how many run at once.
impl PasswordHash {
    /// The hash of a password.
    ///
    /// # Errors
    /// [`PasswordError::NoRandomness`], [`PasswordError::NoMemory`].
    pub fn of(password: &Password) -> Result<PasswordHash, PasswordError> {
        made(password.expose().as_bytes()).map(PasswordHash)
    }

    /// A hash that no password fits. Checking it costs what a real check costs, so it also
    /// serves to answer for accounts that do not exist.
    pub fn unusable() -> PasswordHash {
        PasswordHash(UNUSABLE.into())
    }

    /// Wraps a bare SHA-256 of the earlier system, given as 64 hexadecimal digits: argon2id over
    /// the digits in lower case. `None` if `sha256` is something else.
    ///
    /// # Errors
    /// As [`PasswordHash::of`].
    pub fn wrap_sha256(sha256: &str) -> Result<Option<PasswordHash>, PasswordError> {
        if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let phc = made(sha256.to_ascii_lowercase().as_bytes())?;
        Ok(Some(PasswordHash(format!("{WRAPPED}{phc}"))))
    }

    /// Whether this is a wrapped hash of the earlier system.
    pub fn is_wrapped(&self) -> bool {
        self.0.starts_with(WRAPPED)
    }

    /// Checks a password. A hash that cannot be read fits none, after the same work.
    ///
    /// # Errors
    /// [`PasswordError::NoMemory`].
    pub fn check(&self, password: &Password) -> Result<PasswordCheck, PasswordError> {
        let (phc, input) = match self.0.strip_prefix(WRAPPED) {
            Some(phc) => (
                phc,
                hex::encode(Sha256::digest(password.expose())).into_bytes(),
            ),
            None => (self.0.as_str(), password.expose().as_bytes().to_vec()),
        };
        let Ok(stored) = PhcHash::new(phc) else {
            made(&input)?;
            return Ok(PasswordCheck::Wrong);
        };
        match argon2id::fits(&input, &stored) {
            Ok(true) if self.is_wrapped() || !is_current(&stored) => {
                Ok(PasswordCheck::RightButOutdated)
            }
            Ok(true) => Ok(PasswordCheck::Right),
            Err(Error::OutOfMemory) => Err(PasswordError::NoMemory),
            Ok(false) | Err(_) => Ok(PasswordCheck::Wrong),
        }
    }
}

fn made(input: &[u8]) -> Result<String, PasswordError> {
    match argon2id::hash(input) {
        Ok(phc) => Ok(phc),
        Err(Error::OutOfMemory) => Err(PasswordError::NoMemory),
        // Length and parameters are in range, so only the salt's random bytes can fail.
        Err(_) => Err(PasswordError::NoRandomness),
    }
}

fn is_current(stored: &PhcHash) -> bool {
    let current = argon2::Params::default();
    stored.algorithm.as_str() == "argon2id"
        && argon2::Params::try_from(stored).is_ok_and(|given| {
            (given.m_cost(), given.t_cost(), given.p_cost())
                == (current.m_cost(), current.t_cost(), current.p_cost())
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use argon2::Argon2;
    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn a_hash_has_the_promised_parameters_and_fits_its_password_only() {
        let hash = PasswordHash::of(&password("päßwörd")).unwrap();
        assert!(
            hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            hash.expose()
        );
        assert_eq!(hash.check(&password("päßwörd")), Ok(PasswordCheck::Right));
        assert_eq!(hash.check(&password("passwort")), Ok(PasswordCheck::Wrong));
        assert_ne!(
            hash,
            PasswordHash::of(&password("päßwörd")).unwrap(),
            "the salt is random"
        );
        // By the crate's own reading of it.
        let read = PhcHash::new(hash.expose()).unwrap();
        let verify = |text: &str| Argon2::default().verify_password(text.as_bytes(), &read);
        assert!(verify("päßwörd").is_ok() && verify("passwort").is_err());
    }

    #[test]
    fn a_wrapped_sha256_fits_the_password_but_not_the_digest_itself() {
        let digest = "240BE518FABD2724DDB6F04EEB1DA5967448D7E831C08C8FA822809F74C720A9";
        let hash = PasswordHash::wrap_sha256(digest).unwrap().unwrap();
        assert!(hash.expose().starts_with("sha256+$argon2id$"));
        assert_eq!(
            hash.check(&password("admin123")),
            Ok(PasswordCheck::RightButOutdated)
        );
        for wrong in ["admin124", digest, &digest.to_lowercase()] {
            assert_eq!(
                hash.check(&password(wrong)),
                Ok(PasswordCheck::Wrong),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_is_no_sha256_is_not_wrapped() {
        for text in ["", "!", "240be5", &"g".repeat(64), &"a".repeat(63)] {
            assert_eq!(PasswordHash::wrap_sha256(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn no_password_fits_an_unusable_hash() {
        for text in ["!", "x", "sha256+"] {
            assert_eq!(
                PasswordHash::unusable().check(&password(text)),
                Ok(PasswordCheck::Wrong)
            );
        }
    }

    #[test]
    fn weaker_parameters_are_outdated() {
        // 8 MiB and one pass.
        let weak = argon2::Params::new(8192, 1, 1, None).unwrap();
        let phc = Argon2::from(weak)
            .hash_password(b"twelve-chars")
            .unwrap()
            .to_string();
        let hash = PasswordHash::from_stored(phc);
        assert_eq!(
            hash.check(&password("twelve-chars")),
            Ok(PasswordCheck::RightButOutdated)
        );
    }
}
