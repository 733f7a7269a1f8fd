//! Histories and differences, for programs and for people.

use std::fmt;

use model_dashboard::client::{RemoteDifference, RemoteGap, RemoteRevision, RemoteStep};
use model_dashboard::dashboard::{Gap, HistoryStep, ModelRevision, Origin, RevisionContent};
use model_dashboard::model::{ModelKey, Timestamp};
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::Context;
use crate::model::changes::Changes;
use crate::model::package_changes::PackageChanges;
use crate::output::{note, seconds, seconds_or_empty};

/// A revision as programs read it.
#[derive(Debug, Serialize)]
pub(super) struct Revision {
    pub(super) revision: u64,
    /// The key that the model had then.
    pub(super) key: Option<String>,
    pub(super) modified_at: Option<Timestamp>,
    pub(super) modified_by: Option<String>,
    /// The directory that they are of, if they are of one.
    pub(super) modified_by_source: Option<String>,
    pub(super) via: Option<String>,
    pub(super) message: String,
    /// Who wrote it: registry, outside, or falsified in the history.
    pub(super) origin: &'static str,
    /// What it holds: definition, deleted or unreadable.
    pub(super) content: &'static str,
    pub(super) unreadable: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) version: Option<String>,
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

impl From<RemoteRevision> for Revision {
    fn from(revision: RemoteRevision) -> Self {
        let content = match (revision.deleted, &revision.unreadable) {
            (true, _) => "deleted",
            (false, Some(_)) => "unreadable",
            (false, None) => "definition",
        };
        Self {
            revision: revision.number,
            key: revision.key,
            modified_at: revision.modified_at,
            modified_by: revision.modified_by,
            modified_by_source: revision.modified_by_source,
            via: revision.via,
            message: revision.message,
            origin: match revision.origin.as_str() {
                "registry" => "registry",
                "falsified" => "falsified",
                _ => "outside",
            },
            content,
            unreadable: revision.unreadable,
            enabled: revision.enabled,
            version: revision.version,
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
pub(super) struct Step {
    #[serde(flatten)]
    pub(super) revision: Revision,
    /// What differs from the revision `since`, where the two can be compared.
    pub(super) changes: Option<Changes>,
    pub(super) since: Option<u64>,
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

impl From<RemoteStep> for Step {
    fn from(step: RemoteStep) -> Self {
        Self {
            revision: Revision::from(step.revision),
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

/// Numbers in a row that a history lacks: the first and the last.
#[derive(Debug, Serialize)]
pub(super) struct Missing(u64, u64);

impl From<Gap> for Missing {
    fn from(gap: Gap) -> Self {
        Self(gap.first, gap.last)
    }
}

impl From<RemoteGap> for Missing {
    fn from(gap: RemoteGap) -> Self {
        Self(gap.first, gap.last)
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(first, last) = self;
        match first == last {
            true => write!(f, "revision {first} is missing"),
            false => write!(f, "revisions {first} to {last} are missing"),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Steps {
    pub(super) key: String,
    pub(super) id: Option<String>,
    pub(super) revisions: Vec<Step>,
    #[serde(rename = "missing")]
    pub(super) gaps: Vec<Missing>,
    /// What --before takes to go on; null where these are the first.
    pub(super) next: Option<u64>,
    /// Whether another program has written what the model holds now, and that is no revision yet.
    pub(super) unarchived: bool,
}

pub(super) const UNARCHIVED: &str = "another program has written what it holds now, which is no revision yet; \
                          the next change here, or `model-dashboard storage check --repair`, makes \
                          it one";

/// A table, and what it lacks.
pub(super) fn show_steps(steps: &Steps, context: &Context) -> Result<(), Failure> {
    context.output.show(steps, || {
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
}

#[derive(Serialize)]
pub(super) struct Compared {
    pub(super) key: String,
    pub(super) from: Revision,
    pub(super) to: Revision,
    /// Null where one of the two holds no definition.
    pub(super) changes: Option<Changes>,
    /// Null where both have the same package, or none.
    pub(super) package: Option<PackageChanges>,
}

impl From<(&ModelKey, RemoteDifference)> for Compared {
    fn from((key, found): (&ModelKey, RemoteDifference)) -> Self {
        Self {
            key: key.to_string(),
            from: Revision::from(found.from),
            to: Revision::from(found.to),
            changes: found.changes.map(Changes::from),
            package: found.package.map(PackageChanges::from),
        }
    }
}

/// Both sides, and what differs.
pub(super) fn show_compared(compared: &Compared, context: &Context) -> Result<(), Failure> {
    context.output.show(compared, || {
        let mut shown = context.output.properties([
            ("model", compared.key.clone()),
            ("from", compared.from.in_short()),
            ("to", compared.to.in_short()),
        ]);
        shown.push_str("\n\n");
        shown.push_str(&match &compared.changes {
            Some(changes) if changes.is_empty() => "nothing differs".to_owned(),
            Some(changes) => changes.tables(&context.output),
            None => why_not(compared),
        });
        if let Some(package) = &compared.package {
            shown.push_str("\n\n");
            shown.push_str(&package.tables(&context.output));
        }
        shown
    })
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
