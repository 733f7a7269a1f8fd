//! The models that were deleted, and bringing one back.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::views::components::action_bar::Reason;
use crate::views::components::confirm::{Question, question};
use crate::views::components::field::Field;
use crate::views::components::icon::Icon;
use crate::views::components::table::{Column, table};
use crate::views::components::{empty_state, page_header, pager, plural, time};
use crate::views::frame::{Frame, Page, Section};
use crate::views::history::Revision;
use crate::views::links::ModelAction;

/// A page of the list.
#[derive(Debug, Clone, Default)]
pub struct DeletedView {
    /// How many there are.
    pub total: usize,
    /// Those of this page, the last deleted first.
    pub rows: Vec<DeletedRow>,
    /// The steps to the other pages.
    pub pager: pager::Pager,
}

/// A deleted model.
#[derive(Debug, Clone, Default)]
pub struct DeletedRow {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// Who deleted it; empty if unknown.
    pub by: String,
    /// When.
    pub at: Option<SystemTime>,
    /// Why; empty if nobody said.
    pub reason: String,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &DeletedView) -> Markup {
    let rows: Vec<_> = view.rows.iter().map(|row| cells(frame, row)).collect();
    frame.page(
        &Page::new("Deleted models", Section::Admin),
        &html! {
            (page_header("Administration", &html! {}, &html! {}))
            (super::section_tabs(frame, "Deleted models"))
            @if view.rows.is_empty() {
                (empty_state(Icon::Trash, "No deleted models", &html! {
                    p { "A model that is deleted is listed here and can be brought back, with its history." }
                }))
            } @else {
                p.result-count { (plural(view.total, "deleted model", "deleted models")) }
                p.help { "Before one comes back you are shown what would be there. None can whose revisions cannot be read." }
                (table(
                    "Deleted models",
                    &[
                        Column::new("Model").class("title grow"),
                        Column::new("Deleted by").class("word"),
                        Column::new("When"),
                        Column::new("Why").class("grow"),
                        Column::new("Actions").class("shrink acts").hidden(),
                    ],
                    &rows,
                ))
                (pager::pager("Pages of deleted models", &view.pager))
            }
        },
    )
}

fn cells(frame: &Frame, row: &DeletedRow) -> Vec<Markup> {
    let (links, network_type, name) = (&frame.links, &row.network_type, &row.name);
    let unknown = || html! { span.muted { "unknown" } };
    vec![
        html! {
            a.model-link href=(links.model_action(network_type, name, ModelAction::History)) {
                strong { (name) }
                span.reference { (network_type) "/" wbr; (name) }
            }
        },
        if row.by.is_empty() {
            unknown()
        } else {
            html! { (row.by) }
        },
        row.at.map_or_else(unknown, time::exact),
        html! { @if row.reason.is_empty() { span.muted { "not said" } } @else { (row.reason) } },
        html! {
            div.buttons {
                a.button href=(links.model_action(network_type, name, ModelAction::History)) {
                    "History" span.visually-hidden { " of " (name) }
                }
                a.button href=(links.bring_back(network_type, name, None)) data-question-link {
                    "Bring back" span.visually-hidden { " " (name) }
                }
            }
        },
    ]
}

/// The question whether a model comes back; posted as `revision`, where one was chosen, and
/// `reason`.
#[derive(Debug, Clone, Default)]
pub struct BringBackView {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The deletion, if it is known.
    pub deletion: Option<Revision>,
    /// What would be there.
    pub held: Held,
    /// The number of the revision that was chosen.
    pub chosen: Option<u64>,
    /// Why.
    pub reason: Field,
}

/// What would be there.
#[derive(Debug, Clone, Default)]
pub enum Held {
    /// This revision, and the name that people read in it.
    Revision(Box<Revision>, String),
    /// Nothing: none of its revisions can be read.
    Nothing,
    /// It is not at hand.
    #[default]
    Unknown,
}

/// The page that asks.
#[must_use]
pub fn bring_back(frame: &Frame, view: &BringBackView) -> Markup {
    let links = &frame.links;
    let (network_type, name) = (&view.network_type, &view.name);
    let key = format!("{network_type}/{name}");
    let history = links.model_action(network_type, name, ModelAction::History);
    let list = links.to("/admin/deleted");
    let (heading, content) = match view.held {
        Held::Nothing => (
            format!("{key} cannot be brought back"),
            html! {
                h1 { (key) " cannot be brought back" }
                (deletion(view))
                p { "None of its revisions can be read. What they hold is shown in its history; make the model anew from that." }
                div.buttons {
                    a.button href=(history) { "History" }
                    a.button href=(list) { "Back to the deleted models" }
                }
            },
        ),
        _ => {
            let heading = format!("Bring {key} back?");
            let number = view.chosen.map(|number| ("revision", number.to_string()));
            let mut hidden: Vec<_> = number.into_iter().collect();
            hidden.push(("confirmed", "yes".to_owned()));
            let form = question(
                frame,
                &Question {
                    heading: &heading,
                    action: &links.bring_back(network_type, name, None),
                    hidden: &hidden,
                    button: "Bring the model back",
                    danger: false,
                    back: &list,
                    reason: Some(Reason {
                        field: &view.reason,
                        required: false,
                        example: "Why is it needed again?",
                    }),
                },
                &html! { (deletion(view)) (held(view)) },
            );
            (heading, form)
        }
    };
    frame.page(
        &Page::new(&heading, Section::Admin),
        &html! { div.panel.confirm { (content) } },
    )
}

fn deletion(view: &BringBackView) -> Markup {
    html! {
        @if let Some(deletion) = &view.deletion {
            p { "It was deleted:" }
            (deletion.byline())
            @if !deletion.message.is_empty() { p.message { "“" (deletion.message) "”" } }
        }
    }
}

fn held(view: &BringBackView) -> Markup {
    html! {
        @match (&view.held, view.chosen) {
            (Held::Revision(revision, alias), _) => {
                p {
                    "It is there again as “" (alias) "”, with what revision " (revision.number)
                    " held, and its history goes on."
                }
                (revision.byline())
                @if !revision.message.is_empty() { p.message { "“" (revision.message) "”" } }
                (revision.oddities())
            },
            (_, Some(number)) => p { "It is there again with what revision " (number) " held, and its history goes on." },
            _ => p { "It is there again with what the last revision before it was deleted held, and its history goes on." },
        }
        p { "It comes back disabled: jobs may use it once somebody enables it." }
    }
}
