//! The command line of the web server.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Serves the Model Dashboard and its REST API.
///
/// Every setting can also be given as a variable or in config/config.toml; the README lists them.
#[derive(Debug, Parser)]
#[command(name = "model-dashboard-web", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Put sample models into an empty registry, to look around
    #[arg(long)]
    pub(crate) demo: bool,

    /// Start one of the two servers only
    #[arg(long, value_enum, value_name = "SERVER")]
    pub(crate) only: Option<Only>,

    /// Start nothing; ask the server that runs here whether it is well, and end with 0 or 6
    #[arg(long, conflicts_with = "demo")]
    pub(crate) check_health: bool,

    /// Folder of config.toml and secrets.toml [default: ./config]
    #[arg(long, value_name = "DIR")]
    pub(crate) config: Option<PathBuf>,

    #[command(flatten)]
    settings: SettingFlags,
}

/// One of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    /// The dashboard
    Dashboard,
    /// The REST API
    Api,
}

/// Flags that are settings: the library parses them, so that a bad one is told like any other.
#[derive(Debug, clap::Args)]
struct SettingFlags {
    /// Address that the dashboard listens on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    host: Option<String>,

    /// Port of the dashboard [default: 8501]
    #[arg(long, value_name = "PORT")]
    port: Option<String>,

    /// Address that the API listens on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    api_host: Option<String>,

    /// Port of the API [default: 8000]
    #[arg(long, value_name = "PORT")]
    api_port: Option<String>,

    /// Folder for models and accounts [default: ./data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
}

impl Arguments {
    /// The flags that are settings and were given.
    pub(crate) fn flags(&self) -> impl Iterator<Item = (&'static str, String)> {
        let SettingFlags {
            host,
            port,
            api_host,
            api_port,
            data_dir,
        } = &self.settings;
        [
            ("--host", host),
            ("--port", port),
            ("--api-host", api_host),
            ("--api-port", api_port),
            ("--data-dir", data_dir),
        ]
        .into_iter()
        .filter_map(|(flag, value)| Some((flag, value.clone()?)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::CommandFactory;
    use model_dashboard::config::Config;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_flag_of_a_setting_reaches_it_and_shows_its_default() {
        let command = Arguments::command();
        for setting in Config::default().settings() {
            let Some(flag) = setting.flag else { continue };
            let argument = command.get_arguments().find(|it| {
                it.get_long()
                    .is_some_and(|long| format!("--{long}") == flag)
            });
            let help = argument.unwrap().get_help().unwrap().to_string();
            let default = format!("[default: {}]", setting.value.as_deref().unwrap());
            assert!(help.ends_with(&default), "{flag}: {help}");

            let arguments = Arguments::try_parse_from(["program", flag, "given"]).unwrap();
            assert_eq!(
                arguments.flags().collect::<Vec<_>>(),
                [(flag, "given".to_owned())]
            );
        }
    }
}
