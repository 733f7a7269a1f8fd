//! Questions to the person at the terminal, and passwords.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use model_dashboard::auth::{MAX_PASSWORD_BYTES, NewPassword, Username};

use crate::args::Globals;
use crate::failure::{Failure, Kind};
use crate::output::printable;

/// How often a new password may be mistyped.
const TRIES: u32 = 3;

/// Whether somebody can be asked.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal() && is_in_front()
}

/// Whether what is typed goes to this process. One in the background of its terminal would be stopped
/// by the first read, for good where nobody brings it back.
#[cfg(unix)]
fn is_in_front() -> bool {
    match rustix::termios::tcgetpgrp(io::stdin()) {
        Ok(group) => group == rustix::process::getpgrp(),
        // A terminal that is not the one of this session stops nobody.
        Err(_) => true,
    }
}

#[cfg(not(unix))]
fn is_in_front() -> bool {
    true
}

/// Makes sure that something is meant. `what` is a question, `undo` tells what undoes it, if
/// anything does.
pub(crate) fn confirm(globals: &Globals, what: &str, undo: Option<&str>) -> Result<(), Failure> {
    confirm_or(Kind::Usage, globals, what, undo)
}

/// The same of what is refused unless it is meant: a conflict where nobody can be asked.
pub(crate) fn confirm_despite(globals: &Globals, what: &str, undo: &str) -> Result<(), Failure> {
    confirm_or(Kind::Conflict, globals, what, Some(undo))
}

fn confirm_or(
    unasked: Kind,
    globals: &Globals,
    what: &str,
    undo: Option<&str>,
) -> Result<(), Failure> {
    if globals.yes {
        return Ok(());
    }
    if !can_ask() {
        let (message, hint) = match undo {
            None => (
                "this cannot be undone, and nobody can be asked here".to_owned(),
                "add --yes".to_owned(),
            ),
            Some(undo) => (
                format!("nobody can be asked here: {what}"),
                format!("add --yes; {undo}"),
            ),
        };
        return Err(Failure::new(unasked, message).hint(hint));
    }
    match ask_yes(&format!("{what} [y/N] "))? {
        true => Ok(()),
        false => Err(Failure::new(Kind::Failed, "cancelled; nothing was changed")),
    }
}

/// Asks; anything but yes is no.
pub(crate) fn ask_yes(question: &str) -> Result<bool, Failure> {
    let answer = ask(question)?.to_lowercase();
    Ok(["y", "yes"].contains(&answer.as_str()))
}

/// Asks for a line.
pub(crate) fn ask(question: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::io("the answer could not be read", &error);
    {
        let mut stderr = io::stderr().lock();
        write!(stderr, "{}", printable(question))
            .and_then(|()| stderr.flush())
            .map_err(failed)?;
    }
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer).map_err(failed)? == 0 {
        return Err(Failure::usage("the input ended, and nobody answered"));
    }
    Ok(answer.trim().to_owned())
}

/// Where a new password comes from. Never from the command line, which others can see.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct PasswordSource {
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,

    /// Read the password from a file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Generate a password and print it once
    #[arg(long)]
    generate: bool,
}

impl PasswordSource {
    pub(crate) fn is_given(&self) -> bool {
        self.password_stdin || self.password_file.is_some() || self.generate
    }

    /// The password for `username`; `None` if one is to be generated.
    pub(crate) fn read(&self, username: &str) -> Result<Option<String>, Failure> {
        if self.generate {
            return Ok(None);
        }
        if self.password_stdin {
            return read_line(io::stdin().lock(), "standard input").map(Some);
        }
        if let Some(path) = &self.password_file {
            let name = path.display().to_string();
            return read_line(open(path)?, &name).map(Some);
        }
        if !can_ask() {
            return Err(Failure::usage("nobody can be asked for a password here")
                .hint("use --password-stdin, --password-file FILE or --generate"));
        }
        ask_twice(username).map(Some)
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path)
        .map_err(|error| Failure::io(format!("{} cannot be read", path.display()), &error))
}

/// The text without one line break at its end.
fn read_line(source: impl Read, name: &str) -> Result<String, Failure> {
    let failed = |error| Failure::io(format!("the password cannot be read from {name}"), &error);
    let mut text = String::new();
    // Room for a line break, and for one byte too many to be noticed.
    let most = MAX_PASSWORD_BYTES as u64 + 3;
    source
        .take(most)
        .read_to_string(&mut text)
        .map_err(failed)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains(['\n', '\r']) {
        return Err(Failure::usage(format!(
            "{name} holds more than one line; a password is one line"
        )));
    }
    Ok(line.to_owned())
}

fn ask_twice(username: &str) -> Result<String, Failure> {
    let failed = |error| Failure::io("the password could not be read", &error);
    let name = Username::parse(username).map_err(Failure::usage)?;
    for _ in 0..TRIES {
        let prompt = format!("New password for {}: ", printable(name.as_str()));
        let password = rpassword::prompt_password(prompt).map_err(failed)?;
        if let Err(error) = NewPassword::parse(password.as_str(), &name) {
            crate::output::note(format_args!("{error}"));
            continue;
        }
        if rpassword::prompt_password("Again: ").map_err(failed)? == password {
            return Ok(password);
        }
        crate::output::note("these two differ");
    }
    Err(Failure::usage("no password was set").hint("--generate makes one"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_line_break_is_no_part_of_a_password() {
        for text in ["geheim wort", "geheim wort\n", "geheim wort\r\n"] {
            assert_eq!(read_line(text.as_bytes(), "x").unwrap(), "geheim wort");
        }
        assert_eq!(read_line(" a \n".as_bytes(), "x").unwrap(), " a ");
        assert!(read_line("a\nb".as_bytes(), "x").is_err());
    }
}
