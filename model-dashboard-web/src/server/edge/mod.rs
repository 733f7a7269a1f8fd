//! The outermost service: what every request gets, whatever answers it.

mod arrival;
mod failure;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, USER_AGENT};
use http::{Method, Request, Response};
use http_body::Body;
use hyper::service::Service;
use model_dashboard::config::PublicUrl;
use tracing::{Level, Span};

pub use self::arrival::EdgeFuture;
pub(super) use self::failure::panic_message;

use self::arrival::{Arrival, Stage};
use self::failure::Failure;
use super::access_log::{self, LoggedBody};
use super::connection::BoxError;
use super::forwarded::{self, Proxies};
use super::metrics::{Metrics, PortMetrics};
use super::request::{Client, RequestContext, RequestId};
use super::security_headers::SecurityHeaders;
use super::short_cut::ShortCut;

/// Names the request in its answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an [`Edge`] does to the requests of its port.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    name: &'static str,
    headers: SecurityHeaders,
    proxies: Proxies,
    origin: Option<Arc<str>>,
    failure: fn(&RequestContext) -> Response<Bytes>,
    metrics: Option<PortMetrics>,
    /// That a proxy is not believed.
    told: Arc<AtomicBool>,
}

impl EdgeSettings {
    /// `name` stands for the port in the access log. No proxy is trusted, no origin is known, and
    /// a handler that panics is answered by a problem document (RFC 9457).
    #[must_use]
    pub fn new(name: &'static str, headers: SecurityHeaders) -> Self {
        Self {
            name,
            headers,
            proxies: Proxies::default(),
            origin: None,
            failure: failure::problem,
            metrics: None,
            told: Arc::default(),
        }
    }

    /// Believes these proxies about the client, the origin and the request id.
    #[must_use]
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Links start with this URL's origin, whatever a proxy says.
    #[must_use]
    pub fn public_url(mut self, url: Option<&PublicUrl>) -> Self {
        self.origin = url.map(|url| url.origin().into());
        self
    }

    /// Counts and times answers there.
    #[must_use]
    pub fn metrics(mut self, metrics: &Metrics) -> Self {
        self.metrics = Some(metrics.of_port(self.name));
        self
    }

    /// What a request is answered with whose handler panicked; it must not panic itself.
    #[must_use]
    pub fn failure(mut self, answer: fn(&RequestContext) -> Response<Bytes>) -> Self {
        self.failure = answer;
        self
    }

    /// What every answer to a request that began then gets at its end.
    fn finish<B>(&self, answer: &mut Response<B>, id: &RequestId, begin: Instant) {
        if let Some(metrics) = &self.metrics {
            metrics.answered(answer.status(), begin.elapsed());
        }
        answer.headers_mut().insert(REQUEST_ID, id.header());
    }
}

/// A service around another one: puts a [`RequestContext`] into the extensions of each request,
/// sets the [`SecurityHeaders`] and `X-Request-Id`, writes the access log (target `access`; level
/// warn for 5xx, debug for what was read without an error, info for the rest), and answers 500
/// where the inner service panics or fails.
///
/// It is both a hyper and a tower service. Logs that are written while a change (any method but
/// GET, HEAD and OPTIONS) is handled stand in a span with the request's id; for reading requests
/// that is so at level debug only, as a span costs as much as a small answer.
#[derive(Debug, Clone)]
pub struct Edge<S, C = ()> {
    service: S,
    short_cut: C,
    settings: Arc<EdgeSettings>,
    peer: Option<Peer>,
}

/// The other end of a connection.
#[derive(Debug, Clone)]
struct Peer {
    client: Client,
    address: IpAddr,
    trusted: bool,
}

impl<S> Edge<AlwaysReady<S>> {
    /// Around a tower service that is always ready, as `warp::service(routes)` is: it is called
    /// without asking. Others go into [`new`](Self::new) within a `TowerToHyperService`.
    #[must_use]
    pub fn tower(service: S, settings: EdgeSettings) -> Self {
        Self::new(AlwaysReady(service), settings)
    }
}

/// A tower service as a hyper service.
#[derive(Debug, Clone)]
pub struct AlwaysReady<S>(S);

impl<S> AlwaysReady<S> {
    /// Calls `service` without asking whether it is ready.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S, R> Service<R> for AlwaysReady<S>
where
    S: tower_service::Service<R> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, request: R) -> Self::Future {
        self.0.clone().call(request)
    }
}

impl<S> Edge<S> {
    /// Around a hyper service.
    #[must_use]
    pub fn new(service: S, settings: EdgeSettings) -> Self {
        Self {
            service,
            short_cut: (),
            settings: Arc::new(settings),
            peer: None,
        }
    }

    /// Asks `short_cut` before the service.
    #[must_use]
    pub fn short_cut<C>(self, short_cut: C) -> Edge<S, C> {
        Edge {
            service: self.service,
            short_cut,
            settings: self.settings,
            peer: self.peer,
        }
    }
}

