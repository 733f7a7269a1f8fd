//! What differs between two states of a definition: field by field, label by label.

use std::collections::{HashMap, HashSet};

use super::json::{JsonKind, ObjectView, decode_string, minify};
use super::{ContourNames, LabelNames, LabelNumber, ModelDefinition, RegistryInfo};

/// The field of the registry itself, of which people read owner and tags, and the one that follows
/// every change.
const NOT_COMPARED: [&str; 2] = ["registry", "last_modified_date"];

/// The field that is compared label by label where it can be.
pub(super) const LABELS: &str = "contour_names";

/// How deep objects are compared member by member; what lies deeper is compared as a whole.
const DEPTH: usize = 4;

/// Members of an object with a longer name are compared as a whole, so that the names of changes
/// take little room.
const MAX_PART_BYTES: usize = 256;

/// How many changes are named.
pub const MAX_CHANGES: usize = 500;

/// What differs between an earlier and a later state of a definition.
///
/// ```
/// use model_dashboard::model::{Comparison, DuplicateKeys, LabelChangeKind, ModelDefinition};
///
/// let read = |text: &str| ModelDefinition::parse(text.as_bytes(), DuplicateKeys::LastWins);
/// let before = read(r#"{"alias":"Liver","contour_names":{"1":"liver","2":"tumour"}}"#)?;
/// let after = read(r#"{"alias":"Liver 2","contour_names":{"1":"Liver","2":"vessel"}}"#)?;
/// let found = Comparison::between(&before, &after);
/// assert_eq!(found.fields[0].field, "alias");
/// assert_eq!(found.labels[0].kind, LabelChangeKind::Respelled);
/// assert!(found.labels[1].kind.is_breaking());
/// # Ok::<(), model_dashboard::model::JsonError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// Fields, in the order of the later state; those that it lacks last.
    pub fields: Vec<FieldChange>,
    /// Labels, by number.
    pub labels: Vec<LabelChange>,
    /// How many changes are not named, beyond [`MAX_CHANGES`] of each kind.
    pub more: usize,
    breaking: bool,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldChange {
    /// Its name; of a member of an object, the way to it: `inference_information.spacing`.
    pub field: String,
    /// What it was: a text as it reads, anything else as JSON; `None` if it was not there.
    pub before: Option<String>,
    /// What it is then.
    pub after: Option<String>,
}

/// A label that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelChange {
    /// Its number.
    pub number: LabelNumber,
    /// What it stood for.
    pub before: Option<LabelNames>,
    /// What it stands for then.
    pub after: Option<LabelNames>,
    /// What that means.
    pub kind: LabelChangeKind,
}

/// What the change of a label means for whoever reads segmentations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelChangeKind {
    /// The number is new.
    Added,
    /// The number is no more.
    Removed,
    /// The same name but for case, spaces, `_` and `-`.
    Respelled,
    /// The number stands for something else.
    Redefined,
}

impl LabelChangeKind {
    /// Whether whoever knows the number of old takes one structure for another.
    #[must_use]
    pub fn is_breaking(self) -> bool {
        self == Self::Redefined
    }
}

impl Comparison {
    /// What differs from `before` to `after`.
    #[must_use]
    pub fn between(before: &ModelDefinition, after: &ModelDefinition) -> Self {
        let mut found = Self::default();
        let labels = Labels::of(before).zip(Labels::of(after));
        let labels = labels.map(|(before, after)| before.changes(&after));
        let mut apart: Vec<&str> = NOT_COMPARED.to_vec();
        if labels.as_ref().is_some_and(|changes| !changes.is_empty()) {
            apart.push(LABELS);
        }
        // Who does not say it is disabled. What is no word for it others may take for another.
        let is_plain = |it: &ModelDefinition| {
            matches!(
                it.as_object().get("enabled"),
                None | Some("true" | "false" | "null")
            )
        };
        if before.enabled() == after.enabled() && is_plain(before) && is_plain(after) {
            apart.push("enabled");
        }
        let earlier: Vec<Member<'_>> = before.as_object().iter().collect();
        let later: Vec<Member<'_>> = after.as_object().iter().collect();
        found.objects("", &earlier, &later, &apart, DEPTH);
        found.registry(before.registry().as_ref(), after.registry().as_ref());
        found.labels = labels.unwrap_or_default();
        found.breaking = found.labels.iter().any(|label| label.kind.is_breaking());
        found.more += found.labels.len().saturating_sub(MAX_CHANGES);
        found.labels.truncate(MAX_CHANGES);
        found
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.labels.is_empty()
    }

