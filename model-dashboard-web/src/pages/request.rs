//! A request for a page, whoever makes it.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::{HeaderMap, LOCATION, ORIGIN};
use http::{HeaderName, Method, StatusCode};
use model_dashboard::config;
use model_dashboard::dashboard::{Dashboard, Error, RequestInfo};
use model_dashboard::model::Via;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reply::Response;

use super::admin::StorageTask;
use super::cookies::Cookies;
use super::errors;
use super::expiring::ExpiringTokens;
use super::form::{Form, OF_DEFINITION, is_same_origin};
use super::kept::{self, KeptForms};
use super::used_forms::UsedForms;
use super::visit::{Failure, Visit, redirect};
use crate::server::{RequestBody, RequestContext, context};
use crate::settings::WebSettings;
use crate::views::components::Tone;
use crate::views::{Banner, CsrfToken, Frame, Links, Theme};

/// What all pages share.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) dashboard: Dashboard,
    pub(super) settings: WebSettings,
    pub(super) links: Links,
    pub(super) cookies: Cookies,
    pub(super) started_at: SystemTime,
    /// The forms that made an API token.
    pub(super) token_forms: UsedForms,
    /// The tokens that a banner warns of.
    pub(super) expiring_tokens: ExpiringTokens,
    /// Forms whose session ended, while they are read.
    pub(super) kept_forms: KeptForms,
    /// What reads the whole store, and what it found.
    pub(super) storage_task: StorageTask,
}

/// A request for a page, whoever makes it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) site: Arc<Site>,
    pub(super) context: RequestContext,
    pub(super) headers: HeaderMap,
    method: Method,
    pub(super) path: String,
    pub(super) query: String,
}

/// Takes from a request what every page needs. Rejects nothing.
pub(super) fn request(site: Arc<Site>) -> BoxedFilter<(Request,)> {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    context()
        .and(warp::header::headers_cloned())
        .and(warp::method())
        .and(warp::path::full())
        .and(query)
        .map(
            move |context, headers, method, path: FullPath, query| Request {
                site: site.clone(),
                context,
                headers,
                method,
                path: path.as_str().to_owned(),
                query,
            },
        )
        .boxed()
}

const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
const HX_HISTORY: HeaderName = HeaderName::from_static("hx-history-restore-request");
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

impl Request {
    /// Whether the site started a short time ago, so that what is not there yet will come.
    pub(super) fn is_soon_after_start(&self) -> bool {
        let up = self.site.started_at.elapsed().unwrap_or_default();
        up < Duration::from_secs(15 * 60)
    }

    /// How the request came, for the use cases.
    pub(super) fn info(&self) -> RequestInfo {
        let from = self.context.client_text();
        RequestInfo::new(Via::Dashboard, from, self.context.id().as_str())
    }

    /// Whether htmx asks, for a part of a page.
    pub(super) fn wants_part(&self) -> bool {
        self.headers.contains_key(HX_REQUEST) && !self.headers.contains_key(HX_HISTORY)
    }

