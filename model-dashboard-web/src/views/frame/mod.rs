//! What stands around the content of every page.

mod top_bar;

use std::fmt;
use std::time::SystemTime;

use maud::{DOCTYPE, Markup, html};

pub use self::top_bar::admin_tabs;
pub(super) use self::top_bar::search_field;
use super::components::{Tone, time};
use super::links::Links;
use crate::assets::Asset;

/// What the product is called.
pub const PRODUCT: &str = "Model Dashboard";

/// What a page needs to know about the request besides its own content. Made once per request.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Makes every address.
    pub links: Links,
    /// The institution's or site's name, beside the product's.
    pub site_name: Option<String>,
    /// The moment that relative times refer to.
    pub now: SystemTime,
    /// The theme that the cookie asks for.
    pub theme: Theme,
    /// Goes into every form as the hidden field `csrf`.
    pub csrf: CsrfToken,
    /// Who is signed in; `None` on the sign-in page and on errors before it.
    pub person: Option<Person>,
    /// The one banner below the top bar.
    pub banner: Option<Banner>,
    /// What the request before this one did, said once.
    pub status: Option<Status>,
    /// The product's version, in the footer.
    pub version: String,
}

/// Who is signed in and what the frame offers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name people read.
    pub display_name: String,
    /// The name to sign in with.
    pub username: String,
    /// Where the account lives, in words.
    pub source: String,
    /// What they may do.
    pub may: May,
}

/// Which entries of the frame and which buttons of the pages are shown. The use cases decide
/// again: hiding a button protects nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct May {
    /// `models:write`
    pub write_models: bool,
    /// `models:enable`
    pub enable_models: bool,
    /// `packages:read`
    pub read_packages: bool,
    /// `packages:write`
    pub write_packages: bool,
    /// `audit:read`
    pub read_audit: bool,
    /// `users:admin`
    pub manage_users: bool,
    /// `system:admin`
    pub manage_system: bool,
}

/// A session's token against cross-site requests.
#[derive(Clone, Default)]
pub struct CsrfToken(pub String);

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken(…)")
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// What the system asks for.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The value of the cookie and of the form field `theme`.
    #[must_use]
    pub fn value(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the value of the cookie or the form field; anything unknown is the system's theme.
    #[must_use]
    pub fn from_value(value: &str) -> Self {
        match value {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then(|| self.value())
    }
}

/// The line below the top bar, for what concerns the whole site: the store cannot be reached, a
/// token expires, this is a demonstration.
#[derive(Debug, Clone)]
pub struct Banner {
    /// Colour and icon.
    pub tone: Tone,
    /// One sentence.
    pub text: String,
    /// Since when, shown after the text.
    pub since: Option<SystemTime>,
    /// Where to do something about it: text and address.
    pub action: Option<(String, String)>,
}

/// Says once what has been done, as `role=status`.
#[derive(Debug, Clone)]
pub struct Status {
    /// Colour and icon.
    pub tone: Tone,
    /// One sentence.
    pub text: String,
    /// The way to what it is about, or back: text and address.
    pub action: Option<(String, String)>,
}

/// The entry of the top bar that is marked as the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Models and everything about one.
    Models,
    /// Packages on their way in.
    Uploads,
    /// The activity page.
    Activity,
    /// Users, audit, system.
    Admin,
    /// None of them: profile, tokens, errors.
    Elsewhere,
}

/// What a page tells its frame.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// Stands in the browser tab before the site's name.
    pub title: &'a str,
    /// The current entry of the top bar.
    pub section: Section,
    /// Whether the top bar has its search field; the list of models brings a field of its own.
    pub search: bool,
    /// Scripts of its own, besides those of every page.
    pub scripts: &'static [Asset],
    /// After how many seconds a browser without scripts asks again.
    pub refresh: Option<u32>,
}

impl<'a> Page<'a> {
    /// A page with the search field in its top bar.
    #[must_use]
    pub fn new(title: &'a str, section: Section) -> Self {
        Self {
            title,
            section,
            search: true,
            scripts: &[],
            refresh: None,
        }
    }
}

