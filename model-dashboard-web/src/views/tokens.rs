//! API tokens of one's own, and service accounts.

use std::fmt;
use std::time::SystemTime;

use maud::{Markup, html};

use super::admin::users::RoleChoice;
use super::components::field::{Field, TextInput, checkbox, error_summary, select};
use super::components::icon::Icon;
use super::components::pager::{Pager, pager};
use super::components::table::{Column, table};
use super::components::{
    Tone, copy_block, copy_chip, empty_state, notice, page_header, plural, section, state, time,
};
use super::frame::{Frame, Page, Section};

/// Tokens, service accounts and the forms that make them.
///
/// A token is posted to `/tokens` as `description`, `scope` (once per scope), `expires_in_days` and,
/// where there are service accounts, `account` (its id; empty: one's own). It is answered with this page
/// and [`TokensView::created`], so that the token is never stored. A service account is posted to
/// `/tokens/service-accounts` as `account_name`, `account_team`, `account_role`; each has a page
/// among the users.
#[derive(Debug, Clone, Default)]
pub struct TokensView {
    /// The token that was just made: the only time it is shown.
    pub created: Option<CreatedToken>,
    /// The form that makes one.
    pub form: TokenForm,
    /// Until when one's own tokens work without another sign-in, and for how many days after each,
    /// where the directory cannot be asked between sign-ins.
    pub sign_in_limit: Option<(u16, Option<SystemTime>)>,
    /// The tokens of this page, the one that expires first on top; those of others too, for people
    /// who manage them.
    pub tokens: Vec<TokenRow>,
    /// The pages beside this one.
    pub pager: Pager,
    /// The service accounts, for people who manage them; `None` for others.
    pub service_accounts: Option<ServiceAccounts>,
}

/// A token that was just made.
#[derive(Clone)]
pub struct CreatedToken {
    /// What it is for.
    pub description: String,
    /// The token itself.
    pub token: String,
    /// The address of the API's list of models, for a first try.
    pub models_url: String,
    /// When it expires.
    pub expires_at: Option<SystemTime>,
}

impl fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedToken")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// The form that makes a token, as it was filled in.
#[derive(Debug, Clone, Default)]
pub struct TokenForm {
    /// What the form is known by, so that sending it again makes no second token; posted as `once`.
    pub once: String,
    /// What it is for.
    pub description: Field,
    /// What it may do, those that the person may give.
    pub scopes: Vec<ScopeChoice>,
    /// What is wrong with the scopes.
    pub scopes_error: Option<String>,
    /// The days it lives.
    pub expires_in_days: Field,
    /// The choices of days, ascending.
    pub days: Vec<u32>,
    /// The account it belongs to; empty is one's own.
    pub account: Field,
    /// What is wrong with the form as a whole.
    pub error: Option<String>,
}

/// A scope to tick.
#[derive(Debug, Clone)]
pub struct ScopeChoice {
    /// The permission: `models:read`.
    pub scope: String,
    /// What it allows.
    pub meaning: String,
    /// Whether it is ticked.
    pub chosen: bool,
}

/// A token in the list.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub description: String,
    /// The service account or the other person that it belongs to; `None`: one's own.
    pub account: Option<String>,
    /// Whether that is a service account.
    pub is_of_service: bool,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Option<SystemTime>,
    /// When it was used last.
    pub last_used_at: Option<SystemTime>,
    /// When it expires; `None`: never.
    pub expires_at: Option<SystemTime>,
    /// Whether it expires so soon that somebody should act.
    pub expires_soon: bool,
    /// That it ends so many days after the last sign-in of its owner, before its own end: their
    /// directory cannot be asked about them in between.
    pub days_after_sign_in: Option<u16>,
}

/// The service accounts and the form that makes one.
#[derive(Debug, Clone, Default)]
pub struct ServiceAccounts {
    /// The accounts.
    pub accounts: Vec<ServiceAccountRow>,
    /// The name of a new one.
    pub name: Field,
    /// The team that answers for it.
    pub team: Field,
    /// Its role.
    pub role: Field,
    /// The roles.
    pub roles: Vec<RoleChoice>,
}

