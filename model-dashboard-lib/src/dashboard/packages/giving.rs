//! How a model is to get a package.

use super::publish::told;
use crate::dashboard::Error;
use crate::dashboard::packages::record::PackageRecord;
use crate::model::ModelKey;
use crate::package::inspect::{Report, TakenPart};
use crate::repository::packages::PackageId;

/// How a model is to get a package. By default nothing is taken over and nothing confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Giving {
    /// What the definition takes over from the package.
    pub takes: Vec<TakenPart>,
    /// That the model is meant although the package says that it is for another one
    /// ([`Report::mismatches`]).
    pub as_typed: bool,
}

impl Giving {
    /// Takes over these parts.
    #[must_use]
    pub fn taking(takes: &[TakenPart]) -> Giving {
        Giving {
            takes: takes.to_vec(),
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

    /// What the package tells, if a model of this key may get it so.
    pub(super) fn checked(
        &self,
        found: PackageRecord,
        key: &ModelKey,
        upload: PackageId,
    ) -> Result<Report, Error> {
        let report = told(found, &self.takes)?;
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
