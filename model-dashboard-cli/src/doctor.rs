//! `doctor`: tries everything that the installation depends on.

use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, TcpListener};
use std::path::Path;

use model_dashboard::audit::ChainState;
use model_dashboard::auth::{Role, UserFilter};
use model_dashboard::config::{Config, DatabaseConfig, StorageLocation};
use model_dashboard::connect::{
    ConnectError, ModelsProof, check_models_folder, look_at_database, prove_models,
};
use model_dashboard::dashboard::{DependencyState, first_passwords_left};
use model_dashboard::store::{AuditKey, DatabaseState, holds_bare_hashes};
use serde::Serialize;

use crate::failure::{Failure, Kind, chain};
use crate::installation::{Context, Installation, Opening, database_name, not_opened};

/// How a thing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Failed,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    message: String,
    /// What to do about it.
    fix: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct Checks {
    checks: Vec<Check>,
}

impl Checks {
    fn ok(&mut self, name: &'static str, message: impl Into<String>) {
        self.push(name, State::Ok, message.into(), None);
    }

    fn warn(&mut self, name: &'static str, message: impl Into<String>, fix: impl Into<String>) {
        self.push(name, State::Warning, message.into(), Some(fix.into()));
    }

    fn fail(&mut self, name: &'static str, message: impl Into<String>, fix: impl Into<String>) {
        self.push(name, State::Failed, message.into(), Some(fix.into()));
    }

    fn push(&mut self, name: &'static str, state: State, message: String, fix: Option<String>) {
        self.checks.push(Check {
            name,
            state,
            message,
            fix,
        });
    }

    fn failed(&self) -> usize {
        let failed = |check: &&Check| check.state == State::Failed;
        self.checks.iter().filter(failed).count()
    }
}

pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let config = context.config()?;
    let mut checks = Checks::default();
    configuration(&config, &mut checks);
    folders(&config, &mut checks);
    models_folder(&config, &mut checks).await;
    ports(&config, &mut checks);
    accounts(config, &mut checks).await;
    context.output.show(&checks, || table(&checks, context))?;
    match checks.failed() {
        0 => Ok(()),
        failed => {
            let all = checks.checks.len();
            let message = format!("{failed} of {all} checks failed");
            Err(Failure::new(Kind::Unavailable, message))
        }
    }
}

fn table(checks: &Checks, context: &Context) -> String {
    let rows = checks.checks.iter().map(|check| {
        let state = match check.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failed => "FAILED",
        };
        [
            state.to_owned(),
            check.name.to_owned(),
            check.message.clone(),
            check.fix.clone().unwrap_or_default(),
        ]
    });
    context
        .output
        .table(["STATE", "CHECK", "FOUND", "WHAT TO DO"], rows)
}

fn configuration(config: &Config, checks: &mut Checks) {
    let warnings = config.warnings();
    if warnings.is_empty() {
        checks.ok("configuration", "every setting is understood");
    }
    for warning in warnings {
        let fix = "change the setting, or leave it if it is meant";
        checks.warn("configuration", warning, fix);
    }
}

fn folders(config: &Config, checks: &mut Checks) {
    folder(
        "data folder",
        &config.data_dir,
        &config.cite("data_dir"),
        checks,
    );
    if let Some(logs) = &config.logging.dir {
        folder("log folder", logs, &config.cite("logging.dir"), checks);
    }
}

/// Whether files can be made in a folder, or in the one in which it would be made.
fn folder(name: &'static str, path: &Path, setting: &str, checks: &mut Checks) {
    let there = path.exists();
    let mut place = path;
    while !place.exists() {
        place = match place.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
    }
    let fix = format!("give this program's user the right to write there, or change {setting}");
    match write_and_remove(place) {
        Ok(()) if there => checks.ok(name, format!("{} can be written to", path.display())),
        Ok(()) => checks.ok(
            name,
            format!("{} is made when it is needed", path.display()),
        ),
        Err(error) => {
            let message = format!("{} cannot be written to: {error}", place.display());
            checks.fail(name, message, fix);
        }
    }
}

fn write_and_remove(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".doctor-")
        .tempfile_in(folder)?;
    file.write_all(b"probe")?;
    file.as_file().sync_all()?;
    file.close()
}

