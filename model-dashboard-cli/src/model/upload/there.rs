//! What is there already, so that nothing is sent.

use std::collections::BTreeSet;

use model_dashboard::dashboard::Giving;
use model_dashboard::model::ContentDigest;
use model_dashboard::package::inspect::{RULES, Report};

use super::Upload;
use crate::failure::Failure;
use crate::installation::new_key;
use crate::model::draft::Draft;
use crate::model::registry::{Found, Registry};

/// The model that is named, if these bytes are its package already and nothing else of it is to change.
pub(super) async fn has_it(
    registry: &Registry<'_>,
    upload: &Upload,
    digest: &ContentDigest,
) -> Result<Option<Found>, Failure> {
    let is_plain = upload.take.is_empty() && !upload.draft;
    let Some(name) = upload.name.as_ref().filter(|_| is_plain) else {
        return Ok(None);
    };
    // What was looked at by earlier rules, or not to its end, is sent to be looked at again.
    let is_known = |report: &Report| report.rules == RULES;
    let is_it =
        |found: &Found| found.digest == *digest && found.report.as_ref().is_some_and(is_known);
    match registry.find(&new_key(name, None)?.to_string(), None).await {
        Ok(found) => Ok(Some(found).filter(is_it)),
        // Whatever is wrong with that package, it is to get another one.
        Err(_) => Ok(None),
    }
}

/// The draft with these bytes that waits already, and takes over the same.
pub(super) async fn waits(
    registry: &Registry<'_>,
    upload: &Upload,
    giving: &Giving,
    digest: &ContentDigest,
) -> Result<Option<Draft>, Failure> {
    let Some(name) = upload.name.as_ref().filter(|_| upload.draft) else {
        return Ok(None);
    };
    let takes = giving.takes.as_ref().map(|takes| {
        let takes = takes.iter().map(|part| part.as_str().to_owned());
        takes.collect::<BTreeSet<_>>()
    });
    let drafts = registry.drafts(&new_key(name, None)?).await?;
    let mut same = drafts.into_iter().filter(|draft| {
        let takes_so = takes.as_ref().is_none_or(|it| *it == draft.takes());
        !draft.unreadable && draft.sha256.as_deref() == Some(&*digest.to_hex()) && takes_so
    });
    Ok(same.next())
}
