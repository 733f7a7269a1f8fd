//! What a person who starts the server gets to read on standard output.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where to go, and who may sign in first.
#[derive(Debug, Default)]
pub(crate) struct Welcome {
    /// The dashboard's URL, if it runs.
    pub(crate) dashboard: Option<String>,
    /// The API's URL, if it runs.
    pub(crate) api: Option<String>,
    /// The metrics' URL, if they have an address of their own.
    pub(crate) metrics: Option<String>,
    /// Sample models that were put into the registry.
    pub(crate) samples: usize,
    /// What is to be said about administrators.
    pub(crate) administrator: Administrator,
}

/// What is to be said about administrators.
#[derive(Default)]
pub(crate) enum Administrator {
    /// Nothing: there is one.
    #[default]
    Present,
    /// One was made, with the password that was configured.
    Configured { username: String },
    /// One was made. This is the only time that the password is shown.
    Generated { username: String, password: String },
    /// One was made, and no terminal is there: the password is in a file.
    InFile { username: String, file: PathBuf },
    /// There are accounts, but no administrator. The command makes one.
    Missing { command: String },
}

impl fmt::Debug for Administrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Administrator")
    }
}

impl fmt::Display for Welcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Model Dashboard {}", env!("CARGO_PKG_VERSION"))?;
        writeln!(f)?;
        if let Some(url) = &self.dashboard {
            writeln!(f, "  Dashboard  {url}")?;
        }
        if let Some(url) = &self.api {
            writeln!(f, "  API        {url}")?;
        }
        if let Some(url) = &self.metrics {
            writeln!(f, "  Metrics    {url}")?;
        }
        match &self.administrator {
            Administrator::Present => {}
            Administrator::Configured { username } => {
                writeln!(
                    f,
                    "  Sign in    {username}, with the password that was configured"
                )?;
            }
            Administrator::Generated { username, password } => {
                writeln!(f, "  Sign in    {username}")?;
                writeln!(
                    f,
                    "  Password   {password}  (shown this once; the page Profile changes it)"
                )?;
            }
            Administrator::InFile { username, file } => {
                writeln!(f, "  Sign in    {username}")?;
                writeln!(
                    f,
                    "  Password   in {} (delete it afterwards)",
                    file.display()
                )?;
            }
            Administrator::Missing { command } => {
                writeln!(f)?;
                writeln!(
                    f,
                    "  No account is an administrator. Make one of them an administrator:"
                )?;
                writeln!(f, "  {command}")?;
            }
        }
        if self.samples > 0 {
            writeln!(f)?;
            writeln!(
                f,
                "  {} sample models were put into the empty registry.",
                self.samples
            )?;
        }
        Ok(())
    }
}

/// The URL of a server on this machine, as a browser on it takes it.
pub(crate) fn local_url(mut address: SocketAddr, path: &str) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}{path}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_first_start_shows_addresses_name_and_password() {
        let welcome = Welcome {
            dashboard: Some("http://127.0.0.1:8501".to_owned()),
            api: Some("http://127.0.0.1:8000".to_owned()),
            metrics: None,
            samples: 8,
            administrator: Administrator::Generated {
                username: "admin".to_owned(),
                password: "correct-horse".to_owned(),
            },
        };
        let expected = format!(
            "Model Dashboard {}\n\n  \
             Dashboard  http://127.0.0.1:8501\n  \
             API        http://127.0.0.1:8000\n  \
             Sign in    admin\n  \
             Password   correct-horse  (shown this once; the page Profile changes it)\n\n  \
             8 sample models were put into the empty registry.\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(welcome.to_string(), expected);
        assert!(!format!("{welcome:?}").contains("correct-horse"));
    }

    #[test]
    fn accounts_without_an_administrator_get_the_command_that_makes_one() {
        let command = "model-dashboard user set-role mkeller admin".to_owned();
        let administrator = Administrator::Missing { command };
        let text = Welcome {
            administrator,
            ..Welcome::default()
        }
        .to_string();
        assert!(
            text.contains("model-dashboard user set-role mkeller admin\n"),
            "{text}"
        );
    }

    #[test]
    fn an_address_that_stands_for_all_is_shown_as_one_that_a_browser_takes() {
        let url = |address: &str| local_url(address.parse().unwrap(), "/models");
        assert_eq!(url("0.0.0.0:8501"), "http://127.0.0.1:8501/models");
        assert_eq!(url("[::]:8501"), "http://127.0.0.1:8501/models");
        assert_eq!(url("[::1]:8501"), "http://[::1]:8501/models");
    }
}
