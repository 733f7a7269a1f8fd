//! One account.

use std::fmt;
use std::time::SystemTime;

use maud::{Markup, html};

use super::{RoleChoice, UserRow};
use crate::views::admin::known::{self, FromDirectory};
use crate::views::components::field::{Field, TextInput, error_summary, select};
use crate::views::components::icon::Icon;
use crate::views::components::{
    breadcrumbs, breakable, copy_chip, key_value, page_header, section, time,
};
use crate::views::frame::{Frame, Page, Section};
use crate::views::links::UserAction;

/// One account. What can be changed is posted to [`UserAction::Save`] as `display_name`, `email`,
/// `team`, `role`, those that the page shows; the other actions are pages that ask first.
#[derive(Debug, Clone, Default)]
pub struct UserView {
    /// The account.
    pub row: UserRow,
    /// What kind of account it is.
    pub kind: AccountKind,
    /// Whether it is one's own, which cannot be disabled, demoted or deleted here.
    pub own: bool,
    /// The name people read.
    pub display_name: Field,
    /// The mail address.
    pub email: Field,
    /// The team that answers for a service account.
    pub team: Field,
    /// The role.
    pub role: Field,
    /// The roles.
    pub roles: Vec<RoleChoice>,
    /// Why it is that role, in a sentence.
    pub role_reason: String,
    /// Whether the directory gives the role, so that it cannot be chosen here.
    pub role_is_given: bool,
    /// What is known of the person from a directory.
    pub directory: Option<FromDirectory>,
    /// When the account was made.
    pub created_at: Option<SystemTime>,
    /// A password that was just generated: the only time it is shown.
    pub generated: Option<GeneratedPassword>,
    /// What is wrong with the form as a whole.
    pub error: Option<String>,
}

/// What kind of account it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccountKind {
    /// A person of this installation: name, mail and password can be changed here.
    #[default]
    Local,
    /// A person of a directory, which keeps name, mail and password.
    Directory,
    /// A service account: no password, a team answers for it.
    Service,
}

/// A password that was just generated.
#[derive(Clone)]
pub struct GeneratedPassword(pub String);

impl fmt::Debug for GeneratedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeneratedPassword(…)")
    }
}

/// The page of one account.
#[must_use]
pub fn one(frame: &Frame, view: &UserView) -> Markup {
    let links = &frame.links;
    let row = &view.row;
    let action = |action| links.user_action(&row.id, action);
    frame.page(&Page::new(&row.display_name, Section::Admin), &html! {
        (breadcrumbs(&[(links.to("/admin/users"), "Users".to_owned())]))
        (page_header(&row.display_name, &html! { div.beside { (row.state()) code { (row.username) } } }, &html! {
            @if !view.own {
                div.buttons {
                    @if view.directory.as_ref().is_some_and(|it| it.can_recheck) {
                        form method="post" action=(action(UserAction::Recheck)) {
                            (frame.csrf_field())
                            button.button type="submit" { (Icon::Search) "Re-check now" }
                        }
                    }
                    @if view.kind == AccountKind::Local { a.button href=(action(UserAction::ResetPassword)) data-question-link { (Icon::Key) "Reset password" } }
                    @if row.enabled { a.button href=(action(UserAction::Disable)) data-question-link { (Icon::Off) "Disable" } }
                    @else if row.left { a.button href=(action(UserAction::Disable)) data-question-link { (Icon::Off) "Keep out" } }
                    @else { a.button href=(action(UserAction::Enable)) data-question-link { (Icon::Check) "Enable" } }
                    a.button.danger-quiet href=(action(UserAction::Delete)) data-question-link { (Icon::Trash) "Delete" }
                }
            }
        }))
        @if let Some(GeneratedPassword(password)) = &view.generated {
            section.panel.created role="status" {
                h2 { (Icon::Key) "New password" }
                p { strong { "Copy it now: it is not shown again." } }
                (copy_chip(password, "the password"))
            }
        }
        @if let Some(directory) = &view.directory { (known::left(frame, &row.source, directory)) }
        div.columns {
            div.main-column { (account_form(frame, view)) }
            aside.side-column aria-label="Facts" { (facts(frame, view)) }
        }
    })
}

