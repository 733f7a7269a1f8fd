//! Two people changed the same model: yours, theirs, and the result for each field.

use std::time::SystemTime;

use maud::{Markup, html};

use super::components::action_bar::{Reason, action_bar};
use super::components::difference::{Change, changes};
use super::components::field::Field;
use super::components::{Tone, breadcrumbs, notice, page_header, section, sentence, time};
use super::frame::{Frame, Page, Section};
use super::links::ModelAction;

/// A lost race, to be settled by the one who lost it. It is posted to [`ModelAction::Edit`] under
/// the same names as the form, with the new `if_match`; for each field that both changed, `settle`
/// has its name, and `take_…` says whether `theirs_…`, `yours_…` or the field itself is saved.
#[derive(Debug, Clone, Default)]
pub struct ConflictView {
    /// The reference that the model had when the form was made, if it was renamed since.
    pub renamed_from: Option<String>,
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The name people read.
    pub alias: String,
    /// The state as it is now, which the result replaces.
    pub if_match: String,
    /// What the fields are now, for the next who comes second; posted as `base`.
    pub base: String,
    /// The revision as it is now.
    pub revision: Option<u64>,
    /// Who was quicker.
    pub modified_by: String,
    /// When.
    pub modified_at: Option<SystemTime>,
    /// Why; empty if they did not say.
    pub message: String,
    /// The fields that both changed, each to something else.
    pub fields: Vec<ConflictField>,
    /// What only they changed; it stays.
    pub only_theirs: Vec<Change>,
    /// What only you changed; it is taken over.
    pub only_yours: Vec<Change>,
    /// The posted fields that are in no conflict, merged: name and value. Repeated names are kept.
    pub carried: Vec<(String, String)>,
    /// Your reason.
    pub reason: Field,
    /// Whether the model is enabled, so that the reason may not be empty.
    pub reason_required: bool,
}

/// A field that both changed.
#[derive(Debug, Clone, Default)]
pub struct ConflictField {
    /// The name it is posted under. Labels are posted as `labels_pasted`, one per line.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// What it was when the form was made, if that is known.
    pub before: Option<String>,
    /// What you typed.
    pub yours: String,
    /// What is stored now.
    pub theirs: String,
    /// What is saved if neither side is chosen; at first what you typed.
    pub result: Field,
    /// Whether it is JSON or a command.
    pub mono: bool,
}

/// The page. It is answered with status 409.
#[must_use]
pub fn page(frame: &Frame, view: &ConflictView) -> Markup {
    let links = &frame.links;
    let model = links.model(&view.network_type, &view.name);
    let alias = if view.alias.is_empty() {
        &view.name
    } else {
        &view.alias
    };
    frame.page(&Page::new(&format!("Conflict in {alias}"), Section::Models), &html! {
        (breadcrumbs(&[(links.models(), "Models".to_owned()), (model.clone(), alias.clone())]))
        (page_header(
            if view.renamed_from.is_some() { "The model has another name now" } else { "Somebody else saved first" },
            &html! {}, &html! {},
        ))
        (notice(Tone::Warning, &html! {
            p {
                strong { @if view.modified_by.is_empty() { "Somebody" } @else { (view.modified_by) } }
                @if let Some(before) = &view.renamed_from {
                    " changed it last: " code { (before) } " is now "
                    code { (view.network_type) "/" (view.name) } ", "
                } @else {
                    " saved "
                }
                @if let Some(revision) = view.revision { "revision " (revision) ", " }
                @if let Some(at) = view.modified_at { (time::relative(frame.now, at)) ", " }
                "while you were editing"
                @if !view.message.is_empty() { ": “" (view.message) "”" }
                @if view.fields.is_empty() {
                    ". You changed different fields: look through what will be saved."
                } @else {
                    ". Nothing of yours is lost: choose for each field what is saved."
                }
            }
        }))
        form.definition method="post" action=(links.model_action(&view.network_type, &view.name, ModelAction::Edit)) data-guard="changed" {
            (frame.csrf_field())
            input type="hidden" name="if_match" value=(view.if_match);
            input type="hidden" name="base" value=(view.base);
            @for (name, value) in &view.carried { input type="hidden" name=(name) value=(value); }
            @for field in &view.fields { (conflict(field)) }
            @if !view.only_theirs.is_empty() {
                (section("Only they changed this: it stays", &changes(&view.only_theirs)))
            }
            @if !view.only_yours.is_empty() {
                (section("Only you changed this: it is taken over", &changes(&view.only_yours)))
            }
            (action_bar(
                Some(Reason { field: &view.reason, required: view.reason_required, example: "What changes, and why?" }),
                &html! {
                    a.button href=(model) { "Discard mine" }
                    button.button.primary type="submit" name="action" value="save" { "Save the result" }
                },
            ))
        }
    })
}

/// Nothing is chosen at first: who saves at once would overwrite the other.
fn conflict(field: &ConflictField) -> Markup {
    let rows = field.result.value.lines().count().clamp(1, 12);
    let error = field.result.error.as_ref();
    let error_id = error.map(|_| format!("{}-error", field.name));
    html! {
        section.panel.conflict data-conflict {
            h2 { (field.label) }
            input type="hidden" name="settle" value=(field.name);
            @if let Some(before) = &field.before {
                div.side { div.side-head { h3 { "Before" } } (text(before, field)) }
            }
            div.sides role="radiogroup" aria-label={ "What is saved as " (field.label) } {
                (side("Theirs", "theirs", &field.theirs, field))
                (side("Yours", "yours", &field.yours, field))
            }
            div.field {
                label.check { (choice("result", field)) span { "Something else" } }
                textarea id=(field.name) name=(field.name) rows=(rows) class=[field.mono.then_some("mono")]
                    aria-label={ "Something else for " (field.label) } data-chooses={ "take_" (field.name) }
                    autocomplete="off" spellcheck="false" aria-describedby=[error_id.as_deref()]
                    aria-invalid=[error.map(|_| "true")] { "\n" (field.result.value) }
                @if let (Some(error), Some(id)) = (error, &error_id) {
                    div.error id=(id) { p { (sentence(&error.message)) } }
                }
            }
        }
    }
}

fn choice(value: &str, field: &ConflictField) -> Markup {
    html! { input type="radio" name={ "take_" (field.name) } value=(value) required; }
}

fn side(heading: &str, value: &str, text_of: &str, field: &ConflictField) -> Markup {
    html! {
        div.side {
            div.side-head { label.check { (choice(value, field)) strong { (heading) } } }
            input type="hidden" name={ (value) "_" (field.name) } value=(text_of);
            (text(text_of, field))
        }
    }
}

fn text(text: &str, field: &ConflictField) -> Markup {
    html! {
        pre class=[(!field.mono).then_some("wrap")] tabindex="0" {
            @if text.is_empty() { em { "empty" } } @else { (text) }
        }
    }
}
