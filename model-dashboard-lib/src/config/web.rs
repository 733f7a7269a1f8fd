//! Addresses as people and proxies see them: base path, public URL, cookie name, networks.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::value::Value;

/// The path below which the dashboard lives: empty, or `/` and segments without a final `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// What goes before a path that starts with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for BasePath {
    const ALLOWED: &'static str = "a path such as /models, of A-Z a-z 0-9 . _ ~ - between slashes";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut path = String::new();
        for segment in text.trim_matches('/').split('/').filter(|_| text != "/") {
            let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
            if segment.is_empty() || segment == "." || segment == ".." {
                return Err("holds an empty, . or .. segment");
            }
            if !segment.bytes().all(fine) {
                return Err("holds a character that needs escaping in a URL");
            }
            path.push('/');
            path.push_str(segment);
        }
        Ok(Self(path))
    }

    fn show(&self) -> Option<String> {
        Some(if self.0.is_empty() {
            "/".to_owned()
        } else {
            self.0.clone()
        })
    }
}

/// The URL under which people reach the dashboard, without a final `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    url: String,
    origin: String,
    path: String,
    loopback: bool,
}

impl PublicUrl {
    /// The URL, without a final `/`: a path that starts with `/` can be put behind it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The origin as browsers write it (RFC 6454 section 6.2): no path, no default port.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path part: empty, or starting with `/`, without a final `/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether people come by TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.starts_with("https:")
    }

    /// Whether it can only be reached from the machine itself.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Value for PublicUrl {
    const ALLOWED: &'static str = "a URL such as https://models.example.org";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "not a URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("neither http nor https");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a username or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("holds a query or fragment");
        }
        let loopback = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => return Err("has no host"),
        };
        let origin = url.origin().ascii_serialization();
        let path = url.path().trim_end_matches('/').to_owned();
        Ok(Self {
            url: format!("{origin}{path}"),
            origin,
            path,
            loopback,
        })
    }

    fn show(&self) -> Option<String> {
        Some(self.url.clone())
    }
}

/// The name of a cookie (a token of RFC 6265 section 4.1.1), without `__Host-` before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieName(String);

impl CookieName {
    pub(super) fn session() -> Self {
        Self("model_dashboard_session".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CookieName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for CookieName {
    const ALLOWED: &'static str = "1 to 64 of A-Z a-z 0-9 . _ -, not starting with __";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if text.len() > 64 || text.starts_with("__") || !text.bytes().all(fine) {
            return Err("not a cookie name");
        }
        Ok(Self(text.to_owned()))
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// A range of IP addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpNetwork {
    address: IpAddr,
    prefix: u8,
}

impl IpNetwork {
    /// Whether it holds every address of its kind.
    pub(super) fn is_everything(&self) -> bool {
        self.prefix == 0
    }

    /// Whether `address` is in the range. An IPv4 address that came in as `::ffff:a.b.c.d`
    /// counts as the IPv4 address that it is.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (bits(self.address), bits(address.to_canonical())) {
            ((mine, width), (theirs, other)) if width == other => {
                let host_bits = u32::from(width - self.prefix);
                let network = |bits: u128| bits.checked_shr(host_bits).unwrap_or(0);
                network(mine) == network(theirs)
            }
            _ => false,
        }
    }
}

/// An address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Value for IpNetwork {
    const ALLOWED: &'static str = "addresses or networks such as 10.0.0.7, 10.0.0.0/8 or fd00::/8";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| "not an IP address")?;
        let (_, width) = bits(address);
        let prefix = match prefix {
            None => width,
            Some(digits) => digits.parse().map_err(|_| "not a network prefix")?,
        };
        if prefix > width {
            return Err("the network prefix is longer than the address");
        }
        Ok(Self { address, prefix })
    }

    fn show(&self) -> Option<String> {
        let (_, width) = bits(self.address);
        Some(if self.prefix == width {
            self.address.to_string()
        } else {
            self.to_string()
        })
    }
}
