//! The token of each person that ends next, for the banner that says so on every page.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use model_dashboard::auth::IdentityId;
use model_dashboard::dashboard::TOKEN_EXPIRES_SOON;
use model_dashboard::model::Timestamp;
use model_dashboard::tokens::ApiToken;

/// How long what was found is good: so late may a banner come or go where nothing was changed here.
const LOOKED_UP_EVERY: Duration = Duration::from_secs(5 * 60);
/// Of how many people it is remembered.
const MOST_REMEMBERED: usize = 1_000;

/// What was found when each person's tokens were looked at last.
#[derive(Debug, Default)]
pub(super) struct ExpiringTokens(Mutex<HashMap<IdentityId, Found>>);

#[derive(Debug)]
struct Found {
    at: Instant,
    next: Option<Expiring>,
}

/// A token that ends soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expiring {
    pub(super) description: String,
    pub(super) end: Timestamp,
}

impl ExpiringTokens {
    /// The token of this person that ends next, if that is soon. `tokens` is asked now and then;
    /// what it does not answer is asked again as late as anything else.
    pub(super) async fn next(
        &self,
        id: &IdentityId,
        tokens: impl AsyncFnOnce() -> Option<Vec<ApiToken>>,
    ) -> Option<Expiring> {
        let now = Timestamp::now();
        let next = match self.remembered(id) {
            Some(next) => next,
            None => {
                let next = tokens().await.and_then(|tokens| first(&tokens, now));
                self.remember(id, next.clone());
                next
            }
        };
        next.filter(|next| next.end > now)
    }

    /// Forgets what was found: a token was made or revoked.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn remembered(&self, id: &IdentityId) -> Option<Option<Expiring>> {
        let known = self.lock();
        let found = known.get(id)?;
        (found.at.elapsed() < LOOKED_UP_EVERY).then(|| found.next.clone())
    }

    fn remember(&self, id: &IdentityId, next: Option<Expiring>) {
        let mut known = self.lock();
        if known.len() >= MOST_REMEMBERED {
            known.retain(|_, found| found.at.elapsed() < LOOKED_UP_EVERY);
        }
        // Otherwise it is looked up again, which costs time alone.
        if known.len() < MOST_REMEMBERED {
            let at = Instant::now();
            known.insert(id.clone(), Found { at, next });
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IdentityId, Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first that ends soon, of tokens of which those come first that end first.
fn first(tokens: &[ApiToken], now: Timestamp) -> Option<Expiring> {
    let soon = now.plus(TOKEN_EXPIRES_SOON);
    tokens.iter().find_map(|token| {
        // Ended ones are for the list of tokens.
        let end = token.expires_at.filter(|end| *end > now && *end <= soon)?;
        let description = token.description.clone();
        Some(Expiring { description, end })
    })
}

#[cfg(test)]
mod tests {
    use model_dashboard::auth::{Permissions, Source};

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn token(description: &str, expires_at: Option<Timestamp>) -> ApiToken {
        ApiToken {
            id: 1,
            owner: person("1"),
            username: String::new(),
            description: description.to_owned(),
            scopes: Permissions::NONE,
            expires_at,
            created_at: None,
            last_used_at: None,
        }
    }

    fn person(subject: &str) -> IdentityId {
        IdentityId::new(Source::local(), subject)
    }

    #[test]
    fn the_next_to_end_is_neither_past_nor_far() {
        let now = Timestamp::parse("2026-03-10").unwrap_or_else(|_| Timestamp::now());
        let ended = token("ended", Timestamp::parse("2026-03-09").ok());
        let far = token("far", Some(now.plus(30 * DAY)));
        let soon = token("soon", Some(now.plus(2 * DAY)));
        let found = first(&[ended.clone(), soon, far.clone()], now);
        assert_eq!(found.map(|next| next.description).as_deref(), Some("soon"));
        assert_eq!(first(&[ended, far, token("endless", None)], now), None);
    }

    #[tokio::test]
    async fn the_store_is_asked_once_for_many_pages_and_again_after_a_change() {
        let (known, asked) = (ExpiringTokens::default(), Mutex::new(0));
        let next = async |id: &IdentityId| {
            let ask = async || {
                *asked.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                Some(vec![token("soon", Some(Timestamp::now().plus(2 * DAY)))])
            };
            known.next(id, ask).await.map(|next| next.description)
        };
        let asked_so_far = || *asked.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..3 {
            assert_eq!(next(&person("1")).await.as_deref(), Some("soon"));
        }
        assert_eq!(asked_so_far(), 1);
        next(&person("2")).await;
        assert_eq!(asked_so_far(), 2, "another person");
        known.forget();
        next(&person("1")).await;
        assert_eq!(asked_so_far(), 3, "after a change");
    }

    #[tokio::test]
    async fn a_store_that_does_not_answer_is_left_alone_for_a_while() {
        let known = ExpiringTokens::default();
        let soon = token("soon", Some(Timestamp::now().plus(2 * DAY)));
        assert_eq!(known.next(&person("1"), async || None).await, None);
        let answers_again = async || Some(vec![soon]);
        assert_eq!(known.next(&person("1"), answers_again).await, None);
    }

    #[tokio::test]
    async fn as_many_people_are_remembered_as_there_is_room_for() {
        let known = ExpiringTokens::default();
        for n in 0..MOST_REMEMBERED + 10 {
            known.next(&person(&n.to_string()), async || None).await;
        }
        assert_eq!(known.lock().len(), MOST_REMEMBERED);
    }
}
