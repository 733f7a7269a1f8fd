//! `model`: models and their definitions.

mod argo;
mod asked;
mod change;
mod changes;
mod create;
mod draft;
mod edit;
mod export;
mod fields;
pub(crate) mod files;
mod history;
mod import;
mod inspect;
mod list;
mod package_changes;
mod past;
mod pull;
mod reference;
mod registry;
mod remote;
mod show;
mod upload;
mod verify;
mod warn;

pub(crate) use import::{ImportedFiles, import_all};

use clap::Subcommand;
use model_dashboard::dashboard::Model;
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::Context;

/// Models are named TYPE/NAME, or by the name alone where one type has it; a revision of one
/// TYPE/NAME@12.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// List models, also broken ones; or deleted ones, or those of a time in the past
    List(list::List),
    /// Show a model or a revision of it; with --output json its definition
    Show(show::Show),
    /// Create a model
    Create(create::Create),
    /// Change a definition: in $EDITOR, or by --set, --patch or --file
    Edit(edit::Edit),
    /// Give a model another name or type; it keeps its identity and history
    Rename(change::Rename),
    /// Let inference jobs use models
    Enable(change::Enable),
    /// Keep inference jobs from using models
    Disable(change::Several),
    /// Delete models; their history stays
    Delete(change::Several),
    /// Tell who changed a model, when, why and what
    History(history::History),
    /// Compare two revisions: fields, labels, and the files of their packages
    Diff(history::Diff),
    /// Make a revision the present state again, or bring a deleted model back
    Restore(history::Restore),
    /// Take in definitions from files
    Import(import::Import),
    /// Write definitions to a folder or one JSON file
    Export(export::Export),
    /// Tell what a model package is and holds, without running it; needs no installation
    Inspect(inspect::Inspect),
    /// Fetch the package of a model, lay it out for its framework, print what runs it
    Pull(pull::Pull),
    /// Tell whether folders still hold what `model pull` put there; needs no registry
    Verify(verify::Verify),
    /// Send a package, a folder too, tell what was found in it, and give it to a model
    Upload(upload::Upload),
    /// Packages that wait beside a model until somebody publishes or discards them
    #[command(subcommand)]
    Draft(draft::DraftCommand),
}

pub(crate) async fn run(command: ModelCommand, context: &Context) -> Result<(), Failure> {
    match command {
        ModelCommand::Inspect(inspect) => return inspect::run(&inspect, context),
        ModelCommand::Verify(verify) => return verify::run(&verify, context),
        ModelCommand::Pull(pull) => return pull::run(&pull, context).await,
        ModelCommand::Upload(upload) => return upload::run(&upload, context).await,
        ModelCommand::Draft(draft) => return draft::run(&draft, context).await,
        _ => {}
    }
    if let Some(client) = context.server()? {
        return remote::run(command, &client, context).await;
    }
    match command {
        ModelCommand::List(list) => list::run(list, context).await,
        ModelCommand::Show(show) => show::run(&show, context).await,
        ModelCommand::Create(create) => create::run(create, context).await,
        ModelCommand::Edit(edit) => edit::run(edit, context).await,
        ModelCommand::Rename(rename) => change::rename(&rename, context).await,
        ModelCommand::Enable(enable) => change::enable(&enable, context).await,
        ModelCommand::Disable(several) => change::disable(&several, context).await,
        ModelCommand::Delete(several) => change::delete(&several, context).await,
        ModelCommand::History(history) => history::history(&history, context).await,
        ModelCommand::Diff(diff) => history::diff(&diff, context).await,
        ModelCommand::Restore(restore) => history::restore(&restore, context).await,
        ModelCommand::Import(import) => import::run(import, context).await,
        ModelCommand::Export(export) => export::run(export, context).await,
        // They ran above.
        ModelCommand::Inspect(_)
        | ModelCommand::Verify(_)
        | ModelCommand::Pull(_)
        | ModelCommand::Upload(_)
        | ModelCommand::Draft(_) => Ok(()),
    }
}

/// A model that was changed, for programs; people have read a note.
#[derive(Serialize)]
struct Changed {
    key: String,
    enabled: bool,
    revision: Option<u64>,
    version: String,
}

impl From<&Model> for Changed {
    fn from(model: &Model) -> Self {
        Self {
            key: model.key.to_string(),
            enabled: model.definition.enabled(),
            revision: model.revision(),
            version: model.version.to_string(),
        }
    }
}

fn show_changed(model: &Model, context: &Context) -> Result<(), Failure> {
    context.output.show(&Changed::from(model), String::new)
}
