//! Enabling and disabling a model.

use std::time::Duration;

use http::StatusCode;
use model_dashboard::auth::Permission;
use model_dashboard::dashboard::Error;
use model_dashboard::model::{ModelKey, Version};
use model_dashboard::repository::Precondition;
use tokio::time::timeout;
use warp::reply::Response;

use super::{action, confirmed, page_of, seen};
use crate::kind::Kind;
use crate::pages::form::Form;
use crate::pages::package::show as packages;
use crate::pages::visit::{Failure, Visit};
use crate::pages::{errors, model};

use crate::views::components::field::Field;
use crate::views::confirm::{self, ConfirmReason, ConfirmView};
use crate::views::package::MayBreakView;
use crate::views::{ModelAction, Section};

/// How long the question waits for what was found in the package.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is said where it was not confirmed that jobs may not run it correctly.
const UNTICKED: &str = "It is not enabled yet: tick the box if you mean it.";

/// Asks before a model is enabled.
pub(in crate::pages) async fn ask_enable(visit: Visit, key: ModelKey) -> Result<Response, Failure> {
    ask_enabled(visit, key, true).await
}

/// Asks before a model is disabled.
pub(in crate::pages) async fn ask_disable(
    visit: Visit,
    key: ModelKey,
) -> Result<Response, Failure> {
    ask_enabled(visit, key, false).await
}

async fn ask_enabled(visit: Visit, key: ModelKey, enable: bool) -> Result<Response, Failure> {
    visit.require(Permission::ModelsEnable).await?;
    let model = visit.dashboard().model(&visit.caller, &key).await?;
    let (alias, reason) = (model.definition.alias(), Field::default());
    let asked = Asked {
        version: model.version,
        enable,
        reason,
        told: None,
        may_break: MayBreakView {
            lacking: match enable {
                true => lacking(&visit, &key).await,
                false => Vec::new(),
            },
            ..MayBreakView::default()
        },
    };
    show_question(&visit, &key, &alias, asked, StatusCode::OK).await
}

/// A question, with what was answered before.
struct Asked {
    /// The state that it is about.
    version: Version,
    enable: bool,
    reason: Field,
    /// What became of the answer.
    told: Option<&'static str>,
    may_break: MayBreakView,
}

async fn show_question(
    visit: &Visit,
    key: &ModelKey,
    alias: &str,
    asked: Asked,
    status: StatusCode,
) -> Result<Response, Failure> {
    let (verb, consequence, does) = match asked.enable {
        true => (
            "Enable",
            "Inference jobs may use it from then on.",
            ModelAction::Enable,
        ),
        false => (
            "Disable",
            "Inference jobs may no longer use it. Jobs that run already go on.",
            ModelAction::Disable,
        ),
    };
    let view = ConfirmView {
        section: Section::Models,
        heading: format!("{verb} {alias}?"),
        consequences: asked
            .told
            .into_iter()
            .chain([consequence])
            .map(str::to_owned)
            .collect(),
        items: Vec::new(),
        action: action(visit, key, does),
        hidden: vec![("if_match".to_owned(), asked.version.to_string())],
        button: format!("{verb} the model"),
        danger: false,
        back: page_of(visit, key),
        reason: Some(ConfirmReason {
            field: asked.reason,
            ..ConfirmReason::default()
        }),
    };
    let frame = visit.frame().await;
    let page = confirm::page_despite(&frame, &view, &asked.may_break, "enable");
    visit.page_with(status, &frame, page).await
}

/// Why jobs may not run it correctly, as far as that is known soon.
async fn lacking(visit: &Visit, key: &ModelKey) -> Vec<String> {
    let found = timeout(PATIENCE, packages::report_now(visit, key)).await;
    let found = found.ok().flatten();
    found.map(|report| report.lacking()).unwrap_or_default()
}

/// Enables a model.
pub(in crate::pages) async fn enable(
    visit: Visit,
    key: ModelKey,
    form: Form,
) -> Result<Response, Failure> {
    set_enabled(visit, key, form, true).await
}

/// Disables a model.
pub(in crate::pages) async fn disable(
    visit: Visit,
    key: ModelKey,
    form: Form,
) -> Result<Response, Failure> {
    set_enabled(visit, key, form, false).await
}

