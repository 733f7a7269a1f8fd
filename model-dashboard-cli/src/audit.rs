//! `audit`: who did what.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use model_dashboard::audit::{Action, ChainState, Event, EventFilter, EventPage, NewEvent};
use model_dashboard::auth::Source;
use model_dashboard::model::Timestamp;
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation, Opening};
use crate::output::{note, or_empty, seconds};

/// How many events are read at a time.
const PAGE: usize = 1000;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List events, newest first
    List(List),
    /// Recompute the chain over all events: whether one was changed, removed or put in
    Verify,
    /// Write events as JSON lines or CSV, oldest first
    Export(Export),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,

    /// The most events to list
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: usize,

    /// Only events before this number
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    filter: Filter,

    /// Shape of the file
    #[arg(long, value_enum, default_value_t)]
    format: FileFormat,

    /// Only events after this number
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 0,
        hide_default_value = true
    )]
    after: u64,

    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum FileFormat {
    /// One JSON object on each line
    #[default]
    Jsonl,
    /// RFC 4180, with a header
    Csv,
}

#[derive(Debug, Args)]
struct Filter {
    /// Only this action, such as model.enable; model. stands for all on models
    #[arg(long = "action", value_name = "ACTION")]
    actions: Vec<String>,

    /// Only events of this actor: an id or a name, or `the server`
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,

    /// Only events by accounts of this source, such as local or ldap: two may each have somebody of
    /// one name
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,

    /// Only events on this, such as model:nnUNet/Task055 or token:17
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,

    /// Only events at or after this time, such as 2026-01-15 or 2026-01-15T09:30:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,

    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

impl Filter {
    fn resolve(self) -> Result<EventFilter, Failure> {
        for action in &self.actions {
            let known =
                |name: &str| name == action || (action.ends_with('.') && name.starts_with(action));
            if !Action::names().any(known) {
                let names: Vec<&str> = Action::names().collect();
                return Err(Failure::usage(format!("there is no action {action}"))
                    .hint(format!("actions are {}", names.join(", "))));
            }
        }
        Ok(EventFilter {
            actions: self.actions,
            actor: self.actor,
            source: self.source,
            target: self.target,
            since: self.since,
            until: self.until,
        })
    }
}

/// An event as programs read it.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    seq: u64,
    at: Timestamp,
    actor: &'a str,
    actor_name: &'a str,
    via: &'a str,
    from: &'a str,
    request_id: &'a str,
    action: &'a str,
    target: &'a str,
    revision: Option<u64>,
    reason: &'a str,
    detail: &'a str,
    digest: &'a str,
}

impl<'a> From<&'a Event> for Shown<'a> {
    fn from(Event { seq, event, digest }: &'a Event) -> Self {
        Self {
            seq: *seq,
            at: event.at,
            actor: &event.actor,
            actor_name: &event.actor_name,
            via: &event.via,
            from: &event.from,
            request_id: &event.request_id,
            action: event.action.as_str(),
            target: &event.target,
            revision: event.revision,
            reason: &event.reason,
            detail: &event.detail,
            digest,
        }
    }
}

const COLUMNS: [&str; 13] = [
    "seq",
    "at",
    "actor",
    "actor_name",
    "via",
    "from",
    "request_id",
    "action",
    "target",
    "revision",
    "reason",
    "detail",
    "digest",
];

#[derive(Serialize)]
struct Events<'a> {
    events: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Verified {
    intact: bool,
    events: Option<u64>,
    head_seq: Option<u64>,
    head_digest: Option<String>,
    broken_at: Option<u64>,
    problem: Option<String>,
}

pub(crate) async fn run(command: AuditCommand, context: &Context) -> Result<(), Failure> {
    match command {
        AuditCommand::List(list) => self::list(list, context).await,
        AuditCommand::Verify => verify(context).await,
        AuditCommand::Export(export) => self::export(export, context).await,
    }
}

async fn list(list: List, context: &Context) -> Result<(), Failure> {
    let filter = list.filter.resolve()?;
    context
        .with_accounts(Opening::Existing, async |installation| {
            let mut events: Vec<Event> = Vec::new();
            let mut before = list.before;
            while events.len() < list.limit {
                let most = PAGE.min(list.limit - events.len());
                let page = page(installation, &filter, EventPage::Newest { before }, most).await?;
                let is_last = page.len() < most;
                before = page.last().map(|event| event.seq);
                events.extend(page);
                if is_last {
                    break;
                }
            }
            let shown = Events {
                events: events.iter().map(Shown::from).collect(),
            };
            context.output.show(&shown, || {
                let rows = events.iter().map(|Event { seq, event, .. }| {
                    let why = [&*event.reason, &*event.detail].into_iter();
                    let why: Vec<&str> = why.filter(|text| !text.is_empty()).collect();
                    [
                        seq.to_string(),
                        seconds(event.at),
                        who(event),
                        event.via.clone(),
                        event.action.to_string(),
                        event.target.clone(),
                        why.join("; "),
                    ]
                });
                let header = ["SEQ", "AT", "WHO", "VIA", "ACTION", "TARGET", "WHY, WHAT"];
                context.output.table(header, rows)
            })
        })
        .await
}

