//! `model show`.

use clap::Args;
use model_dashboard::dashboard::{ModelRevision, Origin, RevisionContent};
use model_dashboard::model::{ModelDefinition, ModelKey};

use super::reference::{resolve, revision};
use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation};
use crate::output::{note, or_empty, printable};

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// TYPE/NAME, or a name; TYPE/NAME@12 for a revision, also of a deleted model
    pub(super) model: String,

    /// Print the stored text as it is, readable or not
    #[arg(long)]
    pub(super) raw: bool,
}

pub(super) async fn run(show: &Show, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let (key, selector) = resolve(&show.model, installation).await?;
            let past = revision(&key, selector, installation).await?;
            if show.raw {
                let bytes = match past {
                    None => dashboard.raw(caller, &key).await?.whole()?.bytes,
                    Some(past) => {
                        let stored = dashboard.stored_revision(caller, &key, past.number);
                        stored.await?.bytes
                    }
                };
                if !context.output.is_terminal() {
                    return context.output.bytes(&bytes);
                }
                let text = String::from_utf8_lossy(&bytes);
                return context.output.text(&printable(&text));
            }
            let (key, definition, number) = match past {
                Some(past) => held(past, key)?,
                None => {
                    let model = dashboard.model(caller, &key).await?;
                    let number = model.revision();
                    (model.key, model.definition, number)
                }
            };
            match context.output.is_json() {
                true => context
                    .output
                    .json_text(&definition.as_object().to_pretty()),
                false => context
                    .output
                    .text(&table(&key, &definition, number, context)),
            }
        })
        .await
}

/// What a revision held, under the key that it had then.
fn held(
    revision: ModelRevision,
    key: ModelKey,
) -> Result<(ModelKey, ModelDefinition, Option<u64>), Failure> {
    let number = revision.number;
    if revision.origin == Origin::Falsified {
        note(format_args!(
            "revision {number} was changed in the history by hand: it is not what was once stored"
        ));
    }
    match revision.content {
        RevisionContent::Definition(definition) => {
            Ok((revision.key.unwrap_or(key), *definition, Some(number)))
        }
        RevisionContent::Unreadable(why) => {
            let message = format!("revision {number} of {key} cannot be read: {why}");
            Err(Failure::new(Kind::Failed, message))
        }
        _ => {
            let message = format!("revision {number} of {key} is the deletion");
            let hint = format!("`model-dashboard model history '{key}'` lists the others");
            Err(Failure::new(Kind::NotFound, message).hint(hint))
        }
    }
}

pub(super) fn table(
    key: &ModelKey,
    definition: &ModelDefinition,
    number: Option<u64>,
    context: &Context,
) -> String {
    let registry = definition.registry();
    let registry = registry.as_ref();
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let state = match definition.enabled() {
        true => "enabled",
        false => "disabled",
    };
    let mut shown = context.output.properties([
        ("model", key.to_string()),
        ("alias", definition.alias()),
        ("state", state.to_owned()),
        ("version", definition.version()),
        ("revision", or_empty(number)),
        ("owner", text(registry.and_then(|info| info.owner.as_ref()))),
        (
            "tags",
            registry
                .map(|info| info.tags.join(", "))
                .unwrap_or_default(),
        ),
        ("created", definition.create_date().to_string()),
        ("modified", definition.last_modified_date().to_string()),
        (
            "by",
            text(registry.and_then(|info| info.modified_by.as_ref())),
        ),
        ("why", text(registry.and_then(|info| info.message.as_ref()))),
        (
            "derived from",
            text(registry.and_then(|info| info.derived_from.as_ref())),
        ),
        ("arguments", definition.inference_args()),
        (
            "arguments (derived)",
            match definition.inference_args().is_empty() {
                true => definition.derived_inference_args().unwrap_or_default(),
                false => String::new(),
            },
        ),
        ("note", or_empty(definition.contradicts(key))),
        (
            "incomplete",
            match definition.is_incomplete() {
                true => "no labels, no inference information, no arguments".to_owned(),
                false => String::new(),
            },
        ),
    ]);
    let description = definition.description();
    if !description.trim().is_empty() {
        shown.push_str("\n\n");
        shown.push_str(&printable(description.trim()));
    }
    let labels = definition.contour_names();
    if !labels.is_empty() {
        let rows = labels
            .iter()
            .map(|(number, names)| [number.to_string(), names.to_string()]);
        shown.push_str("\n\n");
        shown.push_str(&context.output.table(["LABEL", "CONTOUR"], rows));
    }
    shown
}
