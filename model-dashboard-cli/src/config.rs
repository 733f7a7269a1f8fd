//! `config`: what is set, and where.

use clap::Subcommand;
use model_dashboard::config::Setting;
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::Context;
use crate::output::note;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting, its value (secrets masked), where that came from, and its range
    Show,
}

#[derive(Serialize)]
struct Shown<'a> {
    settings: &'a [Setting],
    warnings: &'a [String],
}

pub(crate) fn run(command: ConfigCommand, context: &Context) -> Result<(), Failure> {
    let ConfigCommand::Show = command;
    let config = context.config()?;
    let shown = Shown {
        settings: config.settings(),
        warnings: config.warnings(),
    };
    for warning in shown.warnings {
        note(format_args!("warning: {warning}"));
    }
    context.output.show(&shown, || {
        let rows = shown.settings.iter().map(|setting| {
            [
                setting.name.to_owned(),
                setting.value.clone().unwrap_or_default(),
                setting.origin.to_string(),
                setting.variable.to_owned(),
                setting.allowed.clone().unwrap_or_default(),
            ]
        });
        context
            .output
            .table(["SETTING", "VALUE", "FROM", "VARIABLE", "ALLOWED"], rows)
    })
}
