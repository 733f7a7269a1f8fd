//! The page of one model.

use std::time::SystemTime;

use maud::{Markup, html};

use super::SafeHtml;
use super::activity::ActivityQuery;
use super::components::action_bar::{Reason, reason_input};
use super::components::field::Field;
use super::components::icon::Icon;
use super::components::labels::{self, Label};
use super::components::{
    Tone, breadcrumbs, copy_block, copy_chip, key_value, menu, notice, page_header, plural,
    section, state, tag, time,
};
use super::frame::{Frame, Page, Section};
use super::links::ModelAction;
use super::models_query::ModelsQuery;
use super::package::draft::{Proposal, waiting};
use super::package::panel::{PackagePanel, panel};

/// One model with everything that is known about it.
///
/// The button that enables or disables posts `reason` and `if_match` to
/// [`ModelAction::Enable`] or [`ModelAction::Disable`].
#[derive(Debug, Clone, Default)]
pub struct ModelView {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The name people read.
    pub alias: String,
    /// Whether jobs may use it.
    pub enabled: bool,
    /// What the page shows, so that a change of something else is noticed.
    pub if_match: String,
    /// The version; empty if there is none.
    pub version: String,
    /// The revision, once the registry knows one.
    pub revision: Option<u64>,
    /// Who changed it last; empty if unknown.
    pub modified_by: String,
    /// When it was changed last.
    pub modified_at: Option<SystemTime>,
    /// Why it was changed last; empty if nobody said.
    pub message: String,
    /// When it was made, as it is stored.
    pub created: String,
    /// What is odd about it: the key contradicts the fields, it was changed outside.
    pub notices: Vec<ModelNotice>,
    /// The description, through Markdown and the sanitiser.
    pub description: SafeHtml,
    /// The labels, in stored order.
    pub labels: Vec<Label>,
    /// The arguments of the inference.
    pub arguments: Arguments,
    /// What a shell would act on in them.
    pub shell_characters: Vec<char>,
    /// What `inference_information` says of the network: name and value in text.
    pub network: Vec<(String, String)>,
    /// What else it says: name and value in text.
    pub facts: Vec<(String, String)>,
    /// When it was enabled, if it is and that is known.
    pub enabled_since: Option<SystemTime>,
    /// The definition as it is stored, indented.
    pub json: String,
    /// The owner; empty if there is none.
    pub owner: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The model that it was derived from: network type and name.
    pub derived_from: Option<(String, String)>,
    /// The identifier for life; empty before the first write of ours.
    pub id: String,
    /// What was typed as a reason when enabling or disabling was refused.
    pub reason: Field,
    /// Its package.
    pub package: PackagePanel,
    /// Packages that are proposed to it.
    pub drafts: Vec<Proposal>,
}

/// Something to know about a model.
#[derive(Debug, Clone)]
pub struct ModelNotice {
    /// Colour and icon.
    pub tone: Tone,
    /// One or two sentences.
    pub text: String,
}

/// The arguments that the inference is started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Arguments {
    /// There are none.
    #[default]
    None,
    /// Written in the definition.
    Given(String),
    /// Taken from `inference_information.inference_args`.
    Derived(String),
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &ModelView) -> Markup {
    let links = &frame.links;
    let of_type = ModelsQuery {
        network_type: Some(view.network_type.clone()),
        ..ModelsQuery::default()
    };
    frame.page(
        &Page::new(title(view), Section::Models),
        &html! {
            (breadcrumbs(&[
                (links.models(), "Models".to_owned()),
                (of_type.href(links), view.network_type.clone()),
            ]))
            (page_header(title(view), &beside(frame, view), &actions(frame, view)))
            (waiting(frame, &view.network_type, &view.name, &view.drafts))
            @for odd in &view.notices { (notice(odd.tone, &html! { p { (odd.text) } })) }
            div.columns {
                div.main-column {
                    (description(view))
                    (labels_section(view))
                    (inference(view))
                    (raw(view))
                }
                aside.side-column aria-label="Facts" {
                    (panel(frame, &view.network_type, &view.name, &view.package))
                    (facts(frame, view))
                }
            }
        },
    )
}

