//! What changed, with plus and minus besides colour.

use maud::{Markup, html};

use super::icon::Icon;
use super::text_difference::{Line, Parts, lines};
use super::{number, plural};

/// From how many characters on a text is told by what changed in it.
const LONG: usize = 80;

/// The most lines of one text, and the most characters of one line, that are shown.
const MOST_LINES: usize = 400;
const MOST_CHARS: usize = 4_000;

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field, as people call it.
    pub field: String,
    /// What it was; `None` if it was not there.
    pub before: Option<String>,
    /// What it is now; `None` if it is gone.
    pub after: Option<String>,
}

/// The changed fields, before and after; long texts by the lines that changed.
#[must_use]
pub fn changes(changes: &[Change]) -> Markup {
    html! {
        dl.difference {
            @for change in changes {
                div {
                    dt { (in_parts(&change.field)) }
                    dd { (values(change)) }
                }
            }
        }
    }
}

/// The path of a field, which may break after each dot rather than inside a name.
fn in_parts(path: &str) -> Markup {
    html! { @for part in path.split_inclusive('.') { (part) @if part.ends_with('.') { wbr; } } }
}

/// One change without its name: before and after.
#[must_use]
pub fn values(change: &Change) -> Markup {
    let is_long = |text: &String| text.len() > LONG || text.contains('\n');
    match (&change.before, &change.after) {
        (Some(before), Some(after)) if is_long(before) || is_long(after) => {
            let lines = lines(before, after);
            html! {
                @for line in lines.iter().take(MOST_LINES) { (text_line(line)) }
                @if lines.len() > MOST_LINES { (aside(&rest(lines.len() - MOST_LINES, "line", "lines"))) }
                // Only line ends differ, which no line tells.
                @if !lines.iter().any(|line| matches!(line, Line::Gone(_) | Line::New(_))) { (aside("Only line ends differ.")) }
            }
        }
        (before, after) => html! {
            @if let Some(before) = before { (whole(Icon::Minus, "del", "Before", before)) }
            @if let Some(after) = after { (whole(Icon::Plus, "ins", "After", after)) }
        },
    }
}

fn whole(sign: Icon, class: &str, spoken: &str, text: &str) -> Markup {
    line(
        sign,
        class,
        spoken,
        &html! { @if text.is_empty() { em { "empty" } } @else { (start_of(text)) } },
    )
}

fn text_line(of: &Line<'_>) -> Markup {
    match of {
        Line::Gone(parts) => line(Icon::Minus, "del", "Before", &parted(parts)),
        Line::New(parts) => line(Icon::Plus, "ins", "After", &parted(parts)),
        Line::Same(text) => html! {
            div.difference-line.same { span.text { (start_of(text)) } }
        },
        Line::Skipped(count) => aside(&plural(*count, "unchanged line", "unchanged lines")),
    }
}

fn parted(parts: &Parts<'_>) -> Markup {
    html! {
        @if parts.changed.is_empty() {
            @if parts.start.is_empty() && parts.end.is_empty() { em { "empty line" } }
            @else { (start_of(parts.start)) (parts.end) }
        } @else {
            (end_of(parts.start)) mark { (start_of(parts.changed)) } (start_of(parts.end))
        }
    }
}

fn line(sign: Icon, class: &str, spoken: &str, text: &Markup) -> Markup {
    html! {
        div class={ "difference-line " (class) } {
            (sign)
            span.visually-hidden { (spoken) ": " }
            span.text { (text) }
        }
    }
}

fn aside(text: &str) -> Markup {
    html! { div.difference-line.aside { span.text { (text) } } }
}

fn start_of(text: &str) -> Markup {
    let cut = text.char_indices().nth(MOST_CHARS).map(|(at, _)| at);
    html! {
        @match cut {
            None => (text),
            Some(at) => {
                (text[..at]) em { " … " (rest(text[at..].chars().count(), "character", "characters")) }
            },
        }
    }
}

/// What stands before a change is long only in files of one line.
fn end_of(text: &str) -> Markup {
    const MOST: usize = 400;
    let count = text.chars().count();
    let cut = count.checked_sub(MOST).filter(|skipped| *skipped > 0);
    let at = cut.and_then(|skipped| text.char_indices().nth(skipped));
    html! {
        @match at {
            None => (text),
            Some((at, _)) => { em { "… " } (text[at..]) },
        }
    }
}

fn rest(count: usize, one: &str, many: &str) -> String {
    let unit = if count == 1 { one } else { many };
    format!("{} more {unit}", number(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_breaks_after_its_dots() {
        let path = in_parts("inference_information.version").into_string();
        assert_eq!(path, "inference_information.<wbr>version");
        assert_eq!(in_parts("alias").into_string(), "alias");
    }
}
