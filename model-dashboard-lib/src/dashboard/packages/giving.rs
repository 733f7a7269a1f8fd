//! How a model is to get a package.

use super::publish::told;
use crate::dashboard::edits::with_told_package;
use crate::dashboard::model_writes::After;
use crate::dashboard::packages::record::PackageRecord;
use crate::dashboard::{Error, Model};
use crate::model::{ModelDefinition, ModelKey};
use crate::package::inspect::{Breaking, Report, TakenPart};
use crate::repository::packages::PackageId;

/// How a model is to get a package. By default a definition that followed its package goes on doing so
/// ([`Description::followed`]), and nothing is confirmed.
///
/// [`Description::followed`]: crate::package::inspect::Description::followed
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Giving {
    /// What the definition takes over from the package; `None` for what it follows.
    pub takes: Option<Vec<TakenPart>>,
    /// That the model is meant although the package says that it is for another one
    /// ([`Report::mismatches`]).
    pub as_typed: bool,
    /// That labels or images may stand for something else then
    /// ([`Breaking`](crate::package::inspect::Breaking)).
    pub breaking: bool,
}

impl Giving {
    /// Takes over these parts and no others.
    #[must_use]
    pub fn taking(takes: &[TakenPart]) -> Giving {
        Giving {
            takes: Some(takes.to_vec()),
            ..Giving::default()
        }
    }

    /// Says that the model is meant whatever the package says.
    #[must_use]
    pub fn as_typed(self) -> Giving {
        Giving {
            as_typed: true,
            ..self
        }
    }

    /// Says that labels and images may stand for something else then.
    #[must_use]
    pub fn breaking(self) -> Giving {
        Giving {
            breaking: true,
            ..self
        }
    }

    /// What a definition takes over from a package, in place of one that it `had`.
    pub(super) fn taken(
        &self,
        gets: &Report,
        had: Option<&Report>,
        definition: &ModelDefinition,
    ) -> Vec<TakenPart> {
        let had = had.map(|had| &had.description);
        match &self.takes {
            Some(parts) => parts.clone(),
            None => gets.description.followed(had, definition),
        }
    }

    /// The model with the package of an upload, of which this was found, in place of the one that it `had`.
    pub(super) fn applied(
        &self,
        upload: PackageId,
        gets: &Report,
        had: Option<&Report>,
        before: &Model,
    ) -> Result<Option<After>, Error> {
        let takes = self.taken(gets, had, &before.definition);
        let content = with_told_package(before, upload, gets, had, &takes)?;
        let breaking = Breaking::between(&before.definition, had, &content, gets);
        if !breaking.is_empty() && !self.breaking {
            return Err(Error::Breaking {
                key: before.key.clone(),
                breaking: Box::new(breaking),
                upload,
            });
        }
        Ok(Some(After::Content(content)))
    }

    /// What the package tells, if a model of this key may get it so.
    pub(super) fn checked(
        &self,
        found: PackageRecord,
        key: &ModelKey,
        upload: PackageId,
    ) -> Result<Report, Error> {
        let report = told(found, self.takes.as_deref().unwrap_or_default())?;
        let mismatches = report.mismatches(key);
        if !mismatches.is_empty() && !self.as_typed {
            let key = key.clone();
            return Err(Error::Mismatched {
                key,
                mismatches,
                upload,
            });
        }
        Ok(report)
    }
}
