//! Many models at once: import, export, and one action on a selection. Each model counts for
//! itself: what fails for one leaves the others as they are.

use std::sync::Arc;

use futures::stream;
use futures::{StreamExt, TryStreamExt};

use super::{Caller, Dashboard, Error};
use crate::auth::Permission;
use crate::model::{FieldError, ModelDefinition, ModelKey, ModelName, NetworkType};
use crate::repository::Precondition;

/// The most models of one action.
pub const MAX_BULK: usize = 1000;

/// The most definitions of one import.
pub const MAX_IMPORT: usize = 1000;

/// How many models are written at a time.
const AT_A_TIME: usize = 8;

/// What to do with a selection of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BulkAction {
    /// Enable them.
    Enable,
    /// Disable them.
    Disable,
    /// Delete them.
    Delete,
}

/// What became of one model of a selection.
pub type BulkOutcome = (ModelKey, Result<(), Error>);

/// A file with one definition, or with a list of them.
#[derive(Clone)]
pub struct ImportFile {
    /// The file's name, to tell it by.
    pub name: String,
    /// What it holds: a JSON object, or an array of such.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for ImportFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportFile")
            .field("name", &self.name)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// What to do with definitions of models that there are already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportMode {
    /// Leave them as they are and say so.
    #[default]
    CreateOnly,
    /// Replace them.
    Replace,
}

/// What became of one definition.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImportOutcome {
    /// The file that it came from.
    pub file: String,
    /// Its number in the file, from 1, if the file holds a list.
    pub number: Option<usize>,
    /// Where it belongs, if it says so.
    pub key: Option<ModelKey>,
    /// What was done.
    pub result: Result<Imported, Error>,
}

/// What an import did with a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Imported {
    /// The model is new.
    Created,
    /// The model was there and says now what the file says.
    Replaced,
    /// The model was there and said so already.
    Unchanged,
}

/// A model as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Its key.
    pub key: ModelKey,
    /// The stored bytes.
    pub bytes: Arc<[u8]>,
}

impl Dashboard {
    /// Does one thing to many models, whatever their version; answers for each, in order. Needs
    /// what each change needs by itself.
    ///
    /// # Errors
    /// [`Error::TooMany`] above [`MAX_BULK`].
    pub async fn bulk(
        &self,
        caller: &Caller,
        action: BulkAction,
        keys: Vec<ModelKey>,
        message: &str,
    ) -> Result<Vec<BulkOutcome>, Error> {
        at_most(keys.len(), MAX_BULK)?;
        let one = |key: ModelKey| async move {
            let result = self.bulk_one(caller, action, &key, message).await;
            (key, result)
        };
        Ok(stream::iter(keys)
            .map(one)
            .buffered(AT_A_TIME)
            .collect()
            .await)
    }

    async fn bulk_one(
        &self,
        caller: &Caller,
        action: BulkAction,
        key: &ModelKey,
        message: &str,
    ) -> Result<(), Error> {
        let now = Precondition::Exists;
        match action {
            BulkAction::Enable => self
                .set_enabled(caller, key, true, now, message)
                .await
                .map(drop),
            BulkAction::Disable => self
                .set_enabled(caller, key, false, now, message)
                .await
                .map(drop),
            BulkAction::Delete => self.delete(caller, key, now, message).await,
        }
    }

    /// The stored bytes of models. Needs `models:read`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the first that is not there, [`Error::TooMany`] above [`MAX_BULK`].
    pub async fn export(
        &self,
        caller: &Caller,
        keys: Vec<ModelKey>,
    ) -> Result<Vec<Exported>, Error> {
        at_most(keys.len(), MAX_BULK)?;
        let one = |key: ModelKey| async move {
            let raw = self.raw(caller, &key).await?;
            Ok(Exported {
                key: raw.key,
                bytes: raw.bytes,
            })
        };
        // The first that fails ends it: of a store that hangs, nobody waits for all.
        let all = stream::iter(keys).map(one).buffered(AT_A_TIME);
        all.try_collect().await
    }

    /// Takes in definitions from files. Each says itself where it belongs, by `network_type` and
    /// `name`. Answers for each definition, in order; a file that cannot be read is one answer.
    /// Needs what creating and replacing need.
    ///
    /// # Errors
    /// [`Error::TooMany`] above [`MAX_IMPORT`] definitions, [`Error::Denied`] without
    /// `models:write`.
    pub async fn import(
        &self,
        caller: &Caller,
        files: Vec<ImportFile>,
        message: &str,
        mode: ImportMode,
    ) -> Result<Vec<ImportOutcome>, Error> {
        self.require(caller, Permission::ModelsWrite, || "import".to_owned())
            .await?;
        let mut definitions = Vec::new();
        for file in files {
            definitions.extend(definitions_in(file));
            at_most(definitions.len(), MAX_IMPORT)?;
        }
        let one = |found: FoundDefinition| async move {
            let (key, result) = match found.definition {
                Ok((key, definition)) => {
                    let result = self
                        .import_one(caller, &key, definition, message, mode)
                        .await;
                    (Some(key), result)
                }
                Err(errors) => (None, Err(Error::Invalid(errors))),
            };
            ImportOutcome {
                file: found.file,
                number: found.number,
                key,
                result,
            }
        };
        // One after the other: of two definitions of one model the later one counts.
        let outcomes = stream::iter(definitions).then(one).collect().await;
        Ok(outcomes)
    }

