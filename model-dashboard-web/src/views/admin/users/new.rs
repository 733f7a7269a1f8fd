//! A new account.

use maud::{Markup, html};

use super::RoleChoice;
use crate::views::components::field::{Field, TextInput, error_summary, select};
use crate::views::components::{breadcrumbs, page_header};
use crate::views::frame::{Frame, Page, Section};

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
