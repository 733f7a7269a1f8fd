//! The models that were deleted, and bringing one back.

use std::cmp::Reverse;

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::catalog::Entry;
use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use crate::kind::Kind;
use crate::pages::actions::page_of;
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::paging::Paging;
use crate::pages::visit::{Failure, Visit};
use crate::views::admin::deleted::{self, DeletedRow, DeletedView};
use crate::views::components::Tone;
use crate::views::components::field::Field;
use crate::views::confirm::{self, ConfirmReason, ConfirmView};
use crate::views::{Section, Status};

const LIST: &str = "/admin/deleted";

/// The list, the last deleted first.
pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let mut found = visit.dashboard().deleted(&visit.caller).await?;
    let deleted_at = |entry: &Entry| entry.tombstone().and_then(|tombstone| tombstone.at);
    // Those of one moment stay in the order of their keys.
    found.sort_by_key(|entry| Reverse(deleted_at(entry)));
    let asked = Form::parse(visit.request.query.as_bytes());
    let paging = Paging::asked(&asked, found.len());
    let row = |entry: &Entry| DeletedRow {
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
        rows: paging.of(&found).iter().map(|entry| row(entry)).collect(),
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
    let held = match number {
        Some(number) => format!("revision {number}"),
        None => "the last revision before it was deleted".to_owned(),
    };
    let (network_type, name) = (key.network_type.as_str(), key.name.as_str());
    let number = number.map(|number| ("revision".to_owned(), number.to_string()));
    let view = ConfirmView {
        section: Section::Admin,
        heading: format!("Bring {key} back?"),
        consequences: vec![
            format!("It is there again with what {held} held, and its history goes on."),
            "It comes back disabled: jobs may use it once somebody enables it.".to_owned(),
        ],
        items: Vec::new(),
        action: visit.links().bring_back(network_type, name, None),
        hidden: number.into_iter().collect(),
        button: "Bring the model back".to_owned(),
        danger: false,
        back: visit.links().to(LIST),
        reason: Some(ConfirmReason {
            field: reason,
            required: false,
            example: "Why is it needed again?".to_owned(),
        }),
    };
    let frame = visit.frame().await;
    let markup = confirm::page(&frame, &view);
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