    async fn import_one(
        &self,
        caller: &Caller,
        key: &ModelKey,
        definition: ModelDefinition,
        message: &str,
        mode: ImportMode,
    ) -> Result<Imported, Error> {
        // Not even asked: each of many would wait for its answer.
        self.store_answers()?;
        let stored = match self.live(key).await {
            Ok(stored) => stored,
            Err(Error::NotFound { .. }) => {
                return self
                    .create(caller, key.clone(), definition, message)
                    .await
                    .map(|_| Imported::Created);
            }
            Err(other) => return Err(other),
        };
        let same = super::Model::read(&stored)
            .is_ok_and(|model| model.definition.content_equals(&definition));
        match mode {
            _ if same => Ok(Imported::Unchanged),
            ImportMode::CreateOnly => Err(Error::Exists {
                what: format!("model {key}"),
            }),
            ImportMode::Replace => {
                let this_state = Precondition::Version(stored.version);
                self.replace(caller, key, definition, this_state, message)
                    .await
                    .map(|_| Imported::Replaced)
            }
        }
    }
}

fn at_most(count: usize, limit: usize) -> Result<(), Error> {
    match count > limit {
        true => Err(Error::TooMany {
            what: "models for one step",
            limit: limit as u64,
        }),
        false => Ok(()),
    }
}

/// One definition of a file, and where it belongs, or what is wrong with it.
pub(crate) struct FoundDefinition {
    pub(crate) file: String,
    /// Its number in the file, from 1, if the file holds a list.
    pub(crate) number: Option<usize>,
    pub(crate) definition: Result<(ModelKey, ModelDefinition), Vec<FieldError>>,
}

/// Takes a file apart: one object, or an array of objects.
pub(crate) fn definitions_in(file: ImportFile) -> Vec<FoundDefinition> {
    let ImportFile { name, bytes } = file;
    let parse = |bytes: &[u8]| {
        let definition = ModelDefinition::parse_checked(bytes)?;
        Ok((key_of(&definition)?, definition))
    };
    let found = |number: Option<usize>, definition| FoundDefinition {
        file: name.clone(),
        number,
        definition,
    };
    let wrong = |message: String| vec![found(None, Err(vec![FieldError::new("", message)]))];
    let is_list = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    if !is_list {
        return vec![found(None, parse(&bytes))];
    }
    match serde_json::from_slice::<Vec<&serde_json::value::RawValue>>(&bytes) {
        Ok(texts) if texts.is_empty() => wrong("the list is empty".to_owned()),
        Ok(texts) => texts
            .into_iter()
            .zip(1..)
            .map(|(text, number)| found(Some(number), parse(text.get().as_bytes())))
            .collect(),
        Err(error) => wrong(format!("is no list of definitions: {error}")),
    }
}

/// Where a definition says that it belongs. A key that exists may break the rule for new names.
fn key_of(definition: &ModelDefinition) -> Result<ModelKey, Vec<FieldError>> {
    let has = |field: &str| definition.as_object().get(field).is_some();
    if !has("network_type") && (!has("name") || has("labels")) {
        let hint = match has("labels") {
            true => "; the labels of a dataset.json of nnU-Net are pasted into the form of a model",
            false => "",
        };
        let message =
            format!("this is no definition of a model, which has network_type and name{hint}");
        return Err(vec![FieldError::new("", message)]);
    }
    let part = |field: &str, value: Option<String>| {
        value.ok_or_else(|| FieldError::new(field, "is missing"))
    };
    let network_type = part("network_type", definition.network_type()).and_then(|text| {
        NetworkType::existing(&text).map_err(|e| FieldError::new("network_type", e.to_string()))
    });
    let name = part("name", definition.name()).and_then(|text| {
        ModelName::existing(&text).map_err(|e| FieldError::new("name", e.to_string()))
    });
    match (network_type, name) {
        (Ok(network_type), Ok(name)) => Ok(ModelKey::new(network_type, name)),
        (network_type, name) => Err([network_type.err(), name.err()]
            .into_iter()
            .flatten()
            .collect()),
    }
}
