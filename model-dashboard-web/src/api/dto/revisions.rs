//! Histories on the wire.

use model_dashboard::dashboard::{
    self, Compared, Gap, History, HistoryStep, ModelRevision, Origin, RevisionContent,
};
use model_dashboard::model::{
    self, Comparison, FieldChange, LabelChange, LabelChangeKind, LabelNames, MAX_CHANGES,
    ModelDefinition, Timestamp,
};
use model_dashboard::package::inspect::{Breaking, Drift};
use serde::Serialize;
use utoipa::ToSchema;

use super::cut::{Cut, cut};
use super::package_difference::PackageDifference;

/// How much of a text that can be of any length a revision shows.
const SHOWN_CHARS: usize = 2000;

/// A part of a model's history.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Revisions {
    /// The identity of the model, the same through all its names.
    #[schema(example = "01JQW3W2M4T8N0V5K6Y7Z8A9BC")]
    pub(in crate::api) id: String,
    /// The revisions, the last one first.
    pub(in crate::api) revisions: Vec<ListedRevision>,
    /// Which numbers the history lacks before the first of these (where it is the first part) and
    /// after each: those revisions were removed from it, or never got there.
    pub(in crate::api) missing: Vec<MissingRevisions>,
    /// Where to go on: `before` of the next request; null at the end.
    pub(in crate::api) next: Option<u64>,
}

impl From<History> for Revisions {
    fn from(history: History) -> Revisions {
        Revisions {
            id: history.id.to_string(),
            revisions: history.steps.iter().map(ListedRevision::from).collect(),
            missing: history.gaps.iter().map(MissingRevisions::from).collect(),
            next: history.next,
        }
    }
}

/// Numbers in a row that a history lacks.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct MissingRevisions {
    /// The first of them.
    pub(in crate::api) first: u64,
    /// The last of them.
    pub(in crate::api) last: u64,
}

impl From<&Gap> for MissingRevisions {
    fn from(gap: &Gap) -> MissingRevisions {
        MissingRevisions {
            first: gap.first,
            last: gap.last,
        }
    }
}

/// A revision, and what it changed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ListedRevision {
    /// The revision.
    #[serde(flatten)]
    pub(in crate::api) revision: Revision,
    /// What differs from the revision `since`, cut where it is long; null for the first one, for a
    /// deletion, for one that was changed in the history, and where one of the two cannot be read.
    pub(in crate::api) changes: Option<Changes>,
    /// The revision that it is compared with: the last one before it that is neither a deletion nor
    /// changed in the history.
    pub(in crate::api) since: Option<u64>,
}

impl From<&HistoryStep> for ListedRevision {
    fn from(step: &HistoryStep) -> ListedRevision {
        ListedRevision {
            revision: Revision::from(&step.revision),
            changes: step.changes.as_ref().map(|it| Changes::of(it, Cut::LIST)),
            since: step.since,
        }
    }
}

/// A revision of a model.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Revision {
    /// Its number.
    pub(in crate::api) revision: u64,
    /// The model as `type/name` by which it went then, where that is known.
    #[schema(example = "nnUNet/Task055_SegTHOR")]
    pub(in crate::api) key: Option<String>,
    /// When it was made; of a change made outside, when it was noticed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(in crate::api) modified_at: Option<Timestamp>,
    /// Who made it, where the registry did.
    pub(in crate::api) modified_by: Option<String>,
    /// The directory that they are of, if they are of one.
    pub(in crate::api) modified_by_source: Option<String>,
    /// Through what: dashboard, api, cli; outside for what another program wrote into the store.
    #[schema(example = "api")]
    pub(in crate::api) via: Option<String>,
    /// Why; may be empty.
    pub(in crate::api) message: String,
    /// `registry`: as the registry wrote it; `outside`: written by another program, or by hand;
    /// `falsified`: written by the registry and changed in the history since.
    #[schema(example = "registry")]
    pub(in crate::api) origin: &'static str,
    /// Whether inference jobs might use the model by it; null where it holds no definition.
    pub(in crate::api) enabled: Option<bool>,
    /// The version that people see by it.
    pub(in crate::api) version: Option<String>,
    /// Whether it says that the model was deleted, and holds no definition.
    pub(in crate::api) deleted: bool,
    /// Why it cannot be read; null if it can.
    pub(in crate::api) unreadable: Option<String>,
}

