//! What was chosen on the page of a conflict: for each thing that both changed theirs, yours, or
//! something else.

use model_dashboard::model::{FieldError, LabelNumber};

use super::form::Form;
use super::parts::Part;
use super::pieces::{self, Key, Piece};
use super::visit::Failure;

/// The form with what was chosen.
#[derive(Debug)]
pub(super) struct Settled {
    /// With yours where nothing was chosen, or nothing that can be saved.
    pub(super) form: Form,
    /// What is not settled, and why: under the ids of the things.
    pub(super) open: Vec<FieldError>,
}

/// The name under which a thing is settled: its part, and the piece of it.
pub(super) fn id(part: Part, key: Option<&Key>) -> String {
    match key {
        None => part.name().to_owned(),
        Some(key) => format!("{} {key}", part.name()),
    }
}

/// Something to be settled.
struct Thing {
    id: String,
    part: Part,
    key: Option<Key>,
}

impl Thing {
    fn parse(id: String) -> Option<Thing> {
        let (part, key) = match id.split_once(' ') {
            None => (Part::named(&id)?, None),
            Some((part, key)) => {
                let part = Part::named(part)?;
                (part, Some(Key::parse(part, key)?))
            }
        };
        Some(Thing { id, part, key })
    }
}

/// The form with what was chosen.
///
/// # Errors
/// Where it is none of ours.
pub(super) fn read(form: Form) -> Result<Settled, Failure> {
    settle(form, chosen)
}

/// The form with yours everywhere.
///
/// # Errors
/// Where it is none of ours.
pub(super) fn yours(form: Form) -> Result<Form, Failure> {
    let yours = |form: &Form, thing: &Thing| (side(form, "yours", &thing.id), None);
    settle(form, yours).map(|settled| settled.form)
}

fn settle(
    mut form: Form,
    choose: impl Fn(&Form, &Thing) -> (Option<String>, Option<String>),
) -> Result<Settled, Failure> {
    let ids: Vec<String> = form.all("settle").map(str::to_owned).collect();
    let mut open = Vec::new();
    let mut parts: Vec<(Part, Vec<Piece>)> = Vec::new();
    for id in ids {
        let thing = Thing::parse(id).ok_or(Failure::Form)?;
        let part = thing.part;
        let (value, wrong) = choose(&form, &thing);
        open.extend(wrong.map(|message| FieldError::new(&thing.id, message)));
        let Some(key) = thing.key else {
            form = form.with(part.name(), value.unwrap_or_default());
            continue;
        };
        let place = match parts.iter().position(|(other, _)| *other == part) {
            Some(place) => place,
            None => {
                let pieces = pieces::split(part, form.text(part.name()));
                parts.push((part, pieces.ok_or(Failure::Form)?));
                parts.len() - 1
            }
        };
        put(&mut parts[place].1, key, value);
    }
    for (part, pieces) in parts {
        let pieces = pieces.iter().map(|(key, value)| (key, value.as_str()));
        let text = pieces::join(part, pieces).map_err(|_| Failure::Form)?;
        form = form.with(part.name(), text);
    }
    Ok(Settled { form, open })
}

fn put(pieces: &mut Vec<Piece>, key: Key, value: Option<String>) {
    let place = pieces.iter().position(|(other, _)| *other == key);
    match (place, value) {
        (Some(place), Some(value)) => pieces[place].1 = value,
        (Some(place), None) => drop(pieces.remove(place)),
        (None, Some(value)) => pieces.push((key, value)),
        (None, None) => {}
    }
}

fn side(form: &Form, side: &str, id: &str) -> Option<String> {
    let given = form.given(&format!("{side}_{id}"));
    given.map(|text| text.replace("\r\n", "\n"))
}

/// What a thing becomes, and what is wrong with the choice; yours until that is put right.
fn chosen(form: &Form, thing: &Thing) -> (Option<String>, Option<String>) {
    let side = |of: &str| side(form, of, &thing.id);
    match form.text(&format!("take_{}", thing.id)) {
        chosen @ ("theirs" | "yours") => (side(chosen), None),
        "other" if thing.key.is_none() => (side("other"), None),
        // A piece that is left empty is left out.
        "other" => match side("other").filter(|text| !text.trim().is_empty()) {
            None => (None, None),
            Some(text) => match checked(thing.part, &text) {
                Ok(()) => (Some(text), None),
                Err(message) => (side("yours"), Some(message)),
            },
        },
        _ => (side("yours"), Some("choose what is saved".to_owned())),
    }
}

/// Whether a piece can be this.
fn checked(part: Part, text: &str) -> Result<(), String> {
    let key = match part {
        Part::Labels => Key::Label(LabelNumber::new(0)),
        _ => Key::Name("x".to_owned()),
    };
    let whole = pieces::join(part, [(&key, text)])?;
    match pieces::split(part, &whole) {
        Some(_) => Ok(()),
        None => Err("this cannot be a value here".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sent(fields: &[(&str, &str)]) -> Settled {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(fields);
        read(Form::parse(text.finish().as_bytes())).unwrap()
    }

    #[test]
    fn neither_side_is_saved_before_it_is_chosen() {
        let sent = |take: &str| {
            sent(&[
                ("settle", "alias"),
                ("theirs_alias", "a"),
                ("yours_alias", "b"),
                ("other_alias", "c"),
                ("take_alias", take),
            ])
        };
        let open = sent("");
        assert_eq!(open.open[0].field, "alias");
        for (take, saved) in [("theirs", "a"), ("yours", "b"), ("other", "c")] {
            let settled = sent(take);
            assert_eq!(settled.form.text("alias"), saved);
            assert!(settled.open.is_empty());
        }
    }

    #[test]
    fn pieces_are_put_in_the_places_that_were_kept_for_them() {
        let labels = |three: &str, other: &str| {
            let settled = sent(&[
                ("labels_pasted", "1\tliver\n3\tkidney\n5\taorta\n7\tskull"),
                ("settle", "labels_pasted 3"),
                ("theirs_labels_pasted 3", "kidney"),
                ("yours_labels_pasted 3", "left kidney, right kidney"),
                ("other_labels_pasted 3", other),
                ("take_labels_pasted 3", three),
                ("settle", "labels_pasted 7"),
                ("yours_labels_pasted 7", "skull"),
                ("take_labels_pasted 7", "theirs"),
            ]);
            assert!(settled.open.is_empty());
            settled.form.text("labels_pasted").to_owned()
        };
        assert_eq!(labels("theirs", ""), "1\tliver\n3\tkidney\n5\taorta");
        let region = "1\tliver\n3\tleft kidney\tright kidney\n5\taorta";
        assert_eq!(labels("yours", ""), region);
        assert_eq!(labels("other", ""), "1\tliver\n5\taorta");
        assert_eq!(labels("other", "x"), "1\tliver\n3\tx\n5\taorta");
    }

    #[test]
    fn something_else_that_cannot_be_saved_is_said_at_its_place() {
        let settled = sent(&[
            ("inference_information", r#"{"a b":1}"#),
            ("settle", "inference_information a b"),
            ("yours_inference_information a b", "2"),
            ("other_inference_information a b", "tru"),
            ("take_inference_information a b", "other"),
        ]);
        assert_eq!(settled.open[0].field, "inference_information a b");
        let text = settled.form.text("inference_information");
        assert_eq!(text, "{\n  \"a b\": 2\n}");
        let none_of_ours = Form::parse(b"settle=labels_pasted+x");
        assert!(read(none_of_ours).is_err());
    }
}
