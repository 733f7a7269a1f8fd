//! The list of models.

mod table;

use std::time::SystemTime;

use maud::{Markup, html};

use super::components::counts::{self, Count, Part};
use super::components::icon::Icon;
use super::components::{
    Tone, empty_state, filter_chip, menu, notice, number, page_header, plural,
};
use super::frame::{Frame, Page, Section, search_field};
use super::left_out::{self, LeftOut};
use super::models_query::{ModelsQuery, Sort, State};

/// The list of models. Selected ones are posted to `/models/bulk` as `model` (`type/name`, once
/// each) with `action`: `enable`, `disable`, `delete` (answered with a [`super::confirm`] page) or
/// `export` (answered with a download).
#[derive(Debug, Clone)]
pub struct ModelsView {
    /// What was asked for.
    pub query: ModelsQuery,
    /// How many there are of each state, as if no state had been asked for.
    pub counts: Counts,
    /// How many of each network type, as if no type had been asked for; the most frequent first.
    pub types: Vec<(String, usize)>,
    /// Tags and how many models have them, as if no tag had been asked for, the most frequent first;
    /// long lists may be cut.
    pub tags: Vec<(String, usize)>,
    /// Owners and how many models they have, likewise.
    pub owners: Vec<(String, usize)>,
    /// The models of this page.
    pub rows: Vec<ModelRow>,
    /// How many match in all.
    pub total: usize,
    /// How many a page holds.
    pub per_page: usize,
    /// Parts of the address that mean nothing here, said in a notice.
    pub unknown: Vec<String>,
    /// What lies in the model store and is no model, if nothing else does.
    pub left_out: LeftOut,
}

/// How many models there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Enabled.
    pub enabled: usize,
    /// Disabled.
    pub disabled: usize,
    /// Definitions that do not parse.
    pub broken: usize,
}

/// A model in the list.
#[derive(Debug, Clone, Default)]
pub struct ModelRow {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The name people read.
    pub alias: String,
    /// Whether jobs may use it.
    pub enabled: bool,
    /// The version; empty if there is none.
    pub version: String,
    /// The revision, once the registry knows one.
    pub revision: Option<u64>,
    /// How many labels it has.
    pub labels: usize,
    /// The owner; empty if there is none.
    pub owner: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Who changed it last; empty if unknown.
    pub modified_by: String,
    /// When it was changed last.
    pub modified_at: Option<SystemTime>,
}

/// The whole page.
#[must_use]
pub fn page(frame: &Frame, view: &ModelsView) -> Markup {
    let links = &frame.links;
    let page = Page {
        search: false,
        ..Page::new("Models", Section::Models)
    };
    let counts = view.counts;
    // The counts are those within the other filters.
    if counts.enabled + counts.disabled + counts.broken == 0 && !view.query.is_narrowed() {
        return frame.page(
            &page,
            &html! {
                h1.visually-hidden { "Models" }
                (left_out::notices(&view.left_out))
                (nothing_yet(frame))
            },
        );
    }
    frame.page(
        &page,
        &html! {
            (page_header("Models", &html! {}, &html! {
                form.list-search id="search" role="search" aria-label="Models" action=(links.models()) method="get" {
                    (search_field(&view.query.search, "q", Some((&links.models(), "#results"))))
                    button.button.without-script type="submit" { "Search" }
                }
            }))
            (results(frame, view))
        },
    )
}

/// The part of the page that typing, filters, sorting and paging refresh.
#[must_use]
pub fn results(frame: &Frame, view: &ModelsView) -> Markup {
    let links = &frame.links;
    html! {
        div id="results" hx-boost="true" hx-target="#results" hx-select="#results" hx-swap="outerHTML show:none"
            data-announce=(summary(view)) {
            // A new search keeps the filters: these belong to the form above.
            @for (name, value) in view.query.filters() {
                input type="hidden" form="search" name=(name) value=(value);
            }
            (overview(frame, view))
            @if !view.unknown.is_empty() {
                (notice(Tone::Warning, &html! {
                    p { "This address holds something that the list does not understand: " (view.unknown.join(", ")) "." }
                }))
            }
            (toolbar(frame, view))
            @if view.rows.is_empty() {
                (empty_state(Icon::Search, "No model matches", &html! {
                    p { "Search looks at name, alias, description, labels, tags, owner and network type." }
                    p { a.button href=(links.models()) { "Show all models" } }
                }))
            } @else {
                (table::list(frame, view))
            }
        }
    }
}

fn summary(view: &ModelsView) -> String {
    let models = plural(view.total, "model", "models");
    if view.query.is_narrowed() {
        format!("{models} found")
    } else {
        models
    }
}

