//! Passwords as types: never empty, never printed.

use std::fmt;

/// The longest password that is read, in bytes.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// The fewest characters of a new password.
pub const MIN_NEW_PASSWORD_CHARS: usize = 12;

/// A password as somebody typed it: 1 to 1,024 bytes.
///
/// It cannot be empty: directories answer a bind with an empty password with success
/// (RFC 4513 §5.1.2). It cannot be compared: what proves somebody is its hash.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Takes a typed password.
    ///
    /// # Errors
    /// [`PasswordError::Empty`] or [`PasswordError::TooLong`].
    pub fn parse(text: impl Into<String>) -> Result<Password, PasswordError> {
        let text = text.into();
        match text.len() {
            0 => Err(PasswordError::Empty),
            1..=MAX_PASSWORD_BYTES => Ok(Password(text)),
            _ => Err(PasswordError::TooLong),
        }
    }

    /// The secret itself, for hashing and binding.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password that may be set: at least 12 characters, and not the account's own name.
#[derive(Clone, Debug)]
pub struct NewPassword(Password);

impl NewPassword {
    /// Checks a password for the account `username`.
    ///
    /// # Errors
    /// [`PasswordError`] with the rule that is not met.
    pub fn parse(
        text: impl Into<String>,
        username: &super::Username,
    ) -> Result<NewPassword, PasswordError> {
        let password = Password::parse(text)?;
        if password.0.chars().count() < MIN_NEW_PASSWORD_CHARS {
            return Err(PasswordError::TooShort);
        }
        if super::Username::parse(&password.0).is_ok_and(|name| name == *username) {
            return Err(PasswordError::IsUsername);
        }
        Ok(NewPassword(password))
    }

    /// A generated password: 20 characters without look-alikes, about 115 random bits.
    ///
    /// # Errors
    /// [`PasswordError::NoRandomness`] if the system gives none.
    pub fn generate() -> Result<NewPassword, PasswordError> {
        // 56 characters; 56 × 4 = 224, so bytes from 224 on are drawn again to stay uniform.
        const ALPHABET: &[u8; 56] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ2345678";
        let mut text = String::with_capacity(20);
        while text.len() < 20 {
            let mut bytes = [0u8; 32];
            getrandom::fill(&mut bytes).map_err(|_| PasswordError::NoRandomness)?;
            let usable = bytes.iter().filter(|b| **b < 224);
            let letters = usable.map(|b| char::from(ALPHABET[usize::from(*b) % ALPHABET.len()]));
            text.extend(letters.take(20 - text.len()));
        }
        Ok(NewPassword(Password(text)))
    }

    /// The password itself.
    pub fn password(&self) -> &Password {
        &self.0
    }
}

/// A password that cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Nothing was given.
    #[error("enter a password")]
    Empty,
    /// More than [`MAX_PASSWORD_BYTES`].
    #[error("a password has at most {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    /// Fewer than [`MIN_NEW_PASSWORD_CHARS`].
    #[error("a new password needs at least {MIN_NEW_PASSWORD_CHARS} characters")]
    TooShort,
    /// The password is the username.
    #[error("the password must not be the username")]
    IsUsername,
    /// The operating system gave no random bytes.
    #[error("the system gave no random numbers")]
    NoRandomness,
    /// Hashing needs 19 MiB that the system did not give.
    #[error("the system has not enough memory to check a password")]
    NoMemory,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_password_is_never_empty_and_never_printed() {
        assert_eq!(Password::parse("").err(), Some(PasswordError::Empty));
        let password = Password::parse("canary-secret").unwrap();
        assert!(!format!("{password:?}").contains("canary"));
    }

    #[test]
    fn a_new_password_is_not_the_username_however_it_is_written() {
        let name = super::super::Username::parse("marta.strauß").unwrap();
        for text in ["marta.strauß", "Marta.STRAUSS", "ＭＡＲＴＡ.strauss"] {
            let refused = NewPassword::parse(text, &name);
            assert_eq!(refused.err(), Some(PasswordError::IsUsername), "{text}");
        }
        assert!(NewPassword::parse("marta.strauß1", &name).is_ok());
    }

    #[test]
    fn generated_passwords_are_long_and_differ() {
        let one = NewPassword::generate().unwrap();
        assert_eq!(one.password().expose().len(), 20);
        let other = NewPassword::generate().unwrap();
        assert_ne!(one.password().expose(), other.password().expose());
    }
}
