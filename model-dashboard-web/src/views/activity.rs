//! What happened to the models, by day, for everyone who may read.

use std::time::SystemTime;

use maud::{Markup, html};

use super::actor::Actor;
use super::components::icon::Icon;
use super::components::{Tone, empty_state, filter_chip, notice, page_header, time};
use super::frame::{Frame, Page, Section};
use super::links::{Links, ModelAction};

/// Changes of models, newest first.
#[derive(Debug, Clone, Default)]
pub struct ActivityView {
    /// What was asked for.
    pub query: ActivityQuery,
    /// People to choose from; others can be typed.
    pub people: Vec<String>,
    /// The sources of accounts to choose from, if there are several: value and text.
    pub sources: Vec<(String, String)>,
    /// The kinds there are to choose from: value and text.
    pub kinds: Vec<(String, String)>,
    /// The entries of this page, newest first.
    pub entries: Vec<Entry>,
    /// Network type and name that the model has now, if it is asked for by an older one.
    pub now: Option<(String, String)>,
    /// References of the models that may be meant, if several have what was typed in their name.
    pub unclear: Vec<String>,
    /// The address of newer ones.
    pub newer: Option<String>,
    /// The address of older ones.
    pub older: Option<String>,
}

/// The filters in the address: `person`, `source`, `model`, `kind`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityQuery {
    /// Only of this person.
    pub person: Option<String>,
    /// Only of people of this source.
    pub source: Option<String>,
    /// Only of this model (`type/name`).
    pub model: Option<String>,
    /// Only of this kind.
    pub kind: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When.
    pub at: SystemTime,
    /// Who.
    pub who: Actor,
    /// Through what, if not the dashboard: `API`, `command line`.
    pub via: Option<String>,
    /// What was done, as a verb in the past: `enabled`, `edited`, `renamed`.
    pub done: String,
    /// The icon of the kind.
    pub icon: Icon,
    /// The model: network type and name.
    pub model: Option<(String, String)>,
    /// The model's alias; empty shows the name.
    pub alias: String,
    /// Whether the model is still there to be opened.
    pub exists: bool,
    /// The revision that it made.
    pub revision: Option<u64>,
    /// Why; empty if nobody said.
    pub message: String,
    /// The reference it had before it was renamed.
    pub was: Option<String>,
    /// What changed, in a few words: `alias, contour_names`. Empty if there is no more to say.
    pub detail: String,
}

impl ActivityQuery {
    /// The address of the page with these filters.
    #[must_use]
    pub fn href(&self, links: &Links) -> String {
        links.query("/activity", self.pairs())
    }

    /// The pairs of the address.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, String)> {
        let pairs = [
            ("person", &self.person),
            ("source", &self.source),
            ("model", &self.model),
            ("kind", &self.kind),
        ];
        let pairs = pairs.into_iter();
        pairs.filter_map(|(key, value)| Some((key, value.clone()?)))
    }

    fn without(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut query = self.clone();
        change(&mut query);
        query
    }
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &ActivityView) -> Markup {
    let links = &frame.links;
    frame.page(&Page::new("Activity", Section::Activity), &html! {
        (page_header("Activity", &html! {
            @if frame.may().read_packages { p.lead { a href=(links.to("/drafts")) { "Drafts that wait for a decision" } } }
        }, &html! { (filters(frame, view)) }))
        div.chips { (chips(links, view)) }
        @if let Some((network_type, name)) = &view.now {
            (notice(Tone::Info, &html! {
                p { "It is now " a.reference href=(links.model(network_type, name)) { (network_type) "/" wbr; (name) } "." }
            }))
        }
        @if !view.unclear.is_empty() {
            (notice(Tone::Info, &html! {
                p { "Which of them?" }
                ul { @for model in &view.unclear { li { (of_model(links, model)) } } }
            }))
        } @else if view.entries.is_empty() {
            (empty_state(Icon::Activity, "Nothing happened", &html! {
                p {
                    @if view.query == ActivityQuery::default() { "Every change of a model will be listed here." }
                    @else {
                        @if view.query.model.is_some() { "A model is found by its reference, type/name, or by a part of it. " }
                        a.button href=(links.to("/activity")) { "Show everything" }
                    }
                }
            }))
        }
        @for day in view.entries.chunk_by(|a, b| time::day(a.at) == time::day(b.at)) {
            section.day {
                @if let Some(first) = day.first() { h2 { (time::day_heading(frame.now, first.at)) } }
                ol.events.panel { @for entry in day { (one(frame, entry)) } }
            }
        }
        (older_and_newer(view))
    })
}

fn older_and_newer(view: &ActivityView) -> Markup {
    html! {
        @if view.newer.is_some() || view.older.is_some() {
            nav.pager aria-label="Pages of activity" {
                @if let Some(newer) = &view.newer { a.button href=(newer) rel="prev" { (Icon::ChevronLeft) "Newer" } }
                @if let Some(older) = &view.older { a.button href=(older) rel="next" { "Older" (Icon::ChevronRight) } }
            }
        }
    }
}