fn account_form(frame: &Frame, view: &UserView) -> Markup {
    section(
        "Account",
        &html! {
            form method="post" action=(frame.links.user_action(&view.row.id, UserAction::Save)) data-guard {
                (frame.csrf_field())
                (error_summary(view.error.as_deref(), &[]))
                @if view.kind == AccountKind::Directory {
                    p.help {
                        @if view.row.left && view.role_is_given { "This is what the directory said before they left." }
                        @else {
                            "Name, mail and password are kept in the directory."
                            @if view.role_is_given { " So is the role: a change here would be undone by the next look." }
                        }
                    }
                } @else {
                    (TextInput {
                        name: "display_name", label: "Name", field: &view.display_name, required: true,
                        max_length: Some(128), ..TextInput::default()
                    }.markup())
                }
                @if view.kind == AccountKind::Local {
                    (TextInput {
                        name: "email", label: "Mail", field: &view.email, kind: "email", max_length: Some(254),
                        ..TextInput::default()
                    }.markup())
                }
                @if view.kind == AccountKind::Service {
                    (TextInput {
                        name: "team", label: "Team", field: &view.team, required: true,
                        help: Some("Who answers for it."), max_length: Some(128), ..TextInput::default()
                    }.markup())
                }
                @if view.own {
                    (key_value::list(&[("Role", html! { (view.role.value) p.help { "Somebody else has to change your own role." } })]))
                } @else if view.role_is_given {
                    @let label = if view.row.left { "Last role" } else { "Role" };
                    (key_value::list(&[(label, html! { (view.role.value) p.help { (breakable(&view.role_reason)) } })]))
                } @else {
                    @let then = match view.row.left {
                        true => "They have it again if the directory lets them sign in again.",
                        false => "A changed role ends their sessions and limits their tokens at once.",
                    };
                    (select("role", "Role", &RoleChoice::options(&view.roles), &view.role,
                        Some(&format!("{} {then}", view.role_reason))))
                }
                @if !(view.kind == AccountKind::Directory && (view.own || view.role_is_given)) {
                    div.buttons { button.button.primary type="submit" { "Save" } }
                }
            }
        },
    )
}

/// The ways to what the audit log has of somebody.
fn events(frame: &Frame, view: &UserView) -> Markup {
    let row = &view.row;
    let find = |pairs: &[(&'static str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        frame.links.query("/admin/audit", pairs)
    };
    let target = format!("user:{}", row.id);
    let (source, _) = row.id.split_once(':').unwrap_or_default();
    let refused = [
        ("who", &*row.username),
        ("source", source),
        ("action", "sign-in.refused"),
    ];
    html! {
        ul.links {
            li { a href=(find(&[("who", &row.id)])) { "What they did" } }
            li { a href=(find(&[("target", &target)])) { "What was done to them" } }
            @if view.kind != AccountKind::Service {
                li { a href=(find(&refused)) { "Refused sign-ins" } }
            }
        }
    }
}

fn facts(frame: &Frame, view: &UserView) -> Markup {
    let row = &view.row;
    let mut facts = vec![
        ("Account", html! { (row.source) }),
        (
            "Last sign-in",
            html! {
                @match row.last_sign_in {
                    Some(at) => (time::relative(frame.now, at)),
                    None => span.muted { "never" },
                }
            },
        ),
        ("API tokens", html! { (row.tokens) }),
    ];
    if let Some(directory) = &view.directory {
        facts.extend(known::facts(frame, directory));
    }
    if let Some(at) = view.created_at {
        facts.push(("Created", time::exact(at)));
    }
    if frame.may().read_audit {
        facts.push(("Audit log", events(frame, view)));
    }
    if view.own {
        facts.push(("Note", html! { "This is your own account." }));
    }
    html! { section.panel { h2.visually-hidden { "Facts" } (key_value::list(&facts)) } }
}
