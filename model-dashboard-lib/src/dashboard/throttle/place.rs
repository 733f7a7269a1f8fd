//! Where attempts come from.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub(in crate::dashboard) struct Client<'a> {
    /// Its address.
    pub(in crate::dashboard) address: &'a str,
    /// What an earlier sign-in left in the browser to know it by, as it says.
    pub(in crate::dashboard) browser: Option<&'a str>,
}

impl<'a> From<&'a str> for Client<'a> {
    fn from(address: &'a str) -> Client<'a> {
        let browser = None;
        Client { address, browser }
    }
}

/// Where attempts come from: an IPv4 address, an IPv6 network of 64 bits (which one customer has
/// to themselves), another text, or a browser that somebody signed in with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Address {
    Ip(IpAddr),
    Other(Arc<str>),
    Browser([u8; 32]),
}

impl Address {
    pub(super) fn parse(text: &str) -> Address {
        match text.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            Ok(IpAddr::V6(ip)) => {
                let network = u128::from(ip) >> 64 << 64;
                Address::Ip(IpAddr::V6(Ipv6Addr::from(network)))
            }
            Ok(ip) => Address::Ip(ip),
            Err(_) => Address::Other(text.chars().take(128).collect::<String>().into()),
        }
    }

    pub(super) fn browser(text: &str) -> Address {
        Address::Browser(Sha256::digest(text).into())
    }
}

/// A [`Client`] as it is remembered.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) address: Address,
    /// As it says.
    pub(super) browser: Option<Address>,
}

impl From<Client<'_>> for Place {
    fn from(client: Client<'_>) -> Place {
        Place {
            address: Address::parse(client.address),
            browser: client.browser.map(Address::browser),
        }
    }
}
