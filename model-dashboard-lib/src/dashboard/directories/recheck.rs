//! Looking at people again because an administrator says so.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::asking::{Answer, Until};
use super::belief::{Belief, Left};
use super::noted::{lost, why};
use super::{Directory, SourceDoubt};
use crate::audit::Action;
use crate::auth::{IdentityId, Permission, Source, User};
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::Timestamp;

/// What came of a look at one person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rechecked {
    /// The account now.
    pub user: User,
    /// What came of it.
    pub outcome: RecheckOutcome,
}

/// What a source said of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecheckOutcome {
    /// They may sign in, as before.
    StillThere,
    /// They may sign in, and something changed, in words.
    Changed(String),
    /// They may not sign in any more: the account is deactivated and has lost everything.
    Left {
        /// Why, in a few words.
        why: String,
        /// Whether they might before.
        is_new: bool,
        /// How many sessions ended.
        sessions: u64,
        /// How many tokens were revoked.
        tokens: u64,
    },
    /// The source says that they left, and why; but what it says of people who left is
    /// [not believed](SourceDoubt). Nothing was changed.
    Doubted(String),
    /// The source did not answer; nothing was changed. Why, for administrators.
    NoAnswer(String),
}

/// What came of a look at everybody of a source who can get in. Serialises as front ends tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SourceRecheck {
    /// How many people were asked about.
    pub asked: usize,
    /// Who may sign in.
    pub still_there: usize,
    /// Of those, of whom something changed.
    pub changed: usize,
    /// Who may not sign in any more: their accounts are deactivated and have lost everything.
    pub left: usize,
    /// Of how many it is said that they left, now or before, but not believed: they were too many at
    /// once, or all there are before the source let anybody in.
    pub doubted: usize,
    /// Of whom the source did not say anything.
    pub unanswered: usize,
    /// Why, of the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the source stopped answering before everybody was asked about.
    #[serde(skip)]
    pub is_cut_short: bool,
}

impl Dashboard {
    /// Looks at somebody again now. That they left is believed, unless the source is doubted (see
    /// [`recheck_source`](Self::recheck_source)). Needs `users:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`]; [`Error::Invalid`] for accounts whose source cannot
    /// be asked.
    pub async fn recheck_user(&self, caller: &Caller, id: &IdentityId) -> Result<Rechecked, Error> {
        let target = || format!("user:{id}");
        self.require(caller, Permission::UsersAdmin, target).await?;
        let before = self.existing_user(id).await?;
        self.askable(&id.source)?;
        if before.is_provisional {
            let message = "the earlier system knew this account by its name alone; the directory \
                           can be asked about it after its first sign-in here";
            return Err(Error::invalid("source", message));
        }
        let (this, caller) = (self.clone(), caller.clone());
        self.change(async move {
            let done = this.look_at_one(&before).await?;
            let event = caller.event(Action::UserRecheck, format!("user:{}", done.user.id));
            let event = event.with_detail(done.to_string());
            this.inner.trail.record(event).await;
            Ok(done)
        })
        .await
    }

    async fn look_at_one(&self, before: &User) -> Result<Rechecked, Error> {
        let (inner, id) = (&self.inner, &before.id);
        let directory = self.askable(&id.source)?;
        let asked_at = Timestamp::now();
        let ids = std::slice::from_ref(id);
        let answer = directory.ask(ids, &Until::default()).await.pop();
        let (user, outcome) = match answer {
            Some(Answer::There(identity)) => {
                let seen = inner.still_there(&[before], &[*identity], asked_at).await?;
                match seen.into_iter().next() {
                    // A look that began later said so.
                    Some((user, _)) if user.left_at.is_some() => {
                        let outcome = RecheckOutcome::Left {
                            why: user.left_reason.clone().unwrap_or_default(),
                            is_new: false,
                            sessions: 0,
                            tokens: 0,
                        };
                        (user, outcome)
                    }
                    Some((user, same)) if same.is_empty() => (user, RecheckOutcome::StillThere),
                    Some((user, changes)) => (user, RecheckOutcome::Changed(changes)),
                    None => return Err(Error::not_found(format!("account {id}"))),
                }
            }
            Some(Answer::Left(refusal))
                if before.left_at.is_none() && inner.users.doubt(&id.source).await?.is_some() =>
            {
                (before.clone(), RecheckOutcome::Doubted(why(&refusal)))
            }
            Some(Answer::Left(refusal)) => {
                let left = Left {
                    id: id.clone(),
                    why: refusal,
                    asked_at,
                };
                match inner.has_left(&left).await? {
                    Some(done) => {
                        let outcome = RecheckOutcome::Left {
                            why: why(&left.why),
                            is_new: done.is_new,
                            sessions: done.sessions,
                            tokens: done.tokens,
                        };
                        (done.user, outcome)
                    }
                    // They signed in meanwhile.
                    None => (self.existing_user(id).await?, RecheckOutcome::StillThere),
                }
            }
            Some(Answer::None(reason) | Answer::Undecided(reason)) => {
                (before.clone(), RecheckOutcome::NoAnswer(reason))
            }
            None => {
                let reason = "the source did not answer".to_owned();
                (before.clone(), RecheckOutcome::NoAnswer(reason))
            }
        };
        Ok(Rechecked { user, outcome })
    }