impl Frame {
    /// What the person may do; nothing without one.
    #[must_use]
    pub fn may(&self) -> May {
        self.person
            .as_ref()
            .map(|person| person.may)
            .unwrap_or_default()
    }

    /// The hidden field that every posting form holds.
    #[must_use]
    pub fn csrf_field(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.csrf.0); }
    }

    /// The whole document around `content`, which is the inside of `main`.
    #[must_use]
    pub fn page(&self, page: &Page<'_>, content: &Markup) -> Markup {
        self.document(
            page,
            &html! {
                (self.top_bar(page))
                (self.banner())
                main id="main" tabindex="-1" {
                    (self.status())
                    (content)
                }
                (self.footer())
            },
        )
    }

    /// A document without the top bar: the sign-in page.
    #[must_use]
    pub fn bare_page(&self, title: &str, content: &Markup) -> Markup {
        self.document(
            &Page::new(title, Section::Elsewhere),
            &html! {
                (self.banner())
                main id="main" class="bare" tabindex="-1" {
                    (self.status())
                    (content)
                }
            },
        )
    }

    fn document(&self, page: &Page<'_>, body: &Markup) -> Markup {
        let title = page.title;
        let links = &self.links;
        html! {
            (DOCTYPE)
            html lang="en" data-theme=[self.theme.attribute()] {
                head {
                    meta charset="utf-8";
                    title {
                        (title) " · " (PRODUCT)
                        @if let Some(site) = &self.site_name { " · " (site) }
                    }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex";
                    // htmx keeps no copies of pages in the browser's storage, and adds neither
                    // styles nor evaluated code, which the content security policy would block.
                    meta name="htmx-config" content=r#"{"includeIndicatorStyles":false,"allowEval":false,"historyCacheSize":0,"refreshOnHistoryMiss":true,"selfRequestsOnly":true,"scrollBehavior":"auto"}"#;
                    @if let Some(seconds) = page.refresh {
                        noscript { meta http-equiv="refresh" content=(seconds); }
                    }
                    link rel="preload" href=(links.asset(Asset::Font)) as="font" type="font/woff2" crossorigin;
                    link rel="stylesheet" href=(links.asset(Asset::Css));
                    link rel="icon" href=(links.asset(Asset::Favicon)) type="image/svg+xml";
                    script src=(links.asset(Asset::Htmx)) defer {}
                    script src=(links.asset(Asset::Script)) defer {}
                    @for script in page.scripts { script src=(links.asset(*script)) defer {} }
                }
                body {
                    a.skip href="#main" { "Skip to content" }
                    (body)
                    div id="announcer" class="visually-hidden" aria-live="polite" {}
                }
            }
        }
    }

    fn banner(&self) -> Markup {
        html! {
            @if let Some(banner) = &self.banner {
                aside class={ "banner " (banner.tone.class()) } aria-label="Notice" {
                    div.banner-inner {
                        (banner.tone.icon())
                        p {
                            (banner.text)
                            @if let Some(since) = banner.since {
                                " Since " (time::exact(since)) ", " (time::relative(self.now, since)) "."
                            }
                        }
                        @if let Some((text, href)) = &banner.action {
                            a href=(href) { (text) }
                        }
                    }
                }
            }
        }
    }

    fn status(&self) -> Markup {
        html! {
            @if let Some(status) = &self.status {
                div role="status" class={ "notice " (status.tone.class()) } {
                    (status.tone.icon())
                    div {
                        p { (status.text) }
                        @if let Some((text, href)) = &status.action {
                            p { a href=(href) { (text) } }
                        }
                    }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        html! {
            footer.foot {
                div.foot-inner {
                    span { (PRODUCT) " " (self.version) }
                    a href=(self.links.to("/docs")) { "API documentation" }
                    span.keys { kbd { "/" } " searches" }
                }
            }
        }
    }
}
