//! The installation that commands work on.

mod naming;

use std::path::{Path, PathBuf};

use model_dashboard::config::{Config, DatabaseConfig, StorageLocation};
use model_dashboard::connect::{
    ConnectError, Connected, connect, connect_accounts, look_at_database, migrate_database,
};
use model_dashboard::dashboard::{Caller, Dashboard, FirstAdministrator};
use model_dashboard::model::{MAX_DEFINITION_BYTES, ModelKey};
use model_dashboard::store::{DatabaseState, Migration};

pub(crate) use self::naming::new_key;
use crate::args::Globals;
use crate::failure::{Failure, Kind, chain};
use crate::output::{Output, counted, note, seconds};

/// What every command gets.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) globals: Globals,
    pub(crate) output: Output,
}

impl Context {
    pub(crate) fn new(globals: Globals) -> Self {
        Self {
            output: Output::new(globals.output),
            globals,
        }
    }

    /// The configuration, from files, variables and flags.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let flags = self.globals.data_dir.clone();
        let flags = flags.map(|folder| ("--data-dir", folder));
        let folder = self.globals.config.as_deref();
        Ok(Config::load(folder, std::env::vars_os(), flags)?)
    }

    /// Opens the installation, works on it, and closes it in order, whatever came of the work.
    /// Makes none and upgrades none.
    pub(crate) async fn with_installation<T>(
        &self,
        work: impl AsyncFnOnce(&Installation) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.with_opened(Opening::Existing, work).await
    }

    /// The same for commands that need no models, which may be out of reach meanwhile.
    pub(crate) async fn with_accounts<T>(
        &self,
        opening: Opening,
        work: impl AsyncFnOnce(&Installation) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let config = self.config()?;
        opening.allow(&config).await?;
        let installation = Installation::open_accounts(config).await?;
        let result = work(&installation).await;
        installation.close().await;
        result
    }

    /// The same, for commands that may begin or upgrade an installation.
    pub(crate) async fn with_opened<T>(
        &self,
        opening: Opening,
        work: impl AsyncFnOnce(&Installation) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let config = self.config()?;
        opening.allow(&config).await?;
        if opening == Opening::Upgrade
            && let Ok(DatabaseState::Older(_)) = look_at_database(&config).await
        {
            // By itself, so that it is told whatever is wrong with the models.
            upgrade(&config).await?;
        }
        let installation = Installation::open(config).await?;
        let result = match work(&installation).await {
            Err(failure) => Err(installation.explain(failure).await),
            done => done,
        };
        installation.close().await;
        result
    }
}

/// What a command may do to have an installation to work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Nothing: it is there, and of this version.
    Existing,
    /// Make what is missing.
    Begin,
    /// Make what is missing, and upgrade the user database.
    Upgrade,
}

