//! What is known about a request apart from what it asks for.

use std::cell::RefCell;
use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::fmt;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::BytesMut;
use http::{HeaderValue, Uri};
use warp::Filter;

/// The longest id that is taken over from a proxy.
const LONGEST_ID: usize = 64;

/// How much of a `User-Agent` is kept, in characters.
const USER_AGENT_LENGTH: usize = 200;

/// How many bytes of ids are allocated at once.
const ID_BLOCK: usize = 4096;

thread_local! {
    /// Where the next ids are written: one allocation for many of them.
    static IDS: RefCell<BytesMut> = RefCell::new(BytesMut::with_capacity(ID_BLOCK));
}

/// Names a request in the answer (`X-Request-Id`) and in the logs: 16 hexadecimal digits that do
/// not repeat within a process and are unlikely to across processes, or what a trusted proxy
/// chose, of at most 64 letters, digits, `.`, `_` and `-`.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// A new one.
    pub(super) fn generate() -> Self {
        static SEED: OnceLock<u64> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // The standard library's hasher is seeded by the system's random numbers.
        let seed = SEED.get_or_init(|| RandomState::new().hash_one(0));
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mixed = mix(seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let mut digits = [0; 16];
        for (index, digit) in digits.iter_mut().enumerate() {
            // Four bits, the highest first.
            let nibble = (mixed >> (60 - 4 * index)) as u8 & 0xf;
            *digit = nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
        }
        let id = IDS.with_borrow_mut(|ids| {
            ids.extend_from_slice(&digits);
            ids.split().freeze()
        });
        // Hexadecimal digits are a header value.
        Self(HeaderValue::from_maybe_shared(id).unwrap_or(HeaderValue::from_static("none")))
    }

    /// The one that a trusted proxy chose, if it has the shape of one.
    pub(super) fn parse(given: &HeaderValue) -> Option<Self> {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        let text = given.as_bytes();
        let fine = (1..=LONGEST_ID).contains(&text.len()) && text.iter().all(plain);
        fine.then(|| Self(given.clone()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // It is made of visible ASCII, which is what can be read as text.
        self.0.to_str().unwrap_or_default()
    }

    /// The value of the header `X-Request-Id`.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, 2014): one to one, so different numbers stay different.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Where a request comes from, and the same as text: all requests of a connection share it.
#[derive(Debug, Clone)]
pub(super) struct Client {
    address: IpAddr,
    text: Arc<str>,
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        let text = address.to_string().into();
        Self { address, text }
    }
}

/// What was asked for, by whom, from where, and under which id. Clones are cheap and share everything.
#[derive(Debug, Clone)]
pub struct RequestContext(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: RequestId,
    uri: Uri,
    client: Option<Client>,
    user_agent: Option<HeaderValue>,
    origin: Option<Arc<str>>,
    user: OnceLock<Arc<str>>,
}

impl RequestContext {
    pub(super) fn new(
        id: RequestId,
        uri: Uri,
        client: Option<Client>,
        user_agent: Option<HeaderValue>,
        origin: Option<Arc<str>>,
    ) -> Self {
        Self(Arc::new(Inner {
            id,
            uri,
            client,
            user_agent,
            origin,
            user: OnceLock::new(),
        }))
    }

    /// The id of the request.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.0.id
    }

    /// The address of the client: of the connection's other end, or, if that is a trusted proxy,
    /// the one that the proxy names. `None` if the service was mounted without
    /// [`Edge::for_peer`](super::Edge::for_peer).
    #[must_use]
    pub fn client(&self) -> Option<IpAddr> {
        self.0.client.as_ref().map(|client| client.address)
    }

    /// [`client`](Self::client) as text; empty if it is not known.
    #[must_use]
    pub fn client_text(&self) -> Arc<str> {
        match &self.0.client {
            Some(client) => client.text.clone(),
            None => Arc::default(),
        }
    }

    /// The address that was asked for.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// The query of the address, undecoded; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.0.uri.query().unwrap_or_default()
    }

    /// What the client calls itself: at most 200 characters, without control characters, not
    /// to be trusted. `None` if it says nothing.
    #[must_use]
    pub fn user_agent(&self) -> Option<String> {
        let text = String::from_utf8_lossy(self.0.user_agent.as_ref()?.as_bytes());
        let visible = |c: char| {
            if c.is_control() || is_invisible(c) {
                ' '
            } else {
                c
            }
        };
        let text: String = text.chars().take(USER_AGENT_LENGTH).map(visible).collect();
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// What links start with, without a base path: of `PUBLIC_URL`, or else what a trusted proxy
    /// says that the client asked for. Never from the client's own headers.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.0.origin.as_deref()
    }

    /// Whether people come by TLS, as far as [`origin`](Self::origin) tells.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.origin()
            .is_some_and(|origin| origin.starts_with("https:"))
    }

    /// Says who the request acts for, once that is known, for the access log. The first one holds.
    pub fn set_user(&self, name: impl Into<Arc<str>>) {
        let _ = self.0.user.set(name.into());
    }

    /// Who the request acts for, if that has been said.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.0.user.get().map(AsRef::as_ref)
    }
}

/// Characters that change the direction of text or cannot be seen, and could disguise a log line.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Extracts the [`RequestContext`] in a warp route. Without an [`Edge`](super::Edge) around the
/// routes (a test of a route by itself) it is an empty one with a new id.
pub fn context() -> impl Filter<Extract = (RequestContext,), Error = Infallible> + Copy {
    warp::filters::ext::optional::<RequestContext>().map(|context: Option<RequestContext>| {
        let nothing =
            || RequestContext::new(RequestId::generate(), Uri::default(), None, None, None);
        context.unwrap_or_else(nothing)
    })
}
