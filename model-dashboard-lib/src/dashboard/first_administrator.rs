//! The first administrator of an installation.

use std::path::{Path, PathBuf};

use super::first_password::SecretFile;
use super::users::parse_username;
use super::{Dashboard, Error};
use crate::audit::{Action, NewEvent};
use crate::auth::{NewPassword, NewUser, NewUserKind, Role, Source, User, UserFilter};

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
        /// Where the generated password was written, if it was: the file that was given, or,
        /// where it could not be put there, another beside it.
        password_file: Option<PathBuf>,
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
    /// owner only and in the place of a file that lay there. No account is made before it is on
    /// disk; once there is one, the answer names the file that holds it.
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
            let password_file = match written {
                Some(written) => Some(written.keep().await),
                None => None,
            };
            Ok(Some(AdministratorState::Created {
                user,
                generated,
                password_file,
            }))
        })
        .await
    }
}