/// Whether the models' folder keeps what is written, and refuses to overwrite what changed.
async fn models_folder(config: &Config, checks: &mut Checks) {
    let name = "models folder";
    let setting = config.cite("model_db.url");
    match &config.storage.location {
        StorageLocation::Folder(path) if path.exists() => {
            let path_name = path.display();
            match prove_models(config).await {
                Ok(ModelsProof::Alone) => checks.ok(
                    name,
                    format!("{path_name} can be written to, by one process at a time"),
                ),
                Ok(ModelsProof::AnotherWriter) => checks.ok(
                    name,
                    format!(
                        "a server of this installation writes to {path_name} alone \
                         (STORAGE_SINGLE_WRITER), so writing was not tried; while it runs, models \
                         are changed in its dashboard or by its API"
                    ),
                ),
                Ok(_) => checks.ok(
                    name,
                    format!("{path_name} can be written to, by several at once"),
                ),
                Err(error) => {
                    let fix = format!(
                        "give this program's user the right to write there, on a file system \
                         with file locks, or change {setting}"
                    );
                    checks.fail(name, chain(&error), fix);
                }
            }
        }
        StorageLocation::Folder(path) => match check_models_folder(config).await {
            Err(error @ ConnectError::ModelsMissing { .. }) => {
                checks.fail(name, chain(&error), format!("change {setting}"));
            }
            // What is wrong with the database is told with the accounts.
            _ => folder(name, path, &setting, checks),
        },
        StorageLocation::Memory => checks.warn(
            name,
            "models are kept in the memory of the server and are gone when it ends",
            format!("give a folder: {setting}"),
        ),
        // Whether this build has it is told when it is opened.
        _ => {}
    }
}

fn ports(config: &Config, checks: &mut Checks) {
    if let Some(clash) = config.clash_of_ports() {
        let fix = "nothing where each runs by itself (--only), else change one of them";
        checks.warn("ports", clash, fix);
    }
    let dashboard = (config.server.host, config.server.port);
    let api = (config.api.host, config.api.port);
    for (name, setting, (host, port)) in [
        ("dashboard port", "server.port", dashboard),
        ("API port", "api.port", api),
    ] {
        self::port(name, &config.cite(setting), host, port, checks);
    }
}

