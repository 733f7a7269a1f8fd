//! Signing in and out.

use http::StatusCode;
use maud::Markup;
use model_dashboard::auth::{SessionSecret, Source};
use model_dashboard::dashboard::{Error, SignIn, Unauthenticated};
use warp::reply::Response;

use super::form::{Form, SMALL, local_path};
use super::masked::{mask, unmask};
use super::request::Request;
use super::visit::{Failure, Visit, redirect};
use super::{errors, html};
use crate::server::RequestBody;
use crate::views::login::{self, LoginView, Refusal};
use crate::views::{CsrfToken, Frame};

/// The sign-in page; somebody signed in already goes on.
pub(super) async fn form(request: Request) -> Response {
    let asked = Form::parse(request.query.as_bytes());
    let next = next(&request, asked.given("next"));
    let cookie = request.site.cookies.session(&request.headers);
    let mut view = view(&request, None);
    if let Some(cookie) = cookie {
        let dashboard = &request.site.dashboard;
        match dashboard.caller_from_session(cookie, request.info()).await {
            Ok(_) => {
                let models = request.site.links.models();
                return redirect(next.as_deref().unwrap_or(&models));
            }
            Err(Error::Unauthenticated {
                reason: Unauthenticated::SourceAway,
            }) => {
                let chosen = view.sources.iter().find(|source| source.selected);
                let chosen = chosen.and_then(|source| Source::parse(&source.id).ok());
                view.refusal = Some(unavailable(&request, chosen.as_ref()));
            }
            Err(_) => {}
        }
    }
    view.next = next;
    show(&request, StatusCode::OK, view).await
}

/// Checks what was typed into it.
pub(super) async fn submit(request: Request, body: RequestBody) -> Response {
    let form = match Form::read(body, &SMALL).await {
        Ok(form) => form,
        Err(error) => return errors::body(&request.frame(), &request, &error),
    };
    let next = next(&request, form.given("next"));
    let chosen = form
        .given("source")
        .and_then(|source| Source::parse(source).ok());
    let again = |status, refusal| {
        let view = LoginView {
            username: form.text("username").to_owned(),
            refusal: Some(refusal),
            next: next.clone(),
            ..view(&request, chosen.as_ref())
        };
        show(&request, status, view)
    };
    if !is_ours(&request, form.text("csrf")) {
        return again(StatusCode::FORBIDDEN, Refusal::Expired).await;
    }
    let sign_in = SignIn {
        source: chosen.clone(),
        username: form.text("username").to_owned(),
        password: form.text("password").to_owned(),
        user_agent: request.context.user_agent().unwrap_or_default(),
        browser: request
            .site
            .cookies
            .browser(&request.headers)
            .map(str::to_owned),
    };
    match request
        .site
        .dashboard
        .sign_in(sign_in, request.info())
        .await
    {
        Ok(signed_in) => {
            end_former(&request).await;
            request.context.set_user(&signed_in.user.username);
            let models = request.site.links.models();
            let mut response = redirect(next.as_deref().unwrap_or(&models));
            let cookies = &request.site.cookies;
            cookies.end_sign_in(response.headers_mut());
            cookies.set_session(response.headers_mut(), &signed_in.secret.expose());
            cookies.set_browser(response.headers_mut(), &signed_in.browser);
            let source = signed_in.user.id.source.as_str();
            cookies.set_source(response.headers_mut(), source);
            response
        }
        Err(error) => match refusal(&error, &request, chosen.as_ref()) {
            Some((status, refusal)) => {
                let mut response = again(status, refusal).await;
                errors::say_when(response.headers_mut(), &error);
                response
            }
            None => errors::answer(&request.frame(), &request, &error),
        },
    }
}

/// What the form says about a sign-in that failed; `None` if the program is out of order.
pub(super) fn refusal(
    error: &Error,
    request: &Request,
    chosen: Option<&Source>,
) -> Option<(StatusCode, Refusal)> {
    Some(match error {
        Error::Unauthenticated { .. } | Error::Invalid(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Refusal::Wrong)
        }
        Error::TooManyAttempts { retry_after } => {
            let wait = Refusal::Wait(errors::seconds(*retry_after));
            (StatusCode::TOO_MANY_REQUESTS, wait)
        }
        Error::Busy { retry_after } => {
            let wait = Refusal::Wait(errors::seconds(*retry_after));
            (StatusCode::SERVICE_UNAVAILABLE, wait)
        }
        Error::Unavailable { .. } => {
            let refusal = unavailable(request, chosen);
            (StatusCode::SERVICE_UNAVAILABLE, refusal)
        }
        _ => return None,
    })
}

