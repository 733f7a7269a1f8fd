//! The history of a model: its revisions, what differs between two of them, and making one the
//! present state again.

use std::time::SystemTime;

use maud::{Markup, html};

use super::actor::Actor;
use super::components::icon::Icon;
use super::components::{Tone, breadcrumbs, copy_chip, state, time};
use super::frame::{Frame, Section};
use super::links::ModelAction;

pub mod changes;
pub mod compare;
pub mod list;
pub mod restore;
pub mod revision;

/// Whose history it is.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The name that people read; empty shows the name.
    pub alias: String,
    /// How the model is now.
    pub life: Life,
    /// The number of its present revision, if it has one.
    pub present: Option<u64>,
}

/// How a model is now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Life {
    /// Jobs may use it.
    Enabled,
    /// Jobs may not.
    #[default]
    Disabled,
    /// Its definition cannot be read.
    Broken,
    /// It was deleted.
    Deleted,
}

/// A revision as it is told.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Its number.
    pub number: u64,
    /// When it was made; of one that came from outside, when that was noticed.
    pub at: Option<SystemTime>,
    /// Who made it; empty if unknown.
    pub by: Actor,
    /// By which way it came.
    pub source: Source,
    /// Why; empty if nobody said.
    pub message: String,
    /// The reference that the model had then, if it was another than now.
    pub was: Option<String>,
    /// Whether somebody changed it in the history.
    pub falsified: bool,
    /// What it holds.
    pub content: Content,
}

/// By which way a revision came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// These pages.
    Dashboard,
    /// The REST API.
    Api,
    /// The command line.
    Cli,
    /// Another program, or a person in the store.
    Outside,
    /// A word of a later version.
    Other(String),
    /// It does not say.
    Unknown,
}

/// What a revision holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A definition.
    Definition,
    /// That the model was deleted.
    Deleted,
    /// Nothing that can be read, and why.
    Unreadable(String),
}

impl Subject {
    /// The name that people read.
    fn title(&self) -> &str {
        match self.alias.as_str() {
            "" => &self.name,
            alias => alias,
        }
    }

    fn reference(&self) -> String {
        format!("{}/{}", self.network_type, self.name)
    }

    /// Where its pages belong.
    fn section(&self) -> Section {
        match self.life {
            Life::Deleted => Section::Admin,
            _ => Section::Models,
        }
    }

    /// The address of the history.
    fn history(&self, frame: &Frame) -> String {
        let (network_type, name) = (&self.network_type, &self.name);
        let action = ModelAction::History;
        frame.links.model_action(network_type, name, action)
    }

    /// The page of the model itself, where it has one.
    fn page(&self, frame: &Frame) -> String {
        let (network_type, name) = (&self.network_type, &self.name);
        match self.life {
            Life::Deleted => frame.links.to("/admin/deleted"),
            Life::Broken => frame.links.broken(network_type, name),
            _ => frame.links.model(network_type, name),
        }
    }

    /// The way back up, from the history or from a page below it.
    fn crumbs(&self, frame: &Frame, below_history: bool) -> Markup {
        let mut above = match self.life {
            Life::Deleted => vec![(self.page(frame), "Deleted models".to_owned())],
            _ => vec![
                (frame.links.models(), "Models".to_owned()),
                (self.page(frame), self.title().to_owned()),
            ],
        };
        if below_history {
            above.push((self.history(frame), "History".to_owned()));
        }
        breadcrumbs(&above)
    }

    /// State and reference, below a heading.
    fn beside(&self) -> Markup {
        html! {
            div.beside {
                @match self.life {
                    Life::Enabled => (state::enabled(true)),
                    Life::Disabled => (state::enabled(false)),
                    Life::Broken => (state::pill(Tone::Danger, "Cannot be read")),
                    Life::Deleted => (state::pill_with(Tone::Muted, Icon::Trash, "Deleted")),
                }
                (copy_chip(&self.reference(), "the reference"))
            }
        }
    }

    /// Whether the person may make an earlier revision the present one.
    fn may_restore(&self, frame: &Frame) -> bool {
        let may = frame.may();
        may.write_models
            && match self.life {
                Life::Enabled => may.enable_models,
                Life::Disabled | Life::Broken => true,
                Life::Deleted => may.manage_system,
            }
    }

    /// The question whether a revision is made the present one.
    fn restore(&self, frame: &Frame, number: u64) -> String {
        let (network_type, name) = (&self.network_type, &self.name);
        match self.life {
            Life::Deleted => frame.links.bring_back(network_type, name, Some(number)),
            _ => frame.links.restore(network_type, name, number),
        }
    }
}

impl Revision {
    /// Whether it can be made the present state again.
    fn is_usable(&self) -> bool {
        self.content == Content::Definition && !self.falsified
    }

    /// Who, when, by which way.
    pub(super) fn byline(&self) -> Markup {
        let outside = self.source == Source::Outside;
        html! {
            p.byline {
                @if !self.by.name.is_empty() { span { "by " strong { (self.by.name) } (self.by.of()) } }
                @if let Some(at) = self.at {
                    span { @if outside { "noticed " } (time::exact(at)) }
                } @else { span { "time unknown" } }
                @match &self.source {
                    Source::Dashboard => span { "dashboard" },
                    Source::Api => span { "API" },
                    Source::Cli => span { "command line" },
                    Source::Outside => span { "changed outside" },
                    Source::Other(word) => span { (word) },
                    Source::Unknown => {},
                }
                @if let Some(was) = &self.was { span { "then " span.reference { (was) } } }
            }
        }
    }

    /// What is odd about it, where it is not simply a definition.
    pub(super) fn oddities(&self) -> Markup {
        html! {
            @if self.falsified {
                p.odd { (state::pill(Tone::Danger, "Falsified")) " It was changed in the history by hand; it is not used." }
            }
            @match &self.content {
                Content::Definition => {},
                Content::Deleted => p.odd { (state::pill_with(Tone::Muted, Icon::Trash, "Deleted")) " The model was deleted." },
                Content::Unreadable(why) => p.odd { (state::pill(Tone::Warning, "Unreadable")) " It cannot be read: " (why) },
            }
        }
    }
}
