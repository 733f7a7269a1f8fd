//! The headers that make browsers careful.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// Everything comes from the server itself and nothing is inline, so no nonce is needed.
const PAGES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
                     img-src 'self' data:; connect-src 'self'; form-action 'self'; \
                     base-uri 'none'; frame-ancestors 'none'";

/// Answers of an API are no documents.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Headers that every answer gets unless the handler has set them itself.
#[derive(Debug, Clone)]
pub struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

impl SecurityHeaders {
    /// For pages. Scripts, styles, fonts and requests of the same origin only, nothing inline,
    /// never in a frame; `Referrer-Policy: same-origin`, because browsers leave `Origin` out of
    /// forms under `no-referrer`; not kept by caches unless the handler says so. With `https`,
    /// browsers are told to come by TLS for a year (RFC 6797).
    #[must_use]
    pub fn pages(https: bool) -> Self {
        let mut headers = Self::common(PAGES, https);
        headers.set(
            PERMISSIONS_POLICY,
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        );
        headers.set(OPENER_POLICY, "same-origin");
        headers.set(RESOURCE_POLICY, "same-origin");
        headers
    }

    /// For an API: nothing may be loaded from its answers, and no caching unless the handler says
    /// so. A page beside it, such as documentation, sets its own `Content-Security-Policy`.
    #[must_use]
    pub fn api(https: bool) -> Self {
        Self::common(NOTHING, https)
    }

    fn common(policy: &'static str, https: bool) -> Self {
        let mut headers = Self(Vec::with_capacity(8));
        headers.set(X_CONTENT_TYPE_OPTIONS, "nosniff");
        headers.set(CONTENT_SECURITY_POLICY, policy);
        headers.set(REFERRER_POLICY, "same-origin");
        headers.set(CACHE_CONTROL, "no-store");
        if https {
            headers.set(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        }
        headers
    }

    /// The policy of [`pages`](Self::pages), for a page that an API serves.
    #[must_use]
    pub fn page_policy() -> HeaderValue {
        HeaderValue::from_static(PAGES)
    }

    fn set(&mut self, name: HeaderName, value: &'static str) {
        self.0.push((name, HeaderValue::from_static(value)));
    }

    /// Adds the headers that `answer` does not have.
    pub fn apply(&self, answer: &mut HeaderMap) {
        // One for the request id.
        answer.reserve(self.0.len() + 1);
        for (name, value) in &self.0 {
            answer.entry(name).or_insert_with(|| value.clone());
        }
    }
}
