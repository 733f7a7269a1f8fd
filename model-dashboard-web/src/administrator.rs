//! The first administrator, and how the generated password reaches a person.

use std::io::{self, IsTerminal};
use std::path::Path;

use model_dashboard::config::Config;
use model_dashboard::connect::Connected;
use model_dashboard::dashboard::{AdministratorState, Error, PASSWORD_FILE, first_passwords_left};

use crate::failure::Failure;
use crate::welcome::Administrator;

/// Makes the first administrator if there is no account at all.
///
/// At a terminal a generated password is shown; what else standard output leads to is kept and read
/// by many, so that it is put into a file for the owner only.
pub(crate) async fn ensure(
    config: &Config,
    connected: &Connected,
) -> Result<Administrator, Failure> {
    let (dashboard, first) = (&connected.dashboard, connected.first_administrator.clone());
    let file = config.data_dir.join(PASSWORD_FILE);
    let shown = io::stdout().is_terminal();
    let state = match shown {
        true => dashboard.ensure_first_administrator(first).await,
        false => {
            dashboard
                .ensure_first_administrator_with_file(first, &file)
                .await
        }
    };
    Ok(match state.map_err(|error| refused(config, &error))? {
        AdministratorState::Created {
            user,
            generated,
            password_file,
        } => {
            let username = user.username.to_string();
            match (generated, password_file) {
                (None, _) => Administrator::Configured { username },
                (Some(_), Some(file)) => Administrator::InFile { username, file },
                (Some(password), None) => Administrator::Generated {
                    username,
                    password: password.password().expose().to_owned(),
                },
            }
        }
        AdministratorState::Missing { candidates } => {
            let name = candidates.first();
            let name = name.map_or("NAME".to_owned(), |user| user.username.to_string());
            let command = config.command(&format!("user set-role '{name}' admin"));
            Administrator::Missing { command }
        }
        _ => {
            remind_of_password(&config.data_dir);
            Administrator::Present
        }
    })
}

/// Of what should have been deleted after the first sign-in.
fn remind_of_password(data_dir: &Path) {
    // A folder that cannot be read is told by whatever needs it.
    for file in first_passwords_left(data_dir).unwrap_or_default() {
        tracing::warn!(
            "the first administrator's password lies in {}: delete the file once you can sign in",
            file.display()
        );
    }
}

fn refused(config: &Config, error: &Error) -> Failure {
    let Error::Invalid(fields) = error else {
        return Failure::unavailable("the first administrator cannot be made", error);
    };
    let lines = fields.iter().map(|field| {
        let name = if field.field.contains("password") {
            "admin.password"
        } else {
            "admin.username"
        };
        format!("{}: {}", config.cite(name), field.message)
    });
    Failure::usage(lines.collect::<Vec<_>>().join("\n"))
}
