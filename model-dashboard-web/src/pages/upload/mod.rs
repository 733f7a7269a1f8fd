//! Uploads of packages: sent, looked at, confirmed.

mod discard;
mod new;
mod revision;
mod show;
mod start;

use std::time::Duration;

use model_dashboard::dashboard::{Error, Inspection, PackageRecord};
use model_dashboard::model::FieldError;
use model_dashboard::package::inspect::Report;
use model_dashboard::repository::packages::PackageId;

use self::discard::{ask_discard, discard};
use self::new::{make_new, new_form};
use self::revision::{publish, revision_form};
use self::show::show;
use self::start::start;
use super::routes::{FromSegments, Route, form_of, page, page_of};
use super::visit::{Failure, Visit};
use crate::route::Segment;

/// The pages.
pub(super) fn table() -> Vec<Route> {
    vec![
        page("/upload", start),
        page_of("/upload/{id}", show),
        page_of("/upload/{id}/new", new_form),
        form_of("/upload/{id}/new", make_new),
        page_of("/upload/{id}/revision", revision_form),
        form_of("/upload/{id}/revision", publish),
        page_of("/upload/{id}/discard", ask_discard),
        form_of("/upload/{id}/discard", discard),
    ]
}

/// What was found in an upload that a model may have.
///
/// # Errors
/// [`Error::Busy`] while it is looked at; [`Error::Invalid`] for one that no model can get.
async fn looked_at(visit: &Visit, id: PackageId) -> Result<(PackageRecord, Report), Failure> {
    let inspection = visit.dashboard().inspection(&visit.caller, id).await?;
    let Inspection::Done(record) = inspection else {
        let retry_after = Duration::from_secs(5);
        return Err(Error::Busy { retry_after }.into());
    };
    match (record.report.clone(), &record.refused) {
        (Some(report), None) => Ok((*record, report)),
        (_, refused) => {
            let why = refused.clone().unwrap_or_default();
            Err(Error::Invalid(vec![FieldError::new("package", why)]).into())
        }
    }
}

impl FromSegments for PackageId {
    fn from_segments(segments: &[Segment]) -> Result<PackageId, Failure> {
        let [Segment(id)] = segments else {
            return Err(Failure::Nothing);
        };
        let none = || Error::NotFound {
            what: "this upload".to_owned(),
            near: Vec::new(),
        };
        PackageId::parse(id).map_err(|_| none().into())
    }
}