    /// Whether a label number stands for something else then, one that is not named too.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        self.breaking
    }

    fn objects(
        &mut self,
        path: &str,
        before: &[Member<'_>],
        after: &[Member<'_>],
        apart: &[&str],
        depth: usize,
    ) {
        let earlier: HashMap<&str, &str> = before.iter().copied().collect();
        let later: HashSet<&str> = after.iter().map(|(field, _)| *field).collect();
        let is_compared = |(field, _): &&Member<'_>| !apart.contains(field);
        for &(field, now) in after.iter().filter(is_compared) {
            let was = earlier.get(field).copied();
            if was.is_some_and(|was| compact(was) == compact(now)) {
                continue;
            }
            let splits = depth > 1 && field.len() <= MAX_PART_BYTES;
            let views = was.and_then(ObjectView::of).zip(ObjectView::of(now));
            match views.filter(|_| splits) {
                Some((was, now)) => {
                    let was: Vec<Member<'_>> = was.iter().collect();
                    let now: Vec<Member<'_>> = now.iter().collect();
                    self.objects(&format!("{path}{field}."), &was, &now, &[], depth - 1);
                }
                None => self.field(|| FieldChange {
                    field: format!("{path}{field}"),
                    before: was.map(shown),
                    after: Some(shown(now)),
                }),
            }
        }
        let removed = before.iter().filter(is_compared);
        for &(field, was) in removed.filter(|(field, _)| !later.contains(field)) {
            self.field(|| FieldChange {
                field: format!("{path}{field}"),
                before: Some(shown(was)),
                after: None,
            });
        }
    }

    fn registry(&mut self, before: Option<&RegistryInfo>, after: Option<&RegistryInfo>) {
        let members = named_members(before).into_iter().zip(named_members(after));
        for ((field, before), (_, after)) in members {
            if before != after {
                self.field(|| FieldChange {
                    field: field.to_owned(),
                    before,
                    after,
                });
            }
        }
    }

    /// Names one more change, or counts it.
    fn field(&mut self, change: impl FnOnce() -> FieldChange) {
        match self.fields.len() < MAX_CHANGES {
            true => self.fields.push(change()),
            false => self.more += 1,
        }
    }
}

/// A member of an object: its name, and the text of its value.
type Member<'a> = (&'a str, &'a str);

/// What the registry keeps that people read.
fn named_members(info: Option<&RegistryInfo>) -> [(&'static str, Option<String>); 4] {
    let tags = info.filter(|info| !info.tags.is_empty());
    [
        ("owner", info.and_then(|info| info.owner.clone())),
        ("tags", tags.map(|info| info.tags.join(", "))),
        ("package", info.and_then(|info| info.package.clone())),
        (
            "derived_from",
            info.and_then(|info| info.derived_from.clone()),
        ),
    ]
}

/// A value as people read it.
fn shown(raw: &str) -> String {
    decode_string(raw).unwrap_or_else(|| compact(raw))
}

fn compact(raw: &str) -> String {
    let mut compact = String::with_capacity(raw.len());
    minify(raw, &mut |piece| compact.push_str(piece));
    compact
}

/// The labels of a definition in which they can be read.
struct Labels(ContourNames);

impl Labels {
    fn of(definition: &ModelDefinition) -> Option<Self> {
        match definition.as_object().kind(LABELS) {
            None | Some(JsonKind::Null) => Some(Self(ContourNames::default())),
            Some(_) => {
                let raw = definition.as_object().get(LABELS)?;
                ContourNames::from_json(raw).ok().map(Self)
            }
        }
    }

    fn changes(&self, after: &Self) -> Vec<LabelChange> {
        LabelChange::between(&self.0, &after.0)
    }
}

impl LabelChange {
    /// What differs between two sets of labels, by number.
    pub(crate) fn between(before: &ContourNames, after: &ContourNames) -> Vec<Self> {
        let mut numbers: Vec<LabelNumber> = before.iter().map(|(number, _)| number).collect();
        numbers.extend(after.iter().map(|(number, _)| number));
        numbers.sort_unstable();
        numbers.dedup();
        let (earlier, later) = (by_number(before), by_number(after));
        let changes = numbers.into_iter().filter_map(|number| {
            let before = earlier.get(&number).copied();
            let after = later.get(&number).copied();
            let kind = match (before, after) {
                (Some(before), Some(after)) if before.as_slice() == after.as_slice() => {
                    return None;
                }
                (Some(before), Some(after)) if folded(before) == folded(after) => {
                    LabelChangeKind::Respelled
                }
                (Some(_), Some(_)) => LabelChangeKind::Redefined,
                (None, _) => LabelChangeKind::Added,
                (_, None) => LabelChangeKind::Removed,
            };
            Some(Self {
                number,
                before: before.cloned(),
                after: after.cloned(),
                kind,
            })
        });
        changes.collect()
    }
}

fn by_number(names: &ContourNames) -> HashMap<LabelNumber, &LabelNames> {
    names.iter().collect()
}

/// The names without what writers differ in. The order of overlapping regions says nothing.
pub(crate) fn folded(names: &LabelNames) -> Vec<String> {
    let mut folded: Vec<String> = names.as_slice().iter().map(|name| fold(name)).collect();
    folded.sort_unstable();
    folded
}

/// A name in small letters, without what stands between its words; between two digits something
/// does: `C1-2` is not `C12`.
fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    let mut apart = false;
    for letter in name.chars() {
        if matches!(letter, ' ' | '_' | '-') {
            apart = true;
            continue;
        }
        let after_digit = folded.ends_with(|last: char| last.is_ascii_digit());
        if apart && after_digit && letter.is_ascii_digit() {
            folded.push('-');
        }
        apart = false;
        folded.extend(letter.to_lowercase());
    }
    folded
}
