//! People: the list, one account, a new one.

use std::time::Duration;

use http::StatusCode;
use model_dashboard::auth::{
    IdentityId, Permission, Role, RoleOrigin, Source, User, UserChange, UserFilter,
};
use model_dashboard::dashboard::{Error, NewUserRequest};
use model_dashboard::model::{FieldError, Timestamp};
use warp::reply::Response;

use super::known::from_directory;
use crate::pages::errors::sentence;
use crate::pages::form::Form;
use crate::pages::paging::Paging;
use crate::pages::profile::{role_reason, source_name};
use crate::pages::tokens::roles;
use crate::pages::visit::{Failure, Visit};
use crate::views::admin::users::{
    self, AccountKind, GeneratedPassword, NewUserView, UserRow, UserView, UsersView,
};
use crate::views::components::field::Field;

/// The list.
pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let (dashboard, caller) = (visit.dashboard(), &visit.caller);
    let users = dashboard.users(caller, &UserFilter::default()).await?;
    let tokens = dashboard.all_tokens(caller).await?;
    let asked = Form::parse(visit.request.query.as_bytes());
    let text = |name| asked.text(name).trim().to_owned();
    let (search, source, role, seen) = (text("q"), text("source"), text("role"), text("seen"));
    let now = Timestamp::now();
    let is_seen = |user: &User| {
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        let within = |age| {
            let last = user.last_sign_in;
            last.is_some_and(|last| last.plus(age) > now)
        };
        match seen.as_str() {
            "week" => within(days(7)),
            "quarter" => within(days(90)),
            "longer" => !within(days(90)),
            "never" => user.last_sign_in.is_none(),
            _ => true,
        }
    };
    let is_wanted = |user: &&User| {
        (source.is_empty() || user.id.source.as_str() == source)
            && (role.is_empty() || user.role.as_str() == role)
            && is_seen(user)
    };
    let mut sources: Vec<(String, String)> = users
        .iter()
        .map(|user| {
            let source = &user.id.source;
            (source.as_str().to_owned(), source_name(&visit, source))
        })
        .collect();
    sources.sort();
    sources.dedup();
    let wanted = search.to_lowercase();
    let found = |user: &&User| {
        let shown = [
            user.username.as_str(),
            &user.display_name,
            user.email.as_deref().unwrap_or(""),
        ];
        shown
            .iter()
            .any(|text| text.to_lowercase().contains(&wanted))
    };
    let matching: Vec<&User> = users.iter().filter(found).filter(is_wanted).collect();
    let paging = Paging::asked(&asked, matching.len());
    let filters = [
        ("q", search.as_str()),
        ("source", &source),
        ("role", &role),
        ("seen", &seen),
    ];
    let pager = paging.pager(&visit, "/admin/users", &filters);
    let rows = paging.of(&matching).iter().map(|user| {
        let count = tokens.iter().filter(|token| token.owner == user.id).count();
        row(&visit, user, count)
    });
    let view = UsersView {
        rows: rows.collect(),
        total: matching.len(),
        pager,
        roles: roles().into_iter().map(|role| role.name).collect(),
        sources,
        search,
        source,
        role,
        seen,
    };
    let frame = visit.frame().await;
    visit.page(&frame, users::list(&frame, &view)).await
}

fn row(visit: &Visit, user: &User, tokens: usize) -> UserRow {
    UserRow {
        id: user.id.to_string(),
        username: user.username.to_string(),
        display_name: user.display_name.clone(),
        source: source_name(visit, &user.id.source),
        role: user.role.to_string(),
        enabled: user.is_active,
        left: user.left_at.is_some(),
        last_sign_in: user.last_sign_in.map(Into::into),
        tokens,
    }
}

/// The form for a new account.
pub(super) async fn new(visit: Visit) -> Result<Response, Failure> {
    visit.require(Permission::UsersAdmin).await?;
    let view = NewUserView {
        role: Field::new(Role::Viewer.as_str()),
        ..NewUserView::default()
    };
    show_new(&visit, StatusCode::OK, view).await
}

async fn show_new(
    visit: &Visit,
    status: StatusCode,
    mut view: NewUserView,
) -> Result<Response, Failure> {
    view.roles = roles();
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, users::new(&frame, &view))
        .await
}

