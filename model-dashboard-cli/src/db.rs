//! `db`: the user database.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::{Context, Opening, database_name};
use crate::output::note;

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Upgrade the user database after a copy of it was made, as starting the server does. The
    /// earlier system cannot use it afterwards. Again changes nothing
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

pub(crate) async fn run(command: DbCommand, context: &Context) -> Result<(), Failure> {
    let DbCommand::Migrate = command;
    context
        .with_opened(Opening::Upgrade, async |installation| {
            let Some(migration) = installation.migration.clone() else {
                let database = database_name(&installation.config);
                note(format_args!("nothing to do: {database} is of this version"));
                return show(&Migrated::nothing(), context);
            };
            // What was taken over, and where the copy is, was told when it was opened.
            let lists = [
                (
                    "cannot sign in until an administrator sets a password",
                    &migration.without_password,
                ),
                (
                    "have tokens and belong to a directory",
                    &migration.directory_people,
                ),
            ];
            for (what, names) in lists {
                if !names.is_empty() {
                    note(format_args!("{what}: {}", names.join(", ")));
                }
            }
            let migrated = Migrated {
                changed: true,
                backup: migration.backup,
                users: migration.users,
                tokens: migration.tokens,
                without_password: migration.without_password,
                directory_people: migration.directory_people,
            };
            show(&migrated, context)
        })
        .await
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
