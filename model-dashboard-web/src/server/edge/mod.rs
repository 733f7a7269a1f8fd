//! The outermost service: what every request gets, whatever answers it.

mod arrival;
mod failure;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::Either;
use http::header::{HeaderName, USER_AGENT};
use http::{Method, Request, Response};
use http_body::Body;
use hyper::service::Service;
use model_dashboard::config::PublicUrl;
use tracing::{Level, Span};

pub use self::arrival::EdgeFuture;
pub(super) use self::failure::panic_message;

use self::arrival::{Arrival, Stage};
use self::failure::Failure;
use super::access_log::LoggedBody;
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

    fn context<B>(&self, request: &Request<B>) -> RequestContext {
        let headers = request.headers();
        let user_agent = headers.get(USER_AGENT).cloned();
        let origin = self.settings.origin.clone();
        let uri = request.uri().clone();
        match &self.peer {
            Some(proxy) if proxy.trusted => {
                let given = headers.get(REQUEST_ID).and_then(RequestId::parse);
                let client = self.settings.proxies.client(proxy.address, headers);
                RequestContext::new(
                    given.unwrap_or_else(RequestId::generate),
                    uri,
                    Some(client.into()),
                    user_agent,
                    origin.or_else(|| forwarded::origin(headers).map(Into::into)),
                )
            }
            peer => {
                if let Some(peer) = peer {
                    forwarded::tell_of_unknown_proxy(&self.settings.told, peer.address, headers);
                }
                let client = peer.as_ref().map(|peer| peer.client.clone());
                RequestContext::new(RequestId::generate(), uri, client, user_agent, origin)
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
        let settings = &*self.settings;
        let mut arrival = Arrival::new(self.context(&request), request.method(), settings);
        let span = request_span(request.method(), &arrival.context);
        let called = {
            let _entered = span.as_ref().map(Span::enter);
            catch_unwind(AssertUnwindSafe(|| {
                match self.short_cut.answer(&request, &arrival.context) {
                    Some(answer) => Either::Left(answer),
                    None => {
                        request.extensions_mut().insert(arrival.context.clone());
                        Either::Right(self.service.call(request))
                    }
                }
            }))
        };
        let stage = match called {
            Ok(Either::Left(answer)) => Stage::Answered {
                answer: Some(arrival.answered_at_once(answer, settings)),
            },
            Ok(Either::Right(answer)) => Stage::Asked {
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
