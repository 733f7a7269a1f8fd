//! Two people changed the same model: what both did, side by side, and the choice between them.

use std::time::SystemTime;

use maud::{Markup, html};

use super::components::action_bar::{Reason, action_bar};
use super::components::difference::{self, Change, changes};
use super::components::field::{Field, error_summary};
use super::components::icon::Icon;
use super::components::{Tone, breadcrumbs, notice, number, page_header, plural, sentence, time};
use super::frame::{Frame, Page, Section};
use super::links::ModelAction;

/// How many merged changes of one side are listed.
const MOST_LISTED: usize = 200;

/// From how many things on that both changed all are chosen with one button, too.
const MANY: usize = 3;

/// A lost race, to be settled by the one who lost it. It is posted to [`ModelAction::Edit`] under
/// the same names as the form, with the new `if_match`; for each thing that both changed, `settle`
/// has its name, and `take_…` says which of `theirs_…`, `yours_…` and `other_…` is saved.
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
    /// The state that the form was filled from; posted as `found_if_match`.
    pub found_if_match: String,
    /// What the fields were then; posted as `found_base`.
    pub found_base: String,
    /// The revision as it is now.
    pub revision: Option<u64>,
    /// Who was quicker.
    pub modified_by: String,
    /// When.
    pub modified_at: Option<SystemTime>,
    /// Why; empty if they did not say.
    pub message: String,
    /// What both changed, each to something else; those of one group follow each other.
    pub fields: Vec<ConflictField>,
    /// What they changed besides; it stays.
    pub only_theirs: Vec<Change>,
    /// What only you changed; it is taken over.
    pub only_yours: Vec<Change>,
    /// The posted fields, merged: name and value. What both changed has a place in them.
    pub carried: Vec<(String, String)>,
    /// Whether name and type inside are put right; posted as `put_right`.
    pub put_right: bool,
    /// Your reason.
    pub reason: Field,
    /// Whether the model is enabled, so that the reason may not be empty.
    pub reason_required: bool,
}

/// Something that both changed: a field, a label, a member of an object.
#[derive(Debug, Clone, Default)]
pub struct ConflictField {
    /// The name it is settled under.
    pub name: String,
    /// The field that it belongs to.
    pub group: String,
    /// What it is called; the same as the group for a whole field.
    pub label: String,
    /// Whether it can be left out: not a whole field.
    pub may_be_left_out: bool,
    /// What it was when the form was made.
    pub before: Before,
    /// What you typed; `None` if you took it out.
    pub yours: Option<String>,
    /// What is stored now; `None` if they took it out.
    pub theirs: Option<String>,
    /// What was chosen already.
    pub chosen: Option<Choice>,
    /// What is saved if neither side is chosen, and what is wrong with the choice.
    pub other: Field,
    /// Whether it is JSON or a command.
    pub mono: bool,
}

/// What something was that both changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Before {
    /// Not known any more.
    #[default]
    Unknown,
    /// This; `None` if it was not there.
    Known(Option<String>),
}

/// What is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// What is stored.
    Theirs,
    /// What you typed.
    Yours,
    /// What you type now.
    Other,
}

impl Choice {
    fn value(self) -> &'static str {
        match self {
            Self::Theirs => "theirs",
            Self::Yours => "yours",
            Self::Other => "other",
        }
    }
}

