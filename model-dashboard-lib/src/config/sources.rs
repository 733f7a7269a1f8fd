//! The texts, variables and flags that a configuration is made from.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::error::{ConfigError, Origin, Problem};
use super::reader::{Reader, Text};
use super::table::SPECS;
use super::{file, variables};

/// The longest file that is read. No honest one comes near.
const LONGEST_FILE: u64 = 1024 * 1024;

/// What a configuration is made from. `Debug` shows names only: the values may be secrets.
#[derive(Clone, Default)]
pub struct Sources {
    files: Vec<(String, String)>,
    variables: Vec<(OsString, OsString)>,
    flags: Vec<(String, String)>,
}

impl Sources {
    /// Nothing: every setting has its default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the text of a file, and the name it has in messages. Later files outrank earlier ones.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.files.push((name.into(), text.into()));
        self
    }

    /// Adds variables, such as `std::env::vars_os()` gives. Those that do not concern the program
    /// are passed over.
    #[must_use]
    pub fn variables(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// Adds what a command line flag (`--port`) says.
    #[must_use]
    pub fn flag(mut self, flag: impl Into<String>, value: impl Into<String>) -> Self {
        self.flags.push((flag.into(), value.into()));
        self
    }

    /// Hands everything over, in rising precedence.
    pub(super) fn gather(self, reader: &mut Reader<'_>) {
        for (name, text) in &self.files {
            file::gather(name, text, reader);
        }
        variables::gather(self.variables, reader);
        for (flag, value) in self.flags {
            let origin = Origin::Flag(flag.clone());
            match SPECS.iter().find(|spec| spec.flag == Some(&*flag)) {
                Some(spec) if value.trim().is_empty() => {
                    reader
                        .problems
                        .push(Problem::new(spec.name, &origin, "it is empty"));
                }
                Some(spec) => reader.write(spec, Text::Given(value), origin),
                None => {
                    reader
                        .problems
                        .push(Problem::new(&flag, &origin, "no setting has this flag"));
                }
            }
        }
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| -> Vec<String> {
            pairs.iter().map(|(name, _)| name.clone()).collect()
        };
        f.debug_struct("Sources")
            .field("files", &names(&self.files))
            .field("variables", &self.variables.len())
            .field("flags", &names(&self.flags))
            .finish()
    }
}

/// The two files of a configuration folder, as far as they are there.
pub(super) fn read_folder(dir: Option<&Path>) -> Result<Sources, ConfigError> {
    let folder = dir.unwrap_or(Path::new("config"));
    let unreadable = |path: &Path, error: &dyn fmt::Display| {
        let name = path.display().to_string();
        Problem::new(&name, &Origin::Default, format!("cannot be read: {error}"))
    };
    if dir.is_some() && !folder.is_dir() {
        return Err(ConfigError::new(vec![unreadable(
            folder,
            &"it is not a folder",
        )]));
    }
    let mut sources = Sources::new();
    let mut problems = Vec::new();
    for name in ["config.toml", "secrets.toml"] {
        let path = folder.join(name);
        match read_bounded(&path) {
            Ok(text) => sources = sources.file(path.display().to_string(), text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => problems.push(unreadable(&path, &error)),
        }
    }
    if problems.is_empty() {
        Ok(sources)
    } else {
        Err(ConfigError::new(problems))
    }
}

/// Reads a file of at most [`LONGEST_FILE`] bytes.
pub(super) fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(LONGEST_FILE + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "longer than 1 MiB",
        ));
    }
    Ok(text)
}
