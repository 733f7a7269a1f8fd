//! A form that was sent after its session had ended: what was typed, and the way to send it again.

use maud::{Markup, html};

use super::components::icon::Icon;
use super::components::{Tone, notice, page_header};
use super::frame::{Frame, Page, Section};
pub use super::login::Refusal;
use super::login::{LoginView, credentials};

/// What the names of the sign-in's own fields begin with, beside those that were typed.
pub const SIGN_IN: &str = "sign_in_";

/// Fields that mean nothing to people.
const TECHNICAL: [&str; 9] = [
    "if_match",
    "base",
    "found_if_match",
    "found_base",
    "action",
    "once",
    "back",
    "confirmed",
    "theme",
];

/// The form as it was sent, without tokens and passwords.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Where it was sent.
    pub action: String,
    /// Its fields in order: name and value.
    pub fields: Vec<(String, String)>,
}

impl Kept {
    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.typed().is_empty()
    }

    /// What people typed: each name with its values, one per line. Labels are told as they can be
    /// pasted.
    fn typed(&self) -> Vec<(&str, String)> {
        let mut typed: Vec<(&str, String)> = Vec::new();
        let labels = self.labels();
        if !labels.is_empty() {
            typed.push(("labels", labels));
        }
        for (name, value) in &self.fields {
            let name = name.as_str();
            let is_label = name == "label_number" || name == "label_names";
            if value.trim().is_empty() || is_label || TECHNICAL.contains(&name) {
                continue;
            }
            match typed.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => {
                    values.push('\n');
                    values.push_str(value);
                }
                None => typed.push((name, value.clone())),
            }
        }
        typed
    }

    fn labels(&self) -> String {
        let of = |wanted: &'static str| {
            let fields = self.fields.iter();
            fields.filter_map(move |(name, value)| (name == wanted).then_some(value.as_str()))
        };
        let rows = of("label_number").zip(of("label_names"));
        let rows = rows.filter(|(number, names)| !number.is_empty() || !names.is_empty());
        rows.map(|(number, names)| format!("{number}\t{names}"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn hidden(&self) -> Markup {
        html! {
            @for (name, value) in &self.fields { input type="hidden" name=(name) value=(value); }
        }
    }

    /// What was typed, so that it can be read and copied.
    fn list(&self) -> Markup {
        html! {
            details.panel.kept open {
                summary { h2 { "What you typed" } }
                @for (name, value) in self.typed() {
                    h3 { (words(name)) }
                    pre.wrap tabindex="0" { (value) }
                }
            }
        }
    }
}

/// `inference_args` as people would write it.
fn words(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let rest = letters.map(|c| if c == '_' { ' ' } else { c });
    first.into_iter().chain(rest).collect()
}

/// The page to sign in on. What was typed is sent along, and nothing is done with it before it is
/// confirmed. Posted to where the form was sent.
#[must_use]
pub fn sign_in(frame: &Frame, view: &LoginView, kept: &Kept) -> Markup {
    frame.bare_page("Your session ended", &html! {
        div.login.broad {
            div.login-head {
                (Icon::Brand)
                h1 { "Your session ended" }
            }
            (notice(Tone::Warning, &html! {
                p { strong { "Nothing was saved yet." } " What you typed is kept on this page: sign in here to go on with it." }
            }))
            form.panel method="post" action=(kept.action) {
                input type="hidden" name={ (SIGN_IN) "csrf" } value=(frame.csrf.0);
                (kept.hidden())
                (credentials(view, SIGN_IN))
            }
            (kept.list())
            @if let Some(contact) = &view.contact { p.login-contact { (contact) } }
        }
    })
}

/// The page that asks whether to send it again, for somebody who is signed in.
#[must_use]
pub fn send_again(frame: &Frame, kept: &Kept) -> Markup {
    let who = frame.person.as_ref().map_or("", |p| &p.display_name);
    frame.page(
        &Page::new("Send it again?", Section::Elsewhere),
        &html! {
            (page_header("Send it again?", &html! {}, &html! {}))
            (notice(Tone::Warning, &html! {
                p {
                    strong { "Nothing was saved yet." }
                    " Your session ended while the form was open, and you are signed in again"
                    @if !who.is_empty() { " as " (who) }
                    "."
                }
            }))
            (kept.list())
            form.definition method="post" action=(kept.action) data-guard="changed" {
                (frame.csrf_field())
                (kept.hidden())
                div.action-bar {
                    div.buttons {
                        a.button href=(frame.links.models()) { "Discard" }
                        button.button.primary type="submit" { "Send it again" }
                    }
                }
            }
        },
    )
}
