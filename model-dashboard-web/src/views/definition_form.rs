//! The forms that create and edit a definition.

use maud::{Markup, html};

use super::components::action_bar::{Reason, action_bar};
use super::components::field::{Field, TextArea, TextInput, checkbox, error_summary};
use super::components::icon::Icon;
use super::components::label_rows::{LabelRows, label_rows};
use super::components::{Tone, breadcrumbs, notice, page_header, sentence, state};
use super::frame::{Frame, Page, Section};
use super::links::ModelAction;

/// A definition in a form, as it was typed. Posted as `network_type` and `name` (when creating),
/// `alias`, `version`, the rows of [`LabelRows`], `inference_args`, `inference_information`,
/// `description`, `owner`, `tags`, `other_fields`, `reason`, `if_match` and `base` (when
/// editing) and `action` (`save` or `add-rows`).
#[derive(Debug, Clone, Default)]
pub struct DefinitionForm {
    /// The network type; shown but not changed when editing.
    pub network_type: Field,
    /// The name; shown but not changed when editing.
    pub name: Field,
    /// The name people read.
    pub alias: Field,
    /// The version of the definition.
    pub version: Field,
    /// The labels.
    pub labels: LabelRows,
    /// The arguments.
    pub inference_args: Field,
    /// A JSON object.
    pub inference_information: Field,
    /// Markdown.
    pub description: Field,
    /// The owner.
    pub owner: Field,
    /// Tags, separated by commas.
    pub tags: Field,
    /// A JSON object of the fields that this form does not know.
    pub other_fields: Field,
    /// Whether name and network type inside are made those of the key; posted as `put_right`.
    pub put_right: bool,
    /// The version in the inference information, which comes before that of the field.
    pub version_inside: Option<String>,
    /// Why.
    pub reason: Field,
    /// What is wrong with the form as a whole.
    pub error: Option<String>,
    /// Network types to choose from.
    pub known_types: Vec<String>,
    /// Owners to choose from.
    pub known_owners: Vec<String>,
}

/// The model that is edited.
#[derive(Debug, Clone, Default)]
pub struct Edited {
    /// The name people read, as it is stored.
    pub alias: String,
    /// Whether jobs may use it: then a change needs a reason.
    pub enabled: bool,
    /// The state that the form was filled from.
    pub if_match: String,
    /// How name and type inside differ from the key, in a sentence; it can be put right.
    pub contradiction: Option<String>,
    /// What the fields were then, so that only what both changed is asked in a conflict.
    pub base: String,
}

/// The page that creates a definition, posted to `/create`.
#[must_use]
pub fn create(frame: &Frame, form: &DefinitionForm) -> Markup {
    let links = &frame.links;
    frame.page(&Page::new("New model", Section::Models), &html! {
        (breadcrumbs(&[(links.models(), "Models".to_owned())]))
        (page_header("New model", &html! {
            p.lead { "It starts disabled: no job uses it before somebody enables it." }
        }, &html! {}))
        form.definition method="post" action=(links.to("/create")) data-guard {
            (frame.csrf_field())
            (default_button())
            (summary(form))
            (identity_new(form))
            (fields(form))
            (action_bar(
                Some(Reason { field: &form.reason, required: false, example: "Where does it come from?" }),
                &html! {
                    a.button href=(links.models()) { "Cancel" }
                    button.button.primary type="submit" name="action" value="save" { "Create the model" }
                },
            ))
        }
    })
}

/// The page that edits a definition, posted to [`ModelAction::Edit`].
#[must_use]
pub fn edit(frame: &Frame, edited: &Edited, form: &DefinitionForm) -> Markup {
    let links = &frame.links;
    let (network_type, name) = (&form.network_type.value, &form.name.value);
    let model = links.model(network_type, name);
    let alias = if edited.alias.is_empty() {
        name
    } else {
        &edited.alias
    };
    frame.page(&Page::new(&format!("Edit {alias}"), Section::Models), &html! {
        (breadcrumbs(&[
            (links.models(), "Models".to_owned()),
            (model.clone(), alias.clone()),
        ]))
        (page_header(&format!("Edit {alias}"), &html! { div.beside { (state::enabled(edited.enabled)) } }, &html! {}))
        form.definition method="post" action=(links.model_action(network_type, name, ModelAction::Edit)) data-guard {
            (frame.csrf_field())
            input type="hidden" name="if_match" value=(edited.if_match);
            input type="hidden" name="base" value=(edited.base);
            (default_button())
            (summary(form))
            (identity_existing(frame, edited, form))
            (fields(form))
            (action_bar(
                Some(Reason {
                    field: &form.reason,
                    required: edited.enabled,
                    example: if edited.enabled { "Jobs use this model: what changes for them?" } else { "What changes, and why?" },
                }),
                &html! {
                    a.button href=(model) { "Cancel" }
                    button.button.primary type="submit" name="action" value="save" { "Save" }
                },
            ))
        }
    })
}

/// Return in a field presses the first button of a form, which must be the one that saves.
pub(super) fn default_button() -> Markup {
    html! { button.default-button type="submit" name="action" value="save" tabindex="-1" aria-hidden="true" { "Save" } }
}

