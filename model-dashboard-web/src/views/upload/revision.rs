//! The last step: the next revision of a model, with the package of an upload.

use maud::{Markup, html};

use super::{Step, steps};
use crate::views::components::action_bar::{Reason, action_bar};
use crate::views::components::field::{Field, TextInput, checkbox, error_summary};
use crate::views::components::{Tone, breadcrumbs, notice, page_header, state};
use crate::views::frame::{Frame, Page, Section};
use crate::views::history::changes::Changes;
use crate::views::links::UploadAction;
use crate::views::package::{MayBreakView, Since, Trust, drift, since_last};

/// A model that is to get the package of an upload. The model is asked for as `model`; then
/// `model`, `if_match`, `reason`, `take` for each part that is taken over and, where it is asked
/// for, `as_typed`, `breaking` and `incomplete` are posted, and `then`: `draft` or `publish`.
#[derive(Debug, Clone, Default)]
pub struct RevisionView {
    /// The upload.
    pub id: String,
    /// What the file is called.
    pub file_name: String,
    /// What loading it would do.
    pub trust: Trust,
    /// The model that is typed: `type/name`.
    pub model: Field,
    /// Models to choose from, those of the package's type first.
    pub known_models: Vec<String>,
    /// The one that was chosen.
    pub chosen: Option<ChosenView>,
    /// What is wrong as a whole.
    pub error: Option<String>,
}

/// The model, and what it would be then.
#[derive(Debug, Clone, Default)]
pub struct ChosenView {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The name people read.
    pub alias: String,
    /// Whether jobs may use it.
    pub enabled: bool,
    /// The revision that is replaced.
    pub revision: Option<u64>,
    /// The state that the page was made for.
    pub if_match: String,
    /// The type that the package has, if it is another.
    pub other_type: Option<String>,
    /// Whether it is to get the package all the same.
    pub as_typed: bool,
    /// What the package calls itself, if it is not as the model is called.
    pub other_name: Option<String>,
    /// Whether that is a data set of another number, which has to be confirmed.
    pub other_number: bool,
    /// Where the definition says something else than the package.
    pub drift: Changes,
    /// What the package may break.
    pub may_break: MayBreakView,
    /// What can be taken over from the package.
    pub takes: Vec<Take>,
    /// Whether the person may publish it at once.
    pub may_publish: bool,
    /// What differs from the package that it has; `None` if it has none.
    pub since_last: Option<Since>,
    /// Why.
    pub reason: Field,
}

/// A part of the definition that the package tells otherwise.
#[derive(Debug, Clone, Default)]
pub struct Take {
    /// Its name in the form.
    pub part: &'static str,
    /// What people call it.
    pub what: &'static str,
    /// What would change: “none” to “12”.
    pub change: String,
    /// Whether it is to be taken over.
    pub checked: bool,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &RevisionView) -> Markup {
    let links = &frame.links;
    let back = links.upload_of(&view.id);
    frame.page(&Page::new("Give the package to a model", Section::Uploads), &html! {
        (breadcrumbs(&[(links.upload(), "Uploads".to_owned()), (back.clone(), view.file_name.clone())]))
        (page_header("Give the package to a model", &html! {
            p.lead { "It becomes the model's next revision. Revisions before keep the package that they had." }
        }, &html! { (view.trust.pill()) }))
        (steps(Step::Confirm))
        (choice(frame, view))
        @if let Some(chosen) = &view.chosen { (confirmation(frame, view, chosen)) }
    })
}

fn choice(frame: &Frame, view: &RevisionView) -> Markup {
    let action = frame.links.upload_action(&view.id, UploadAction::Revision);
    html! {
        section.panel {
            form.pick-model method="get" action=(action) {
                (TextInput {
                    name: "model", label: "Model", field: &view.model, required: true, mono: true,
                    help: Some("Its reference: type/name."), suggestions: &view.known_models,
                    autofocus: view.chosen.is_none(), ..TextInput::default()
                }.markup())
                button.button type="submit" { @if view.chosen.is_some() { "Choose another" } @else { "See what changes" } }
            }
        }
    }
}

