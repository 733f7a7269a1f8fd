//! Making an earlier revision the present state again.

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{Confirmed, Error, Model, ModelRevision, RevisionContent};
use model_dashboard::model::{ModelKey, Version};
use model_dashboard::repository::Precondition;
use warp::reply::Response;

use super::{present, told};
use crate::kind::Kind;
use crate::pages::actions::{confirmed, page_of, seen};
use crate::pages::actor::Sources;
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::package::{difference, told as packages};
use crate::pages::visit::{Failure, Visit};
use crate::views::components::field::Field;
use crate::views::history::Life;
use crate::views::history::changes::Changes;
use crate::views::history::restore::{self, RestoreView, Shown};

/// Asks before a revision becomes the present state, and shows what would change.
pub(in crate::pages) async fn ask_restore(
    visit: Visit,
    (key, number): (ModelKey, u64),
) -> Result<Response, Failure> {
    visit.require(Permission::ModelsWrite).await?;
    let now = Now::read(&visit, &key).await?;
    let enabled = matches!(&now, Now::Model(model) if model.definition.enabled());
    visit.require_change(&key, enabled).await?;
    let view = question(&visit, &key, number, now).await?;
    show(&visit, &view, StatusCode::OK).await
}

/// The state that a question is about.
enum Now {
    /// One that can be read.
    Model(Box<Model>),
    /// One that cannot.
    Broken(Version),
}

impl Now {
    async fn read(visit: &Visit, key: &ModelKey) -> Result<Now, Error> {
        let (dashboard, caller) = (visit.dashboard(), &visit.caller);
        match dashboard.model(caller, key).await {
            Ok(model) => Ok(Now::Model(Box::new(model))),
            Err(Error::Broken { .. }) => {
                let raw = dashboard.raw(caller, key).await?;
                Ok(Now::Broken(raw.version))
            }
            Err(error) => Err(error),
        }
    }
}

/// The question about this state.
async fn question(
    visit: &Visit,
    key: &ModelKey,
    number: u64,
    now: Now,
) -> Result<RestoreView, Failure> {
    let entry = present(visit, key).await?;
    let mut view = RestoreView::new(told::subject(key, entry.as_deref()), number);
    let dashboard = visit.dashboard();
    let revision = dashboard.revision(&visit.caller, key, number).await?;
    view.revision = Some(told::revision(&revision, key, &Sources::new(visit)));
    match now {
        Now::Model(model) => {
            let present = &model.definition;
            view.if_match = model.version.to_string();
            view.subject.present = model.revision();
            view.subject.alias = present.alias();
            view.subject.life = match present.enabled() {
                true => Life::Enabled,
                false => Life::Disabled,
            };
            let may_break = dashboard.restoring_may_break(&visit.caller, &model, &revision);
            view.may_break = packages::may_break(may_break.await?, Confirmed::default());
            let was = RevisionContent::Definition(Box::new(model.definition.clone()));
            let is = revision.content.clone();
            let mut changes = changes(model, revision).await?;
            view.package = difference::between(visit, key, &was, &is, Some(&mut changes)).await?;
            if let Some(package) = &mut view.package
                && !view.may_break.lacking.is_empty()
            {
                // It is asked below.
                package.lacking.clear();
            }
            view.shown = Shown::Changes(changes);
        }
        Now::Broken(version) => {
            view.if_match = version.to_string();
            view.subject.life = Life::Broken;
            view.shown = Shown::PresentUnreadable;
        }
    }
    Ok(view)
}

/// What would change; nothing for a revision that cannot be restored.
async fn changes(model: Box<Model>, revision: ModelRevision) -> Result<Changes, Error> {
    let compare = move || model.changes_by_restoring(&revision);
    let compared = tokio::task::spawn_blocking(compare).await;
    let compared = compared.map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(compared
        .map(|found| told::changes(&found))
        .unwrap_or_default())
}

async fn show(visit: &Visit, view: &RestoreView, status: StatusCode) -> Result<Response, Failure> {
    let frame = visit.frame().await;
    let markup = restore::page(&frame, view);
    visit.page_with(status, &frame, markup).await
}

/// Restores.
pub(in crate::pages) async fn restore(
    visit: Visit,
    (key, number): (ModelKey, u64),
    form: Form,
) -> Result<Response, Failure> {
    let seen = seen(&form)?;
    let reason = form.text("reason");
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let precondition = Precondition::Version(seen);
    let confirmed = confirmed(&form);
    let outcome = dashboard
        .restore(caller, &key, number, confirmed, precondition, reason)
        .await;
    let error = match outcome {
        Ok(model) => {
            let mut done = match model.revision().filter(|_| model.version != seen) {
                Some(made) => format!("Restored revision {number} as revision {made}."),
                None => format!("It held what revision {number} held already."),
            };
            if visit.may().read_packages
                && let Err(Error::Removed { .. }) = dashboard.package(caller, &key).await
            {
                done.push_str(" Its package was purged: nobody can fetch it.");
            }
            return visit.done(&page_of(&visit, &key), done);
        }
        Err(error) => error,
    };
    let is_reason =
        matches!(&error, Error::Invalid(wrong) if wrong.iter().all(|it| it.field == "message"));
    let is_asked = matches!(
        error,
        Error::PurgedPackage { .. } | Error::Breaking { .. } | Error::Incomplete { .. }
    );
    if !is_reason && !is_asked && !errors::may_try_again(&error) {
        return Err(error.into());
    }
    let typed = Typed {
        seen,
        reason,
        confirmed,
    };
    ask_again(&visit, &key, number, &typed, error).await
}

/// What somebody answered to the question.
struct Typed<'a> {
    /// The state that it was about.
    seen: Version,
    reason: &'a str,
    confirmed: Confirmed,
}

/// The question after an error, with the reason that was typed: about the present state where that
/// is at hand, otherwise about the one that was seen.
async fn ask_again(
    visit: &Visit,
    key: &ModelKey,
    number: u64,
    typed: &Typed<'_>,
    mut error: Error,
) -> Result<Response, Failure> {
    let status = Kind::of(&error).status;
    let text = errors::sentence(&error.to_string());
    let now = match &mut error {
        Error::Conflict { current, .. } => current.take().map(Now::Model),
        _ => None,
    };
    let now = match now {
        Some(now) => Ok(now),
        None => Now::read(visit, key).await,
    };
    let asked = match now {
        Ok(now) => question(visit, key, number, now).await,
        Err(unread) => Err(unread.into()),
    };
    let mut view = match asked {
        Ok(view) => view,
        // From memory: the store may be what failed.
        Err(_) => {
            let entry = present(visit, key).await?;
            let subject = told::subject(key, entry.as_deref());
            let mut view = RestoreView::new(subject, number);
            view.if_match = typed.seen.to_string();
            view
        }
    };
    if view.if_match == typed.seen.to_string() {
        view.may_break.means_it = typed.confirmed.breaking;
        view.may_break.lacks_it = typed.confirmed.incomplete;
    }
    view.reason = Field::new(typed.reason);
    match &error {
        Error::Invalid(_) => view.reason = view.reason.wrong(text),
        _ => view.error = Some(text),
    }
    let mut response = show(visit, &view, status).await?;
    errors::say_when(response.headers_mut(), &error);
    Ok(response)
}
