//! The models that were deleted and can be brought back.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::views::components::icon::Icon;
use crate::views::components::table::{Column, table};
use crate::views::components::{empty_state, page_header, pager, plural, time};
use crate::views::frame::{Frame, Page, Section};
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
                (table(
                    "Deleted models",
                    &[
                        Column::new("Model").class("title grow"),
                        Column::new("Deleted by").class("word"),
                        Column::new("When"),
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
