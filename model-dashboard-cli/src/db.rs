//! `db`: the user database.

use std::path::PathBuf;

use clap::Subcommand;
use model_dashboard::connect::look_at_database;
use model_dashboard::store::DatabaseState;
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::{Context, database_name, no_installation, not_opened, upgrade};
use crate::output::note;

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Upgrade the user database after a copy of it was made, as starting the server does. Stop the
    /// servers that use it first: neither the earlier system nor an older version can use it
    /// afterwards. Again changes nothing
    Migrate,
}

#[derive(Serialize)]
struct Migrated {
    changed: bool,
    /// Where the file as it was lies.
    backup: Option<PathBuf>,
    users: usize,
    tokens: usize,
    without_password: Vec<String>,
    directory_people: Vec<String>,
}

/// Opens the database alone: what became of it is told whatever is wrong with the models.
pub(crate) async fn run(command: DbCommand, context: &Context) -> Result<(), Failure> {
    let DbCommand::Migrate = command;
    let config = context.config()?;
    let database = database_name(&config);
    let found = look_at_database(&config).await.map_err(not_opened)?;
    if found == DatabaseState::Missing {
        return Err(no_installation(&database));
    }
    let migration = match found {
        DatabaseState::Older(_) => upgrade(&config).await?,
        _ => None,
    };
    let Some(migration) = migration else {
        note(format_args!("nothing to do: {database} is of this version"));
        return show(&Migrated::nothing(), context);
    };
    let migrated = Migrated {
        changed: true,
        backup: migration.backup,
        users: migration.users,
        tokens: migration.tokens,
        without_password: migration.without_password,
        directory_people: migration.directory_people,
    };
    show(&migrated, context)
}

impl Migrated {
    fn nothing() -> Self {
        Self {
            changed: false,
            backup: None,
            users: 0,
            tokens: 0,
            without_password: Vec::new(),
            directory_people: Vec::new(),
        }
    }
}

fn show(migrated: &Migrated, context: &Context) -> Result<(), Failure> {
    match context.output.is_json() {
        true => context.output.show(migrated, String::new),
        false => Ok(()),
    }
}
