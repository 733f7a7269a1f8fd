//! What the server knows about each connection, and how it ends one.
//!
//! A request moves its connection through phases with plain stores to one atomic; a sweep reads
//! them now and then. hyper's own `header_read_timeout` would arm and drop a timer for every
//! request (6 to 9 % of the CPU time of a small answer), cannot tell a slow head from a connection
//! that rests, and does not know which connections have rested longest.

mod answering;
mod socket;

use std::collections::HashMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use self::answering::Phased;
use self::socket::Watched;
use super::limits::ConnectionLimits;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long a connection is left alone before it has to make room for another one: a request that
/// its client has sent may not have been read yet.
const ROOM_AFTER: Duration = Duration::from_millis(100);

/// The same while a request head arrives in pieces.
const ROOM_AFTER_IN_HEAD: Duration = Duration::from_secs(1);

/// How long a client that still sends what was refused has to read its answer.
const LINGER: Duration = Duration::from_secs(2);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Connected, nothing sent yet.
    Fresh,
    /// Between two requests.
    Resting,
    /// A part of a request head is there.
    Head,
    /// A request is being handled or answered.
    Busy,
    /// Everything is said; what the client still sends is thrown away.
    Lingering,
}

impl Phase {
    fn from_u8(value: u8) -> Self {
        match value {
            0 => Self::Fresh,
            1 => Self::Resting,
            2 => Self::Head,
            3 => Self::Busy,
            _ => Self::Lingering,
        }
    }
}

/// What a connection has been told. Higher ones win.
const NOTHING: u8 = 0;
/// End at once if no request is in flight, otherwise after its answer.
const FINISH: u8 = 1;
/// End at once.
const CUT: u8 = 2;

/// One connection, as its task and the sweep share it.
#[derive(Debug)]
pub(super) struct Control {
    all: Arc<Connections>,
    number: u64,
    /// The phase in the lowest byte, above it the time of its start on the coarse clock.
    phase: AtomicU64,
    /// When the client stopped taking bytes, plus one; 0 while it takes them.
    blocked: AtomicU64,
    order: AtomicU8,
    /// Whether the last request came with a body.
    has_body: AtomicBool,
    waker: AtomicWaker,
}

impl Control {
    fn enter(&self, phase: Phase) {
        self.enter_at(phase, self.all.clock());
    }

    fn enter_at(&self, phase: Phase, time: u64) {
        self.phase
            .store((time << 8) | phase as u64, Ordering::Relaxed);
    }

    /// The phase and the time of its start.
    fn phase(&self) -> (Phase, u64) {
        let packed = self.phase.load(Ordering::Relaxed);
        (Phase::from_u8(packed.to_le_bytes()[0]), packed >> 8)
    }

    fn order(&self, order: u8) {
        if self.ordered() < order {
            self.order.fetch_max(order, Ordering::AcqRel);
            self.waker.wake();
        }
    }

    fn ordered(&self) -> u8 {
        self.order.load(Ordering::Acquire)
    }
}

/// Takes the connection off the list however its task ends.
struct Listed(Arc<Control>);

impl Drop for Listed {
    fn drop(&mut self) {
        self.0.all.list().remove(&self.0.number);
    }
}

/// The connections of one listener.
#[derive(Debug)]
pub(super) struct Connections {
    limits: ConnectionLimits,
    started: Instant,
    /// Milliseconds since the start, as of the last sweep.
    clock: AtomicU64,
    /// Whether a connection waits for room.
    crowded: AtomicBool,
    open: Mutex<HashMap<u64, Arc<Control>>>,
}

