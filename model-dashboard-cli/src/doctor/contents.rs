//! What is in the installation: accounts, models, the audit log, and files beside them.

use std::fs;

use model_dashboard::audit::ChainState;
use model_dashboard::auth::{Role, UserFilter};
use model_dashboard::config::{Config, DatabaseConfig};
use model_dashboard::connect::look_at_database;
use model_dashboard::dashboard::{Dependency, DependencyState, Error, first_passwords_left};
use model_dashboard::store::{AuditKey, DatabaseState, holds_bare_hashes};

use super::places::{BUCKET, MODELS_FOLDER};
use super::{Checks, State};
use crate::failure::Failure;
use crate::installation::{Installation, Opening, database_name, not_opened};
use crate::output::{counted, seconds_or_empty};

/// Looking sets nothing up and upgrades nothing: the earlier system may still use its database.
pub(super) async fn accounts(config: Config, checks: &mut Checks) {
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
                     upgraded: {} and {} would be taken over",
                    counted(upgrade.users, "account"),
                    counted(upgrade.tokens, "token")
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
    let fix = "see what the message says; the setting is named in it";
    let store = [MODELS_FOLDER, BUCKET];
    let store = store.into_iter().find(|name| checks.has_failed(name));
    let opened = match store {
        // Why is told already.
        Some(store) => {
            let fix = format!("see to the {store} first");
            checks.fail("models", "they were not looked at", fix);
            None
        }
        None => match Installation::open(config.clone()).await {
            Ok(installation) => Some(installation),
            Err(failure) => {
                checks.fail("models", failure.message(), failure.advice().unwrap_or(fix));
                None
            }
        },
    };
    let installation = match opened {
        Some(installation) => {
            dependencies(&installation, checks).await;
            models(&installation, checks).await;
            installation
        }
        // The rest does not need them.
        None => match Installation::open_accounts(config).await {
            Ok(installation) => installation,
            Err(failure) => return checks.fail("installation", failure.message(), fix),
        },
    };
    administrators(&installation, checks).await;
    old_tokens(&installation, checks).await;
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
            // Directories are asked themselves; what is kept of them here is told if it is bad.
            let asked_itself = |one: &Dependency| {
                one.name.starts_with("source:") && one.state == DependencyState::Healthy
            };
            for one in dependencies.into_iter().filter(|one| !asked_itself(one)) {
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

/// Tokens that the earlier system gave to people of a directory who have not signed in since: no
/// look and no sign-in limits them.
async fn old_tokens(installation: &Installation, checks: &mut Checks) {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let name = "old tokens";
    let found = match dashboard.tokens_before_first_sign_in(caller).await {
        Ok(found) => found,
        Err(error) => return unanswered(name, error, checks),
    };
    for (user, tokens) in found {
        let told = tokens.iter().map(|token| match token.expires_at {
            Some(end) => format!("{} (until {})", token.id, seconds_or_empty(Some(end))),
            None => format!("{} (without an end)", token.id),
        });
        let told: Vec<String> = told.collect();
        checks.warn(
            name,
            format!(
                "{} has tokens of the earlier system and has not signed in since: {}",
                user.username,
                told.join(", ")
            ),
            "they count until their end, or until their owner signs in for the first time and types \
             this name; `model-dashboard token revoke NUMBER` ends one now",
        );
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

fn unanswered(name: &'static str, error: Error, checks: &mut Checks) {
    let fix = "see what the message says, and the log of the server";
    checks.fail(name, Failure::from(error).message(), fix);
}
