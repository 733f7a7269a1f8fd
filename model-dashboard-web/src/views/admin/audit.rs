//! The audit log.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::views::actor::Actor;
use crate::views::components::icon::Icon;
use crate::views::components::table::{Column, table};
use crate::views::components::{
    Tone, breadcrumbs, breakable, copy_block, empty_state, key_value, notice, page_header, state,
    time,
};
use crate::views::frame::{Frame, Page, Section};
use crate::views::links::Links;

/// Events, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditView {
    /// What was asked for.
    pub query: AuditQuery,
    /// The sources of accounts to choose from, if there are several: value and text.
    pub sources: Vec<(String, String)>,
    /// The actions there are to choose from.
    pub actions: Vec<String>,
    /// The events of this page.
    pub rows: Vec<AuditRow>,
    /// The address of newer ones.
    pub newer: Option<String>,
    /// The address of older ones.
    pub older: Option<String>,
    /// What a check of the chain found, if one was asked for.
    pub chain: Option<Chain>,
    /// What is wrong with the filters: the field's name and a sentence.
    pub wrong: Vec<(String, String)>,
}

/// What a check of the whole log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Whether every event is as it was written.
    pub intact: bool,
    /// What was found, in a sentence or two.
    pub text: String,
}

/// The filters in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// `who`: only of this account.
    pub who: String,
    /// `source`: only of accounts of this source.
    pub source: String,
    /// `action`: only this one.
    pub action: String,
    /// `target`: only on this.
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
            ("source", &self.source),
            ("action", &self.action),
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
    pub number: u64,
    /// When.
    pub at: SystemTime,
    /// Who, in words: the name of then, `the server`, `unknown`.
    pub who: Actor,
    /// Whether that is nobody's name.
    pub nobody: bool,
    /// Who, for ever: `source:subject`; empty if unknown.
    pub identity: String,
    /// What: `model.enable`.
    pub action: String,
    /// Whether it was refused.
    pub refused: bool,
    /// On what: `model:nnUNet/Task055`; empty if on nothing.
    pub target: String,
    /// Where the target can be looked at, if it can.
    pub target_href: Option<String>,
    /// Through what: `dashboard`, `api`, `cli`.
    pub via: String,
    /// From where: an address or a host; empty if unknown.
    pub from: String,
    /// Which revision came of it.
    pub revision: Option<u64>,
    /// Why, in the words of the person; empty if they did not say.
    pub reason: String,
    /// What changed, or why it was refused; empty if there is no more to say.
    pub detail: String,
}

