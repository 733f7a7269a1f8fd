//! A directory that people sign in with.

use std::time::Duration;

use http::StatusCode;
use model_dashboard::auth::{
    Diagnosis, DiagnosisStep, Identity, Permission, Source, User, Verdict,
};
use model_dashboard::dashboard::{Error, SourceDoubt, SourceRecheck, SourceState, SourceTrouble};
use model_dashboard::model::Timestamp;
use warp::reply::Response;

use crate::pages::errors::sentence;
use crate::pages::form::Form;
use crate::pages::visit::{Failure, Visit, who_can};
use crate::views::admin::directory::{
    self, DirectoryView, Doubted, Found, Looked, Step, StepVerdict, Trouble, Walk,
};
use crate::views::components::field::Field;
use crate::views::components::time;

/// The page.
pub(super) async fn show(visit: Visit, source: Source) -> Result<Response, Failure> {
    let view = view(&visit, &source).await?;
    answer(&visit, StatusCode::OK, &view).await
}

async fn answer(
    visit: &Visit,
    status: StatusCode,
    view: &DirectoryView,
) -> Result<Response, Failure> {
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, directory::page(&frame, view))
        .await
}

async fn view(visit: &Visit, source: &Source) -> Result<DirectoryView, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let states = dashboard.source_states(caller).await?;
    let state = states.into_iter().find(|state| state.source == *source);
    let state = state.ok_or(Failure::Nothing)?;
    let policy = dashboard.policy();
    let grace = policy.recheck_grace.max(policy.recheck_interval);
    Ok(DirectoryView {
        source: state.source.to_string(),
        can_recheck: state.can_recheck,
        token_days: policy.unchecked_token_days,
        recheck_interval: policy.recheck_interval,
        grace,
        trouble: trouble(&state, grace),
        doubted: match state.doubt {
            Some(doubt) => {
                let people = dashboard.doubted_people(caller, source).await?;
                Some(doubted(doubt, people))
            }
            None => None,
        },
        label: state.label,
        facts: state
            .facts
            .into_iter()
            .map(|fact| (fact.name, fact.values))
            .collect(),
        may_recheck: caller.has(Permission::UsersAdmin),
        ..DirectoryView::default()
    })
}

/// What is wrong with a directory, for whoever administers it.
fn trouble(state: &SourceState, grace: Duration) -> Option<Trouble> {
    let trouble = state.trouble()?;
    let reason = trouble.reason();
    let reason = sentence(&reason);
    let reason = reason.trim_end_matches('.');
    let text = match &trouble {
        SourceTrouble::Failing(failing) => format!(
            "{} sign in with it: {}. {reason}. Sessions and tokens of its people go on for {} after \
             it last confirmed each of them.",
            who_can(failing.part),
            failing.part,
            time::span(grace),
        ),
        SourceTrouble::RequiredGroup(_) => format!(
            "It refuses people with the right password. {reason}. This ends with the next one who is \
             let in."
        ),
        SourceTrouble::Doubted(_) => format!(
            "{reason}. See that its base, filter and group are right, and that its service account \
             may read them."
        ),
        SourceTrouble::RoleGroups(_) => format!(
            "Groups that give roles are not as they should be. {reason}. See that the settings name \
             them as the directory does, and that its service account may read them. Who lost a role \
             by one has it again at the first look after that."
        ),
        SourceTrouble::Server(_) => format!(
            "{reason}. People can sign in with it, but each sign-in tries the other one first. See \
             that it runs, or put it behind the others in the settings."
        ),
        _ => format!("{reason}."),
    };
    Some(Trouble {
        since: trouble.since().into(),
        text,
    })
}

