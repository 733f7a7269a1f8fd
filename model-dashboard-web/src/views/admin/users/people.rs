//! The list of people.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::views::admin::section_tabs;
use crate::views::components::icon::Icon;
use crate::views::components::pager::{Pager, pager};
use crate::views::components::table::{Column, table};
use crate::views::components::{Tone, empty_state, page_header, plural, state, time};
use crate::views::frame::{Frame, Page, Section};

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
    /// Whether they may not because their directory does not let them any more.
    pub left: bool,
    /// When they signed in last.
    pub last_sign_in: Option<SystemTime>,
    /// How many tokens they have.
    pub tokens: usize,
}

impl UserRow {
    /// Whether they may sign in, in a word.
    pub(in crate::views) fn state(&self) -> Markup {
        match self.left {
            true => state::pill(Tone::Muted, "Left"),
            false => state::enabled(self.enabled),
        }
    }
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
        (section_tabs(frame, "Users"))
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
        html! { @if row.left { span.muted { (row.role) } } @else { (row.role) } },
        row.state(),
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
