//! Packages that are proposed to a model: looked at, published, discarded.

use std::time::Duration;

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::{CheckVerdict, Confirmed, Draft, Error, Model, ProposedRevision};
use model_dashboard::model::ModelKey;
use model_dashboard::package::inspect::{Report, ReportComparison, Trust};
use model_dashboard::repository::Precondition;
use model_dashboard::repository::packages::PackageId;
use tokio::time::timeout;
use warp::reply::Response;

use super::{show, told};
use crate::kind::Kind;
use crate::pages::actions::{confirmed, page_of, seen};
use crate::pages::actor::Sources;
use crate::pages::errors;
use crate::pages::form::Form;
use crate::pages::history::told as history;
use crate::pages::visit::{Failure, Visit};
use crate::views::Section;
use crate::views::components::field::Field;
use crate::views::confirm::{self, ConfirmReason, ConfirmView};
use crate::views::package::draft::{
    self, Check, DraftView, Outcome, Proposal, ProposedView, Verdict,
};

/// How long the page of a model waits for what is proposed to it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What waits for a decision, for those who may look at it.
pub(in crate::pages) async fn waiting(visit: &Visit, key: &ModelKey) -> Vec<Proposal> {
    if !visit.caller.has(Permission::PackagesRead) {
        return Vec::new();
    }
    // The page is there while the store is not.
    let drafts = timeout(PATIENCE, visit.dashboard().drafts(&visit.caller, key)).await;
    let drafts = drafts.ok().and_then(Result::ok).unwrap_or_default();
    let sources = Sources::new(visit);
    drafts.iter().map(|it| proposal(it, &sources)).collect()
}

pub(super) fn proposal(draft: &Draft, sources: &Sources) -> Proposal {
    Proposal {
        package: draft.package.to_string(),
        by: sources.actor(&draft.by, draft.source.as_deref()),
        at: draft.at.into(),
        message: draft.message.clone(),
        file_name: draft.file_name.clone(),
        digest: draft.digest.map(|it| it.to_hex()).unwrap_or_default(),
        unreadable: draft.unreadable,
    }
}

/// The page.
pub(in crate::pages) async fn show(
    visit: Visit,
    (key, package): (ModelKey, PackageId),
) -> Result<Response, Failure> {
    answer(
        &visit,
        &key,
        package,
        StatusCode::OK,
        Typed::default(),
        None,
    )
    .await
}

/// What was typed on the page.
#[derive(Debug, Default)]
struct Typed {
    reason: Field,
    /// The state of the model for which the others were confirmed.
    state: String,
    confirmed: Confirmed,
}

/// The page with what was typed, and why it was not published.
async fn answer(
    visit: &Visit,
    key: &ModelKey,
    package: PackageId,
    status: StatusCode,
    typed: Typed,
    error: Option<String>,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let view = match dashboard.draft(caller, key, package).await {
        Ok(found) => {
            let (found, mut proposed) = proposed(visit, found).await?;
            let is_same = typed.state == proposed.if_match;
            if is_same {
                proposed.may_break.means_it = typed.confirmed.breaking;
                proposed.may_break.lacks_it = typed.confirmed.incomplete;
            }
            proposed.reason = typed.reason;
            proposed.error = error;
            let outcome = Outcome::Proposed(Box::new(proposed));
            view(visit, &found.model, &found.draft, outcome)
        }
        // It is discarded there.
        Err(error @ (Error::Removed { .. } | Error::Invalid(_))) => {
            let outcome = match &error {
                Error::Removed { removal, .. } => Outcome::Removed(removal.to_string()),
                error => Outcome::Impossible(error.to_string()),
            };
            let model = dashboard.model(caller, key).await?;
            view(visit, &model, &one(visit, key, package).await?, outcome)
        }
        Err(error) => return Err(error.into()),
    };
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, draft::page(&frame, &view))
        .await
}

fn view(visit: &Visit, model: &Model, draft: &Draft, outcome: Outcome) -> DraftView {
    DraftView {
        network_type: model.key.network_type.to_string(),
        name: model.key.name.to_string(),
        alias: model.definition.alias(),
        enabled: model.definition.enabled(),
        revision: model.revision(),
        proposal: proposal(draft, &Sources::new(visit)),
        outcome,
    }
}

async fn proposed(
    visit: &Visit,
    found: ProposedRevision,
) -> Result<(ProposedRevision, ProposedView), Error> {
    let needed = visit.dashboard().policy().min_package_trust;
    let before = show::report_now(visit, &found.model.key).await;
    // What is compared may be large.
    let compared = tokio::task::spawn_blocking(move || {
        let proposed = compared(&found, before.as_ref(), needed);
        (found, proposed)
    });
    compared
        .await
        .map_err(|error| Error::Internal(Box::new(error)))
}

