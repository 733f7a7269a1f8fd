//! Definitions from JSON files.

use maud::{Markup, html};

use super::components::action_bar::{Reason, action_bar};
use super::components::field::{Field, error_summary};
use super::components::icon::Icon;
use super::components::{Tone, breadcrumbs, page_header, plural, section, sentence, state};
use super::frame::{Frame, Page, Section};

/// The form, posted to `/import` as `multipart/form-data`: `files` (several), `existing` (`skip` or
/// `replace`), `reason`. And what became of the files of the last one.
#[derive(Debug, Clone, Default)]
pub struct ImportView {
    /// Whether existing models are replaced.
    pub replace: bool,
    /// Why.
    pub reason: Field,
    /// What is wrong with the form as a whole.
    pub error: Option<String>,
    /// What became of each definition; empty before anything was sent.
    pub results: Vec<ImportResult>,
    /// The most bytes that are taken in one go, in words: `20 MB`.
    pub limit: String,
}

/// What became of a definition.
#[derive(Debug, Clone)]
pub struct ImportResult {
    /// The file, and the position in it where it holds several.
    pub file: String,
    /// The model: network type and name, as far as it could be read.
    pub model: Option<(String, String)>,
    /// What became of it.
    pub outcome: ImportOutcome,
}

/// What became of a definition.
#[derive(Debug, Clone)]
pub enum ImportOutcome {
    /// It is new.
    Created,
    /// It replaced one.
    Replaced,
    /// It is there already, the same.
    Same,
    /// One of this name is there and was to be kept.
    Skipped,
    /// It cannot be taken, and why, with line and column where that helps.
    Refused(String),
}

impl ImportOutcome {
    fn pill(&self) -> Markup {
        match self {
            Self::Created => state::pill(Tone::Ok, "Created"),
            Self::Replaced => state::pill(Tone::Ok, "Replaced"),
            Self::Same => state::pill_with(Tone::Muted, Icon::Minus, "Unchanged"),
            Self::Skipped => state::pill_with(Tone::Muted, Icon::Minus, "Kept"),
            Self::Refused(_) => state::pill(Tone::Danger, "Refused"),
        }
    }
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &ImportView) -> Markup {
    let links = &frame.links;
    frame.page(&Page::new("Import definitions", Section::Models), &html! {
        (breadcrumbs(&[(links.models(), "Models".to_owned())]))
        (page_header("Import definitions", &html! {
            p.lead { "One definition per file, or a list of definitions. One that says it is enabled takes the permission to enable models." }
        }, &html! {}))
        @if !view.results.is_empty() { (results(frame, &view.results)) }
        form.narrow method="post" action=(links.to("/import")) enctype="multipart/form-data" {
            (frame.csrf_field())
            (error_summary(view.error.as_deref(), &[]))
            section.panel {
                div.field {
                    label for="files" { "JSON files" }
                    p.help id="files-help" { "Several at once, " (view.limit) " in all." }
                    input id="files" type="file" name="files" multiple required accept=".json,application/json"
                        aria-describedby="files-help" data-drop;
                }
                fieldset.choice {
                    legend { "If a model of that name exists" }
                    label.check {
                        input type="radio" name="existing" value="skip" checked[!view.replace];
                        span { "Keep it" }
                    }
                    label.check {
                        input type="radio" name="existing" value="replace" checked[view.replace];
                        span { "Replace it with what the file says" }
                    }
                }
            }
            (action_bar(
                Some(Reason { field: &view.reason, required: false, example: "Where do they come from?" }),
                &html! {
                    a.button href=(links.models()) { "Cancel" }
                    button.button.primary type="submit" { (Icon::Upload) "Import" }
                },
            ))
        }
    })
}

/// How many had each outcome; together they are all.
fn sums(results: &[ImportResult]) -> String {
    let count = |is: fn(&ImportOutcome) -> bool| results.iter().filter(|r| is(&r.outcome)).count();
    let sums = [
        (count(|o| matches!(o, ImportOutcome::Created)), "created"),
        (count(|o| matches!(o, ImportOutcome::Replaced)), "replaced"),
        (count(|o| matches!(o, ImportOutcome::Same)), "unchanged"),
        (count(|o| matches!(o, ImportOutcome::Skipped)), "kept"),
        (count(|o| matches!(o, ImportOutcome::Refused(_))), "refused"),
    ];
    let sums = sums.iter().filter(|(count, _)| *count > 0);
    let sums: Vec<String> = sums
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    sums.join(", ")
}

fn results(frame: &Frame, results: &[ImportResult]) -> Markup {
    let heading = format!(
        "{}: {}",
        plural(results.len(), "definition", "definitions"),
        sums(results)
    );
    section(
        &heading,
        &html! {
            ul.import-results {
                @for result in results {
                    li {
                        (result.outcome.pill())
                        div {
                            @if let Some((network_type, name)) = &result.model {
                                @if matches!(result.outcome, ImportOutcome::Refused(_)) {
                                    strong { (network_type) "/" wbr; (name) }
                                } @else {
                                    a href=(frame.links.model(network_type, name)) { (network_type) "/" wbr; (name) }
                                }
                            }
                            span.meta { (result.file) }
                            @match &result.outcome {
                                ImportOutcome::Refused(reason) => p { (sentence(reason)) },
                                ImportOutcome::Skipped => p { "A model of this name is there, and says something else." },
                                _ => {},
                            }
                        }
                    }
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_add_up() {
        let result = |outcome| ImportResult {
            file: String::new(),
            model: None,
            outcome,
        };
        let results = [
            ImportOutcome::Created,
            ImportOutcome::Skipped,
            ImportOutcome::Refused("no".to_owned()),
            ImportOutcome::Skipped,
            ImportOutcome::Same,
        ];
        assert_eq!(
            sums(&results.map(result)),
            "1 created, 1 unchanged, 2 kept, 1 refused"
        );
    }
}