fn title(view: &ModelView) -> &str {
    if view.alias.is_empty() {
        &view.name
    } else {
        &view.alias
    }
}

fn history(frame: &Frame, view: &ModelView) -> String {
    let (network_type, name) = (&view.network_type, &view.name);
    let action = ModelAction::History;
    frame.links.model_action(network_type, name, action)
}

fn beside(frame: &Frame, view: &ModelView) -> Markup {
    html! {
        div.beside {
            (state::enabled(view.enabled))
            (copy_chip(&format!("{}/{}", view.network_type, view.name), "the reference"))
        }
        p.byline {
            @if !view.version.is_empty() { span { "version " (view.version) } }
            @if let Some(revision) = view.revision {
                span { a href=(history(frame, view)) { "revision " (revision) } }
            }
            @if !view.modified_by.is_empty() { span { "by " (view.modified_by) } }
            @if let Some(at) = view.modified_at { span { (time::relative(frame.now, at)) } }
        }
        @if !view.message.is_empty() { p.message { "“" (view.message) "”" } }
    }
}

fn actions(frame: &Frame, view: &ModelView) -> Markup {
    let may = frame.may();
    // An enabled model is changed by those who may enable it.
    let may_change = may.write_models && (!view.enabled || may.enable_models);
    let action = |action| {
        frame
            .links
            .model_action(&view.network_type, &view.name, action)
    };
    html! {
        @if may.write_models && may.enable_models { (switch(frame, view)) }
        div.buttons {
            @if may_change {
                a.button href=(action(ModelAction::Edit)) { (Icon::Edit) "Edit" }
            }
            (menu::menu(
                &html! { (Icon::More) },
                &menu::Look { class: "button icon-only", label: Some("More actions"), align_right: true },
                &html! {
                    a href=(history(frame, view)) { (Icon::Activity) "History" }
                    @if may.write_models {
                        a href=(action(ModelAction::Derive)) { (Icon::Copy) "Derive a new model" }
                    }
                    @if may_change {
                        a href=(action(ModelAction::Rename)) { (Icon::Rename) "Rename or move" }
                    }
                    a href=(action(ModelAction::Export)) download { (Icon::Download) "Export as JSON" }
                    @if may_change {
                        a.danger href=(action(ModelAction::Delete)) data-question-link { (Icon::Trash) "Delete" }
                    }
                },
            ))
        }
    }
}

/// Enables or disables with one click, beside the reason.
fn switch(frame: &Frame, view: &ModelView) -> Markup {
    let target = if view.enabled {
        ModelAction::Disable
    } else {
        ModelAction::Enable
    };
    html! {
        form.switch method="post" action=(frame.links.model_action(&view.network_type, &view.name, target)) {
            (frame.csrf_field())
            input type="hidden" name="if_match" value=(view.if_match);
            (reason_input(&Reason {
                field: &view.reason,
                required: false,
                example: if view.enabled { "Why is it taken out of use?" } else { "Why may it be used now?" },
            }))
            @if view.enabled {
                button.button type="submit" { (Icon::Off) "Disable" }
            } @else {
                button.button.primary type="submit" { (Icon::Check) "Enable" }
            }
        }
    }
}

fn description(view: &ModelView) -> Markup {
    section(
        "Description",
        &html! {
            @if view.description.is_empty() {
                p.muted { "No description." }
            } @else {
                div.prose { (view.description) }
            }
        },
    )
}

fn labels_section(view: &ModelView) -> Markup {
    let count = view.labels.len();
    html! {
        section.panel {
            h2 { "Labels " span.count { (count) } }
            @if view.labels.is_empty() {
                p.muted { "No labels: nobody has said yet what the numbers of the segmentation mean." }
            } @else {
                (labels::legend(&view.labels))
            }
        }
    }
}