pub(super) fn summary(form: &DefinitionForm) -> Markup {
    let fields = [
        (
            "network_type",
            "network type",
            form.network_type.error.is_some(),
        ),
        ("name", "name", form.name.error.is_some()),
        ("alias", "alias", form.alias.error.is_some()),
        ("version", "version", form.version.error.is_some()),
        ("labels", "labels", form.labels.is_wrong()),
        (
            "inference_args",
            "arguments",
            form.inference_args.error.is_some(),
        ),
        (
            "inference_information",
            "inference information",
            form.inference_information.error.is_some(),
        ),
        (
            "description",
            "description",
            form.description.error.is_some(),
        ),
        ("owner", "owner", form.owner.error.is_some()),
        ("tags", "tags", form.tags.error.is_some()),
        (
            "other_fields",
            "other fields",
            form.other_fields.error.is_some(),
        ),
        ("reason", "reason", form.reason.error.is_some()),
    ];
    let wrong: Vec<(&str, &str)> = fields
        .into_iter()
        .filter(|(.., wrong)| *wrong)
        .map(|(id, text, _)| (id, text))
        .collect();
    error_summary(form.error.as_deref(), &wrong)
}

fn part(id: &str, heading: &str, help: &str, content: &Markup) -> Markup {
    html! {
        section.panel.form-part aria-labelledby=(id) {
            div.part-head {
                h2 id=(id) { (heading) }
                p.help { (help) }
            }
            div.part-fields { (content) }
        }
    }
}

pub(super) fn identity_new(form: &DefinitionForm) -> Markup {
    part(
        "part-identity",
        "Identity",
        "Type and name are the model's reference: jobs ask for it by them.",
        &html! {
            div.pair {
                (TextInput {
                    name: "network_type", label: "Network type", field: &form.network_type, required: true, mono: true,
                    help: Some("Choose one, or type another."), suggestions: &form.known_types, max_length: Some(128),
                    autofocus: form.error.is_none(), ..TextInput::default()
                }.markup())
                (TextInput {
                    name: "name", label: "Name", field: &form.name, required: true, mono: true, max_length: Some(128),
                    help: Some("Letters, digits, dot, underscore, hyphen."), placeholder: Some("Dataset220_KiTS2023"),
                    ..TextInput::default()
                }.markup())
            }
            (alias_and_version(form))
        },
    )
}

fn identity_existing(frame: &Frame, edited: &Edited, form: &DefinitionForm) -> Markup {
    let rename = frame.links.model_action(
        &form.network_type.value,
        &form.name.value,
        ModelAction::Rename,
    );
    part(
        "part-identity",
        "Identity",
        "Type and name are the model's reference: jobs ask for it by them.",
        &html! {
            p.fixed {
                span.fixed-name { "Reference" }
                code { (form.network_type.value) "/" wbr; (form.name.value) }
                a href=(rename) { "Rename or move" }
            }
            @if let Some(contradiction) = &edited.contradiction {
                (notice(Tone::Warning, &html! {
                    p { (sentence(contradiction)) " Jobs go by the reference." }
                    (checkbox("put_right", "yes", form.put_right, false, &html! {
                        "Put it right: write " (form.network_type.value) "/" (form.name.value) " into the definition"
                    }))
                }))
            }
            (alias_and_version(form))
        },
    )
}

fn alias_and_version(form: &DefinitionForm) -> Markup {
    let inside = form.version_inside.as_ref();
    let shown = inside.map(|version| format!("{version}, from the inference information"));
    let help = match inside {
        Some(version) => format!("{version}, from the inference information, comes first."),
        None => "A version in the inference information comes first.".to_owned(),
    };
    html! {
        div.pair {
            (TextInput {
                name: "alias", label: "Alias", field: &form.alias, help: Some("The name people read."),
                max_length: Some(200), ..TextInput::default()
            }.markup())
            (TextInput {
                name: "version", label: "Version", field: &form.version,
                help: Some(&help), placeholder: shown.as_deref(), max_length: Some(100),
                ..TextInput::default()
            }.markup())
        }
    }
}

pub(super) fn fields(form: &DefinitionForm) -> Markup {
    html! {
        (part("part-labels", "Labels", "What each number of the segmentation means. Several names, separated by commas, make a region.",
            &label_rows(&form.labels)))
        (part("part-inference", "Inference", "How the model is run.", &html! {
            (TextInput {
                name: "inference_args", label: "Arguments", field: &form.inference_args, mono: true,
                help: Some("If empty, they are derived from inference_args in the inference information."),
                ..TextInput::default()
            }.markup())
            (TextArea {
                name: "inference_information", label: "Inference information", field: &form.inference_information,
                help: Some("A JSON object, free in what it holds."), mono: true, rows: 8, placeholder: Some("{}"), label_hidden: false,
            }.markup())
        }))
        (part("part-description", "Description", "Markdown: headings, lists, tables, links.", &html! {
            (TextArea {
                name: "description", label: "Description", field: &form.description, help: None, mono: false, rows: 8,
                placeholder: None, label_hidden: true,
            }.markup())
        }))
        (part("part-owner", "Owner and tags", "Who answers for the model, and words to find it by.", &html! {
            div.pair {
                (TextInput {
                    name: "owner", label: "Owner", field: &form.owner, help: Some("A person or a team."),
                    suggestions: &form.known_owners, max_length: Some(200), ..TextInput::default()
                }.markup())
                (TextInput {
                    name: "tags", label: "Tags", field: &form.tags, help: Some("Separated by commas."),
                    placeholder: Some("ct, thorax"), max_length: Some(1000), ..TextInput::default()
                }.markup())
            }
            details.more open[form.other_fields.error.is_some() || !matches!(form.other_fields.value.trim(), "" | "{}")] {
                summary { (Icon::ChevronRight) "Other fields" }
                (TextArea {
                    name: "other_fields", label: "Other fields", field: &form.other_fields,
                    help: Some("A JSON object of the fields that this form does not know. They are kept as they are."),
                    mono: true, rows: 4, placeholder: Some("{}"), label_hidden: true,
                }.markup())
            }
        }))
    }
}
