//! `token`: API tokens of any account.

use clap::{Args, Subcommand};
use model_dashboard::auth::{Permission, Permissions};
use model_dashboard::dashboard::NewTokenRequest;
use model_dashboard::model::Timestamp;
use model_dashboard::tokens::ApiToken;
use serde::Serialize;

use crate::failure::{Failure, Kind};
use crate::installation::{Context, Installation, Opening};
use crate::output::{counted, note, seconds, seconds_or_empty};
use crate::prompt::confirm;

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for an account and print it once
    Create(Create),
    /// List tokens; those that end first come first
    List(List),
    /// Revoke tokens; a running server refuses them within 5 seconds
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Whose token it will be: a username, or SOURCE:USERNAME
    #[arg(long, value_name = "USER")]
    owner: String,

    /// What it is for
    #[arg(long, short, value_name = "TEXT")]
    description: String,

    /// What it may do; may be given several times, never more than its owner may
    #[arg(
        long = "scope",
        value_name = "SCOPE",
        value_delimiter = ',',
        default_value = "models:read",
        value_parser = scopes()
    )]
    scopes: Vec<String>,

    /// Days until it ends [default: the setting auth.api_token_expiry_days]
    #[arg(long, value_name = "DAYS")]
    days: Option<u16>,
}

fn scopes() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(Permission::ALL.iter().map(|scope| scope.as_str()))
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of one account: a username, or SOURCE:USERNAME
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// Numbers of tokens, as `token list` shows them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<i64>,
}

/// A token as programs read it; the secret is not in here.
#[derive(Debug, Serialize)]
struct Shown {
    id: i64,
    owner: String,
    username: String,
    description: String,
    scopes: Permissions,
    expires_at: Option<Timestamp>,
    expired: bool,
    created_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl From<ApiToken> for Shown {
    fn from(token: ApiToken) -> Self {
        let now = Timestamp::now();
        Self {
            id: token.id,
            owner: token.owner.to_string(),
            username: token.username,
            description: token.description,
            scopes: token.scopes,
            expires_at: token.expires_at,
            expired: token.expires_at.is_some_and(|end| end <= now),
            created_at: token.created_at,
            last_used_at: token.last_used_at,
        }
    }
}

#[derive(Serialize)]
struct Created<'a> {
    secret: &'a str,
    token: Shown,
}

#[derive(Serialize)]
struct Tokens {
    tokens: Vec<Shown>,
}

#[derive(Serialize)]
struct Revoked {
    revoked: Vec<i64>,
}

pub(crate) async fn run(command: TokenCommand, context: &Context) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(create) => self::create(create, context).await,
        TokenCommand::List(list) => self::list(list, context).await,
        TokenCommand::Revoke(revoke) => self::revoke(&revoke, context).await,
    }
}

async fn create(create: Create, context: &Context) -> Result<(), Failure> {
    let scopes: Result<Permissions, _> = create.scopes.iter().map(|scope| scope.parse()).collect();
    let scopes = scopes.map_err(Failure::usage)?;
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let owner = installation.account(&create.owner, None).await?;
            let request = NewTokenRequest {
                description: create.description,
                scopes,
                expires_in_days: create.days,
                owner: Some(owner.id),
            };
            let (secret, token) = dashboard.create_token(caller, request).await?;
            note(format_args!(
                "made the token {} of {}, which ends at {}; it is shown only now:",
                token.id,
                token.username,
                seconds_or_empty(token.expires_at)
            ));
            let created = Created {
                secret: secret.expose(),
                token: token.into(),
            };
            context.output.show(&created, || created.secret.to_owned())
        })
        .await
}

async fn list(list: List, context: &Context) -> Result<(), Failure> {
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let mut tokens = dashboard.all_tokens(caller).await?;
            if let Some(owner) = &list.owner {
                let owner = installation.account(owner, None).await?;
                tokens.retain(|token| token.owner == owner.id);
            }
            let tokens = Tokens {
                tokens: tokens.into_iter().map(Shown::from).collect(),
            };
            context.output.show(&tokens, || {
                let rows = tokens.tokens.iter().map(|token| {
                    let end = match (token.expires_at, token.expired) {
                        (None, _) => "never".to_owned(),
                        (Some(end), true) => format!("{} (expired)", seconds(end)),
                        (Some(end), false) => seconds(end),
                    };
                    [
                        token.id.to_string(),
                        token.username.clone(),
                        token.owner.clone(),
                        token.description.clone(),
                        token.scopes.to_string(),
                        end,
                        seconds_or_empty(token.last_used_at),
                    ]
                });
                let header = [
                    "ID",
                    "USERNAME",
                    "OWNER",
                    "DESCRIPTION",
                    "SCOPES",
                    "ENDS",
                    "LAST USED",
                ];
                context.output.table(header, rows)
            })
        })
        .await
}

async fn revoke(revoke: &Revoke, context: &Context) -> Result<(), Failure> {
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let known = dashboard.all_tokens(caller).await?;
            let is_known = |id: &i64| known.iter().any(|token| token.id == *id);
            match revoke.ids.as_slice() {
                // Those are told as what they are, and nobody is asked about them.
                ids if !ids.iter().any(is_known) => {}
                [id] => confirm(&context.globals, &format!("Revoke the token {id}?"), None)?,
                ids => {
                    let count = ids.iter().filter(|id| is_known(id)).count();
                    let question = format!("Revoke {}?", counted(count, "token"));
                    confirm(&context.globals, &question, None)?;
                }
            }
            let mut revoked = Vec::new();
            let mut failed: Vec<Kind> = Vec::new();
            for &id in &revoke.ids {
                match dashboard.revoke_token(caller, id).await {
                    Ok(()) => {
                        note(format_args!("revoked the token {id}"));
                        revoked.push(id);
                    }
                    Err(error) if revoke.ids.len() == 1 => return Err(error.into()),
                    Err(error) => {
                        let failure = Failure::from(error);
                        failure.print();
                        failed.push(failure.kind());
                    }
                }
            }
            context.output.show(&Revoked { revoked }, String::new)?;
            match failed.is_empty() {
                true => Ok(()),
                false => Err(Failure::several("tokens", &failed, revoke.ids.len())),
            }
        })
        .await
}
