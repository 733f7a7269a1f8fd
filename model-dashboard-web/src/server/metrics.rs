//! Requests, counted and timed for a monitor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the times that are told apart, in seconds.
const BOUNDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The hundreds of a status, as labels.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answers {
    server: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Server {
    server: &'static str,
}

/// The counters of all ports of one server. Clones count together.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    answers: Family<Answers, Counter>,
    times: Family<Server, Histogram, fn() -> Histogram>,
}

impl Metrics {
    /// Counters that begin at nought.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("model_dashboard");
        let answers = Family::default();
        let times: Family<Server, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BOUNDS));
        registry.register(
            "http_answers",
            "Requests that were answered, by port and class of status",
            answers.clone(),
        );
        registry.register(
            "http_answer_seconds",
            "Time from the head of a request to the head of its answer, by port",
            times.clone(),
        );
        Self {
            registry: Arc::new(registry),
            answers,
            times,
        }
    }

    /// The counters of one port, looked up once.
    pub(super) fn of_port(&self, server: &'static str) -> PortMetrics {
        let answers = |status| {
            self.answers
                .get_or_create_owned(&Answers { server, status })
        };
        PortMetrics {
            answers: CLASSES.map(answers),
            times: self.times.get_or_create_owned(&Server { server }),
        }
    }

    /// Writes all of them in the text format of OpenMetrics 1.0, without its last line.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn encode(&self, out: &mut String) -> fmt::Result {
        encode_registry(out, &self.registry)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// The counters of one port.
#[derive(Clone, Debug)]
pub(super) struct PortMetrics {
    answers: [Counter; 5],
    times: Histogram,
}

impl PortMetrics {
    /// Counts an answer.
    pub(super) fn answered(&self, status: StatusCode, after: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.answers.get(class) {
            counter.inc();
        }
        self.times.observe(after.as_secs_f64());
    }
}
