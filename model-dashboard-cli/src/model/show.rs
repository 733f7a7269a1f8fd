//! `model show`.

use clap::Args;
use model_dashboard::dashboard::Model;

use crate::failure::Failure;
use crate::installation::{Context, Installation};
use crate::output::{or_empty, printable};

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// TYPE/NAME, or a name
    model: String,

    /// Print the stored text as it is, readable or not
    #[arg(long)]
    raw: bool,
}

pub(super) async fn run(show: &Show, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let key = installation.model_key(&show.model).await?;
            if show.raw {
                let raw = dashboard.raw(caller, &key).await?;
                if !context.output.is_terminal() {
                    return context.output.bytes(&raw.bytes);
                }
                let text = String::from_utf8_lossy(&raw.bytes);
                return context.output.text(&printable(&text));
            }
            let model = dashboard.model(caller, &key).await?;
            match context.output.is_json() {
                true => context
                    .output
                    .json_text(&model.definition.as_object().to_pretty()),
                false => context.output.text(&table(&model, context)),
            }
        })
        .await
}

fn table(model: &Model, context: &Context) -> String {
    let definition = &model.definition;
    let registry = definition.registry();
    let registry = registry.as_ref();
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let state = match definition.enabled() {
        true => "enabled",
        false => "disabled",
    };
    let mut shown = context.output.properties([
        ("model", model.key.to_string()),
        ("alias", definition.alias()),
        ("state", state.to_owned()),
        ("version", definition.version()),
        ("revision", or_empty(model.revision())),
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
        ("note", or_empty(definition.contradicts(&model.key))),
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
