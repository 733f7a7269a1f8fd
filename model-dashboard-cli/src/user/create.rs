//! `user create`.

use clap::Args;
use model_dashboard::dashboard::{NewServiceAccount, NewUserRequest};

use super::{role, roles, show_password};
use crate::failure::Failure;
use crate::installation::{Context, Installation, Opening};
use crate::output::note;
use crate::prompt::PasswordSource;

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

pub(super) async fn run(create: Create, context: &Context) -> Result<(), Failure> {
    match create.service {
        true => create_service(create, context).await,
        false => create_person(create, context).await,
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
