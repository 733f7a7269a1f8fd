//! The last step: the next revision of a model, with the package of an upload.

use maud::{Markup, html};

use super::{Step, steps};
use crate::views::components::action_bar::{Reason, action_bar};
use crate::views::components::field::{Field, TextInput, checkbox, error_summary};
use crate::views::components::{Tone, breadcrumbs, notice, page_header, plural, sentence, state};
use crate::views::frame::{Frame, Page, Section};
use crate::views::history::changes::{Changes, in_full};
use crate::views::links::UploadAction;
use crate::views::package::{Trust, drift};

/// A model that is to get the package of an upload. The model is asked for as `model`; then
/// `model`, `if_match`, `reason` and, where it is asked for, `as_typed` are posted.
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
    /// Where the definition, which stays as it is, says something else than the package.
    pub drift: Changes,
    /// What differs from the package that it has; `None` if it has none.
    pub since_last: Option<Since>,
    /// Why.
    pub reason: Field,
}

/// What differs from the package before.
#[derive(Debug, Clone, Default)]
pub struct Since {
    /// Files: new, gone, changed, the same.
    pub files: [usize; 4],
    /// What it tells of itself.
    pub changes: Changes,
    /// Whether whoever uses the model takes one thing for another.
    pub breaking: bool,
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
                @if chosen.enabled {
                    p { "It is enabled: jobs that start afterwards get the new package." }
                }
            }
            (contradictions(chosen, &links.upload_action(&view.id, UploadAction::New)))
            (since_last(chosen))
            (drift(&chosen.drift, &html! { "It stays as it is; edit the model afterwards where the package is right." }))
            (action_bar(
                Some(Reason {
                    field: &chosen.reason,
                    required: chosen.enabled,
                    example: if chosen.enabled { "Jobs use this model: what changes for them?" } else { "Why another package?" },
                }),
                &html! {
                    a.button href=(links.upload_of(&view.id)) { "Back" }
                    button.button.primary type="submit" { "Publish the revision" }
                },
            ))
        }
    }
}

fn contradictions(chosen: &ChosenView, new: &str) -> Markup {
    html! {
        @if let Some(own) = &chosen.other_type {
            (notice(Tone::Danger, &html! {
                p {
                    strong { "The package contradicts the network type. " }
                    "The model is " code { (chosen.network_type) } ", the package is for " code { (own) } ". Choose another model, or "
                    a href=(new) { "make a new one" } "."
                }
                (checkbox("as_typed", "yes", chosen.as_typed, false, &html! { "I know better: give it to this model" }))
            }))
        }
        @if let Some(own) = &chosen.other_name {
            (notice(Tone::Warning, &html! {
                p { "The package calls itself " code { (own) } ": see that this is the right model." }
            }))
        }
    }
}

fn since_last(chosen: &ChosenView) -> Markup {
    let Some(since) = &chosen.since_last else {
        return notice(Tone::Info, &html! { p { "The model has no package yet." } });
    };
    let [added, removed, changed, same] = since.files;
    let told = [
        (added, "new"),
        (removed, "gone"),
        (changed, "changed"),
        (same, "the same"),
    ];
    let told: Vec<String> = told
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", plural(count, "file", "files")))
        .collect();
    html! {
        (notice(if since.breaking { Tone::Danger } else { Tone::Info }, &html! {
            p {
                @if since.breaking { strong { "Breaking: whoever uses the model takes one thing for another. " } }
                "Against the package that it has: "
                @if told.is_empty() { "no files" } @else { (sentence(&told.join(", "))) }
            }
        }))
        @if !since.changes.is_empty() { (in_full(&since.changes, "Package now", "This package")) }
    }
}
