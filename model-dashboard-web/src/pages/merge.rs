//! The three-way merge of a form: what was typed, what is stored now, and what both began with.

use model_dashboard::model::{Entry, Merge, Outcome, merge_texts};

use super::parts::{Base, Part};
use super::pieces::{self, Key, Piece};
use crate::views::components::difference::Change;
use crate::views::definition_form::DefinitionForm;

/// A part in which more pieces clash is settled as a whole.
const MOST_CLASHES: usize = 200;

/// What becomes of a form.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// What both changed, each to something else.
    pub(super) clashes: Vec<Clash>,
    /// What they changed besides.
    pub(super) only_theirs: Vec<Change>,
    /// What only you changed.
    pub(super) only_yours: Vec<Change>,
    /// Every part that is merged. The pieces that clash keep their place in it.
    pub(super) carried: Vec<(Part, String)>,
}

/// A part, or a piece of one, that both changed.
#[derive(Debug)]
pub(super) struct Clash {
    pub(super) part: Part,
    pub(super) key: Option<Key>,
    /// What both found; `None` where that is not known.
    pub(super) before: Option<Option<String>>,
    pub(super) yours: Option<String>,
    pub(super) theirs: Option<String>,
}

impl Merged {
    /// Of what was typed and what is stored now. `found` is the form that both began with, where it
    /// is known; else `base` says what is known of it.
    pub(super) fn of(
        found: Option<&DefinitionForm>,
        base: &Base,
        typed: &DefinitionForm,
        stored: &DefinitionForm,
    ) -> Merged {
        let mut merged = Merged::default();
        for part in Part::ALL {
            let before = match found {
                Some(found) => Some(part.text(found)),
                None => base.before(part, [typed, stored]),
            };
            merged.part(part, before, part.text(typed), part.text(stored));
        }
        merged
    }

    fn part(&mut self, part: Part, before: Option<String>, yours: String, theirs: String) {
        if let Some(merge) = by_piece(part, before.as_deref(), &yours, &theirs) {
            let pieces = merge.merged().map(|(key, value)| (key, value.as_str()));
            // What was read can be written; else it is settled as a whole.
            if let Ok(text) = pieces::join(part, pieces) {
                for entry in merge.entries {
                    self.piece(part, entry, before.is_some());
                }
                self.carried.push((part, text));
                return;
            }
        }
        let change = |before: String, after: &str| Change {
            field: part.label().to_owned(),
            before: Some(before),
            after: Some(after.to_owned()),
        };
        if let (Part::Description, Some(was)) = (part, &before)
            && Outcome::of(Some(was), &yours, &theirs) == Outcome::Clash
            && let Some(text) = merge_texts(was, &yours, &theirs)
        {
            self.only_yours.push(change(was.clone(), &yours));
            self.only_theirs.push(change(was.clone(), &theirs));
            self.carried.push((part, text));
            return;
        }
        let outcome = Outcome::of(before.as_deref(), yours.as_str(), &theirs);
        let before_or = |other: &str| before.clone().unwrap_or_else(|| other.to_owned());
        match outcome {
            Outcome::Clash => {
                return self.clashes.push(Clash {
                    part,
                    key: None,
                    before: before.map(Some),
                    yours: Some(yours),
                    theirs: Some(theirs),
                });
            }
            Outcome::Yours => self.only_yours.push(change(before_or(&theirs), &yours)),
            Outcome::Theirs => self.only_theirs.push(change(before_or(&yours), &theirs)),
            // Without what was before, it is not known whether it changed at all.
            Outcome::Alike if before.is_some() => {
                self.only_theirs.push(change(before_or(&yours), &theirs));
            }
            _ => {}
        }
        let text = if outcome == Outcome::Yours {
            yours
        } else {
            theirs
        };
        self.carried.push((part, text));
    }