/// A service account.
#[derive(Debug, Clone)]
pub struct ServiceAccountRow {
    /// What names it in addresses: `source:subject`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The team that answers for it.
    pub team: String,
    /// Its role.
    pub role: String,
    /// How many tokens it has.
    pub tokens: usize,
    /// Whether its tokens work.
    pub enabled: bool,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &TokensView) -> Markup {
    frame.page(&Page::new("API tokens", Section::Elsewhere), &html! {
        (page_header("API tokens", &html! {
            p.lead { "A token lets a program act for you, or for a service account, through the API." }
        }, &html! {}))
        @if let Some(created) = &view.created { (shown_once(frame, created, view.sign_in_limit.is_some())) }
        @if let Some((days, until)) = view.sign_in_limit {
            (notice(Tone::Info, &html! {
                p { "Your tokens work for " (plural(days.into(), "day", "days")) " after your last sign-in, now "
                    @match until { Some(until) => { "until " (time::exact(until)) }, None => "not before the next one" }
                    ": your directory cannot be asked about you in between. Sign in again before, and they go on until their own end." }
            }))
        }
        div.columns {
            div.main-column {
                (list(frame, &view.tokens))
                (pager("Pages of tokens", &view.pager))
                @if let Some(accounts) = &view.service_accounts { (service_accounts(frame, accounts)) }
            }
            aside.side-column.wide aria-label="New token" { (new_token(frame, view)) }
        }
    })
}

fn shown_once(frame: &Frame, created: &CreatedToken, limited: bool) -> Markup {
    html! {
        section.panel.created role="status" {
            h2 { (Icon::Key) "Token for “" (created.description) "”" }
            p { strong { "Copy it now: it is not shown again." }
                @if let Some(at) = created.expires_at { " It expires " (time::relative(frame.now, at)) @if limited { " unless you sign in again before" } "." } }
            (copy_chip(&created.token, "the token"))
            p { "Try it:" }
            (copy_block(
                &format!("curl -H \"Authorization: Bearer {}\" {}", created.token, created.models_url),
                "the command",
            ))
        }
    }
}

fn list(frame: &Frame, tokens: &[TokenRow]) -> Markup {
    if tokens.is_empty() {
        return empty_state(
            Icon::Key,
            "No tokens",
            &html! { p { "The form makes the first one." } },
        );
    }
    let of_others = tokens.iter().any(|token| token.account.is_some());
    let mut columns = vec![Column::new("Token").class("title")];
    if of_others {
        columns.push(Column::new("Account"));
    }
    columns.extend([
        Column::new("Expires"),
        Column::new("Last used"),
        Column::new("Revoke").class("shrink").hidden(),
    ]);
    let rows: Vec<Vec<Markup>> = tokens
        .iter()
        .map(|token| {
            let mut cells = vec![html! {
                strong { (token.description) }
                span.scopes { @for scope in &token.scopes { code { (scope) } } }
                @if let Some(at) = token.created_at { span.meta { "made " (time::relative(frame.now, at)) } }
            }];
            if of_others {
                cells.push(html! {
                    @match &token.account {
                        Some(account) => {
                            @let icon = if token.is_of_service { Icon::Robot } else { Icon::Person };
                            span.nowrap { (icon) " " (account) }
                        },
                        None => "you",
                    }
                });
            }
            cells.extend([
                expiry(frame, token),
                html! {
                    @match token.last_used_at {
                        Some(at) => (time::relative(frame.now, at)),
                        None => span.muted { "never" },
                    }
                },
                html! {
                    a.button.danger-quiet href=(frame.links.revoke_token(token.id)) data-question-link
                        aria-label={ "Revoke " (token.description) } { "Revoke" }
                },
            ]);
            cells
        })
        .collect();
    table("API tokens", &columns, &rows)
}

