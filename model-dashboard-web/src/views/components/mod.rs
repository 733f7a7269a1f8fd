//! The pieces that pages are put together from: one function per component.

use maud::{Markup, html};

pub mod action_bar;
pub mod confirm;
pub mod counts;
pub mod difference;
pub mod field;
pub mod icon;
pub mod key_value;
pub mod label_rows;
pub mod labels;
pub mod menu;
pub mod pager;
pub mod state;
pub mod table;
pub mod text_difference;
pub mod time;

use icon::Icon;

/// What a colour stands for. A tone never comes without its icon and a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something to know.
    Info,
    /// Done, healthy, enabled.
    Ok,
    /// Needs a look.
    Warning,
    /// Failed, or cannot be undone.
    Danger,
    /// Off, unknown, of no concern.
    Muted,
}

impl Tone {
    /// The class that carries the colours.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Danger => "danger",
            Self::Muted => "muted-tone",
        }
    }

    /// The icon that stands beside the colour.
    #[must_use]
    pub fn icon(self) -> Icon {
        match self {
            Self::Info => Icon::Info,
            Self::Ok => Icon::Check,
            Self::Warning | Self::Danger => Icon::Alert,
            Self::Muted => Icon::Off,
        }
    }
}

/// The top of a page: title, what stands beside it, and the actions at its right.
#[must_use]
pub fn page_header(title: &str, beside: &Markup, actions: &Markup) -> Markup {
    html! {
        div.page-header {
            div.page-title {
                h1 { (title) }
                (beside)
            }
            div.page-actions { (actions) }
        }
    }
}

/// The way back up: address and text of each page above this one.
#[must_use]
pub fn breadcrumbs(above: &[(String, String)]) -> Markup {
    html! {
        nav.crumbs aria-label="Breadcrumb" {
            ol {
                @for (position, (href, text)) in above.iter().enumerate() {
                    li {
                        @if position > 0 { (Icon::ChevronRight) }
                        a href=(href) { (text) }
                    }
                }
            }
        }
    }
}

/// A page of a group of pages.
#[derive(Debug, Clone)]
pub struct Tab<'a> {
    /// Its plain address.
    pub href: String,
    /// What it is called.
    pub text: &'a str,
    /// Whether it is the one shown.
    pub current: bool,
}

/// Pages of a group side by side; a single one needs no tabs and shows none.
#[must_use]
pub fn tabs(label: &str, tabs: &[Tab<'_>]) -> Markup {
    html! {
        @if tabs.len() > 1 {
            nav.tabs aria-label=(label) {
                @for tab in tabs {
                    a href=(tab.href) aria-current=[tab.current.then_some("page")] { (tab.text) }
                }
            }
        }
    }
}

/// A boxed message inside a page.
#[must_use]
pub fn notice(tone: Tone, content: &Markup) -> Markup {
    html! {
        div class={ "notice " (tone.class()) } {
            (tone.icon())
            div { (content) }
        }
    }
}

/// A part of a page with a heading, on its own surface.
#[must_use]
pub fn section(heading: &str, content: &Markup) -> Markup {
    html! {
        section.panel {
            h2 { (heading) }
            (content)
        }
    }
}

/// What stands where a list would be.
#[must_use]
pub fn empty_state(icon: Icon, heading: &str, content: &Markup) -> Markup {
    html! {
        div.empty {
            (icon)
            h2 { (heading) }
            (content)
        }
    }
}

/// A reference, digest or command in one line with a button that copies it. Without JavaScript
/// the text can still be selected as a whole.
#[must_use]
pub fn copy_chip(text: &str, what: &str) -> Markup {
    html! {
        span.copy-chip {
            code { (text) }
            (copy_button(text, what))
        }
    }
}

/// A block of text with a button that copies it.
#[must_use]
pub fn copy_block(text: &str, what: &str) -> Markup {
    html! {
        div.copy-block {
            pre tabindex="0" { code { (text) } }
            (copy_button(text, what))
        }
    }
}

fn copy_button(text: &str, what: &str) -> Markup {
    // A long text is read from the page instead of being repeated in an attribute.
    let short = (text.len() <= 200).then_some(text);
    html! {
        button.copy.needs-script type="button" data-copy=[short] data-copy-near[short.is_none()]
            aria-label={ "Copy " (what) } title={ "Copy " (what) } {
            (Icon::Copy)
        }
    }
}

/// A removable filter: what it is and the address without it.
#[must_use]
pub fn filter_chip(name: &str, value: &str, without: &str) -> Markup {
    html! {
        a.chip href=(without) {
            span.visually-hidden { "Remove the filter " }
            span { (name) ": " (value) }
            (Icon::Close)
        }
    }
}

/// A short word that a thing was given.
#[must_use]
pub fn tag(text: &str, href: Option<&str>) -> Markup {
    html! {
        @if let Some(href) = href {
            a.tag href=(href) { (text) }
        } @else {
            span.tag { (text) }
        }
    }
}

/// A message as a sentence: with a capital letter and a full stop. One that starts with a name
/// of machines keeps it as it is.
#[must_use]
pub fn sentence(message: &str) -> String {
    let message = message.trim();
    let first_word = message
        .split(char::is_whitespace)
        .next()
        .unwrap_or_default();
    let mut letters = message.chars();
    let mut sentence = match letters.next() {
        Some(first) if first_word.chars().all(char::is_lowercase) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => message.to_owned(),
    };
    if sentence.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '”' | '"' | '\'')) {
        sentence.push('.');
    }
    sentence
}

/// Text that may go on in the next line after each comma, as long names of directories should, and
/// after the `@` of an address.
#[must_use]
pub fn breakable(text: &str) -> Markup {
    let parts = text.split_inclusive([',', '@']).enumerate();
    html! { @for (n, part) in parts { @if n > 0 { wbr; } (part) } }
}

/// `1 model`, `2 models`, `12,345 models`.
#[must_use]
pub fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// A whole number with a comma between thousands.
#[must_use]
pub fn number(count: usize) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A size in units of 1,000: `12 bytes`, `340 kB`, `5.6 MB`, `1.2 GB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let Some((unit, name)) = UNITS.into_iter().find(|(unit, _)| bytes >= *unit) else {
        return plural(usize::try_from(bytes).unwrap_or_default(), "byte", "bytes");
    };
    let tenths = bytes / (unit / 10);
    match tenths < 100 {
        true => format!("{}.{} {name}", tenths / 10, tenths % 10),
        false => format!("{} {name}", tenths / 10),
    }
}

/// How much of a whole is there, in hundredths: all of it is 100, and nothing else is.
#[must_use]
pub fn percent(part: u64, whole: u64) -> u64 {
    match whole {
        0 => 100,
        whole => (u128::from(part) * 100 / u128::from(whole)) as u64,
    }
}