/// Walks through the steps of a sign-in.
pub(super) async fn test(visit: Visit, source: Source, form: Form) -> Result<Response, Failure> {
    let name = form.text("username").trim();
    let username = Some(name).filter(|name| !name.is_empty());
    let walked = visit
        .dashboard()
        .diagnose(&visit.caller, &source, username)
        .await;
    let mut view = view(&visit, &source).await?;
    view.username = Field::new(name);
    let status = match walked {
        Ok(diagnosis) => {
            view.walk = Some(walk(name, diagnosis));
            StatusCode::OK
        }
        Err(Error::Invalid(errors)) => {
            let message = errors.first().map(|error| sentence(&error.message));
            view.username = view.username.wrong(message.unwrap_or_default());
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(error @ Error::Busy { .. }) => {
            view.error = Some("Somebody else is testing at the moment. Try again soon.".to_owned());
            let mut response = answer(&visit, StatusCode::SERVICE_UNAVAILABLE, &view).await?;
            crate::pages::errors::say_when(response.headers_mut(), &error);
            return Ok(response);
        }
        Err(error) => return Err(error.into()),
    };
    answer(&visit, status, &view).await
}

fn walk(asked: &str, diagnosis: Diagnosis) -> Walk {
    Walk {
        steps: diagnosis.steps.into_iter().map(step).collect(),
        asked: asked.to_owned(),
        person: diagnosis.identity.map(found),
    }
}

fn step(step: DiagnosisStep) -> Step {
    Step {
        name: sentence(&step.name).trim_end_matches('.').to_owned(),
        verdict: match step.verdict {
            Verdict::Well => StepVerdict::Well,
            Verdict::Warning => StepVerdict::Warning,
            _ => StepVerdict::Failed,
        },
        saw: sentence(&step.saw),
        advice: sentence(&step.advice.unwrap_or_default()),
    }
}

fn found(identity: Identity) -> Found {
    let (role, role_reason) = match identity.role {
        Some(granted) => (granted.role.to_string(), sentence(&granted.reason)),
        None => (
            "not from the directory".to_owned(),
            "It gives no role: they keep the one that an administrator set, or get the default."
                .to_owned(),
        ),
    };
    Found {
        display_name: identity.display_name,
        username: identity.username.to_string(),
        subject: identity.id.subject.to_string(),
        email: identity.email.unwrap_or_default(),
        role,
        role_reason,
        groups: identity.groups,
    }
}

/// Looks at everybody.
pub(super) async fn recheck(visit: Visit, source: Source, form: Form) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let done = match seen(&form) {
        Some(doubt) => dashboard.believe_doubted(caller, &source, doubt).await,
        None => dashboard.recheck_source(caller, &source, false).await,
    };
    let mut view = view(&visit, &source).await?;
    let status = match done {
        Ok(done) => {
            view.looked = Some(looked(done));
            StatusCode::OK
        }
        Err(Error::Invalid(errors)) => {
            view.error = errors.first().map(|error| sentence(&error.message));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(error) => return Err(error.into()),
    };
    answer(&visit, status, &view).await
}

fn doubted(doubt: SourceDoubt, people: Vec<User>) -> Doubted {
    let people = people.into_iter();
    Doubted {
        people: people
            .map(|user| (user.id.to_string(), user.username.to_string()))
            .collect(),
        left: doubt.left,
        asked: doubt.asked,
        since: doubt.since.unix_micros().to_string(),
    }
}

/// The doubt that the person saw and does not share, if the form is that one.
fn seen(form: &Form) -> Option<SourceDoubt> {
    let since = form.text("since").parse().ok()?;
    Some(SourceDoubt {
        since: Timestamp::from_unix_micros(since),
        left: form.text("left").parse().ok()?,
        asked: form.text("asked").parse().ok()?,
    })
}

fn looked(done: SourceRecheck) -> Looked {
    Looked {
        asked: done.asked,
        still_there: done.still_there,
        changed: done.changed,
        left: done.left,
        doubted: done.doubted,
        unanswered: done.unanswered,
        reason: sentence(&done.reason.unwrap_or_default()),
    }
}