    fn piece(&mut self, part: Part, entry: Entry<Key, String>, is_known: bool) {
        let change = |after: Option<String>| {
            let told = |value: Option<String>| match part {
                Part::Tags => value.map(|_| entry.key.to_string()),
                _ => value,
            };
            Change {
                field: name(part, Some(&entry.key)),
                before: told(entry.before.clone()),
                after: told(after),
            }
        };
        match entry.outcome {
            Outcome::Yours => self.only_yours.push(change(entry.yours)),
            Outcome::Theirs => self.only_theirs.push(change(entry.theirs)),
            Outcome::Alike if is_known => self.only_theirs.push(change(entry.theirs)),
            Outcome::Clash => self.clashes.push(Clash {
                part,
                key: Some(entry.key),
                before: is_known.then_some(entry.before),
                yours: entry.yours,
                theirs: entry.theirs,
            }),
            _ => {}
        }
    }
}

/// A part piece by piece, where all of its states have pieces that can be told apart.
fn by_piece(
    part: Part,
    before: Option<&str>,
    yours: &str,
    theirs: &str,
) -> Option<Merge<Key, String>> {
    let split = |text: &str| -> Option<Vec<Piece>> { pieces::split(part, text) };
    let before = match before {
        Some(before) => Some(split(before)?),
        None => None,
    };
    let merge = Merge::of(before.as_deref(), &split(yours)?, &split(theirs)?)?;
    let clashes = merge.clashes().count();
    let plain = merge.clashes().all(|clash| clash.key.is_plain());
    (plain && clashes <= MOST_CLASHES).then_some(merge)
}

