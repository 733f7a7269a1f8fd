//! `model` commands by way of a server.

mod commands;

pub(super) use commands::show_changed;

use model_dashboard::client::{Client, RemoteModel};
use model_dashboard::model::{ModelKey, ModelRef, Selector};

use super::history::remote;
use super::{Changed, ModelCommand, export, import};
use crate::failure::{Failure, Kind};
use crate::installation::Context;

pub(super) async fn run(
    command: ModelCommand,
    client: &Client,
    context: &Context,
) -> Result<(), Failure> {
    match command {
        ModelCommand::List(list) => commands::list(list, client, context).await,
        ModelCommand::Show(show) => commands::show(&show, client, context).await,
        ModelCommand::Edit(edit) => commands::edit(edit, client, context).await,
        ModelCommand::Enable(enable) => commands::enable(&enable, client, context).await,
        ModelCommand::Disable(several) => commands::disable(&several, client, context).await,
        ModelCommand::Create(create) => commands::create(create, client, context).await,
        ModelCommand::Rename(rename) => commands::rename(&rename, client, context).await,
        ModelCommand::Delete(several) => commands::delete(&several, client, context).await,
        ModelCommand::History(history) => remote::history(&history, client, context).await,
        ModelCommand::Diff(diff) => remote::diff(&diff, client, context).await,
        ModelCommand::Restore(restore) => remote::restore(&restore, client, context).await,
        ModelCommand::Import(import) => import::at_a_server(import, client, context).await,
        ModelCommand::Export(export) => export::from_a_server(export, client, context).await,
        // They run elsewhere.
        ModelCommand::Inspect(_)
        | ModelCommand::Verify(_)
        | ModelCommand::Pull(_)
        | ModelCommand::Upload(_)
        | ModelCommand::Draft(_) => Ok(()),
    }
}

/// The model that `text` names: `type/name`, or a name that is there once.
pub(super) async fn key(text: &str, client: &Client) -> Result<ModelKey, Failure> {
    if text.contains('/') {
        return text.parse().map_err(|error| {
            Failure::usage(format!("“{text}” cannot be a model: each part {error}"))
        });
    }
    let keys = client.named(text).await?;
    match keys.as_slice() {
        [key] => Ok(key.clone()),
        [] => {
            let message = format!("there is no model {text} at {}", client.server());
            Err(Failure::new(Kind::NotFound, message)
                .hint("`model-dashboard model list` lists what is there"))
        }
        several => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            let message = format!("several models are called {text}");
            Err(Failure::new(Kind::Conflict, message)
                .hint(format!("choose one of {}", names.join(", "))))
        }
    }
}

/// The model and the revision that `text` names, `None` for the present one.
pub(super) async fn reference(
    text: &str,
    client: &Client,
) -> Result<(ModelKey, Option<u64>), Failure> {
    let start = text.find('/').map_or(0, |slash| slash + 1);
    let Some(at) = text[start..].rfind('@').map(|at| start + at) else {
        return Ok((key(text, client).await?, None));
    };
    let key = key(&text[..at], client).await?;
    let reference: Result<ModelRef, _> = format!("{key}{}", &text[at..]).parse();
    match reference.map_err(Failure::usage)?.selector {
        Selector::Current => Ok((key, None)),
        Selector::Revision(number) => Ok((key, Some(number.get()))),
        _ => Err(
            Failure::usage("by way of a server a revision is named by its number")
                .hint("write TYPE/NAME@12"),
        ),
    }
}

/// A model that was changed, for programs.
pub(super) fn changed(model: &RemoteModel) -> Changed {
    Changed {
        key: model.key.to_string(),
        enabled: model.definition.enabled(),
        revision: model.revision(),
        version: model.etag.trim_matches('"').to_owned(),
    }
}

/// The model as it is, or was as of a revision.
pub(super) async fn model(
    key: &ModelKey,
    revision: Option<u64>,
    client: &Client,
) -> Result<RemoteModel, Failure> {
    Ok(match revision {
        Some(revision) => client.model_at(key, revision).await?,
        None => client.model(key).await?,
    })
}
