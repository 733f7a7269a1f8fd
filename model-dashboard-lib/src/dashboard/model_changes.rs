//! Changing models.
//!
//! Creating and changing needs `models:write`. Whatever enables or disables a model, or changes,
//! renames or deletes one that is enabled, also needs `models:enable`, and all but enabling and
//! disabling then needs a reason. What counts is the state that is replaced: it is read first, and
//! written over only as long as it still is that.
//!
//! Of the field `registry` people change `owner` and `tags`; the rest is the registry's. In a
//! replacement it is passed over, so that what was read can be written back; a patch that names it
//! is refused. `create_date` is never rewritten; `last_modified_date` follows every change.

use std::time::Duration;

use super::edits::{
    changed_fields, check_new_key, derived_content, is_switch, mended, new_content, patched,
    replaced,
};
use super::fields::message_field;
use super::{Caller, Dashboard, Error, Model, RawModel};
use crate::audit::Action;
use crate::auth::Permission;
use crate::model::{
    BrokenDefinition, JsonObject, ModelDefinition, ModelKey, ModelRef, Selector, Timestamp, Version,
};
use crate::repository::{Change, Precondition, RepositoryError, StoredModel};

/// How often a change of whatever is there is tried. A try fails only because another writer was
/// quicker, so that as many writers at once all have their turn.
const OVERWRITE_TRIES: u32 = 64;

/// When to try such a change again that never had its turn.
const OVERWRITE_RETRY: Duration = Duration::from_secs(1);

/// The state that a change replaces.
struct Before {
    key: ModelKey,
    version: Version,
    model: Result<Model, BrokenDefinition>,
    enabled: bool,
}

impl Before {
    fn new(stored: StoredModel) -> Before {
        let model = Model::read(&stored);
        let enabled = match &model {
            Ok(model) => model.definition.enabled(),
            Err(_) => may_be_enabled(&stored.bytes),
        };
        Before {
            key: stored.key,
            version: stored.version,
            model,
            enabled,
        }
    }

    /// A definition that is too large to be read. For other readers it may be enabled.
    fn unread(raw: RawModel) -> Before {
        let broken = raw.broken.unwrap_or_else(|| {
            let size = raw.bytes.len() as u64;
            BrokenDefinition::too_large(raw.key.clone(), size)
        });
        Before {
            key: raw.key,
            version: raw.version,
            model: Err(broken),
            enabled: true,
        }
    }

    fn readable(&self) -> Result<&Model, Error> {
        self.model.as_ref().map_err(|broken| broken.clone().into())
    }

    /// What a whole new definition makes of it, readable or not.
    fn replaced_by(&self, definition: ModelDefinition) -> Result<Option<After>, Error> {
        let content = match &self.model {
            Ok(model) => replaced(model, definition),
            Err(_) => mended(&self.key, definition),
        };
        Ok(content?.map(After::Content))
    }
}

/// What a change makes of a model.
enum After {
    /// The same key with this content.
    Content(ModelDefinition),
    /// Another key with this content.
    Renamed(ModelKey, ModelDefinition),
    Deleted,
}

/// Whether a definition that cannot be read here may count as enabled for another reader.
fn may_be_enabled(bytes: &[u8]) -> bool {
    let text: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    memchr::memmem::find(&text, br#""enabled":true"#).is_some()
}

/// How much of a reason a change needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Optional,
    IfEnabled,
}

