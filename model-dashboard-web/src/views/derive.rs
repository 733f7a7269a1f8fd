//! A copy of a model under another name.

use maud::{Markup, html};

use super::components::action_bar::{Reason, action_bar};
use super::components::field::{Field, TextInput, error_summary};
use super::components::{breadcrumbs, page_header};
use super::frame::{Frame, Page, Section};
use super::links::ModelAction;

/// The form, posted as `from` (`type/name`), `network_type`, `name`, `alias`, `reason`: to
/// [`ModelAction::Derive`] where the source is known, otherwise to `/derive`.
#[derive(Debug, Clone, Default)]
pub struct DeriveView {
    /// The model it starts from: network type and name. `None` lets the person choose.
    pub source: Option<(String, String)>,
    /// The source as it was typed, where it is chosen.
    pub from: Field,
    /// References to choose from; a long list may be cut.
    pub known_models: Vec<String>,
    /// The new network type.
    pub network_type: Field,
    /// The new name.
    pub name: Field,
    /// The new alias.
    pub alias: Field,
    /// Why.
    pub reason: Field,
    /// Network types to choose from.
    pub known_types: Vec<String>,
    /// What is wrong with the form as a whole.
    pub error: Option<String>,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &DeriveView) -> Markup {
    let links = &frame.links;
    let (action, back) = match &view.source {
        Some((network_type, name)) => (
            links.model_action(network_type, name, ModelAction::Derive),
            links.model(network_type, name),
        ),
        None => (links.derive(), links.models()),
    };
    let mut above = vec![(links.models(), "Models".to_owned())];
    if let Some((network_type, name)) = &view.source {
        above.push((back.clone(), format!("{network_type}/{name}")));
    }
    frame.page(&Page::new("Derive a model", Section::Models), &html! {
        (breadcrumbs(&above))
        (page_header("Derive a model", &html! {
            p.lead { "A copy of everything but the name. It starts disabled and remembers where it came from." }
        }, &html! {}))
        form.narrow method="post" action=(action) data-guard {
            (frame.csrf_field())
            (error_summary(view.error.as_deref(), &[]))
            section.panel {
                @if let Some((network_type, name)) = &view.source {
                    p.fixed { span.fixed-name { "From" } code { (network_type) "/" wbr; (name) } }
                    input type="hidden" name="from" value={ (network_type) "/" (name) };
                } @else {
                    (TextInput {
                        name: "from", label: "From", field: &view.from, required: true, mono: true,
                        help: Some("The reference of the model to start from: type/name."),
                        suggestions: &view.known_models, autofocus: true, ..TextInput::default()
                    }.markup())
                }
                (TextInput {
                    name: "network_type", label: "Network type", field: &view.network_type, required: view.source.is_some(),
                    mono: true, help: view.source.is_none().then_some("Empty: the same as that of the source."),
                    suggestions: &view.known_types, max_length: Some(128), ..TextInput::default()
                }.markup())
                (TextInput {
                    name: "name", label: "New name", field: &view.name, required: true, mono: true, max_length: Some(128),
                    help: Some("Letters, digits, dot, underscore, hyphen."), autofocus: view.source.is_some(),
                    ..TextInput::default()
                }.markup())
                (TextInput {
                    name: "alias", label: "Alias", field: &view.alias, help: Some("The name people read."),
                    max_length: Some(200), ..TextInput::default()
                }.markup())
            }
            (action_bar(
                Some(Reason { field: &view.reason, required: false, example: "What will be different?" }),
                &html! {
                    a.button href=(back) { "Cancel" }
                    button.button.primary type="submit" { "Derive the model" }
                },
            ))
        }
    })
}
