//! `login` and `logout`.

use std::io::{self, Read as _};
use std::path::PathBuf;

use clap::Args;
use model_dashboard::client::{Client, ClientOptions};

use super::stored::Stored;
use super::{CA_FILE, URL, parse, read_token, text, variable};
use crate::failure::Failure;
use crate::installation::Context;
use crate::output::note;
use crate::prompt::can_ask;

/// More is no token.
const MOST: u64 = 4096;

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Its address, such as https://models.example.org [default: MODEL_DASHBOARD_URL]
    #[arg(value_name = "URL")]
    address: Option<String>,

    /// Certificates (PEM) of authorities to trust besides the system's, or the server's own
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// Asks for a token, or reads it from standard input where nobody can be asked, tries it, and stores it.
pub(crate) async fn login(login: Login, context: &Context) -> Result<(), Failure> {
    let named = login.address.or_else(|| context.globals.server.clone());
    let named = match named {
        Some(address) => Some(address),
        None => text(URL)?,
    };
    let address = named.ok_or_else(|| {
        Failure::usage("which server is meant?")
            .hint("such as `model-dashboard login https://models.example.org`")
    })?;
    let server = parse(&address)?;
    let token = match can_ask() {
        true => {
            let prompt = format!("Token for {server}: ");
            let read = rpassword::prompt_password(prompt);
            read.map_err(|error| Failure::io("the token could not be read", &error))?
        }
        false => {
            let mut text = String::new();
            let read = io::stdin().lock().take(MOST).read_to_string(&mut text);
            read.map_err(|error| Failure::io("the token could not be read", &error))?;
            text
        }
    };
    let token = read_token(&token, "what was given")?;
    let ca_file = login
        .ca_file
        .or_else(|| variable(CA_FILE).map(PathBuf::from));
    let ca_file = ca_file.map(std::path::absolute).transpose();
    let ca_file = ca_file.map_err(|error| Failure::io("the file of certificates", &error))?;
    let mut options = ClientOptions::default();
    options.ca_file.clone_from(&ca_file);
    let client = Client::new(server.clone(), Some(token.clone()), options)?;
    let whoever = client.whoever().await?;
    let stored = Stored {
        server,
        token,
        ca_file,
    };
    let path = stored.write()?;
    note(format_args!(
        "logged in at {address} as {}, who may {}",
        whoever.username,
        whoever.permissions.join(", ")
    ));
    note(format_args!("the token is in {}", path.display()));
    Ok(())
}

/// Forgets server and token. The token stays valid: the server, or who made it, revokes it.
pub(crate) fn logout() -> Result<(), Failure> {
    match Stored::remove()? {
        true => note("logged out; the token still works until it is revoked or ends"),
        false => note("nobody was logged in"),
    }
    Ok(())
}
