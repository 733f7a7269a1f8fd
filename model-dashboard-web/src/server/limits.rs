//! What a client can take of a server.

use std::time::Duration;

use model_dashboard::config::LimitsConfig;

/// The limits of one listener's connections.
///
/// Times are watched by a sweep over all connections instead of a timer for each request, so they
/// can be exceeded by a quarter, and by a quarter of a second at most.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectionLimits {
    /// Open connections at a time (default 8,192). One more is taken from the kernel and waits;
    /// meanwhile the connections that have been idle longest are closed, and answers end their
    /// connections, so that idle clients never keep working ones out.
    pub max_connections: usize,
    /// Time for a whole request head to arrive: from its first byte, or from connecting for the
    /// first one (default 10 s). The connection is closed afterwards.
    pub head_timeout: Duration,
    /// Time that a connection may rest between two requests (default 75 s: longer than reverse
    /// proxies keep theirs, which would otherwise send a request into a connection that ends).
    pub idle_timeout: Duration,
    /// Time that a client may leave an answer unread before the connection is cut (default 30 s).
    /// Every byte that it takes starts the time again.
    pub write_timeout: Duration,
    /// Size of a request head in bytes (default 16,384); 431 beyond. At most 100 headers fit, too.
    pub max_head_bytes: usize,
    /// Time for requests in flight to end once the server stops (default 20 s).
    pub drain_deadline: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 8192,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            max_head_bytes: 16 * 1024,
            drain_deadline: Duration::from_secs(20),
        }
    }
}

impl From<&LimitsConfig> for ConnectionLimits {
    fn from(config: &LimitsConfig) -> Self {
        Self {
            max_connections: usize::try_from(config.max_connections).unwrap_or(usize::MAX),
            head_timeout: config.header_timeout,
            drain_deadline: config.shutdown_deadline,
            ..Self::default()
        }
    }
}

impl ConnectionLimits {
    /// Lowers the connections to what `open_files` leaves for each of `listeners`, keeping an
    /// eighth and at least 64 for everything else that is opened.
    #[must_use]
    pub fn within_open_files(mut self, open_files: u64, listeners: usize) -> Self {
        let open_files = usize::try_from(open_files).unwrap_or(usize::MAX);
        let kept = (open_files / 8).max(64);
        let share = open_files.saturating_sub(kept) / listeners.max(1);
        self.max_connections = self.max_connections.min(share.max(1));
        self
    }

    /// How often the connections are looked at.
    pub(super) fn sweep_interval(&self) -> Duration {
        let shortest = self
            .head_timeout
            .min(self.idle_timeout)
            .min(self.write_timeout);
        (shortest / 4).clamp(Duration::from_millis(5), Duration::from_millis(250))
    }
}

/// Raises the number of files that the process may open as far as it may raise it itself, and
/// returns that number; `None` where the system has no such limit.
///
/// Many systems start a process with 1,024, which is fewer than the connections it may hold.
#[must_use]
pub fn raise_open_file_limit() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: maximum,
            maximum,
        };
        // Some systems refuse "no limit" here: what was there before still holds then.
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => maximum,
            Err(_) => current,
        }
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_listeners_together_leave_files_for_everything_else() {
        for (open_files, listeners, each) in [
            (1 << 20, 3, 8192),
            (1024, 1, 896),
            (1024, 3, 298),
            (256, 2, 96),
            (256, 3, 64),
            // A server that takes nobody is none.
            (64, 3, 1),
        ] {
            let limits = ConnectionLimits::default().within_open_files(open_files, listeners);
            assert_eq!(limits.max_connections, each, "{open_files} {listeners}");
        }
        let few = ConnectionLimits {
            max_connections: 5,
            ..ConnectionLimits::default()
        };
        assert_eq!(few.within_open_files(1024, 3).max_connections, 5);
    }
}
