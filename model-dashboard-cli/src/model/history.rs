//! `model history`, `diff` and `restore`.

use std::num::NonZeroU64;

use clap::Args;
use model_dashboard::catalog::Entry;
use model_dashboard::dashboard::{
    Error, Gap, HistoryStep, MAX_HISTORY_PAGE, ModelRevision, Origin, RevisionContent,
};
use model_dashboard::model::{ModelKey, Selector, Timestamp};
use model_dashboard::repository::Precondition;
use serde::{Serialize, Serializer};

use super::changes::Changes;
use super::package_changes::PackageChanges;
use super::reference::{past_key, resolve, revision};
use super::show_changed;
use crate::args::Reason;
use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation};
use crate::output::{note, seconds, seconds_or_empty};

#[derive(Debug, Args)]
pub(crate) struct History {
    /// TYPE/NAME, or a name; also of a deleted model
    model: String,

    /// The most revisions to list
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: usize,

    /// List all revisions
    #[arg(long, conflicts_with = "limit")]
    all: bool,

    /// Only revisions before this number
    #[arg(long, value_name = "REVISION")]
    before: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// TYPE/NAME, or a name; also of a deleted model
    model: String,

    /// The revision to compare from
    from: NonZeroU64,

    /// The revision to compare with [default: the present one]
    to: Option<NonZeroU64>,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// TYPE/NAME, or a name; also of a deleted model
    model: String,

    /// The revision; of a deleted model the last one before it was deleted, if none is given
    revision: Option<NonZeroU64>,

    #[command(flatten)]
    reason: Reason,
}

/// A revision as programs read it.
#[derive(Debug, Serialize)]
struct Revision {
    revision: u64,
    /// The key that the model had then.
    key: Option<String>,
    modified_at: Option<Timestamp>,
    modified_by: Option<String>,
    /// The directory that they are of, if they are of one.
    modified_by_source: Option<String>,
    via: Option<String>,
    message: String,
    /// Who wrote it: registry, outside, or falsified in the history.
    origin: &'static str,
    /// What it holds: definition, deleted or unreadable.
    content: &'static str,
    unreadable: Option<String>,
    enabled: Option<bool>,
    version: Option<String>,
}

impl From<&ModelRevision> for Revision {
    fn from(revision: &ModelRevision) -> Self {
        let definition = revision.definition();
        let (content, unreadable) = match &revision.content {
            RevisionContent::Deleted => ("deleted", None),
            RevisionContent::Unreadable(why) => ("unreadable", Some(why.clone())),
            _ => ("definition", None),
        };
        Self {
            revision: revision.number,
            key: revision.key.as_ref().map(ToString::to_string),
            modified_at: revision.at,
            modified_by: revision.by.clone(),
            modified_by_source: revision.source.clone(),
            via: revision.via.as_ref().map(ToString::to_string),
            message: revision.message.clone(),
            origin: match revision.origin {
                Origin::Registry => "registry",
                Origin::Falsified => "falsified",
                _ => "outside",
            },
            content,
            unreadable,
            enabled: definition.map(|definition| definition.enabled()),
            version: definition.map(|definition| definition.version()),
        }
    }
}

