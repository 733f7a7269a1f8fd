//! Where a server is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

/// The address of a server: https, or plain http where that is this very machine, as a token must not be
/// sent in clear. A path is where the API lies below; addresses of pages and of the API
/// do, with `/api/v1` at their end or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress(Url);

/// Why a text is no address of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// No URL of http.
    #[error("{0:?} is no address of a server, such as https://models.example.org")]
    NotOne(String),
    /// Plain http to another machine.
    #[error(
        "{0} is plain http, by which everybody on the way could read the token: use https, or \
         http:// for this very machine alone"
    )]
    Plain(String),
    /// It holds a name or password, a query or a fragment.
    #[error("an address of a server holds no password, no ? and no #")]
    More,
}

impl ServerAddress {
    /// # Errors
    /// [`AddressError`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let not_one = || AddressError::NotOne(text.to_owned());
        let mut url = Url::parse(text.trim()).map_err(|_| not_one())?;
        let host = url.host().ok_or_else(not_one)?;
        let is_here = match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => IpAddr::from(ip).is_loopback(),
            Host::Ipv6(ip) => IpAddr::from(ip).is_loopback(),
        };
        let has_more = url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::More);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_here => {}
            "http" => return Err(AddressError::Plain(url.to_string())),
            _ => return Err(not_one()),
        }
        let path = url.path().trim_end_matches('/');
        // People copy the address of the API as well.
        let path = path.strip_suffix("/api/v1").unwrap_or(path).to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Whether nothing is encrypted.
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// An address below `/api/v1`.
    pub(super) fn api(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.0.clone();
        // Both schemes have paths.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        let query = query.iter().filter(|(_, value)| !value.is_empty());
        for (name, value) in query {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_goes_in_clear_to_this_machine_alone() {
        for fine in [
            "https://models.example.org",
            "https://10.0.0.1:8000/",
            "http://127.0.0.1:8000",
            "http://127.9.9.9",
            "http://[::1]:8000",
            "http://localhost:8501/models/",
        ] {
            let address = ServerAddress::parse(fine).unwrap();
            assert_eq!(address.to_string(), fine.trim_end_matches('/'));
            let of_api = format!("{}/api/v1/", fine.trim_end_matches('/'));
            assert_eq!(ServerAddress::parse(&of_api).unwrap(), address);
        }
        for plain in [
            "http://models.example.org",
            "http://10.0.0.1",
            "http://localhost.example.org",
        ] {
            let error = ServerAddress::parse(plain).unwrap_err();
            assert!(matches!(error, AddressError::Plain(_)), "{plain}: {error}");
        }
        for wrong in [
            "",
            "models.example.org",
            "ftp://models.example.org",
            "https://",
            "unix:/x",
        ] {
            let error = ServerAddress::parse(wrong).unwrap_err();
            assert!(matches!(error, AddressError::NotOne(_)), "{wrong}: {error}");
        }
        for more in [
            "https://ana:x@example.org",
            "https://example.org?a=b",
            "https://example.org#a",
        ] {
            assert_eq!(ServerAddress::parse(more), Err(AddressError::More));
        }
    }

    #[test]
    fn names_are_one_segment_whatever_they_hold() {
        let server = ServerAddress::parse("https://example.org/registry/").unwrap();
        let query = [("revision", "2"), ("for", ""), ("search", "a&b=c")];
        let url = server.api(&["models", "nnUNet", "a b/c?d#e%2f"], &query);
        assert_eq!(
            url.as_str(),
            "https://example.org/registry/api/v1/models/nnUNet/a%20b%2Fc%3Fd%23e%252f?revision=2&search=a%26b%3Dc"
        );
    }
}
