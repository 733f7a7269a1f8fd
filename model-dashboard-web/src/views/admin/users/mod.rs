//! People: the list, one account, a new one.

use std::fmt;
use std::time::SystemTime;

use maud::{Markup, html};

use super::known::{self, FromDirectory};
use crate::views::components::field::{Field, TextInput, error_summary, select};
use crate::views::components::icon::Icon;
use crate::views::components::pager::{Pager, pager};
use crate::views::components::table::{Column, table};
use crate::views::components::{
    breadcrumbs, copy_chip, empty_state, key_value, page_header, plural, section, state, time,
};
use crate::views::frame::{Frame, Page, Section};
use crate::views::links::UserAction;

/// The list of people, narrowed by `q`, `source`, `role` and `seen` in the address.
#[derive(Debug, Clone, Default)]
pub struct UsersView {
    /// Words to find in names.
    pub search: String,
    /// The source that is asked for; empty for all.
    pub source: String,
    /// The role that is asked for; empty for all.
    pub role: String,
    /// The last sign-in that is asked for: `week`, `quarter`, `longer`, `never`; empty for all.
    pub seen: String,
    /// The sources there are: value and name.
    pub sources: Vec<(String, String)>,
    /// The roles there are.
    pub roles: Vec<String>,
    /// The people of this page.
    pub rows: Vec<UserRow>,
    /// How many match in all.
    pub total: usize,
    /// The pages beside this one.
    pub pager: Pager,
}

/// A person in the list.
#[derive(Debug, Clone, Default)]
pub struct UserRow {
    /// What names the account in addresses: `source:subject`.
    pub id: String,
    /// The name to sign in with.
    pub username: String,
    /// The name people read.
    pub display_name: String,
    /// Where the account lives, in words: `this installation`, `service account`.
    pub source: String,
    /// The role.
    pub role: String,
    /// Whether they may sign in.
    pub enabled: bool,
    /// When they signed in last.
    pub last_sign_in: Option<SystemTime>,
    /// How many tokens they have.
    pub tokens: usize,
}

/// How long ago somebody signed in.
const SEEN: [(&str, &str); 4] = [
    ("week", "within 7 days"),
    ("quarter", "within 90 days"),
    ("longer", "longer ago, or never"),
    ("never", "never"),
];

fn choice<'a>(
    label: &str,
    name: &str,
    chosen: &str,
    options: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Markup {
    html! {
        label.inline { span { (label) }
            span.select {
                select name=(name) {
                    option value="" { "Any" }
                    @for (value, text) in options { option value=(value) selected[value == chosen] { (text) } }
                }
                (Icon::ChevronDown)
            }
        }
    }
}

/// The page that lists them.
#[must_use]
pub fn list(frame: &Frame, view: &UsersView) -> Markup {
    let links = &frame.links;
    frame.page(&Page::new("Users", Section::Admin), &html! {
        (page_header("Administration", &html! {}, &html! {}))
        (super::section_tabs(frame, "Users"))
        div.toolbar {
            form.filters role="search" aria-label="Users" action=(links.to("/admin/users")) method="get" data-submit-on-change {
                label.search for="users-q" {
                    (Icon::Search)
                    span.visually-hidden { "Find people" }
                    input id="users-q" type="search" name="q" value=(view.search) placeholder="Find people" autocomplete="off";
                }
                @if view.sources.len() > 1 {
                    (choice("Account", "source", &view.source, view.sources.iter().map(|(value, name)| (value.as_str(), name.as_str()))))
                }
                (choice("Role", "role", &view.role, view.roles.iter().map(|role| (role.as_str(), role.as_str()))))
                (choice("Last sign-in", "seen", &view.seen, SEEN))
                button.button.without-script type="submit" { "Find" }
            }
            p.result-count { (plural(view.total, "person", "people")) }
            div.tools { a.button.primary href=(links.to("/admin/users/new")) { (Icon::Plus) "New user" } }
        }
        @if view.rows.is_empty() {
            (empty_state(Icon::Person, "Nobody like that", &html! {
                p { a.button href=(links.to("/admin/users")) { "Show everyone" } }
            }))
        } @else {
            (table(
                "Users",
                &[
                    Column::new("Person").class("title"),
                    Column::new("Role"),
                    Column::new("State"),
                    Column::new("Account"),
                    Column::new("Tokens").class("number"),
                    Column::new("Last sign-in"),
                ],
                &view.rows.iter().map(|row| cells(frame, row)).collect::<Vec<_>>(),
            ))
        }
        (pager("Pages of users", &view.pager))
    })
}