/// The page. It is answered with status 409, or 422 where something was left open.
#[must_use]
pub fn page(frame: &Frame, view: &ConflictView) -> Markup {
    let links = &frame.links;
    let model = links.model(&view.network_type, &view.name);
    let alias = if view.alias.is_empty() {
        &view.name
    } else {
        &view.alias
    };
    let hidden = [
        ("if_match", &view.if_match),
        ("base", &view.base),
        ("found_if_match", &view.found_if_match),
        ("found_base", &view.found_base),
    ];
    let carried = view.carried.iter();
    let carried = carried.map(|(name, value)| (name.as_str(), value));
    frame.page(&Page::new(&format!("Conflict in {alias}"), Section::Models), &html! {
        (breadcrumbs(&[(links.models(), "Models".to_owned()), (model.clone(), alias.clone())]))
        (page_header(
            if view.renamed_from.is_some() { "The model has another name now" } else { "Somebody else saved first" },
            &html! {}, &html! {},
        ))
        (notice(Tone::Warning, &said(frame, view)))
        form.definition method="post" action=(links.model_action(&view.network_type, &view.name, ModelAction::Edit)) data-guard="changed" {
            (frame.csrf_field())
            @for (name, value) in hidden.into_iter().chain(carried) { input type="hidden" name=(name) value=(value); }
            @if view.put_right { input type="hidden" name="put_right" value="yes"; }
            (wrong(&view.fields))
            (to_choose(&view.fields))
            (merged("Only you changed this: it is taken over", &view.only_yours))
            (merged("They changed this, too: it stays", &view.only_theirs))
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

/// Who was quicker, and what there is to do.
fn said(frame: &Frame, view: &ConflictView) -> Markup {
    html! {
        p {
            strong { @if view.modified_by.is_empty() { "Somebody" } @else { (view.modified_by) } }
            @if let Some(before) = &view.renamed_from {
                " changed it last: " code { (before) } " is now "
                code { (view.network_type) "/" (view.name) } ", "
            } @else {
                " saved "
                @if let Some(revision) = view.revision { "revision " (revision) " " } @else { "it " }
            }
            @if let Some(at) = view.modified_at { (time::relative(frame.now, at)) ", " }
            "while you were editing"
            @if !view.message.is_empty() { ": “" (view.message) "”" }
            "."
        }
        p {
            @match view.fields.len() {
                0 => "You changed different things: all of it is merged. Look through what will be saved.",
                1 => "Both of you changed one thing: choose what is saved. Everything else is merged.",
                many => { "Both of you changed " (number(many)) " things: choose for each what is saved. Everything else is merged." }
            }
        }
    }
}

/// What is left open, at the top, for there may be much to choose.
fn wrong(fields: &[ConflictField]) -> Markup {
    let wrong = fields.iter().enumerate();
    let wrong = wrong.filter(|(_, field)| field.other.error.is_some());
    let ids: Vec<_> = wrong
        .map(|(at, field)| (id(at), field.label.as_str()))
        .collect();
    const MOST_NAMED: usize = 10;
    let named: Vec<_> = ids
        .iter()
        .take(MOST_NAMED)
        .map(|(id, label)| (&**id, *label))
        .collect();
    error_summary(None, &named)
}

fn id(at: usize) -> String {
    format!("clash-{at}")
}

/// What both changed, one panel for each field.
fn to_choose(fields: &[ConflictField]) -> Markup {
    let numbered: Vec<_> = fields.iter().enumerate().collect();
    let groups = numbered.chunk_by(|(_, one), (_, next)| one.group == next.group);
    html! {
        @for group in groups {
            @let whole = matches!(group, [(_, one)] if one.group == one.label);
            section.panel.conflict data-conflicts {
                div.conflict-head {
                    h2 {
                        @if let Some((_, first)) = group.first() { (first.group) }
                        @if !whole { " " span.count { (number(group.len())) } }
                    }
                    @if group.len() >= MANY {
                        div.buttons.needs-script {
                            button.button type="button" data-choose-all="theirs" { "All theirs" }
                            button.button type="button" data-choose-all="yours" { "All yours" }
                        }
                    }
                }
                @for (at, field) in group { (conflict(*at, field, whole)) }
            }
        }
    }
}

/// Nothing is chosen at first: who saves at once would overwrite the other.
fn conflict(at: usize, field: &ConflictField, is_named: bool) -> Markup {
    let rows = field.other.value.lines().count().clamp(1, 12);
    let error = field.other.error.as_ref();
    let (id, error_id) = (id(at), error.map(|_| format!("clash-{at}-error")));
    html! {
        fieldset.clash id=(id) tabindex="-1" data-conflict aria-describedby=[error_id.as_deref()] {
            legend class=[is_named.then_some("visually-hidden")] { (field.label) }
            input type="hidden" name="settle" value=(field.name);
            @if let (Some(error), Some(id)) = (error, &error_id) {
                div.error id=(id) { p { (Icon::Alert) (sentence(&error.message)) } }
            }
            div.sides.three[field.may_be_left_out] {
                (side("Theirs", Choice::Theirs, field.theirs.as_ref(), field))
                (side("Yours", Choice::Yours, field.yours.as_ref(), field))
                div.side.other {
                    div.side-head { label.check { (choice(Choice::Other, field)) span { "Something else" } } }
                    textarea name={ "other_" (field.name) } rows=(rows) class=[field.mono.then_some("mono")]
                        aria-label={ "Something else for " (field.label) } data-chooses
                        placeholder=[field.may_be_left_out.then_some("Empty leaves it out")]
                        autocomplete="off" spellcheck="false" { "\n" (field.other.value) }
                }
            }
        }
    }
}

fn choice(choice: Choice, field: &ConflictField) -> Markup {
    html! {
        input type="radio" name={ "take_" (field.name) } value=(choice.value()) required
            checked[field.chosen == Some(choice)];
    }
}

fn side(heading: &str, chosen: Choice, left: Option<&String>, field: &ConflictField) -> Markup {
    html! {
        div.side {
            div.side-head { label.check { (choice(chosen, field)) strong { (heading) } } }
            @if let Some(text) = left {
                input type="hidden" name={ (chosen.value()) "_" (field.name) } value=(text);
            }
            div.side-text { (what_was_done(left, field)) }
        }
    }
}

fn what_was_done(left: Option<&String>, field: &ConflictField) -> Markup {
    let Before::Known(before) = &field.before else {
        return html! {
            @match left {
                None => p.muted { "Not there" },
                Some(text) => pre class=[(!field.mono).then_some("wrap")] tabindex="0" {
                    @if text.is_empty() { em { "empty" } } @else { (text) }
                },
            }
        };
    };
    let change = Change {
        field: String::new(),
        before: before.clone(),
        after: left.cloned(),
    };
    html! {
        div.difference-values { (difference::values(&change)) }
        @if left.is_none() { p.muted { "Taken out" } }
    }
}

/// What is merged without asking, and why.
fn merged(heading: &str, all: &[Change]) -> Markup {
    html! {
        @if !all.is_empty() {
            section.panel {
                h2 { (heading) " " span.count { (number(all.len())) } }
                (changes(&all[..all.len().min(MOST_LISTED)]))
                @if all.len() > MOST_LISTED {
                    p.meta { (plural(all.len() - MOST_LISTED, "more change is", "more changes are")) " not listed." }
                }
            }
        }
    }
}
