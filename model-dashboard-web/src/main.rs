//! The web server of Model Dashboard: reads the configuration, starts what it says, ends in order.

mod administrator;
mod arguments;
mod ending;
mod failure;
mod health_check;
mod logging;
mod run;
mod welcome;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use model_dashboard::config::Config;

use self::arguments::Arguments;
use self::failure::Failure;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Without standard error there is no one left to tell.
            let _ = writeln!(std::io::stderr(), "{failure}");
            failure.exit_code()
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let folder = arguments.config.as_deref();
    let config =
        Config::load(folder, std::env::vars_os(), arguments.flags()).map_err(Failure::usage)?;
    if arguments.check_health {
        return health_check::run(&config, arguments);
    }
    logging::close_to_others();
    let _logs = logging::start(&config.logging)
        .map_err(|error| Failure::unavailable(config.cite("logging.dir"), &error))?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::unavailable("the threads cannot be started", &error))?;
    let ended = runtime.block_on(run::run(&config, arguments));
    runtime.shutdown_timeout(*ended.as_ref().unwrap_or(&Duration::ZERO));
    ended.map(drop)
}
