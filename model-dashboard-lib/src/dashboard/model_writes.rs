//! How models are changed: reading the state, checking it, writing on condition that it still is
//! that state, and noting what was done.

use std::sync::Arc;
use std::time::Duration;

use super::edits::changed_fields;
use super::fields::message_field;
use super::history::beside;
use super::model_states::{After, Before, Looks};
use super::noticed::changed_outside;
use super::packages::Confirmed;
use super::packages::trust::as_told_to;
use super::{Caller, Dashboard, Error, Model};
use crate::audit::{Action, NewEvent};
use crate::auth::Permission;
use crate::catalog::OutsideChange;
use crate::model::{ModelDefinition, ModelKey, Timestamp, Version};
use crate::repository::{Change, Precondition, RepositoryError, StoredModel};

/// How often a change of whatever is there is tried. A try fails only because another writer was
/// quicker, so that as many writers at once all have their turn.
const OVERWRITE_TRIES: u32 = 64;

/// When to try such a change again that never had its turn.
const OVERWRITE_RETRY: Duration = Duration::from_secs(1);

/// What is said of a change whose answer failed.
const UNKNOWN: &str = "outcome not known: the model store failed";

/// What is said of a model that an administrator enabled whatever its package.
const DESPITE_PACKAGE: &str = "enabled whatever its package";

/// What a change does, for the audit log.
pub(super) struct Act {
    action: Action,
    key: ModelKey,
    detail: Detail,
    /// What somebody confirmed before; may be empty.
    confirmed: String,
    /// What was changed outside and is replaced before anybody else noticed.
    over: Option<OutsideChange>,
}

/// What is said beside it.
enum Detail {
    Said(String),
    /// What changed, if the former definition could be read.
    ChangedFrom(Option<ModelDefinition>),
}

impl Act {
    pub(super) fn new(action: Action, key: &ModelKey, detail: impl Into<String>) -> Act {
        Act {
            action,
            key: key.clone(),
            detail: Detail::Said(detail.into()),
            confirmed: String::new(),
            over: None,
        }
    }

    /// Says what somebody confirmed before.
    pub(super) fn confirmed(self, confirmed: impl Into<String>) -> Act {
        Act {
            confirmed: confirmed.into(),
            ..self
        }
    }
}

/// A change of a model: what it needs, looks at, and makes of the state before.
pub(super) struct Edit<F> {
    pub(super) reason: Reason,
    pub(super) looks: Looks,
    /// What somebody confirms of what it may break.
    pub(super) confirmed: Confirmed,
    pub(super) apply: F,
}

/// How much of a reason a change needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Optional,
    IfEnabled,
    /// An administrator enables a model whatever its package.
    DespitePackage,
}

impl Dashboard {
    /// The one way to change a model: reads the state, checks the caller against it and what
    /// `edit` makes of it, and writes on condition that it still is that state.
    pub(super) async fn change_model(
        &self,
        caller: &Caller,
        key: &ModelKey,
        precondition: Precondition,
        message: &str,
        reason: Reason,
        edit: impl Fn(&Before) -> Result<Option<After>, Error> + Send + Sync + 'static,
    ) -> Result<Model, Error> {
        let edit = Edit {
            reason,
            looks: Looks::Nowhere,
            confirmed: Confirmed::default(),
            apply: edit,
        };
        self.edit_model(caller, key, precondition, message, edit)
            .await
    }

    /// The same by what it looks at.
    pub(super) async fn edit_model<F>(
        &self,
        caller: &Caller,
        key: &ModelKey,
        precondition: Precondition,
        message: &str,
        edit: Edit<F>,
    ) -> Result<Model, Error>
    where
        F: Fn(&Before) -> Result<Option<After>, Error> + Send + Sync + 'static,
    {
        let target = || format!("model:{key}");
        self.require(caller, Permission::ModelsWrite, target)
            .await?;
        let message = message_field(message)?;
        let expected = match precondition {
            Precondition::Version(version) => Some(version),
            Precondition::Exists => None,
            Precondition::Absent => return Err(Error::PreconditionRequired),
        };
        let (this, caller, key) = (self.clone(), caller.clone(), key.clone());
        let edit = Arc::new(edit);
        self.change_of_model(async move {
            this.inner.prove_store().await?;
            let mut tries = 0;
            loop {
                tries += 1;
                let tried = this
                    .change_once(&caller, &key, expected, &message, &edit)
                    .await;
                match tried {
                    Err(Error::Conflict { .. }) if expected.is_none() => {
                        // What it asks for, that there is a model, holds all the time.
                        if tries == OVERWRITE_TRIES {
                            let retry_after = OVERWRITE_RETRY;
                            return Err(Error::Busy { retry_after });
                        }
                    }
                    result => return result,
                }
            }
        })
        .await
    }

