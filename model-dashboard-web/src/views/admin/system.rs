//! The health of what the server depends on, and its settings.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::views::components::table::{Column, table};
use crate::views::components::{
    Tone, key_value, number, page_header, plural, section, state, time,
};
use crate::views::frame::{Frame, Page, Section};
use crate::views::left_out::{self, LeftOut};
use crate::views::models::Counts;

/// The server.
#[derive(Debug, Clone, Default)]
pub struct SystemView {
    /// The product's version.
    pub version: String,
    /// When the server started.
    pub started_at: Option<SystemTime>,
    /// Where it is reached: what and address. Those that are not set are left out.
    pub addresses: Vec<(String, String)>,
    /// Where everything is kept that has no place of its own.
    pub data_folder: String,
    /// How many models there are; `None` before they were loaded.
    pub models: Option<Counts>,
    /// When the model store answered last.
    pub last_answer: Option<SystemTime>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
    /// What lies in the model store and is no model.
    pub left_out: LeftOut,
    /// Every setting.
    pub settings: Vec<Setting>,
}

/// Something that the server depends on.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// What it is: `Model store`.
    pub name: String,
    /// How it is.
    pub health: Health,
    /// Since when.
    pub since: Option<SystemTime>,
    /// What was seen: `412 models, last look 3 s ago`, or the error.
    pub detail: String,
    /// What to do about it; empty if there is nothing to do.
    pub fix: String,
    /// The directory that it is, which can be tested.
    pub directory: Option<String>,
}

/// How a dependency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It works.
    Ok,
    /// It works in part, or what is known of it is old.
    Degraded,
    /// It does not work.
    Down,
    /// It is not configured.
    Off,
}

/// A setting.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The part of the file it belongs to: `server`; empty for none.
    pub section: String,
    /// Its name: `port`.
    pub name: String,
    /// Its value; secrets are masked.
    pub value: String,
    /// Where it comes from: `default`, `config.toml`, `DASHBOARD_PORT`, `--port`.
    pub origin: String,
    /// Whether it comes from anywhere but the defaults.
    pub given: bool,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &SystemView) -> Markup {
    let facts = facts(frame, view);
    frame.page(&Page::new("System", Section::Admin), &html! {
        (page_header("Administration", &html! {}, &html! {}))
        (super::section_tabs(frame, "System"))
        (section("Server", &key_value::list(&facts)))
        section.panel {
            h2 { "Dependencies" }
            ul.rows.health {
                @for dependency in &view.dependencies { (one(frame, dependency)) }
            }
            (left_out::notices(&view.left_out))
        }
        section.settings {
            h2 { "Settings" }
            (table(
                "Settings",
                &[Column::new("Setting").class("title"), Column::new("Value").class("grow"), Column::new("From")],
                &view.settings.iter().map(|setting| vec![
                    html! { code { @if !setting.section.is_empty() { (setting.section) "." } (setting.name) } },
                    html! { @if setting.value.is_empty() { span.muted { "not set" } } @else { code { (setting.value) } } },
                    html! { @if setting.given { strong { (setting.origin) } } @else { span.muted { (setting.origin) } } },
                ]).collect::<Vec<_>>(),
            ))
        }
    })
}

fn facts<'a>(frame: &Frame, view: &'a SystemView) -> Vec<(&'a str, Markup)> {
    let links = &frame.links;
    let mut facts = vec![("Version", html! { (view.version) })];
    if let Some(at) = view.started_at {
        let started = html! { (time::exact(at)) ", " (time::relative(frame.now, at)) };
        facts.push(("Up since", started));
    }
    for (name, address) in &view.addresses {
        facts.push((name.as_str(), html! { code { (address) } }));
    }
    if !view.data_folder.is_empty() {
        let folder = html! { code { (view.data_folder) } };
        facts.push(("Data folder", folder));
    }
    let models = html! {
        @match view.models {
            None => span.muted { "not loaded yet" },
            Some(counts) => p {
                a href=(links.models()) { (plural(counts.enabled + counts.disabled, "model", "models")) }
                ", " (number(counts.enabled)) " of them enabled"
                @if counts.broken > 0 {
                    "; " a href=(links.to("/broken")) { (number(counts.broken)) " broken" }
                }
            },
        }
    };
    facts.push(("Models", models));
    if let Some(at) = view.last_answer {
        let answered = html! { "answered " (time::relative(frame.now, at)) };
        facts.push(("Model store", answered));
    }
    facts
}

fn one(frame: &Frame, dependency: &Dependency) -> Markup {
    let pill = match dependency.health {
        Health::Ok => state::pill(Tone::Ok, "OK"),
        Health::Degraded => state::pill(Tone::Warning, "Degraded"),
        Health::Down => state::pill(Tone::Danger, "Down"),
        Health::Off => state::pill(Tone::Muted, "Not used"),
    };
    html! {
        li {
            div {
                strong { (dependency.name) }
                @if !dependency.detail.is_empty() { p { (dependency.detail) } }
                @if !dependency.fix.is_empty() { p.fix { strong { "To do: " } (dependency.fix) } }
                @if let Some(source) = &dependency.directory {
                    @let page = frame.links.directory(source);
                    form.inline-actions method="post" action={ (page) "/test" } {
                        (frame.csrf_field())
                        button.button type="submit" aria-label={ "Test the connection of " (dependency.name) } { "Test connection" }
                        a.button.quiet href=(page) { "Test as user, re-check" }
                    }
                }
            }
            div.health-state {
                (pill)
                @if let Some(since) = dependency.since { span.meta { "since " (time::relative(frame.now, since)) } }
            }
        }
    }
}
