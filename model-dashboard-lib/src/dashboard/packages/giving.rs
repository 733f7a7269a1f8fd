//! How a model is to get a package.

use super::may_break::{Asked, Confirmed, MayBreak};
use super::publish::told;
use crate::dashboard::edits::with_told_package;
use crate::dashboard::model_states::After;
use crate::dashboard::packages::record::PackageRecord;
use crate::dashboard::{Error, Model};
use crate::model::{ModelDefinition, ModelKey};
use crate::package::inspect::{Mismatch, Report, TakenPart};
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
    /// What is confirmed of what it may break for those who use the model.
    pub confirmed: Confirmed,
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
            confirmed: self.confirmed.breaking(),
            ..self
        }
    }

    /// Says that an enabled model gets it although jobs may not run it correctly.
    #[must_use]
    pub fn incomplete(self) -> Giving {
        Giving {
            confirmed: self.confirmed.incomplete(),
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

    /// Refuses to take over what the package does not tell, and what it does not change by that either: what
    /// only the one told that the model `had` may go.
    pub(super) fn tells_what_it_takes(
        &self,
        gets: &Report,
        had: Option<&Report>,
        before: &Model,
    ) -> Result<(), Error> {
        let (told, had) = (&gets.description, had.map(|had| &had.description));
        let is_told =
            |part: &TakenPart| told.tells(*part) || told.changes(*part, had, &before.definition);
        let mut takes = self.takes.iter().flatten();
        match takes.find(|part| !is_told(part)) {
            None => Ok(()),
            Some(part) => {
                let silent = format!("the package does not tell the {}", part.as_str());
                Err(Error::invalid("take", silent))
            }
        }
    }

    /// Whether a model says anything else with a package than with the one that it `had`.
    pub(super) fn changes(&self, gets: &Report, had: Option<&Report>, before: &Model) -> bool {
        let (definition, told) = (&before.definition, &gets.description);
        let had_told = had.map(|had| &had.description);
        let takes = self.taken(gets, had, definition);
        takes
            .into_iter()
            .any(|part| told.changes(part, had_told, definition))
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
        let asked = Asked {
            overruled: self.overruled(&gets.mismatches(&before.key)),
            upload,
            ..MayBreak::of_package(before, had, &content, gets).into()
        };
        Ok(Some(After::Given(content, asked)))
    }

    /// What the package says otherwise than the model, where that is meant.
    pub(super) fn overruled(&self, mismatches: &[Mismatch]) -> Option<String> {
        self.as_typed.then(|| in_a_sentence(mismatches))
    }

    /// What the package tells, if a model of this key may get it so.
    pub(super) fn checked(
        &self,
        found: PackageRecord,
        key: &ModelKey,
        upload: PackageId,
    ) -> Result<Report, Error> {
        let report = told(found)?;
        let mismatches = report.mismatches(key);
        if !mismatches.is_empty() && !self.as_typed {
            let key = key.clone();
            return Err(Error::Mismatched {
                key,
                mismatches,
                upload: Some(upload),
            });
        }
        Ok(report)
    }
}

/// What a package says otherwise, in a sentence without a full stop.
pub(super) fn in_a_sentence(mismatches: &[Mismatch]) -> String {
    let told: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
    told.join("; ")
}
