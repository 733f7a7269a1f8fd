//! Asking a source about people.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::Directory;
use crate::auth::{AuthenticationError, Identity, IdentityId, Refusal, SourcePart, Standing};

/// How long a source may take for an answer, whatever its own deadline is.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a source said of one person.
#[derive(Debug)]
pub(super) enum Answer {
    There(Box<Identity>),
    Left(Refusal),
    /// Nothing, and why.
    None(String),
    /// Nothing about this one alone, and why.
    Undecided(String),
}

impl Answer {
    fn new(id: &IdentityId, answer: Result<Standing, AuthenticationError>) -> Answer {
        match answer {
            Ok(Standing::There(identity)) if identity.id == *id => {
                Answer::There(Box::new(identity))
            }
            Ok(Standing::There(_)) => {
                Answer::None("the source answered for somebody else".to_owned())
            }
            Ok(Standing::Left(why)) => Answer::Left(why),
            Err(AuthenticationError::Undecided { reason }) => Answer::Undecided(reason),
            Err(error) => Answer::None(error.in_short()),
        }
    }
}

/// Ends the wait for an answer when the dashboard ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Until(pub(super) Option<watch::Receiver<bool>>);

impl Until {
    /// What comes of `work`; `None` at the end.
    pub(super) async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.ended() => None,
        }
    }

    async fn ended(&self) {
        match self.0.clone() {
            // An error means that the dashboard was dropped.
            Some(mut stopped) => drop(stopped.wait_for(|stop| *stop).await),
            None => std::future::pending().await,
        }
    }
}

impl Directory {
    /// One answer for each of `ids`, at most 100, in their order; notes whether the source answers.
    pub(super) async fn ask(&self, ids: &[IdentityId], until: &Until) -> Vec<Answer> {
        let Some((answers, part)) = self.question(ids, until).await else {
            return none_of(ids, "the server is shutting down");
        };
        let none = |answer: &&Answer| matches!(answer, Answer::None(_));
        match answers.iter().find(none) {
            Some(Answer::None(reason)) if answers.iter().all(|it| none(&it)) => {
                self.failed(part, reason);
            }
            // Whoever is there is so by their groups, too.
            _ if answers.iter().any(|it| matches!(it, Answer::There(_))) => {
                self.answered();
                self.let_in();
            }
            _ => self.works(SourcePart::People),
        }
        answers
    }

    /// The same, until the source has come to everybody: one that is slow may not do so in the time
    /// for one question. Those at whom it fails are asked about once more.
    pub(super) async fn ask_until_said(&self, ids: &[IdentityId], until: &Until) -> Vec<Answer> {
        let mut answers = self.ask(ids, until).await;
        let mut unsaid = ids.len();
        loop {
            let rest = ids.iter().zip(&mut answers);
            let rest: Vec<_> = rest
                .filter(|(_, answer)| matches!(answer, Answer::None(_)))
                .collect();
            if rest.is_empty() || rest.len() >= unsaid {
                return answers;
            }
            unsaid = rest.len();
            let some: Vec<IdentityId> = rest.iter().map(|(id, _)| (*id).clone()).collect();
            let Some((said, _)) = self.question(&some, until).await else {
                return answers;
            };
            for ((_, answer), now) in rest.into_iter().zip(said) {
                *answer = now;
            }
        }
    }

    /// One answer for each, and how far one comes who has none; `None` at the end of the dashboard.
    async fn question(
        &self,
        ids: &[IdentityId],
        until: &Until,
    ) -> Option<(Vec<Answer>, SourcePart)> {
        let asked = timeout(PATIENCE, self.authenticator.recheck(ids));
        let mut part = SourcePart::Connection;
        let answers = match until.or(asked).await? {
            Ok(answers) if answers.len() == ids.len() => {
                let mut failed = answers.iter().filter_map(|answer| answer.as_ref().err());
                part = failed.find_map(AuthenticationError::part).unwrap_or(part);
                let answers = ids.iter().zip(answers);
                answers.map(|(id, it)| Answer::new(id, it)).collect()
            }
            Ok(_) => none_of(ids, "the source did not answer for everybody"),
            Err(_) => none_of(ids, "no answer within 30 s"),
        };
        Some((answers, part))
    }
}

fn none_of(ids: &[IdentityId], reason: &str) -> Vec<Answer> {
    ids.iter()
        .map(|_| Answer::None(reason.to_owned()))
        .collect()
}
