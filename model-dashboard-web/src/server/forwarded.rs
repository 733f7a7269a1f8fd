//! What reverse proxies say about the client that they speak for.
//!
//! Only the `X-Forwarded-…` headers are read. `Forwarded` (RFC 7239) is not: a proxy that writes
//! the one kind passes the other kind on as the client sent it, so that believing both is
//! believing the client.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::HeaderName;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue};
use model_dashboard::config::IpNetwork;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The most proxies in a row that are looked through.
const MOST_HOPS: usize = 16;

/// The proxies whose word is believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNetwork>);

impl Proxies {
    /// Believes what comes from these networks; nobody if there are none.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = IpNetwork>) -> Self {
        Self(networks.into_iter().collect())
    }

    /// Whether `address` is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The address of the client behind `proxy`, which must be one of these.
    ///
    /// `X-Forwarded-For` is read from its end, where the nearest proxy wrote: the first address
    /// that is no proxy of ours is the client. What stands before it is the client's own claim.
    /// An entry that is no address ends the search at the proxy that wrote it.
    pub(super) fn client(&self, proxy: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all(FOR).into_iter().rev();
        let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        let mut client = proxy;
        for entry in entries.take(MOST_HOPS) {
            match address(entry) {
                Some(address) => client = address,
                None => return client,
            }
            if !self.contains(client) {
                return client;
            }
        }
        client
    }
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7` or `[2001:db8::7]:4711`, with spaces around.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let bracketed = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bracketed
        .unwrap_or(entry)
        .parse::<IpAddr>()
        .or_else(|_| entry.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

/// The origin (RFC 6454) under which the client reached the proxy: `X-Forwarded-Proto` and
/// `X-Forwarded-Host`, or else `Host`. `None` if they are missing or malformed.
pub(super) fn origin(headers: &HeaderMap) -> Option<String> {
    let scheme = last(headers, &PROTO)?.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = last(headers, &HOST).or_else(|| last(headers, &http::header::HOST))?;
    let authority: Authority = host.parse().ok()?;
    let name = authority.host();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if authority.as_str().contains('@') || name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    Some(match authority.port_u16() {
        Some(port) if port != default_port => format!("{scheme}://{name}:{port}"),
        _ => format!("{scheme}://{name}"),
    })
}

/// Says once that somebody who is not believed names a client: a proxy that was not listed, or a
/// client that tries.
pub(super) fn tell_of_unknown_proxy(told: &AtomicBool, peer: IpAddr, headers: &HeaderMap) -> bool {
    // Comparing the few names of a request costs less than hashing this one.
    let is_news = !told.load(Ordering::Relaxed)
        && headers.keys().any(|name| *name == FOR)
        && !told.swap(true, Ordering::Relaxed);
    if is_news {
        tracing::warn!(
            "{peer} sends X-Forwarded-For and is not believed; if it is your reverse proxy, list \
             it in TRUSTED_PROXIES (said once)"
        );
    }
    is_news
}

/// The last value of a header that is a list, which is the nearest proxy's.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let line: &HeaderValue = headers.get_all(name).into_iter().next_back()?;
    let value = line.to_str().ok()?.rsplit(',').next()?.trim();
    (!value.is_empty() && value.len() <= 255).then_some(value)
}