/// The page that lists them.
#[must_use]
pub fn list(frame: &Frame, view: &AuditView) -> Markup {
    let links = &frame.links;
    let export = |path: &str| links.query(path, view.query.pairs());
    let mut check = view.query.pairs();
    check.push(("check", "chain".to_owned()));
    frame.page(&Page::new("Audit log", Section::Admin), &html! {
        (page_header("Administration", &html! {}, &html! {}))
        (super::section_tabs(frame, "Audit log"))
        (filters(frame, view))
        @if let Some(chain) = &view.chain {
            @let tone = if chain.intact { Tone::Ok } else { Tone::Danger };
            div role="status" { (notice(tone, &html! { p.chain { (chain.text) } })) }
        }
        div.toolbar {
            p.result-count { "Newest first, times in UTC" }
            div.tools {
                a.button href=(links.query("/admin/audit", check)) { (Icon::Check) "Check the chain" }
                a.button href=(export("/admin/audit/export.csv")) download { (Icon::Download) "CSV" }
                a.button href=(export("/admin/audit/export.jsonl")) download { (Icon::Download) "JSON lines" }
            }
        }
        @if !view.wrong.is_empty() {
            // The mistakes stand beside their fields.
        } @else if view.rows.is_empty() {
            (empty_state(Icon::Search, "No event matches", &html! {
                p { a.button href=(links.to("/admin/audit")) { "Show all events" } }
            }))
        } @else {
            (table(
                "Audit log",
                &[
                    Column::new("Time").class("title"),
                    Column::new("Who").class("word"),
                    Column::new("Action"),
                    Column::new("Target").class("grow"),
                    Column::new("From").class("address"),
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
        html! { a.nowrap href=(frame.links.audit_event(row.number)) { (time::to_the_second(row.at)) } },
        html! {
            (who(row))
            @if !row.via.is_empty() { span.meta { (row.via) } }
        },
        html! {
            code.nowrap { (row.action) }
            @if row.refused { span.below { (refused()) } }
        },
        html! {
            (target(row))
            @if !row.detail.is_empty() { span.meta { (row.detail) } }
            @if !row.reason.is_empty() { span.meta { "“" (row.reason) "”" } }
            @if row.target.is_empty() && row.detail.is_empty() && row.reason.is_empty() { span.muted.none { "–" } }
        },
        html! { @if row.from.is_empty() { span.muted.none { "–" } } @else { span.reference { (row.from) } } },
    ]
}

fn who(row: &AuditRow) -> Markup {
    html! {
        @if row.nobody { span.muted { (row.who.name) } }
        @else { (breakable(&row.who.name)) (row.who.of()) }
    }
}

fn refused() -> Markup {
    state::pill(Tone::Danger, "Refused")
}

fn target(row: &AuditRow) -> Markup {
    html! {
        @if let Some(href) = &row.target_href { a.reference href=(href) { (row.target) } }
        @else if !row.target.is_empty() { span.reference { (row.target) } }
    }
}

/// What people type there: both are compared as a whole.
fn example(field: &str) -> Option<&'static str> {
    match field {
        "who" => Some("username"),
        "target" => Some("type/name"),
        _ => None,
    }
}

fn choice<'a>(
    name: &str,
    label: &str,
    chosen: &str,
    options: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Markup {
    let id = format!("audit-{name}");
    html! {
        div.field {
            label for=(id) { (label) }
            span.select {
                select id=(id) name=(name) {
                    option value="" { "Any" }
                    @for (value, text) in options { option value=(value) selected[value == chosen] { (text) } }
                }
                (Icon::ChevronDown)
            }
        }
    }
}

fn filters(frame: &Frame, view: &AuditView) -> Markup {
    let query = &view.query;
    let text = |name: &str, label: &str, value: &str, kind: &str| {
        let id = format!("audit-{name}");
        let wrong = view.wrong.iter().find(|(field, _)| field == name);
        let wrong = wrong.map(|(_, message)| message);
        // A control for dates would not show what is none.
        let kind = if wrong.is_some() { "text" } else { kind };
        html! {
            div.field {
                label for=(id) { (label) }
                input id=(id) type=(kind) name=(name) value=(value) placeholder=[example(name)]
                    autocomplete="off" spellcheck="false"
                    aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| format!("{id}-error"))];
                @if let Some(wrong) = wrong {
                    div.error id={ (id) "-error" } { p { (Icon::Alert) (wrong) } }
                }
            }
        }
    };
    html! {
        form.panel.filter-form role="search" aria-label="Audit log" action=(frame.links.to("/admin/audit")) method="get" {
            (text("who", "Who", &query.who, "text"))
            @if !view.sources.is_empty() {
                (choice("source", "Account", &query.source, view.sources.iter().map(|(value, text)| (value, text))))
            }
            (choice("action", "Action", &query.action, view.actions.iter().map(|action| (action, action))))
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
    /// The number under which the logs know the request; empty if there was none.
    pub request_id: String,
    /// The digest that chains it to the event before.
    pub digest: String,
    /// The event as the API gives it, indented.
    pub json: String,
}

/// The page of one event: its permalink.
#[must_use]
pub fn event(frame: &Frame, view: &EventView) -> Markup {
    let row = &view.row;
    let links = &frame.links;
    let heading = format!("Event {}", row.number);
    let dash = || html! { span.muted { "–" } };
    let or_dash = |text: &str| {
        if text.is_empty() {
            dash()
        } else {
            html! { (text) }
        }
    };
    let facts = vec![
        ("Time", time::to_the_second(row.at)),
        (
            "Who",
            html! {
                (who(row))
                @if !row.identity.is_empty() { " " span.reference { (row.identity) } }
            },
        ),
        (
            "Action",
            html! { code { (row.action) } @if row.refused { " " (refused()) } },
        ),
        (
            "Target",
            if row.target.is_empty() {
                dash()
            } else {
                target(row)
            },
        ),
        ("Reason", or_dash(&row.reason)),
        ("Detail", or_dash(&row.detail)),
        (
            "Revision",
            row.revision
                .map_or_else(dash, |revision| html! { (revision) }),
        ),
        ("Through", or_dash(&row.via)),
        ("From", or_dash(&row.from)),
        ("Request", or_dash(&view.request_id)),
        ("Digest", html! { code { (view.digest) } }),
    ];
    frame.page(
        &Page::new(&heading, Section::Admin),
        &html! {
            (breadcrumbs(&[(links.to("/admin/audit"), "Audit log".to_owned())]))
            (page_header(&heading, &html! {}, &html! {}))
            section.panel { h2.visually-hidden { "Facts" } (key_value::list(&facts)) }
            section.panel { h2 { "As the API gives it" } (copy_block(&view.json, "the event")) }
        },
    )
}
