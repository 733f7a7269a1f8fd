//! The first administrator of an installation.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::users::parse_username;
use super::{Dashboard, Error};
use crate::audit::{Action, NewEvent};
use crate::auth::{NewPassword, NewUser, NewUserKind, Role, Source, User, UserFilter};

/// The name of the file in the data folder that programs without a terminal give to
/// [`Dashboard::ensure_first_administrator_with_file`].
pub const PASSWORD_FILE: &str = "first-administrator-password";

/// The first administrator, as configured.
#[derive(Clone)]
pub struct FirstAdministrator {
    /// The name; usually `admin`.
    pub username: String,
    /// The password; `None` generates one.
    pub password: Option<String>,
}

impl std::fmt::Debug for FirstAdministrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirstAdministrator")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What was found or done.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of them in the life of a program"
)]
pub enum AdministratorState {
    /// There is an active administrator who can sign in.
    Present,
    /// There was no account at all; this one was made.
    Created {
        /// The administrator.
        user: User,
        /// The password, if it was generated: to be shown once.
        generated: Option<NewPassword>,
    },
    /// There are accounts, but no active administrator: somebody with access to the host has to
    /// give one of them the role.
    Missing {
        /// Whom to choose from: active local people, else anybody; at most 10,000.
        candidates: Vec<User>,
    },
}

impl Dashboard {
    /// Makes the first administrator if there is no account at all. Of several processes that do
    /// so at once, one makes it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name or password that cannot be taken, [`Error::Unavailable`].
    pub async fn ensure_first_administrator(
        &self,
        first: FirstAdministrator,
    ) -> Result<AdministratorState, Error> {
        self.ensure_first(first, None).await
    }

    /// The same where nobody could read a generated password: it is written to `file`, for its
    /// owner only and in the place of whatever lay there. No account is made before it is on disk.
    ///
    /// # Errors
    /// As [`Dashboard::ensure_first_administrator`]; [`Error::Unavailable`] also if the file cannot
    /// be written.
    pub async fn ensure_first_administrator_with_file(
        &self,
        first: FirstAdministrator,
        file: &Path,
    ) -> Result<AdministratorState, Error> {
        self.ensure_first(first, Some(file)).await
    }

    async fn ensure_first(
        &self,
        first: FirstAdministrator,
        file: Option<&Path>,
    ) -> Result<AdministratorState, Error> {
        let users = &self.inner.users;
        if users.count_users().await?.all == 0
            && let Some(created) = self.create_first(first, file).await?
        {
            return Ok(created);
        }
        if users.count_users().await?.administrators > 0 {
            return Ok(AdministratorState::Present);
        }
        let local = UserFilter {
            source: Some(Source::local()),
        };
        let mut candidates = users.list_users(&local).await?;
        candidates.retain(|user| user.is_active);
        if candidates.is_empty() {
            candidates = users.list_users(&UserFilter::default()).await?;
            candidates.retain(|user| !user.is_service());
        }
        Ok(AdministratorState::Missing { candidates })
    }

    async fn create_first(
        &self,
        first: FirstAdministrator,
        file: Option<&Path>,
    ) -> Result<Option<AdministratorState>, Error> {
        let username = parse_username(&first.username)?;
        let (password, generated) = match first.password {
            Some(text) => (NewPassword::parse(text, &username)?, None),
            None => {
                let password = NewPassword::generate()?;
                (password.clone(), Some(password))
            }
        };
        let new = NewUser {
            display_name: "Administrator".to_owned(),
            username,
            email: None,
            role: Role::Admin,
            kind: NewUserKind::Person {
                password: self.inner.hasher.hash(password.password().clone()).await?,
            },
        };
        let written = match (&generated, file) {
            (Some(password), Some(file)) => Some(SecretFile::write(password, file).await?),
            _ => None,
        };
        let this = self.clone();
        self.change(async move {
            let Some(user) = this.inner.users.create_first_user(new).await? else {
                return Ok(None);
            };
            let event = NewEvent::of_server(Action::UserCreate, format!("user:{}", user.id))
                .with_detail(format!("{} as the first administrator", user.username));
            this.inner.trail.record(event).await;
            if let Some(written) = written {
                written.keep().await?;
            }
            Ok(Some(AdministratorState::Created { user, generated }))
        })
        .await
    }
}

/// A password on disk, beside the file that it is for: removed again unless it is kept.
struct SecretFile {
    beside: PathBuf,
    file: PathBuf,
}

impl SecretFile {
    async fn write(password: &NewPassword, file: &Path) -> Result<SecretFile, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!(".{PASSWORD_FILE}.{}.{number}", std::process::id());
        let written = SecretFile {
            beside: file.with_file_name(name),
            file: file.to_owned(),
        };
        let secret = password.password().expose().to_owned();
        let (beside, file) = (written.beside.clone(), written.file.clone());
        on_disk(&file, move || write_secret(&beside, &secret)).await?;
        Ok(written)
    }

    /// Puts it where it is for.
    async fn keep(self) -> Result<(), Error> {
        let (beside, file) = (self.beside.clone(), self.file.clone());
        on_disk(&self.file, move || fs::rename(beside, file)).await
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        // One that was kept is not there any more.
        let _ = fs::remove_file(&self.beside);
    }
}

/// A new file that only its owner may read.
fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    // Only a process of the same number that was killed can have left one.
    let _ = fs::remove_file(path);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

async fn on_disk(
    file: &Path,
    work: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<(), Error> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(io::Error::other).flatten();
    done.map_err(|error| Error::Unavailable {
        what: format!("the first password cannot be written to {}", file.display()),
        since: None,
        retry_after: Duration::from_secs(5),
        source: Some(Box::new(error)),
    })
}