    async fn change_once<F>(
        &self,
        caller: &Caller,
        key: &ModelKey,
        expected: Option<Version>,
        message: &str,
        edit: &Arc<Edit<F>>,
    ) -> Result<Model, Error>
    where
        F: Fn(&Before) -> Result<Option<After>, Error> + Send + Sync + 'static,
    {
        let mut before = match self.live(key).await {
            Ok(stored) => Before {
                over: self.inner.catalog.outside(&stored),
                ..Before::new(stored)
            },
            // What other readers make of it is not known.
            Err(error @ Error::Broken { .. }) => Before::unread(self.unread(key, error)?),
            Err(error) => return Err(error),
        };
        if expected.is_some_and(|version| version != before.version) {
            return Err(Error::Conflict {
                key: key.clone(),
                current: before.model.ok().map(Box::new),
            });
        }
        self.look(caller, &mut before, &edit.looks).await?;
        let (reason, meant) = (edit.reason, edit.confirmed);
        // Large definitions and packages take a while.
        let edit = Arc::clone(edit);
        let (before, edited) = beside(move || {
            let edited = (edit.apply)(&before);
            let before = before.without_packages();
            (before, edited)
        })
        .await?;
        let Some(mut after) = edited? else {
            return Ok(before.readable()?.clone());
        };
        let enables = after.content().is_some_and(ModelDefinition::enabled);
        if before.enabled || enables {
            let target = || format!("model:{key}");
            self.require(caller, Permission::ModelsEnable, target)
                .await?;
        }
        let despite = reason == Reason::DespitePackage;
        if despite {
            let target = || format!("model:{key}");
            self.require(caller, Permission::SystemAdmin, target)
                .await?;
            if message.is_empty() {
                return Err(Error::invalid("message", "say why its package is trusted"));
            }
        }
        let mut asked = after.asked();
        if let Some(content) = after.content().filter(|_| enables) {
            let lacking = self
                .lets_jobs_use(caller, &before, content, despite)
                .await?;
            asked.may_break.lacking.extend(lacking);
        }
        if reason == Reason::IfEnabled && before.enabled && message.is_empty() {
            let message = "say why: the model is enabled, jobs may be using it";
            return Err(Error::invalid("message", message));
        }
        let confirmed = match despite {
            // Whatever its package: nothing is asked of that.
            true => asked.although(),
            false => asked
                .answered(meant, key, before.is_in_use())
                .map_err(|error| as_told_to(caller, error))?,
        };
        let message = match &after {
            After::Restored(_, number, _) => restored_from(*number, message),
            _ => message.to_owned(),
        };
        let change = change_of(caller, message);
        let this_state = Precondition::Version(before.version);
        let repository = &self.inner.repository;
        match after {
            After::Content(mut content) | After::Given(mut content, _) => {
                content.set_last_modified_date(change.at);
                let action = match (before.enabled, content.enabled()) {
                    (false, true) => Action::ModelEnable,
                    (true, false) => Action::ModelDisable,
                    _ => Action::ModelUpdate,
                };
                let old = before.model.ok().map(|model| model.definition);
                let act = Act {
                    detail: match despite {
                        true => Detail::Said(DESPITE_PACKAGE.to_owned()),
                        false => Detail::ChangedFrom(old),
                    },
                    confirmed,
                    over: before.over,
                    ..Act::new(action, key, "")
                };
                let written = repository.put(key, &content, &this_state, &change).await;
                self.done(caller, written, &act, &change).await
            }
            After::Restored(mut content, number, _) => {
                content.set_last_modified_date(change.at);
                let written = repository.put(key, &content, &this_state, &change).await;
                let act = Act {
                    confirmed,
                    over: before.over,
                    ..Act::new(Action::ModelRestore, key, format!("revision {number}"))
                };
                self.done(caller, written, &act, &change).await
            }
            After::Renamed(to, mut content, _) => {
                content.set_last_modified_date(change.at);
                let written = repository
                    .rename(key, &to, &content, &this_state, &change)
                    .await;
                let written = self.even_if_unfinished(written);
                if let Ok(stored) = &written {
                    self.inner.catalog.apply_rename(key, stored);
                }
                let act = Act {
                    confirmed,
                    over: before.over,
                    ..Act::new(Action::ModelRename, &to, format!("was {key}"))
                };
                let done = self.done(caller, written, &act, &change).await;
                if let Err(Error::Unavailable { .. } | Error::Repository(_)) = &done {
                    self.look_again(key).await;
                }
                done
            }
            After::Deleted => {
                let written = repository.delete(key, &this_state, &change).await;
                let act = Act {
                    over: before.over,
                    ..Act::new(Action::ModelDelete, key, "")
                };
                self.done(caller, written, &act, &change).await
            }
        }
    }