fn expiry(frame: &Frame, token: &TokenRow) -> Markup {
    html! {
        @match token.expires_at {
            None => (state::pill(Tone::Warning, "Never")),
            Some(at) if at <= frame.now => {
                (state::pill(Tone::Danger, "Expired"))
                span.meta { (time::relative(frame.now, at)) }
            },
            Some(at) if token.expires_soon => {
                (state::pill(Tone::Warning, "Soon"))
                span.meta { (time::relative(frame.now, at)) }
            },
            Some(at) => (time::relative(frame.now, at)),
        }
        @if let Some(days) = token.days_after_sign_in {
            span.meta {
                (plural(days.into(), "day", "days"))
                @if token.account.is_some() { " after the owner’s last sign-in" } @else { " after your last sign-in" }
            }
        }
    }
}

fn new_token(frame: &Frame, view: &TokensView) -> Markup {
    let form = &view.form;
    let days: Vec<(String, String)> = form
        .days
        .iter()
        .map(|days| {
            (
                days.to_string(),
                plural(usize::try_from(*days).unwrap_or(usize::MAX), "day", "days"),
            )
        })
        .collect();
    let mut accounts = vec![(String::new(), "You".to_owned())];
    if let Some(services) = &view.service_accounts {
        accounts.extend(
            services
                .accounts
                .iter()
                .filter(|account| account.enabled)
                .map(|account| {
                    let text = format!("Service account {}", account.name);
                    (account.id.clone(), text)
                }),
        );
    }
    section(
        "New token",
        &html! {
            form method="post" action=(frame.links.to("/tokens")) {
                (frame.csrf_field())
                input type="hidden" name="once" value=(form.once);
                (error_summary(form.error.as_deref(), &[]))
                (TextInput {
                    name: "description", label: "Description", field: &form.description, required: true,
                    help: Some("What is it for, and where does it run?"), max_length: Some(200),
                    ..TextInput::default()
                }.markup())
                @if accounts.len() > 1 || form.account.error.is_some() { (select("account", "Acts for", &accounts, &form.account, None)) }
                (select("expires_in_days", "Expires after", &days, &form.expires_in_days, None))
                fieldset.choice {
                    legend { "It may" }
                    @for choice in &form.scopes {
                        (checkbox("scope", &choice.scope, choice.chosen, false, &html! {
                            (choice.meaning) code { (choice.scope) }
                        }))
                    }
                    @if let Some(error) = &form.scopes_error { div.error { p { (Icon::Alert) (error) } } }
                }
                div.buttons { button.button.primary type="submit" { "Make the token" } }
            }
        },
    )
}

fn service_accounts(frame: &Frame, services: &ServiceAccounts) -> Markup {
    section(
        "Service accounts",
        &html! {
            p.help { "For pipelines: nobody signs in with them, a team answers for them, their tokens live up to a year." }
            @if !services.accounts.is_empty() {
                ul.rows {
                    @for account in &services.accounts {
                        li {
                            div {
                                strong.nowrap { (Icon::Robot) " " (account.name) }
                                @if !account.enabled { " " (state::enabled(false)) }
                                p.meta { span { (account.team) } span { (account.role) } span { (plural(account.tokens, "token", "tokens")) } }
                            }
                            a.button href=(frame.links.user(&account.id)) aria-label={ "Manage " (account.name) } { "Manage" }
                        }
                    }
                }
            }
            form.line-form method="post" action=(frame.links.to("/tokens/service-accounts")) {
                (frame.csrf_field())
                (TextInput {
                    name: "account_name", label: "Name", field: &services.name, required: true, mono: true,
                    placeholder: Some("argo-inference"), max_length: Some(64), ..TextInput::default()
                }.markup())
                (TextInput {
                    name: "account_team", label: "Team", field: &services.team, required: true,
                    max_length: Some(128), ..TextInput::default()
                }.markup())
                (select("account_role", "Role", &RoleChoice::options(&services.roles), &services.role, None))
                div.buttons { button.button type="submit" { (Icon::Plus) "Add" } }
            }
        },
    )
}
