//! API tokens on the wire.

use model_dashboard::auth::Permissions;
use model_dashboard::model::{FieldError, Timestamp};
use model_dashboard::tokens::ApiToken;
use serde::Serialize;
use utoipa::ToSchema;

use super::Id;
use crate::api::fields::{Body, Field, Fields, must_be, parse};

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Token {
    /// Its number.
    pub(in crate::api) id: i64,
    /// What it is for.
    pub(in crate::api) description: String,
    /// Whose rights it carries.
    pub(in crate::api) owner: Id,
    /// The owner's name when it was made.
    pub(in crate::api) username: String,
    /// What it may do.
    #[schema(value_type = Vec<String>, example = json!(["models:read"]))]
    pub(in crate::api) scopes: Permissions,
    /// When it ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(in crate::api) expires_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(in crate::api) created_at: Option<Timestamp>,
    /// When it was last used.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(in crate::api) last_used_at: Option<Timestamp>,
}

impl From<&ApiToken> for Token {
    fn from(token: &ApiToken) -> Token {
        Token {
            id: token.id,
            description: token.description.clone(),
            owner: (&token.owner).into(),
            username: token.username.clone(),
            scopes: token.scopes,
            expires_at: token.expires_at,
            created_at: token.created_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Tokens {
    /// How many.
    pub(in crate::api) total: usize,
    /// The tokens; those that end first come first.
    pub(in crate::api) tokens: Vec<Token>,
}

/// A token to be made.
#[derive(Debug, ToSchema)]
pub(in crate::api) struct NewToken {
    /// What it is for.
    #[schema(example = "nightly pipeline")]
    pub(in crate::api) description: String,
    /// What it may do, at most what the owner may.
    #[schema(value_type = Vec<String>, example = json!(["models:read"]))]
    pub(in crate::api) scopes: Permissions,
    /// Days until it ends; by default those of the installation (30, unless set otherwise).
    pub(in crate::api) expires_in_days: Option<u16>,
    /// The service account it is for.
    pub(in crate::api) owner: Option<OwnerId>,
}

impl Body for NewToken {
    fn read(fields: &mut Fields) -> Option<NewToken> {
        let description = fields.needed("description");
        let scopes = fields.needed("scopes");
        let expires_in_days = fields.optional("expires_in_days");
        let owner = fields.optional("owner");
        Some(NewToken {
            description: description?,
            scopes: scopes?,
            expires_in_days,
            owner,
        })
    }
}

/// Source and subject of an account.
#[derive(Debug, ToSchema)]
pub(in crate::api) struct OwnerId {
    /// The source, such as `service`.
    pub(in crate::api) source: String,
    /// The id there.
    pub(in crate::api) subject: String,
}

impl Body for OwnerId {
    fn read(fields: &mut Fields) -> Option<OwnerId> {
        let source = fields.needed("source");
        let subject = fields.needed("subject");
        Some(OwnerId {
            source: source?,
            subject: subject?,
        })
    }
}

impl Field for OwnerId {
    fn read(json: &str) -> Result<OwnerId, Vec<FieldError>> {
        if !json.starts_with('{') {
            return Err(must_be(
                r#"an object such as {"source": "service", "subject": "1"}"#,
            ));
        }
        parse(json.as_bytes())
    }
}

/// A token that was made. The secret is in no other answer.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct CreatedToken {
    /// The secret, shown this once.
    pub(in crate::api) token: String,
    /// The token.
    #[serde(flatten)]
    pub(in crate::api) listed: Token,
}