/// Makes an account; a generated password is shown this once.
pub(super) async fn create(visit: Visit, form: Form) -> Result<Response, Failure> {
    visit.require(Permission::UsersAdmin).await?;
    let field = |name| Field::new(form.text(name));
    let mut view = NewUserView {
        username: field("username"),
        display_name: field("display_name"),
        email: field("email"),
        role: field("role"),
        ..NewUserView::default()
    };
    let text = |name| Some(form.text(name).to_owned()).filter(|text| !text.is_empty());
    let outcome = match form.text("role").parse() {
        Ok(role) => {
            let request = NewUserRequest {
                username: form.text("username").trim().to_owned(),
                display_name: form.text("display_name").trim().to_owned(),
                email: text("email"),
                role,
                password: text("password"),
            };
            visit.dashboard().create_user(&visit.caller, request).await
        }
        Err(_) => Err(Error::Invalid(vec![FieldError::new(
            "role",
            "choose a role",
        )])),
    };
    match outcome {
        Ok((user, Some(password))) => {
            let generated = GeneratedPassword(password.password().expose().to_owned());
            show_one(&visit, StatusCode::CREATED, &user, Some(generated), &[]).await
        }
        Ok((user, None)) => {
            let to = visit.links().user(&user.id.to_string());
            visit.done(&to, format!("{} can sign in now.", user.username))
        }
        Err(Error::Exists { .. }) => {
            view.username = view
                .username
                .wrong("There is an account of this name already.");
            show_new(&visit, StatusCode::CONFLICT, view).await
        }
        Err(Error::Invalid(errors)) => {
            for error in errors {
                let message = sentence(&error.message);
                let field = match error.field.as_str() {
                    "username" => &mut view.username,
                    "display_name" => &mut view.display_name,
                    "email" => &mut view.email,
                    "role" => &mut view.role,
                    "password" => {
                        view.password_error = Some(message);
                        continue;
                    }
                    _ => {
                        view.error = Some(message);
                        continue;
                    }
                };
                *field = std::mem::take(field).wrong(message);
            }
            show_new(&visit, StatusCode::UNPROCESSABLE_ENTITY, view).await
        }
        Err(error) => Err(error.into()),
    }
}

/// One account.
pub(super) async fn show(visit: Visit, id: IdentityId) -> Result<Response, Failure> {
    let user = visit.dashboard().user(&visit.caller, &id).await?;
    show_one(&visit, StatusCode::OK, &user, None, &[]).await
}

pub(super) async fn show_one(
    visit: &Visit,
    status: StatusCode,
    user: &User,
    generated: Option<GeneratedPassword>,
    errors: &[FieldError],
) -> Result<Response, Failure> {
    let tokens = visit.dashboard().all_tokens(&visit.caller).await?;
    let count = tokens.iter().filter(|token| token.owner == user.id).count();
    let kind = match user.id.source.as_str() {
        Source::LOCAL => AccountKind::Local,
        Source::SERVICE => AccountKind::Service,
        _ => AccountKind::Directory,
    };
    let mut view = UserView {
        row: row(visit, user, count),
        kind,
        own: user.id == *visit.caller.id(),
        display_name: Field::new(&*user.display_name),
        email: Field::new(user.email.clone().unwrap_or_default()),
        team: Field::new(user.team.clone().unwrap_or_default()),
        role: Field::new(user.role.as_str()),
        roles: roles(),
        role_reason: role_reason(visit, user),
        role_is_given: user.role_origin == RoleOrigin::Source,
        directory: from_directory(visit, user).await?,
        created_at: user.created_at.map(Into::into),
        generated,
        error: None,
    };
    for error in errors {
        let message = sentence(&error.message);
        let field = match error.field.as_str() {
            "display_name" => &mut view.display_name,
            "email" => &mut view.email,
            "team" => &mut view.team,
            "role" => &mut view.role,
            _ => {
                view.error = Some(message);
                continue;
            }
        };
        *field = std::mem::take(field).wrong(message);
    }
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, users::one(&frame, &view))
        .await
}

/// Changes name, mail, team or role: those that were sent.
pub(super) async fn save(visit: Visit, id: IdentityId, form: Form) -> Result<Response, Failure> {
    let user = visit.dashboard().user(&visit.caller, &id).await?;
    let given = |name| form.given(name).map(|text| text.trim().to_owned());
    let role = match given("role")
        .filter(|role| !role.is_empty())
        .map(|role| role.parse())
    {
        Some(Err(_)) => {
            let wrong = [FieldError::new("role", "choose a role")];
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return show_one(&visit, status, &user, None, &wrong).await;
        }
        Some(Ok(role)) => Some(role),
        None => None,
    };
    let change = UserChange {
        display_name: given("display_name").filter(|name| *name != user.display_name),
        email: given("email")
            .map(|email| Some(email).filter(|email| !email.is_empty()))
            .filter(|email| *email != user.email),
        role: role.filter(|role| *role != user.role),
        is_active: None,
        team: given("team").filter(|team| Some(team) != user.team.as_ref()),
    };
    change_account(&visit, &user, change, "Saved.").await
}

pub(super) async fn change_account(
    visit: &Visit,
    user: &User,
    change: UserChange,
    done: &str,
) -> Result<Response, Failure> {
    match visit
        .dashboard()
        .update_user(&visit.caller, &user.id, change)
        .await
    {
        Ok(_) => visit.done(&visit.links().user(&user.id.to_string()), done),
        Err(Error::Invalid(errors)) => {
            show_one(visit, StatusCode::UNPROCESSABLE_ENTITY, user, None, &errors).await
        }
        Err(error @ Error::LastAdministrator) => {
            let wrong = [FieldError::new("", error.to_string())];
            show_one(visit, StatusCode::CONFLICT, user, None, &wrong).await
        }
        Err(error) => Err(error.into()),
    }
}
