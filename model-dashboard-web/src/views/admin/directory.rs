//! A directory that people sign in with: how it does, a walk through a sign-in, a look at everybody.

use std::time::{Duration, SystemTime};

use maud::{Markup, html};

use crate::views::components::field::{Field, TextInput};
use crate::views::components::icon::Icon;
use crate::views::components::{
    Tone, breadcrumbs, breakable, key_value, notice, page_header, plural, section, state, time,
};
use crate::views::frame::{Frame, Page, Section};
use crate::views::groups;

/// A directory.
///
/// A name is posted to [`super::super::Links::directory`] with `/test` as `username`; everybody is
/// looked at by `/recheck`; with `left`, `asked` and `since` what is doubted so far is believed.
#[derive(Debug, Clone, Default)]
pub struct DirectoryView {
    /// Its name: `ldap`.
    pub source: String,
    /// What people know it as.
    pub label: String,
    /// Whether it can be asked about people without their passwords.
    pub can_recheck: bool,
    /// Days that tokens work after a sign-in, where it cannot.
    pub token_days: u16,
    /// How often people are looked at again, where it can.
    pub recheck_interval: Duration,
    /// How long they get in while nobody can sign in with it.
    pub grace: Duration,
    /// What it is asked, and how: names and values.
    pub facts: Vec<(String, Vec<String>)>,
    /// Since when it does not do well, and what is wrong.
    pub trouble: Option<Trouble>,
    /// Whom the last walk looked for.
    pub username: Field,
    /// What a walk saw.
    pub walk: Option<Walk>,
    /// What it says of who left, which is not believed, if so.
    pub doubted: Option<Doubted>,
    /// What a look at everybody found.
    pub looked: Option<Looked>,
    /// Whether the person may look at everybody.
    pub may_recheck: bool,
    /// What is wrong with a form as a whole.
    pub error: Option<String>,
}

/// What is wrong with a directory.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// Since when.
    pub since: SystemTime,
    /// In a sentence.
    pub text: String,
}

/// Who is said to have left, which is not believed: what the person sees, and so may believe.
#[derive(Debug, Clone)]
pub struct Doubted {
    /// Some of them, each with the id and the name.
    pub people: Vec<(String, String)>,
    /// Of how many it is said.
    pub left: usize,
    /// Of how many it was asked.
    pub asked: usize,
    /// Since when, as the form posts it.
    pub since: String,
}

/// A walk through the steps of a sign-in.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// The steps.
    pub steps: Vec<Step>,
    /// Whom it was to look for; empty for nobody.
    pub asked: String,
    /// Who was found.
    pub person: Option<Found>,
}

/// A step of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// What was tried.
    pub name: String,
    /// How it went.
    pub verdict: StepVerdict,
    /// What was seen.
    pub saw: String,
    /// What to do; empty for nothing.
    pub advice: String,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepVerdict {
    /// As it should.
    Well,
    /// It could be better.
    Warning,
    /// Not.
    Failed,
}

/// Somebody who was found, as they would be after a sign-in.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The name people read.
    pub display_name: String,
    /// The name to sign in with.
    pub username: String,
    /// The stable id.
    pub subject: String,
    /// The mail address; empty for none.
    pub email: String,
    /// The role, with the reason in a sentence.
    pub role: String,
    /// Why.
    pub role_reason: String,
    /// The groups.
    pub groups: Vec<String>,
}

