//! Two people changed the same model: the one who came second settles it.

use http::StatusCode;
use model_dashboard::dashboard::{Error, Model};
use model_dashboard::model::{FieldError, ModelKey};
use warp::reply::Response;

use super::definition::shown;
use super::form::Form;
use super::parts::{Base, Part};
use super::visit::{Failure, Visit};
use crate::views::components::difference::Change;
use crate::views::components::field::Field;
use crate::views::conflict::{self, ConflictField, ConflictView};
use crate::views::definition_form::DefinitionForm;

/// The page: what you typed beside what is stored now, for each field that both changed since the
/// form was made. What only one of the two changed is merged. `renamed` is the key that the form was
/// made for, if the model has another one now.
pub(super) async fn show(
    visit: &Visit,
    now: &Model,
    typed: &DefinitionForm,
    base: &Base,
    renamed: Option<&ModelKey>,
) -> Result<Response, Failure> {
    let theirs = shown(&now.definition);
    let merged = Merged::of(base, typed, &theirs);
    let registry = now.definition.registry();
    let registry = registry.as_ref();
    let view = ConflictView {
        renamed_from: renamed.map(ToString::to_string),
        network_type: now.key.network_type.to_string(),
        name: now.key.name.to_string(),
        alias: now.definition.alias(),
        if_match: now.version.to_string(),
        base: Base::of(&theirs).as_str().to_owned(),
        revision: now.revision(),
        modified_by: registry
            .and_then(|noted| noted.modified_by.clone())
            .unwrap_or_default(),
        modified_at: registry.and_then(|noted| noted.modified_at).map(Into::into),
        message: registry
            .and_then(|noted| noted.message.clone())
            .unwrap_or_default(),
        fields: merged.both,
        only_theirs: merged.only_theirs,
        only_yours: merged.only_yours,
        carried: merged.carried,
        reason: typed.reason.clone(),
        reason_required: now.definition.enabled(),
    };
    let frame = visit.frame().await;
    let markup = conflict::page(&frame, &view);
    visit.page_with(StatusCode::CONFLICT, &frame, markup).await
}

/// The form with what was chosen for each field that both changed.
///
/// # Errors
/// Where nothing was chosen: neither side is taken for granted.
pub(super) fn settled(form: Form) -> Result<Form, Failure> {
    let asked = |part: &Part| form.all("settle").any(|name| name == part.name());
    let parts: Vec<Part> = Part::ALL.into_iter().filter(asked).collect();
    parts.into_iter().try_fold(form, |form, part| {
        let name = part.name();
        let chosen = match form.text(&format!("take_{name}")) {
            side @ ("theirs" | "yours") => form.text(&format!("{side}_{name}")).to_owned(),
            "result" => form.text(name).to_owned(),
            _ => {
                let message = "choose for each field what is saved";
                return Err(Error::Invalid(vec![FieldError::new(name, message)]).into());
            }
        };
        Ok(form.with(name, chosen))
    })
}

/// The three-way merge of a form.
#[derive(Debug, Default)]
struct Merged {
    both: Vec<ConflictField>,
    only_theirs: Vec<Change>,
    only_yours: Vec<Change>,
    carried: Vec<(String, String)>,
}

impl Merged {
    fn of(base: &Base, typed: &DefinitionForm, stored: &DefinitionForm) -> Merged {
        let mut merged = Merged::default();
        for part in Part::ALL {
            let (yours, theirs) = (part.text(typed), part.text(stored));
            let change = |before: &str, after: &str| Change {
                field: part.label().to_owned(),
                before: Some(before.to_owned()),
                after: Some(after.to_owned()),
            };
            let result = if yours == theirs {
                theirs
            } else if base.is_unchanged(part, typed) {
                merged.only_theirs.push(change(&yours, &theirs));
                theirs
            } else if base.is_unchanged(part, stored) {
                merged.only_yours.push(change(&theirs, &yours));
                yours
            } else {
                merged.both.push(ConflictField {
                    name: part.name().to_owned(),
                    label: part.label().to_owned(),
                    before: base.before(part),
                    theirs,
                    result: Field::new(yours.clone()),
                    yours,
                    mono: part.is_mono(),
                });
                continue;
            };
            merged.carried.push((part.name().to_owned(), result));
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn form(alias: &str, description: &str, owner: &str) -> DefinitionForm {
        DefinitionForm {
            alias: Field::new(alias),
            description: Field::new(description),
            owner: Field::new(owner),
            ..DefinitionForm::default()
        }
    }

    #[test]
    fn what_only_one_changed_is_merged_and_what_both_changed_is_asked() {
        let base = Base::of(&form("old", "old\r\ntext", "old"));
        let yours = form("old", "your\ntext", "you");
        let merged = Merged::of(&base, &yours, &form("theirs", "old\ntext", "they"));
        let names = |changes: &[Change]| -> Vec<String> {
            changes.iter().map(|change| change.field.clone()).collect()
        };
        assert_eq!(names(&merged.only_theirs), ["Alias"]);
        assert_eq!(names(&merged.only_yours), ["Description"]);
        let both: Vec<_> = merged.both.iter().map(|field| &*field.name).collect();
        assert_eq!(both, ["owner"]);
        let carried = |name: &str, value: &str| {
            let pair = (name.to_owned(), value.to_owned());
            assert!(merged.carried.contains(&pair), "{:?}", merged.carried);
        };
        carried("alias", "theirs");
        carried("description", "your\ntext");
        assert_eq!(merged.both[0].before.as_deref(), Some("old"));
    }

    #[test]
    fn neither_side_is_saved_before_it_is_chosen() {
        let sent = |take: &str| {
            let text = format!("settle=alias&theirs_alias=a&yours_alias=b&alias=c{take}");
            settled(Form::parse(text.as_bytes()))
        };
        assert!(sent("").is_err());
        for (take, saved) in [("theirs", "a"), ("yours", "b"), ("result", "c")] {
            let form = sent(&format!("&take_alias={take}")).unwrap();
            assert_eq!(form.text("alias"), saved);
        }
    }

    #[test]
    fn a_form_that_does_not_say_what_it_showed_is_asked_about_every_difference() {
        let (yours, theirs) = (form("a", "same", "c"), form("b", "same", "d"));
        let merged = Merged::of(&Base::default(), &yours, &theirs);
        let both: Vec<_> = merged.both.iter().map(|field| &*field.name).collect();
        assert_eq!(both, ["alias", "owner"]);
    }
}
