//! Two people changed the same model: the one who came second settles it.

use http::StatusCode;
use model_dashboard::dashboard::Model;
use model_dashboard::model::ModelKey;
use warp::reply::Response;

use super::definition::shown;
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
    }

    #[test]
    fn a_form_that_does_not_say_what_it_showed_is_asked_about_every_difference() {
        let (yours, theirs) = (form("a", "same", "c"), form("b", "same", "d"));
        let merged = Merged::of(&Base::default(), &yours, &theirs);
        let both: Vec<_> = merged.both.iter().map(|field| &*field.name).collect();
        assert_eq!(both, ["alias", "owner"]);
    }
}
