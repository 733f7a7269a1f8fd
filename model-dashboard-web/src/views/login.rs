//! The sign-in page.

use maud::{Markup, html};

use super::components::field::{Field, TextInput};
use super::components::{Tone, icon::Icon, notice};
use super::frame::{Frame, PRODUCT};

/// The sign-in form, posted to `/login` as `source`, `username`, `password`, `next`.
#[derive(Debug, Clone, Default)]
pub struct LoginView {
    /// Where accounts can live; with a single one there is no choice to make.
    pub sources: Vec<Source>,
    /// The username as it was typed. A password is never shown again.
    pub username: String,
    /// Why the last attempt was refused.
    pub refusal: Option<Refusal>,
    /// The page to go to afterwards: a local path, already checked.
    pub next: Option<String>,
    /// Whom to ask, in the words of the installation.
    pub contact: Option<String>,
}

/// A place where accounts live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The value of the field: `local`, `ldap`.
    pub id: String,
    /// What people know it as: `Hospital account`.
    pub name: String,
    /// Whether it is the chosen one.
    pub selected: bool,
}

/// Why nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Unknown, wrong, deactivated: one message for all, which gives nothing away.
    Wrong,
    /// Accounts cannot be asked about at the moment.
    Unavailable,
    /// Nobody can sign in with the chosen directory at present.
    DirectoryAway {
        /// What people know it as.
        name: String,
        /// Whether there are accounts of this installation to choose instead.
        local: bool,
    },
    /// Too many attempts; in how many seconds the next one is taken.
    Wait(u64),
    /// The form was open for too long, or came from another site.
    Expired,
}

impl Refusal {
    fn text(&self) -> String {
        match self {
            Self::Wrong => {
                "Username or password is not right, or the account may not sign in.".to_owned()
            }
            Self::Unavailable => {
                "Signing in is not possible at the moment. Please try again in a minute.".to_owned()
            }
            Self::DirectoryAway { name, local } => {
                let other = match local {
                    true => " If you have a local account, choose it below.",
                    false => "",
                };
                format!(
                    "Signing in with “{name}” is not possible at present. Please try again in a \
                     minute; if it stays so, tell an administrator.{other}"
                )
            }
            Self::Wait(seconds) => {
                format!("Too many attempts. Please wait {seconds} seconds, then try again.")
            }
            Self::Expired => {
                "The form was open for too long, or came from another site. Please sign in again."
                    .to_owned()
            }
        }
    }
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &LoginView) -> Markup {
    frame.bare_page("Sign in", &html! {
        div.login {
            div.login-head {
                (Icon::Brand)
                h1 { (PRODUCT) }
                @if let Some(site) = &frame.site_name { p { (site) } }
            }
            form.panel method="post" action=(frame.links.to("/login")) {
                (frame.csrf_field())
                @if let Some(next) = &view.next { input type="hidden" name="next" value=(next); }
                (credentials(view, ""))
            }
            @if let Some(contact) = &view.contact { p.login-contact { (contact) } }
        }
    })
}

/// Why the last attempt was refused, the fields and the button of a sign-in. The names of the
/// fields begin with `prefix`.
pub(super) fn credentials(view: &LoginView, prefix: &str) -> Markup {
    let username = Field::new(view.username.clone());
    let named = |name: &str| format!("{prefix}{name}");
    html! {
        @if let Some(refusal) = &view.refusal {
            div role="alert" { (notice(Tone::Danger, &html! { p { (refusal.text()) } })) }
        }
        (sources(&view.sources, &named("source")))
        (TextInput {
            name: &named("username"), label: "Username", field: &username, autocomplete: "username",
            autofocus: username.value.is_empty(), max_length: Some(256), kind: "text",
            class: "plain", ..TextInput::default()
        }.markup())
        (TextInput {
            name: &named("password"), label: "Password", kind: "password", autocomplete: "current-password",
            autofocus: !username.value.is_empty(), ..TextInput::default()
        }.markup())
        button.button.primary.full type="submit" { "Sign in" }
    }
}

fn sources(sources: &[Source], name: &str) -> Markup {
    html! {
        @match sources {
            [] => {},
            [only] => input type="hidden" name=(name) value=(only.id);,
            several => {
                fieldset.choice {
                    legend { "Sign in with" }
                    @for source in several {
                        label.check {
                            input type="radio" name=(name) value=(source.id) checked[source.selected];
                            span { (source.name) }
                        }
                    }
                }
            },
        }
    }
}