fn confirmation(frame: &Frame, view: &RevisionView, chosen: &ChosenView) -> Markup {
    let links = &frame.links;
    let model = links.model(&chosen.network_type, &chosen.name);
    let action = links.upload_action(&view.id, UploadAction::Revision);
    html! {
        form.definition method="post" action=(action) {
            (frame.csrf_field())
            input type="hidden" name="model" value={ (chosen.network_type) "/" (chosen.name) };
            input type="hidden" name="if_match" value=(chosen.if_match);
            (error_summary(view.error.as_deref(), &[]))
            section.panel {
                div.beside {
                    h2 { a href=(model) { (chosen.alias) } }
                    (state::enabled(chosen.enabled))
                    @if let Some(revision) = chosen.revision { span.meta { "revision " (revision) " now, " (revision + 1) " then" } }
                }
                @if chosen.enabled && chosen.may_publish {
                    p { "It is enabled: once the revision is published, jobs that start afterwards get the new package. As a draft it waits beside the model until somebody has looked at it and decided." }
                } @else if chosen.enabled {
                    p { "It is enabled, and you may not change enabled models. Keep the package as a draft: who may looks at it and decides." }
                }
            }
            (contradictions(chosen, &links.upload_action(&view.id, UploadAction::New)))
            (chosen.may_break.question(chosen.may_publish.then_some("publish"), Some(("Until now", "With this package"))))
            (since_last(chosen.since_last.as_ref()))
            (drift(&chosen.drift, &html! {
                @if chosen.takes.is_empty() { "It stays as it is; edit the model afterwards where the package is right." }
                @else { "It stays as it is, but for what you take over below." }
            }))
            (takes(&chosen.takes))
            (action_bar(
                Some(Reason {
                    field: &chosen.reason,
                    required: chosen.enabled && chosen.may_publish,
                    example: if chosen.enabled { "Jobs use this model: what changes for them?" } else { "Why another package?" },
                }),
                &html! {
                    a.button href=(links.upload_of(&view.id)) { "Back" }
                    (deciding(chosen))
                },
            ))
        }
    }
}

fn takes(takes: &[Take]) -> Markup {
    html! {
        @if !takes.is_empty() {
            section.panel {
                fieldset.takes {
                    legend { "Take over from the package" }
                    @for take in takes {
                        (checkbox("take", take.part, take.checked, false, &html! {
                            (take.what) " " span.meta { (take.change) }
                        }))
                    }
                }
                p.help { "Everything else of the definition stays as it is." }
            }
        }
    }
}

/// The two ways on, the usual one in the colour of the action.
fn deciding(chosen: &ChosenView) -> Markup {
    let class = |is_usual| if is_usual { "button primary" } else { "button" };
    let draft = chosen.enabled || !chosen.may_publish;
    html! {
        // Who decides later says why; so the draft may go without.
        button class=(class(draft)) type="submit" name="then" value="draft" formnovalidate { "Keep as a draft" }
        @if chosen.may_publish {
            button class=(class(!draft)) type="submit" name="then" value="publish" { "Publish the revision" }
        }
    }
}

fn contradictions(chosen: &ChosenView, new: &str) -> Markup {
    let number = chosen.other_name.as_ref().filter(|_| chosen.other_number);
    let name = chosen.other_name.as_ref().filter(|_| !chosen.other_number);
    html! {
        @if chosen.other_type.is_some() || number.is_some() {
            (notice(Tone::Danger, &html! {
                @if let Some(own) = &chosen.other_type {
                    p {
                        strong { "The package contradicts the network type. " }
                        "The model is " code { (chosen.network_type) } ", the package is for " code { (own) } "."
                    }
                }
                @if let Some(own) = number {
                    p {
                        strong { "The package contradicts the name. " }
                        "The model is " code { (chosen.name) } ", the package is " code { (own) } ", a data set of another number."
                    }
                }
                p { "Choose another model, or " a href=(new) { "make a new one" } "." }
                (checkbox("as_typed", "yes", chosen.as_typed, false, &html! { "I know better: give it to this model" }))
            }))
        }
        @if let Some(own) = name {
            (notice(Tone::Warning, &html! {
                p { "The package calls itself " code { (own) } ": see that this is the right model." }
            }))
        }
    }
}
