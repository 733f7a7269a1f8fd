//! API tokens of one's own, and service accounts.

use std::collections::{HashMap, HashSet};

use http::StatusCode;
use model_dashboard::auth::{IdentityId, Permission, Permissions, Role, Source, User, UserFilter};
use model_dashboard::dashboard::{
    Error, NewServiceAccount, NewTokenRequest, SignInLimit, TOKEN_EXPIRES_SOON,
};
use model_dashboard::model::Timestamp;
use model_dashboard::tokens::ApiToken;
use warp::reply::Response;

use super::errors::{meaning, sentence};
use super::form::Form;
use super::paging::Paging;
use super::used_forms::{Use, UsedForms};
use super::visit::{Failure, Visit};
use crate::views::admin::users::RoleChoice;
use crate::views::components::Tone;
use crate::views::components::field::Field;
use crate::views::confirm::{self, ConfirmView};
use crate::views::tokens::{
    self, CreatedToken, ScopeChoice, ServiceAccountRow, ServiceAccounts, TokenForm, TokenRow,
    TokensView,
};
use crate::views::{Section, Status};

/// The choices of days, as far as the installation allows them.
const DAYS: [u16; 6] = [1, 7, 30, 90, 180, 365];

/// The page.
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    let form = fresh(&visit);
    page(
        &visit,
        StatusCode::OK,
        TokensView {
            form,
            ..TokensView::default()
        },
    )
    .await
}

fn fresh(visit: &Visit) -> TokenForm {
    TokenForm {
        scopes: scopes(visit, "models:read".parse().unwrap_or(Permissions::NONE)),
        expires_in_days: Field::new(visit.dashboard().policy().token_days.to_string()),
        ..TokenForm::default()
    }
}

fn scopes(visit: &Visit, chosen: Permissions) -> Vec<ScopeChoice> {
    let choice = |permission| ScopeChoice {
        scope: format!("{permission}"),
        meaning: meaning(permission).to_owned(),
        chosen: chosen.contains(permission),
    };
    visit.caller.permissions().iter().map(choice).collect()
}

async fn page(
    visit: &Visit,
    status: StatusCode,
    mut view: TokensView,
) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let manages = visit.may().manage_users;
    let tokens = match manages {
        true => dashboard.all_tokens(caller).await?,
        false => dashboard.tokens(caller).await?,
    };
    if manages {
        let filter = UserFilter {
            source: Some(Source::service()),
        };
        let accounts = dashboard.users(caller, &filter).await?;
        let forms = view.service_accounts.take().unwrap_or_default();
        view.service_accounts = Some(ServiceAccounts {
            accounts: accounts
                .iter()
                .map(|account| account_row(account, &tokens))
                .collect(),
            roles: roles(),
            ..forms
        });
    }
    let policy = dashboard.policy();
    let most = match manages {
        true => policy.max_service_token_days.max(policy.max_token_days),
        false => policy.max_token_days,
    };
    let mut days: Vec<u16> = DAYS.into_iter().filter(|days| *days <= most).collect();
    days.push(policy.token_days);
    days.sort_unstable();
    days.dedup();
    view.form.once = UsedForms::number();
    view.form.days = days.into_iter().map(u32::from).collect();
    let asked = Form::parse(visit.request.query.as_bytes());
    let paging = Paging::asked(&asked, tokens.len());
    let shown = paging.of(&tokens);
    let limits = limits(visit, shown).await?;
    view.tokens = shown
        .iter()
        .map(|token| row(token, caller.id(), limits.get(&token.owner)))
        .collect();
    let limit = dashboard.sign_in_limit(caller, caller.user()).await?;
    view.sign_in_limit = limit.map(|limit| (limit.days, limit.until.map(Into::into)));
    view.pager = paging.pager(visit, "/tokens", &[]);
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, tokens::page(&frame, &view))
        .await
}

/// The roles to choose from.
pub(super) fn roles() -> Vec<RoleChoice> {
    let choice = |role: &Role| RoleChoice {
        name: role.to_string(),
        meaning: role.describe().to_owned(),
    };
    Role::ALL.iter().map(choice).collect()
}

