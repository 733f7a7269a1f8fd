//! One's own account.

use std::time::SystemTime;

use maud::{Markup, html};

use super::components::field::{Field, TextInput, error_summary};
use super::components::icon::Icon;
use super::components::{Tone, breakable, key_value, notice, page_header, section, state, time};
use super::frame::{Frame, Page, Section};
use super::groups;

/// Name, role, password and sessions.
///
/// A local account posts `current_password`, `new_password`, `repeated_password` to
/// `/profile/password`. Every session has a form that posts
/// to [`super::Links::end_session`]; `/profile/sessions/end-others` ends all but the present one.
#[derive(Debug, Clone, Default)]
pub struct ProfileView {
    /// The name people read.
    pub display_name: String,
    /// The mail address; empty if there is none.
    pub email: String,
    /// The name to sign in with.
    pub username: String,
    /// Where the account lives, in words: `this installation`, `hospital directory`.
    pub source: String,
    /// Whether the password is kept here; otherwise the directory keeps it.
    pub local: bool,
    /// The role.
    pub role: String,
    /// Why it is that role, in a sentence.
    pub role_reason: String,
    /// The groups of the directory.
    pub groups: Vec<String>,
    /// When the directory last vouched for the person.
    pub checked_at: Option<SystemTime>,
    /// What the role allows: permission and its meaning.
    pub permissions: Vec<(String, String)>,
    /// The form that changes the password.
    pub password: PasswordForm,
    /// The sessions, the present one first.
    pub sessions: Vec<SessionRow>,
}

/// What is wrong with a new password; the passwords themselves are never shown again.
#[derive(Debug, Clone, Default)]
pub struct PasswordForm {
    /// About the current one.
    pub current: Option<String>,
    /// About the new one.
    pub new: Option<String>,
    /// About the repeated one.
    pub repeated: Option<String>,
}

/// A session.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its number; not the secret.
    pub id: i64,
    /// Whether it is the one that asks.
    pub current: bool,
    /// The browser, in words: `Firefox on Linux`.
    pub browser: String,
    /// The address it came from last.
    pub address: String,
    /// When it began.
    pub started_at: SystemTime,
    /// When it was used last.
    pub last_used_at: SystemTime,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &ProfileView) -> Markup {
    frame.page(
        &Page::new("Profile", Section::Elsewhere),
        &html! {
            (page_header("Profile", &html! {}, &html! {}))
            div.columns {
                div.main-column {
                    (account(frame, view))
                    @if view.local { (password(frame, &view.password)) }
                    (sessions(frame, &view.sessions))
                }
                aside.side-column aria-label="Role and permissions" {
                    section.panel {
                        h2 { "Role" }
                        p { (state::pill_with(Tone::Info, Icon::Person, &view.role)) }
                        @if !view.role_reason.is_empty() { p.help { (breakable(&view.role_reason)) } }
                        h3 { "You may" }
                        ul.permissions {
                            @for (permission, meaning) in &view.permissions {
                                li { (Icon::Check) div { (meaning) code { (permission) } } }
                            }
                        }
                    }
                }
            }
        },
    )
}

fn account(frame: &Frame, view: &ProfileView) -> Markup {
    let mut facts = vec![
        ("Name", html! { (view.display_name) }),
        (
            "Mail",
            html! { @if view.email.is_empty() { span.muted { "none" } } @else { (view.email) } },
        ),
        ("Username", html! { code { (view.username) } }),
        ("Account", html! { (view.source) }),
    ];
    if !view.local {
        facts.push(("Groups", groups::list(&view.groups)));
    }
    if let Some(at) = view.checked_at {
        let confirmed = html! {
            (time::relative(frame.now, at))
            p.help { "When the directory last showed that your account is there, enabled and in the group that is needed." }
        };
        facts.push(("Last confirmed", confirmed));
    }
    section(
        "Account",
        &html! {
            (key_value::list(&facts))
            p.help {
                @if view.local { "Name and mail are changed by an administrator." }
                @else { "Name, mail and password are kept in the directory and changed there." }
            }
        },
    )
}

fn password(frame: &Frame, form: &PasswordForm) -> Markup {
    let field = |error: &Option<String>| match error {
        Some(message) => Field::default().wrong(message.clone()),
        None => Field::default(),
    };
    let (current, new, repeated) = (
        field(&form.current),
        field(&form.new),
        field(&form.repeated),
    );
    let input = |name, label, field, autocomplete, help| TextInput {
        name,
        label,
        field,
        kind: "password",
        autocomplete,
        help,
        required: true,
        ..TextInput::default()
    };
    let wrong = form.current.is_some() || form.new.is_some() || form.repeated.is_some();
    section(
        "Password",
        &html! {
            form method="post" action=(frame.links.to("/profile/password")) {
                (frame.csrf_field())
                (error_summary(wrong.then_some("The password was not changed."), &[]))
                (input("current_password", "Current password", &current, "current-password", None).markup())
                (input("new_password", "New password", &new, "new-password", Some("At least 12 characters. Several words do well.")).markup())
                (input("repeated_password", "New password again", &repeated, "new-password", None).markup())
                p.help { "All your other sessions end. API tokens stay as they are." }
                div.buttons { button.button type="submit" { "Change the password" } }
            }
        },
    )
}

fn sessions(frame: &Frame, sessions: &[SessionRow]) -> Markup {
    section(
        "Sessions",
        &html! {
            ul.sessions {
                @for session in sessions {
                    li {
                        div {
                            strong { (session.browser) }
                            @if session.current { " " (state::pill(Tone::Ok, "This one")) }
                            p.meta {
                                span { (session.address) }
                                span { "began " (time::relative(frame.now, session.started_at)) }
                                span { "used " (time::relative(frame.now, session.last_used_at)) }
                            }
                        }
                        @if !session.current {
                            form method="post" action=(frame.links.end_session(session.id)) {
                                (frame.csrf_field())
                                button.button type="submit" aria-label={ "End the session of " (session.browser) } { "End" }
                            }
                        }
                    }
                }
            }
            @if sessions.len() > 2 {
                form method="post" action=(frame.links.to("/profile/sessions/end-others")) {
                    (frame.csrf_field())
                    div.buttons { button.button type="submit" { "End all others" } }
                }
            } @else if sessions.is_empty() {
                (notice(Tone::Info, &html! { p { "There is no session." } }))
            }
        },
    )
}
