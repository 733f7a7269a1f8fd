//! How a model is to get a package.

use super::publish::told;
use crate::dashboard::edits::with_told_package;
use crate::dashboard::model_writes::{After, Confirmations};
use crate::dashboard::packages::record::PackageRecord;
use crate::dashboard::{Error, Model};
use crate::model::{ModelDefinition, ModelKey};
use crate::package::inspect::{Breaking, Mismatch, Report, TakenPart};
use crate::repository::packages::PackageId;

/// How much an event tells of each thing that was confirmed, in characters.
const INSISTED_CHARS: usize = 250;

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
    /// That an enabled model gets it although jobs may not be able to run it, for more reasons than
    /// the package that it had ([`Report::lacking_beyond`]).
    pub incomplete: bool,
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

    /// Says that an enabled model gets it although jobs may not be able to run it.
    #[must_use]
    pub fn incomplete(self) -> Giving {
        Giving {
            incomplete: true,
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

    /// The model with a package, of which this was found, in place of the one that it `had`. `upload` is what
    /// it came with, if that is still there.
    pub(super) fn applied(
        &self,
        package: PackageId,
        gets: &Report,
        had: Option<&Report>,
        before: &Model,
        upload: Option<PackageId>,
    ) -> Result<Option<After>, Error> {
        let takes = self.taken(gets, had, &before.definition);
        let content = with_told_package(before, package, gets, had, &takes)?;
        let breaking = Breaking::between(&before.definition, had, &content, gets);
        let lacking = match before.definition.enabled() {
            true => gets.lacking_beyond(had),
            false => Vec::new(),
        };
        let given = self.insisted(&gets.mismatches(&before.key), Some(&breaking), &lacking);
        let open = if !breaking.is_empty() && !self.breaking {
            Some(Error::Breaking {
                key: before.key.clone(),
                breaking: Box::new(breaking),
                upload,
            })
        } else if !lacking.is_empty() && !self.incomplete {
            Some(Error::Incomplete {
                key: before.key.clone(),
                lacking,
                upload,
            })
        } else {
            None
        };
        Ok(Some(After::Given(content, Confirmations { given, open })))
    }

    /// What somebody who confirmed it insisted on, for the audit log; empty where nothing had to be
    /// confirmed.
    pub(super) fn insisted(
        &self,
        mismatches: &[Mismatch],
        breaking: Option<&Breaking>,
        lacking: &[String],
    ) -> String {
        let joined = |texts: Vec<String>| texts.join("; ");
        let mut told = Vec::new();
        if self.as_typed {
            told.push(joined(mismatches.iter().map(ToString::to_string).collect()));
        }
        if self.breaking {
            told.extend(breaking.map(ToString::to_string));
        }
        if self.incomplete {
            told.push(Report::lacking_in_short(lacking));
        }
        // Each has its room: none is lost behind another.
        let told: Vec<String> = told
            .into_iter()
            .filter(|it| !it.is_empty())
            .map(|it| match it.char_indices().nth(INSISTED_CHARS) {
                Some((at, _)) => format!("{}…", &it[..at]),
                None => it,
            })
            .collect();
        match told.is_empty() {
            true => String::new(),
            false => format!("confirmed although {}", told.join("; ")),
        }
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