fn cells(frame: &Frame, row: &UserRow) -> Vec<Markup> {
    vec![
        html! {
            a.model-link href=(frame.links.user(&row.id)) {
                strong { (row.display_name) }
                span.reference { (row.username) }
            }
        },
        html! { (row.role) },
        state::enabled(row.enabled),
        html! { (row.source) },
        html! { (row.tokens) },
        html! {
            @match row.last_sign_in {
                Some(at) => (time::relative(frame.now, at)),
                None => span.muted { "never" },
            }
        },
    ]
}

/// A role to choose.
#[derive(Debug, Clone)]
pub struct RoleChoice {
    /// Its name: `publisher`.
    pub name: String,
    /// What it allows, in a few words.
    pub meaning: String,
}

impl RoleChoice {
    pub(in crate::views) fn options(roles: &[Self]) -> Vec<(String, String)> {
        roles
            .iter()
            .map(|role| {
                (
                    role.name.clone(),
                    format!("{} – {}", role.name, role.meaning),
                )
            })
            .collect()
    }
}

/// A new account, posted to `/admin/users` as `username`, `display_name`, `email`, `role`,
/// `password` (empty: one is generated and shown once).
#[derive(Debug, Clone, Default)]
pub struct NewUserView {
    /// The name to sign in with.
    pub username: Field,
    /// The name people read.
    pub display_name: Field,
    /// The mail address.
    pub email: Field,
    /// The role.
    pub role: Field,
    /// What is wrong with the password.
    pub password_error: Option<String>,
    /// The roles.
    pub roles: Vec<RoleChoice>,
    /// What is wrong with the form as a whole.
    pub error: Option<String>,
}

/// The page that makes an account.
#[must_use]
pub fn new(frame: &Frame, view: &NewUserView) -> Markup {
    let links = &frame.links;
    let users = links.to("/admin/users");
    let password = view
        .password_error
        .as_ref()
        .map_or_else(Field::default, |error| {
            Field::default().wrong(error.clone())
        });
    frame.page(&Page::new("New user", Section::Admin), &html! {
        (breadcrumbs(&[(users.clone(), "Users".to_owned())]))
        (page_header("New user", &html! {
            p.lead { "An account of this installation. People of a directory need none: they sign in with what they have." }
        }, &html! {}))
        form.narrow method="post" action=(users) data-guard {
            (frame.csrf_field())
            (error_summary(view.error.as_deref(), &[]))
            section.panel {
                (TextInput {
                    name: "username", label: "Username", field: &view.username, required: true, mono: true,
                    autofocus: true, max_length: Some(128), help: Some("To sign in with; it cannot be changed later."),
                    ..TextInput::default()
                }.markup())
                (TextInput {
                    name: "display_name", label: "Name", field: &view.display_name,
                    help: Some("The name people read. Empty: the username."), max_length: Some(128),
                    ..TextInput::default()
                }.markup())
                (TextInput {
                    name: "email", label: "Mail", field: &view.email, kind: "email", max_length: Some(254),
                    ..TextInput::default()
                }.markup())
                (select("role", "Role", &RoleChoice::options(&view.roles), &view.role, None))
                (TextInput {
                    name: "password", label: "Password", field: &password, kind: "password",
                    autocomplete: "new-password", help: Some("At least 12 characters. Empty: one is generated and shown once."),
                    ..TextInput::default()
                }.markup())
                div.buttons {
                    a.button href=(users) { "Cancel" }
                    button.button.primary type="submit" { "Create the user" }
                }
            }
        }
    })
}

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
        (page_header(&row.display_name, &html! { div.beside { (state::enabled(row.enabled)) code { (row.username) } } }, &html! {
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
                        "Name, mail and password are kept in the directory."
                        @if view.role_is_given { " So is the role: a change here would be undone by the next look." }
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
                    (key_value::list(&[("Role", html! { (view.role.value) p.help { (view.role_reason) } })]))
                } @else {
                    (select("role", "Role", &RoleChoice::options(&view.roles), &view.role,
                        Some(&format!("{} A changed role ends their sessions and limits their tokens at once.", view.role_reason))))
                }
                @if !(view.kind == AccountKind::Directory && (view.own || view.role_is_given)) {
                    div.buttons { button.button.primary type="submit" { "Save" } }
                }
            }
        },
    )
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
        facts.push(("Audit log", html! {
            a href=(frame.links.query("/admin/audit", [("who", row.username.clone())])) { "What they did" }
        }));
    }
    if view.own {
        facts.push(("Note", html! { "This is your own account." }));
    }
    html! { section.panel { h2.visually-hidden { "Facts" } (key_value::list(&facts)) } }
}
