//! The word to stop.

use std::io;

use tokio::sync::watch;

/// A switch that says once that the server ends. Clones share it.
#[derive(Debug, Clone)]
pub struct Shutdown {
    triggered: watch::Sender<bool>,
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
            triggered: watch::Sender::new(false),
        }
    }

    /// Says that the server ends. Saying it again changes nothing.
    pub fn trigger(&self) {
        self.triggered.send_replace(true);
    }

    /// Whether the server is ending, for example for a readiness probe.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        *self.triggered.borrow()
    }

    /// Waits for [`trigger`](Self::trigger); returns at once afterwards.
    pub async fn triggered(&self) {
        // An error would mean that the sender is gone, and `self` holds one.
        let _ = self
            .triggered
            .subscribe()
            .wait_for(|triggered| *triggered)
            .await;
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
