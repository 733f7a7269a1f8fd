//! The command line: what is the same for every command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::audit::AuditCommand;
use crate::completions::Completions;
use crate::config::ConfigCommand;
use crate::db::DbCommand;
use crate::doctor::Doctor;
use crate::init::Init;
use crate::model::ModelCommand;
use crate::output::Format;
use crate::package::PackageCommand;
use crate::remote::Login;
use crate::storage::StorageCommand;
use crate::token::TokenCommand;
use crate::user::UserCommand;

/// Administers a Model Dashboard: accounts, API tokens, models, the installation itself.
///
/// Works on the installation of this machine's configuration, with all rights, also while its
/// server runs. The audit log says who did it: cli:USER@HOST.
///
/// With --server, MODEL_DASHBOARD_URL or after `login`, `model` commands work at that server instead,
/// from anywhere, with the rights of a token: MODEL_DASHBOARD_TOKEN, MODEL_DASHBOARD_TOKEN_FILE or that
/// of `login`. MODEL_DASHBOARD_CA_FILE names certificates (PEM) to trust besides the system's.
///
/// Exit codes: 1 failed, 2 wrong usage or input, 3 not found, 4 conflict, 5 denied, 6 something
/// that is needed is not available.
#[derive(Debug, Parser)]
#[command(name = "model-dashboard", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What applies to every command.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// Folder of config.toml and secrets.toml [default: ./config]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Global options"
    )]
    pub(crate) config: Option<PathBuf>,

    /// Folder for models and accounts [default: ./data]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Global options"
    )]
    pub(crate) data_dir: Option<String>,

    /// Address of the server that `model` commands work at [default: MODEL_DASHBOARD_URL]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        conflicts_with = "local",
        help_heading = "Global options"
    )]
    pub(crate) server: Option<String>,

    /// Work on the installation of this machine, whatever variables or a login say
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) local: bool,

    /// Shape of the result on standard output
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Global options"
    )]
    pub(crate) output: Format,

    /// Do what cannot be undone without asking
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Accounts of people and pipelines
    #[command(subcommand)]
    User(UserCommand),
    /// API tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Models
    #[command(subcommand)]
    Model(ModelCommand),
    /// Packages of models
    #[command(subcommand)]
    Package(PackageCommand),
    /// The store of the models
    #[command(subcommand)]
    Storage(StorageCommand),
    /// Set up an installation: storage, first administrator, models. Again changes nothing
    Init(Init),
    /// The audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The user database
    #[command(subcommand)]
    Db(DbCommand),
    /// Try everything that the installation depends on, and say what to fix
    Doctor(Doctor),
    /// Store a server's address and a token, asked for or read from standard input
    Login(Login),
    /// Forget the server and the token of `login`
    Logout,
    /// Print completions for a shell
    Completions(Completions),
}

/// Why something is changed.
#[derive(Debug, Default, Args)]
pub(crate) struct Reason {
    /// Why; needed where an enabled model is changed
    #[arg(
        id = "message",
        long = "message",
        short = 'm',
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) text: String,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_is_described() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name}");
            for argument in command.get_arguments().filter(|it| !it.is_hide_set()) {
                let help = argument.get_help().map(ToString::to_string);
                let described = help.is_some_and(|help| !help.trim().is_empty());
                assert!(described, "{name} {}", argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        let mut all = Arguments::command();
        all.build();
        check(&all);
    }

    #[test]
    fn no_argument_takes_a_secret() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                let takes_value = argument.get_action().takes_values();
                let is_secret = name.contains("password") || name.contains("secret");
                assert!(
                    !(is_secret && takes_value) || name == "password_file",
                    "{} {name}",
                    command.get_name()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