impl Revision {
    /// On one line: number, when and by whom.
    fn in_short(&self) -> String {
        let by = self.who().or_else(|| self.via.clone());
        let parts = [
            Some(self.revision.to_string()),
            self.modified_at.map(seconds),
            by.map(|by| format!("by {by}")),
            self.doubt(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Who made it, with the directory that they are of.
    fn who(&self) -> Option<String> {
        let name = self.modified_by.as_ref()?;
        Some(match &self.modified_by_source {
            Some(source) => format!("{name} ({source})"),
            None => name.clone(),
        })
    }

    /// What is wrong with it.
    fn doubt(&self) -> Option<String> {
        match self.origin {
            "falsified" => Some("CHANGED IN THE HISTORY BY HAND".to_owned()),
            _ => None,
        }
    }
}

#[derive(Debug, Serialize)]
struct Step {
    #[serde(flatten)]
    revision: Revision,
    /// What differs from the revision `since`, where the two can be compared.
    changes: Option<Changes>,
    since: Option<u64>,
}

impl From<HistoryStep> for Step {
    fn from(step: HistoryStep) -> Self {
        Self {
            revision: Revision::from(&step.revision),
            changes: step.changes.map(Changes::from),
            since: step.since,
        }
    }
}

impl Step {
    fn what(&self) -> String {
        let what = match (&self.changes, &self.revision.unreadable) {
            (Some(changes), _) => changes.in_short(),
            (None, Some(why)) => format!("cannot be read: {why}"),
            (None, None) if self.revision.origin == "falsified" => "it is not used".to_owned(),
            (None, None) if self.revision.content == "deleted" => "deleted".to_owned(),
            (None, None) if self.revision.revision == 1 => "the first".to_owned(),
            (None, None) => "not known: no sound definition is right before it".to_owned(),
        };
        match self.revision.doubt() {
            Some(doubt) => format!("{doubt}; {what}"),
            None => what,
        }
    }
}

/// The first and the last number of each.
fn pairs<S: Serializer>(gaps: &[Gap], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(gaps.iter().map(|gap| [gap.first, gap.last]))
}

#[derive(Serialize)]
struct Steps {
    key: String,
    id: Option<String>,
    revisions: Vec<Step>,
    #[serde(rename = "missing", serialize_with = "pairs")]
    gaps: Vec<Gap>,
    /// What --before takes to go on; null where these are the first.
    next: Option<u64>,
    /// Whether another program has written what the model holds now, and that is no revision yet.
    unarchived: bool,
}

pub(super) async fn history(history: &History, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let key = past_key(&history.model, installation).await?;
            let steps = read(&key, history, installation).await?;
            context.output.show(&steps, || {
                let rows = steps.revisions.iter().map(|step| {
                    let revision = &step.revision;
                    [
                        revision.revision.to_string(),
                        seconds_or_empty(revision.modified_at),
                        revision.who().unwrap_or_default(),
                        revision.via.clone().unwrap_or_default(),
                        revision.message.clone(),
                        step.what(),
                    ]
                });
                let header = ["REVISION", "AT", "WHO", "VIA", "WHY", "WHAT"];
                context.output.table(header, rows)
            })?;
            for gap in &steps.gaps {
                note(format_args!(
                    "{gap}: removed from the history, or never written there"
                ));
            }
            if steps.unarchived {
                note(UNARCHIVED);
            }
            if let Some(next) = steps.next.filter(|_| !context.output.is_json()) {
                note(format_args!(
                    "there are earlier revisions: --before {next} goes on, --all lists them all"
                ));
            }
            Ok(())
        })
        .await
}

const UNARCHIVED: &str = "another program has written what it holds now, which is no revision yet; \
                          the next change here, or `model-dashboard storage check --repair`, makes \
                          it one";

/// Whether another program has written the present state after the last revision.
async fn is_unarchived(
    key: &ModelKey,
    last: Option<&ModelRevision>,
    installation: &Installation,
) -> Result<bool, Failure> {
    let picture = installation.dashboard.picture(&installation.caller).await?;
    let outside = picture.get(key).is_some_and(|entry| !entry.is_ours());
    let known = last.is_some_and(|last| last.origin == Origin::Outside);
    Ok(outside && !known)
}

async fn read(
    key: &ModelKey,
    history: &History,
    installation: &Installation,
) -> Result<Steps, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let limit = match history.all {
        true => usize::MAX,
        false => history.limit,
    };
    let mut steps = Steps {
        key: key.to_string(),
        id: None,
        revisions: Vec::new(),
        gaps: Vec::new(),
        next: history.before,
        unarchived: false,
    };
    while steps.revisions.len() < limit {
        let most = MAX_HISTORY_PAGE.min(limit - steps.revisions.len());
        let page = match dashboard.history(caller, key, steps.next, most).await {
            // The model is there, and only other programs have written it.
            Err(Error::NotFound { .. }) if is_unarchived(key, None, installation).await? => {
                steps.unarchived = true;
                steps.next = None;
                break;
            }
            page => page?,
        };
        if steps.next.is_none() {
            let last = page.steps.first().map(|step| &step.revision);
            steps.unarchived = is_unarchived(key, last, installation).await?;
        }
        steps.id = Some(page.id.to_string());
        steps.gaps.extend(page.gaps);
        steps
            .revisions
            .extend(page.steps.into_iter().map(Step::from));
        steps.next = page.next;
        if steps.next.is_none() {
            break;
        }
    }
    Ok(steps)
}

#[derive(Serialize)]
struct Compared {
    key: String,
    from: Revision,
    to: Revision,
    /// Null where one of the two holds no definition.
    changes: Option<Changes>,
    /// Null where both have the same package, or none.
    package: Option<PackageChanges>,
}

