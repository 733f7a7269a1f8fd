//! The installation's own accounts: checking passwords without blocking and without a queue that
//! grows.

mod authenticator;
mod hasher;

pub use authenticator::LocalAuthenticator;
pub use hasher::{HasherError, PasswordHasher};

#[cfg(all(test, feature = "conformance"))]
mod tests;
