//! The audit log.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::views::components::icon::Icon;
use crate::views::components::table::{Column, table};
use crate::views::components::{
    Tone, breadcrumbs, copy_block, empty_state, key_value, page_header, state, time,
};
use crate::views::frame::{Frame, Page, Section};
use crate::views::links::Links;

/// Events, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditView {
    /// What was asked for.
    pub query: AuditQuery,
    /// The actions there are to choose from.
    pub actions: Vec<String>,
    /// The events of this page.
    pub rows: Vec<AuditRow>,
    /// The address of newer ones.
    pub newer: Option<String>,
    /// The address of older ones.
    pub older: Option<String>,
}

/// The filters in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// `who`: only of this account.
    pub who: String,
    /// `action`: only this one.
    pub action: String,
    /// `outcome`: `success`, `denied` or `failed`.
    pub outcome: String,
    /// `target`: only with this in its target.
    pub target: String,
    /// `from`: from this day on, `2026-03-01`, UTC.
    pub from: String,
    /// `to`: up to this day and with it, UTC.
    pub to: String,
}

impl AuditQuery {
    /// The pairs of the address, without those that say nothing.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        [
            ("who", &self.who),
            ("action", &self.action),
            ("outcome", &self.outcome),
            ("target", &self.target),
            ("from", &self.from),
            ("to", &self.to),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key, value.clone()))
        .collect()
    }

    /// The address of the list with these filters.
    #[must_use]
    pub fn href(&self, links: &Links) -> String {
        links.query("/admin/audit", self.pairs())
    }
}

/// An event.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: SystemTime,
    /// Who: username; empty if unknown.
    pub who: String,
    /// Where the account lives: `local`, `ldap`, `cli`.
    pub source: String,
    /// What: `model.enable`.
    pub action: String,
    /// To what; empty if to nothing.
    pub target: String,
    /// How it ended.
    pub outcome: Outcome,
    /// From where; empty if unknown.
    pub address: String,
    /// Which revision it made.
    pub revision: Option<u64>,
    /// Why; empty if nobody said.
    pub reason: String,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was not allowed.
    Denied,
    /// It could not be done.
    Failed,
}