fn port(name: &'static str, setting: &str, host: IpAddr, port: u16, checks: &mut Checks) {
    match TcpListener::bind((host, port)) {
        Ok(_) => checks.ok(name, format!("{host} port {port} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => checks.warn(
            name,
            format!("{host} port {port} is in use"),
            format!("nothing if that is the server of this installation, else change {setting}"),
        ),
        Err(error) => checks.fail(
            name,
            format!("{host} port {port} cannot be listened on: {error}"),
            format!("change {setting}"),
        ),
    }
}

/// Looking sets nothing up and upgrades nothing: the earlier system may still use its database.
async fn accounts(config: Config, checks: &mut Checks) {
    let name = "accounts";
    let database = database_name(&config);
    match look_at_database(&config).await.map_err(not_opened) {
        Ok(DatabaseState::Missing) => checks.warn(
            name,
            format!("{database} does not exist yet"),
            "`model-dashboard init`, or the first start of the server, makes it",
        ),
        Ok(DatabaseState::Older(upgrade)) => {
            let fix = "`model-dashboard db migrate`, or starting the server, upgrades it after a \
                       copy of it was made";
            let found = match upgrade.from {
                0 => format!(
                    "{database} is of the earlier system, which cannot use it once it is \
                     upgraded: {} accounts and {} tokens would be taken over",
                    upgrade.users, upgrade.tokens
                ),
                from => format!(
                    "{database} has schema {from} of an earlier version; an upgrade makes it {}",
                    upgrade.to
                ),
            };
            checks.warn(name, found, fix);
        }
        Ok(_) => match Opening::Existing.allow(&config).await {
            Ok(()) => installation(config, checks).await,
            Err(failure) => {
                let fix = "check the settings; the first start of a server makes what is missing";
                checks.fail("installation", failure.message(), fix);
            }
        },
        Err(failure) => {
            let fix = "see what the message says; the setting is named in it";
            checks.fail(name, failure.message(), fix);
        }
    }
}

/// Opens the installation as every command does, and looks at what is in it.
async fn installation(config: Config, checks: &mut Checks) {
    private_files(&config, checks);
    first_password(&config, checks);
    let installation = match Installation::open(config).await {
        Ok(installation) => installation,
        Err(failure) => {
            let fix = "see what the message says; the setting is named in it";
            checks.fail("installation", failure.message(), fix);
            return;
        }
    };
    dependencies(&installation, checks).await;
    models(&installation, checks).await;
    administrators(&installation, checks).await;
    audit(&installation, checks).await;
    backups(&installation, checks);
    installation.close().await;
}

/// Whether a password still lies where only the first sign-in needs it.
fn first_password(config: &Config, checks: &mut Checks) {
    // A folder that cannot be read is told by its own check.
    for path in first_passwords_left(&config.data_dir).unwrap_or_default() {
        let path = path.display();
        checks.warn(
            "first password",
            format!("{path} holds the first administrator's password"),
            format!("once the administrator has signed in: rm '{path}'"),
        );
    }
}

/// Whether others on this machine can read the accounts or the key of the audit log.
#[cfg(unix)]
fn private_files(config: &Config, checks: &mut Checks) {
    use std::os::unix::fs::PermissionsExt as _;
    let DatabaseConfig::Sqlite(database) = &config.database else {
        return;
    };
    let keys = [
        AuditKey::beside(database),
        config.data_dir.join("audit.key"),
    ];
    for path in std::iter::once(database).chain(&keys) {
        let mode = fs::metadata(path).map(|found| found.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o077 != 0) {
            let path = path.display();
            checks.warn(
                "private files",
                format!("others on this machine can read {path}"),
                format!("chmod 600 '{path}'"),
            );
        }
    }
}

#[cfg(not(unix))]
fn private_files(_: &Config, _: &mut Checks) {}

async fn dependencies(installation: &Installation, checks: &mut Checks) {
    let Installation {
        dashboard, caller, ..
    } = installation;
    match dashboard.health(caller).await {
        Ok(dependencies) => {
            for one in dependencies {
                let state = match one.state {
                    DependencyState::Healthy => State::Ok,
                    DependencyState::Degraded => State::Warning,
                    _ => State::Failed,
                };
                let message = match (one.message, state) {
                    (message, State::Ok) if message.is_empty() => "works".to_owned(),
                    (message, _) => message,
                };
                checks.push(one.name, state, message, one.fix);
            }
        }
        Err(error) => unanswered("health", error, checks),
    }
}

async fn models(installation: &Installation, checks: &mut Checks) {
    let Installation {
        dashboard, caller, ..
    } = installation;
    match dashboard.picture(caller).await {
        Ok(picture) => {
            let counts = picture.counts();
            match counts.broken {
                0 => checks.ok("definitions", format!("{} models, none broken", counts.all)),
                broken => checks.warn(
                    "definitions",
                    format!("{broken} of {} are broken", counts.all),
                    "`model-dashboard model list --state broken` says why, `model edit` mends them",
                ),
            }
        }
        Err(error) => unanswered("definitions", error, checks),
    }
}

async fn administrators(installation: &Installation, checks: &mut Checks) {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let name = "administrators";
    match dashboard.users(caller, &UserFilter::default()).await {
        Ok(users) if users.is_empty() => {
            checks.warn(
                name,
                "there is no account",
                "`model-dashboard init` makes one",
            );
        }
        Ok(users) => {
            let active = users
                .iter()
                .filter(|user| user.is_active && user.role == Role::Admin)
                .count();
            match active {
                0 => {
                    let command = installation.config.command("user set-role USER admin");
                    checks.fail(
                        name,
                        "no active account is an administrator",
                        format!("`{command}` makes one"),
                    );
                }
                _ => checks.ok(name, format!("{active} of {} accounts", users.len())),
            }
        }
        Err(error) => unanswered(name, error, checks),
    }
}

async fn audit(installation: &Installation, checks: &mut Checks) {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let name = "audit chain";
    match dashboard.verify_audit(caller).await {
        Ok(ChainState::Intact { events, .. }) => {
            checks.ok(name, format!("{events} events, all as they were written"));
        }
        Ok(ChainState::Broken { at, problem }) => checks.fail(
            name,
            format!("breaks at event {at}: {problem}"),
            "compare the database with a backup, and the digests in the logs with it",
        ),
        Ok(_) => {}
        Err(error) => unanswered(name, error, checks),
    }
}

fn backups(installation: &Installation, checks: &mut Checks) {
    for copy in &installation.backups {
        let path = copy.display();
        let held = match holds_bare_hashes(copy) {
            true => "passwords as the earlier system stored them",
            false => "the accounts as they were before an upgrade",
        };
        checks.warn(
            "old copies",
            format!("{path} holds {held}"),
            format!("once everything works: rm '{path}'"),
        );
    }
}

fn unanswered(name: &'static str, error: model_dashboard::dashboard::Error, checks: &mut Checks) {
    let fix = "see what the message says, and the log of the server";
    checks.fail(name, Failure::from(error).message(), fix);
}