/// What a look at everybody found.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    /// How many were asked about.
    pub asked: usize,
    /// Who is still there.
    pub still_there: usize,
    /// Of those, of whom something changed.
    pub changed: usize,
    /// Who left.
    pub left: usize,
    /// Who is said to have left, which is not believed.
    pub doubted: usize,
    /// Of whom nothing was said.
    pub unanswered: usize,
    /// Why.
    pub reason: String,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &DirectoryView) -> Markup {
    let above = match frame.may().manage_system {
        true => ("/admin/system", "System"),
        false => ("/admin/users", "Users"),
    };
    let above = (frame.links.to(above.0), above.1.to_owned());
    frame.page(&Page::new(&view.label, Section::Admin), &html! {
        (breadcrumbs(&[above]))
        (page_header(&view.label, &html! { div.beside {
            @match view.trouble { Some(_) => (state::pill(Tone::Warning, "Degraded")), None => (state::pill(Tone::Ok, "OK")) }
            code { (view.source) }
        } }, &html! {}))
        @if let Some(trouble) = &view.trouble {
            (notice(Tone::Warning, &html! {
                p { (trouble.text) }
                p { "Since " (time::exact(trouble.since)) ", " (time::relative(frame.now, trouble.since)) "." }
            }))
        }
        @if let Some(error) = &view.error { div role="alert" { (notice(Tone::Danger, &html! { p { (error) } })) } }
        div.columns {
            div.main-column {
                (test(frame, view))
                (everybody(frame, view))
            }
            @if !view.facts.is_empty() {
                aside.side-column.wide aria-label="Settings in force" { (in_force(frame, view)) }
            }
        }
    })
}

fn in_force(frame: &Frame, view: &DirectoryView) -> Markup {
    let facts = view.facts.iter().map(|(name, values)| {
        let values = html! { @for value in values { div { (value_of(value)) } } };
        (name.as_str(), values)
    });
    let facts: Vec<(&str, Markup)> = facts.collect();
    section(
        "In force",
        &html! {
            (key_value::list(&facts))
            @if frame.may().manage_system {
                p.help { a href=(frame.links.to("/admin/system")) { "All settings" } ", and where each comes from" }
            }
        },
    )
}

/// Names and addresses as such, words as words.
fn value_of(text: &str) -> Markup {
    let is_name = text.contains(['=', '{', '/', '@', '\\']) && !text.contains(": ");
    html! { @if is_name { code.breakable { (breakable(text)) } } @else { (text) } }
}

fn test(frame: &Frame, view: &DirectoryView) -> Markup {
    let action = format!("{}/test", frame.links.directory(&view.source));
    section(
        "Test the connection",
        &html! {
            p { "Walks through what a sign-in needs, without a password. Nobody is signed in." }
            form method="post" action=(action) {
                (frame.csrf_field())
                (TextInput {
                    name: "username", label: "Test as user", field: &view.username, mono: true, max_length: Some(128),
                    help: Some("A name to sign in with, to see groups and role before they do. Empty: only the connection."),
                    class: "plain", ..TextInput::default()
                }.markup())
                div.buttons { button.button.primary type="submit" { "Test" } }
            }
            @if let Some(walk) = &view.walk { (walked(walk)) }
        },
    )
}

fn walked(walk: &Walk) -> Markup {
    let failed = walk
        .steps
        .iter()
        .any(|step| step.verdict == StepVerdict::Failed);
    let warned = walk
        .steps
        .iter()
        .any(|step| step.verdict == StepVerdict::Warning);
    let nobody = !walk.asked.is_empty() && walk.person.is_none();
    html! {
        div role="status" {
            @if failed { (notice(Tone::Danger, &html! { p { strong { "Signing in does not work" @if !walk.asked.is_empty() { " for “" (walk.asked) "”" } "." } " The step that failed says why, and what to do." } })) }
            @else if nobody { (notice(Tone::Warning, &html! { p { "The connection works, but “" (walk.asked) "” was not looked up: the steps say why." } })) }
            @else if warned { (notice(Tone::Warning, &html! { p { "Signing in works, as far as it shows: look at the steps that are marked." } })) }
            @else { (notice(Tone::Ok, &html! { p { "Signing in works." } })) }
        }
        @if !walk.steps.is_empty() {
            ol.rows.health {
                @for step in &walk.steps {
                    li {
                        div {
                            strong { (step.name) }
                            p { (breakable(&step.saw)) }
                            @if !step.advice.is_empty() { p.fix { strong { "To do: " } (step.advice) } }
                        }
                        div.health-state {
                            @match step.verdict {
                                StepVerdict::Well => (state::pill(Tone::Ok, "OK")),
                                StepVerdict::Warning => (state::pill(Tone::Warning, "Look at it")),
                                StepVerdict::Failed => (state::pill(Tone::Danger, "Failed")),
                            }
                        }
                    }
                }
            }
        }
        @if let Some(person) = &walk.person {
            h3 { (person.display_name) @if failed { " was found, and is not let in" } @else { " would sign in as" } }
            (key_value::list(&[
                ("Role", html! { (state::pill_with(Tone::Info, Icon::Person, &person.role)) p.help { (breakable(&person.role_reason)) } }),
                ("Username", html! { code { (person.username) } }),
                ("Mail", html! { @if person.email.is_empty() { span.muted { "none" } } @else { (person.email) } }),
                ("Stable id", html! { code { (person.subject) } }),
                ("Groups", groups::list(&person.groups)),
            ]))
        }
    }
}

