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

use super::edits::{check_new_key, derived_content, is_switch, new_content, patched};
use super::fields::message_field;
use super::model_states::{After, Before, Looks};
use super::model_writes::{Act, Edit, Reason, change_of};
use super::packages::{Asked, Confirmed};
use super::{Caller, Dashboard, Error, Model};
use crate::audit::Action;
use crate::auth::Permission;
use crate::model::{JsonObject, ModelDefinition, ModelKey, ModelRef, Selector, Version};
use crate::repository::Precondition;

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
        self.create_with(caller, key, definition, message, "", new_content)
            .await
    }

    /// [`Dashboard::create`] with what `content` makes of the definition, after somebody `confirmed` it.
    pub(super) async fn create_with(
        &self,
        caller: &Caller,
        key: ModelKey,
        definition: ModelDefinition,
        message: &str,
        confirmed: &str,
        content: impl FnOnce(&ModelKey, ModelDefinition) -> Result<ModelDefinition, Error> + Send,
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
        let content = content(&key, definition)?;
        self.write_new(caller, key, content, message, confirmed)
            .await
    }

    async fn write_new(
        &self,
        caller: &Caller,
        key: ModelKey,
        content: ModelDefinition,
        message: String,
        confirmed: &str,
    ) -> Result<Model, Error> {
        let enabled = if content.enabled() {
            "enabled"
        } else {
            "disabled"
        };
        let act = Act::new(Action::ModelCreate, &key, enabled).confirmed(confirmed);
        self.write_absent(caller, key, content, message, act).await
    }

    /// Writes a model where there is none, and notes the act.
    pub(super) async fn write_absent(
        &self,
        caller: &Caller,
        key: ModelKey,
        mut content: ModelDefinition,
        message: String,
        act: Act,
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
            this.done(&caller, written, &act, &change).await
        })
        .await
    }

    /// Replaces the whole definition of a model. What the registry keeps is passed over, but
    /// `registry.owner` and `registry.tags` (left out, they stay; null removes them).
    /// A replacement that says what is stored already changes nothing and is answered as done.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`], [`Error::Invalid`] with the fields (`message` for
    /// a missing reason), [`Error::Denied`]; where jobs may use a package from then on that they do not use yet,
    /// [`Error::PurgedPackage`], [`Error::Untrusted`], and [`Error::Incomplete`], which
    /// [`Dashboard::enable_incomplete`] gets past.
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
    /// As [`Dashboard::replace`]. What is lacking in a package is told to those who may read packages.
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
        let reason = Reason::Optional;
        self.change_model(caller, key, precondition, message, reason, move |before| {
            switched(before, enabled)
        })
        .await
    }

    /// Enables a model although jobs may not run it correctly with its package, which
    /// [`Dashboard::set_enabled`] refuses. The audit log says what is lacking. Needs what that needs.
    ///
    /// # Errors
    /// As [`Dashboard::replace`] but [`Error::Incomplete`].
    pub async fn enable_incomplete(
        &self,
        caller: &Caller,
        key: &ModelKey,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::ModelsEnable, target)
            .await?;
        let edit = Edit {
            reason: Reason::Optional,
            looks: Looks::Nowhere,
            confirmed: Confirmed::default().incomplete(),
            apply: |before: &Before| switched(before, true),
        };
        self.edit_model(caller, key, precondition, message, edit)
            .await
    }

    /// Enables a model whatever its package, of which [`Dashboard::set_enabled`] refuses those that are not
    /// trusted, or with which jobs may not run it correctly. The audit log says so. Needs `system:admin`,
    /// besides what that needs, and a reason.
    ///
    /// # Errors
    /// As [`Dashboard::replace`].
    pub async fn enable_despite_package(
        &self,
        caller: &Caller,
        key: &ModelKey,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        let target = || format!("model:{key}");
        for permission in [Permission::SystemAdmin, Permission::ModelsEnable] {
            self.require(caller, permission, target).await?;
        }
        let reason = Reason::DespitePackage;
        self.change_model(caller, key, precondition, message, reason, |before| {
            switched(before, true)
        })
        .await
    }

    /// Gives a model another name or type. It keeps its identity and its history. Reads what was found in its
    /// package. `as_typed` says that the key is meant whatever that says; the audit log tells what.
    ///
    /// # Errors
    /// As [`Dashboard::replace`]; [`Error::Exists`] when `to` is taken; [`Error::Mismatched`] where its package says
    /// that it is for another model than `to`, and did not say so before, unless that is meant.
    pub async fn rename(
        &self,
        caller: &Caller,
        from: &ModelKey,
        to: &ModelKey,
        as_typed: bool,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        let to = to.clone();
        let apply = move |before: &Before| {
            if to == before.key {
                let message = "choose another name or network type";
                return Err(Error::invalid("name", message));
            }
            check_new_key(&to)?;
            let mut content = before.readable()?.definition.clone();
            content.set_key(&to);
            let asked = Asked::of_rename(&before.key, &to, &before.packages, as_typed);
            Ok(Some(After::Renamed(to.clone(), content, asked)))
        };
        let edit = Edit {
            reason: Reason::IfEnabled,
            looks: Looks::AtPresent,
            confirmed: Confirmed::default(),
            apply,
        };
        self.edit_model(caller, from, precondition, message, edit)
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
        self.write_new(caller, to.clone(), content, message, "")
            .await
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
}

/// A model enabled or disabled; `None` for one that is so already.
fn switched(before: &Before, enabled: bool) -> Result<Option<After>, Error> {
    let mut content = before.readable()?.definition.clone();
    if content.enabled() == enabled {
        return Ok(None);
    }
    content.set_enabled(enabled);
    Ok(Some(After::Content(content)))
}
