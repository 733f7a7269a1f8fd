//! `model rename`, `enable`, `disable` and `delete`.

use clap::Args;
use model_dashboard::dashboard::Error;
use model_dashboard::model::ModelKey;
use model_dashboard::repository::Precondition;
use serde::Serialize;

use super::registry::Registry;
use super::{show_changed, warn};
use crate::args::Reason;
use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation, new_key};
use crate::output::note;
use crate::prompt::confirm;

#[derive(Debug, Args)]
pub(crate) struct Rename {
    /// TYPE/NAME, or a name
    pub(super) from: String,

    /// The new TYPE/NAME, or a new name within the same type
    pub(super) to: String,

    /// Rename it although its package says that it is for another model
    #[arg(long)]
    pub(super) as_typed: bool,

    #[command(flatten)]
    pub(super) reason: Reason,
}

#[derive(Debug, Args)]
pub(crate) struct Several {
    /// TYPE/NAME, or a name
    #[arg(required = true, value_name = "MODEL")]
    pub(super) models: Vec<String>,

    #[command(flatten)]
    pub(super) reason: Reason,
}

#[derive(Debug, Args)]
pub(crate) struct Enable {
    #[command(flatten)]
    pub(super) several: Several,

    /// Enable them also where jobs may not run them correctly: something is missing from a package, is broken or
    /// contradicts the rest, or nobody knows how it is run
    #[arg(long)]
    pub(super) incomplete: bool,

    /// Enable them whatever their packages, for this reason, which the audit log keeps
    #[arg(
        long = "override",
        value_name = "REASON",
        conflicts_with_all = ["message", "incomplete"],
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub(super) despite: Option<String>,
}

pub(super) async fn rename(rename: &Rename, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let from = installation.model_key(&rename.from).await?;
            let to = new_key(&rename.to, Some(&from.network_type))?;
            let reason = &rename.reason.text;
            let present = Precondition::Exists;
            let model = dashboard
                .rename(caller, &from, &to, rename.as_typed, present, reason)
                .await?;
            note(format_args!("{from} is {} now", model.key));
            show_changed(&model, context)
        })
        .await
}

pub(super) async fn enable(enable: &Enable, context: &Context) -> Result<(), Failure> {
    let Enable {
        several,
        incomplete,
        despite,
    } = enable;
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let keys = resolve(several, installation).await?;
            each(keys, "enabled", context, async |key| {
                let (present, reason) = (Precondition::Exists, &several.reason.text);
                match (despite, incomplete) {
                    (Some(why), _) => {
                        let enabled = dashboard.enable_despite_package(caller, key, present, why);
                        enabled.await?
                    }
                    (None, true) => {
                        let enabled = dashboard.enable_incomplete(caller, key, present, reason);
                        enabled.await?
                    }
                    (None, false) => {
                        let enabled = dashboard.set_enabled(caller, key, true, present, reason);
                        enabled.await?
                    }
                };
                warn_of_package(&Registry::Here(installation), key).await;
                Ok::<_, Error>(())
            })
            .await
        })
        .await
}

/// Says of a model that was enabled what its package would run, and why jobs may not run it correctly.
pub(super) async fn warn_of_package(registry: &Registry<'_>, key: &ModelKey) {
    // It is enabled, whether or not that can be told.
    let found = match registry.find(&key.to_string(), None).await {
        Ok(found) => found,
        Err(failure) => {
            if failure.kind() == Kind::Denied {
                note(format_args!(
                    "whether jobs can run {key} is told to those with packages:read"
                ));
            }
            return;
        }
    };
    if let Some(report) = &found.report {
        warn::of_package(&format!("the package of {key}"), report);
    }
}

pub(super) async fn disable(several: &Several, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let keys = resolve(several, installation).await?;
            each(keys, "disabled", context, async |key| {
                let present = Precondition::Exists;
                let reason = &several.reason.text;
                let disabled = dashboard.set_enabled(caller, key, false, present, reason);
                disabled.await.map(drop)
            })
            .await
        })
        .await
}

pub(super) async fn delete(several: &Several, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let keys = resolve(several, installation).await?;
            confirm_deletion(&keys, context)?;
            each(keys, "deleted", context, async |key| {
                let present = Precondition::Exists;
                dashboard
                    .delete(caller, key, present, &several.reason.text)
                    .await
            })
            .await
        })
        .await
}

/// Asks whether these are to be deleted.
pub(super) fn confirm_deletion(keys: &[ModelKey], context: &Context) -> Result<(), Failure> {
    let question = match keys {
        [key] => format!("Delete {key}?"),
        keys => format!("Delete {} models?", keys.len()),
    };
    let undo = "`model-dashboard model restore` brings deleted models back, disabled";
    confirm(&context.globals, &question, Some(undo))
}

/// Nothing is changed while one of them is not known.
async fn resolve(several: &Several, installation: &Installation) -> Result<Vec<ModelKey>, Failure> {
    let mut keys = Vec::with_capacity(several.models.len());
    for model in &several.models {
        keys.push(installation.model_key(model).await?);
    }
    Ok(keys)
}

#[derive(Serialize)]
struct Outcomes {
    models: Vec<Outcome>,
}

#[derive(Serialize)]
struct Outcome {
    key: String,
    result: &'static str,
    error: Option<String>,
}

/// Changes one model after the other; what fails for one leaves the others as they are.
pub(super) async fn each<E: Into<Failure>>(
    keys: Vec<ModelKey>,
    done: &'static str,
    context: &Context,
    change: impl AsyncFn(&ModelKey) -> Result<(), E>,
) -> Result<(), Failure> {
    let mut outcomes = Outcomes { models: Vec::new() };
    let mut failed: Vec<Kind> = Vec::new();
    for key in &keys {
        let error = match change(key).await {
            Ok(()) => {
                note(format_args!("{done} {key}"));
                None
            }
            Err(error) if keys.len() == 1 => return Err(error.into()),
            Err(error) => {
                let failure: Failure = error.into();
                failure.print();
                failed.push(failure.kind());
                Some(failure.message().to_owned())
            }
        };
        outcomes.models.push(Outcome {
            key: key.to_string(),
            result: if error.is_none() { done } else { "failed" },
            error,
        });
    }
    context.output.show(&outcomes, String::new)?;
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::several("models", &failed, keys.len())),
    }
}