async fn set_enabled(
    visit: Visit,
    key: ModelKey,
    form: Form,
    enable: bool,
) -> Result<Response, Failure> {
    let seen = seen(&form)?;
    let (dashboard, reason) = (visit.dashboard(), form.text("reason"));
    let (caller, state) = (&visit.caller, Precondition::Version(seen));
    let despite = enable && form.text("override") == "package";
    let confirmed = confirmed(&form);
    let outcome = if despite {
        let enabled = dashboard.enable_despite_package(caller, &key, state, reason);
        enabled.await
    } else if enable && confirmed.incomplete {
        let enabled = dashboard.enable_incomplete(caller, &key, state, reason);
        enabled.await
    } else {
        let set = dashboard.set_enabled(caller, &key, enable, state, reason);
        set.await
    };
    let changed = match outcome {
        Ok(changed) => changed,
        Err(error @ Error::Untrusted { .. }) if visit.caller.has(Permission::SystemAdmin) => {
            let told = Some(errors::sentence(&error.to_string()));
            let (reason, status) = (Field::new(reason), Kind::of(&error).status);
            return ask_despite(&visit, &key, seen, reason, told, status).await;
        }
        Err(Error::Invalid(wrong)) if despite => {
            let messages: Vec<_> = wrong
                .iter()
                .map(|it| errors::sentence(&it.message))
                .collect();
            let reason = Field::new(reason).wrong(messages.join(" "));
            let status = Kind::of(&Error::Invalid(wrong)).status;
            return ask_despite(&visit, &key, seen, reason, None, status).await;
        }
        Err(error)
            if matches!(
                error,
                Error::Invalid(_) | Error::PurgedPackage { .. } | Error::Incomplete { .. }
            ) || errors::may_try_again(&error) =>
        {
            let asked = Asked {
                version: seen,
                enable,
                reason: Field::new(reason),
                told: None,
                may_break: MayBreakView {
                    lacks_it: confirmed.incomplete,
                    ..MayBreakView::default()
                },
            };
            return show_again(&visit, &key, asked, error).await;
        }
        Err(error) => return Err(error.into()),
    };
    let state = if enable { "enabled" } else { "disabled" };
    visit.done(
        &page_of(&visit, &key),
        format!("{} is {state}.", changed.definition.alias()),
    )
}

/// Says why the package keeps the model from being enabled, where that is not known yet, and asks
/// whether it is to be all the same.
async fn ask_despite(
    visit: &Visit,
    key: &ModelKey,
    seen: Version,
    reason: Field,
    told: Option<String>,
    status: StatusCode,
) -> Result<Response, Failure> {
    let known = visit.dashboard().picture(&visit.caller).await?.get(key);
    let alias = known.map_or_else(|| key.to_string(), |known| known.alias().into_owned());
    let follows = "If you enable it all the same, jobs load the package and run whatever it runs, \
                   with their rights. The audit log keeps who allowed it, and why.";
    let view = ConfirmView {
        section: Section::Models,
        heading: format!("Enable {alias} whatever its package?"),
        consequences: told
            .into_iter()
            .chain(
                lacking(visit, key)
                    .await
                    .into_iter()
                    .map(|why| format!("Jobs may not run it correctly: {why}.")),
            )
            .chain([follows.to_owned()])
            .collect(),
        items: Vec::new(),
        action: action(visit, key, ModelAction::Enable),
        hidden: vec![
            ("if_match".to_owned(), seen.to_string()),
            ("override".to_owned(), "package".to_owned()),
        ],
        button: "Enable it all the same".to_owned(),
        danger: true,
        back: action(visit, key, ModelAction::Package),
        reason: Some(ConfirmReason {
            field: reason,
            required: true,
            example: "Who looked at it, and what did they find?".to_owned(),
        }),
    };
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, confirm::page(&frame, &view))
        .await
}

/// After an error, with the reason that was typed: the page as it is now if somebody else changed
/// it, otherwise the question about the state that was seen.
async fn show_again(
    visit: &Visit,
    key: &ModelKey,
    mut asked: Asked,
    error: Error,
) -> Result<Response, Failure> {
    let status = Kind::of(&error).status;
    let text = errors::sentence(&error.to_string());
    let mut response = if let Error::Conflict {
        current: Some(now), ..
    } = &error
    {
        model::show_with(visit, now, status, asked.reason, Some(text)).await?
    } else {
        let known = visit.dashboard().picture(&visit.caller).await?.get(key);
        let alias = known.map_or_else(|| key.to_string(), |known| known.alias().into_owned());
        match &error {
            Error::Incomplete { lacking, .. } => {
                asked.told = Some(UNTICKED);
                asked.may_break.lacking.clone_from(lacking);
            }
            _ => {
                asked.reason = asked.reason.wrong(text);
                if asked.enable {
                    asked.may_break.lacking = lacking(visit, key).await;
                }
            }
        }
        show_question(visit, key, &alias, asked, status).await?
    };
    errors::say_when(response.headers_mut(), &error);
    Ok(response)
}