fn inference(view: &ModelView) -> Markup {
    section(
        "Inference",
        &html! {
            @match &view.arguments {
                Arguments::None => p.muted { "No arguments: the model is run with the defaults of its framework." },
                Arguments::Given(text) => {
                    (arguments(text, &view.shell_characters))
                    p.help { "Written in the definition." }
                },
                Arguments::Derived(text) => {
                    (arguments(text, &view.shell_characters))
                    p.help { "Derived from " code { "inference_information.inference_args" } ", because the definition leaves the arguments empty." }
                },
            }
            @if !view.facts.is_empty() {
                @let facts: Vec<(&str, Markup)> =
                    view.facts.iter().map(|(name, value)| (name.as_str(), html! { code { (value) } })).collect();
                (key_value::list(&facts))
            }
        },
    )
}

fn arguments(text: &str, special: &[char]) -> Markup {
    html! {
        (copy_block(text, "the arguments"))
        @if !special.is_empty() {
            (notice(Tone::Warning, &html! {
                p {
                    "A shell acts on "
                    @for (position, c) in special.iter().enumerate() {
                        @if position > 0 { " " }
                        @if *c == '\n' { "a line break" } @else { code { (c) } }
                    }
                    ". If these arguments reach one, they do more than their text says."
                }
            }))
        }
    }
}

fn raw(view: &ModelView) -> Markup {
    html! {
        details.panel.raw {
            summary { h2 { "Definition as JSON" } span.meta { (plural(view.json.lines().count(), "line", "lines")) } }
            (copy_block(&view.json, "the definition"))
        }
    }
}

fn facts(frame: &Frame, view: &ModelView) -> Markup {
    let links = &frame.links;
    let narrowed =
        |change: &dyn Fn(&mut ModelsQuery)| ModelsQuery::default().with(change).href(links);
    let mut facts: Vec<(&str, Markup)> = vec![
        (
            "Owner",
            html! {
                @if view.owner.is_empty() { span.muted { "nobody" } } @else {
                    a href=(narrowed(&|query| query.owner = Some(view.owner.clone()))) { (view.owner) }
                }
            },
        ),
        (
            "Tags",
            html! {
                @if view.tags.is_empty() { span.muted { "none" } }
                div.tags {
                    @for text in &view.tags {
                        (tag(text, Some(&narrowed(&|query| query.tag = Some(text.clone())))))
                    }
                }
            },
        ),
        (
            "Network type",
            html! {
                a href=(narrowed(&|query| query.network_type = Some(view.network_type.clone()))) { (view.network_type) }
            },
        ),
    ];
    if !view.created.is_empty() {
        facts.push(("Created", time::stored(&view.created)));
    }
    if let Some(at) = view.modified_at {
        facts.push(("Last change", time::exact(at)));
    }
    if let Some(at) = view.enabled_since {
        facts.push(("Enabled since", time::exact(at)));
    }
    if let Some((network_type, name)) = &view.derived_from {
        facts.push((
            "Derived from",
            html! {
                a href=(links.model(network_type, name)) { (network_type) "/" wbr; (name) }
            },
        ));
    }
    if !view.id.is_empty() {
        facts.push(("Identifier", copy_chip(&view.id, "the identifier")));
    }
    let changes = ActivityQuery {
        model: Some(format!("{}/{}", view.network_type, view.name)),
        ..ActivityQuery::default()
    };
    facts.push((
        "History",
        html! { a href=(history(frame, view)) { "All revisions" } " · " a href=(changes.href(links)) { "Activity" } },
    ));
    let network: Vec<(&str, Markup)> = view
        .network
        .iter()
        .map(|(name, value)| (name.as_str(), html! { code { (value) } }))
        .collect();
    html! {
        section.panel { h2.visually-hidden { "Facts" } (key_value::list(&facts)) }
        @if !network.is_empty() { (section("Network", &key_value::list(&network))) }
    }
}
