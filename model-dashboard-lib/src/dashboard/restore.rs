//! Making an earlier revision the present state again.
//!
//! Whether a model may run is decided apart: a restored model stays enabled or disabled as it is,
//! and one that is brought back is disabled.

use super::edits::{changed, keep_field, set_null, set_registry, set_tags};
use super::fields::message_field;
use super::history::beside;
use super::lost_race::changes;
use super::model_states::{After, Before, Looks};
use super::model_writes::{Act, Edit, Reason, restored_from};
use super::packages::{Asked, Confirmed, MayBreak};
use super::revision::{ModelRevision, Origin, RevisionContent};
use super::{Caller, Dashboard, Error, Model};
use crate::audit::Action;
use crate::auth::Permission;
use crate::model::{Comparison, JsonObject, ModelDefinition, ModelKey, RegistryInfo};
use crate::repository::{Archived, Precondition, RepositoryError};

/// How many revisions are looked at in one go for one that can be brought back: nearly always it is
/// the one before the deletion.
const LOOKED_AT: usize = 8;

impl Dashboard {
    /// Makes what a revision held the present state of a live model, as a new revision under the
    /// present name: owner, tags and package too. It stays enabled or disabled as it is. The new
    /// revision's reason begins with which one was restored. A revision
    /// that holds what the model holds already changes nothing and is answered as done. What it may break
    /// for those who use the model ([`Dashboard::restoring_may_break`]) has to be confirmed.
    ///
    /// Needs `models:write`, and `packages:read` where it gets another package back: what is in both may have to
    /// be confirmed; for an enabled model `models:enable` and a reason.
    ///
    /// # Errors
    /// As [`Dashboard::replace`]; [`Error::Invalid`] (`revision`) for a revision that is a
    /// deletion, cannot be read, or was changed in the history; [`Error::Breaking`] where labels or images
    /// stand for something else then, and for an enabled model [`Error::Incomplete`] where jobs may not run it
    /// correctly then, unless that is `confirmed`.
    pub async fn restore(
        &self,
        caller: &Caller,
        key: &ModelKey,
        number: u64,
        confirmed: Confirmed,
        precondition: Precondition,
        message: &str,
    ) -> Result<Model, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::ModelsWrite, target)
            .await?;
        let id = self.historic(caller, key).await?.id;
        let revision = self.revision_of(&id, key, number).await?;
        let held = usable(&revision)?;
        let looks = Looks::AtBoth(held.clone());
        let apply = move |before: &Before| {
            let Ok(present) = before.readable() else {
                // Disabled: whoever enables it is asked.
                let content = brought_back(&before.key, &held)?;
                return Ok(Some(After::Restored(content, number, Asked::default())));
            };
            let content = restored(present, &held)?;
            Ok(content.map(|content| {
                let may_break = MayBreak::of_restore(present, &content, &before.packages);
                After::Restored(content, number, may_break.into())
            }))
        };
        let edit = Edit {
            reason: Reason::IfEnabled,
            looks,
            confirmed,
            apply,
        };
        self.edit_model(caller, key, precondition, message, edit)
            .await
    }

    /// Brings a deleted model back, disabled, with what the revision `number` held; `None` takes
    /// the last one before it was deleted. It keeps its identity, and its history goes on.
    ///
    /// Needs `models:write` and `system:admin`.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing was deleted; [`Error::Exists`]; [`Error::Invalid`] as
    /// [`Dashboard::restore`]; [`Error::Denied`].
    pub async fn bring_back(
        &self,
        caller: &Caller,
        key: &ModelKey,
        number: Option<u64>,
        message: &str,
    ) -> Result<Model, Error> {
        let target = || format!("model:{key}");
        for permission in [Permission::ModelsWrite, Permission::SystemAdmin] {
            self.require(caller, permission, target).await?;
        }
        let message = message_field(message)?;
        let picture = self.picture(caller).await?;
        if picture.get(key).is_some() {
            return Err(Error::Exists {
                what: format!("model {key}"),
            });
        }
        let revision = match number {
            Some(number) => {
                let id = self.historic(caller, key).await?.id;
                self.revision_of(&id, key, number).await?
            }
            None => self.last_held(caller, key).await?,
        };
        let content = brought_back(key, &usable(&revision)?)?;
        let said = format!("revision {}", revision.number);
        let act = Act::new(Action::ModelRestore, key, said);
        let message = restored_from(revision.number, &message);
        self.write_absent(caller, key.clone(), content, message, act)
            .await
    }

    /// The last revision that holds a definition.
    async fn last_held(&self, caller: &Caller, key: &ModelKey) -> Result<ModelRevision, Error> {
        let id = self.historic(caller, key).await?.id;
        let mut before: Option<u64> = None;
        loop {
            // And the one after these, which notes what the first of them was.
            let after = before.map(|before| before.saturating_add(1));
            let page = self.page_before(&id, after, LOOKED_AT + 1).await?;
            let last = page.last().map(|last| last.number);
            let ended = last.is_none() || last == before;
            if let Some(revision) = beside(move || last_usable(page, before)).await?? {
                return Ok(revision);
            }
            before = last;
            if ended {
                let message = "no revision of this model can be read, so none can be brought back; \
                               make the model anew, from what its history holds";
                return Err(Error::invalid("revision", message));
            }
        }
    }
}

