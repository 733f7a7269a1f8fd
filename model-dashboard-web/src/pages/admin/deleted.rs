//! The models that were deleted, and bringing one back.

use std::cmp::Reverse;
use std::sync::Arc;

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::catalog::Entry;
use model_dashboard::dashboard::{Error, ModelRevision, Origin, RevisionContent};
use model_dashboard::model::{ModelDefinition, ModelKey};
use warp::reply::Response;

use crate::kind::Kind;
use crate::pages::actions::page_of;
use crate::pages::actor::Sources;
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::history::told;
use crate::pages::paging::Paging;
use crate::pages::visit::{Failure, Visit};
use crate::views::Status;
use crate::views::admin::deleted::{self, BringBackView, DeletedRow, DeletedView, Held};
use crate::views::components::Tone;
use crate::views::components::field::Field;

const LIST: &str = "/admin/deleted";

/// How many revisions are looked at for what would come back.
const LOOKED_AT: usize = 8;

/// The list, the last deleted first.
pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let mut found = visit.dashboard().deleted(&visit.caller).await?;
    let deleted_at = |entry: &Entry| entry.tombstone().and_then(|tombstone| tombstone.at);
    // Those of one moment stay in the order of their keys.
    found.sort_by_key(|entry| Reverse(deleted_at(entry)));
    let asked = Form::parse(visit.request.query.as_bytes());
    let paging = Paging::asked(&asked, found.len());
    let shown = paging.of(&found);
    let keys: Vec<ModelKey> = shown.iter().map(|entry| entry.key().clone()).collect();
    let reasons = visit.dashboard().why_deleted(&visit.caller, &keys).await?;
    let row = |(entry, reason): (&Arc<Entry>, Option<String>)| DeletedRow {
        reason: reason.unwrap_or_default(),
        network_type: entry.key().network_type.to_string(),
        name: entry.key().name.to_string(),
        by: entry
            .tombstone()
            .and_then(|tombstone| tombstone.by.clone())
            .unwrap_or_default(),
        at: deleted_at(entry).map(Into::into),
    };
    let view = DeletedView {
        total: found.len(),
        rows: shown.iter().zip(reasons).map(row).collect(),
        pager: paging.pager(&visit, LIST, &[]),
    };
    let frame = visit.frame().await;
    visit.page(&frame, deleted::page(&frame, &view)).await
}

/// Asks before a model comes back.
pub(super) async fn ask(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    visit.require(Permission::SystemAdmin).await?;
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let picture = dashboard.picture(caller).await?;
    if picture.get(&key).is_some() {
        return is_there(&visit, &key);
    }
    if picture.deleted(&key).is_none() {
        let what = format!("model {key}");
        let near = Vec::new();
        return Err(Error::NotFound { what, near }.into());
    }
    let asked = Form::parse(visit.request.query.as_bytes());
    let number = asked.text("revision").parse().ok();
    show(&visit, &key, number, Field::default(), StatusCode::OK).await
}

async fn show(
    visit: &Visit,
    key: &ModelKey,
    number: Option<u64>,
    reason: Field,
    status: StatusCode,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let mut view = BringBackView {
        network_type: key.network_type.to_string(),
        name: key.name.to_string(),
        chosen: number,
        reason,
        ..BringBackView::default()
    };
    let sources = Sources::new(visit);
    // What is not at hand is not told; whether it can be done is found out when it is.
    if let Ok(history) = dashboard.history(caller, key, None, LOOKED_AT).await {
        let revisions = || history.steps.iter().map(|step| &step.revision);
        let deletion = |it: &&ModelRevision| matches!(it.content, RevisionContent::Deleted);
        let deletion = revisions().next().filter(deletion);
        view.deletion = deletion.map(|revision| told::revision(revision, key, &sources));
        let is_meant = |it: &&ModelRevision| match number {
            Some(number) => it.number == number,
            None => it.origin != Origin::Falsified && it.definition().is_some(),
        };
        view.held = match revisions().find(is_meant) {
            Some(revision) => {
                let alias = revision.definition().map(ModelDefinition::alias);
                let told = told::revision(revision, key, &sources);
                Held::Revision(Box::new(told), alias.unwrap_or_default())
            }
            None if number.is_none() && history.next.is_none() => Held::Nothing,
            None => Held::Unknown,
        };
    }
    let frame = visit.frame().await;
    let markup = deleted::bring_back(&frame, &view);
    visit.page_with(status, &frame, markup).await
}

/// Brings it back.
pub(super) async fn bring_back(
    visit: Visit,
    key: ModelKey,
    form: Form,
) -> Result<Response, Failure> {
    let number = match form.text("revision") {
        "" => None,
        number => Some(number.parse().map_err(|_| Failure::Form)?),
    };
    let reason = form.text("reason");
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    match dashboard.bring_back(caller, &key, number, reason).await {
        Ok(_) => visit.done(
            &page_of(&visit, &key),
            format!("{key} is back, and disabled."),
        ),
        Err(Error::Exists { .. }) => is_there(&visit, &key),
        Err(error) if matches!(error, Error::Invalid(_)) || errors::may_try_again(&error) => {
            let reason = Field::new(reason).wrong(errors::sentence(&error.to_string()));
            let status = Kind::of(&error).status;
            let mut response = show(&visit, &key, number, reason, status).await?;
            errors::say_when(response.headers_mut(), &error);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// Somebody was quicker, or made another model of this name.
fn is_there(visit: &Visit, key: &ModelKey) -> Result<Response, Failure> {
    let status = Status {
        tone: Tone::Info,
        text: format!("There is a model {key} already; nothing was changed."),
        action: None,
    };
    visit.leave(&page_of(visit, key), &status)
}
