//! Usernames are told apart by the full case folding of Unicode. Earlier it was their lower case,
//! which kept `ß` and `ss` apart, and `σ` and `ς`.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use super::{Migration, unusable};
use crate::auth::{Source, Username};
use crate::store::sqlite::error::{Error, Result};

/// The schema from which on names are folded so.
pub(super) const NUMBER: u32 = 6;

/// A name in one of the tables.
struct Named {
    table: &'static str,
    row: i64,
    source: String,
    username: Username,
    folded: String,
    provisional: bool,
}

/// Refuses a file with local people or service accounts whose names have become the same. Changes
/// nothing.
pub(super) fn check(db: &Connection, path: &Path) -> Result<()> {
    let mut names: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for one in all(db)? {
        // A directory may have given a name to several people in time.
        if one.provisional || [Source::LOCAL, Source::SERVICE].contains(&one.source.as_str()) {
            let key = (one.source, one.username.folded().to_owned());
            names
                .entry(key)
                .or_default()
                .push(format!("“{}”", one.username));
        }
    }
    let same = names.into_values().filter(|names| names.len() > 1);
    let same: Vec<String> = same.map(|names| names.join(" and ")).collect();
    match same.is_empty() {
        true => Ok(()),
        false => Err(unusable(format!(
            "{} cannot be upgraded: these usernames are the same in all but capitals or \
             look-alike letters: {}. Delete all but one of each with the version of this program \
             that made them, then start again; nothing was changed",
            path.display(),
            same.join("; ")
        ))),
    }
}

fn all(db: &Connection) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    for (table, columns) in [
        ("users", "id, 'local', username, username_folded, FALSE"),
        (
            "accounts",
            "id, source, username, username_folded, provisional",
        ),
    ] {
        let mut statement = db.prepare(&format!("SELECT {columns} FROM {table} ORDER BY id"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            found.push(Named {
                table,
                row: row.get(0)?,
                source: row.get(1)?,
                username: Username::parse(&row.get::<_, String>(2)?).map_err(Error::bad_data)?,
                folded: row.get(3)?,
                provisional: row.get(4)?,
            });
        }
    }
    Ok(found)
}

pub(super) fn apply(db: &Transaction<'_>, _: &mut Migration) -> Result<()> {
    for one in all(db)? {
        let folded = one.username.folded();
        if folded == one.folded {
            continue;
        }
        let table = one.table;
        db.execute(
            &format!("UPDATE {table} SET username_folded = ?1 WHERE id = ?2"),
            params![folded, one.row],
        )?;
        if one.provisional {
            db.execute(
                "UPDATE accounts SET subject = ?1 WHERE id = ?2",
                params![folded, one.row],
            )?;
            db.execute(
                "UPDATE api_tokens SET owner_subject = ?1
                 WHERE owner_source = ?2 AND owner_subject = ?3",
                params![folded, one.source, one.folded],
            )?;
        }
    }
    Ok(())
}