pub(super) async fn diff(diff: &Diff, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let key = past_key(&diff.model, installation).await?;
            let to = match diff.to {
                Some(to) => to.get(),
                None => last(&key, installation).await?,
            };
            let compared = dashboard.compare(caller, &key, diff.from.get(), to);
            let compared = compared.await?;
            let (was, is) = (compared.from.definition(), compared.to.definition());
            let package = dashboard.compare_packages(caller, &key, was, is).await?;
            let compared = Compared {
                key: key.to_string(),
                from: Revision::from(&compared.from),
                to: Revision::from(&compared.to),
                changes: compared.changes.map(Changes::from),
                package: package.map(PackageChanges::from),
            };
            context.output.show(&compared, || {
                let mut shown = context.output.properties([
                    ("model", compared.key.clone()),
                    ("from", compared.from.in_short()),
                    ("to", compared.to.in_short()),
                ]);
                shown.push_str("\n\n");
                shown.push_str(&match &compared.changes {
                    Some(changes) if changes.is_empty() => "nothing differs".to_owned(),
                    Some(changes) => changes.tables(&context.output),
                    None => why_not(&compared),
                });
                if let Some(package) = &compared.package {
                    shown.push_str("\n\n");
                    shown.push_str(&package.tables(&context.output));
                }
                shown
            })
        })
        .await
}

fn why_not(compared: &Compared) -> String {
    let sides = [&compared.from, &compared.to].into_iter();
    let lines = sides.filter_map(|side| match side.content {
        "deleted" => Some(format!("revision {} is the deletion", side.revision)),
        "unreadable" => Some(format!("revision {} cannot be read", side.revision)),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The number of the last revision.
async fn last(key: &ModelKey, installation: &Installation) -> Result<u64, Failure> {
    let Installation {
        dashboard, caller, ..
    } = installation;
    let none = || Failure::new(Kind::NotFound, format!("{key} has no revisions"));
    let page = match dashboard.history(caller, key, None, 1).await {
        Err(Error::NotFound { .. }) if is_unarchived(key, None, installation).await? => {
            return Err(none().hint(UNARCHIVED));
        }
        page => page?,
    };
    let last = page.steps.first().map(|step| &step.revision);
    if is_unarchived(key, last, installation).await? {
        note(UNARCHIVED);
    }
    last.map(|last| last.number).ok_or_else(none)
}

pub(super) async fn restore(restore: &Restore, context: &Context) -> Result<(), Failure> {
    context
        .with_installation(async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let (key, selector) = resolve(&restore.model, installation).await?;
            let number = match (restore.revision, selector) {
                (Some(_), Selector::Revision(_) | Selector::Digest(_)) => {
                    return Err(Failure::usage("the revision is given twice"));
                }
                (Some(number), _) => Some(number.get()),
                (None, selector) => {
                    let named = revision(&key, selector, installation).await?;
                    named.map(|revision| revision.number)
                }
            };
            let reason = &restore.reason.text;
            let picture = dashboard.picture(caller).await?;
            let live = picture.get(&key);
            let model = match (&live, number) {
                (None, _) => dashboard.bring_back(caller, &key, number, reason).await?,
                (Some(entry), Some(number)) => {
                    // Nothing is replaced but what is told of below.
                    let seen = match entry.version() {
                        Some(seen) => seen,
                        None => dashboard.raw(caller, &key).await?.version,
                    };
                    let seen = Precondition::Version(seen);
                    dashboard
                        .restore(caller, &key, number, seen, reason)
                        .await?
                }
                (Some(_), None) => {
                    let hint = format!("`model-dashboard model history '{key}'` lists them");
                    return Err(Failure::usage("which revision is to be restored?").hint(hint));
                }
            };
            match (&live, model.revision()) {
                (None, _) => note(format_args!(
                    "{key} is back, disabled; `model enable` lets jobs use it"
                )),
                (Some(before), now) if now == before.revision() => {
                    note(format_args!("{key} holds what that revision held already"));
                }
                (Some(before), Some(now)) => {
                    let before = in_short(before);
                    note(format_args!(
                        "{key} is at revision {now}; it replaced {before}"
                    ));
                }
                (Some(_), None) => {}
            }
            if let Err(Error::Removed { at, .. }) = dashboard.package(caller, &key).await {
                note(format_args!(
                    "the package of that revision was purged at {}: nobody can fetch it",
                    seconds(at)
                ));
            }
            show_changed(&model, context)
        })
        .await
}

/// Which state it was.
fn in_short(entry: &Entry) -> String {
    let Some(revision) = entry.revision().filter(|_| entry.is_ours()) else {
        return "what another program had written".to_owned();
    };
    let at = entry.modified_at().map(seconds).unwrap_or_default();
    let by = entry.modified_by().unwrap_or_default();
    format!("revision {revision} of {at} by {by}")
}
