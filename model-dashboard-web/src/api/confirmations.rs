//! What a request says is meant although it was refused: `confirm`.

use model_dashboard::dashboard::Confirmed;

use super::answer::Failure;
use super::parameters::{Parameters, bad};

/// That a model is meant although its package is for another one.
pub(super) const AS_TYPED: &str = "as_typed";

/// That labels or images may stand for something else.
pub(super) const BREAKING: &str = "breaking";

/// That a model is enabled then that jobs may not run correctly.
pub(super) const INCOMPLETE: &str = "incomplete";

/// The parameter, of a request that has a package to give.
///
/// # Errors
/// Refused if one of the names is none.
pub(super) fn of_package(parameters: &Parameters) -> Result<(bool, Confirmed), Failure> {
    let (mut as_typed, mut confirmed) = (false, Confirmed::default());
    for name in named(parameters) {
        match name {
            AS_TYPED => as_typed = true,
            name => confirmed = and(confirmed, name, "as_typed, breaking or incomplete")?,
        }
    }
    Ok((as_typed, confirmed))
}

/// The same of what is meant for this model in any case.
///
/// # Errors
/// Refused if one of the names is none.
pub(super) fn of_jobs(parameters: &Parameters) -> Result<Confirmed, Failure> {
    let mut names = named(parameters);
    names.try_fold(Confirmed::default(), |confirmed, name| {
        and(confirmed, name, "breaking or incomplete")
    })
}

/// The same of a model that is to be enabled: nothing else of it stands for something else then.
///
/// # Errors
/// Refused if one of the names is none.
pub(super) fn of_enabling(parameters: &Parameters) -> Result<bool, Failure> {
    let mut names = named(parameters);
    names.try_fold(false, |_, name| match name {
        INCOMPLETE => Ok(true),
        _ => Err(bad("confirm", "must be incomplete")),
    })
}

/// The same of a model that is to be renamed.
///
/// # Errors
/// Refused if one of the names is none.
pub(super) fn of_renaming(parameters: &Parameters) -> Result<bool, Failure> {
    let mut names = named(parameters);
    names.try_fold(false, |_, name| match name {
        AS_TYPED => Ok(true),
        _ => Err(bad("confirm", "must be as_typed")),
    })
}

fn named(parameters: &Parameters) -> impl Iterator<Item = &str> {
    let names = parameters.get("confirm").into_iter();
    names.flat_map(|it| it.split(',')).map(str::trim)
}

fn and(confirmed: Confirmed, name: &str, known: &str) -> Result<Confirmed, Failure> {
    match name {
        BREAKING => Ok(confirmed.breaking()),
        INCOMPLETE => Ok(confirmed.incomplete()),
        _ => Err(bad("confirm", format!("must be {known}"))),
    }
}
