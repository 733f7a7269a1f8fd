//! The word to stop.

use std::io;

use tokio::sync::watch;

/// A switch that says that the server ends, in order or at once. Clones share it.
#[derive(Debug, Clone)]
pub struct Shutdown {
    end: watch::Sender<End>,
}

/// Later ones say more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    NotYet,
    InOrder,
    AtOnce,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A switch that is off.
    #[must_use]
    pub fn new() -> Self {
        Self {
            end: watch::Sender::new(End::NotYet),
        }
    }

    /// Says that the server ends. Saying it again changes nothing.
    pub fn trigger(&self) {
        self.say(End::InOrder);
    }

    /// Says that the server ends without waiting for requests in flight, whether or not it was
    /// told to end before.
    pub fn cut(&self) {
        self.say(End::AtOnce);
    }

    fn say(&self, end: End) {
        self.end.send_if_modified(|said| {
            let is_more = *said < end;
            *said = end.max(*said);
            is_more
        });
    }

    /// Whether the server is ending, for example for a readiness probe.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        *self.end.borrow() >= End::InOrder
    }

    /// Waits for [`trigger`](Self::trigger) or [`cut`](Self::cut); returns at once afterwards.
    pub async fn triggered(&self) {
        self.said(End::InOrder).await;
    }

    pub(super) async fn cut_off(&self) {
        self.said(End::AtOnce).await;
    }

    async fn said(&self, end: End) {
        // An error would mean that the sender is gone, and `self` holds one.
        let _ = self.end.subscribe().wait_for(|said| *said >= end).await;
    }
}

/// Waits for the signal that asks the process to end, and returns its name: `SIGTERM` (a service
/// manager, Kubernetes) or `SIGINT` (Ctrl-C).
///
/// Both lose their default action with the first call, so a second one has to be waited for again.
///
/// # Errors
///
/// The system does not let signals be handled.
pub async fn shutdown_signal() -> io::Result<&'static str> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => Ok("SIGTERM"),
            _ = interrupt.recv() => Ok("SIGINT"),
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await?;
        Ok("SIGINT")
    }
}
