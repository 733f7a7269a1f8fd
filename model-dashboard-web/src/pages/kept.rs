//! What was typed into a form whose session ended meanwhile: it is shown, kept, and sent again once
//! the person has signed in.
//!
//! The token of the old session proves nothing any more, so a form is only kept if the browser
//! itself says that it comes from a page of this site, and nothing is done before the person has
//! signed in and pressed a button on a page with a token of the new session.

use http::StatusCode;
use model_dashboard::auth::Source;
use model_dashboard::dashboard::SignIn;
use tokio::sync::Semaphore;
use warp::reply::Response;

use super::form::Form;
use super::request::Request;
use super::sign_in;
use super::visit::{Failure, Visit};
use super::{errors, html};
use crate::server::{BodyLimits, RequestBody};
use crate::views::kept::{self, Kept, SIGN_IN};
use crate::views::login::LoginView;

/// Nobody is signed in when such a form is read: it must come quickly, and no more than
/// [`MOST_AT_ONCE`] are held.
const LIMITS: BodyLimits = BodyLimits {
    least_rate: 64 << 10,
    ..BodyLimits::new(1 << 20)
};
/// How many forms are read at once.
const MOST_AT_ONCE: usize = 8;

/// How many forms of nobody known may be read at the moment.
#[derive(Debug)]
pub(super) struct KeptForms(Semaphore);

impl Default for KeptForms {
    fn default() -> Self {
        KeptForms(Semaphore::new(MOST_AT_ONCE))
    }
}

/// What a form sent that is worth keeping: no tokens and no passwords.
fn kept(request: &Request, form: &Form) -> Kept {
    let fields = form
        .fields()
        .filter(|(name, _)| {
            !(*name == "csrf" || name.starts_with(SIGN_IN) || name.contains("password"))
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let query = match request.query.as_str() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    Kept {
        action: format!("{}{query}", request.path),
        fields,
    }
}

/// The answer to a form that nobody signed in has sent: its fields in a page to sign in on, or the
/// sign-in page if there is nothing to keep.
pub(super) async fn without_session(request: Request, body: RequestBody) -> Response {
    let may_keep = request.is_from_own_page() && !request.wants_part();
    let place = match may_keep {
        true => request.site.kept_forms.0.try_acquire().ok(),
        false => None,
    };
    if place.is_none() {
        return request.to_sign_in();
    }
    let form = match Form::read(body, &LIMITS).await {
        Ok(form) => form,
        Err(error) => return errors::body(&request.frame(), &request, &error),
    };
    let kept = kept(&request, &form);
    if kept.is_empty() {
        return request.to_sign_in();
    }
    match form.given(&of_sign_in("csrf")) {
        None => show(&request, StatusCode::FORBIDDEN, &kept, LoginView::default()).await,
        Some(token) => sign_in(request.clone(), &form, token, &kept).await,
    }
}

fn of_sign_in(name: &str) -> String {
    format!("{SIGN_IN}{name}")
}

async fn sign_in(request: Request, form: &Form, token: &str, kept: &Kept) -> Response {
    let typed = |name: &str| form.text(&of_sign_in(name)).to_owned();
    let source = Source::parse(&typed("source")).ok();
    let again = |refusal| LoginView {
        username: typed("username"),
        refusal: Some(refusal),
        ..sign_in::view(&request, source.as_ref())
    };
    if !sign_in::is_ours(&request, token) {
        let view = again(kept::Refusal::Expired);
        return show(&request, StatusCode::FORBIDDEN, kept, view).await;
    }
    let attempt = SignIn {
        source: source.clone(),
        username: typed("username"),
        password: typed("password"),
        user_agent: request.context.user_agent().unwrap_or_default(),
        browser: request
            .site
            .cookies
            .browser(&request.headers)
            .map(str::to_owned),
    };
    let dashboard = &request.site.dashboard;
    match dashboard.sign_in(attempt, request.info()).await {
        Ok(signed_in) => {
            let secret = signed_in.secret.expose().to_string();
            let answer = request.clone().answer_with(&secret, async |visit: Visit| {
                ask(&visit, kept, StatusCode::OK).await
            });
            let mut response = answer.await;
            let cookies = &request.site.cookies;
            cookies.end_sign_in(response.headers_mut());
            cookies.set_session(response.headers_mut(), &secret);
            cookies.set_browser(response.headers_mut(), &signed_in.browser);
            let source = signed_in.user.id.source.as_str();
            cookies.set_source(response.headers_mut(), source);
            response
        }
        Err(error) => match sign_in::refusal(&error, &request, source.as_ref()) {
            Some((status, refusal)) => {
                let mut response = show(&request, status, kept, again(refusal)).await;
                errors::say_when(response.headers_mut(), &error);
                response
            }
            None => errors::answer(&request.frame(), &request, &error),
        },
    }
}

async fn show(request: &Request, status: StatusCode, kept: &Kept, view: LoginView) -> Response {
    let view = match view.refusal {
        None => sign_in::view(request, None),
        Some(_) => view,
    };
    sign_in::show_as(request, status, |frame| kept::sign_in(frame, &view, kept)).await
}

/// The answer to a form of somebody signed in whose token is of another session of theirs: it is
/// sent again at the press of a button.
pub(super) async fn of_old_session(visit: &Visit, form: &Form) -> Result<Response, Failure> {
    let kept = kept(&visit.request, form);
    if !visit.request.is_from_own_page() || kept.is_empty() {
        return Err(Failure::Form);
    }
    ask(visit, &kept, StatusCode::FORBIDDEN).await
}

async fn ask(visit: &Visit, kept: &Kept, status: StatusCode) -> Result<Response, Failure> {
    let frame = visit.frame().await;
    let markup = kept::send_again(&frame, kept);
    Ok(html::answer(status, markup, &visit.request.headers).await?)
}