/// The limits of those owners whose directory cannot be asked about them.
async fn limits(
    visit: &Visit,
    tokens: &[ApiToken],
) -> Result<HashMap<IdentityId, SignInLimit>, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let owners: HashSet<&IdentityId> = tokens.iter().map(|token| &token.owner).collect();
    let mut limits = HashMap::new();
    for owner in owners.into_iter().filter(|owner| !owner.source.is_own()) {
        let limit = match owner == caller.id() {
            true => dashboard.sign_in_limit(caller, caller.user()).await?,
            false => match dashboard.user(caller, owner).await {
                Ok(user) => dashboard.sign_in_limit(caller, &user).await?,
                // It went meanwhile.
                Err(Error::NotFound { .. }) => None,
                Err(error) => return Err(error.into()),
            },
        };
        limits.extend(limit.map(|limit| (owner.clone(), limit)));
    }
    Ok(limits)
}

fn row(token: &ApiToken, own: &IdentityId, limit: Option<&SignInLimit>) -> TokenRow {
    let limit = limit.filter(|limit| limit.until.is_none() || token.expires_at == limit.until);
    // One that any sign-in moves on is none to be warned of.
    let is_soon = |end| limit.is_none() && end <= Timestamp::now().plus(TOKEN_EXPIRES_SOON);
    TokenRow {
        id: token.id,
        description: token.description.clone(),
        account: (token.owner != *own).then(|| token.username.clone()),
        is_of_service: token.owner.source.as_str() == Source::SERVICE,
        scopes: token.scopes.iter().map(|scope| scope.to_string()).collect(),
        created_at: token.created_at.map(Into::into),
        last_used_at: token.last_used_at.map(Into::into),
        expires_at: token.expires_at.map(Into::into),
        expires_soon: token.expires_at.is_some_and(is_soon),
        days_after_sign_in: limit.map(|limit| limit.days),
    }
}

fn account_row(account: &User, tokens: &[ApiToken]) -> ServiceAccountRow {
    ServiceAccountRow {
        id: account.id.to_string(),
        name: account.username.to_string(),
        team: account.team.clone().unwrap_or_default(),
        role: account.role.to_string(),
        tokens: tokens
            .iter()
            .filter(|token| token.owner == account.id)
            .count(),
        enabled: account.is_active,
    }
}

/// Makes a token, and shows it this once.
pub(super) async fn create(visit: Visit, form: Form) -> Result<Response, Failure> {
    let chosen: Permissions = form
        .all("scope")
        .filter_map(|scope| scope.parse().ok())
        .collect();
    let mut shown = TokenForm {
        description: Field::new(form.text("description")),
        scopes: scopes(&visit, chosen),
        expires_in_days: Field::new(form.text("expires_in_days")),
        account: Field::new(form.text("account")),
        ..TokenForm::default()
    };
    let days = match form.text("expires_in_days") {
        "" => Ok(None),
        text => text.parse().map(Some),
    };
    let Ok(expires_in_days) = days else {
        shown.expires_in_days = shown.expires_in_days.wrong("Give a number of days.");
        return again(&visit, shown).await;
    };
    let owner = match form.text("account") {
        "" => None,
        text => match identity(text) {
            Some(account) => Some(account),
            None => {
                shown.account = shown.account.wrong("Choose one of the accounts.");
                return again(&visit, shown).await;
            }
        },
    };
    let request = NewTokenRequest {
        description: form.text("description").to_owned(),
        scopes: chosen,
        expires_in_days,
        owner,
    };
    let (forms, number) = (&visit.request.site.token_forms, form.text("once"));
    match forms.take(number) {
        Use::First => {}
        Use::Again => return made_before(&visit),
        Use::Invalid => return Err(Failure::Form),
    }
    let made = visit.dashboard().create_token(&visit.caller, request).await;
    if made.is_err() {
        forms.give_back(number);
    }
    match made {
        Ok((plain, token)) => {
            visit.request.site.expiring_tokens.forget();
            let models = visit.links().to("/api/v1/models");
            let view = TokensView {
                created: Some(CreatedToken {
                    description: token.description.clone(),
                    token: plain.expose().to_owned(),
                    models_url: format!("{}{models}", visit.origin()),
                    expires_at: token.expires_at.map(Into::into),
                }),
                form: fresh(&visit),
                ..TokensView::default()
            };
            page(&visit, StatusCode::CREATED, view).await
        }
        Err(Error::Invalid(errors)) => {
            for error in errors {
                let message = sentence(&error.message);
                match error.field.as_str() {
                    "description" => shown.description = shown.description.wrong(message),
                    "expires_in_days" => {
                        shown.expires_in_days = shown.expires_in_days.wrong(message);
                    }
                    "scopes" => shown.scopes_error = Some(message),
                    "owner" => shown.account = shown.account.wrong(message),
                    _ => shown.error = Some(message),
                }
            }
            again(&visit, shown).await
        }
        Err(error @ Error::TooMany { .. }) => {
            shown.error = Some(sentence(&error.to_string()));
            again(&visit, shown).await
        }
        Err(error) => Err(error.into()),
    }
}

