//! What a change of a model may break for those who use it, and what somebody confirms of it.

use super::giving::in_a_sentence;
use crate::auth::Permission;
use crate::dashboard::history::beside;
use crate::dashboard::model_states::{Before, Found, Looks};
use crate::dashboard::{Caller, Dashboard, Error, Model, ModelRevision};
use crate::model::{ModelDefinition, ModelKey};
use crate::package::inspect::{Breaking, Mismatch, Report};
use crate::repository::packages::PackageId;

/// How much an event tells of each thing that was confirmed, in characters.
const INSISTED_CHARS: usize = 250;

/// Why jobs cannot run a model that has a package until now.
pub(super) const NO_PACKAGE: &str = "the revision has no package";

/// What somebody who changes a model confirms. By default nothing: what may break jobs is refused then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// That labels or images may stand for something else then ([`MayBreak::breaking`]).
    pub breaking: bool,
    /// That a model is enabled then although jobs may not run it correctly ([`MayBreak::lacking`]).
    pub incomplete: bool,
}

impl Confirmed {
    /// Says that labels and images may stand for something else then.
    #[must_use]
    pub fn breaking(self) -> Confirmed {
        Confirmed {
            breaking: true,
            ..self
        }
    }

    /// Says that a model is enabled then although jobs may not run it correctly.
    #[must_use]
    pub fn incomplete(self) -> Confirmed {
        Confirmed {
            incomplete: true,
            ..self
        }
    }
}

/// What a change of a model may break for those who use it; each part has to be
/// [confirmed](Confirmed).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MayBreak {
    /// What stands for something else then.
    pub breaking: Breaking,
    /// Why jobs may not run it correctly then, in plain sentences without a full stop; empty for a model
    /// that is not enabled.
    pub lacking: Vec<String>,
}

impl MayBreak {
    /// Whether nothing has to be confirmed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.breaking.is_empty() && self.lacking.is_empty()
    }

    /// By a package of which this was found, in place of the one that the model `had`, with which its
    /// definition is `after`.
    #[must_use]
    pub fn of_package(
        before: &Model,
        had: Option<&Report>,
        after: &ModelDefinition,
        gets: &Report,
    ) -> MayBreak {
        MayBreak {
            breaking: Breaking::between(&before.definition, had, after, Some(gets)),
            lacking: match before.definition.enabled() {
                true => gets.lacking_beyond(had),
                false => Vec::new(),
            },
        }
    }

    /// By a restore, with which the definition is `after`, and another one of two packages comes back: the one
    /// that it had, and the one that it gets. Of a model that is disabled it is what stands for something else
    /// alone: whoever enables it is asked whether jobs can run its package.
    pub(in crate::dashboard) fn of_restore(
        before: &Model,
        after: &ModelDefinition,
        packages: &Found,
    ) -> MayBreak {
        let (was, had) = (&before.definition, &packages.had);
        let Some(gets) = &packages.gets else {
            return MayBreak {
                breaking: Breaking::between(was, None, after, None),
                lacking: Vec::new(),
            };
        };
        MayBreak {
            breaking: Breaking::between(was, had.report(), after, gets.report()),
            lacking: match gets.report() {
                _ if !was.enabled() => Vec::new(),
                Some(report) => report.lacking_beyond(had.report()),
                None if gets.is_named() => {
                    vec!["nothing is known of the package that comes back".to_owned()]
                }
                None => vec![NO_PACKAGE.to_owned()],
            },
        }
    }
}

/// What has to be confirmed before a model is changed.
#[derive(Default)]
pub(in crate::dashboard) struct Asked {
    pub(in crate::dashboard) may_break: MayBreak,
    /// What the package says otherwise than the key that the model is to get, where nobody said that it is meant.
    pub(super) mismatched: Option<(ModelKey, Vec<Mismatch>)>,
    /// What the package says otherwise than the model, where that is meant.
    pub(super) overruled: Option<String>,
    /// The upload that the package came with, if that is still there.
    pub(super) upload: Option<PackageId>,
}

impl From<MayBreak> for Asked {
    fn from(may_break: MayBreak) -> Self {
        Asked {
            may_break,
            ..Asked::default()
        }
    }
}