fn one(frame: &Frame, entry: &Entry) -> Markup {
    html! {
        li {
            (entry.icon)
            div.event {
                p {
                    (who(frame, &entry.who)) " " (entry.done) " "
                    @if let Some((network_type, name)) = &entry.model {
                        @let text = if entry.alias.is_empty() { name } else { &entry.alias };
                        @if entry.exists { a href=(frame.links.model(network_type, name)) { (text) } }
                        @else { (text) }
                        @let only = ActivityQuery { model: Some(format!("{network_type}/{name}")), ..ActivityQuery::default() };
                        " " a.reference href=(only.href(&frame.links)) title="Only changes of this model" { (network_type) "/" wbr; (name) }
                    }
                }
                @if !entry.message.is_empty() { p.message { "“" (entry.message) "”" } }
                @if let Some(was) = &entry.was { p.meta { span { "was " (of_model(&frame.links, was)) } } }
                @if !entry.detail.is_empty() { p.meta { (entry.detail) } }
            }
            p.event-meta {
                @if let Some(revision) = entry.revision { span { (numbered(frame, entry, revision)) } }
                @if let Some(via) = &entry.via { span { (via) } }
                (time::clock(entry.at))
            }
        }
    }
}

/// A revision, and the way to what it changed.
fn numbered(frame: &Frame, entry: &Entry, revision: u64) -> Markup {
    let text = format!("revision {revision}");
    let Some((network_type, name)) = entry.model.as_ref().filter(|_| entry.exists) else {
        return html! { (text) };
    };
    let links = &frame.links;
    let history = links.model_action(network_type, name, ModelAction::History);
    let before = revision.saturating_add(1);
    html! { a.quiet-link href={ (history) "?before=" (before) } { (text) } }
}

/// A model's reference, and the way to what happened to it.
fn of_model(links: &Links, reference: &str) -> Markup {
    let only = ActivityQuery {
        model: Some(reference.to_owned()),
        ..ActivityQuery::default()
    };
    html! {
        a.reference href=(only.href(links)) title="Only changes of this model" { (reference) }
    }
}

/// A person, and the way to what else they did.
fn who(frame: &Frame, person: &Actor) -> Markup {
    let source = Some(person.source.clone()).filter(|source| !source.is_empty());
    let only = ActivityQuery {
        person: Some(person.name.clone()),
        source,
        ..ActivityQuery::default()
    };
    html! {
        @if person.name.is_empty() { strong { "Somebody" } }
        @else {
            strong { a.quiet-link href=(only.href(&frame.links)) title="Only changes by this person" { (person.name) } }
            (person.of())
        }
    }
}

fn filters(frame: &Frame, view: &ActivityView) -> Markup {
    let query = &view.query;
    html! {
        form.filters action=(frame.links.to("/activity")) method="get" data-submit-on-change {
            label.inline { span { "Person" }
                input type="text" name="person" value=(query.person.as_deref().unwrap_or_default())
                    placeholder="username" list="people" autocomplete="off" spellcheck="false" maxlength="300";
                datalist id="people" { @for person in &view.people { option value=(person) {} } }
            }
            @if !view.sources.is_empty() {
                label.inline { span { "Account" }
                    span.select {
                        select name="source" {
                            option value="" { "Any" }
                            @for (value, text) in &view.sources {
                                option value=(value) selected[query.source.as_ref() == Some(value)] { (text) }
                            }
                        }
                        (Icon::ChevronDown)
                    }
                }
            }
            label.inline { span { "Model" }
                input.mono type="text" name="model" value=(query.model.as_deref().unwrap_or_default())
                    placeholder="type/name or part of it" autocomplete="off" spellcheck="false" maxlength="300";
            }
            label.inline { span { "Kind" }
                span.select {
                    select name="kind" {
                        option value="" { "Everything" }
                        @for (value, text) in &view.kinds {
                            option value=(value) selected[query.kind.as_ref() == Some(value)] { (text) }
                        }
                    }
                    (Icon::ChevronDown)
                }
            }
            button.button.without-script type="submit" { "Filter" }
        }
    }
}

fn chips(links: &Links, view: &ActivityView) -> Markup {
    let query = &view.query;
    html! {
        @if let Some(person) = &query.person {
            (filter_chip("person", person, &query.without(|query| query.person = None).href(links)))
        }
        @if let Some(source) = &query.source {
            @let named = view.sources.iter().find(|(value, _)| value == source);
            @let text = named.map_or(source, |(_, text)| text);
            (filter_chip("account", text, &query.without(|query| query.source = None).href(links)))
        }
        @if let Some(model) = &query.model {
            (filter_chip("model", model, &query.without(|query| query.model = None).href(links)))
        }
        @if let Some(kind) = &query.kind {
            (filter_chip("kind", kind, &query.without(|query| query.kind = None).href(links)))
        }
    }
}
