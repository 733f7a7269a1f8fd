//! One's own account: name, role, password, sessions.

use http::StatusCode;
use model_dashboard::auth::{RoleOrigin, Session, Source, User};
use model_dashboard::dashboard::Error;
use model_dashboard::model::Timestamp;
use warp::reply::Response;

use super::errors::{meaning, sentence};
use super::form::Form;
use super::visit::{Failure, Visit};
use crate::views::profile::{self, PasswordForm, ProfileView, SessionRow};

/// The page.
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    page(&visit, StatusCode::OK, PasswordForm::default()).await
}

async fn page(
    visit: &Visit,
    status: StatusCode,
    password: PasswordForm,
) -> Result<Response, Failure> {
    let user = visit.caller.user();
    let present = visit.caller.session_id();
    let sessions = visit.dashboard().sessions(&visit.caller).await?;
    let mut sessions: Vec<SessionRow> = sessions
        .iter()
        .map(|session| row(session, present))
        .collect();
    sessions.sort_by_key(|session| !session.current);
    let view = ProfileView {
        display_name: user.display_name.clone(),
        email: user.email.clone().unwrap_or_default(),
        username: user.username.to_string(),
        source: source_name(visit, &user.id.source),
        local: user.id.source == Source::local(),
        role: user.role.to_string(),
        role_reason: role_reason(visit, user),
        groups: user.groups.clone(),
        checked_at: looked_at(user).map(Into::into),
        permissions: visit
            .caller
            .permissions()
            .iter()
            .map(|permission| (permission.to_string(), meaning(permission).to_owned()))
            .collect(),
        password,
        sessions,
    };
    let frame = visit.frame().await;
    visit
        .page_with(status, &frame, profile::page(&frame, &view))
        .await
}

/// Why somebody has their role, in a sentence.
pub(super) fn role_reason(visit: &Visit, user: &User) -> String {
    match user.role_origin {
        RoleOrigin::Source => {
            let source = source_name(visit, &user.id.source);
            let given = match user.left_at {
                None => "Given",
                Some(_) => "It was given",
            };
            sentence(&format!("{given} by {source}: {}", user.role_reason))
        }
        _ => sentence(&user.role_reason),
    }
}

/// When the source of somebody vouched for them last; of accounts made here nobody asks.
pub(super) fn looked_at(user: &User) -> Option<Timestamp> {
    user.checked_at.filter(|_| !user.is_own())
}

/// A source in words.
pub(super) fn source_name(visit: &Visit, source: &Source) -> String {
    match source.as_str() {
        Source::LOCAL => "this installation".to_owned(),
        Source::SERVICE => "service account".to_owned(),
        _ => {
            let sources = visit.dashboard().sources();
            let known = sources.into_iter().find(|known| known.source == *source);
            known.map_or_else(|| source.to_string(), |known| known.label)
        }
    }
}

/// Where a session was made stands as “address, user agent”.
fn row(session: &Session, present: Option<i64>) -> SessionRow {
    let (address, agent) = session
        .made_from
        .split_once(' ')
        .unwrap_or((&session.made_from, ""));
    SessionRow {
        id: session.id,
        current: Some(session.id) == present,
        browser: browser(agent),
        address: address.trim_end_matches(',').to_owned(),
        started_at: session.created_at.into(),
        last_used_at: session.last_used_at.into(),
    }
}

/// A browser in words. Newer names come first: each browser also calls itself by older ones.
fn browser(agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    let browser = named(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = named(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if agent.is_empty() => "Unknown browser".to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

/// Changes one's own password.
pub(super) async fn change_password(visit: Visit, form: Form) -> Result<Response, Failure> {
    let mut wrong = PasswordForm::default();
    if form.text("new_password") != form.text("repeated_password") {
        wrong.repeated = Some("This is not the same as the new password.".to_owned());
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, wrong).await;
    }
    let (current, new) = (form.text("current_password"), form.text("new_password"));
    match visit
        .dashboard()
        .change_password(&visit.caller, current.to_owned(), new.to_owned())
        .await
    {
        Ok(secret) => {
            let text = "Your password is changed. Your other sessions have ended.";
            let mut response = visit.done(&visit.links().to("/profile"), text)?;
            let cookies = &visit.request.site.cookies;
            cookies.set_session(response.headers_mut(), &secret.expose());
            Ok(response)
        }
        Err(Error::Invalid(errors)) => {
            for error in errors {
                let message = Some(super::errors::sentence(&error.message));
                match error.field.as_str() {
                    "current_password" | "current" => wrong.current = message,
                    _ => wrong.new = message,
                }
            }
            page(&visit, StatusCode::UNPROCESSABLE_ENTITY, wrong).await
        }
        Err(error @ (Error::TooManyAttempts { .. } | Error::Busy { .. })) => {
            wrong.current = Some(super::errors::sentence(&error.to_string()));
            let status = crate::kind::Kind::of(&error).status;
            let mut response = page(&visit, status, wrong).await?;
            super::errors::say_when(response.headers_mut(), &error);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends one session.
pub(super) async fn end_session(visit: Visit, id: i64, _: Form) -> Result<Response, Failure> {
    visit.dashboard().end_session(&visit.caller, id).await?;
    visit.done(&visit.links().to("/profile"), "The session has ended.")
}

/// Ends all sessions but this one.
pub(super) async fn end_others(visit: Visit, _: Form) -> Result<Response, Failure> {
    visit.dashboard().end_other_sessions(&visit.caller).await?;
    visit.done(
        &visit.links().to("/profile"),
        "All your other sessions have ended.",
    )
}

#[cfg(test)]
mod tests {
    use super::browser;

    #[test]
    fn browsers_are_told_by_their_newest_name() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/150.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser(&format!("{chrome} Edg/150.0")), "Edge on Linux");
        assert_eq!(browser(""), "Unknown browser");
    }
}
