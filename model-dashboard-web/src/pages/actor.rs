//! Somebody who did something, as pages name them.

use model_dashboard::auth::Source;
use model_dashboard::dashboard::SignInSource;

use super::visit::Visit;
use crate::views::actor::Actor;

/// The sources of accounts, for telling people of one name apart.
#[derive(Default)]
pub(super) struct Sources(Vec<SignInSource>);

impl Sources {
    pub(super) fn new(visit: &Visit) -> Sources {
        Sources(visit.dashboard().sources())
    }

    /// Somebody of `name` who has an account of `source`.
    pub(super) fn actor(&self, name: &str, source: Option<&str>) -> Actor {
        let source = source.unwrap_or_default();
        let is_all = source == Source::LOCAL && self.0.len() < 2;
        Actor {
            name: name.to_owned(),
            source: if is_all { "" } else { source }.to_owned(),
            of: match source {
                // By which way it came in tells the second.
                Source::LOCAL | Source::HOST => String::new(),
                other => self.label(other),
            },
        }
    }

    /// What people read of a source.
    pub(super) fn label(&self, source: &str) -> String {
        if source == Source::SERVICE {
            return "service account".to_owned();
        }
        let known = self.0.iter().find(|one| one.source.as_str() == source);
        known.map_or_else(|| source.to_owned(), |one| one.label.clone())
    }

    /// Those to choose from in a filter, with `chosen`: value and text. None where there is no choice.
    pub(super) fn choices(&self, chosen: Option<&str>) -> Vec<(String, String)> {
        let configured = self.0.iter().map(|one| one.source.as_str());
        let mut all: Vec<&str> = configured.collect();
        if all.len() < 2 && chosen.is_none() {
            return Vec::new();
        }
        all.push(Source::SERVICE);
        all.extend(chosen.filter(|chosen| !all.contains(chosen)));
        let choice = |source: &str| {
            let label = match source {
                Source::SERVICE => "Service account".to_owned(),
                other => self.label(other),
            };
            (source.to_owned(), label)
        };
        all.into_iter().map(choice).collect()
    }
}
