//! Both ports' way from a socket to a handler.
//!
//! warp routes requests, but serves them without a header timeout, a connection limit or a drain
//! with an end. Here is what stands around `warp::service`, or around any other hyper or tower
//! service:
//!
//! - [`Listener`] binds an address, or says plainly why it cannot;
//! - [`serve`] accepts connections within [`ConnectionLimits`] until a [`Shutdown`] is triggered,
//!   then lets requests in flight end;
//! - [`Edge`] gives every request its [`RequestContext`], writes the access log, sets the
//!   [`SecurityHeaders`], and turns a panic into an answer; a [`ShortCut`] answers some at once;
//! - [`RequestBody`] reads a body within [`BodyLimits`].
//!
//! ```no_run
//! use model_dashboard_web::server::{
//!     ConnectionLimits, Edge, EdgeSettings, Listener, SecurityHeaders, Shutdown, serve,
//!     shutdown_signal,
//! };
//! use warp::Filter as _;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let hello = warp::path!("hello").map(|| "hello");
//! let settings = EdgeSettings::new("api", SecurityHeaders::api(false));
//! let edge = Edge::tower(warp::service(hello), settings);
//!
//! let listener = Listener::bind("127.0.0.1:8000".parse()?).await?;
//! let shutdown = Shutdown::new();
//! let stop = shutdown.clone();
//! tokio::spawn(async move {
//!     if shutdown_signal().await.is_ok() {
//!         stop.trigger();
//!     }
//! });
//! let limits = ConnectionLimits::default();
//! let report = serve(listener, |peer| edge.for_peer(peer), &limits, &shutdown).await;
//! assert_eq!(report.cut, 0);
//! # Ok(())
//! # }
//! ```
//!
//! Only HTTP/1 is spoken: browsers speak HTTP/2 over TLS alone, which a reverse proxy ends in
//! front of these plain ports, and proxies speak HTTP/1.1 to what is behind them. Doing without
//! HTTP/2 does without its attacks (rapid reset, continuation floods), too.

mod accept;
mod access_log;
mod body;
mod connection;
mod edge;
mod forwarded;
mod limits;
mod listener;
mod metrics;
mod request;
mod security_headers;
mod short_cut;
mod shutdown;

#[cfg(test)]
mod tests;

pub use self::accept::{DrainReport, serve};
pub use self::access_log::LoggedBody;
pub use self::body::{BodyError, BodyLimits, RequestBody, request_body};
pub(crate) use self::edge::REQUEST_ID;
pub use self::edge::{AlwaysReady, Edge, EdgeFuture, EdgeSettings};
pub use self::forwarded::Proxies;
pub use self::limits::{ConnectionLimits, raise_open_file_limit};
pub use self::listener::{BindError, Listener};
pub use self::metrics::Metrics;
pub use self::request::{RequestContext, RequestId, context};
pub use self::security_headers::SecurityHeaders;
pub use self::short_cut::ShortCut;
pub use self::shutdown::{Shutdown, shutdown_signal};
