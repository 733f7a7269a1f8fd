//! `user`: accounts.

mod create;
mod shown;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use model_dashboard::auth::{NewPassword, Role, Source, User, UserChange, UserFilter};
use serde::Serialize;

use crate::failure::Failure;
use crate::installation::{Context, Installation, Opening};
use crate::output::{Output, note, seconds_or_empty};
use crate::prompt::{PasswordSource, confirm};
use crate::recheck::{self, Recheck};
use crate::user::create::Create;

pub(crate) use crate::user::shown::Shown;

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
pub(crate) struct List {
    /// Only accounts of this source: local, service, or a directory
    #[arg(long)]
    source: Option<Source>,
}

#[derive(Debug, Args)]
pub(crate) struct Account {
    /// Username, or SOURCE:USERNAME where several sources have it
    user: String,

    /// The source of the account, in place of SOURCE: before the username
    #[arg(long)]
    source: Option<Source>,
}

impl Account {
    async fn of(&self, installation: &Installation) -> Result<User, Failure> {
        installation.account(&self.user, self.source.as_ref()).await
    }
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
        UserCommand::Create(create) => create::run(create, context).await,
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
    let filter = UserFilter {
        source: list.source,
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
                        user.state().to_owned(),
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

async fn show(account: &Account, context: &Context) -> Result<(), Failure> {
    context
        .with_accounts(Opening::Existing, async |installation| {
            let user = Shown::from(account.of(installation).await?);
            context
                .output
                .show(&user, || context.output.properties(user.properties()))
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
            let user = account.of(installation).await?;
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
            let user = reset.account.of(installation).await?;
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
            let user = account.of(installation).await?;
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
