//! What was found in the store, in words.

use model_dashboard::dashboard::{
    Finding, FindingKind, Garbage, GarbageKind, Kept, Mending, StorageCheck, Waste,
};
use model_dashboard::model::ModelKey;

use super::task::{Known, Outcome, Running, Work};
use crate::views::Links;
use crate::views::admin::storage::{
    self, CheckView, FindingRow, Found, GarbageView, KindView, RunningView, StorageView, WasteRow,
};
use crate::views::components::Tone;
use crate::views::links::ModelAction;

/// How many findings of a kind a page names.
const NAMED_OF_KIND: usize = 50;

/// How much garbage a page names.
const NAMED_WASTE: usize = 100;

pub(super) fn view(links: &Links, known: &Known) -> StorageView {
    StorageView {
        running: known.running.as_ref().map(running),
        check: known.check.as_ref().map(|outcome| {
            let (done, failed) = match outcome.changing {
                true => ("Checked and mended", "Mending ended early"),
                false => ("Checked", "The check ended early"),
            };
            outcome_of(outcome, done, failed, |found| check(links, found))
        }),
        garbage: known.garbage.as_ref().map(|outcome| {
            let (done, failed) = match outcome.changing {
                true => ("Deleted", "Deleting ended early"),
                false => ("Listed", "The list ended early"),
            };
            outcome_of(outcome, done, failed, |found| {
                garbage(found, outcome.changing)
            })
        }),
    }
}

fn running(running: &Running) -> RunningView {
    let what = match running.work {
        Work::Check { repair: false } => "The store is being checked.",
        Work::Check { repair: true } => "The store is being checked and mended.",
        Work::Garbage { delete: false } => "What nobody needs any more is being listed.",
        Work::Garbage { delete: true } => "What nobody needs any more is being deleted.",
    };
    RunningView {
        what: what.to_owned(),
        by: running.by.clone(),
        since: running.since,
        done: running.done,
        total: running.total,
    }
}

fn outcome_of<T, V>(
    outcome: &Outcome<T>,
    done: &'static str,
    failed: &'static str,
    view: impl FnOnce(&T) -> V,
) -> storage::Outcome<V> {
    storage::Outcome {
        by: outcome.by.clone(),
        at: outcome.at,
        found: match &outcome.found {
            Ok(found) => Found::Whole(done, view(found)),
            Err(why) => Found::Failed(failed, why.clone()),
        },
    }
}

fn check(links: &Links, found: &StorageCheck) -> CheckView {
    let kinds = found.counts().map(|(kind, count)| {
        let of_kind = found.findings.iter().filter(|one| one.kind == kind);
        let rows: Vec<FindingRow> = of_kind
            .take(NAMED_OF_KIND)
            .map(|one| finding(links, one))
            .collect();
        let (heading, to_do) = words(kind);
        KindView {
            heading,
            to_do,
            harmless: kind.is_harmless(),
            count: count as usize,
            more: (count as usize).saturating_sub(rows.len()),
            rows,
        }
    });
    let mendable =
        |one: &Finding| one.mending == Mending::Possible && one.kind != FindingKind::LeftOver;
    CheckView {
        well: found.is_well(),
        models: found.models as usize,
        tombstones: found.tombstones as usize,
        histories: found.histories as usize,
        revisions: found.revisions as usize,
        bytes: found.bytes,
        idle_notes: found.idle_notes as usize,
        kinds: kinds.collect(),
        mendable: found.findings.iter().any(mendable),
    }
}

fn finding(links: &Links, finding: &Finding) -> FindingRow {
    let (detail, mending) = match &finding.mending {
        Mending::Done => (finding.detail.clone(), Some((Tone::Ok, "Mended"))),
        Mending::Failed(why) => (why.clone(), Some((Tone::Danger, "Not mended"))),
        _ => (finding.detail.clone(), None),
    };
    FindingRow {
        href: href(links, finding),
        at: finding.at.clone(),
        detail,
        mending,
    }
}

