//! Addresses at which a store gives packages itself.

use std::fmt;

/// An address of a store that gives the bytes of a package to whoever holds it, for a while. It is a
/// secret until then: `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PackageAddress(String);

impl PackageAddress {
    /// A URL of http or https.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL, for whoever may fetch the package.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PackageAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PackageAddress(********)")
    }
}

/// What came of an address that was signed for trying it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressProof {
    /// The server takes such addresses.
    Accepted,
    /// It refuses it, and this is what it says.
    Refused(String),
    /// It cannot be reached from here, and why; clients may all the same.
    Unreachable(String),
}
