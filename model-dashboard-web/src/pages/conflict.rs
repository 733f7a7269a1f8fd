//! Two people changed the same model: the one who came second settles it.

use http::StatusCode;
use model_dashboard::dashboard::Model;
use model_dashboard::model::{Contradiction, FieldError, ModelKey, Version};
use warp::reply::Response;

use super::definition::{self, shown};
use super::form::Form;
use super::merge::{self, Clash, Merged};
use super::parts::Base;
use super::pieces::Key;
use super::settle;
use super::visit::{Failure, Visit};
use crate::views::components::difference::Change;
use crate::views::components::field::Field;
use crate::views::conflict::{self, Before, Choice, ConflictField, ConflictView};
use crate::views::definition_form::DefinitionForm;

/// What a form was filled from.
pub(super) struct Seen {
    pub(super) if_match: String,
    pub(super) base: Base,
}

impl Seen {
    /// What the form of a model is filled from.
    pub(super) fn now(model: &Model, form: &DefinitionForm) -> Seen {
        Seen {
            if_match: model.version.to_string(),
            base: Base::of(form, model.revision()),
        }
    }

    /// As a form says it. One that leaves a conflict open still is about what was found first.
    pub(super) fn of(form: &Form, open: &[FieldError]) -> Seen {
        let (if_match, base) = match open.is_empty() {
            true => ("if_match", "base"),
            false => ("found_if_match", "found_base"),
        };
        Seen {
            if_match: form.text(if_match).to_owned(),
            base: Base::sent(form.text(base)),
        }
    }

    /// The form as it was filled, if the history still has the revision.
    async fn found(&self, visit: &Visit, key: &ModelKey) -> Option<DefinitionForm> {
        let version = Version::parse(&self.if_match).ok()?;
        let near = self.base.revision();
        let dashboard = visit.dashboard();
        let found = dashboard.earlier_state(&visit.caller, key, version, near);
        match found.await {
            Ok(found) => found.map(|model| shown(&model.definition)),
            Err(error) => {
                // What the form carries has to do.
                let error: &dyn std::error::Error = &error;
                tracing::warn!(model.key = %key, error, "an earlier revision was not read");
                None
            }
        }
    }
}

/// What was chosen in a conflict, and why it does not settle it.
struct Again<'a> {
    form: &'a Form,
    open: &'a [FieldError],
}

/// The page: what you typed beside what is stored now, for each thing that both changed since the
/// form was made. What only one of the two changed is merged. `renamed` is the key that the form was
/// made for, if the model has another one now.
pub(super) async fn show(
    visit: &Visit,
    now: &Model,
    typed: &DefinitionForm,
    seen: &Seen,
    renamed: Option<&ModelKey>,
) -> Result<Response, Failure> {
    answer(visit, now, typed, seen, renamed, None).await
}

/// The page again for a form that leaves something open, with what was chosen already. If the model
/// was changed once more meanwhile, it is a conflict of what was `typed` and chosen.
pub(super) async fn show_again(
    visit: &Visit,
    now: &Model,
    typed: &DefinitionForm,
    form: &Form,
    open: &[FieldError],
) -> Result<Response, Failure> {
    let seen = Seen::of(form, open);
    if form.text("if_match") != now.version.to_string() {
        return answer(visit, now, typed, &seen, None, None).await;
    }
    let yours = definition::typed(&settle::yours(form.clone())?);
    let again = Again { form, open };
    answer(visit, now, &yours, &seen, None, Some(&again)).await
}

async fn answer(
    visit: &Visit,
    now: &Model,
    typed: &DefinitionForm,
    seen: &Seen,
    renamed: Option<&ModelKey>,
    again: Option<&Again<'_>>,
) -> Result<Response, Failure> {
    let theirs = shown(&now.definition);
    let found = seen.found(visit, &now.key).await;
    let mut merged = Merged::of(found.as_ref(), &seen.base, typed, &theirs);
    let put_right = now.definition.contradicts(&now.key);
    let put_right = put_right.filter(|_| typed.put_right);
    if let Some(inside) = &put_right {
        merged.only_yours.push(put_right_change(inside, &now.key));
    }
    let fields: Vec<ConflictField> = merged
        .clashes
        .into_iter()
        .map(|it| field(it, again))
        .collect();
    // Of what another program has changed since it is not known who did.
    let is_ours = !now.definition.is_changed_outside();
    let registry = now.definition.registry().filter(|_| is_ours);
    let registry = registry.as_ref();
    let present = Seen::now(now, &theirs);
    let carried = merged.carried.into_iter();
    let view = ConflictView {
        renamed_from: renamed.map(ToString::to_string),
        network_type: now.key.network_type.to_string(),
        name: now.key.name.to_string(),
        alias: now.definition.alias(),
        if_match: present.if_match,
        base: present.base.as_str().to_owned(),
        found_if_match: seen.if_match.clone(),
        found_base: seen.base.as_str().to_owned(),
        revision: registry.map(|noted| noted.revision),
        modified_by: registry
            .and_then(|noted| noted.modified_by.clone())
            .unwrap_or_default(),
        modified_at: registry.and_then(|noted| noted.modified_at).map(Into::into),
        message: registry
            .and_then(|noted| noted.message.clone())
            .unwrap_or_default(),
        fields,
        only_theirs: merged.only_theirs,
        only_yours: merged.only_yours,
        carried: carried
            .map(|(part, text)| (part.name().to_owned(), text))
            .collect(),
        put_right: put_right.is_some(),
        reason: typed.reason.clone(),
        reason_required: now.definition.enabled(),
    };
    let frame = visit.frame().await;
    let markup = conflict::page(&frame, &view);
    let status = match again {
        None => StatusCode::CONFLICT,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    visit.page_with(status, &frame, markup).await
}

fn put_right_change(inside: &Contradiction, key: &ModelKey) -> Change {
    let network_type = inside.network_type.as_deref();
    let name = inside.name.as_deref();
    Change {
        field: "Name and type inside".to_owned(),
        before: Some(format!(
            "{}/{}",
            network_type.unwrap_or(key.network_type.as_str()),
            name.unwrap_or(key.name.as_str())
        )),
        after: Some(key.to_string()),
    }
}

fn field(clash: Clash, again: Option<&Again<'_>>) -> ConflictField {
    let id = settle::id(clash.part, clash.key.as_ref());
    let (mut chosen, mut other) = (None, Field::default());
    if let Some(Again { form, open }) = again {
        chosen = match form.text(&format!("take_{id}")) {
            "theirs" => Some(Choice::Theirs),
            "yours" => Some(Choice::Yours),
            "other" => Some(Choice::Other),
            _ => None,
        };
        other.value = form.lines(&format!("other_{id}"));
        if let Some(wrong) = open.iter().find(|wrong| wrong.field == id) {
            other = other.wrong(&wrong.message);
        }
    } else {
        other.value = clash.yours.clone().unwrap_or_default();
    }
    ConflictField {
        name: id,
        group: clash.part.label().to_owned(),
        label: match &clash.key {
            Some(Key::Name(name)) => name.clone(),
            key => merge::name(clash.part, key.as_ref()),
        },
        may_be_left_out: clash.key.is_some(),
        before: match clash.before {
            None => Before::Unknown,
            Some(before) => Before::Known(before),
        },
        yours: clash.yours,
        theirs: clash.theirs,
        chosen,
        other,
        mono: clash.part.is_mono(),
    }
}
