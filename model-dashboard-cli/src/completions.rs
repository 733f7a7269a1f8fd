//! `completions`: what a shell needs to complete a command line.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Arguments;
use crate::failure::Failure;
use crate::installation::Context;

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(command: &Completions, context: &Context) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut definition = Arguments::command();
    clap_complete::generate(
        command.shell,
        &mut definition,
        "model-dashboard",
        &mut script,
    );
    context.output.bytes(&script)
}