/// What a part, or a piece of it, is called.
pub(super) fn name(part: Part, key: Option<&Key>) -> String {
    match (part, key) {
        (part, None) => part.label().to_owned(),
        (Part::Labels, Some(number)) => format!("Label {number}"),
        (Part::Tags, Some(_)) => "Tag".to_owned(),
        (Part::OtherFields, Some(name)) => name.to_string(),
        (part, Some(name)) => format!("{}: {name}", part.label()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::views::components::field::Field;

    fn form(labels: &str, information: &str, tags: &str) -> DefinitionForm {
        let mut form = DefinitionForm {
            inference_information: Field::new(information),
            tags: Field::new(tags),
            ..DefinitionForm::default()
        };
        form.labels.pasted = Field::new(labels);
        form
    }

    fn names(changes: &[Change]) -> Vec<&str> {
        changes.iter().map(|change| &*change.field).collect()
    }

    fn clashes(merged: &Merged) -> Vec<String> {
        let clashes = merged.clashes.iter();
        clashes
            .map(|clash| name(clash.part, clash.key.as_ref()))
            .collect()
    }

    fn carried(merged: &Merged, part: Part) -> &str {
        let mut carried = merged.carried.iter();
        carried
            .find(|(other, _)| *other == part)
            .map_or("", |(_, text)| text)
    }

    #[test]
    fn a_label_renamed_and_another_added_are_both_kept() {
        let labels = |changed: &str, more: &str| {
            let rows = (1..=104).map(|n| match n {
                3 => format!("3\t{changed}\n"),
                n => format!("{n}\tstructure_{n}\n"),
            });
            rows.collect::<String>() + more
        };
        let found = form(&labels("kidny", ""), "", "");
        let yours = form(&labels("kidny", "105\tskull"), "", "");
        let theirs = form(&labels("kidney", ""), "", "");
        let merged = Merged::of(Some(&found), &Base::default(), &yours, &theirs);
        assert_eq!(clashes(&merged), [""; 0]);
        assert_eq!(names(&merged.only_theirs), ["Label 3"]);
        assert_eq!(names(&merged.only_yours), ["Label 105"]);
        let expected = labels("kidney", "105\tskull");
        assert_eq!(carried(&merged, Part::Labels), expected);

        let yours = form(&labels("left kidney", ""), "", "");
        let merged = Merged::of(Some(&found), &Base::default(), &yours, &theirs);
        assert_eq!(clashes(&merged), ["Label 3"]);
        let before = merged.clashes[0].before.clone();
        assert_eq!(before.flatten().as_deref(), Some("kidny"));
        // Without the state that both began with, only what differs is asked.
        let yours = form(&labels("left kidney", "105\tskull"), "", "");
        let merged = Merged::of(None, &Base::default(), &yours, &theirs);
        assert_eq!(clashes(&merged), ["Label 3", "Label 105"]);
        assert_eq!(merged.clashes[0].before, None);
    }

    #[test]
    fn objects_are_merged_by_member_and_tags_one_by_one() {
        let found = form("", r#"{"a": 1, "b": {"x": 1.50}, "c": 3}"#, "ct, old");
        let yours = form("", r#"{"a":2,"b":{"x":1.50},"c":4}"#, "ct, abdomen");
        let theirs = form(
            "",
            r#"{"b": {"x": 1.50}, "c": 5, "d": []}"#,
            "ct, old, kidney",
        );
        let merged = Merged::of(Some(&found), &Base::default(), &yours, &theirs);
        let expected = ["Inference information: a", "Inference information: c"];
        assert_eq!(clashes(&merged), expected);
        let expected = ["Inference information: d", "Tag"];
        assert_eq!(names(&merged.only_theirs), expected);
        assert_eq!(names(&merged.only_yours), ["Tag", "Tag"]);
        assert_eq!(carried(&merged, Part::Tags), "ct, abdomen, kidney");
        // They took it out: its place is kept for what is chosen.
        let places = carried(&merged, Part::InferenceInformation);
        assert!(
            places.contains("\"a\": 2") && places.contains("\"c\": 5"),
            "{places}"
        );
        assert!(places.contains("1.50"), "{places}");
    }

    #[test]
    fn a_description_is_merged_by_line_where_that_is_possible() {
        let form = |text: &str| DefinitionForm {
            description: Field::new(text),
            ..DefinitionForm::default()
        };
        let (found, yours) = (
            form("one\n\ntwo\n\nthree"),
            form("ONE\r\n\r\ntwo\r\n\r\nthree"),
        );
        let theirs = form("one\n\ntwo\n\nTHREE");
        let merged = Merged::of(Some(&found), &Base::default(), &yours, &theirs);
        assert_eq!(clashes(&merged), [""; 0]);
        assert_eq!(names(&merged.only_yours), ["Description"]);
        assert_eq!(names(&merged.only_theirs), ["Description"]);
        assert_eq!(carried(&merged, Part::Description), "ONE\n\ntwo\n\nTHREE");
        let theirs = form("1\n\ntwo\n\nthree");
        let merged = Merged::of(Some(&found), &Base::default(), &yours, &theirs);
        assert_eq!(clashes(&merged), ["Description"]);
    }

    #[test]
    fn what_cannot_be_read_is_settled_as_a_whole() {
        let found = form("1\ta", "{}", "");
        let yours = form("x\ta", "{", "");
        let theirs = form("1\tb", "{}", "");
        let merged = Merged::of(Some(&found), &Base::default(), &yours, &theirs);
        assert_eq!(clashes(&merged), ["Labels"]);
        assert_eq!(names(&merged.only_yours), ["Inference information"]);
        assert_eq!(carried(&merged, Part::InferenceInformation), "{");
    }

    #[test]
    fn what_a_form_carries_stands_in_for_the_history() {
        let long = |changed: &str| {
            let rows = (1..=104).map(|n| format!("{n}\t{changed}_{n}\n"));
            rows.collect::<String>()
        };
        let found = form(&long("a"), r#"{"a":1}"#, "ct");
        let base = Base::of(&found, Some(7));
        assert_eq!(base.revision(), Some(7));
        let yours = form(&long("b"), r#"{"a":2}"#, "");
        let theirs = form(&long("a"), r#"{"a":1,"b":1}"#, "ct");
        let merged = Merged::of(None, &base, &yours, &theirs);
        assert_eq!(clashes(&merged), [""; 0]);
        assert_eq!(merged.only_yours.len(), 104 + 2);
        assert_eq!(names(&merged.only_theirs), ["Inference information: b"]);
    }
}