impl From<&ModelRevision> for Revision {
    fn from(revision: &ModelRevision) -> Revision {
        let shown = |text: &str| cut(text, SHOWN_CHARS).into_owned();
        let definition = revision.definition();
        Revision {
            revision: revision.number,
            key: revision.key.as_ref().map(ToString::to_string),
            modified_at: revision.at,
            modified_by: revision.by.as_deref().map(shown),
            modified_by_source: revision.source.as_deref().map(shown),
            via: revision.via.as_ref().map(|via| shown(via.as_str())),
            message: shown(&revision.message),
            origin: origin(revision.origin),
            enabled: definition.map(ModelDefinition::enabled),
            version: definition.map(|it| shown(&it.version())),
            deleted: matches!(revision.content, RevisionContent::Deleted),
            unreadable: match &revision.content {
                RevisionContent::Unreadable(why) => Some(shown(why)),
                _ => None,
            },
        }
    }
}

/// The word for where a revision comes from.
pub(in crate::api) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Registry => "registry",
        Origin::Falsified => "falsified",
        // Whatever else there may be, the registry did not write it.
        _ => "outside",
    }
}

/// Two revisions, and what differs.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Difference {
    /// The revision before.
    pub(in crate::api) from: Revision,
    /// The revision after.
    pub(in crate::api) to: Revision,
    /// What differs; null where one of the two holds no definition.
    pub(in crate::api) changes: Option<Changes>,
    /// What differs between their packages; null where they have the same one or none, and for tokens
    /// without `packages:read`.
    pub(in crate::api) package: Option<PackageDifference>,
}

impl Difference {
    /// With what differs between the packages.
    pub(in crate::api) fn new(
        compared: Compared,
        package: Option<&dashboard::PackageDifference>,
    ) -> Difference {
        let changes = compared.changes.as_ref();
        Difference {
            from: Revision::from(&compared.from),
            to: Revision::from(&compared.to),
            changes: changes.map(|it| Changes::of(it, Cut::NOTHING)),
            package: package.map(PackageDifference::from),
        }
    }
}

/// What differs between two definitions. `last_modified_date` is left out, and of `registry` all
/// but owner, tags, package and origin.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Changes {
    /// Fields, members of objects each by itself.
    pub(in crate::api) fields: Vec<FieldDifference>,
    /// Labels, by number.
    pub(in crate::api) labels: Vec<LabelDifference>,
    /// Whether a label number stands for something else now.
    pub(in crate::api) breaking: bool,
    /// How many more changes there are.
    pub(in crate::api) more: usize,
}

impl Changes {
    /// Cut where it is long.
    pub(in crate::api) fn in_short(found: &Comparison) -> Changes {
        Changes::of(found, Cut::LIST)
    }

    /// All of them that are named, as they are.
    pub(in crate::api) fn in_full(found: &Comparison) -> Changes {
        Changes::of(found, Cut::NOTHING)
    }

    /// Fields and labels, as they are.
    pub(super) fn whole(
        fields: &[FieldChange],
        labels: &[LabelChange],
    ) -> (Vec<FieldDifference>, Vec<LabelDifference>) {
        let field = |it: &FieldChange| FieldDifference::of(it, Cut::NOTHING);
        let label = |it: &LabelChange| LabelDifference::of(it, Cut::NOTHING);
        (
            fields.iter().map(field).collect(),
            labels.iter().map(label).collect(),
        )
    }

    /// What stands for something else once a model has another package.
    pub(in crate::api) fn breaking(found: &Breaking) -> Changes {
        Changes::apart(found.channels.as_slice(), &found.labels)
    }

    /// Where a definition says something else than its package: before is what it says, after what the
    /// package does.
    pub(in crate::api) fn drift(found: &Drift) -> Changes {
        Changes::apart(&found.fields, &found.labels)
    }

    fn apart(fields: &[FieldChange], labels: &[LabelChange]) -> Changes {
        let most = |count: usize| count.min(MAX_CHANGES);
        let named = (&fields[..most(fields.len())], &labels[..most(labels.len())]);
        let more = fields.len() + labels.len() - named.0.len() - named.1.len();
        let breaking = labels.iter().any(|label| label.kind.is_breaking());
        let (fields, labels) = Changes::whole(named.0, named.1);
        Changes {
            fields,
            labels,
            breaking,
            more,
        }
    }

