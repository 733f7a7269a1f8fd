//! Definitions that do not parse: the list, and a raw editor to repair one.

use maud::{Markup, html};

use super::components::action_bar::{Reason, action_bar};
use super::components::difference::{self, Change};
use super::components::field::{Field, TextArea, error_summary};
use super::components::icon::Icon;
use super::components::table::{Column, table};
use super::components::{Tone, breadcrumbs, empty_state, notice, page_header, plural};
use super::frame::{Frame, Page, Section};
use super::left_out::{self, LeftOut};
use super::links::ModelAction;

/// An object that should be a definition and is not.
#[derive(Debug, Clone)]
pub struct BrokenRow {
    /// The first part of its key.
    pub network_type: String,
    /// The second part of its key.
    pub name: String,
    /// Why it is no definition, with line and column where there is one.
    pub reason: String,
    /// Its size in bytes.
    pub size: usize,
}

/// The page that lists them, and what else lies in the store, for those who administer it.
#[must_use]
pub fn list(frame: &Frame, rows: &[BrokenRow], left_out: &LeftOut) -> Markup {
    let links = &frame.links;
    frame.page(&Page::new("Broken definitions", Section::Models), &html! {
        (breadcrumbs(&[(links.models(), "Models".to_owned())]))
        (page_header("Broken definitions", &html! {
            p.lead { "These objects lie where definitions belong but cannot be read. Jobs cannot use them before they are repaired." }
        }, &html! {}))
        @if rows.is_empty() {
            (empty_state(Icon::Check, "Nothing is broken", &html! {
                p { a.button href=(links.models()) { "Show all models" } }
            }))
        } @else {
            (table(
                "Broken definitions",
                &[
                    Column::new("Key").class("title"),
                    Column::new("What is wrong").class("grow"),
                    Column::new("Size").class("number"),
                ],
                &rows.iter().map(|row| vec![
                    html! {
                        a.model-link href=(links.broken(&row.network_type, &row.name)) {
                            strong { (row.name) }
                            span.reference { (row.network_type) "/" wbr; (row.name) }
                        }
                    },
                    html! { (row.reason) },
                    html! { (plural(row.size, "byte", "bytes")) },
                ]).collect::<Vec<_>>(),
            ))
        }
        (left_out::notices(left_out))
    })
}

/// The raw editor of a broken definition, posted to its own address as `text`, `reason`,
/// `if_match`.
#[derive(Debug, Clone, Default)]
pub struct BrokenView {
    /// The first part of its key.
    pub network_type: String,
    /// The second part of its key.
    pub name: String,
    /// What is stored, or what was typed since, with what is wrong with it.
    pub text: Field,
    /// Whether the bytes are no text; what is shown then has signs in place of the odd ones.
    pub not_text: bool,
    /// Whether it is larger than a definition may be, and was not read.
    pub too_large: bool,
    /// The state that the form was filled from.
    pub if_match: String,
    /// Why.
    pub reason: Field,
    /// What is wrong with the form as a whole.
    pub error: Option<String>,
    /// What others have stored since the form was filled.
    pub overtaken: Option<Overtaken>,
}

/// What is stored now, and what was typed without knowing of it.
#[derive(Debug, Clone, Default)]
pub struct Overtaken {
    /// The text that is stored now.
    pub now: String,
    /// The text that was typed.
    pub typed: String,
    /// Whether it is a definition by now.
    pub can_be_read: bool,
}

/// The page that repairs one.
#[must_use]
pub fn editor(frame: &Frame, view: &BrokenView) -> Markup {
    let links = &frame.links;
    let may = frame.may();
    frame.page(&Page::new(&format!("Repair {}", view.name), Section::Models), &html! {
        (breadcrumbs(&[
            (links.models(), "Models".to_owned()),
            (links.to("/broken"), "Broken definitions".to_owned()),
        ]))
        (page_header(&format!("{}/{}", view.network_type, view.name), &html! {}, &html! {
            a.button href=(links.model_action(&view.network_type, &view.name, ModelAction::History)) { (Icon::Activity) "History" }
            @if may.write_models {
                a.button.danger-quiet href=(links.model_action(&view.network_type, &view.name, ModelAction::Delete)) data-question-link {
                    (Icon::Trash) "Delete"
                }
            }
        }))
        @if view.not_text {
            (notice(Tone::Warning, &html! {
                p { "The object holds bytes that are no text. They are shown as � and would be saved as that." }
            }))
        }
        @if view.too_large { (too_large(frame, view)) } @else { (form(frame, view)) }
    })
}

fn too_large(frame: &Frame, view: &BrokenView) -> Markup {
    notice(
        Tone::Warning,
        &html! {
            p {
                "It is too large to be shown or edited"
                @if let Some(error) = &view.text.error { ": " (error.message) }
                "."
            }
            p {
                @if frame.may().write_models { "Delete it here, or replace it in the model store." }
                @else { "Somebody who may change models can delete it, or replace it in the model store." }
            }
        },
    )
}

fn form(frame: &Frame, view: &BrokenView) -> Markup {
    let links = &frame.links;
    html! {
        form.definition method="post" action=(links.broken(&view.network_type, &view.name)) data-guard {
            (frame.csrf_field())
            input type="hidden" name="if_match" value=(view.if_match);
            (error_summary(view.error.as_deref(), &[]))
            @if let Some(overtaken) = &view.overtaken { (what_others_stored(frame, view, overtaken)) }
            section.panel {
                (TextArea {
                    name: "text", label: "Definition as JSON", field: &view.text,
                    help: Some("It is saved as soon as it is a valid definition, and starts disabled unless it says otherwise."),
                    mono: true, rows: 20, placeholder: None, label_hidden: false,
                }.markup())
            }
            @if frame.may().write_models {
                (action_bar(
                    Some(Reason { field: &view.reason, required: false, example: "What was wrong?" }),
                    &html! {
                        a.button href=(links.to("/broken")) { "Cancel" }
                        button.button.primary type="submit" { "Save" }
                    },
                ))
            }
        }
    }
}

/// What others stored, as the difference that saving now would make.
fn what_others_stored(frame: &Frame, view: &BrokenView, overtaken: &Overtaken) -> Markup {
    let links = &frame.links;
    let model = links.model(&view.network_type, &view.name);
    let change = Change {
        field: String::new(),
        before: Some(overtaken.now.clone()),
        after: Some(overtaken.typed.clone()),
    };
    html! {
        div.notice.warning role="alert" tabindex="-1" data-focus {
            (Icon::Alert)
            div {
                p {
                    "Somebody else stored another text while you were editing. Nothing of yours has been saved yet. "
                    @if overtaken.can_be_read {
                        "It can be read by now: " a href=(model) { "look at the model" } ", there may be nothing left to repair."
                    } @else {
                        "It cannot be read either."
                    }
                }
                p {
                    "Saving once more puts your text in its place. "
                    a href=(links.broken(&view.network_type, &view.name)) { "Begin anew with theirs" }
                }
            }
        }
        section.panel {
            h2 { "What saving would change" }
            p.help { "Lines with a minus are theirs and would go, lines with a plus are yours." }
            @if overtaken.now == overtaken.typed {
                p { "Nothing: it is what you typed." }
            } @else {
                div.difference-values { (difference::values(&change)) }
            }
        }
    }
}
