//! `model show`.

use clap::Args;
use model_dashboard::dashboard::{Error, ModelRevision, Origin, RevisionContent};
use model_dashboard::model::{ContentDigest, ModelDefinition, ModelKey};
use model_dashboard::package::inspect::Report;

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
            let is_past = past.is_some();
            let (key, definition, number) = match past {
                Some(past) => held(past, key)?,
                None => {
                    let model = dashboard.model(caller, &key).await?;
                    let number = model.revision();
                    (model.key, model.definition, number)
                }
            };
            if context.output.is_json() {
                let text = definition.as_object().to_pretty();
                return context.output.json_text(&text);
            }
            let beside = beside(&key, &definition, is_past, installation).await;
            let table = table(&key, &definition, number, &beside, context);
            context.output.text(&table)
        })
        .await
}

async fn beside(
    key: &ModelKey,
    definition: &ModelDefinition,
    is_past: bool,
    Installation {
        dashboard, caller, ..
    }: &Installation,
) -> Beside {
    let package = match names_package(definition) {
        // By the definition: a model may have had another key then.
        true => match dashboard
            .package_report_of(caller, key, definition.clone())
            .await
        {
            Ok(found) => {
                let report = found.record.as_ref().and_then(|it| it.report.as_ref());
                let head = &found.package.head;
                package(&head.file_name, head.size, head.digest, report)
            }
            Err(error) => error.to_string(),
        },
        false => String::new(),
    };
    let drafts = match is_past {
        true => String::new(),
        false => match dashboard.drafts(caller, key).await {
            Ok(drafts) => waiting(drafts.len()),
            // A definition that another program wrote has none.
            Err(Error::Invalid(_)) => String::new(),
            Err(error) => error.to_string(),
        },
    };
    Beside { package, drafts }
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

/// What is kept beside a definition, in words; empty for nothing.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) package: String,
    pub(super) drafts: String,
}

pub(super) fn names_package(definition: &ModelDefinition) -> bool {
    definition.registry().is_some_and(|it| it.package.is_some())
}

pub(super) fn package(
    file_name: &str,
    size: u64,
    digest: ContentDigest,
    report: Option<&Report>,
) -> String {
    let trust = report.map(|report| format!(", {}", report.trust()));
    let size = super::inspect::bytes(size);
    format!("{file_name}, {size}, {digest}{}", trust.unwrap_or_default())
}

pub(super) fn waiting(drafts: usize) -> String {
    match drafts {
        0 => String::new(),
        1 => "1 waits for a decision (`model draft show`)".to_owned(),
        more => format!("{more} wait for a decision (`model draft list`)"),
    }
}

pub(super) fn table(
    key: &ModelKey,
    definition: &ModelDefinition,
    number: Option<u64>,
    beside: &Beside,
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
        ("package", beside.package.clone()),
        ("drafts", beside.drafts.clone()),
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