/// The page on which people see to it.
fn href(links: &Links, finding: &Finding) -> Option<String> {
    let key: ModelKey = match finding.kind {
        FindingKind::Unreadable | FindingKind::Orphaned => return None,
        kind if kind.is_harmless() => return None,
        _ => finding.at.parse().ok()?,
    };
    let (network_type, name) = (key.network_type.as_str(), key.name.as_str());
    Some(match finding.kind {
        FindingKind::Broken => links.broken(network_type, name),
        FindingKind::Gap | FindingKind::Falsified => {
            links.model_action(network_type, name, ModelAction::History)
        }
        _ => links.model(network_type, name),
    })
}

/// What it is, and what to do about it.
fn words(kind: FindingKind) -> (&'static str, &'static str) {
    match kind {
        FindingKind::Broken => (
            "Definitions that cannot be read",
            "Correct their text: each name leads to it.",
        ),
        FindingKind::Contradiction => (
            "Definitions that name another place",
            "Jobs go by the place where it lies. Correct what it says there.",
        ),
        FindingKind::ChangedOutside => (
            "Definitions that another program wrote",
            "Nothing is wrong with them, but no history has them. Mending adds them there, marked \
             as changed outside, and leaves them as they are.",
        ),
        FindingKind::NotInHistory => (
            "Histories that lack the present state",
            "A change was interrupted. Mending completes the history.",
        ),
        FindingKind::InterruptedRename => (
            "Interrupted renames",
            "Mending finishes them, or takes them back.",
        ),
        FindingKind::Gap => (
            "Revisions that are missing",
            "Something removed them. If you need them, put them back from a backup; everything \
             else works.",
        ),
        FindingKind::Falsified => (
            "Revisions that were changed afterwards",
            "Find out what writes to the store besides the dashboard, and put them back from a \
             backup.",
        ),
        FindingKind::Unreadable => (
            "Objects that the store does not give",
            "It gives others. Look at their permissions, and at the disk.",
        ),
        FindingKind::Missing => (
            "Models whose definition is gone",
            "Another program removed it. Put the file back from a backup, or create a model of \
             this name: it goes on with the history.",
        ),
        FindingKind::Orphaned => (
            "Histories that belong to no model",
            "Nothing uses them. They may stay.",
        ),
        FindingKind::Other => (
            "Objects that are no definitions",
            "Nothing follows from them. They may stay.",
        ),
        FindingKind::LeftOver => (
            "Objects to try the store with",
            "They do no harm. Deleting what nobody needs any more removes them.",
        ),
        other => (other.as_str(), "Look at it."),
    }
}

fn garbage(found: &Garbage, deleted: bool) -> GarbageView {
    let rows: Vec<WasteRow> = found.found.iter().take(NAMED_WASTE).map(waste).collect();
    GarbageView {
        deleted,
        removed: found.removed as usize,
        too_young: found.too_young as usize,
        store_keeps_marks: found
            .found
            .iter()
            .any(|waste| waste.kept == Some(Kept::Unsafe)),
        more: (found.found.len() - rows.len()).saturating_add(found.more as usize),
        rows,
    }
}

fn waste(waste: &Waste) -> WasteRow {
    WasteRow {
        what: match waste.kind {
            GarbageKind::Tombstone => "Mark of a deleted model",
            GarbageKind::UploadBytes => "Left behind by an upload",
            GarbageKind::Package => "Package that nothing names",
            _ => "Left behind by trying the store",
        },
        at: waste.at.clone(),
        since: waste.since.map(Into::into),
        kept: waste.kept.map(|kept| match kept {
            Kept::Changed => "it was changed meanwhile",
            Kept::Needed => "an interrupted rename needs it; mending ends that",
            Kept::Doubtful => "something cannot be read that may name it; check the store",
            Kept::Refused => "the store refuses it; look at its permissions",
            _ => "the store cannot remove it safely",
        }),
    }
}
