//! The first administrator, and how the generated password reaches a person.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use model_dashboard::config::Config;
use model_dashboard::connect::Connected;
use model_dashboard::dashboard::{AdministratorState, Error};

use crate::failure::Failure;
use crate::welcome::Administrator;

/// Where a generated password is put when there is no terminal to show it at.
const PASSWORD_FILE: &str = "first-administrator-password";

/// Makes the first administrator if there is no account at all.
pub(crate) async fn ensure(
    config: &Config,
    connected: &Connected,
) -> Result<Administrator, Failure> {
    let first = connected.first_administrator.clone();
    let state = connected.dashboard.ensure_first_administrator(first).await;
    Ok(match state.map_err(|error| refused(config, &error))? {
        AdministratorState::Created { user, generated } => {
            let username = user.username.to_string();
            match generated {
                None => Administrator::Configured { username },
                Some(password) => {
                    let password = password.password().expose().to_owned();
                    hand_over(config, username, password)?
                }
            }
        }
        AdministratorState::Missing { candidates } => Administrator::Missing {
            candidate: candidates.first().map(|user| user.username.to_string()),
        },
        _ => Administrator::Present,
    })
}

fn refused(config: &Config, error: &Error) -> Failure {
    let Error::Invalid(fields) = error else {
        return Failure::unavailable(config.cite("admin.username"), error);
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

/// At a terminal a password is shown; what else standard output leads to is kept and read by many,
/// so that it is put into a file for the owner only.
fn hand_over(
    config: &Config,
    username: String,
    password: String,
) -> Result<Administrator, Failure> {
    if io::stdout().is_terminal() {
        return Ok(Administrator::Generated { username, password });
    }
    let file = config.data_dir.join(PASSWORD_FILE);
    write_secret(&file, &password)
        .map_err(|error| Failure::unavailable(config.cite("data_dir"), &error))?;
    Ok(Administrator::InFile { username, file })
}

/// Writes a new file that only its owner may read, in the place of one of an earlier installation.
fn write_secret(file: &Path, secret: &str) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_password_file_is_for_its_owner_even_where_an_open_one_lay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(PASSWORD_FILE);
        fs::write(&file, "of an earlier installation").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        write_secret(&file, "secret").unwrap();
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "secret\n");
    }
}