    /// Shows and notes what became of a write. One whose answer failed may be done all the same, so
    /// it is noted, too.
    pub(super) async fn done(
        &self,
        caller: &Caller,
        written: Result<StoredModel, RepositoryError>,
        act: &Act,
        change: &Change,
    ) -> Result<Model, Error> {
        // What others did came before.
        self.inner.note_noticed().await;
        if let Err(RepositoryError::Unavailable { .. } | RepositoryError::Internal(_)) = &written {
            let said = match &act.detail {
                Detail::Said(said) => said,
                Detail::ChangedFrom(_) => "",
            };
            if let Some(over) = &act.over {
                self.inner.trail.record(changed_outside(over)).await;
            }
            let event = event(caller, act, change);
            let event = event.with_detail(said).with_detail(&act.confirmed);
            let event = event.with_detail(UNKNOWN);
            self.inner.trail.record(event).await;
            self.look_again(&act.key).await;
        }
        let written = self.written(written);
        if let Ok(model) = &written {
            if let Some(over) = &act.over {
                self.inner.trail.record(changed_outside(over)).await;
            }
            self.note(caller, act, model, change).await;
        }
        written
    }

    /// Shows what lies at a key now, and has what is missing of its history made up for.
    async fn look_again(&self, key: &ModelKey) {
        if let Ok(stored) = self.inner.catalog.ask_one(key).await {
            self.inner.catalog.apply(&stored);
        }
        self.inner.catalog.complete_later(key);
    }

    /// Takes what was written into the catalogue at once; after a lost race, what is there instead.
    fn written(&self, written: Result<StoredModel, RepositoryError>) -> Result<Model, Error> {
        let written = self.even_if_unfinished(written);
        match &written {
            Ok(stored) => self.inner.catalog.apply(stored),
            Err(RepositoryError::Conflict {
                current: Some(current),
                ..
            }) => self.inner.catalog.apply(current),
            Err(_) => {}
        }
        Ok(Model::read(&written?)?)
    }

    /// What was stored is answered, noted and shown, though its history is completed later.
    fn even_if_unfinished(
        &self,
        written: Result<StoredModel, RepositoryError>,
    ) -> Result<StoredModel, RepositoryError> {
        match written {
            Err(RepositoryError::Unfinished { stored, source }) => {
                let error: &dyn std::error::Error = &source;
                tracing::warn!(
                    model.key = %stored.key,
                    error,
                    "a change is stored, but not in the history yet"
                );
                self.inner.catalog.complete_later(&stored.key);
                Ok(*stored)
            }
            other => other,
        }
    }

    async fn note(&self, caller: &Caller, act: &Act, model: &Model, change: &Change) {
        let said = match &act.detail {
            Detail::Said(said) => said.clone(),
            Detail::ChangedFrom(old) => changed_fields(old.as_ref(), &model.definition),
        };
        let event = NewEvent {
            revision: model.revision(),
            ..event(caller, act, change)
        };
        let event = event.with_detail(said).with_detail(&act.confirmed);
        self.inner.trail.record(event).await;
    }
}

fn event(caller: &Caller, act: &Act, change: &Change) -> NewEvent {
    NewEvent {
        at: change.at,
        reason: change.message.clone(),
        ..caller.event(act.action.clone(), format!("model:{}", act.key))
    }
}

/// The reason of a restore as the history shows it: what was restored, and what the person says.
pub(super) fn restored_from(number: u64, message: &str) -> String {
    match message {
        "" => format!("restored from revision {number}"),
        why => format!("restored from revision {number}: {why}"),
    }
}

pub(super) fn change_of(caller: &Caller, message: String) -> Change {
    Change {
        by: caller.username().to_owned(),
        source: caller.directory().map(str::to_owned),
        via: caller.request().via.clone(),
        at: Timestamp::now(),
        message,
    }
}
