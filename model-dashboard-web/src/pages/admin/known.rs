//! People of directories: what is known of them, and a look at one.

use http::StatusCode;
use model_dashboard::auth::{IdentityId, User};
use model_dashboard::dashboard::{Error, RecheckOutcome};
use model_dashboard::model::FieldError;
use warp::reply::Response;

use super::users::show_one;
use crate::pages::profile::looked_at;
use crate::pages::visit::{Failure, Visit};
use crate::views::admin::known::FromDirectory;

/// What is known of somebody from a directory; nothing of accounts made here.
pub(super) async fn from_directory(
    visit: &Visit,
    user: &User,
) -> Result<Option<FromDirectory>, Failure> {
    if user.is_own() {
        return Ok(None);
    }
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let states = dashboard.source_states(caller).await?;
    let state = states.iter().find(|state| state.source == user.id.source);
    let limit = dashboard.sign_in_limit(caller, user).await?;
    Ok(Some(FromDirectory {
        source: user.id.source.to_string(),
        subject: user.id.subject.to_string(),
        provisional: user.is_provisional,
        is_configured: state.is_some(),
        groups: user.groups.clone(),
        checked_at: looked_at(user).map(Into::into),
        left_at: user.left_at.map(Into::into),
        left_reason: user.left_reason.clone().unwrap_or_default(),
        can_recheck: state.is_some_and(|it| it.can_recheck) && !user.is_provisional,
        tokens_until: limit.map(|limit| limit.until.map(Into::into)),
    }))
}

/// Asks the directory of an account about it now.
pub(super) async fn recheck(visit: Visit, id: IdentityId) -> Result<Response, Failure> {
    let done = match visit.dashboard().recheck_user(&visit.caller, &id).await {
        Ok(done) => done,
        Err(Error::Invalid(errors)) => {
            let user = visit.dashboard().user(&visit.caller, &id).await?;
            let wrong: Vec<_> = errors
                .into_iter()
                .map(|error| FieldError::new("", error.message))
                .collect();
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return show_one(&visit, status, &user, None, &wrong).await;
        }
        Err(error) => return Err(error.into()),
    };
    if let RecheckOutcome::NoAnswer(reason) = &done.outcome {
        let message = format!("the directory could not say, so nothing was changed: {reason}");
        let wrong = [FieldError::new("", message)];
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return show_one(&visit, status, &done.user, None, &wrong).await;
    }
    let text = format!("{done}.");
    if let RecheckOutcome::Doubted(_) = &done.outcome {
        let wrong = [FieldError::new("", text)];
        return show_one(&visit, StatusCode::CONFLICT, &done.user, None, &wrong).await;
    }
    visit.done(&visit.links().user(&id.to_string()), text)
}
