//! The end of a run: in order and within one deadline at the first signal, at once at the second.

use std::io;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::FusedFuture;
use model_dashboard::config::LimitsConfig;
use model_dashboard::dashboard::Dashboard;
use model_dashboard_web::server::{DrainReport, Shutdown, shutdown_signal};
use tokio::time::{sleep, timeout};

/// What is written last has at least so much time, however long requests took.
const LEAST_FOR_LAST_WRITES: Duration = Duration::from_secs(1);

/// What each step of an end at once may take.
const AT_ONCE: Duration = Duration::from_millis(500);

/// The most that the threads are waited for: a disk that hangs may hold one for good.
const MOST_FOR_THREADS: Duration = Duration::from_secs(2);

/// How a run ends.
pub(crate) struct Ending<'a> {
    dashboard: &'a Dashboard,
    shutdown: &'a Shutdown,
    grace: Duration,
    deadline: Duration,
}

impl<'a> Ending<'a> {
    pub(crate) fn new(
        dashboard: &'a Dashboard,
        shutdown: &'a Shutdown,
        limits: &LimitsConfig,
    ) -> Self {
        Self {
            dashboard,
            shutdown,
            grace: limits.shutdown_grace,
            deadline: limits.shutdown_deadline,
        }
    }

    /// The part of the deadline for requests in flight. The rest is for what is written last.
    pub(crate) fn for_requests(&self) -> Duration {
        self.deadline / 4 * 3
    }

    /// Lets the servers serve until the signal comes and ends them. Answers how long the threads
    /// may be waited for then.
    pub(crate) async fn after(
        &self,
        signal: impl Future<Output = io::Result<&'static str>>,
        serving: impl Future<Output = Vec<DrainReport>>,
    ) -> Duration {
        let mut serving = pin!(serving.fuse());
        let told = async {
            match signal.await {
                Ok(signal) => tracing::info!(signal, "ending: requests in flight may finish"),
                Err(error) => {
                    tracing::error!(%error, "signals cannot be received");
                    std::future::pending().await
                }
            }
        };
        tokio::select! {
            // Servers do not end by themselves.
            _ = &mut serving => return self.last_writes(Instant::now()).await,
            () = told => {}
        }
        // From the first poll on it is received: before anything ends.
        let mut again = pin!(shutdown_signal());
        let again = match futures::poll!(&mut again) {
            std::task::Poll::Ready(again) => futures::future::ready(again).left_future(),
            std::task::Poll::Pending => again.right_future(),
        };
        self.dashboard.drain();
        let in_order = async {
            let begin = async {
                if !self.grace.is_zero() {
                    tracing::info!(grace = ?self.grace, "new requests are still answered for a while");
                    sleep(self.grace).await;
                }
                self.shutdown.trigger();
                Instant::now()
            };
            let (begin, drained) = tokio::join!(begin, &mut serving);
            tell(&drained);
            self.last_writes(begin).await
        };
        let signal = tokio::select! {
            left = in_order => return left,
            signal = received(again) => signal,
        };
        self.shutdown.cut();
        let mut cut = 0;
        if !serving.is_terminated() {
            let drained = timeout(AT_ONCE, &mut serving).await.unwrap_or_default();
            cut = drained.iter().map(|report| report.cut).sum();
        }
        tracing::warn!(
            signal,
            requests = cut,
            "ending at once: requests in flight were cut"
        );
        self.dashboard.shutdown_within(AT_ONCE).await;
        Duration::ZERO
    }

    /// Lets the dashboard end in what is left of the time since the servers were told to.
    pub(crate) async fn last_writes(&self, begin: Instant) -> Duration {
        let left = || self.deadline.saturating_sub(begin.elapsed());
        let limit = left().max(LEAST_FOR_LAST_WRITES);
        self.dashboard.shutdown_within(limit).await;
        left().min(MOST_FOR_THREADS)
    }
}

/// Waits for a signal that can be received.
async fn received(signal: impl Future<Output = io::Result<&'static str>>) -> &'static str {
    match signal.await {
        Ok(signal) => signal,
        Err(_) => std::future::pending().await,
    }
}

/// Says what the end waited for, and what it did not wait for any longer.
fn tell(drained: &[DrainReport]) {
    let sum = |part: fn(&DrainReport) -> usize| drained.iter().map(part).sum::<usize>();
    let (connections, requests) = (
        sum(|report| report.connections),
        sum(|report| report.requests),
    );
    let cut = sum(|report| report.cut);
    let elapsed = drained.iter().map(|report| report.elapsed).max();
    let elapsed_ms = elapsed.unwrap_or_default().as_millis();
    match cut {
        0 => tracing::info!(
            connections,
            requests,
            elapsed_ms,
            "requests in flight were answered"
        ),
        _ => tracing::warn!(
            connections,
            requests,
            cut,
            elapsed_ms,
            "requests in flight were cut at the deadline"
        ),
    }
}
