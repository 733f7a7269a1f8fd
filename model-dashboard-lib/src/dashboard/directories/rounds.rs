//! The rounds in which people are looked at again.
//!
//! A round asks about everybody of a source who can get in. It begins so early that nobody's last
//! look is older than [`Policy::recheck_interval`](crate::dashboard::Policy) when the next one
//! ends. Someone who left loses sessions and tokens in it.
//!
//! An emptied answer never removes everyone: where a source says of too many at once that they
//! left, nothing is taken from anybody, and that counts as no answer. So they get in until
//! [`Policy::recheck_grace`](crate::dashboard::Policy) is over, and an administrator can believe
//! the source before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::asking::{Answer, Until};
use super::{Directory, SourceRecheck};
use crate::auth::{Identity, IdentityId, User};
use crate::dashboard::Inner;
use crate::model::Timestamp;
use crate::store::StoreError;

/// How many people are asked about at once.
const AT_A_TIME: usize = 100;

/// After how many questions in a row that nothing came of a round ends. Not after the first: what a
/// source cannot say of a few does not keep it from being asked about the others.
const IN_VAIN: usize = 2;

/// Fewer than so many may all leave at once. Of so many or more it is not believed of a majority:
/// one newcomer among them must not make it likely.
pub(super) const FEW: usize = 3;

/// What to do where so many people left at once that it is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    Doubting,
    Full,
}

/// Looks at everybody again and again, until the dashboard ends.
pub(in crate::dashboard) async fn follow(
    inner: Arc<Inner>,
    number: usize,
    stopped: watch::Receiver<bool>,
) {
    let Some(directory) = inner.directories.all.get(number) else {
        return;
    };
    let until = Until(Some(stopped.clone()));
    let mut ended = stopped;
    loop {
        let begun = Instant::now();
        inner.look_around(directory, &until).await;
        let interval = inner.policy.recheck_interval;
        let pause = match directory.is_well() {
            true => (interval * 9 / 10).saturating_sub(begun.elapsed()),
            false => (interval / 15).max(Duration::from_secs(1)),
        };
        tokio::select! {
            _ = ended.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(pause) => {}
            () = directory.wanted.notified() => {}
        }
    }
}

/// Whether it is believed that `left` of `asked` people left at once.
fn is_likely(left: usize, asked: usize) -> bool {
    left < FEW || left * 2 <= asked
}

impl Inner {
    async fn look_around(&self, directory: &Directory, until: &Until) {
        let mut asked = 0;
        if directory.can_recheck() {
            // Whom somebody else looked at just now, or who just signed in.
            let just_now = self.policy.recheck_interval / 20;
            match self
                .round(directory, just_now, Belief::Doubting, until)
                .await
            {
                Ok(round) => {
                    asked = round.asked;
                    if let Some(reason) = round.reason {
                        let (source, people) = (directory.source().as_str(), round.unanswered);
                        tracing::warn!(
                            source,
                            people,
                            reason,
                            "some people could not be looked at"
                        );
                    }
                }
                Err(error) => {
                    let source = directory.source().as_str();
                    tracing::warn!(source, %error, "people could not be looked at again");
                }
            }
        }
        if asked == 0 && directory.known.is_failing() {
            // Nobody's sign-in or look tells that it is well again.
            let walk = until.or(directory.authenticator.diagnose(None)).await;
            if walk.is_some_and(|diagnosis| diagnosis.is_well()) {
                directory.answered();
            }
        }
    }

    /// Looks at everybody of a source who can get in, but for those of less than `just_now` ago.
    pub(super) async fn round(
        &self,
        directory: &Directory,
        just_now: Duration,
        belief: Belief,
        until: &Until,
    ) -> Result<SourceRecheck, StoreError> {
        let _alone = directory.round.lock().await;
        let mut round = SourceRecheck::default();
        let mut left: Vec<(IdentityId, Timestamp)> = Vec::new();
        let begin = Timestamp::now();
        let mut after: Option<Arc<str>> = None;
        let mut in_vain = 0;
        'all: loop {
            let (source, looked_before) = (directory.source(), begin.minus(just_now));
            let page = self
                .users
                .people_with_access(source, looked_before, begin, after.as_deref())
                .await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.subject.clone());
            for some in evenly(&page) {
                let asked_at = Timestamp::now();
                let unanswered = round.unanswered;
                let gone = self
                    .look_at(directory, some, asked_at, &mut round, until)
                    .await?;
                let answered = some.len() - (round.unanswered - unanswered);
                match is_likely(gone.len(), answered) || belief == Belief::Full {
                    true => left.extend(gone.into_iter().map(|id| (id, asked_at))),
                    false => round.doubted += gone.len(),
                }
                in_vain = match answered {
                    0 => in_vain + 1,
                    _ => 0,
                };
                if in_vain == IN_VAIN {
                    round.is_cut_short = true;
                    break 'all;
                }
            }
        }
        let answered = round.asked - round.unanswered;
        let gone = left.len() + round.doubted;
        if belief == Belief::Doubting && !is_likely(gone, answered) {
            round.doubted = gone;
            left.clear();
        }
        for (id, asked_at) in left {
            if self.has_left(&id, asked_at).await?.is_some() {
                round.left += 1;
            }
        }
        match round.doubted {
            0 if round.unanswered == 0 => directory.believed(),
            0 => {}
            doubted => directory.doubted(doubted, answered),
        }
        Ok(round)
    }

    /// Asks about some people and notes who is there; answers who left.
    async fn look_at(
        &self,
        directory: &Directory,
        people: &[User],
        asked_at: Timestamp,
        round: &mut SourceRecheck,
        until: &Until,
    ) -> Result<Vec<IdentityId>, StoreError> {
        let ids: Vec<IdentityId> = people.iter().map(|user| user.id.clone()).collect();
        let answers = directory.ask(&ids, until).await;
        round.asked += ids.len();
        let (mut before, mut there): (Vec<&User>, Vec<Identity>) = (Vec::new(), Vec::new());
        let mut left = Vec::new();
        for (user, answer) in people.iter().zip(answers) {
            match answer {
                Answer::There(identity) => {
                    before.push(user);
                    there.push(*identity);
                }
                Answer::Left => left.push(user.id.clone()),
                Answer::None(reason) | Answer::Undecided(reason) => {
                    round.unanswered += 1;
                    round.reason.get_or_insert(reason);
                }
            }
        }
        let seen = self.still_there(&before, &there, asked_at).await?;
        round.changed += seen
            .iter()
            .filter(|(_, changes)| !changes.is_empty())
            .count();
        round.still_there += seen.len();
        Ok(left)
    }
}

/// Parts of at most [`AT_A_TIME`], of which none is much smaller than the others: what all of a
/// few say counts for less.
fn evenly<T>(all: &[T]) -> impl Iterator<Item = &[T]> {
    let parts = all.len().div_ceil(AT_A_TIME).max(1);
    all.chunks(all.len().div_ceil(parts).max(1))
}
