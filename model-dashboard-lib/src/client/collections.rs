//! Many definitions at once: taken in, and written out as they are stored.

use futures::stream;
use futures::{StreamExt as _, TryStreamExt as _};

use super::models::Change;
use super::{Client, ClientError};
use crate::dashboard::{
    ErrorKind, Exported, FoundDefinition, ImportFile, ImportMode, Imported, MAX_BULK, MAX_IMPORT,
    definitions_in,
};
use crate::model::{ModelDefinition, ModelKey};

/// How many are asked for at a time.
const AT_A_TIME: usize = 8;

/// What became of one definition.
#[derive(Debug)]
#[non_exhaustive]
pub struct RemoteImport {
    /// The file that it came from.
    pub file: String,
    /// Its number in the file, from 1, if the file holds a list.
    pub number: Option<usize>,
    /// Where it belongs, if it says so.
    pub key: Option<ModelKey>,
    /// What was done.
    pub result: Result<Imported, ClientError>,
}

impl Client {
    /// The stored bytes of models.
    ///
    /// # Errors
    /// [`ClientError`] for the first that cannot be had; [`ClientError::TooMany`] above
    /// [`MAX_BULK`].
    pub async fn export(&self, keys: Vec<ModelKey>) -> Result<Vec<Exported>, ClientError> {
        at_most(keys.len(), MAX_BULK)?;
        let one = |key: ModelKey| async move {
            let bytes = self.stored(&key).await?;
            Ok(Exported {
                key,
                bytes: bytes.into(),
            })
        };
        let all = stream::iter(keys).map(one).buffered(AT_A_TIME);
        all.try_collect().await
    }

    /// Takes in definitions from files, each where it says itself that it belongs, one after the other.
    /// Answers for each; a file that cannot be read is one answer.
    ///
    /// # Errors
    /// [`ClientError::TooMany`] above [`MAX_IMPORT`] definitions.
    pub async fn import(
        &self,
        files: Vec<ImportFile>,
        message: &str,
        mode: ImportMode,
    ) -> Result<Vec<RemoteImport>, ClientError> {
        let mut found = Vec::new();
        for file in files {
            found.extend(definitions_in(file));
            at_most(found.len(), MAX_IMPORT)?;
        }
        let mut outcomes = Vec::with_capacity(found.len());
        for FoundDefinition {
            file,
            number,
            definition,
        } in found
        {
            let (key, result) = match definition {
                Ok((key, definition)) => {
                    let result = self.import_one(&key, &definition, message, mode).await;
                    (Some(key), result)
                }
                Err(errors) => (None, Err(ClientError::Invalid(errors))),
            };
            outcomes.push(RemoteImport {
                file,
                number,
                key,
                result,
            });
        }
        Ok(outcomes)
    }

    async fn import_one(
        &self,
        key: &ModelKey,
        definition: &ModelDefinition,
        message: &str,
        mode: ImportMode,
    ) -> Result<Imported, ClientError> {
        let there = match self.model(key).await {
            Ok(model) if model.definition.content_equals(definition) => {
                return Ok(Imported::Unchanged);
            }
            Ok(model) => Some(model.etag),
            // What cannot be read is replaced as it was when that was told.
            Err(ClientError::Refused(problem))
                if ErrorKind::parse(problem.kind()) == Some(ErrorKind::Broken) =>
            {
                match problem.current_etag.clone() {
                    Some(etag) => Some(etag),
                    None => return Err(ClientError::Refused(problem)),
                }
            }
            Err(error) if error.kind() == Some(ErrorKind::NotFound) => None,
            Err(error) => return Err(error),
        };
        match (there, mode) {
            (Some(etag), ImportMode::Replace) => {
                let change = Change::Replace(definition);
                self.change(key, &etag, change, message).await?;
                Ok(Imported::Replaced)
            }
            // The server refuses what is there already.
            _ => {
                self.create(key, definition, message).await?;
                Ok(Imported::Created)
            }
        }
    }
}

fn at_most(count: usize, limit: usize) -> Result<(), ClientError> {
    match count > limit {
        true => Err(ClientError::TooMany { limit }),
        false => Ok(()),
    }
}
