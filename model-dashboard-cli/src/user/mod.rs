//! `user`: accounts.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use model_dashboard::auth::{NewPassword, Role, RoleOrigin, User, UserChange, UserFilter};
use model_dashboard::dashboard::{NewServiceAccount, NewUserRequest};
use model_dashboard::model::Timestamp;
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::{Context, Installation, Opening};
use crate::output::{Output, note, seconds_or_empty};
use crate::prompt::{PasswordSource, confirm};
use crate::recheck::{self, Recheck};

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account for a person, or a service account for a pipeline
    Create(Create),
    /// List accounts
    List(List),
    /// Show an account
    Show(Account),
    /// Let a disabled account sign in again
    Enable(Account),
    /// Disable an account: it cannot sign in, its sessions end, its tokens do not count
    Disable(Account),
    /// Set another password and end all sessions
    ResetPassword(ResetPassword),
    /// Give an account another role
    SetRole(SetRole),
    /// Ask a directory about a person, or about all of its people, now
    Recheck(Recheck),
    /// Delete an account with its sessions and tokens
    Delete(Account),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The name to sign in with
    username: String,

    /// What the account may do
    #[arg(long, default_value = "viewer", value_parser = roles())]
    role: String,

    /// The name that people read [default: the username]
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    display_name: String,

    /// Mail address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "service")]
    email: Option<String>,

    /// A service account: it has tokens and no password
    #[arg(long, requires = "team")]
    service: bool,

    /// The team that answers for a service account
    #[arg(long, requires = "service")]
    team: Option<String>,

    #[command(flatten)]
    password: PasswordSource,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only accounts of this source: local, service, or a directory
    #[arg(long)]
    source: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Account {
    /// Username, or SOURCE:USERNAME where several sources have it
    user: String,
}

#[derive(Debug, Args)]
pub(crate) struct ResetPassword {
    #[command(flatten)]
    account: Account,

    #[command(flatten)]
    password: PasswordSource,
}

#[derive(Debug, Args)]
pub(crate) struct SetRole {
    #[command(flatten)]
    account: Account,

    /// The role
    #[arg(value_parser = roles())]
    role: String,
}

fn roles() -> PossibleValuesParser {
    PossibleValuesParser::new(
        Role::ALL
            .iter()
            .map(|role| clap::builder::PossibleValue::new(role.as_str()).help(role.describe())),
    )
}

fn role(text: &str) -> Result<Role, Failure> {
    text.parse().map_err(Failure::usage)
}

/// An account as programs read it: the fields of the API, and what it does not tell.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    id: Id,
    username: String,
    display_name: String,
    email: Option<String>,
    role: Role,
    role_reason: String,
    role_origin: &'static str,
    is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    groups: Vec<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    last_sign_in: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Id {
    source: String,
    subject: String,
}

impl From<User> for Shown {
    fn from(user: User) -> Self {
        let checked_at = user.checked_at.filter(|_| !user.is_own());
        Self {
            id: Id {
                source: user.id.source.to_string(),
                subject: user.id.subject.to_string(),
            },
            username: user.username.to_string(),
            display_name: user.display_name,
            email: user.email,
            role: user.role,
            role_reason: user.role_reason,
            role_origin: match user.role_origin {
                RoleOrigin::Default => "default",
                RoleOrigin::Administrator => "administrator",
                RoleOrigin::Source => "source",
            },
            is_active: user.is_active,
            team: user.team,
            groups: user.groups,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_sign_in: user.last_sign_in,
            checked_at,
            left_at: user.left_at,
        }
    }
}

#[derive(Serialize)]
struct Users {
    total: usize,
    users: Vec<Shown>,
}

/// An account whose password was set.
#[derive(Serialize)]
struct WithPassword<'a> {
    #[serde(flatten)]
    account: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    generated_password: Option<&'a str>,
}

pub(crate) async fn run(command: UserCommand, context: &Context) -> Result<(), Failure> {
    match command {
        UserCommand::Create(create) if create.service => create_service(create, context).await,
        UserCommand::Create(create) => create_person(create, context).await,
        UserCommand::List(list) => show_all(list, context).await,
        UserCommand::Show(account) => show(&account, context).await,
        UserCommand::Enable(account) => {
            let change = active(true);
            update(&account, context, change, "can sign in").await
        }
        UserCommand::Disable(account) => {
            let change = active(false);
            update(&account, context, change, "is disabled").await
        }
        UserCommand::SetRole(set) => {
            let role = role(&set.role)?;
            let change = UserChange {
                role: Some(role),
                ..UserChange::default()
            };
            let done = format!("has the role {role}: {}", role.describe());
            update(&set.account, context, change, &done).await
        }
        UserCommand::ResetPassword(reset) => reset_password(reset, context).await,
        UserCommand::Recheck(recheck) => recheck::run(recheck, context).await,
        UserCommand::Delete(account) => delete(&account, context).await,
    }
}

fn active(is_active: bool) -> UserChange {
    UserChange {
        is_active: Some(is_active),
        ..UserChange::default()
    }
}