    /// What it wants to do.
    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Whether it asks for a page, so that its address can be opened again.
    pub(super) fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// The path with the query.
    pub(super) fn address(&self) -> String {
        match self.query.as_str() {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// Whether the request may change something: it comes from a page of this site.
    pub(super) fn is_same_origin(&self) -> bool {
        let public = self.site.settings.public_url.as_ref();
        let public = public.map(|url| url.origin().to_owned());
        is_same_origin(&self.headers, public.as_deref(), self.context.origin())
    }

    /// Whether the browser itself says that the request comes from a page of this site.
    pub(super) fn is_from_own_page(&self) -> bool {
        self.headers.contains_key(ORIGIN) && self.is_same_origin()
    }

    /// The frame of a page for nobody known.
    pub(super) fn frame(&self) -> Frame {
        let settings = &self.site.settings;
        let theme = match self.site.cookies.theme(&self.headers) {
            Some(chosen) => Theme::from_value(chosen),
            None => match settings.theme {
                config::Theme::Light => Theme::Light,
                config::Theme::Dark => Theme::Dark,
                config::Theme::System => Theme::System,
            },
        };
        Frame {
            links: self.site.links.clone(),
            site_name: settings.site_name.clone(),
            now: SystemTime::now(),
            theme,
            csrf: CsrfToken::default(),
            person: None,
            banner: self.banner(),
            status: self.site.cookies.status(&self.headers),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    fn banner(&self) -> Option<Banner> {
        let models = self.site.dashboard.catalog_state();
        if let Some(failing) = models.failing {
            let text = match models.loaded_at {
                Some(_) => {
                    "The model store does not answer. You see what was known before, and changes \
                     are refused until it does."
                }
                None => "The model store does not answer. Models are shown once it does.",
            };
            return Some(Banner {
                tone: Tone::Warning,
                text: text.to_owned(),
                since: Some(failing.since.into()),
                action: None,
            });
        }
        self.site.settings.demo.then(|| Banner {
            tone: Tone::Info,
            text: "This is a demonstration with sample models.".to_owned(),
            since: None,
            action: None,
        })
    }

    /// Who asks.
    pub(super) async fn visit(self) -> Result<Visit, (Request, Error)> {
        let cookie = self.site.cookies.session(&self.headers);
        let secret = cookie.unwrap_or_default().to_owned();
        self.visit_of(&secret).await
    }

    async fn visit_of(self, secret: &str) -> Result<Visit, (Request, Error)> {
        let dashboard = &self.site.dashboard;
        match dashboard.caller_from_session(secret, self.info()).await {
            Ok(caller) => {
                self.context.set_user(&caller.user().username);
                Ok(Visit::new(self, caller, secret))
            }
            Err(error) => Err((self, error)),
        }
    }

    /// Answers a page that needs somebody signed in.
    pub(super) async fn answer<F, Answer>(self, handler: F) -> Response
    where
        F: FnOnce(Visit) -> Answer,
        Answer: Future<Output = Result<Response, Failure>>,
    {
        match self.visit().await {
            Ok(visit) => visit.answer(handler).await,
            Err((request, error)) => request.refuse(&error),
        }
    }

    /// Answers a page for the one who has just signed in, with the secret of the new session.
    pub(super) async fn answer_with<F, Answer>(self, secret: &str, handler: F) -> Response
    where
        F: FnOnce(Visit) -> Answer,
        Answer: Future<Output = Result<Response, Failure>>,
    {
        match self.visit_of(secret).await {
            Ok(visit) => visit.answer(handler).await,
            Err((request, error)) => request.refuse(&error),
        }
    }

    fn refuse(&self, error: &Error) -> Response {
        match error {
            Error::Unauthenticated { .. } => self.to_sign_in(),
            error => errors::answer(&self.frame(), self, error),
        }
    }

    /// Answers a form that needs somebody signed in and comes from a page of theirs.
    pub(super) async fn answer_form<F, Answer>(self, body: RequestBody, handler: F) -> Response
    where
        F: FnOnce(Visit, Form) -> Answer,
        Answer: Future<Output = Result<Response, Failure>>,
    {
        let visit = match self.visit().await {
            Ok(visit) => visit,
            Err((request, Error::Unauthenticated { .. })) => {
                return kept::without_session(request, body).await;
            }
            Err((request, error)) => return request.refuse(&error),
        };
        visit
            .answer(async move |visit: Visit| {
                let form = Form::read(body, &OF_DEFINITION).await?;
                match visit.check_form(form.text("csrf")) {
                    Ok(()) => handler(visit, form).await,
                    Err(_) => kept::of_old_session(&visit, &form).await,
                }
            })
            .await
    }

    /// To the sign-in page, and from there back here. What was posted is lost, and its address may
    /// be none that can be opened.
    pub(super) fn to_sign_in(&self) -> Response {
        let next = self.address();
        let links = &self.site.links;
        let pairs = (self.is_read() && next != links.models()).then_some(("next", next));
        let mut response = redirect(&links.query("/login", pairs));
        if self.wants_part() {
            // Without it htmx would put the sign-in page into the page.
            *response.status_mut() = StatusCode::OK;
            if let Some(address) = response.headers_mut().remove(LOCATION) {
                response.headers_mut().insert(HX_REDIRECT, address);
            }
        }
        response
    }
}