impl Asked {
    /// By another key for a model with such a package: what that says otherwise than the new one, and did not say
    /// otherwise than the old one. It may be meant `as_typed`.
    pub(in crate::dashboard) fn of_rename(
        from: &ModelKey,
        to: &ModelKey,
        packages: &Found,
        as_typed: bool,
    ) -> Asked {
        let Some(report) = packages.had.report() else {
            return Asked::default();
        };
        let before = report.mismatches(from);
        let is_new = |it: &Mismatch| !before.iter().any(|other| other.part == it.part);
        let mismatches: Vec<_> = report.mismatches(to).into_iter().filter(is_new).collect();
        match (mismatches.is_empty(), as_typed) {
            (true, _) => Asked::default(),
            (false, true) => Asked {
                overruled: Some(in_a_sentence(&mismatches)),
                ..Asked::default()
            },
            (false, false) => Asked {
                mismatched: Some((to.clone(), mismatches)),
                ..Asked::default()
            },
        }
    }

    /// What it is done although, where nothing is asked.
    pub(in crate::dashboard) fn although(self) -> String {
        match self.may_break.lacking.as_slice() {
            [] => String::new(),
            lacking => format!("although {}", Report::lacking_in_short(lacking)),
        }
    }

    /// What was confirmed, for the audit log; empty where nothing had to be. `enabled` says whether jobs use
    /// the model already.
    ///
    /// # Errors
    /// [`Error::Mismatched`], [`Error::Breaking`], [`Error::Incomplete`] for what was not.
    pub(in crate::dashboard) fn answered(
        self,
        confirmed: Confirmed,
        key: &ModelKey,
        enabled: bool,
    ) -> Result<String, Error> {
        let MayBreak { breaking, lacking } = self.may_break;
        let told = [
            self.overruled,
            confirmed.breaking.then(|| breaking.to_string()),
            confirmed
                .incomplete
                .then(|| Report::lacking_in_short(&lacking)),
        ];
        let (key, upload) = (key.clone(), self.upload);
        if let Some((key, mismatches)) = self.mismatched {
            return Err(Error::Mismatched {
                key,
                mismatches,
                upload,
            });
        }
        let lacking = match confirmed.incomplete {
            true => Vec::new(),
            false => lacking,
        };
        if !breaking.is_empty() && !confirmed.breaking {
            return Err(Error::Breaking {
                key,
                breaking: Box::new(breaking),
                lacking,
                upload,
            });
        }
        match lacking.is_empty() {
            true => Ok(insisted(told.into_iter().flatten())),
            false => Err(Error::Incomplete {
                key,
                lacking,
                enabled,
                upload,
            }),
        }
    }
}

impl Dashboard {
    /// What it may break to [restore](Dashboard::restore) a revision of a model; nothing for a revision that
    /// cannot be used again. Whether that is refused for another reason is not looked at. Reads what was found in
    /// both packages, where they differ. Needs `models:write`, and then `packages:read`, and for an enabled model
    /// `models:enable`.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Unavailable`].
    pub async fn restoring_may_break(
        &self,
        caller: &Caller,
        model: &Model,
        revision: &ModelRevision,
    ) -> Result<MayBreak, Error> {
        let target = || format!("model:{}", model.key);
        self.require(caller, Permission::ModelsWrite, target)
            .await?;
        let (Ok(Some(after)), Some(held)) = (model.restored(revision), revision.definition())
        else {
            return Ok(MayBreak::default());
        };
        let mut before = Before::of(model.clone());
        let looks = Looks::AtBoth(held.clone());
        self.look(caller, &mut before, &looks).await?;
        let model = model.clone();
        beside(move || MayBreak::of_restore(&model, &after, &before.packages)).await
    }
}

/// What somebody who confirmed it insisted on, for the audit log; empty where nothing had to be confirmed.
/// Each has its room: none is lost behind another.
pub(super) fn insisted(confirmed: impl IntoIterator<Item = String>) -> String {
    let confirmed = confirmed.into_iter().filter(|it| !it.is_empty());
    let told: Vec<String> = confirmed
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