    /// Looks at everybody of a source who can get in. If it says of too many at once that they left,
    /// or did so before and that is doubted still, nothing is taken from anybody unless `believe` is
    /// set, which ends the doubt. Needs `users:admin`.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::NotFound`]; [`Error::Invalid`] for a source that cannot be asked.
    pub async fn recheck_source(
        &self,
        caller: &Caller,
        source: &Source,
        believe: bool,
    ) -> Result<SourceRecheck, Error> {
        let belief = match believe {
            true => Belief::Full,
            false => Belief::Doubting,
        };
        self.look_at_all(caller, source, belief).await
    }

    /// The same, and believes what `seen` tells is doubted. If that is another doubt by now, or the
    /// source says of more people that they left, nothing is taken from anybody: who decides is to see
    /// it first.
    ///
    /// # Errors
    /// As [`recheck_source`](Self::recheck_source).
    pub async fn believe_doubted(
        &self,
        caller: &Caller,
        source: &Source,
        seen: SourceDoubt,
    ) -> Result<SourceRecheck, Error> {
        let belief = Belief::Seen(seen);
        self.look_at_all(caller, source, belief).await
    }

    async fn look_at_all(
        &self,
        caller: &Caller,
        source: &Source,
        belief: Belief,
    ) -> Result<SourceRecheck, Error> {
        let target = || format!("source:{source}");
        self.require(caller, Permission::UsersAdmin, target).await?;
        self.askable(source)?;
        let (this, caller, source) = (self.clone(), caller.clone(), source.clone());
        self.change(async move {
            let directory = this.askable(&source)?;
            let done = this
                .inner
                .round(directory, Duration::ZERO, belief, &Until::default())
                .await?;
            let event = caller.event(Action::UserRecheck, format!("source:{source}"));
            let detail = match belief {
                Belief::Seen(_) | Belief::Full => format!("believing what it says: {done}"),
                Belief::Waiting | Belief::Doubting => done.to_string(),
            };
            this.inner.trail.record(event.with_detail(detail)).await;
            Ok(done)
        })
        .await
    }

    /// The directory `source`, if it can be asked about people.
    fn askable(&self, source: &Source) -> Result<&Directory, Error> {
        if source.is_own() {
            let message = "accounts that were made here are in no directory";
            return Err(Error::invalid("source", message));
        }
        match self.inner.directories.of(source) {
            Some(directory) if directory.can_recheck() => Ok(directory),
            Some(_) => Err(Error::invalid(
                "source",
                format!(
                    "{source} cannot be asked about people without their passwords; that takes a \
                     service account in its settings"
                ),
            )),
            None => Err(Error::not_found(format!("directory {source}"))),
        }
    }
}

impl RecheckOutcome {
    /// Its name, for programs: `still_there`, `changed`, `left`, `doubted`, `no_answer`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            RecheckOutcome::StillThere => "still_there",
            RecheckOutcome::Changed(_) => "changed",
            RecheckOutcome::Left { .. } => "left",
            RecheckOutcome::Doubted(_) => "doubted",
            RecheckOutcome::NoAnswer(_) => "no_answer",
        }
    }

    /// What changed, why they may not sign in any more, or why there was no answer.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            RecheckOutcome::Changed(what)
            | RecheckOutcome::Doubted(what)
            | RecheckOutcome::NoAnswer(what)
            | RecheckOutcome::Left { why: what, .. } => Some(what),
            _ => None,
        }
    }

    /// How many sessions ended, and how many tokens were revoked.
    #[must_use]
    pub fn lost(&self) -> (u64, u64) {
        match *self {
            RecheckOutcome::Left {
                sessions, tokens, ..
            } => (sessions, tokens),
            _ => (0, 0),
        }
    }
}

/// Of whom what is said, and whether their account is disabled here all the same.
impl fmt::Display for Rechecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rechecked { user, outcome } = self;
        write!(f, "{} {outcome}", user.username)?;
        match user.is_active || user.left_at.is_some() {
            true => Ok(()),
            false => f.write_str("; the account was disabled here, so a sign-in is refused"),
        }
    }
}

/// In a few words, for after the name of the person.
impl fmt::Display for RecheckOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecheckOutcome::StillThere => f.write_str("is still there, and nothing changed"),
            RecheckOutcome::Changed(changes) => write!(f, "is still there: {changes}"),
            RecheckOutcome::Left {
                why, is_new: false, ..
            } => write!(f, "may not sign in, as before: {why}"),
            RecheckOutcome::Left {
                why,
                sessions,
                tokens,
                ..
            } => {
                let lost = lost(*sessions, *tokens);
                write!(f, "left and is deactivated: {why}; {lost}")
            }
            RecheckOutcome::Doubted(why) => write!(
                f,
                "is said to have left ({why}), which is not believed while the directory is doubted; \
                 nothing was taken from them"
            ),
            RecheckOutcome::NoAnswer(reason) => write!(f, "was asked about in vain: {reason}"),
        }
    }
}

/// In a few words, with the numbers that are not zero.
impl fmt::Display for SourceRecheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} asked about, {} still there",
            self.asked, self.still_there
        )?;
        for (count, what) in [
            (self.changed, "of them changed"),
            (self.left, "left"),
            (self.doubted, "said to have left, which is not believed"),
            (self.unanswered, "without an answer"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        Ok(())
    }
}
