//! `storage`: the store of the models.

use std::time::Duration;

use clap::{Args, Subcommand};
use model_dashboard::dashboard::{
    Finding, Garbage, GarbageKind, Kept, Mending, StorageCheck, Waste,
};
use model_dashboard::model::Timestamp;
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation};
use crate::output::{note, seconds_or_empty};
use crate::progress::growing_bar;
use crate::prompt::confirm;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, Subcommand)]
pub(crate) enum StorageCommand {
    /// Read everything, and tell what is missing, orphaned, broken or changed outside
    ///
    /// Reads all definitions and revisions and compares their digests. Ends with 1 if anything is
    /// left to be seen to.
    Check(Check),
    /// Tell what nobody needs any more, and with --delete remove it
    ///
    /// That are marks of models deleted long ago, in a folder, packages that no upload, model or
    /// revision has named for as long, and what crashes left behind of uploads and of trying the
    /// store. Histories are never removed, and a bucket keeps the marks. Where there are packages
    /// it reads all definitions and revisions.
    Gc(Gc),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Mend what can be mended without guessing: complete histories and interrupted renames
    #[arg(long)]
    repair: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Gc {
    /// Remove it. A deleted model then cannot be brought back any more; its history stays
    #[arg(long)]
    delete: bool,

    /// How many days ago a model was deleted, or a package given up, at least
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    older_than: u16,
}

pub(crate) async fn run(command: StorageCommand, context: &Context) -> Result<(), Failure> {
    match command {
        StorageCommand::Check(check) => self::check(&check, context).await,
        StorageCommand::Gc(gc) => self::gc(&gc, context).await,
    }
}

/// What a check found, as programs read it.
#[derive(Serialize)]
struct Checked<'a> {
    /// Whether nothing is left to be seen to.
    well: bool,
    models: u64,
    tombstones: u64,
    histories: u64,
    revisions: u64,
    bytes: u64,
    idle_notes: u64,
    findings: Vec<Found<'a>>,
    /// How many findings are not named.
    more: u64,
    /// How many, named or not, are neither harmless nor mended.
    unmended: u64,
    #[serde(skip)]
    unnamed: Vec<(&'static str, u64)>,
}

#[derive(Serialize)]
struct Found<'a> {
    kind: &'static str,
    at: &'a str,
    detail: &'a str,
    harmless: bool,
    /// Whether it is mended: impossible, possible, done or failed.
    mending: &'static str,
    /// Why mending failed.
    error: Option<&'a str>,
}

impl<'a> From<&'a Finding> for Found<'a> {
    fn from(finding: &'a Finding) -> Self {
        let (mending, error) = match &finding.mending {
            Mending::Possible => ("possible", None),
            Mending::Done => ("done", None),
            Mending::Failed(why) => ("failed", Some(why.as_str())),
            _ => ("impossible", None),
        };
        Self {
            kind: finding.kind.as_str(),
            at: &finding.at,
            detail: &finding.detail,
            harmless: finding.kind.is_harmless(),
            mending,
            error,
        }
    }
}

impl<'a> From<&'a StorageCheck> for Checked<'a> {
    fn from(found: &'a StorageCheck) -> Self {
        Self {
            well: found.is_well(),
            models: found.models,
            tombstones: found.tombstones,
            histories: found.histories,
            revisions: found.revisions,
            bytes: found.bytes,
            idle_notes: found.idle_notes,
            findings: found.findings.iter().map(Found::from).collect(),
            more: found.more,
            unmended: found.unmended(),
            unnamed: unnamed(found),
        }
    }
}

/// The kinds of which not all findings are named, and how many are not.
fn unnamed(found: &StorageCheck) -> Vec<(&'static str, u64)> {
    let unnamed = found.counts().map(|(kind, count)| {
        let named = found.findings.iter().filter(|it| it.kind == kind).count();
        (kind.as_str(), count.saturating_sub(named as u64))
    });
    unnamed.filter(|(_, count)| *count > 0).collect()
}

impl Found<'_> {
    /// What becomes of it, in words.
    fn outlook(&self) -> String {
        match (self.mending, self.error) {
            (_, Some(why)) => format!("not mended: {why}"),
            ("done", _) => "mended".to_owned(),
            ("possible", _) if self.harmless => "storage gc".to_owned(),
            ("possible", _) => "--repair".to_owned(),
            _ => String::new(),
        }
    }
}

async fn check(check: &Check, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let bar = growing_bar("checking");
            let progress = |done: u64, total: u64| {
                bar.set_length(total);
                bar.set_position(done);
            };
            let found = dashboard.check_storage(caller, check.repair, &progress);
            let found = found.await;
            bar.finish_and_clear();
            let found = found?;
            let checked = Checked::from(&found);
            context.output.show(&checked, || table(&checked, context))?;
            match found.is_well() {
                true => Ok(()),
                false => Err(unwell(&found, check.repair)),
            }
        })
        .await
}

