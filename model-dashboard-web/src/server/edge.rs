//! The outermost service: what every request gets, whatever answers it.

use std::any::Any;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use hyper::service::Service;
use model_dashboard::config::PublicUrl;
use pin_project_lite::pin_project;
use tracing::{Level, Span};

use super::access_log::{LoggedBody, Record};
use super::connection::BoxError;
use super::forwarded::{self, Proxies};
use super::metrics::{Metrics, PortMetrics};
use super::request::{Client, RequestContext, RequestId};
use super::security_headers::SecurityHeaders;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
            failure: problem,
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
pub struct Edge<S> {
    service: S,
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
            settings: Arc::new(settings),
            peer: None,
        }
    }

    /// The service of one connection, for [`serve`](super::serve): only so is the client's address
    /// known.
    #[must_use]
    pub fn for_peer(&self, peer: SocketAddr) -> Self
    where
        S: Clone,
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

impl<S, B, R> Service<Request<B>> for Edge<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body<Data = Bytes>,
{
    type Response = Response<LoggedBody<R>>;
    type Error = Infallible;
    type Future = EdgeFuture<S::Future>;

    fn call(&self, mut request: Request<B>) -> Self::Future {
        let context = self.context(&request);
        let begin = Instant::now();
        let record = Record::begin(self.settings.name, request.method(), &context, begin);
        let span = request_span(request.method(), &context);
        request.extensions_mut().insert(context.clone());
        let answer = {
            let _entered = span.as_ref().map(Span::enter);
            catch_unwind(AssertUnwindSafe(|| self.service.call(request)))
        };
        let (answer, panic) = match answer {
            Ok(answer) => (Some(answer), None),
            Err(panic) => (None, Some(panic_message(&*panic).to_owned())),
        };
        EdgeFuture {
            answer,
            panic,
            begin,
            settings: Arc::clone(&self.settings),
            context,
            record,
            span,
        }
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

impl<S, B, R> tower_service::Service<Request<B>> for Edge<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body<Data = Bytes>,
{
    type Response = Response<LoggedBody<R>>;
    type Error = Infallible;
    type Future = EdgeFuture<S::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Service::call(self, request)
    }
}

pin_project! {
    /// The answer of an [`Edge`].
    #[derive(Debug)]
    pub struct EdgeFuture<F> {
        #[pin]
        answer: Option<F>,
        panic: Option<String>,
        begin: Instant,
        settings: Arc<EdgeSettings>,
        context: RequestContext,
        record: Option<Record>,
        span: Option<Span>,
    }
}

impl<F, R, E> Future for EdgeFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<LoggedBody<R>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let _entered = this.span.as_ref().map(Span::enter);
        let answered = match this.answer.as_mut().as_pin_mut() {
            // What a panic leaves behind is dropped with this future and not looked at again.
            Some(answer) => match catch_unwind(AssertUnwindSafe(|| answer.poll(cx))) {
                Ok(answered) => ready!(answered).map_err(|error| Failure::Error(error.into())),
                Err(panic) => Err(Failure::Panic(panic_message(&*panic).to_owned())),
            },
            None => Err(Failure::Panic(this.panic.take().unwrap_or_default())),
        };
        let record = this.record.take();
        let mut response = match answered {
            Ok(response) => {
                let status = response.status();
                response.map(|body| LoggedBody::new(body, status, record))
            }
            Err(failure) => {
                failure.log(this.settings.name, this.context);
                let response = (this.settings.failure)(this.context);
                let status = response.status();
                response.map(|text| LoggedBody::text(text, status, record))
            }
        };
        if let Some(metrics) = &this.settings.metrics {
            metrics.answered(response.status(), this.begin.elapsed());
        }
        let headers = response.headers_mut();
        this.settings.headers.apply(headers);
        headers.insert(REQUEST_ID, this.context.id().header());
        Poll::Ready(Ok(response))
    }
}

/// Why there is no answer.
enum Failure {
    Panic(String),
    Error(BoxError),
}

impl Failure {
    fn log(&self, server: &str, context: &RequestContext) {
        let request_id = context.id();
        match self {
            Self::Panic(message) => {
                tracing::error!(server, %request_id, panic = message, "a handler panicked");
            }
            Self::Error(error) => {
                tracing::error!(server, %request_id, error, "a service failed");
            }
        }
    }
}

/// What a panic said, at most 500 bytes of it.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text");
    message
        .get(..message.floor_char_boundary(500))
        .unwrap_or_default()
}

/// The answer to a request whose handler panicked.
fn problem(context: &RequestContext) -> Response<Bytes> {
    let text = format!(
        r#"{{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"The server made a mistake. Its log says more under the request id.","request_id":"{}"}}"#,
        context.id()
    );
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}