/// That nobody can sign in there at present; why is for administrators. Accounts made here are another choice only for
/// those who have one: nobody is signed in elsewhere than they chose.
fn unavailable(request: &Request, chosen: Option<&Source>) -> Refusal {
    let sources = request.site.dashboard.sources();
    let asked = match (chosen, sources.as_slice()) {
        (None, [only]) => Some(only),
        (chosen, all) => all.iter().find(|one| Some(&one.source) == chosen),
    };
    match asked {
        Some(asked) if !asked.source.is_own() => Refusal::DirectoryAway {
            name: asked.label.clone(),
            local: sources.iter().any(|source| source.source.is_own()),
        },
        _ => Refusal::Unavailable,
    }
}

/// Ends the session that the browser had until it signed in again: its cookie is replaced, so
/// nobody could end it there any more.
async fn end_former(request: &Request) {
    let (site, info) = (&request.site, request.info());
    let Some(cookie) = site.cookies.session(&request.headers) else {
        return;
    };
    if let Ok(caller) = site.dashboard.caller_from_session(cookie, info).await
        && let Err(error) = site.dashboard.sign_out(&caller).await
    {
        tracing::warn!(%error, "a former session was not ended");
    }
}

/// Ends this session.
pub(super) async fn sign_out(visit: Visit) -> Result<Response, Failure> {
    visit.dashboard().sign_out(&visit.caller).await?;
    let mut response = redirect(&visit.links().to("/login"));
    visit
        .request
        .site
        .cookies
        .end_session(response.headers_mut());
    Ok(response)
}

/// Where to go after signing in: only ever to a page of this site.
fn next(request: &Request, asked: Option<&str>) -> Option<String> {
    local_path(request.site.links.base(), asked?).map(str::to_owned)
}

pub(super) fn view(request: &Request, chosen: Option<&Source>) -> LoginView {
    let mut sources = request.site.dashboard.sources();
    // Where there is a directory, most people are in it.
    sources.sort_by_key(|source| source.source.is_own());
    let first = sources.first().map(|source| source.source.clone());
    let last = request.site.cookies.source(&request.headers);
    let last = last.and_then(|last| sources.iter().find(|it| it.source.as_str() == last));
    let last = last.map(|last| last.source.clone());
    let chosen = chosen.or(last.as_ref()).or(first.as_ref());
    LoginView {
        sources: sources
            .iter()
            .map(|source| login::Source {
                id: source.source.to_string(),
                name: source.label.clone(),
                selected: Some(&source.source) == chosen,
            })
            .collect(),
        contact: request.site.settings.contact.clone(),
        ..LoginView::default()
    }
}

/// Shows the form, bound to this browser by a cookie, so that no other site can sign somebody in
/// under an account of its own.
async fn show(request: &Request, status: StatusCode, view: LoginView) -> Response {
    show_as(request, status, |frame| login::page(frame, &view)).await
}

/// Shows a page that holds the form.
pub(super) async fn show_as(
    request: &Request,
    status: StatusCode,
    page: impl FnOnce(&Frame) -> Markup,
) -> Response {
    let cookies = &request.site.cookies;
    let known = cookies
        .sign_in(&request.headers)
        .and_then(SessionSecret::parse);
    let secret = match known {
        Some(secret) => Ok(secret),
        None => SessionSecret::generate(),
    };
    let mut frame = request.frame();
    let secret = match secret {
        Ok(secret) => secret,
        Err(error) => return errors::answer(&frame, request, &error.into()),
    };
    frame.csrf = CsrfToken(mask(secret.form_token().as_bytes()));
    let had_status = frame.status.is_some();
    let markup = page(&frame);
    let mut response = match html::answer(status, markup, &request.headers).await {
        Ok(response) => response,
        Err(error) => return errors::answer(&frame, request, &error),
    };
    cookies.set_sign_in(response.headers_mut(), &secret.expose());
    if had_status {
        cookies.end_status(response.headers_mut());
    }
    response
}

pub(super) fn is_ours(request: &Request, token: &str) -> bool {
    let secret = request
        .site
        .cookies
        .sign_in(&request.headers)
        .and_then(SessionSecret::parse);
    let Some(secret) = secret else { return false };
    let given = unmask(token).unwrap_or_default();
    let equal = subtle::ConstantTimeEq::ct_eq(secret.form_token().as_bytes(), &*given);
    bool::from(equal) && request.is_same_origin()
}