fn table(checked: &Checked<'_>, context: &Context) -> String {
    let mut shown = context.output.properties([
        ("models", checked.models.to_string()),
        ("deleted or moved", checked.tombstones.to_string()),
        ("histories", checked.histories.to_string()),
        ("revisions", checked.revisions.to_string()),
        ("bytes read", checked.bytes.to_string()),
        (
            "idle notes",
            match checked.idle_notes {
                0 => String::new(),
                count => format!("{count}, harmless: renames leave them"),
            },
        ),
    ]);
    shown.push_str("\n\n");
    if checked.findings.is_empty() {
        shown.push_str("everything is as it should be");
        return shown;
    }
    let rows = checked.findings.iter().map(|found| {
        [
            found.kind.to_owned(),
            found.at.to_owned(),
            found.detail.to_owned(),
            found.outlook(),
        ]
    });
    let header = ["WHAT", "WHERE", "DETAIL", "MENDED BY"];
    shown.push_str(&context.output.table(header, rows));
    for (kind, count) in &checked.unnamed {
        shown.push_str(&format!("\nand {count} more: {kind}"));
    }
    shown
}

fn unwell(found: &StorageCheck, repair: bool) -> Failure {
    let open = |finding: &&Finding| !finding.kind.is_harmless() && finding.mending != Mending::Done;
    let mut open = found.findings.iter().filter(open);
    let message = match found.unmended() {
        1 => "1 finding is left to be seen to".to_owned(),
        count => format!("{count} findings are left to be seen to"),
    };
    let failure = Failure::new(Kind::Failed, message);
    let mendable = |finding: &Finding| finding.mending == Mending::Possible;
    match !repair && open.any(mendable) {
        true => failure.hint(
            "`model-dashboard storage check --repair` mends what can be mended: it puts into the \
             histories what they lack, such as what other programs wrote, and changes no \
             definition but those of interrupted renames",
        ),
        false => failure,
    }
}

/// What was or would be removed, as programs read it.
#[derive(Serialize)]
struct Collected<'a> {
    dry_run: bool,
    removed: u64,
    too_young: u64,
    found: Vec<Removed<'a>>,
    more: u64,
}

#[derive(Serialize)]
struct Removed<'a> {
    kind: &'static str,
    at: &'a str,
    since: Option<Timestamp>,
    /// Why it stays.
    kept: Option<&'static str>,
}

impl<'a> From<&'a Waste> for Removed<'a> {
    fn from(waste: &'a Waste) -> Self {
        Self {
            kind: match waste.kind {
                GarbageKind::Tombstone => "tombstone",
                GarbageKind::UploadBytes => "upload-bytes",
                GarbageKind::Package => "package",
                _ => "left-over",
            },
            at: &waste.at,
            since: waste.since,
            kept: waste.kept.map(|kept| match kept {
                Kept::Changed => "changed meanwhile",
                Kept::Needed => "an interrupted rename needs it",
                Kept::Doubtful => "something cannot be read that may name it; run storage check",
                Kept::Refused => "the store refuses it; look at its permissions",
                _ => "the store cannot remove it safely",
            }),
        }
    }
}

async fn gc(gc: &Gc, context: &Context) -> Result<(), Failure> {
    let older_than = DAY * u32::from(gc.older_than);
    context
        .with_installation(async |installation| {
            let tried = collect(installation, older_than, true).await?;
            let garbage = match gc.delete && tried.removed > 0 {
                false => tried,
                true => {
                    let question = format!("Remove {} objects for good?", tried.removed);
                    confirm(&context.globals, &question, None)?;
                    collect(installation, older_than, false).await?
                }
            };
            show_garbage(&garbage, gc, context)
        })
        .await
}

async fn collect(
    installation: &Installation,
    older_than: Duration,
    dry_run: bool,
) -> Result<Garbage, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let bar = growing_bar("collecting");
    let progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let garbage = dashboard.collect_garbage(caller, older_than, dry_run, &progress);
    let garbage = garbage.await;
    bar.finish_and_clear();
    Ok(garbage?)
}

fn show_garbage(garbage: &Garbage, gc: &Gc, context: &Context) -> Result<(), Failure> {
    let collected = Collected {
        dry_run: !gc.delete,
        removed: garbage.removed,
        too_young: garbage.too_young,
        found: garbage.found.iter().map(Removed::from).collect(),
        more: garbage.more,
    };
    let done = match gc.delete {
        true => "removed",
        false => "would be removed",
    };
    context.output.show(&collected, || {
        let rows = collected.found.iter().map(|waste| {
            [
                waste.kind.to_owned(),
                waste.at.to_owned(),
                seconds_or_empty(waste.since),
                match waste.kept {
                    Some(why) => format!("stays: {why}"),
                    None => done.to_owned(),
                },
            ]
        });
        match collected.found.is_empty() {
            true => "there is nothing to remove".to_owned(),
            false => context
                .output
                .table(["WHAT", "WHERE", "SINCE", "OUTCOME"], rows),
        }
    })?;
    if !gc.delete && garbage.removed > 0 {
        note("nothing was removed yet: --delete does it");
    }
    Ok(())
}