    fn of(found: &Comparison, limits: Cut) -> Changes {
        let most = limits.changes.min(MAX_CHANGES);
        let left_out = |count: usize| count.saturating_sub(most);
        let fields = found.fields.iter().take(most);
        let labels = found.labels.iter().take(most);
        Changes {
            fields: fields.map(|it| FieldDifference::of(it, limits)).collect(),
            labels: labels.map(|it| LabelDifference::of(it, limits)).collect(),
            breaking: found.is_breaking(),
            more: found.more + left_out(found.fields.len()) + left_out(found.labels.len()),
        }
    }
}

/// A field that differs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct FieldDifference {
    /// Its name, dots before inner ones.
    #[schema(example = "inference_information.version")]
    pub(in crate::api) field: String,
    /// What it was: a text as it reads, anything else as JSON; null if it was not there.
    pub(in crate::api) before: Option<String>,
    /// What it is then.
    pub(in crate::api) after: Option<String>,
    /// Whether a part is left out, `…` in its place.
    pub(in crate::api) cut: bool,
}

impl FieldDifference {
    fn of(change: &FieldChange, limits: Cut) -> FieldDifference {
        let shown = |text: &String| limits.text(text);
        let values = [&change.before, &change.after].into_iter().flatten();
        let mut texts = values.chain([&change.field]);
        FieldDifference {
            field: shown(&change.field),
            before: change.before.as_ref().map(shown),
            after: change.after.as_ref().map(shown),
            cut: texts.any(|text| limits.shortens(text)),
        }
    }
}

/// A label that differs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct LabelDifference {
    /// Its number.
    pub(in crate::api) number: u32,
    /// The names it stood for; null if it was not there.
    pub(in crate::api) before: Option<Vec<String>>,
    /// The names it stands for then.
    pub(in crate::api) after: Option<Vec<String>>,
    /// `added`, `removed`, `respelled` (the same name but for case, spaces, `_` and `-`) or
    /// `redefined`.
    #[schema(example = "redefined")]
    pub(in crate::api) kind: &'static str,
    /// Whether whoever knows the number of old takes one structure for another.
    pub(in crate::api) breaking: bool,
    /// Whether a part of the names is left out.
    pub(in crate::api) cut: bool,
}

impl LabelDifference {
    fn of(change: &LabelChange, limits: Cut) -> LabelDifference {
        let shown = |names: &LabelNames| {
            let names = names.as_slice().iter().take(limits.names);
            names.map(|name| limits.text(name)).collect()
        };
        let is_cut = |names: &LabelNames| {
            let names = names.as_slice();
            names.len() > limits.names || names.iter().any(|name| limits.shortens(name))
        };
        let mut sides = [&change.before, &change.after].into_iter().flatten();
        LabelDifference {
            number: change.number.get(),
            before: change.before.as_ref().map(shown),
            after: change.after.as_ref().map(shown),
            kind: match change.kind {
                LabelChangeKind::Added => "added",
                LabelChangeKind::Removed => "removed",
                LabelChangeKind::Respelled => "respelled",
                // Whatever else there may be, the number is not what it was.
                _ => "redefined",
            },
            breaking: change.kind.is_breaking(),
            cut: sides.any(is_cut),
        }
    }
}

/// What two changes of one state both touch, each with another outcome.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct Overlap {
    /// Fields, dots before inner ones.
    #[schema(example = json!(["alias"]))]
    pub(in crate::api) fields: Vec<String>,
    /// Label numbers.
    #[schema(example = json!([3]))]
    pub(in crate::api) labels: Vec<u32>,
    /// How many more there are.
    pub(in crate::api) more: usize,
}

impl From<&model::Overlap> for Overlap {
    fn from(found: &model::Overlap) -> Overlap {
        let most = Cut::LIST.changes;
        let left_out = |count: usize| count.saturating_sub(most);
        let fields = found.fields.iter().take(most);
        let labels = found.labels.iter().take(most);
        Overlap {
            fields: fields.map(|field| Cut::LIST.text(field)).collect(),
            labels: labels.map(|number| number.get()).collect(),
            more: left_out(found.fields.len()) + left_out(found.labels.len()),
        }
    }
}
