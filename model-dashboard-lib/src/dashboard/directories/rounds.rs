//! The rounds in which people are looked at again.
//!
//! A round asks about everybody of a source who can get in ([`around`](super::around)). It begins so
//! early that nobody's last look is older than
//! [`Policy::recheck_interval`](crate::dashboard::Policy) when the next one ends
//! ([`pace`](super::pace)). Someone who left loses sessions and tokens in it.
//!
//! An emptied answer never removes everyone: while a source is doubted ([`belief`](super::belief))
//! nothing is taken from anybody, and that counts as no answer. So they get in until
//! [`Policy::recheck_grace`](crate::dashboard::Policy) is over, and an administrator can believe
//! the source before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::around::Around;
use super::asking::Until;
use super::belief::{Belief, is_of_few};
use super::pace::Pace;
use super::{Directory, SourceRecheck};
use crate::auth::LeavingDoubt;
use crate::dashboard::Inner;
use crate::store::StoreError;

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
    directory.tell_doubt();
    let mut is_wanted = false;
    loop {
        let begun = Instant::now();
        let just_now = match is_wanted {
            // By somebody who may have signed in just before.
            true => Duration::ZERO,
            // Whom somebody else looked at just now, or who just signed in, is passed over.
            false => inner.pace().just_now(),
        };
        let looked = inner.look_around(directory, just_now, &until).await;
        let (pace, lasted) = (inner.pace(), begun.elapsed());
        let waits = !directory.earlier.lock().await.is_empty();
        let pause = match looked.is_whole && directory.is_believed() && !waits {
            true => pace.pause(lasted),
            false => pace.soon(),
        };
        let next = begun + lasted + pause;
        let source = directory.source().as_str();
        let is_slow = !pace.is_kept(lasted);
        if is_slow && directory.log.slow.is_so(Instant::now()) {
            tracing::warn!(
                source,
                ?lasted,
                interval = ?inner.policy.recheck_interval,
                "looking at everybody takes so long that who leaves may be out later than they should"
            );
        }
        if !is_slow && directory.log.slow.is_over() {
            tracing::info!(source, "looking at everybody takes no longer than it may");
        }
        let asks_about_itself = match directory.known.is_failing() {
            // Else nobody's sign-in or look tells that it is well again.
            true => looked.asked == 0 || directory.known.lacks_groups(),
            false => directory.can_recheck(),
        };
        if asks_about_itself {
            directory.look_at_itself(&until).await;
        }
        // Somebody who is turned away may come again and again.
        let soonest = begun + lasted + pace.soon();
        is_wanted = false;
        let wanted = async {
            directory.wanted.notified().await;
            is_wanted = true;
            tokio::time::sleep_until(soonest.into()).await;
        };
        tokio::select! {
            _ = ended.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep_until(next.into()) => {}
            () = wanted => {}
        }
    }
}

/// What came of a round.
#[derive(Clone, Copy, Debug)]
struct Looked {
    asked: usize,
    /// Whether everybody was looked at, and what the source said was believed.
    is_whole: bool,
}

impl Directory {
    /// Tells the log of whom the source did not say anything.
    fn tell_unanswered(&self, round: &SourceRecheck) {
        let (source, log) = (self.source().as_str(), &self.log.unanswered);
        match &round.reason {
            Some(reason) if log.is_so(Instant::now()) => {
                let people = round.unanswered;
                tracing::warn!(source, people, reason, "some people could not be looked at");
            }
            None if log.is_over() => tracing::info!(source, "everybody could be looked at again"),
            _ => {}
        }
    }
}

impl Inner {
    fn pace(&self) -> Pace {
        Pace(self.policy.recheck_interval)
    }

    async fn look_around(
        &self,
        directory: &Directory,
        just_now: Duration,
        until: &Until,
    ) -> Looked {
        if !directory.can_recheck() {
            return Looked {
                asked: 0,
                is_whole: true,
            };
        }
        let round = self.round(directory, just_now, Belief::Waiting, until);
        let source = directory.source().as_str();
        match round.await {
            Ok(round) => {
                directory.tell_unanswered(&round);
                if directory.log.unwritten.is_over() {
                    tracing::info!(source, "people are looked at again as before");
                }
                Looked {
                    asked: round.asked,
                    is_whole: !round.is_cut_short && round.doubted == 0,
                }
            }
            Err(error) => {
                if directory.log.unwritten.is_so(Instant::now()) {
                    tracing::warn!(source, %error, "people could not be looked at again");
                }
                Looked {
                    asked: 0,
                    is_whole: false,
                }
            }
        }
    }

    /// Looks at everybody of a source who can get in; where nobody left, but for those of less than
    /// `just_now` ago.
    pub(super) async fn round(
        &self,
        directory: &Directory,
        just_now: Duration,
        belief: Belief,
        until: &Until,
    ) -> Result<SourceRecheck, StoreError> {
        let mut earlier = directory.earlier.lock().await;
        // Another process may have opened it, or an administrator ended it there.
        let before = self.users.doubt(directory.source()).await?;
        match belief {
            // It ends here.
            Belief::Full => drop(directory.note_doubt(before.as_ref())),
            _ => directory.doubt(before.as_ref()),
        }
        let Around {
            mut round, said, ..
        } = self.ask_around(directory, just_now, until).await?;
        let is_believed = match (belief, &before) {
            (Belief::Full, _) => true,
            (Belief::Seen(seen), Some(before)) => said.is_as_seen(before, seen),
            _ => false,
        };
        let doubt = match is_believed {
            // Where nothing was said there is nothing to believe.
            true if said.answered() > 0 || round.asked == 0 => None,
            true => before.clone(),
            false => said.doubt(before.as_ref(), directory.has_let_in()),
        };
        if let Some(doubt) = &doubt {
            round.doubted = doubt.left.len();
        }
        // Whether it has let anybody in a server knows, and not a command beside it.
        let is_told_alone = |doubt: &LeavingDoubt| {
            belief != Belief::Waiting && before.is_none() && is_of_few(doubt)
        };
        let kept = doubt.filter(|doubt| !is_told_alone(doubt));
        let is_settled = self.settle(directory, belief, before, kept.as_ref());
        if !is_settled.await? {
            round.doubted = said.left.len();
        }
        if round.doubted > 0 {
            earlier.clear();
            return Ok(round);
        }
        for one in said.believed(belief, &mut earlier, self.pace().soon()) {
            if self.has_left(&one).await?.is_some() {
                round.left += 1;
            }
        }
        Ok(round)
    }

    /// Stores the doubt about a source as it is `now`. False if another process has decided on it
    /// meanwhile; then the next round sees what to believe.
    async fn settle(
        &self,
        directory: &Directory,
        belief: Belief,
        mut before: Option<LeavingDoubt>,
        now: Option<&LeavingDoubt>,
    ) -> Result<bool, StoreError> {
        let source = directory.source();
        loop {
            let is_set = before.as_ref() == now
                || self.users.set_doubt(source, before.as_ref(), now).await?;
            if is_set {
                directory.doubt(now);
                return Ok(true);
            }
            before = self.users.doubt(source).await?;
            if belief != Belief::Full {
                directory.doubt(before.as_ref());
                return Ok(false);
            }
            // What an administrator decides counts more than what another round found.
        }
    }
}
