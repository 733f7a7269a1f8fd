//! The command line of Model Dashboard: works on the installation it is configured for, as the
//! host's administrator, or at a server with the rights of a token. What a command found goes to standard output, everything else to
//! standard error.

mod args;
mod audit;
mod completions;
mod config;
mod db;
mod doctor;
mod failure;
mod hint;
mod init;
mod installation;
mod model;
mod output;
mod package;
mod progress;
mod prompt;
mod recheck;
mod remote;
mod storage;
mod token;
mod user;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::args::{Arguments, Command};
use self::failure::Failure;
use self::installation::Context;

fn main() -> ExitCode {
    let Arguments { globals, command } = Arguments::parse();
    start_logs();
    match run(command, &Context::new(globals)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

fn run(command: Command, context: &Context) -> Result<(), Failure> {
    // Questions and files block this thread, which runs nothing but the command itself: the
    // library's tasks have threads of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::io("the program could not start", &error))?;
    runtime.block_on(async {
        refuse_elsewhere(&command, context)?;
        match command {
            Command::User(command) => user::run(command, context).await,
            Command::Token(command) => token::run(command, context).await,
            Command::Model(command) => model::run(command, context).await,
            Command::Package(command) => package::run(command, context).await,
            Command::Storage(command) => storage::run(command, context).await,
            Command::Init(command) => init::run(command, context).await,
            Command::Audit(command) => audit::run(command, context).await,
            Command::Config(command) => config::run(command, context),
            Command::Db(command) => db::run(command, context).await,
            Command::Doctor(doctor) => doctor::run(doctor, context).await,
            Command::Login(login) => remote::login(login, context).await,
            Command::Logout => remote::logout(),
            Command::Completions(command) => completions::run(&command, context),
        }
    })
}

/// Commands that work on this machine alone do not do so where a server is meant.
fn refuse_elsewhere(command: &Command, context: &Context) -> Result<(), Failure> {
    let server = match command {
        Command::Model(_) | Command::Login(_) | Command::Logout => return Ok(()),
        // What is done here does nothing there, and cannot be undone.
        Command::Token(_)
        | Command::Package(_)
        | Command::Storage(storage::StorageCommand::Gc(_)) => {
            context.server()?.map(|client| client.server().to_string())
        }
        _ => context.globals.server.clone(),
    };
    match server {
        Some(server) => Err(remote::here_alone(&server)),
        None => Ok(()),
    }
}

/// The warnings that are told: all but of what commands end with as their error (`ldap3` also
/// warns of a goodbye that the server did not wait for).
fn told() -> Targets {
    let told_as_errors = [
        "ldap3",
        "model_dashboard::unanswered",
        "rustls_platform_verifier",
    ];
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(told_as_errors.map(|target| (target, LevelFilter::OFF)))
}

/// What the library has to warn of goes to standard error; results and errors do not pass here.
fn start_logs() {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .with_ansi(!plain && std::io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        .finish()
        .with(told())
        .init();
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_warning_is_told_unless_an_error_ends_the_command_with_it() {
        let told = told();
        assert!(told.would_enable("model_dashboard::catalog", &Level::WARN));
        assert!(!told.would_enable("model_dashboard::catalog", &Level::INFO));
        assert!(!told.would_enable("ldap3::conn", &Level::WARN));
    }
}