/// With the source of the account, unless it is one of the installation or of this machine.
fn who(event: &NewEvent) -> String {
    match event.source() {
        Some(source) if !matches!(source, Source::LOCAL | Source::HOST) => {
            format!("{} ({source})", event.who())
        }
        _ => event.who().to_owned(),
    }
}

async fn page(
    installation: &Installation,
    filter: &EventFilter,
    page: EventPage,
    limit: usize,
) -> Result<Vec<Event>, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    Ok(dashboard.events(caller, filter, page, limit).await?)
}

async fn verify(context: &Context) -> Result<(), Failure> {
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let state = dashboard.verify_audit(caller).await?;
            let verified = match state {
                ChainState::Intact { events, head } => Verified {
                    intact: true,
                    events: Some(events),
                    head_seq: head.as_ref().map(|(seq, _)| *seq),
                    head_digest: head.map(|(_, digest)| digest),
                    broken_at: None,
                    problem: None,
                },
                ChainState::Broken { at, problem } => Verified {
                    intact: false,
                    events: None,
                    head_seq: None,
                    head_digest: None,
                    broken_at: Some(at),
                    problem: Some(problem),
                },
                other => return Err(Failure::new(Kind::Failed, format!("{other:?}"))),
            };
            context.output.show(&verified, || {
                context.output.properties([
                    (
                        "chain",
                        if verified.intact { "intact" } else { "broken" }.to_owned(),
                    ),
                    ("events", or_empty(verified.events)),
                    ("newest", or_empty(verified.head_seq)),
                    ("its digest", or_empty(verified.head_digest.as_ref())),
                ])
            })?;
            match (verified.broken_at, verified.problem) {
                (Some(at), Some(problem)) => {
                    let message = format!("the chain breaks at event {at}: {problem}");
                    let hint = "compare the database with a backup, and the digests in the logs \
                                with it";
                    Err(Failure::new(Kind::Failed, message).hint(hint))
                }
                _ => Ok(()),
            }
        })
        .await
}

async fn export(export: Export, context: &Context) -> Result<(), Failure> {
    let filter = export.filter.resolve()?;
    context
        .with_accounts(Opening::Existing, async |installation| {
            let failed = |error: io::Error| match &export.to {
                None => Failure::output(&error),
                Some(path) => Failure::io(format!("{} cannot be written", path.display()), &error),
            };
            let mut file: Box<dyn Write> = match &export.to {
                None => Box::new(BufWriter::new(io::stdout().lock())),
                Some(path) => Box::new(BufWriter::new(File::create(path).map_err(failed)?)),
            };
            if let FileFormat::Csv = export.format {
                write_row(&mut file, COLUMNS.map(str::to_owned)).map_err(failed)?;
            }
            let (mut after, mut count) = (export.after, 0_usize);
            loop {
                let events = page(installation, &filter, EventPage::After(after), PAGE).await?;
                for event in &events {
                    write_event(&mut file, event, export.format).map_err(failed)?;
                }
                count += events.len();
                match events.last() {
                    Some(last) if events.len() == PAGE => after = last.seq,
                    _ => break,
                }
            }
            file.flush().map_err(failed)?;
            if let Some(path) = &export.to {
                note(format_args!("wrote {count} events to {}", path.display()));
            }
            Ok(())
        })
        .await
}

fn write_event(file: &mut impl Write, event: &Event, format: FileFormat) -> io::Result<()> {
    let event = Shown::from(event);
    match format {
        FileFormat::Jsonl => {
            serde_json::to_writer(&mut *file, &event)?;
            file.write_all(b"\n")
        }
        FileFormat::Csv => write_row(
            file,
            [
                event.seq.to_string(),
                event.at.to_string(),
                event.actor.to_owned(),
                event.actor_name.to_owned(),
                event.via.to_owned(),
                event.from.to_owned(),
                event.request_id.to_owned(),
                event.action.to_owned(),
                event.target.to_owned(),
                or_empty(event.revision),
                event.reason.to_owned(),
                event.detail.to_owned(),
                event.digest.to_owned(),
            ],
        ),
    }
}

fn write_row<const N: usize>(file: &mut impl Write, cells: [String; N]) -> io::Result<()> {
    let cells = cells.map(|cell| csv_cell(&cell));
    write!(file, "{}\r\n", cells.join(","))
}

/// A cell as RFC 4180 has it. What a spreadsheet would take for a formula gets an apostrophe
/// before it (OWASP, "CSV injection"): reasons and names are anybody's text.
fn csv_cell(text: &str) -> String {
    let guarded = match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match guarded.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", guarded.replace('"', "\"\"")),
        false => guarded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_and_never_a_formula() {
        assert_eq!(csv_cell("plain"), "plain");
        assert_eq!(csv_cell("say \"why\", now"), "\"say \"\"why\"\", now\"");
        assert_eq!(csv_cell("=1+1"), "'=1+1");
        assert_eq!(csv_cell("two\nlines"), "\"two\nlines\"");
    }
}
