//! The API token that asks, and those of everyone for administrators.

use http::StatusCode;
use model_dashboard::auth::{IdentityId, Source};
use model_dashboard::dashboard::{Error, NewTokenRequest};
use model_dashboard::model::FieldError;
use warp::reply::Response;

use super::answer::{Failure, Guest, json, no_content};
use super::dto::{CreatedToken, NewToken, OwnerId, Token, Tokens};
use super::parameters::Parameters;

/// List tokens
///
/// The token that asks; with `users:admin` all of its owner's, and with `all=true` everyone's.
/// Those that end first come first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", security(("token" = [])),
    params(("all" = Option<bool>, Query, description = "Everyone's tokens")),
    responses((status = 200, body = Tokens),
        (status = 403, description = "Everyone’s tokens need `users:admin`")))]
pub(super) async fn list(guest: &Guest, query: &str) -> Result<Response, Failure> {
    let parameters = Parameters::parse(query, &["all"])?;
    let all = parameters.value("all", "true or false")?.unwrap_or(false);
    let tokens = if all {
        guest.dashboard().all_tokens(&guest.caller).await?
    } else {
        guest.dashboard().tokens(&guest.caller).await?
    };
    let tokens: Vec<Token> = tokens.iter().map(Token::from).collect();
    json(
        StatusCode::OK,
        &Tokens {
            total: tokens.len(),
            tokens,
        },
    )
}

/// Make a token
///
/// Needs `users:admin`, and names a service account as the owner; people make their own tokens
/// signed in to the dashboard. The secret is in this answer only. The token has at most the rights
/// of its owner and the scopes of the one that makes it, and ends with that at the latest.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens",
    security(("token" = ["users:admin"])), request_body = NewToken,
    responses((status = 201, body = CreatedToken),
        (status = 404, description = "There is no such owner")))]
pub(super) async fn create(guest: &Guest, new: NewToken) -> Result<Response, Failure> {
    let request = NewTokenRequest {
        description: new.description,
        scopes: new.scopes,
        expires_in_days: new.expires_in_days,
        owner: new.owner.map(identity).transpose()?,
    };
    let (plain, token) = guest
        .dashboard()
        .create_token(&guest.caller, request)
        .await?;
    let created = CreatedToken {
        token: plain.expose().to_owned(),
        listed: (&token).into(),
    };
    json(StatusCode::CREATED, &created)
}

/// Revoke a token
///
/// It stops working at once on this server, within 5 s on others. Needs `users:admin` for any but
/// the token that asks.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", security(("token" = [])),
    params(("id" = i64, Path, description = "The token's number")),
    responses((status = 204, description = "Revoked")))]
pub(super) async fn revoke(guest: &Guest, id: i64) -> Result<Response, Failure> {
    guest.dashboard().revoke_token(&guest.caller, id).await?;
    no_content()
}

fn identity(id: OwnerId) -> Result<IdentityId, Error> {
    let source = Source::parse(&id.source)
        .map_err(|e| Error::Invalid(vec![FieldError::new("owner.source", e.to_string())]))?;
    Ok(IdentityId::new(source, id.subject))
}
