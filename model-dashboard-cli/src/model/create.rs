//! `model create`.

use clap::Args;
use model_dashboard::model::{ModelDefinition, ModelKey};

use super::fields::Fields;
use super::files::{parse, read_argument};
use super::show_changed;
use crate::args::Reason;
use crate::failure::Failure;
use crate::installation::{Context, Installation, new_key};
use crate::output::note;

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// TYPE/NAME
    model: String,

    /// Begin with the definition in this file, or - for standard input
    #[arg(long, value_name = "FILE")]
    file: Option<String>,

    #[command(flatten)]
    fields: Fields,

    #[command(flatten)]
    pub(super) reason: Reason,
}

impl Create {
    /// The new model as it is to be.
    pub(super) fn read(&self) -> Result<(ModelKey, ModelDefinition), Failure> {
        let key = new_key(&self.model, None)?;
        let mut definition = match &self.file {
            Some(file) => parse(&read_argument(file)?)?,
            None => ModelDefinition::new(&key),
        };
        definition.merge_patch(&self.fields.patch()?);
        Ok((key, definition))
    }
}

pub(super) async fn run(create: Create, context: &Context) -> Result<(), Failure> {
    let (key, definition) = create.read()?;
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let reason = &create.reason.text;
            let model = dashboard.create(caller, key, definition, reason).await?;
            note(format_args!("created {}", model.key));
            show_changed(&model, context)
        })
        .await
}
