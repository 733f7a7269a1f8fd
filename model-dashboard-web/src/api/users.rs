//! Accounts, for administrators; and whoever asks.

use http::StatusCode;
use model_dashboard::auth::{IdentityId, Source, UserChange, UserFilter};
use model_dashboard::dashboard::{Error, NewServiceAccount, NewUserRequest};
use model_dashboard::model::FieldError;
use warp::reply::Response;

use super::answer::{Failure, Guest, json, no_content};
use super::dto::{
    Account, AccountChange, Accounts, CreatedAccount, Me, NewAccount, PasswordAnswer,
    PasswordReset, RecheckAnswer,
};
use super::parameters::{Parameters, bad};

/// Who am I
///
/// The account behind the token, and what the token may do.
#[utoipa::path(get, path = "/api/v1/me", tag = "users", security(("token" = [])),
    responses((status = 200, body = Me)))]
pub(super) async fn me(guest: &Guest) -> Result<Response, Failure> {
    json(StatusCode::OK, &Me::from(&guest.caller))
}

/// List accounts
#[utoipa::path(get, path = "/api/v1/users", tag = "users",
    security(("token" = ["users:admin"])),
    params(("source" = Option<String>, Query, description = "Only accounts of this source")),
    responses((status = 200, body = Accounts)))]
pub(super) async fn list(guest: &Guest, query: &str) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["source"])?;
    let source = parameters.get("source").map(Source::parse).transpose();
    let source = source.map_err(|e| bad("source", format!("cannot be taken: {e}")))?;
    let users = guest
        .dashboard()
        .users(&guest.caller, &UserFilter { source })
        .await?;
    let users: Vec<Account> = users.iter().map(Account::from).collect();
    json(
        StatusCode::OK,
        &Accounts {
            total: users.len(),
            users,
        },
    )
}

/// Make an account
///
/// A person, or with `team` a service account, which has tokens but no sign-in. Nobody gives more
/// than they may do: the token needs every permission of the role, too.
#[utoipa::path(post, path = "/api/v1/users", tag = "users",
    security(("token" = ["users:admin"])), request_body = NewAccount,
    responses((status = 201, body = CreatedAccount),
        (status = 409, description = "There is an account of this name already")))]
pub(super) async fn create(guest: &Guest, new: NewAccount) -> Result<Response, Failure> {
    let NewAccount {
        username,
        display_name,
        email,
        role,
        password,
        team,
    } = new;
    let (user, generated) = match team {
        Some(team) => {
            fits_service(email.as_deref(), password.as_deref())?;
            let request = NewServiceAccount {
                username,
                display_name,
                team,
                role,
            };
            (
                guest
                    .dashboard()
                    .create_service_account(&guest.caller, request)
                    .await?,
                None,
            )
        }
        None => {
            let request = NewUserRequest {
                username,
                display_name,
                email,
                role,
                password,
            };
            guest
                .dashboard()
                .create_user(&guest.caller, request)
                .await?
        }
    };
    let created = CreatedAccount {
        account: (&user).into(),
        generated_password: generated.map(|p| p.password().expose().to_owned()),
    };
    json(StatusCode::CREATED, &created)
}

/// Show an account
#[utoipa::path(get, path = "/api/v1/users/{source}/{subject}", tag = "users",
    security(("token" = ["users:admin"])),
    params(("source" = String, Path, example = "local"), ("subject" = String, Path)),
    responses((status = 200, body = Account)))]
pub(super) async fn show(guest: &Guest, source: &str, subject: &str) -> Result<Response, Failure> {
    let user = guest
        .dashboard()
        .user(&guest.caller, &id(source, subject)?)
        .await?;
    json(StatusCode::OK, &Account::from(&user))
}

/// Change an account
///
/// Deactivation and a new role end its sessions, and its tokens feel them at once. The token needs
/// every permission of a new role, too. A role that the directory gives cannot be changed here (422):
/// the next look there would undo it.
#[utoipa::path(patch, path = "/api/v1/users/{source}/{subject}", tag = "users",
    security(("token" = ["users:admin"])), request_body = AccountChange,
    params(("source" = String, Path, example = "local"), ("subject" = String, Path)),
    responses((status = 200, body = Account),
        (status = 409, description = "No active administrator would be left")))]
