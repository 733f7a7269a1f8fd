use std::net::IpAddr;
use std::sync::atomic::AtomicBool;

use http::{HeaderMap, HeaderName, HeaderValue};
use model_dashboard::config::{Config, Sources};

use super::super::forwarded::{origin, tell_of_unknown_proxy};
use super::*;

pub(super) fn config(variable: &str, value: &str) -> Config {
    let sources = Sources::new().variables([(variable.into(), value.into())]);
    Config::from_sources(sources, |_| unreachable!("no files")).unwrap()
}

pub(super) fn proxies(networks: &str) -> Proxies {
    Proxies::new(config("TRUSTED_PROXIES", networks).limits.trusted_proxies)
}

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    map
}

#[test]
fn a_proxy_that_is_not_listed_is_told_of_once() {
    let (told, peer) = (AtomicBool::new(false), IpAddr::from([192, 0, 2, 1]));
    assert!(!tell_of_unknown_proxy(&told, peer, &headers(&[])));
    let forwarded = headers(&[("x-forwarded-for", "198.51.100.7")]);
    assert!(tell_of_unknown_proxy(&told, peer, &forwarded));
    assert!(!tell_of_unknown_proxy(&told, peer, &forwarded));
}

#[test]
fn the_rightmost_address_that_is_no_proxy_is_the_client() {
    let proxies = proxies("10.0.0.0/8, fd00::/8");
    let proxy: IpAddr = "10.0.0.1".parse().unwrap();
    let client = |lines: &[&'static str]| {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| ("x-forwarded-for", *line))
            .collect();
        proxies.client(proxy, &headers(&lines)).to_string()
    };
    assert_eq!(client(&[]), "10.0.0.1");
    assert_eq!(client(&["192.0.2.7"]), "192.0.2.7");
    // What the client itself claims stands before.
    assert_eq!(client(&["198.51.100.1, 192.0.2.7"]), "192.0.2.7");
    assert_eq!(client(&["198.51.100.1", "192.0.2.7"]), "192.0.2.7");
    // Further proxies are looked through.
    assert_eq!(
        client(&["198.51.100.1, 192.0.2.7,10.1.1.1 , fd00::5"]),
        "192.0.2.7"
    );
    assert_eq!(client(&["10.1.1.1, 10.2.2.2"]), "10.1.1.1");
    // Ports, brackets, mapped addresses.
    assert_eq!(client(&["192.0.2.7:4711"]), "192.0.2.7");
    assert_eq!(client(&["[2001:db8::7]:4711"]), "2001:db8::7");
    assert_eq!(client(&["[2001:db8::7]"]), "2001:db8::7");
    assert_eq!(client(&["::ffff:192.0.2.7"]), "192.0.2.7");
    // What is no address is nobody's word: the proxy that passed it on is the client.
    assert_eq!(client(&["192.0.2.7, unknown"]), "10.0.0.1");
    assert_eq!(client(&["192.0.2.7, garbage, 10.2.2.2"]), "10.2.2.2");
    assert_eq!(client(&[""]), "10.0.0.1");
}

#[test]
fn an_endless_chain_of_proxies_is_not_followed() {
    let proxies = proxies("10.0.0.0/8");
    let chain: String = (0..5000)
        .map(|n| format!("10.0.{}.{},", n / 250, n % 250))
        .collect();
    let mut map = HeaderMap::new();
    map.insert(
        "x-forwarded-for",
        HeaderValue::from_str(chain.trim_end_matches(',')).unwrap(),
    );
    let proxy = "10.0.0.1".parse().unwrap();
    assert_eq!(proxies.client(proxy, &map).to_string(), "10.0.19.234");
}

#[test]
fn an_origin_is_a_scheme_and_a_host_and_nothing_else() {
    let of = |proto, host| {
        origin(&headers(&[
            ("x-forwarded-proto", proto),
            ("x-forwarded-host", host),
        ]))
    };
    assert_eq!(
        of("https", "Models.Example.org").as_deref(),
        Some("https://models.example.org")
    );
    assert_eq!(
        of("https", "example.org:443").as_deref(),
        Some("https://example.org")
    );
    assert_eq!(
        of("http", "example.org:8501").as_deref(),
        Some("http://example.org:8501")
    );
    assert_eq!(
        of("https", "[::1]:8501").as_deref(),
        Some("https://[::1]:8501")
    );
    // The client's own value stands before the proxy's.
    assert_eq!(
        of("https", "evil.test, example.org").as_deref(),
        Some("https://example.org")
    );
    for (proto, host) in [
        ("ftp", "example.org"),
        ("https", "user@example.org"),
        ("https", "example.org/path"),
        ("https", "example.org?q"),
        ("https", "exa mple.org"),
        ("https", "exa\"mple.org"),
        ("https", ""),
    ] {
        assert_eq!(of(proto, host), None, "{proto} {host}");
    }
    assert_eq!(origin(&headers(&[("host", "example.org")])), None);
    let direct = [("x-forwarded-proto", "https"), ("host", "example.org")];
    assert_eq!(
        origin(&headers(&direct)).as_deref(),
        Some("https://example.org")
    );
}
