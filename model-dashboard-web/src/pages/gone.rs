//! Models that were deleted or renamed: what became of them, and what was typed for them meanwhile.

use std::time::SystemTime;

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::conflict::Seen;
use super::visit::{Failure, Visit};
use super::{conflict, edit};
use crate::views::components::time;
use crate::views::definition_form::DefinitionForm;
use crate::views::errors::ErrorView;

/// What became of a model that was not found, for those who may know of it.
pub(super) async fn what_became(visit: &Visit, key: &ModelKey) -> Option<ErrorView> {
    if !visit.caller.has(Permission::ModelsRead) {
        return None;
    }
    let picture = visit.dashboard().picture(&visit.caller).await.ok()?;
    let (last, grave) = picture.follow(key);
    let parts = |key: &ModelKey| (key.network_type.to_string(), key.name.to_string());
    let now = (last != *key).then(|| parts(&last));
    if now.is_some() && picture.get(&last).is_some() {
        return Some(ErrorView::Moved {
            was: key.to_string(),
            now: parts(&last),
        });
    }
    let deleted = grave.as_ref()?.tombstone()?;
    Some(ErrorView::Deleted {
        was: key.to_string(),
        last: now.map(|_| last.to_string()),
        by: deleted.by.clone(),
        at: deleted.at.map(Into::into),
    })
}

/// Shows the form again: to be saved at the model's new name, or, if it was deleted, as a new model.
pub(super) async fn show(
    visit: &Visit,
    key: &ModelKey,
    mut typed: DefinitionForm,
    seen: &Seen,
) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let picture = visit.dashboard().picture(&visit.caller).await?;
    let (last, grave) = picture.follow(key);
    if last != *key
        && let Ok(model) = visit.dashboard().model(&visit.caller, &last).await
    {
        return conflict::show(visit, &model, &typed, seen, Some(key)).await;
    }
    let deleted = grave.as_ref().and_then(|grave| grave.tombstone());
    let mut what = match deleted.and_then(|deleted| deleted.by.as_deref()) {
        Some(by) => format!("{last} was deleted by {by}"),
        None => format!("{last} was deleted"),
    };
    if let Some(at) = deleted.and_then(|deleted| deleted.at) {
        what.push(' ');
        what.push_str(&time::relative_text(SystemTime::now(), at.into()));
    }
    typed.error = Some(format!(
        "{what}, while you were editing it. Nothing was saved. You can save what you typed as a \
         new model"
    ));
    typed.network_type.value = key.network_type.to_string();
    typed.name.value = key.name.to_string();
    edit::show_create(visit, StatusCode::CONFLICT, typed).await
}