/// What the draft differs in, from the model and from the package that it had `before`.
fn compared(found: &ProposedRevision, before: Option<&Report>, needed: Trust) -> ProposedView {
    let report = found.report();
    let since = before.zip(report).map(|(before, report)| {
        let compared = ReportComparison::between(before, report);
        told::since(&compared)
    });
    let checks = found.checks(needed).into_iter().map(|check| Check {
        verdict: match check.verdict {
            CheckVerdict::Passed => Verdict::Passed,
            CheckVerdict::Doubtful => Verdict::Doubtful,
            // What a later library tells is read as the worst there is.
            _ => Verdict::Failed,
        },
        text: check.text,
    });
    ProposedView {
        if_match: found.model.version.to_string(),
        changes: history::changes(&found.changes()),
        checks: checks.collect(),
        since_last: since,
        file_name: found.head.file_name.clone(),
        size: found.head.size,
        digest: found.head.digest.to_hex(),
        uploaded_by: found.head.uploaded_by.clone(),
        found: report
            .map(|report| told::found(report, None))
            .unwrap_or_default(),
        may_break: told::may_break(found.may_break(), Confirmed::default()),
        ..ProposedView::default()
    }
}

/// A draft by itself.
async fn one(visit: &Visit, key: &ModelKey, package: PackageId) -> Result<Draft, Error> {
    let drafts = visit.dashboard().drafts(&visit.caller, key).await?;
    let found = drafts.into_iter().find(|draft| draft.package == package);
    found.ok_or_else(|| Error::NotFound {
        what: format!("draft {package} of model {key}"),
        near: Vec::new(),
    })
}

/// Publishes it.
pub(in crate::pages) async fn publish(
    visit: Visit,
    (key, package): (ModelKey, PackageId),
    form: Form,
) -> Result<Response, Failure> {
    visit.require(Permission::PackagesWrite).await?;
    visit.require(Permission::ModelsWrite).await?;
    let state = Precondition::Version(seen(&form)?);
    let reason = form.text("reason");
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let confirmed = confirmed(&form);
    let published = dashboard.publish_draft(caller, &key, package, confirmed, state, reason);
    let error = match published.await {
        Ok(model) => {
            let revision = model.revision().map(|n| format!(" It is revision {n}."));
            let alias = model.definition.alias();
            let text = format!("{alias} has the package.{}", revision.unwrap_or_default());
            return visit.done(&page_of(&visit, &key), text);
        }
        Err(error) => error,
    };
    let status = Kind::of(&error).status;
    let (reason, text) = match &error {
        Error::Invalid(wrong) if wrong.iter().all(|it| it.field == "message") => {
            let message = wrong.first().map(|it| it.message.clone());
            (Field::new(reason).wrong(message.unwrap_or_default()), None)
        }
        Error::Conflict { .. } => (
            Field::new(reason),
            Some(
                "somebody changed the model meanwhile; nothing was published. This is what the \
                 draft changes of it as it is now"
                    .to_owned(),
            ),
        ),
        Error::Untrusted { .. }
        | Error::Breaking { .. }
        | Error::Incomplete { .. }
        | Error::Invalid(_) => (Field::new(reason), Some(error.to_string())),
        error if errors::may_try_again(error) => (Field::new(reason), Some(error.to_string())),
        _ => return Err(error.into()),
    };
    let typed = Typed {
        reason,
        state: form.text("if_match").to_owned(),
        confirmed,
    };
    let mut response = answer(&visit, &key, package, status, typed, text).await?;
    errors::say_when(response.headers_mut(), &error);
    Ok(response)
}

/// Asks before a draft ends.
pub(in crate::pages) async fn ask_discard(
    visit: Visit,
    (key, package): (ModelKey, PackageId),
) -> Result<Response, Failure> {
    visit.require(Permission::PackagesWrite).await?;
    visit.require(Permission::ModelsWrite).await?;
    let draft = one(&visit, &key, package).await?;
    let (links, network_type, name) = (visit.links(), key.network_type.as_str(), key.name.as_str());
    let package = package.to_string();
    let view = ConfirmView {
        section: Section::Models,
        heading: match draft.unreadable {
            true => "Discard this draft, which cannot be read?".to_owned(),
            false => format!("Discard the draft of {}?", draft.by),
        },
        consequences: vec![
            "The model stays as it is. The bytes of the package are deleted, unless a model has \
             them already."
                .to_owned(),
        ],
        items: Vec::new(),
        action: links.discard_draft(network_type, name, &package),
        hidden: Vec::new(),
        button: "Discard the draft".to_owned(),
        danger: true,
        back: links.draft(network_type, name, &package),
        reason: Some(ConfirmReason {
            field: Field::default(),
            required: false,
            example: "What speaks against it?".to_owned(),
        }),
    };
    let frame = visit.frame().await;
    visit.page(&frame, confirm::page(&frame, &view)).await
}

/// Ends it.
pub(in crate::pages) async fn discard(
    visit: Visit,
    (key, package): (ModelKey, PackageId),
    form: Form,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let reason = form.text("reason");
    let discarded = dashboard.discard_draft(caller, &key, package, reason).await;
    discarded?;
    visit.done(&page_of(&visit, &key), "The draft was discarded.")
}
