//! Accepting connections until the server ends, and letting it end in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until, timeout};

use super::connection::{BoxError, Connections};
use super::limits::ConnectionLimits;
use super::listener::Listener;
use super::shutdown::Shutdown;

/// The longest pause after an error of accepting, such as too many open files.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often room is looked for while a connection waits.
const ROOM_INTERVAL: Duration = Duration::from_millis(25);

/// The least time between two warnings that the connections are used up.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Connections that were open when it was told to end.
    pub connections: usize,
    /// Requests that were in flight then.
    pub requests: usize,
    /// Requests that were cut at the deadline, or before it by [`Shutdown::cut`].
    pub cut: usize,
    /// How long it took.
    pub elapsed: Duration,
}

/// Serves the connections of `listener` until `shutdown` is triggered, then lets it end in order.
///
/// `service` is called with the peer's address for each connection and returns what answers its
/// requests. Then the listener is closed, connections without a request are closed at once, those
/// with one after its answer, and what is left at [`ConnectionLimits::drain_deadline`] is cut, or
/// as soon as [`Shutdown::cut`] says so.
///
/// A handler's future is dropped when its client goes away or is cut: what must not stop half-way
/// has to run in a task of its own.
///
/// Dropping the future of this function cuts all connections.
pub async fn serve<M, S, B>(
    listener: Listener,
    service: M,
    limits: &ConnectionLimits,
    shutdown: &Shutdown,
) -> DrainReport
where
    M: Fn(SocketAddr) -> S,
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let most = u32::try_from(limits.max_connections)
        .unwrap_or(u32::MAX)
        .max(1);
    let permits = Arc::new(Semaphore::new(most as usize));
    let connections = CutOnDrop(Connections::new(limits.clone()));
    let connections = &connections.0;
    let mut http = http1::Builder::new();
    // The number of headers stays at hyper's 100: setting any number costs an allocation for each
    // request. The sweep watches the time (see `connection`).
    http.max_header_size(limits.max_head_bytes)
        .header_read_timeout(None);

    let mut numbers = 0_u64..;
    let mut start = |(stream, peer): (TcpStream, SocketAddr), permit: OwnedSemaphorePermit| {
        let number = numbers.next().unwrap_or_default();
        let connection = connections.drive(number, &http, stream, service(peer));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, error, "connection ended");
            }
            drop(permit);
        });
    };

    let mut sweep = interval(limits.sweep_interval());
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pause = Pause::default();
    let mut waiting = None;
    let mut warned: Option<Instant> = None;
    let stop = shutdown.triggered();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = sweep.tick() => connections.sweep(),
            () = sleep(ROOM_INTERVAL), if waiting.is_some() => connections.make_room(),
            permit = Arc::clone(&permits).acquire_owned(), if waiting.is_some() => {
                // The semaphore is never closed.
                if let (Some(accepted), Ok(permit)) = (waiting.take(), permit) {
                    start(accepted, permit);
                    connections.set_crowded(false);
                }
            }
            // Until a point in time: every turn of the loop begins to wait anew.
            () = sleep_until(pause.until()), if pause.is_on() => pause.end(),
            accepted = listener.accept(), if waiting.is_none() && !pause.is_on() => match accepted {
                Ok(accepted) => {
                    pause = Pause::default();
                    match Arc::clone(&permits).try_acquire_owned() {
                        Ok(permit) => start(accepted, permit),
                        Err(_) => {
                            waiting = Some(accepted);
                            connections.set_crowded(true);
                            connections.make_room();
                            if warned.is_none_or(|last| last.elapsed() > WARN_INTERVAL) {
                                warned = Some(Instant::now());
                                tracing::warn!(
                                    address = %listener.local_addr(),
                                    max_connections = most,
                                    "all connections are in use: idle ones are closed for new ones"
                                );
                            }
                        }
                    }
                }
                Err(error) if is_of_one_connection(&error) => {
                    tracing::debug!(%error, "a connection ended before it was accepted");
                }
                Err(error) => {
                    pause.begin();
                    tracing::warn!(
                        address = %listener.local_addr(),
                        %error,
                        pause_ms = pause.length().as_millis(),
                        "cannot accept connections"
                    );
                    connections.make_room();
                }
            },
        }
    }
    drop((listener, waiting));
    drain(connections, &permits, most, limits, sweep, shutdown).await
}

async fn drain(
    connections: &Arc<Connections>,
    permits: &Semaphore,
    most: u32,
    limits: &ConnectionLimits,
    mut sweep: tokio::time::Interval,
    shutdown: &Shutdown,
) -> DrainReport {
    let begin = Instant::now();
    let open = connections.finish_all();
    // Each connection holds one: all of them are back when the last one has ended.
    let all = permits.acquire_many(most);
    tokio::pin!(all);
    let sweeping = async {
        loop {
            sweep.tick().await;
            connections.sweep();
        }
    };
    let ended = tokio::select! {
        ended = timeout(limits.drain_deadline, &mut all) => ended.is_ok(),
        () = shutdown.cut_off() => false,
        () = sweeping => false,
    };
    let mut cut = 0;
    if !ended {
        cut = connections.cut_all().requests;
        // An error would mean a closed semaphore, and nothing closes it.
        let _ = all.await;
    }
    DrainReport {
        connections: open.connections,
        requests: open.requests,
        cut,
        elapsed: begin.elapsed(),
    }
}

/// Errors of the connection that was about to be accepted, not of the listener (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// A pause in accepting that doubles from error to error.
#[derive(Debug, Default)]
struct Pause {
    until: Option<tokio::time::Instant>,
    length: Duration,
}

impl Pause {
    fn is_on(&self) -> bool {
        self.until.is_some()
    }

    /// When it ends; now if it is not on.
    fn until(&self) -> tokio::time::Instant {
        self.until.unwrap_or_else(tokio::time::Instant::now)
    }

    fn length(&self) -> Duration {
        self.length
    }

    fn begin(&mut self) {
        self.length = (self.length * 2).clamp(Duration::from_millis(10), LONGEST_PAUSE);
        self.until = Some(tokio::time::Instant::now() + self.length);
    }

    fn end(&mut self) {
        self.until = None;
    }
}

/// Connections do not outlive the server that accepted them.
struct CutOnDrop(Arc<Connections>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.cut_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loop that accepts takes a turn at every sweep, long before a long pause is over.
    #[test]
    fn the_end_of_a_pause_does_not_move_while_the_loop_turns() {
        let mut pause = Pause::default();
        for _ in 0..20 {
            pause.begin();
        }
        assert_eq!(pause.length(), LONGEST_PAUSE);
        let end = pause.until();
        assert!(pause.is_on() && end <= tokio::time::Instant::now() + LONGEST_PAUSE);
        assert_eq!(pause.until(), end);
        pause.end();
        assert!(!pause.is_on());
    }
}
