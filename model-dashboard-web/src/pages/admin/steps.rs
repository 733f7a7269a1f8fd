//! What is asked about before it is done to an account.

use http::StatusCode;
use model_dashboard::auth::{IdentityId, Permission, UserChange};
use model_dashboard::dashboard::Error;
use model_dashboard::model::FieldError;
use warp::reply::Response;

use super::users::{change_account, show_one};
use crate::pages::visit::{Failure, Visit};
use crate::views::Section;
use crate::views::admin::users::GeneratedPassword;
use crate::views::confirm::{self, ConfirmView};

/// What is asked about first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Enable,
    Disable,
    ResetPassword,
    Delete,
}

impl Step {
    const NAMED: [(Step, &'static str); 4] = [
        (Step::Enable, "enable"),
        (Step::Disable, "disable"),
        (Step::ResetPassword, "reset-password"),
        (Step::Delete, "delete"),
    ];
}

/// Asks before something that ends sessions.
pub(super) async fn ask(visit: Visit, id: IdentityId, step: Step) -> Result<Response, Failure> {
    visit.require(Permission::UsersAdmin).await?;
    let user = visit.dashboard().user(&visit.caller, &id).await?;
    let name = &user.display_name;
    let (heading, consequence, button) = match step {
        Step::Enable => (
            format!("Enable {name}?"),
            "The account may sign in again, and its tokens work again until they expire.",
            "Enable the account",
        ),
        Step::Disable if user.left_at.is_some() => (
            format!("Keep {name} out?"),
            "The account stays disabled, also when the directory lets them sign in again, until \
             somebody enables it here.",
            "Keep them out",
        ),
        Step::Disable => (
            format!("Disable {name}?"),
            "All sessions end now and tokens stop working. Everything stays as it is otherwise.",
            "Disable the account",
        ),
        Step::ResetPassword => (
            format!("Reset the password of {name}?"),
            "A new password is generated and shown once. All sessions end now.",
            "Reset the password",
        ),
        Step::Delete => (
            format!("Delete {name}?"),
            "The account goes with its tokens and sessions. What it did stays in history and \
             audit log.",
            "Delete the account",
        ),
    };
    let links = visit.links();
    let back = links.user(&id.to_string());
    let segment = Step::NAMED
        .iter()
        .find(|(named, _)| *named == step)
        .map_or("", |(_, name)| name);
    let view = ConfirmView {
        section: Section::Admin,
        heading,
        consequences: vec![consequence.to_owned()],
        items: Vec::new(),
        action: format!("{back}/{segment}"),
        hidden: Vec::new(),
        button: button.to_owned(),
        danger: step == Step::Delete,
        back,
        reason: None,
    };
    let frame = visit.frame().await;
    visit.page(&frame, confirm::page(&frame, &view)).await
}

/// Does it.
pub(super) async fn act(visit: Visit, id: IdentityId, step: Step) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let user = dashboard.user(caller, &id).await?;
    let active = |is_active| UserChange {
        is_active: Some(is_active),
        ..UserChange::default()
    };
    match step {
        Step::Enable => {
            change_account(&visit, &user, active(true), "The account is enabled.").await
        }
        Step::Disable => {
            let done = match user.left_at {
                None => "The account is disabled and signed out everywhere.",
                Some(_) => "The account stays disabled until somebody enables it here.",
            };
            change_account(&visit, &user, active(false), done).await
        }
        Step::ResetPassword => {
            let generated = dashboard.reset_password(caller, &id, None).await?;
            let generated =
                generated.map(|new| GeneratedPassword(new.password().expose().to_owned()));
            show_one(&visit, StatusCode::OK, &user, generated, &[]).await
        }
        Step::Delete => match dashboard.delete_user(caller, &id).await {
            Ok(()) => {
                let text = format!("{} was deleted.", user.display_name);
                visit.done(&visit.links().to("/admin/users"), text)
            }
            Err(error @ Error::LastAdministrator) => {
                let wrong = [FieldError::new("", error.to_string())];
                show_one(&visit, StatusCode::CONFLICT, &user, None, &wrong).await
            }
            Err(error) => Err(error.into()),
        },
    }
}
