//! Asking about everybody of a source who can get in.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;

use super::asking::{Answer, Until};
use super::belief::Said;
use super::{Directory, SourceRecheck};
use crate::auth::{Identity, IdentityId, User};
use crate::dashboard::Inner;
use crate::model::Timestamp;
use crate::store::StoreError;

/// How many people are asked about in one question, and how many questions there are at once.
const IN_ONE: usize = 100;
const AT_ONCE: usize = 4;

/// After how many questions in a row without an answer a round ends. Not after the first: what a
/// source cannot say of a few does not keep it from being asked about the others.
const IN_VAIN: usize = 2;

/// What came of it.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) round: SourceRecheck,
    pub(super) said: Said,
    /// How many were not asked about because of a look just before.
    passed_over: usize,
}

impl Inner {
    /// Asks about everybody of a source who can get in, and notes who is there; but for those of
    /// less than `just_now` ago, if nobody of the others left. What is believed depends on how many
    /// left of all, and those who are left over where another process looks, too, need not be many.
    pub(super) async fn ask_around(
        &self,
        directory: &Directory,
        just_now: Duration,
        until: &Until,
    ) -> Result<Around, StoreError> {
        let around = self.ask_those(directory, just_now, until).await?;
        if around.passed_over == 0 || around.said.left.is_empty() {
            return Ok(around);
        }
        self.ask_those(directory, Duration::ZERO, until).await
    }

    async fn ask_those(
        &self,
        directory: &Directory,
        just_now: Duration,
        until: &Until,
    ) -> Result<Around, StoreError> {
        let mut around = Around {
            round: SourceRecheck::default(),
            said: Said::default(),
            passed_over: 0,
        };
        let (source, begin) = (directory.source(), Timestamp::now());
        let mut after: Option<Arc<str>> = None;
        let mut in_vain = 0;
        loop {
            let page = self
                .users
                .people_with_access(source, begin, begin, after.as_deref())
                .await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.subject.clone());
            let (recent, people): (Vec<User>, Vec<User>) = page
                .into_iter()
                .partition(|user| is_recent(user, begin, just_now));
            around.passed_over += recent.len();
            let questions = evenly(&people).map(|some| directory.ask_about(some, until));
            let questions: Vec<_> = questions.collect();
            let mut questions = stream::iter(questions).buffered(AT_ONCE);
            while let Some(question) = questions.next().await {
                in_vain = match question.is_in_vain() {
                    true => in_vain + 1,
                    false => 0,
                };
                self.note(question, &mut around).await?;
                if in_vain == IN_VAIN {
                    around.round.is_cut_short = true;
                    return Ok(around);
                }
            }
        }
        Ok(around)
    }

    /// Notes who is there.
    async fn note(&self, question: Question<'_>, around: &mut Around) -> Result<(), StoreError> {
        let Question {
            people,
            asked_at,
            answers,
        } = question;
        let Around { round, said, .. } = around;
        round.asked += people.len();
        let (mut before, mut there): (Vec<&User>, Vec<Identity>) = (Vec::new(), Vec::new());
        let mut left = Vec::new();
        for (user, answer) in people.iter().zip(answers) {
            match answer {
                Answer::There(identity) => {
                    before.push(user);
                    there.push(*identity);
                }
                Answer::Left(why) => left.push((user.id.clone(), why)),
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
        let there = there.into_iter().map(|one| one.id.subject).collect();
        said.part(there, left, asked_at);
        Ok(())
    }
}

/// A question about some people, and the answers in their order.
#[derive(Debug)]
struct Question<'a> {
    people: &'a [User],
    asked_at: Timestamp,
    answers: Vec<Answer>,
}

impl Question<'_> {
    /// Whether there was no answer. That nothing can be said of these people is one.
    fn is_in_vain(&self) -> bool {
        let is_none = |answer: &Answer| matches!(answer, Answer::None(_));
        self.answers.iter().all(is_none)
    }
}

impl Directory {
    async fn ask_about<'a>(&self, people: &'a [User], until: &Until) -> Question<'a> {
        let asked_at = Timestamp::now();
        let ids: Vec<IdentityId> = people.iter().map(|user| user.id.clone()).collect();
        Question {
            people,
            asked_at,
            answers: self.ask_until_said(&ids, until).await,
        }
    }
}

/// Whether somebody was looked at less than `just_now` before `begin`.
fn is_recent(user: &User, begin: Timestamp, just_now: Duration) -> bool {
    let is_recent = |at: Timestamp| at > begin.minus(just_now) && at <= begin;
    user.checked_at.is_some_and(is_recent)
}

/// Parts of at most [`IN_ONE`], of which none is much smaller than the others: what all of a few
/// say counts for less.
fn evenly<T>(all: &[T]) -> impl Iterator<Item = &[T]> {
    let parts = all.len().div_ceil(IN_ONE).max(1);
    all.chunks(all.len().div_ceil(parts).max(1))
}
