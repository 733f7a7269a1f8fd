//! Models of the past on the wire.

use model_dashboard::catalog::{Entry, Tombstone};
use model_dashboard::dashboard::{Doubt, ModelAt};
use model_dashboard::model::{LISTED_NAME_CHARS, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::ModelList;
use super::cut::cut;

/// A list of models: the present ones, or, with `at`, those of a time in the past.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the two answers of one address")]
pub(in crate::api) enum PresentOrPast {
    /// Without `at`.
    Present(ModelList),
    /// With `at`.
    Past(PastModels),
}

/// A part of the models that there were at a time.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct PastModels {
    /// That time.
    #[schema(value_type = String, format = DateTime)]
    pub(in crate::api) at: Timestamp,
    /// The models, in the order of the keys that they have now.
    pub(in crate::api) models: Vec<PastModel>,
    /// Where to go on: the parameter `cursor` of the next request; left out at the end. A part may
    /// hold few models, or none, and not be the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next_cursor: Option<String>,
    /// On the last part: how many histories belong to no present model and cannot be told of,
    /// because nothing says their names or there are too many.
    pub(in crate::api) untold: usize,
}

/// A model as it was at a time.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct PastModel {
    /// `type/name` as it was then.
    #[schema(example = "nnUNet/Task055_SegTHOR")]
    pub(in crate::api) key: String,
    /// The network type then.
    #[schema(example = "nnUNet")]
    pub(in crate::api) network_type: String,
    /// The name then.
    #[schema(example = "Task055_SegTHOR")]
    pub(in crate::api) name: String,
    /// The name people read, its first 200 characters.
    pub(in crate::api) alias: String,
    /// The version that people see, its first 200 characters.
    pub(in crate::api) version: String,
    /// Whether inference jobs might use the model then.
    pub(in crate::api) enabled: bool,
    /// The revision that holds that state; null where only other programs have written it and
    /// nothing is archived yet.
    pub(in crate::api) revision: Option<u64>,
    /// When that state came to be, as far as it is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(in crate::api) since: Option<Timestamp>,
    /// `type/name` as it is now, or was when the model was deleted: its history is there.
    pub(in crate::api) now: String,
    /// Whether the model is deleted by now.
    pub(in crate::api) is_deleted: bool,
    /// Why this may be wrong; null if it is certain. `changed_outside`: another program wrote the
    /// next state, or removed the model, which was noticed after that time and may have been so before;
    /// `no_history`: only other programs had written it by then, and this is the oldest state that
    /// is known; `unreadable`: what it held then cannot be read; `next_unreadable`: the next state
    /// cannot be read, and may have been there already; `falsified`: that revision, or the next
    /// one, was changed in the history; `missing`: the history lacks revisions of that time; `gone`:
    /// another program has removed the model since, perhaps before that time.
    #[schema(example = "changed_outside")]
    pub(in crate::api) doubt: Option<&'static str>,
}

impl From<&ModelAt> for PastModel {
    fn from(model: &ModelAt) -> PastModel {
        let shown = |text: &str| cut(text, LISTED_NAME_CHARS).into_owned();
        PastModel {
            key: model.key.to_string(),
            network_type: model.key.network_type.to_string(),
            name: model.key.name.to_string(),
            alias: shown(&model.alias),
            version: shown(&model.version),
            enabled: model.enabled,
            revision: model.revision,
            since: model.since,
            now: model.now.to_string(),
            is_deleted: model.is_deleted,
            doubt: model.doubt.map(|doubt| match doubt {
                Doubt::ChangedOutsideLater => "changed_outside",
                Doubt::NoHistory => "no_history",
                Doubt::Unreadable => "unreadable",
                Doubt::NextUnreadable => "next_unreadable",
                Doubt::Falsified => "falsified",
                Doubt::Missing => "missing",
                Doubt::Gone => "gone",
                _ => "uncertain",
            }),
        }
    }
}

/// A part of the deleted models.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct DeletedModels {
    /// How many there are in all.
    pub(in crate::api) total: usize,
    /// Those of this answer, by network type and name.
    pub(in crate::api) models: Vec<DeletedModel>,
    /// Where to go on, if `limit` cut the list: the parameter `cursor` of the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next_cursor: Option<String>,
}

/// A deleted model.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct DeletedModel {
    /// `type/name` as it was when it was deleted.
    #[schema(example = "nnUNet/Task003_Liver")]
    pub(in crate::api) key: String,
    /// Its network type.
    #[schema(example = "nnUNet")]
    pub(in crate::api) network_type: String,
    /// Its name.
    #[schema(example = "Task003_Liver")]
    pub(in crate::api) name: String,
    /// Its identity, if the registry has written it before.
    pub(in crate::api) id: Option<String>,
    /// The revision that is its deletion; one before it can be restored.
    pub(in crate::api) revision: Option<u64>,
    /// When it was deleted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(in crate::api) deleted_at: Option<Timestamp>,
    /// Who did it.
    pub(in crate::api) deleted_by: Option<String>,
}

impl From<&Entry> for DeletedModel {
    fn from(entry: &Entry) -> DeletedModel {
        let key = entry.key();
        let Tombstone {
            id,
            revision,
            at,
            by,
            ..
        } = entry.tombstone().cloned().unwrap_or_default();
        DeletedModel {
            key: key.to_string(),
            network_type: key.network_type.to_string(),
            name: key.name.to_string(),
            id: id.map(|id| id.to_string()),
            revision,
            deleted_at: at,
            deleted_by: by.map(|by| cut(&by, LISTED_NAME_CHARS).into_owned()),
        }
    }
}