/// What was open at some moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) connections: usize,
    /// Those with a request in flight.
    pub(super) requests: usize,
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            started: Instant::now(),
            clock: AtomicU64::new(0),
            crowded: AtomicBool::new(false),
            open: Mutex::default(),
        })
    }

    fn list(&self) -> MutexGuard<'_, HashMap<u64, Arc<Control>>> {
        // Nothing that can panic happens while it is held.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn since(&self, then: u64) -> Duration {
        Duration::from_millis(self.clock().saturating_sub(then))
    }

    fn advance_clock(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.clock.store(now, Ordering::Relaxed);
    }

    /// Tells every answer whether to end its connection because another one waits.
    pub(super) fn set_crowded(&self, crowded: bool) {
        self.crowded.store(crowded, Ordering::Relaxed);
    }

    /// Ends what has taken longer than it may.
    pub(super) fn sweep(&self) {
        self.advance_clock();
        let limits = &self.limits;
        for control in self.list().values() {
            let (phase, start) = control.phase();
            let lasted = self.since(start);
            let order = match phase {
                Phase::Fresh | Phase::Head if lasted > limits.head_timeout => CUT,
                Phase::Resting if lasted > limits.idle_timeout => FINISH,
                Phase::Lingering if lasted > LINGER => CUT,
                _ => NOTHING,
            };
            let blocked = control.blocked.load(Ordering::Relaxed);
            let stuck = blocked > 0 && self.since(blocked - 1) > limits.write_timeout;
            control.order(if stuck { CUT } else { order });
        }
    }

    /// Asks connections without a request to end, those first that have been so for longest, and
    /// a 64th of what is allowed at once, so that a flood does not search the list for each one.
    pub(super) fn make_room(&self) {
        self.advance_clock();
        let open = self.list();
        let mut waiting: Vec<(Duration, &Arc<Control>, u8)> = open
            .values()
            .filter(|control| control.ordered() == NOTHING)
            .filter_map(|control| {
                let (phase, start) = control.phase();
                let lasted = self.since(start);
                match phase {
                    Phase::Fresh | Phase::Resting if lasted >= ROOM_AFTER => {
                        Some((lasted, control, FINISH))
                    }
                    Phase::Head if lasted >= ROOM_AFTER_IN_HEAD => Some((lasted, control, CUT)),
                    _ => None,
                }
            })
            .collect();
        let room = (self.limits.max_connections / 64).max(1);
        if waiting.len() > room {
            waiting.select_nth_unstable_by(room, |a, b| b.0.cmp(&a.0));
            waiting.truncate(room);
        }
        for (_, control, order) in waiting {
            control.order(order);
        }
    }

    /// Tells every connection to end, and counts what is open.
    fn tell_all(&self, order: u8) -> Count {
        let mut count = Count::default();
        for control in self.list().values() {
            count.connections += 1;
            count.requests += usize::from(control.phase().0 == Phase::Busy);
            control.order(order);
        }
        count
    }

    /// Lets requests in flight end and closes everything else.
    pub(super) fn finish_all(&self) -> Count {
        self.tell_all(FINISH)
    }

    /// Ends everything at once.
    pub(super) fn cut_all(&self) -> Count {
        self.tell_all(CUT)
    }

    /// Puts a connection on the list and returns the future that drives it to its end.
    pub(super) fn drive<S, B>(
        self: &Arc<Self>,
        number: u64,
        http: &http1::Builder,
        stream: TcpStream,
        service: S,
    ) -> impl Future<Output = Result<(), BoxError>> + Send + use<S, B>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let control = Arc::new(Control {
            all: Arc::clone(self),
            number,
            phase: AtomicU64::new(0),
            blocked: AtomicU64::new(0),
            order: AtomicU8::new(NOTHING),
            has_body: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        control.enter(Phase::Fresh);
        self.list().insert(number, Arc::clone(&control));
        let listed = Listed(Arc::clone(&control));

        let stream = Watched::new(stream, Arc::clone(&control));
        let service = Phased::new(service, Arc::clone(&control));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        async move {
            let _listed = listed;
            let mut connection = pin!(connection);
            let mut finishing = false;
            poll_fn(|cx| {
                control.waker.register(cx.waker());
                if control.ordered() == CUT {
                    return Poll::Ready(Err("cut off".into()));
                }
                // First what has arrived is read: a request that is there is still answered.
                if let Poll::Ready(end) = poll_caught(connection.as_mut(), cx)? {
                    return Poll::Ready(end.map_err(Into::into));
                }
                if control.ordered() == FINISH && !finishing {
                    finishing = true;
                    connection.as_mut().graceful_shutdown();
                    return poll_caught(connection.as_mut(), cx)?.map_err(Into::into);
                }
                Poll::Pending
            })
            .await
        }
    }
}

/// Polls a connection; a panic in it (an answer's body, for one) is its end and nobody else's.
fn poll_caught<F: Future>(
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Result<Poll<F::Output>, BoxError> {
    catch_unwind(AssertUnwindSafe(|| future.poll(cx)))
        .map_err(|panic| format!("panicked: {}", super::edge::panic_message(&*panic)).into())
}