fn overview(frame: &Frame, view: &ModelsView) -> Markup {
    let links = &frame.links;
    let query = &view.query;
    let by_state = |state: Option<State>| query.with(|query| query.state = state).href(links);
    let count = |count, text, state: Option<State>| Count {
        count,
        text,
        href: by_state(state),
        current: query.state == state,
        fault: false,
    };
    let broken = Count {
        count: view.counts.broken,
        text: "broken",
        href: links.to("/broken"),
        current: false,
        fault: true,
    };
    let counts = view.counts;
    let parts: Vec<Part> = view
        .types
        .iter()
        .map(|(name, count)| {
            let current = query.network_type.as_ref() == Some(name);
            let to = (!current).then(|| name.clone());
            Part {
                name: name.clone(),
                count: *count,
                href: query.with(|query| query.network_type = to).href(links),
                current,
            }
        })
        .collect();
    html! {
        div.overview {
            div hx-boost="false" {
                (counts::counts("Models by state", &[
                    count(counts.enabled + counts.disabled, "all", None),
                    count(counts.enabled, "enabled", Some(State::Enabled)),
                    count(counts.disabled, "disabled", Some(State::Disabled)),
                    broken,
                ]))
            }
            (counts::type_bar(&parts))
        }
    }
}

fn toolbar(frame: &Frame, view: &ModelsView) -> Markup {
    let links = &frame.links;
    let query = &view.query;
    html! {
        div.toolbar {
            p.result-count { (summary(view)) }
            @if frame.may().read_audit {
                a.past href=(links.to("/admin/as-of")) hx-boost="false" { "As of a time in the past" }
            }
            div.chips { (chips(frame, query)) }
            div.tools {
                (facet("Tag", &view.tags, query.tag.as_ref(), |value| query.with(|query| query.tag = value).href(links)))
                (facet("Owner", &view.owners, query.owner.as_ref(), |value| query.with(|query| query.owner = value).href(links)))
                (menu::menu(
                    &html! { span.tool-name { "Sort" } span.tool-value { (query.sort.text()) } (Icon::ChevronDown) },
                    &menu::Look { class: "button", label: None, align_right: true },
                    &html! {
                        @for sort in Sort::ALL {
                            a href=(query.with(|query| { query.sort = sort; query.order = None; }).href(links))
                                aria-current=[(query.sort == sort).then_some("true")] {
                                (sort.text())
                                @if query.sort == sort { (Icon::Check) }
                            }
                        }
                    },
                ))
            }
        }
    }
}

fn chips(frame: &Frame, query: &ModelsQuery) -> Markup {
    let links = &frame.links;
    html! {
        @if !query.search.is_empty() {
            (filter_chip("search", &query.search, &query.with(|query| query.search.clear()).href(links)))
        }
        @if let Some(state) = query.state {
            (filter_chip("state", state.value(), &query.with(|query| query.state = None).href(links)))
        }
        @if let Some(network_type) = &query.network_type {
            (filter_chip("type", network_type, &query.with(|query| query.network_type = None).href(links)))
        }
        @if let Some(tag) = &query.tag {
            (filter_chip("tag", tag, &query.with(|query| query.tag = None).href(links)))
        }
        @if let Some(owner) = &query.owner {
            (filter_chip("owner", owner, &query.with(|query| query.owner = None).href(links)))
        }
    }
}

fn facet(
    name: &str,
    values: &[(String, usize)],
    current: Option<&String>,
    href: impl Fn(Option<String>) -> String,
) -> Markup {
    html! {
        @if !values.is_empty() {
            (menu::menu(
                &html! { (name) (Icon::ChevronDown) },
                &menu::Look { class: "button", label: None, align_right: true },
                &html! {
                    div.menu-scroll {
                        @for (value, count) in values {
                            @let chosen = current == Some(value);
                            a href=(href((!chosen).then(|| value.clone()))) aria-current=[chosen.then_some("true")] {
                                span.grow { (value) }
                                @if chosen { (Icon::Check) } @else { span.count { (number(*count)) } }
                            }
                        }
                    }
                },
            ))
        }
    }
}

fn nothing_yet(frame: &Frame) -> Markup {
    let links = &frame.links;
    html! {
        div.empty.first {
            (Icon::Brand)
            h2 { "No models yet" }
            @if frame.may().write_models {
                p { "A model is a definition: which network it is, what its labels mean and how it is run." }
                ul.ways {
                    @if frame.may().write_packages {
                        li {
                            a href=(links.upload()) {
                                (Icon::Package)
                                strong { "Upload a package" }
                                span { "See what is in it, then make a model of it." }
                            }
                        }
                    }
                    li {
                        a href=(links.to("/create")) {
                            (Icon::Edit)
                            strong { "Create a definition" }
                            span { "Fill in a form, field by field." }
                        }
                    }
                    li {
                        a href=(links.to("/import")) {
                            (Icon::Upload)
                            strong { "Import JSON files" }
                            span { "Take over definitions that exist already." }
                        }
                    }
                    li {
                        a href=(links.to("/docs")) {
                            (Icon::Robot)
                            strong { "Use the API" }
                            span { "Create models from a pipeline with a token." }
                        }
                    }
                }
            } @else {
                p { "Somebody with the permission " code { "models:write" } " can create the first one." }
            }
        }
    }
}