impl Outcome {
    fn value(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    fn pill(self) -> Markup {
        match self {
            Self::Success => state::pill(Tone::Ok, "Success"),
            Self::Denied => state::pill(Tone::Danger, "Denied"),
            Self::Failed => state::pill(Tone::Warning, "Failed"),
        }
    }
}

/// The page that lists them.
#[must_use]
pub fn list(frame: &Frame, view: &AuditView) -> Markup {
    let links = &frame.links;
    let export = |path: &str| links.query(path, view.query.pairs());
    frame.page(&Page::new("Audit log", Section::Admin), &html! {
        (page_header("Administration", &html! {}, &html! {}))
        (super::section_tabs(frame, "Audit log"))
        (filters(frame, view))
        div.toolbar {
            p.result-count { "Newest first, times in UTC" }
            div.tools {
                a.button href=(export("/admin/audit/export.csv")) download { (Icon::Download) "CSV" }
                a.button href=(export("/admin/audit/export.jsonl")) download { (Icon::Download) "JSON lines" }
            }
        }
        @if view.rows.is_empty() {
            (empty_state(Icon::Search, "No event matches", &html! {
                p { a.button href=(links.to("/admin/audit")) { "Show all events" } }
            }))
        } @else {
            (table(
                "Audit log",
                &[
                    Column::new("Time").class("title"),
                    Column::new("Who"),
                    Column::new("Action"),
                    Column::new("Target").class("grow"),
                    Column::new("Outcome"),
                    Column::new("Address"),
                ],
                &view.rows.iter().map(|row| cells(frame, row)).collect::<Vec<_>>(),
            ))
        }
        @if view.newer.is_some() || view.older.is_some() {
            nav.pager aria-label="Pages of the audit log" {
                @if let Some(newer) = &view.newer { a.button href=(newer) rel="prev" { (Icon::ChevronLeft) "Newer" } }
                @if let Some(older) = &view.older { a.button href=(older) rel="next" { "Older" (Icon::ChevronRight) } }
            }
        }
    })
}

fn cells(frame: &Frame, row: &AuditRow) -> Vec<Markup> {
    vec![
        html! { a.nowrap href=(frame.links.audit_event(row.id)) { (time::to_the_second(row.at)) } },
        html! {
            @if row.who.is_empty() { span.muted { "unknown" } } @else { (row.who) }
            @if !row.source.is_empty() { span.meta { (row.source) } }
        },
        html! { code { (row.action) } },
        html! {
            @if row.target.is_empty() { span.muted.none { "–" } } @else { span.reference { (row.target) } }
            @if !row.reason.is_empty() { span.meta { "“" (row.reason) "”" } }
        },
        row.outcome.pill(),
        html! { @if row.address.is_empty() { span.muted.none { "–" } } @else { span.reference { (row.address) } } },
    ]
}

fn filters(frame: &Frame, view: &AuditView) -> Markup {
    let query = &view.query;
    let text = |name: &str, label: &str, value: &str, kind: &str| {
        let id = format!("audit-{name}");
        html! {
            div.field {
                label for=(id) { (label) }
                input id=(id) type=(kind) name=(name) value=(value) autocomplete="off" spellcheck="false";
            }
        }
    };
    html! {
        form.panel.filter-form role="search" aria-label="Audit log" action=(frame.links.to("/admin/audit")) method="get" {
            (text("who", "Who", &query.who, "text"))
            div.field {
                label for="audit-action" { "Action" }
                span.select {
                    select id="audit-action" name="action" {
                        option value="" { "Any" }
                        @for action in &view.actions { option value=(action) selected[*action == query.action] { (action) } }
                    }
                    (Icon::ChevronDown)
                }
            }
            div.field {
                label for="audit-outcome" { "Outcome" }
                span.select {
                    select id="audit-outcome" name="outcome" {
                        option value="" { "Any" }
                        @for (outcome, text) in [(Outcome::Success, "Success"), (Outcome::Denied, "Denied"), (Outcome::Failed, "Failed")] {
                            option value=(outcome.value()) selected[outcome.value() == query.outcome] { (text) }
                        }
                    }
                    (Icon::ChevronDown)
                }
            }
            (text("target", "Target", &query.target, "text"))
            (text("from", "From", &query.from, "date"))
            (text("to", "To", &query.to, "date"))
            div.buttons {
                button.button.primary type="submit" { "Filter" }
                @if *query != AuditQuery::default() { a.button href=(frame.links.to("/admin/audit")) { "Clear" } }
            }
        }
    }
}

/// One event with everything that was recorded.
#[derive(Debug, Clone)]
pub struct EventView {
    /// The event.
    pub row: AuditRow,
    /// The browser or program.
    pub agent: String,
    /// The number under which the logs know the request.
    pub request_id: String,
    /// Whether the chain of digests holds up to this event; `None` if it was not checked.
    pub chain_intact: Option<bool>,
    /// The event as it is stored, indented.
    pub json: String,
}

/// The page of one event: its permalink.
#[must_use]
pub fn event(frame: &Frame, view: &EventView) -> Markup {
    let row = &view.row;
    let links = &frame.links;
    let or_dash =
        |text: &str| html! { @if text.is_empty() { span.muted { "–" } } @else { (text) } };
    let mut facts = vec![
        ("Time", time::exact(row.at)),
        (
            "Who",
            html! { (or_dash(&row.who)) @if !row.source.is_empty() { " " span.meta { (row.source) } } },
        ),
        ("Action", html! { code { (row.action) } }),
        (
            "Target",
            html! { @if row.target.is_empty() { span.muted { "–" } } @else { code { (row.target) } } },
        ),
        ("Outcome", row.outcome.pill()),
        ("Reason", or_dash(&row.reason)),
        (
            "Revision",
            html! { @if let Some(revision) = row.revision { (revision) } @else { span.muted { "–" } } },
        ),
        ("Address", or_dash(&row.address)),
        ("Browser or program", or_dash(&view.agent)),
        ("Request", or_dash(&view.request_id)),
    ];
    if let Some(intact) = view.chain_intact {
        facts.push((
            "Chain",
            if intact {
                state::pill(Tone::Ok, "Intact")
            } else {
                state::pill(Tone::Danger, "Broken")
            },
        ));
    }
    frame.page(
        &Page::new(&format!("Event {}", row.id), Section::Admin),
        &html! {
            (breadcrumbs(&[(links.to("/admin/audit"), "Audit log".to_owned())]))
            (page_header(&format!("Event {}", row.id), &html! {}, &html! {}))
            section.panel { h2.visually-hidden { "Facts" } (key_value::list(&facts)) }
            section.panel { h2 { "As it is stored" } (copy_block(&view.json, "the event")) }
        },
    )
}
