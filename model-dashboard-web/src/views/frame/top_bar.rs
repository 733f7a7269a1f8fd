//! The top bar: the ways to all sections, the search, what can be made, the person.

use maud::{Markup, html};

use super::{Frame, May, PRODUCT, Page, Person, Section, Theme};
use crate::views::components::{icon::Icon, menu};
use crate::views::links::Links;

impl Frame {
    pub(super) fn top_bar(&self, page: &Page<'_>) -> Markup {
        let links = &self.links;
        html! {
            header.top {
                div.top-inner {
                    a.brand href=(links.models()) {
                        (Icon::Brand)
                        span.brand-names {
                            span { (PRODUCT) }
                            @if let Some(site) = &self.site_name { span.site { (site) } }
                        }
                    }
                    @if let Some(person) = &self.person {
                        nav.top-nav aria-label="Main" {
                            (self.entry(page, Section::Models, &links.models(), "Models"))
                            @if person.may.write_packages {
                                (self.entry(page, Section::Uploads, &links.upload(), "Uploads"))
                            }
                            (self.entry(page, Section::Activity, &links.to("/activity"), "Activity"))
                            @if let Some(first) = admin_tabs(links, person.may).first() {
                                (self.entry(page, Section::Admin, &first.0, "Admin"))
                            }
                        }
                        @if page.search {
                            form.top-search role="search" aria-label="Models" action=(links.models()) method="get" {
                                (search_field("", "top-search", None))
                            }
                        }
                        div.top-actions {
                            @if person.may.write_models {
                                (self.new_menu(person.may))
                            }
                            (self.person_menu(person))
                        }
                    }
                }
            }
        }
    }

    fn entry(&self, page: &Page<'_>, section: Section, href: &str, text: &str) -> Markup {
        let current = (page.section == section).then_some("true");
        html! { a href=(href) aria-current=[current] { (text) } }
    }

    fn new_menu(&self, may: May) -> Markup {
        let links = &self.links;
        menu::menu(
            &html! { (Icon::Plus) span.wide { "New model" } (Icon::ChevronDown) },
            &menu::Look {
                class: "button primary",
                label: Some("New model"),
                align_right: true,
            },
            &html! {
                @if may.write_packages {
                    a href=(links.upload()) { (Icon::Package) "Upload a package" }
                }
                a href=(links.to("/create")) { (Icon::Edit) "Create a definition" }
                a href=(links.derive()) { (Icon::Copy) "Derive from a model" }
                a href=(links.to("/import")) { (Icon::Upload) "Import JSON files" }
            },
        )
    }

    fn person_menu(&self, person: &Person) -> Markup {
        let links = &self.links;
        menu::menu(
            &html! { (Icon::Person) span.wide { (person.display_name) } (Icon::ChevronDown) },
            &menu::Look {
                class: "button quiet person",
                label: Some(&format!("Account of {}", person.display_name)),
                align_right: true,
            },
            &html! {
                p.menu-head { strong { (person.display_name) } span.mono { (person.username) } span.muted { (person.source) } }
                a href=(links.to("/profile")) { (Icon::Person) "Profile" }
                a href=(links.to("/tokens")) { (Icon::Key) "API tokens" }
                form.theme-switch method="post" action=(links.to("/theme")) data-theme-form {
                    (self.csrf_field())
                    span id="theme-label" { "Theme" }
                    div role="group" aria-labelledby="theme-label" {
                        @for (theme, text) in [
                            (Theme::System, "System"), (Theme::Light, "Light"), (Theme::Dark, "Dark"),
                        ] {
                            button type="submit" name="theme" value=(theme.value())
                                aria-pressed=(self.theme == theme) { (text) }
                        }
                    }
                }
                form method="post" action=(links.to("/logout")) {
                    (self.csrf_field())
                    button type="submit" { (Icon::SignOut) "Sign out" }
                }
            },
        )
    }
}

/// The pages of the Admin section that the permissions open: address and text.
#[must_use]
pub fn admin_tabs(links: &Links, may: May) -> Vec<(String, &'static str)> {
    [
        (may.manage_users, "/admin/users", "Users"),
        (may.read_audit, "/admin/audit", "Audit log"),
        (may.read_audit, "/admin/as-of", "As of"),
        (may.manage_system, "/admin/deleted", "Deleted models"),
        (may.manage_system, "/admin/storage", "Storage"),
        (may.manage_system, "/admin/system", "System"),
    ]
    .into_iter()
    .filter(|(allowed, ..)| *allowed)
    .map(|(_, path, text)| (links.to(path), text))
    .collect()
}

/// The field that `/` focuses. `live` holds the address and the target that typing refreshes.
pub(in crate::views) fn search_field(value: &str, id: &str, live: Option<(&str, &str)>) -> Markup {
    html! {
        label.search for=(id) {
            (Icon::Search)
            span.visually-hidden { "Search models" }
            input id=(id) type="search" name="q" value=(value) placeholder="Search models and labels"
                autocomplete="off" spellcheck="false" maxlength="200" data-search
                hx-get=[live.map(|(url, _)| url)]
                hx-target=[live.map(|(_, target)| target)]
                hx-select=[live.map(|(_, target)| target)]
                hx-include=[live.map(|_| "closest form")]
                hx-trigger=[live.map(|_| "input changed delay:150ms, search")]
                hx-swap=[live.map(|_| "outerHTML")]
                hx-push-url=[live.map(|_| "true")]
                hx-sync=[live.map(|_| "this:replace")];
            kbd aria-hidden="true" { "/" }
        }
    }
}
