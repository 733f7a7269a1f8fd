//! The last step: a new model of a package.

use maud::{Markup, html};

use super::{Step, steps};
use crate::views::components::action_bar::{Reason, action_bar};
use crate::views::components::field::checkbox;
use crate::views::components::{Tone, breadcrumbs, notice, page_header, sentence};
use crate::views::definition_form::{self, DefinitionForm};
use crate::views::frame::{Frame, Page, Section};
use crate::views::links::UploadAction;
use crate::views::package::Trust;

/// A new model of an upload. Posted as [`DefinitionForm`] says, with `as_typed` where the network
/// type or the name contradicts the package, and `action` also as `use-type` or `use-name`.
#[derive(Debug, Clone, Default)]
pub struct NewView {
    /// The upload.
    pub id: String,
    /// What the file is called.
    pub file_name: String,
    /// What loading it would do.
    pub trust: Trust,
    /// The definition, at first as the package tells it.
    pub form: DefinitionForm,
    /// How the network type that was typed contradicts the package, and the type that it has.
    pub other_type: Option<(String, String)>,
    /// Whether type and name are to be as they were typed all the same.
    pub as_typed: bool,
    /// What the package calls itself, where another name was typed.
    pub other_name: Option<String>,
    /// Whether that is a data set of another number, which has to be confirmed.
    pub other_number: bool,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &NewView) -> Markup {
    let links = &frame.links;
    let (form, back) = (&view.form, links.upload_of(&view.id));
    let action = links.upload_action(&view.id, UploadAction::New);
    frame.page(&Page::new("New model of a package", Section::Uploads), &html! {
        (breadcrumbs(&[(links.upload(), "Uploads".to_owned()), (back.clone(), view.file_name.clone())]))
        (page_header("New model of a package", &html! {
            p.lead { "Filled in as the package tells it; change what you know better. The model starts disabled: no job uses it before somebody enables it." }
        }, &html! { (view.trust.pill()) }))
        (steps(Step::Confirm))
        form.definition method="post" action=(action) data-guard {
            (frame.csrf_field())
            (definition_form::default_button())
            (definition_form::summary(form))
            (contradictions(view))
            (definition_form::identity_new(form))
            (definition_form::fields(form))
            (action_bar(
                Some(Reason { field: &form.reason, required: false, example: "Where does it come from?" }),
                &html! {
                    a.button href=(back) { "Back" }
                    button.button.primary type="submit" name="action" value="save" { "Create the model" }
                },
            ))
        }
    })
}

fn contradictions(view: &NewView) -> Markup {
    let number = view.other_name.as_ref().filter(|_| view.other_number);
    let name = view.other_name.as_ref().filter(|_| !view.other_number);
    html! {
        @if view.other_type.is_some() || number.is_some() {
            (notice(Tone::Danger, &html! {
                @if let Some((how, own)) = &view.other_type {
                    p { strong { "The package contradicts the network type. " } (sentence(how)) " A job that runs it as another type fails, or takes its results for something else." }
                    div.inline-actions {
                        button.button type="submit" name="action" value="use-type" formnovalidate { "Use " (own) }
                    }
                }
                @if let Some(own) = number {
                    p { strong { "The package contradicts the name. " } "It is " code { (own) } ", a data set of another number. Jobs find a model of nnU-Net by its number." }
                    (use_name())
                }
                (checkbox("as_typed", "yes", view.as_typed, false, &html! { "I know better: keep what I typed" }))
            }))
        }
        @if let Some(own) = name {
            (notice(Tone::Warning, &html! {
                p { "The package calls itself " code { (own) } ". Frameworks find it by that name where it is laid out; another name here is allowed." }
                (use_name())
            }))
        }
    }
}

fn use_name() -> Markup {
    html! {
        div.inline-actions {
            button.button type="submit" name="action" value="use-name" formnovalidate { "Use its name" }
        }
    }
}
