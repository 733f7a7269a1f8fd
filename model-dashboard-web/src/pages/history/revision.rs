//! One revision as a whole.

use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::{present, told};
use crate::pages::actor::Sources;
use crate::pages::visit::{Failure, Visit};
use crate::views::history::revision::{self, RevisionView};

/// The page.
pub(in crate::pages) async fn show(
    visit: Visit,
    (key, number): (ModelKey, u64),
) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let entry = present(&visit, &key).await?;
    let stored = dashboard.stored_revision(caller, &key, number).await?;
    let read = &stored.revision;
    let text = match read.definition() {
        Some(definition) => definition.as_object().to_pretty(),
        None => String::from_utf8_lossy(&stored.bytes).into_owned(),
    };
    let entry = entry.or(dashboard.picture(caller).await?.deleted(&key));
    let view = RevisionView {
        subject: told::subject(&key, entry.as_deref()),
        revision: told::revision(read, &key, &Sources::new(&visit)),
        text,
    };
    let frame = visit.frame().await;
    visit.page(&frame, revision::page(&frame, &view)).await
}