impl<S, C> Edge<S, C> {
    /// The service of one connection, for [`serve`](super::serve): only so is the client's address
    /// known.
    #[must_use]
    pub fn for_peer(&self, peer: SocketAddr) -> Self
    where
        S: Clone,
        C: Clone,
    {
        let address = peer.ip().to_canonical();
        let trusted = self.settings.proxies.contains(address);
        Self {
            peer: Some(Peer {
                client: address.into(),
                address,
                trusted,
            }),
            ..self.clone()
        }
    }

    /// The one that a trusted proxy gave, or a new one.
    fn request_id(&self, headers: &HeaderMap) -> RequestId {
        let trusted = self.peer.as_ref().is_some_and(|peer| peer.trusted);
        let given = trusted.then(|| headers.get(REQUEST_ID)).flatten();
        given
            .and_then(RequestId::parse)
            .unwrap_or_else(RequestId::generate)
    }

    fn context<B>(&self, request: &Request<B>) -> RequestContext {
        let headers = request.headers();
        let mut origin = self.settings.origin.clone();
        let client = match &self.peer {
            Some(proxy) if proxy.trusted => {
                origin = origin.or_else(|| forwarded::origin(headers).map(Into::into));
                let client = self.settings.proxies.client(proxy.address, headers);
                Some(client.into())
            }
            Some(peer) => {
                forwarded::tell_of_unknown_proxy(&self.settings.told, peer.address, headers);
                Some(peer.client.clone())
            }
            None => None,
        };
        let id = self.request_id(headers);
        let user_agent = headers.get(USER_AGENT).cloned();
        RequestContext::new(id, request.uri().clone(), client, user_agent, origin)
    }

    /// The short cut's answer, where nobody reads of such answers in the log: then nothing of the
    /// request is kept.
    fn answer_at_once<B, R: Body>(&self, request: &Request<B>) -> Option<Response<LoggedBody<R>>>
    where
        C: ShortCut<B>,
    {
        let begin = Instant::now();
        if access_log::tells_of_reading() {
            return None;
        }
        match catch_unwind(AssertUnwindSafe(|| self.short_cut.answer(request))) {
            Ok(answer) => {
                let mut answer = LoggedBody::of_bytes(answer?, None);
                let id = self.request_id(request.headers());
                self.settings.finish(&mut answer, &id, begin);
                Some(answer)
            }
            Err(panic) => {
                let settings = &*self.settings;
                let mut arrival = Arrival::new(self.context(request), request.method(), settings);
                Some(arrival.failed(&Failure::of_panic(&*panic), settings))
            }
        }
    }
}

impl<S, C, B, R> Service<Request<B>> for Edge<S, C>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    C: ShortCut<B>,
    R: Body<Data = Bytes>,
{
    type Response = Response<LoggedBody<R>>;
    type Error = Infallible;
    type Future = EdgeFuture<S::Future, R>;

    fn call(&self, mut request: Request<B>) -> Self::Future {
        if let Some(answer) = self.answer_at_once(&request) {
            return EdgeFuture::new(Stage::Answered {
                answer: Some(answer),
            });
        }
        let settings = &*self.settings;
        let mut arrival = Arrival::new(self.context(&request), request.method(), settings);
        let span = request_span(request.method(), &arrival.context);
        request.extensions_mut().insert(arrival.context.clone());
        let called = {
            let _entered = span.as_ref().map(Span::enter);
            catch_unwind(AssertUnwindSafe(|| self.service.call(request)))
        };
        let stage = match called {
            Ok(answer) => Stage::Asked {
                answer,
                arrival,
                settings: Arc::clone(&self.settings),
                span,
            },
            Err(panic) => {
                let _entered = span.as_ref().map(Span::enter);
                Stage::Answered {
                    answer: Some(arrival.failed(&Failure::of_panic(&*panic), settings)),
                }
            }
        };
        EdgeFuture::new(stage)
    }
}

/// The span of a request, if anybody reads it: even one that is disabled costs something.
fn request_span(method: &Method, context: &RequestContext) -> Option<Span> {
    // GET, HEAD, OPTIONS and TRACE are safe.
    let span = if !method.is_safe() {
        tracing::info_span!("request", request_id = %context.id())
    } else if tracing::enabled!(Level::DEBUG) {
        tracing::debug_span!("request", request_id = %context.id())
    } else {
        return None;
    };
    (!span.is_disabled()).then_some(span)
}

impl<S, C, B, R> tower_service::Service<Request<B>> for Edge<S, C>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    C: ShortCut<B>,
    R: Body<Data = Bytes>,
{
    type Response = Response<LoggedBody<R>>;
    type Error = Infallible;
    type Future = EdgeFuture<S::Future, R>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Service::call(self, request)
    }
}