impl Dashboard {
    /// Creates a model. `key` decides name and type; the definition may leave them out, and must
    /// not contradict it. Needs `models:write`, and `models:enable` for one that is enabled.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Invalid`] with the fields, [`Error::Denied`].
    pub async fn create(
        &self,
        caller: &Caller,
        key: ModelKey,
        definition: ModelDefinition,
        message: &str,
    ) -> Result<Model, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::ModelsWrite, target)
            .await?;
        if definition.enabled() {
            self.require(caller, Permission::ModelsEnable, target)
                .await?;
        }
        let message = message_field(message)?;
        check_new_key(&key)?;
        let content = new_content(&key, definition)?;
        self.write_new(caller, key, content, message).await
    }

    async fn write_new(
        &self,
        caller: &Caller,
        key: ModelKey,
        mut content: ModelDefinition,
        message: String,
    ) -> Result<Model, Error> {
        let (this, caller) = (self.clone(), caller.clone());
        self.change_of_model(async move {
            let change = change_of(&caller, message);
            content.set_create_date_once(change.at);
            content.set_last_modified_date(change.at);
            this.inner.prove_store().await?;
            let repository = &this.inner.repository;
            let written = repository
                .put(&key, &content, &Precondition::Absent, &change)
                .await;
            let model = this.written(written)?;
            let enabled = if content.enabled() {
                "enabled"
            } else {
                "disabled"
            };
            this.note(&caller, Action::ModelCreate, &model, &change, enabled)
                .await;
            Ok(model)
        })
        .await
    }

    /// Replaces the whole definition of a model. What the registry keeps is passed over, but
    /// `registry.owner` and `registry.tags` (left out, they stay; null removes them).
    /// A replacement that says what is stored already changes nothing and is answered as done.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`], [`Error::Invalid`] with the fields (`message` for
    /// a missing reason), [`Error::Denied`].
    pub async fn replace(
        &self,
        caller: &Caller,
        key: &ModelKey,
        definition: ModelDefinition,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        self.change_model(
            caller,
            key,
            precondition,
            message,
            Reason::IfEnabled,
            move |before| before.replaced_by(definition.clone()),
        )
        .await
    }

    /// Applies a merge patch (RFC 7396). Fields that it does not name keep their place and text.
    ///
    /// # Errors
    /// As [`Dashboard::replace`], [`Error::Broken`] for one that cannot be read; but a patch of `enabled` alone needs no reason; [`Error::Invalid`] also for fields that are the registry's.
    pub async fn patch(
        &self,
        caller: &Caller,
        key: &ModelKey,
        patch: &JsonObject,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        let reason = match is_switch(patch) {
            true => Reason::Optional,
            false => Reason::IfEnabled,
        };
        let patch = patch.clone();
        self.change_model(caller, key, precondition, message, reason, move |before| {
            Ok(patched(before.readable()?, &patch)?.map(After::Content))
        })
        .await
    }

    /// Enables or disables a model; one that is so already is answered as it is. The reason is
    /// optional. Needs `models:write` and `models:enable`.
    ///
    /// # Errors
    /// As [`Dashboard::replace`].
    pub async fn set_enabled(
        &self,
        caller: &Caller,
        key: &ModelKey,
        enabled: bool,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::ModelsEnable, target)
            .await?;
        self.change_model(
            caller,
            key,
            precondition,
            message,
            Reason::Optional,
            move |before| {
                let mut content = before.readable()?.definition.clone();
                if content.enabled() == enabled {
                    return Ok(None);
                }
                content.set_enabled(enabled);
                Ok(Some(After::Content(content)))
            },
        )
        .await
    }

    /// Gives a model another name or type. It keeps its identity and its history.
    ///
    /// # Errors
    /// As [`Dashboard::replace`]; [`Error::Exists`] when `to` is taken.
    pub async fn rename(
        &self,
        caller: &Caller,
        from: &ModelKey,
        to: &ModelKey,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        let to = to.clone();
        self.change_model(
            caller,
            from,
            precondition,
            message,
            Reason::IfEnabled,
            move |before| {
                if to == before.key {
                    return Err(Error::invalid(
                        "name",
                        "choose another name or network type",
                    ));
                }
                check_new_key(&to)?;
                let mut content = before.readable()?.definition.clone();
                content.set_key(&to);
                Ok(Some(After::Renamed(to.clone(), content)))
            },
        )
        .await
    }

    /// Deletes a model, also a broken one. Its history stays.
    ///
    /// # Errors
    /// As [`Dashboard::replace`].
    pub async fn delete(
        &self,
        caller: &Caller,
        key: &ModelKey,
        precondition: Precondition,
        message: &str,
    ) -> Result<(), Error> {
        self.change_model(
            caller,
            key,
            precondition,
            message,
            Reason::IfEnabled,
            |_| Ok(Some(After::Deleted)),
        )
        .await
        .map(|_| ())
    }

    /// Creates a disabled copy of a model under another key, which notes what it was derived from;
    /// `alias` replaces the alias of the origin.
    ///
    /// # Errors
    /// As [`Dashboard::create`] and [`Dashboard::model`].
    pub async fn derive(
        &self,
        caller: &Caller,
        from: &ModelKey,
        to: &ModelKey,
        alias: Option<&str>,
        message: &str,
    ) -> Result<Model, Error> {
        let origin = self.model(caller, from).await?;
        let target = || format!("model:{to}");
        self.require(caller, Permission::ModelsWrite, target)
            .await?;
        let message = message_field(message)?;
        check_new_key(to)?;
        let revision = origin.revision().and_then(std::num::NonZeroU64::new);
        let reference = ModelRef {
            key: from.clone(),
            selector: revision.map_or(Selector::Current, Selector::Revision),
        };
        let content = derived_content(to, &origin, &reference.to_string(), alias)?;
        self.write_new(caller, to.clone(), content, message).await
    }

    /// Replaces the stored text of a model, readable or not: the way to mend a broken one.
    ///
    /// # Errors
    /// As [`Dashboard::replace`]; [`Error::Invalid`] with line and column for text that cannot be
    /// read.
    pub async fn replace_raw(
        &self,
        caller: &Caller,
        key: &ModelKey,
        bytes: &[u8],
        version: Version,
        message: &str,
    ) -> Result<Model, Error> {
        let definition = ModelDefinition::parse_checked(bytes).map_err(Error::Invalid)?;
        let precondition = Precondition::Version(version);
        self.change_model(
            caller,
            key,
            precondition,
            message,
            Reason::IfEnabled,
            move |before| before.replaced_by(definition.clone()),
        )
        .await
    }

    /// The one way to change a model: reads the state, checks the caller against it and what
    /// `edit` makes of it, and writes on condition that it still is that state.
    async fn change_model(
        &self,
        caller: &Caller,
        key: &ModelKey,
        precondition: Precondition,
        message: &str,
        reason: Reason,
        edit: impl Fn(&Before) -> Result<Option<After>, Error> + Send + Sync + 'static,
    ) -> Result<Model, Error> {
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
        self.change_of_model(async move {
            this.inner.prove_store().await?;
            let mut tries = 0;
            loop {
                tries += 1;
                let tried = this
                    .change_once(&caller, &key, expected, &message, reason, &edit)
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

    async fn change_once(
        &self,
        caller: &Caller,
        key: &ModelKey,
        expected: Option<Version>,
        message: &str,
        reason: Reason,
        edit: &(impl Fn(&Before) -> Result<Option<After>, Error> + Send + Sync),
    ) -> Result<Model, Error> {
        let before = match self.live(key).await {
            Ok(stored) => Before::new(stored),
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
        let Some(after) = edit(&before)? else {
            return Ok(before.readable()?.clone());
        };
        let enables = match &after {
            After::Content(content) | After::Renamed(_, content) => content.enabled(),
            After::Deleted => false,
        };
        if before.enabled || enables {
            let target = || format!("model:{key}");
            self.require(caller, Permission::ModelsEnable, target)
                .await?;
        }
        if reason == Reason::IfEnabled && before.enabled && message.is_empty() {
            let message = "say why: the model is enabled, jobs may be using it";
            return Err(Error::invalid("message", message));
        }
        let change = change_of(caller, message.to_owned());
        let this_state = Precondition::Version(before.version);
        let repository = &self.inner.repository;
        match after {
            After::Content(mut content) => {
                content.set_last_modified_date(change.at);
                let written = repository.put(key, &content, &this_state, &change).await;
                let model = self.written(written)?;
                let action = match (before.enabled, content.enabled()) {
                    (false, true) => Action::ModelEnable,
                    (true, false) => Action::ModelDisable,
                    _ => Action::ModelUpdate,
                };
                let old = before.model.as_ref().ok().map(|model| &model.definition);
                let detail = changed_fields(old, &model.definition);
                self.note(caller, action, &model, &change, &detail).await;
                Ok(model)
            }
            After::Renamed(to, mut content) => {
                content.set_last_modified_date(change.at);
                let written = repository
                    .rename(key, &to, &content, &this_state, &change)
                    .await;
                let written = self.even_if_unfinished(written);
                if let Ok(stored) = &written {
                    self.inner.catalog.apply_rename(key, stored);
                }
                let model = self.written(written)?;
                let detail = format!("was {key}");
                self.note(caller, Action::ModelRename, &model, &change, &detail)
                    .await;
                Ok(model)
            }
            After::Deleted => {
                let written = repository.delete(key, &this_state, &change).await;
                let tombstone = self.written(written)?;
                self.note(caller, Action::ModelDelete, &tombstone, &change, "")
                    .await;
                Ok(tombstone)
            }
        }
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

    async fn note(
        &self,
        caller: &Caller,
        action: Action,
        model: &Model,
        change: &Change,
        detail: &str,
    ) {
        let mut event = caller.event(action, format!("model:{}", model.key));
        event.at = change.at;
        event.revision = model.revision();
        event.reason.clone_from(&change.message);
        if !detail.is_empty() {
            event = event.with_detail(detail);
        }
        self.inner.trail.record(event).await;
    }
}

fn change_of(caller: &Caller, message: String) -> Change {
    Change {
        by: caller.username().to_owned(),
        via: caller.request().via.clone(),
        at: Timestamp::now(),
        message,
    }
}