pub(super) async fn update(
    guest: &Guest,
    source: &str,
    subject: &str,
    change: AccountChange,
) -> Result<Response, Failure> {
    let change = UserChange {
        display_name: change.display_name,
        email: change
            .email
            .map(|mail| Some(mail).filter(|mail| !mail.is_empty())),
        role: change.role,
        is_active: change.is_active,
        team: change.team,
    };
    let id = id(source, subject)?;
    let user = guest
        .dashboard()
        .update_user(&guest.caller, &id, change)
        .await?;
    json(StatusCode::OK, &Account::from(&user))
}

/// Reset a password
///
/// Ends all sessions of the account. The token needs every permission of its role, too.
#[utoipa::path(post, path = "/api/v1/users/{source}/{subject}/password", tag = "users",
    security(("token" = ["users:admin"])), request_body = PasswordReset,
    params(("source" = String, Path, example = "local"), ("subject" = String, Path)),
    responses((status = 200, body = PasswordAnswer)))]
pub(super) async fn reset_password(
    guest: &Guest,
    source: &str,
    subject: &str,
    reset: PasswordReset,
) -> Result<Response, Failure> {
    let id = id(source, subject)?;
    let generated = guest
        .dashboard()
        .reset_password(&guest.caller, &id, reset.password)
        .await?;
    let generated_password = generated.map(|p| p.password().expose().to_owned());
    json(StatusCode::OK, &PasswordAnswer { generated_password })
}

/// Re-check an account
///
/// Asks its directory about the person now. Who left is deactivated and loses sessions and tokens;
/// should they come back, they sign in again and make new ones.
#[utoipa::path(post, path = "/api/v1/users/{source}/{subject}/recheck", tag = "users",
    security(("token" = ["users:admin"])),
    params(("source" = String, Path, example = "ldap"), ("subject" = String, Path)),
    responses((status = 200, body = RecheckAnswer),
        (status = 422, description = "Its source cannot be asked")))]
pub(super) async fn recheck(
    guest: &Guest,
    source: &str,
    subject: &str,
) -> Result<Response, Failure> {
    let id = id(source, subject)?;
    let done = guest.dashboard().recheck_user(&guest.caller, &id).await?;
    json(StatusCode::OK, &RecheckAnswer::from(done))
}

/// Delete an account
///
/// With its sessions and tokens. What it did stays in history and audit log.
#[utoipa::path(delete, path = "/api/v1/users/{source}/{subject}", tag = "users",
    security(("token" = ["users:admin"])),
    params(("source" = String, Path, example = "local"), ("subject" = String, Path)),
    responses((status = 204, description = "Deleted"),
        (status = 409, description = "No active administrator would be left")))]
pub(super) async fn delete(
    guest: &Guest,
    source: &str,
    subject: &str,
) -> Result<Response, Failure> {
    guest
        .dashboard()
        .delete_user(&guest.caller, &id(source, subject)?)
        .await?;
    no_content()
}

/// Refuses what only a person has, so that nobody believes it was taken.
fn fits_service(email: Option<&str>, password: Option<&str>) -> Result<(), Error> {
    let only_people = [
        ("email", email, "a service account has no mail address"),
        (
            "password",
            password,
            "a service account has no password, it uses API tokens",
        ),
    ];
    let wrong: Vec<FieldError> = only_people
        .into_iter()
        .filter(|(_, given, _)| given.is_some())
        .map(|(field, _, why)| FieldError::new(field, format!("{why}; leave it out, or “team”")))
        .collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(wrong)),
    }
}

fn parse_source(text: &str) -> Result<Source, Failure> {
    Source::parse(text).map_err(|e| Failure::bad_request(e.to_string()))
}

fn id(source: &str, subject: &str) -> Result<IdentityId, Failure> {
    Ok(IdentityId::new(parse_source(source)?, subject))
}
