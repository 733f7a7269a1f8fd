//! What a lost race was about: what others changed, what the one who lost would have, and where the
//! two meet.

use super::edits::{patched, replaced};
use super::history::beside;
use super::{Caller, Dashboard, Error, Model};
use crate::model::{
    Comparison, DuplicateKeys, JsonObject, ModelDefinition, ModelKey, Overlap, Version,
};

/// What a change was to do that names a state which is not the present one.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// To put this in the place of the definition.
    Replace(ModelDefinition),
    /// To apply this merge patch.
    Patch(JsonObject),
    /// To make this revision the present state.
    Restore(u64),
    /// Something that is told in no fields: to rename the model, or to delete it.
    Other,
}

/// A race that somebody lost.
#[derive(Debug)]
#[non_exhaustive]
pub struct LostRace {
    /// The present state, if it can be read.
    pub present: Option<Model>,
    /// Its version, readable or not.
    pub version: Version,
    /// What others changed, from the state that was named to the present one; `None` where that
    /// is not among the last revisions, or one of the two cannot be read.
    pub theirs: Option<Comparison>,
    /// What the change would do to the state that was named, or to the present one where that is
    /// not known; `None` for what is told in no fields, and for what is refused anyway.
    pub yours: Option<Comparison>,
    /// Where the two meet, if both are known.
    pub overlap: Option<Overlap>,
}

impl Dashboard {
    /// Tells one who lost a race what it was about. `named` is the version that the change named, if
    /// it can be one. Needs `models:read`.
    ///
    /// Cost: the present state and one revision; where that is not the one before, the last 20.
    ///
    /// # Errors
    /// As [`Dashboard::raw`]; [`Error::Unavailable`].
    pub async fn lost_race(
        &self,
        caller: &Caller,
        key: &ModelKey,
        named: Option<Version>,
        wanted: Wanted,
    ) -> Result<LostRace, Error> {
        let present = self.raw(caller, key).await?;
        let version = present.version;
        let read = move || {
            let definition =
                ModelDefinition::parse(&present.bytes, DuplicateKeys::LastWins).ok()?;
            Some(Model {
                key: present.key,
                definition,
                version,
                bytes: present.bytes,
            })
        };
        let present = beside(read).await?;
        let last = present.as_ref().and_then(Model::revision);
        let before = last.and_then(|last| last.checked_sub(1));
        let found = match named {
            Some(named) => self.earlier_state(caller, key, named, before).await?,
            None => None,
        };
        let held = match wanted {
            Wanted::Restore(number) => self.revision(caller, key, number).await.ok(),
            _ => None,
        };
        let compare = move || {
            let change = |before: &Model| match wanted {
                Wanted::Replace(definition) => {
                    Some(changes(before, replaced(before, definition).ok()?))
                }
                Wanted::Patch(patch) => Some(changes(before, patched(before, &patch).ok()?)),
                Wanted::Restore(_) => before.changes_by_restoring(&held?).ok(),
                Wanted::Other => None,
            };
            let from = found.as_ref().or(present.as_ref());
            let yours = from.and_then(change);
            let theirs = found.as_ref().zip(present.as_ref());
            let theirs =
                theirs.map(|(was, is)| Comparison::between(&was.definition, &is.definition));
            let both = yours.as_ref().zip(theirs.as_ref());
            LostRace {
                overlap: both.map(|(yours, theirs)| Overlap::of(yours, theirs)),
                version,
                theirs,
                yours,
                present,
            }
        };
        beside(compare).await
    }
}

/// What differs from a state to what a change makes of it.
pub(super) fn changes(before: &Model, after: Option<ModelDefinition>) -> Comparison {
    let Some(mut after) = after else {
        return Comparison::default();
    };
    // An edit names of the field `registry` only what it changes.
    let kept = before.definition.as_object().get_object("registry");
    if let Some(mut registry) = kept {
        let named = after.as_object().get_object("registry");
        registry.merge_patch(&named.unwrap_or_default());
        // An object is JSON.
        let _ = after.as_object_mut().set("registry", &registry);
    }
    Comparison::between(&before.definition, &after)
}
