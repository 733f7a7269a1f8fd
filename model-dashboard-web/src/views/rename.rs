//! Another name or another network type for a model.

use maud::{Markup, html};

use super::components::action_bar::{Reason, action_bar};
use super::components::field::{Field, TextInput, checkbox, error_summary};
use super::components::{Tone, breadcrumbs, notice, page_header, sentence};
use super::frame::{Frame, Page, Section};
use super::links::ModelAction;

/// The form, posted to [`ModelAction::Rename`] as `network_type`, `name`, `as_typed`, `reason`,
/// `if_match`.
#[derive(Debug, Clone, Default)]
pub struct RenameView {
    /// The network type now.
    pub old_type: String,
    /// The name now.
    pub old_name: String,
    /// The name people read.
    pub alias: String,
    /// Whether jobs may use it.
    pub enabled: bool,
    /// The state that the form was filled from.
    pub if_match: String,
    /// The new network type.
    pub network_type: Field,
    /// The new name.
    pub name: Field,
    /// What its package says otherwise, if that is to be ticked as `as_typed`.
    pub mismatches: Vec<String>,
    /// Whether it is meant whatever its package says.
    pub as_typed: bool,
    /// Why.
    pub reason: Field,
    /// Network types to choose from.
    pub known_types: Vec<String>,
    /// What is wrong with the form as a whole.
    pub error: Option<String>,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &RenameView) -> Markup {
    let links = &frame.links;
    let model = links.model(&view.old_type, &view.old_name);
    let alias = if view.alias.is_empty() {
        &view.old_name
    } else {
        &view.alias
    };
    frame.page(&Page::new(&format!("Rename {alias}"), Section::Models), &html! {
        (breadcrumbs(&[(links.models(), "Models".to_owned()), (model.clone(), alias.clone())]))
        (page_header(&format!("Rename or move {alias}"), &html! {
            p.lead { "Identifier, history and everything else go with it. The alias stays; it is changed by editing." }
        }, &html! {}))
        form.narrow method="post" action=(links.model_action(&view.old_type, &view.old_name, ModelAction::Rename)) data-guard {
            (frame.csrf_field())
            input type="hidden" name="if_match" value=(view.if_match);
            (error_summary(view.error.as_deref(), &[]))
            @if view.enabled {
                (notice(Tone::Warning, &html! {
                    p { "This model is enabled. Jobs that ask for " code { (view.old_type) "/" wbr; (view.old_name) } " will not find it any more." }
                }))
            }
            @if !view.mismatches.is_empty() || view.as_typed {
                (notice(Tone::Danger, &html! {
                    p {
                        strong { "Its package is for another model. " }
                        @for why in &view.mismatches { (sentence(why)) " " }
                    }
                    (checkbox("as_typed", "yes", view.as_typed, false, &html! { "I know better: rename it all the same" }))
                }))
            }
            section.panel {
                p.fixed { span.fixed-name { "Now" } code { (view.old_type) "/" wbr; (view.old_name) } }
                (TextInput {
                    name: "network_type", label: "Network type", field: &view.network_type, required: true, mono: true,
                    help: Some("Another one moves the model."), suggestions: &view.known_types, max_length: Some(128),
                    ..TextInput::default()
                }.markup())
                (TextInput {
                    name: "name", label: "Name", field: &view.name, required: true, mono: true, max_length: Some(128),
                    help: Some("Letters, digits, dot, underscore, hyphen."), autofocus: true, ..TextInput::default()
                }.markup())
            }
            (action_bar(
                Some(Reason { field: &view.reason, required: view.enabled, example: "Why another name?" }),
                &html! {
                    a.button href=(model) { "Cancel" }
                    button.button.primary type="submit" { "Rename" }
                },
            ))
        }
    })
}
