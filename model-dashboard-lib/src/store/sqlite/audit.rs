//! [`AuditLog`] in SQLite.

use async_trait::async_trait;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::SqliteStore;
use super::error::Result;
use super::values::{Time, time_text};
use crate::audit::{
    ANOTHER_PROGRAM, Action, AuditLog, ChainState, Event, EventFilter, EventPage, NewEvent,
    THE_SERVER, UNKNOWN,
};
use crate::store::accounts::MAX_EVENTS;
use crate::store::audit_chain::{Check, Head};
use crate::store::{AuditKey, StoreError};

const EVENTS: &str = "seq, at, actor, actor_name, via, \"from\", request_id, action, target,
    revision, reason, detail, digest FROM audit_events";

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let Time(at) = row.get("at")?;
    Ok(Event {
        seq: row.get::<_, i64>("seq")?.cast_unsigned(),
        event: NewEvent {
            at,
            actor: row.get("actor")?,
            actor_name: row.get("actor_name")?,
            via: row.get("via")?,
            from: row.get("from")?,
            request_id: row.get("request_id")?,
            action: Action::from_name(&row.get::<_, String>("action")?),
            target: row.get("target")?,
            revision: row
                .get::<_, Option<i64>>("revision")?
                .map(i64::cast_unsigned),
            reason: row.get("reason")?,
            detail: row.get("detail")?,
        },
        digest: hex::encode(row.get::<_, [u8; 32]>("digest")?),
    })
}

/// The stored head, if its seal is right. One that cannot be read is none.
fn sealed(db: &Connection, key: &AuditKey) -> Result<Option<Head>> {
    let mut statement = db.prepare_cached("SELECT seq, digest, seal FROM audit_head")?;
    let stored = statement.query_row([], |row| {
        let seq: Option<i64> = row.get(0).ok();
        let digest: Option<[u8; 32]> = row.get(1).ok();
        let seal: Option<[u8; 32]> = row.get(2).ok();
        Ok((seq, digest, seal))
    });
    Ok(match stored.optional()? {
        Some((Some(seq), Some(digest), Some(seal))) => {
            let head = Head {
                seq: seq.cast_unsigned(),
                digest,
            };
            (head.seal(key) == seal).then_some(head)
        }
        _ => None,
    })
}

fn seal(db: &Connection, key: &AuditKey, head: Head) -> Result<()> {
    db.execute(
        "INSERT INTO audit_head (only, seq, digest, seal) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (only) DO UPDATE SET seq = ?1, digest = ?2, seal = ?3",
        params![head.seq.cast_signed(), head.digest, head.seal(key)],
    )?;
    Ok(())
}

/// Whether the log has events or a head, and so a key.
pub(super) fn has_begun(db: &Connection) -> Result<bool> {
    let tables = "SELECT count(*) = 2 FROM sqlite_schema
        WHERE type = 'table' AND name IN ('audit_events', 'audit_head')";
    let rows = "SELECT EXISTS (SELECT 1 FROM audit_head) OR EXISTS (SELECT 1 FROM audit_events)";
    Ok(db.query_row(tables, [], |row| row.get(0))? && db.query_row(rows, [], |row| row.get(0))?)
}

/// Seals the head of a log that has no event yet. From then on it is never missing.
pub(super) fn begin(db: &Connection, key: &AuditKey) -> Result<()> {
    match has_begun(db)? {
        true => Ok(()),
        false => seal(db, key, Head::EMPTY),
    }
}

/// Whether `key` is that of the log: it sealed the head or, if somebody changed that, digested
/// the first event. A log whose head was removed takes any key; it stays broken.
pub(super) fn fits(db: &Connection, key: &AuditKey) -> Result<bool> {
    let head = "SELECT EXISTS (SELECT 1 FROM audit_head)";
    let has_head: bool = db.query_row(head, [], |row| row.get(0))?;
    if !has_head || sealed(db, key)?.is_some() {
        return Ok(true);
    }
    match db.query_row(&format!("SELECT {EVENTS} WHERE seq = 1"), [], event) {
        Ok(first) => Ok(Check::new(key).next(&first).is_ok()),
        Err(error) if error.sqlite_error_code().is_some() => Err(error.into()),
        // There is none, or it cannot be read.
        Err(_) => Ok(false),
    }
}

