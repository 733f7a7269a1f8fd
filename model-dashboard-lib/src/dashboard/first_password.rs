//! The generated password of the first administrator, in a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ulid::Ulid;

use super::Error;
use crate::auth::NewPassword;

/// The name of the file in the data folder that programs without a terminal give to
/// [`Dashboard::ensure_first_administrator_with_file`](super::Dashboard::ensure_first_administrator_with_file).
pub const PASSWORD_FILE: &str = "first-administrator-password";

/// The files with a password of the first administrator that lie in a data folder: to be deleted
/// after the first sign-in. Blocks.
///
/// # Errors
/// If the folder cannot be read.
pub fn first_passwords_left(data_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let unfinished = name
            .strip_prefix('.')
            .and_then(|it| it.strip_prefix(PASSWORD_FILE));
        if name == PASSWORD_FILE || unfinished.is_some_and(|rest| rest.starts_with('.')) {
            left.push(entry.path());
        }
    }
    left.sort();
    Ok(left)
}

/// A password on disk, beside the file that it is for: removed again unless it is kept.
pub(super) struct SecretFile {
    /// None once it is kept.
    beside: Option<PathBuf>,
    file: PathBuf,
}

impl SecretFile {
    /// Durable when it returns.
    pub(super) async fn write(password: &NewPassword, file: &Path) -> Result<SecretFile, Error> {
        // By chance: processes in containers that share the folder have one number.
        let name = format!(".{PASSWORD_FILE}.{}", Ulid::generate());
        let beside = file.with_file_name(name);
        let written = SecretFile {
            beside: Some(beside.clone()),
            file: file.to_owned(),
        };
        let secret = password.password().expose().to_owned();
        on_disk(move || write_secret(&beside, &secret))
            .await
            .map_err(|error| Error::Unavailable {
                what: format!("the first password cannot be written to {}", file.display()),
                since: None,
                retry_after: Duration::from_secs(5),
                source: Some(Box::new(error)),
            })?;
        Ok(written)
    }

    /// Puts it where it is for; says where it is. The account is made, so it is never lost: what
    /// cannot be put there stays beside it.
    pub(super) async fn keep(mut self) -> PathBuf {
        let Some(beside) = self.beside.take() else {
            return self.file.clone();
        };
        let (from, to) = (beside.clone(), self.file.clone());
        let moved = on_disk(move || {
            fs::rename(from, &to)?;
            // There it is, even if this fails; a crash could take it back beside.
            if let Err(error) = sync_folder_of(&to) {
                tracing::warn!(%error, "the folder of the first password cannot be synced");
            }
            Ok(())
        });
        match moved.await {
            Ok(()) => self.file.clone(),
            Err(error) => {
                tracing::error!(
                    %error,
                    file = %self.file.display(),
                    instead = %beside.display(),
                    "the first password could not be put into its file"
                );
                beside
            }
        }
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            let _ = fs::remove_file(beside);
        }
    }
}

/// A new file that only its owner may read.
fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    sync_folder_of(path)
}

fn sync_folder_of(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

async fn on_disk(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other).flatten()
}