fn everybody(frame: &Frame, view: &DirectoryView) -> Markup {
    let action = format!("{}/recheck", frame.links.directory(&view.source));
    section(
        "People",
        &html! {
            @if !view.can_recheck {
                p { "This directory cannot be asked about people between their sign-ins: that takes a service account in its settings. Their tokens work for "
                    (plural(view.token_days.into(), "day", "days")) " after each sign-in." }
            } @else {
                p { "Everybody who holds a session or token is looked at again at least every " (time::span(view.recheck_interval))
                    ". Who left loses both. While the directory does not answer, both go on for " (time::span(view.grace))
                    " after it last confirmed their owner." }
                @if let Some(looked) = &view.looked { (found(looked)) }
                @if let Some(seen) = &view.doubted { (doubted(frame, view, &action, seen)) }
                @if view.may_recheck {
                    form method="post" action=(action) {
                        (frame.csrf_field())
                        div.buttons { button.button type="submit" { (Icon::Search) "Re-check everybody now" } }
                    }
                }
            }
        },
    )
}

fn found(looked: &Looked) -> Markup {
    let tone = match (looked.doubted, looked.unanswered) {
        (0, 0) => Tone::Ok,
        _ => Tone::Warning,
    };
    html! {
        div role="status" {
            (notice(tone, &html! {
                p {
                    (plural(looked.asked, "person", "people")) " asked about: " (looked.still_there) " still there"
                    @if looked.changed > 0 { " (" (looked.changed) " of them changed)" }
                    @if looked.left > 0 { ", " (looked.left) " left" }
                    @if looked.unanswered > 0 { ", " (looked.unanswered) " without an answer" }
                    "."
                }
                @if !looked.reason.is_empty() { p { (looked.reason) } }
                @if looked.doubted > 0 {
                    p { strong { (plural(looked.doubted, "person is", "people are")) " said to have left, which is not believed." }
                        " Nothing was taken from them. See first that the directory shows its people: test as one of them." }
                }
            }))
        }
    }
}

/// The way to believe what is doubted, for as long as it is.
fn doubted(frame: &Frame, view: &DirectoryView, action: &str, seen: &Doubted) -> Markup {
    let count = seen.left;
    html! {
        @if view.may_recheck {
            form method="post" action=(action) {
                (frame.csrf_field())
                input type="hidden" name="left" value=(seen.left);
                input type="hidden" name="asked" value=(seen.asked);
                input type="hidden" name="since" value=(seen.since);
                p {
                    "The directory says that " (plural(count, "person", "people")) " left, which is not believed"
                    @for (number, (id, name)) in seen.people.iter().enumerate() {
                        @if number == 0 { ": " } @else { ", " }
                        a href=(frame.links.user(id)) { (name) }
                    }
                    @if !seen.people.is_empty() && seen.people.len() < count { " and " (count - seen.people.len()) " more" }
                    "."
                }
                p { "If they did, say so; it is asked once more, and whoever of them it says so of again loses sessions and tokens. If it says so of others, too, nobody loses anything, and you are asked again." }
                div.buttons { button.button.danger type="submit" { "They did leave: disable " (plural(count, "account", "accounts")) } }
            }
        }
    }
}