async fn create_person(create: Create, context: &Context) -> Result<(), Failure> {
    let password = create.password.read(&create.username)?;
    let request = NewUserRequest {
        role: role(&create.role)?,
        username: create.username,
        display_name: create.display_name,
        email: create.email,
        password,
    };
    context
        .with_accounts(Opening::Begin, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let (user, generated) = dashboard.create_user(caller, request).await?;
            note(format_args!(
                "made the account {} ({})",
                user.username, user.role
            ));
            show_password(context.output, user, generated.as_ref())
        })
        .await
}

async fn create_service(create: Create, context: &Context) -> Result<(), Failure> {
    if create.password.is_given() {
        return Err(Failure::usage("a service account has no password")
            .hint("`model-dashboard token create --owner NAME` makes its tokens"));
    }
    let request = NewServiceAccount {
        role: role(&create.role)?,
        username: create.username,
        display_name: create.display_name,
        team: create.team.unwrap_or_default(),
    };
    context
        .with_accounts(Opening::Begin, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let user = dashboard.create_service_account(caller, request).await?;
            note(format_args!(
                "made the service account {} ({})",
                user.username, user.role
            ));
            show_password(context.output, user, None)
        })
        .await
}

/// The account as JSON, or only what there is to keep: the generated password.
fn show_password(
    output: Output,
    user: User,
    generated: Option<&NewPassword>,
) -> Result<(), Failure> {
    let password = generated.map(|new| new.password().expose());
    if password.is_some() {
        note("its password, shown only now:");
    }
    let shown = WithPassword {
        account: user.into(),
        generated_password: password,
    };
    output.show(&shown, || password.unwrap_or_default().to_owned())
}

async fn show_all(list: List, context: &Context) -> Result<(), Failure> {
    let source = list.source.map(|text| text.parse().map_err(Failure::usage));
    let filter = UserFilter {
        source: source.transpose()?,
    };
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let users = dashboard.users(caller, &filter).await?;
            let users = Users {
                total: users.len(),
                users: users.into_iter().map(Shown::from).collect(),
            };
            context.output.show(&users, || {
                let rows = users.users.iter().map(|user| {
                    [
                        user.username.clone(),
                        user.id.source.clone(),
                        user.role.to_string(),
                        state(user).to_owned(),
                        user.display_name.clone(),
                        seconds_or_empty(user.last_sign_in),
                    ]
                });
                let header = [
                    "USERNAME",
                    "SOURCE",
                    "ROLE",
                    "STATE",
                    "NAME",
                    "LAST SIGN-IN",
                ];
                context.output.table(header, rows)
            })
        })
        .await
}

fn state(user: &Shown) -> &'static str {
    match (user.is_active, user.left_at) {
        (true, _) => "active",
        (false, None) => "disabled",
        (false, Some(_)) => "left",
    }
}

async fn show(account: &Account, context: &Context) -> Result<(), Failure> {
    context
        .with_accounts(Opening::Existing, async |installation| {
            let user = Shown::from(installation.account(&account.user).await?);
            context.output.show(&user, || {
                context.output.properties([
                    ("username", user.username.clone()),
                    ("name", user.display_name.clone()),
                    ("id", format!("{}:{}", user.id.source, user.id.subject)),
                    ("mail", user.email.clone().unwrap_or_default()),
                    ("state", state(&user).to_owned()),
                    ("role", format!("{}: {}", user.role, user.role.describe())),
                    ("role from", user.role_reason.clone()),
                    ("team", user.team.clone().unwrap_or_default()),
                    ("groups", user.groups.join(", ")),
                    ("created", seconds_or_empty(user.created_at)),
                    ("changed", seconds_or_empty(user.updated_at)),
                    ("last sign-in", seconds_or_empty(user.last_sign_in)),
                    ("last look", seconds_or_empty(user.checked_at)),
                    ("left", seconds_or_empty(user.left_at)),
                ])
            })
        })
        .await
}

async fn update(
    account: &Account,
    context: &Context,
    change: UserChange,
    done: &str,
) -> Result<(), Failure> {
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let user = installation.account(&account.user).await?;
            let user = dashboard.update_user(caller, &user.id, change).await?;
            note(format_args!("{} {done}", user.username));
            context.output.show(&Shown::from(user), String::new)
        })
        .await
}

async fn reset_password(reset: ResetPassword, context: &Context) -> Result<(), Failure> {
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let user = installation.account(&reset.account.user).await?;
            let new = reset.password.read(user.username.as_str())?;
            let generated = dashboard.reset_password(caller, &user.id, new).await?;
            note(format_args!(
                "{} has another password; all sessions of the account ended",
                user.username
            ));
            show_password(context.output, user, generated.as_ref())
        })
        .await
}

async fn delete(account: &Account, context: &Context) -> Result<(), Failure> {
    context
        .with_accounts(Opening::Existing, async |installation| {
            let Installation {
                dashboard, caller, ..
            } = installation;
            let user = installation.account(&account.user).await?;
            confirm(
                &context.globals,
                &format!("Delete the account {} with all its tokens?", user.username),
                None,
            )?;
            dashboard.delete_user(caller, &user.id).await?;
            note(format_args!("deleted the account {}", user.username));
            context.output.show(&Shown::from(user), String::new)
        })
        .await
}
