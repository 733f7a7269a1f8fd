//! What lies in the model store and is no model, for those who administer it.

use maud::{Markup, html};

use super::components::{Tone, notice, plural};

/// What no list of models shows.
#[derive(Debug, Clone, Default)]
pub struct LeftOut {
    /// How many objects and folders are no definitions.
    pub count: usize,
    /// Some of them by name.
    pub examples: Vec<String>,
    /// Folders that cannot be read: name and reason.
    pub unreadable: Vec<(String, String)>,
}

/// Says so; nothing where everything is a model.
#[must_use]
pub fn notices(left_out: &LeftOut) -> Markup {
    // Names in the store may hold anything, line breaks as well.
    let printable = |name: &str| name.escape_debug().to_string();
    html! {
        @for (folder, reason) in &left_out.unreadable {
            (notice(Tone::Warning, &html! {
                p {
                    "The folder " code { (printable(folder)) } " of the model store cannot be read: " (reason)
                    ". What was known of its models is shown."
                }
            }))
        }
        @if left_out.count > 0 {
            @let more = left_out.count.saturating_sub(left_out.examples.len());
            (notice(Tone::Info, &html! {
                p {
                    (plural(left_out.count, "object", "objects")) " in the model store "
                    @if left_out.count == 1 { "is no definition and was" } @else { "are no definitions and were" }
                    " left alone:"
                }
                ul.names {
                    @for name in &left_out.examples { li { code { (printable(name)) } } }
                    @if more > 0 { li { "and " (plural(more, "other", "others")) } }
                }
            }))
        }
    }
}