impl Opening {
    /// Refuses before anything is made or changed.
    pub(crate) async fn allow(self, config: &Config) -> Result<(), Failure> {
        if self == Self::Upgrade {
            return Ok(());
        }
        match look_at_database(config).await.map_err(not_opened)? {
            DatabaseState::Older(_) => {
                let message = format!(
                    "{} is of an earlier version of the system",
                    database_name(config)
                );
                Err(Failure::new(Kind::Unavailable, message).hint(
                    "`model-dashboard db migrate`, or starting the server, upgrades it; \
                     `model-dashboard doctor` tells what that does",
                ))
            }
            DatabaseState::Missing if self == Self::Existing => {
                Err(no_installation(&database_name(config)))
            }
            DatabaseState::Current if self == Self::Existing => match missing_folder(config) {
                Some(path) => Err(no_installation(&path.display().to_string())),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// The models' folder where it would have to be made although the accounts are there: another
/// one was meant.
fn missing_folder(config: &Config) -> Option<&Path> {
    match &config.storage.location {
        StorageLocation::Folder(folder) if matches!(folder.try_exists(), Ok(false)) => Some(folder),
        _ => None,
    }
}

/// Upgrades an older user database, and tells what became of it.
pub(crate) async fn upgrade(config: &Config) -> Result<Option<Migration>, Failure> {
    let migrated = migrate_database(config).await.map_err(not_opened)?;
    if let Some(migration) = &migrated {
        tell(migration);
    }
    Ok(migrated)
}

fn tell(migration: &Migration) {
    match migration.from {
        0 => note(format_args!(
            "upgraded the user database; taken over from the earlier system: {} and {}",
            counted(migration.users, "account"),
            counted(migration.tokens, "token")
        )),
        from => note(format_args!(
            "upgraded the user database from schema {from} to {}",
            migration.to
        )),
    }
    if let Some(copy) = &migration.backup {
        note(format_args!(
            "the file as it was is kept as {}",
            copy.display()
        ));
    }
    for (what, names) in [
        (
            "cannot sign in until an administrator sets a password",
            &migration.without_password,
        ),
        (
            "have tokens and belong to a directory",
            &migration.directory_people,
        ),
    ] {
        if !names.is_empty() {
            note(format_args!("{what}: {}", names.join(", ")));
        }
    }
}

pub(crate) fn no_installation(place: &str) -> Failure {
    let message = format!("there is no installation at {place}");
    Failure::new(Kind::NotFound, message).hint(
        "check --data-dir, DATA_DIR, AUTH_DB_PATH and STORAGE_URL; `model-dashboard init` or \
         starting the server makes one",
    )
}

pub(crate) fn database_name(config: &Config) -> String {
    match &config.database {
        DatabaseConfig::Sqlite(path) => path.display().to_string(),
        _ => "the user database".to_owned(),
    }
}

pub(crate) fn not_opened(error: ConnectError) -> Failure {
    match error {
        ConnectError::Unsupported { .. } | ConnectError::Directory { .. } => {
            Failure::usage(chain(&error))
        }
        other => Failure::unavailable(&other),
    }
}

/// An open installation, and who works on it.
#[derive(Debug)]
pub(crate) struct Installation {
    pub(crate) dashboard: Dashboard,
    pub(crate) caller: Caller,
    pub(crate) config: Config,
    /// Copies that upgrades left beside the user database.
    pub(crate) backups: Vec<PathBuf>,
    pub(crate) first_administrator: FirstAdministrator,
}

impl Installation {
    pub(crate) async fn open(config: Config) -> Result<Self, Failure> {
        let connected = connect(&config).await.map_err(not_opened)?;
        Ok(Self::of(connected, config))
    }

    /// Does not wait for the models.
    pub(crate) async fn open_accounts(config: Config) -> Result<Self, Failure> {
        let connected = connect_accounts(&config).await.map_err(not_opened)?;
        Ok(Self::of(connected, config))
    }

    fn of(connected: Connected, config: Config) -> Self {
        Self {
            caller: connected.dashboard.host_caller(&user_at_host()),
            dashboard: connected.dashboard,
            backups: connected.backups,
            first_administrator: connected.first_administrator,
            config,
        }
    }

    /// What is known of a model that was not found, or cannot be read.
    async fn explain(&self, failure: Failure) -> Failure {
        let Some(model) = failure.model() else {
            return failure;
        };
        let Ok(picture) = self.dashboard.picture(&self.caller).await else {
            return failure;
        };
        let entry = model.parse().ok().and_then(|key| picture.get(&key));
        if let Some(broken) = entry.as_ref().and_then(|entry| entry.broken()) {
            return match broken.size > MAX_DEFINITION_BYTES as u64 {
                true => {
                    let hint = format!(
                        "it can neither be shown nor edited; `model-dashboard model delete \
                         '{model}'` takes it away, or replace it in the store"
                    );
                    failure.hint(hint)
                }
                false => failure,
            };
        }
        let named = |key: &ModelKey| key.to_string() == model || key.name.as_str() == model;
        let mut tombstones = picture.tombstones().filter(|entry| named(entry.key()));
        let Some(entry) = tombstones.next().filter(|_| entry.is_none()) else {
            return failure;
        };
        let (key, tombstone) = (entry.key(), entry.tombstone());
        if let Some(now) = tombstone.and_then(|it| it.moved_to.as_ref()) {
            let message = format!("{key} has another name now: {now}");
            return Failure::new(failure.kind(), message)
                .hint(format!("`model-dashboard model show '{now}'` shows it"));
        }
        let at = tombstone.and_then(|it| it.at).map(seconds);
        let at = at.map(|at| format!(" at {at}")).unwrap_or_default();
        let by = tombstone.and_then(|it| it.by.as_ref());
        let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
        Failure::new(failure.kind(), format!("{key} was deleted{at}{by}")).hint(format!(
            "`model-dashboard model restore '{key}'` brings it back, disabled; `model history \
             '{key}'` tells what it was"
        ))
    }

    pub(crate) async fn close(&self) {
        self.dashboard.shutdown().await;
    }
}

/// Who works here, for the audit log. Whoever can write to the installation could say anything
/// here; it is for people who ask later.
fn user_at_host() -> String {
    let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let user = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(variable)
        .unwrap_or_else(user_by_number);
    let host = gethostname::gethostname();
    format!("{user}@{}", host.to_string_lossy())
}

/// The name that the system's file of users has for who runs this; people of a directory and
/// containers may have but a number.
#[cfg(target_os = "linux")]
fn user_by_number() -> String {
    use std::os::unix::fs::MetadataExt as _;
    // The files of a process belong to its effective user.
    match std::fs::metadata("/proc/self") {
        Ok(own) => {
            let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            let name = name_of(own.uid(), &users).map(str::to_owned);
            name.unwrap_or_else(|| format!("uid{}", own.uid()))
        }
        Err(_) => "unknown".to_owned(),
    }
}

/// The name of the user with this number in a text like `/etc/passwd` (passwd(5)).
#[cfg(target_os = "linux")]
fn name_of(number: u32, users: &str) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(number)).then_some(name)
    })
}

#[cfg(not(target_os = "linux"))]
fn user_by_number() -> String {
    "unknown".to_owned()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_name_that_the_system_knows() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\nbroken\n:x:7:7::/:\nana:x:1000:1000::/home/ana:\n";
        assert_eq!(name_of(1000, users), Some("ana"));
        assert_eq!(name_of(0, users), Some("root"));
        assert_eq!(name_of(7, users), None);
        assert_eq!(name_of(1, users), None);
    }
}
