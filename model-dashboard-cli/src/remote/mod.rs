//! A server that runs elsewhere: which one, and as whom.

mod login;
mod stored;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use model_dashboard::client::{Client, ClientOptions, ServerAddress};
use model_dashboard::tokens::PlainToken;

pub(crate) use self::login::{Login, login, logout};
use self::stored::Stored;
use crate::failure::{Failure, Kind};
use crate::installation::Context;

const URL: &str = "MODEL_DASHBOARD_URL";
const TOKEN: &str = "MODEL_DASHBOARD_TOKEN";
const TOKEN_FILE: &str = "MODEL_DASHBOARD_TOKEN_FILE";
const CA_FILE: &str = "MODEL_DASHBOARD_CA_FILE";

/// A variable that is set to something.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn text(name: &str) -> Result<Option<String>, Failure> {
    let text = variable(name).map(OsString::into_string).transpose();
    text.map_err(|_| Failure::usage(format!("{name} is no text")))
}

impl Context {
    /// The server that commands go to, if any is named: by --server, by the variable, or by an earlier
    /// login, in this order.
    pub(crate) fn server(&self) -> Result<Option<Client>, Failure> {
        if self.globals.local {
            return Ok(None);
        }
        let named = match &self.globals.server {
            Some(server) => Some(server.clone()),
            None => text(URL)?,
        };
        let named = named.as_deref().map(parse).transpose()?;
        let stored = Stored::read()?;
        let Some(server) = named.or_else(|| Some(stored.as_ref()?.server.clone())) else {
            return Ok(None);
        };
        // A token goes nowhere but to the server that it is for.
        let stored = stored.filter(|stored| stored.server == server);
        let token = match token()? {
            Some(token) => Some(token),
            None => stored.as_ref().map(|stored| stored.token.clone()),
        };
        let Some(token) = token else {
            let message = format!("there is no token for {server}");
            return Err(Failure::new(Kind::Denied, message).hint(format!(
                "set {TOKEN} or {TOKEN_FILE}, or run `model-dashboard login {server}`"
            )));
        };
        let mut options = ClientOptions::default();
        let ca_file = variable(CA_FILE).map(PathBuf::from);
        options.ca_file = ca_file.or_else(|| stored.and_then(|stored| stored.ca_file));
        Ok(Some(Client::new(server, Some(token), options)?))
    }
}

/// A command that cannot be run at a server.
pub(crate) fn here_alone(server: &str) -> Failure {
    let message =
        format!("this command works on the installation of this machine alone, not at {server}");
    Failure::usage(message)
        .hint("add --local if that is meant; the dashboard and the API do it at the server")
}

fn parse(server: &str) -> Result<ServerAddress, Failure> {
    ServerAddress::parse(server).map_err(Failure::usage)
}

/// The token that the environment names.
fn token() -> Result<Option<PlainToken>, Failure> {
    if let Some(token) = text(TOKEN)? {
        return read_token(&token, TOKEN).map(Some);
    }
    let Some(path) = variable(TOKEN_FILE).map(PathBuf::from) else {
        return Ok(None);
    };
    let read = fs::read_to_string(&path);
    let read = read.map_err(|error| {
        Failure::io(
            format!("{TOKEN_FILE}: {} cannot be read", path.display()),
            &error,
        )
    })?;
    read_token(&read, TOKEN_FILE).map(Some)
}

fn read_token(text: &str, from: &str) -> Result<PlainToken, Failure> {
    PlainToken::parse(text.trim()).ok_or_else(|| {
        Failure::usage(format!("{from} holds no token, or one with a typing error"))
            .hint("a token begins with mdb_ and was shown once, when it was made")
    })
}