/// Numbers, chains and writes events, and moves the sealed head onto the last.
pub(super) fn append(db: &Connection, key: &AuditKey, events: Vec<NewEvent>) -> Result<Vec<Event>> {
    let newest: Option<i64> =
        db.query_row("SELECT max(seq) FROM audit_events", [], |row| row.get(0))?;
    let mut head = Head::to_follow(newest.map(i64::cast_unsigned), sealed(db, key)?);
    let mut statement = db.prepare_cached(
        "INSERT INTO audit_events (seq, at, actor, actor_name, via, \"from\", request_id, action,
            target, revision, reason, detail, digest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    let mut written = Vec::with_capacity(events.len());
    for event in events {
        let stored = head.append(key, event);
        let event = &stored.event;
        statement.execute(params![
            head.seq.cast_signed(),
            Time(event.at),
            event.actor,
            event.actor_name,
            event.via,
            event.from,
            event.request_id,
            event.action.as_str(),
            event.target,
            event.revision.map(u64::cast_signed),
            event.reason,
            event.detail,
            head.digest,
        ])?;
        written.push(stored);
    }
    if !written.is_empty() {
        seal(db, key, head)?;
    }
    Ok(written)
}

/// The condition that `filter` and `page` put, with its parameters.
fn condition(filter: &EventFilter, page: EventPage) -> (String, Vec<Value>) {
    let EventFilter {
        actions,
        actor,
        source,
        target,
        since,
        until,
    } = filter;
    let mut all = vec!["TRUE".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    if !actions.is_empty() {
        let mut any = Vec::new();
        for name in actions {
            values.push(name.clone().into());
            any.push(match name.strip_suffix('.') {
                // All that begins so: the sign after the point is the slash.
                Some(group) => {
                    values.push(format!("{group}/").into());
                    "(action >= ? AND action < ?)"
                }
                None => "action = ?",
            });
        }
        all.push(format!("({})", any.join(" OR ")));
    }
    if let Some(actor) = actor {
        let nobody = match &**actor {
            THE_SERVER => "via = 'server'",
            ANOTHER_PROGRAM => "via = 'store'",
            UNKNOWN => "via NOT IN ('server', 'store')",
            _ => "FALSE",
        };
        all.push(format!(
            "(actor = ? OR actor_name = ? OR (actor = '' AND actor_name = '' AND {nobody}))"
        ));
        values.extend([Value::from(actor.clone()), Value::from(actor.clone())]);
    }
    if let Some(source) = source {
        // All that begins with it and a colon: the sign after the colon is the semicolon.
        all.push(
            "((actor >= ? AND actor < ?)
              OR (actor = '' AND actor_name <> '' AND target = ?))"
                .into(),
        );
        let texts = [
            format!("{source}:"),
            format!("{source};"),
            format!("source:{source}"),
        ];
        values.extend(texts.map(Value::from));
    }
    if let Some(target) = target {
        all.push("target = ?".into());
        values.push(target.clone().into());
    }
    for (time, compare) in [(since, "at >= ?"), (until, "at < ?")] {
        if let Some(time) = time {
            all.push(compare.into());
            values.push(time_text(*time).into());
        }
    }
    let bound = match page {
        EventPage::Newest { before: None } => None,
        EventPage::Newest {
            before: Some(before),
        } => Some(("seq < ?", before)),
        EventPage::After(after) => Some(("seq > ?", after)),
    };
    if let Some((compare, seq)) = bound {
        all.push(compare.into());
        values.push(i64::try_from(seq).unwrap_or(i64::MAX).into());
    }
    (all.join(" AND "), values)
}

fn verify(db: &Connection, key: &AuditKey) -> Result<ChainState> {
    // One state of the file for the events and the head.
    let snapshot = db.unchecked_transaction()?;
    let mut statement = snapshot.prepare_cached(&format!("SELECT {EVENTS} ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    let mut check = Check::new(key);
    while let Some(row) = rows.next()? {
        let fits = match event(row) {
            Ok(event) => check.next(&event),
            Err(error) => Err(check.unreadable(&error)),
        };
        if let Err(broken) = fits {
            return Ok(broken);
        }
    }
    Ok(check.finish(sealed(&snapshot, key)?))
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<Event>, StoreError> {
        let (key, events) = (self.inner.key.clone(), events.to_vec());
        self.note(move |db| append(db, &key, events)).await
    }

    async fn events(
        &self,
        filter: &EventFilter,
        page: EventPage,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let (condition, values) = condition(filter, page);
        let order = match page {
            EventPage::Newest { .. } => "DESC",
            EventPage::After(_) => "ASC",
        };
        let limit = limit.min(MAX_EVENTS);
        self.read_log(move |db| {
            let mut statement = db.prepare(&format!(
                "SELECT {EVENTS} WHERE {condition} ORDER BY seq {order} LIMIT {limit}"
            ))?;
            let events = statement.query_map(params_from_iter(values), event)?;
            Ok(events.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn event(&self, seq: u64) -> Result<Option<Event>, StoreError> {
        let Ok(seq) = i64::try_from(seq) else {
            return Ok(None);
        };
        self.read_log(move |db| {
            let by_seq = format!("SELECT {EVENTS} WHERE seq = ?");
            Ok(db
                .prepare_cached(&by_seq)?
                .query_row([seq], event)
                .optional()?)
        })
        .await
    }

    async fn verify(&self) -> Result<ChainState, StoreError> {
        let key = self.inner.key.clone();
        self.read_log(move |db| verify(db, &key)).await
    }
}
