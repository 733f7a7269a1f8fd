//! What was typed for a model that was deleted or renamed meanwhile.

use std::time::SystemTime;

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::parts::Base;
use super::visit::{Failure, Visit};
use super::{conflict, edit};
use crate::views::components::time;
use crate::views::definition_form::DefinitionForm;

/// How many renames in a row are followed.
const MOST_RENAMES: usize = 8;

/// Shows the form again: to be saved at the model's new name, or, if it was deleted, as a new model.
pub(super) async fn show(
    visit: &Visit,
    key: &ModelKey,
    mut typed: DefinitionForm,
    base: &Base,
) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let picture = visit.dashboard().picture(&visit.caller).await?;
    let mut last = key.clone();
    let mut grave = picture.deleted(&last);
    for _ in 0..MOST_RENAMES {
        let moved = grave
            .as_ref()
            .and_then(|grave| grave.tombstone()?.moved_to.clone());
        let Some(moved) = moved else { break };
        grave = picture.deleted(&moved);
        last = moved;
    }
    if last != *key
        && let Ok(model) = visit.dashboard().model(&visit.caller, &last).await
    {
        return conflict::show(visit, &model, &typed, base, Some(key)).await;
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
