//! What a login leaves behind: server and token, in a file that only its owner reads.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use model_dashboard::client::ServerAddress;
use model_dashboard::tokens::PlainToken;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::variable;
use crate::failure::{Failure, Kind};

/// A server that somebody logged in at.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) server: ServerAddress,
    pub(super) token: PlainToken,
    pub(super) ca_file: Option<PathBuf>,
}

/// As the file holds it.
#[derive(Serialize, Deserialize)]
struct Written {
    server: String,
    token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
}

/// Where it lies; nowhere without a home.
fn place() -> Option<PathBuf> {
    let folder = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".config"));
    let folder = folder.filter(|it| it.is_absolute()).or_else(home)?;
    Some(folder.join("model-dashboard").join("login.json"))
}

impl Stored {
    /// What the last login left.
    pub(super) fn read() -> Result<Option<Self>, Failure> {
        let Some(path) = place() else {
            return Ok(None);
        };
        let shown = path.display();
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| Failure::io(format!("{shown} cannot be read"), &error))?,
        };
        if others_read(&path) {
            let message = format!("others can read {shown}, which holds a token");
            return Err(Failure::new(Kind::Denied, message).hint(format!(
                "revoke that token, or `chmod 600 {shown}` if nobody has read it"
            )));
        }
        let broken = || {
            Failure::usage(format!("{shown} is broken")).hint("`model-dashboard logout` removes it")
        };
        let written: Written = serde_json::from_slice(&text).map_err(|_| broken())?;
        Ok(Some(Self {
            server: ServerAddress::parse(&written.server).map_err(|_| broken())?,
            token: PlainToken::parse(&written.token).ok_or_else(broken)?,
            ca_file: written.ca_file,
        }))
    }

    /// Writes it; where.
    pub(super) fn write(&self) -> Result<PathBuf, Failure> {
        let path = place().ok_or_else(|| {
            Failure::usage("there is no folder for it: neither HOME nor XDG_CONFIG_HOME is set")
        })?;
        let failed =
            |error: io::Error| Failure::io(format!("{} cannot be written", path.display()), &error);
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failed)?;
        let written = Written {
            server: self.server.to_string(),
            token: self.token.expose().to_owned(),
            ca_file: self.ca_file.clone(),
        };
        // For its owner alone from the beginning (0600).
        let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
        serde_json::to_writer_pretty(&mut file, &written).map_err(|error| failed(error.into()))?;
        file.write_all(b"\n").map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(path)
    }

    /// Forgets it; whether there was one.
    pub(super) fn remove() -> Result<bool, Failure> {
        let Some(path) = place() else {
            return Ok(false);
        };
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Failure::io(
                format!("{} cannot be removed", path.display()),
                &error,
            )),
        }
    }
}

#[cfg(unix)]
fn others_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    path.metadata()
        .is_ok_and(|it| it.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_read(_: &Path) -> bool {
    false
}