impl Model {
    /// What [`Dashboard::restore`] would change by restoring a revision of this model. Large definitions
    /// take a while.
    ///
    /// # Errors
    /// [`Error::Invalid`] (`revision`) as there.
    pub fn changes_by_restoring(&self, revision: &ModelRevision) -> Result<Comparison, Error> {
        Ok(changes(self, self.restored(revision)?))
    }

    /// What restoring a revision makes of it; `None` if it says the same.
    pub(super) fn restored(
        &self,
        revision: &ModelRevision,
    ) -> Result<Option<ModelDefinition>, Error> {
        restored(self, &usable(revision)?)
    }
}

/// The first of these below a number that holds a definition. One that the store does not give may
/// hold what is wanted.
fn last_usable(
    page: Vec<Archived>,
    before: Option<u64>,
) -> Result<Option<ModelRevision>, RepositoryError> {
    let read = ModelRevision::read_page(&page);
    let both = page.into_iter().zip(read);
    let is_asked = |number: u64| before.is_none_or(|before| number < before);
    for (archived, revision) in both.filter(|(archived, _)| is_asked(archived.number)) {
        if let Err(error @ RepositoryError::Unavailable { .. }) = archived.revision {
            return Err(error);
        }
        if revision.origin != Origin::Falsified && revision.definition().is_some() {
            return Ok(Some(revision));
        }
    }
    Ok(None)
}

/// The definition of a revision that may be used again.
fn usable(revision: &ModelRevision) -> Result<ModelDefinition, Error> {
    let number = revision.number;
    let refused = |why: &str| Error::invalid("revision", format!("revision {number} {why}"));
    if revision.origin == Origin::Falsified {
        return Err(refused(
            "was changed in the history by hand: it is not what was once stored. Choose another",
        ));
    }
    match &revision.content {
        RevisionContent::Definition(definition) => Ok(definition.as_ref().clone()),
        RevisionContent::Deleted => Err(refused("is the deletion; choose an earlier one")),
        RevisionContent::Unreadable(why) => Err(refused(&format!("cannot be read: {why}"))),
    }
}

/// What an earlier revision makes of a model, which stays enabled or disabled as it is; `None` if
/// it says the same. Faults that it had then do not hinder it.
fn restored(before: &Model, held: &ModelDefinition) -> Result<Option<ModelDefinition>, Error> {
    let enabled = before.definition.enabled();
    let (mut content, registry) = held_content(&before.key, held, enabled);
    keep_field(&mut content, &before.definition, "create_date")?;
    let kept = |definition: &ModelDefinition| {
        let info = definition.registry();
        let info = info.map(|info| (info.package, info.derived_from));
        // What another program wrote names none.
        info.unwrap_or_default()
    };
    if kept(&before.definition) != kept(held) {
        set_registry(&mut content, &registry)?;
        return Ok(Some(content));
    }
    changed(before, content, &registry)
}

/// What an earlier revision makes of a key where there is no model now, or none that can be read:
/// a disabled one.
fn brought_back(key: &ModelKey, held: &ModelDefinition) -> Result<ModelDefinition, Error> {
    let (mut content, registry) = held_content(key, held, false);
    set_registry(&mut content, &registry)?;
    Ok(content)
}

/// What a revision held, for this key, and what it said of owner, tags and package: null where it
/// named none, so that nothing of the present is kept.
fn held_content(
    key: &ModelKey,
    held: &ModelDefinition,
    enabled: bool,
) -> (ModelDefinition, JsonObject) {
    let mut content = held.clone();
    content.set_key(key);
    // Written anew where it is no plain word: other readers may take 1 for enabled.
    content.set_enabled(enabled);
    let info = held.registry();
    let mut registry = JsonObject::new();
    let member = |read: fn(&RegistryInfo) -> Option<&String>| info.as_ref().and_then(read);
    for (name, text) in [
        ("owner", member(|info| info.owner.as_ref())),
        ("package", member(|info| info.package.as_ref())),
        ("derived_from", member(|info| info.derived_from.as_ref())),
    ] {
        match text {
            Some(text) => registry.set_text(name, text),
            None => set_null(&mut registry, name),
        }
    }
    match info.as_ref().filter(|info| !info.tags.is_empty()) {
        Some(info) => set_tags(&mut registry, &info.tags),
        None => set_null(&mut registry, "tags"),
    }
    (content, registry)
}