/// A page that shows a token was reloaded, which sends its form again.
fn made_before(visit: &Visit) -> Result<Response, Failure> {
    let status = Status {
        tone: Tone::Warning,
        text: "This form made its token already; it is not shown again. If you did not copy it, \
               revoke it and make another."
            .to_owned(),
        action: None,
    };
    visit.leave(&visit.links().to("/tokens"), &status)
}

async fn again(visit: &Visit, form: TokenForm) -> Result<Response, Failure> {
    let view = TokensView {
        form,
        ..TokensView::default()
    };
    page(visit, StatusCode::UNPROCESSABLE_ENTITY, view).await
}

/// An account as `source:subject`.
pub(super) fn identity(text: &str) -> Option<IdentityId> {
    let (source, subject) = text.split_once(':')?;
    Some(IdentityId::new(Source::parse(source).ok()?, subject))
}

/// Asks before a token is revoked.
pub(super) async fn ask_revoke(visit: Visit, id: i64) -> Result<Response, Failure> {
    let tokens = match visit.may().manage_users {
        true => visit.dashboard().all_tokens(&visit.caller).await?,
        false => visit.dashboard().tokens(&visit.caller).await?,
    };
    let Some(token) = tokens.into_iter().find(|token| token.id == id) else {
        return Err(Error::NotFound {
            what: format!("token {id}"),
            near: Vec::new(),
        }
        .into());
    };
    let view = ConfirmView {
        section: Section::Elsewhere,
        heading: format!("Revoke the token “{}”?", token.description),
        consequences: vec!["Programs that use it are refused at once. It cannot be undone.".into()],
        items: Vec::new(),
        action: visit.links().revoke_token(id),
        hidden: Vec::new(),
        button: "Revoke the token".to_owned(),
        danger: true,
        back: visit.links().to("/tokens"),
        reason: None,
    };
    let frame = visit.frame().await;
    visit.page(&frame, confirm::page(&frame, &view)).await
}

/// Revokes a token.
pub(super) async fn revoke(visit: Visit, id: i64, _: Form) -> Result<Response, Failure> {
    visit.dashboard().revoke_token(&visit.caller, id).await?;
    visit.request.site.expiring_tokens.forget();
    visit.done(&visit.links().to("/tokens"), "The token is revoked.")
}

/// Makes a service account.
pub(super) async fn create_account(visit: Visit, form: Form) -> Result<Response, Failure> {
    visit.require(Permission::UsersAdmin).await?;
    let mut forms = ServiceAccounts {
        name: Field::new(form.text("account_name")),
        team: Field::new(form.text("account_team")),
        role: Field::new(form.text("account_role")),
        ..ServiceAccounts::default()
    };
    let outcome = match form.text("account_role").parse() {
        Ok(role) => {
            let request = NewServiceAccount {
                username: forms.name.value.trim().to_owned(),
                display_name: String::new(),
                team: forms.team.value.trim().to_owned(),
                role,
            };
            visit
                .dashboard()
                .create_service_account(&visit.caller, request)
                .await
        }
        Err(_) => {
            let wrong = model_dashboard::model::FieldError::new("role", "choose a role");
            Err(Error::Invalid(vec![wrong]))
        }
    };
    match outcome {
        Ok(account) => {
            let text = format!("{} is there. Make a token for it above.", account.username);
            return visit.done(&visit.links().to("/tokens"), text);
        }
        Err(Error::Exists { .. }) => {
            forms.name = forms
                .name
                .wrong("There is an account of this name already.");
        }
        Err(Error::Invalid(errors)) => {
            for error in errors {
                let message = sentence(&error.message);
                let field = match error.field.as_str() {
                    "team" => &mut forms.team,
                    "role" => &mut forms.role,
                    _ => &mut forms.name,
                };
                *field = std::mem::take(field).wrong(message);
            }
        }
        Err(error) => return Err(error.into()),
    }
    let form = fresh(&visit);
    let view = TokensView {
        form,
        service_accounts: Some(forms),
        ..TokensView::default()
    };
    page(&visit, StatusCode::UNPROCESSABLE_ENTITY, view).await
}
