//! Which models there were at a time, and which of them jobs could use.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::views::components::field::{Field, TextInput};
use crate::views::components::icon::Icon;
use crate::views::components::table::{Column, table};
use crate::views::components::{Tone, empty_state, notice, page_header, plural, state, time};
use crate::views::frame::{Frame, Page, Section};
use crate::views::links::ModelAction;

/// What there was at a time.
#[derive(Debug, Clone, Default)]
pub struct AsOfView {
    /// The time that was typed, in UTC, or one to begin with.
    pub at: Field,
    /// What was found; `None` before a time was asked for.
    pub found: Option<Found>,
}

/// The models of a time.
#[derive(Debug, Clone)]
pub struct Found {
    /// The time.
    pub at: SystemTime,
    /// The models of this page.
    pub rows: Vec<AsOfRow>,
    /// How many histories without a present model are not listed.
    pub untold: usize,
    /// The address of the first page, if this is another.
    pub first: Option<String>,
    /// The address of the next one.
    pub next: Option<String>,
    /// The address of all of them as a file.
    pub csv: String,
}

/// A model as it was.
#[derive(Debug, Clone)]
pub struct AsOfRow {
    /// The reference that it had.
    pub reference: String,
    /// The name that people read.
    pub alias: String,
    /// The version; empty if there was none.
    pub version: String,
    /// Whether jobs could use it; `None` if that is not known.
    pub enabled: Option<bool>,
    /// The revision, once the registry knew one.
    pub revision: Option<u64>,
    /// Since when it was so.
    pub since: Option<SystemTime>,
    /// Network type and name that it has now, or had when it was deleted.
    pub now: (String, String),
    /// Whether it is deleted by now.
    pub is_deleted: bool,
    /// Why this may be wrong, in a sentence.
    pub doubt: Option<String>,
}

/// The page. Its form asks for the time as `at`.
#[must_use]
pub fn page(frame: &Frame, view: &AsOfView) -> Markup {
    frame.page(
        &Page::new("As of", Section::Admin),
        &html! {
            (page_header("Administration", &html! {}, &html! {}))
            (super::section_tabs(frame, "As of"))
            (question(frame, view))
            @if let Some(found) = &view.found { (answer(frame, found)) }
        },
    )
}

fn question(frame: &Frame, view: &AsOfView) -> Markup {
    // A control for times would not show what is none.
    let kind = match view.at.error {
        Some(_) => "text",
        None => "datetime-local",
    };
    html! {
        form.panel.as-of role="search" aria-label="As of" action=(frame.links.to("/admin/as-of")) method="get" {
            p.lead { "Which models existed at a time in the past, and which of them jobs could use." }
            div.as-of-fields {
                (TextInput { name: "at", label: "Date and time in UTC", field: &view.at, kind, required: true, ..TextInput::default() }.markup())
                button.button.primary type="submit" { "Show" }
            }
        }
    }
}

fn answer(frame: &Frame, found: &Found) -> Markup {
    html! {
        div.toolbar {
            p.result-count { "As of " (time::to_the_second(found.at)) " UTC" }
            div.tools {
                a.button href=(found.csv) download { (Icon::Download) "CSV of all" }
            }
        }
        @if found.rows.is_empty() {
            (empty_state(Icon::Search, "No models", &html! {
                p {
                    @if found.next.is_some() { "None of the models of this page existed then; the next page may hold some." }
                    @else if found.first.is_some() { "None of the remaining models existed then." }
                    @else { "No model existed then." }
                }
            }))
        } @else {
            (table(
                "Models at that time",
                &[
                    Column::new("Model").class("title grow"),
                    Column::new("State then"),
                    Column::new("Revision").class("number"),
                    Column::new("Since").class("word"),
                    Column::new("By now").class("word"),
                ],
                &found.rows.iter().map(|row| cells(frame, row)).collect::<Vec<_>>(),
            ))
        }
        @if found.untold > 0 {
            (notice(Tone::Warning, &html! {
                p { (plural(found.untold, "more history lies", "more histories lie")) " in the model store without a present model; what they hold is not listed here." }
            }))
        }
        @if found.first.is_some() || found.next.is_some() {
            nav.pager aria-label="Pages of models" {
                @if let Some(first) = &found.first { a.button href=(first) rel="prev" { (Icon::ChevronLeft) "First" } }
                @if let Some(next) = &found.next { a.button href=(next) rel="next" { "Next" (Icon::ChevronRight) } }
            }
        }
    }
}

fn cells(frame: &Frame, row: &AsOfRow) -> Vec<Markup> {
    let (network_type, name) = &row.now;
    let history = frame
        .links
        .model_action(network_type, name, ModelAction::History);
    let named = html! {
        strong { (row.alias) }
        span.reference { (row.reference) }
    };
    // The history of a deleted model is for administrators.
    let may_open = !row.is_deleted || frame.may().manage_system;
    let now = format!("{network_type}/{name}");
    vec![
        html! {
            @if may_open { a.model-link href=(history) { (named) } } @else { (named) }
            @if !row.version.is_empty() { span.meta { "version " (row.version) } }
            @if let Some(doubt) = &row.doubt {
                span.doubt { (state::pill(Tone::Warning, "Not certain")) " " (doubt) }
            }
        },
        match row.enabled {
            Some(enabled) => state::enabled(enabled),
            None => state::pill(Tone::Warning, "Unknown"),
        },
        html! { @match row.revision { Some(revision) => (revision), None => span.muted.none { "–" } } },
        html! { @match row.since { Some(since) => (time::exact(since)), None => span.muted { "unknown" } } },
        html! {
            @if row.is_deleted { "deleted" }
            @else if now != row.reference { span.reference { (now) } }
            @else { span.muted.none { "–" } }
        },
    ]
}
