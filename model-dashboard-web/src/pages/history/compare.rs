//! What differs between two revisions.

use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::{present, told};
use crate::pages::actor::Sources;
use crate::pages::form::Form;
use crate::pages::package::difference;
use crate::pages::visit::{Failure, Visit};
use crate::views::history::compare::{self, CompareView};

/// The page of the revisions `from` and `to`.
pub(in crate::pages) async fn compare(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    let entry = present(&visit, &key).await?;
    let asked = Form::parse(visit.request.query.as_bytes());
    let number = |name: &str| {
        let number = asked.text(name).trim().parse::<u64>();
        number.map_err(|_| Error::NotFound {
            what: format!("revision “{}” of {key}", asked.text(name)),
            near: Vec::new(),
        })
    };
    let (from, to) = (number("from")?, number("to")?);
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let found = dashboard.compare(caller, &key, from, to).await?;
    let entry = entry.or(dashboard.picture(caller).await?.deleted(&key));
    let sources = Sources::new(&visit);
    let mut changes = found.changes.as_ref().map(told::changes);
    let (was, is) = (&found.from.content, &found.to.content);
    let package = difference::between(&visit, &key, was, is, changes.as_mut()).await?;
    let view = CompareView {
        subject: told::subject(&key, entry.as_deref()),
        from: told::revision(&found.from, &key, &sources),
        to: told::revision(&found.to, &key, &sources),
        changes,
        package,
    };
    let frame = visit.frame().await;
    visit.page(&frame, compare::page(&frame, &view)).await
}
