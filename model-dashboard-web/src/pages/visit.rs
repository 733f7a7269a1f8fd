//! Somebody signed in who asks for a page.

use std::future::Future;
use std::time::Duration;

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use maud::Markup;
use model_dashboard::auth::{Permission, SessionSecret, SourcePart};
use model_dashboard::dashboard::{
    Caller, Dashboard, Error, SourceFailing, SourceGroups, SourceTrouble,
};
use model_dashboard::model::{ModelKey, Timestamp};
use warp::reply::Response;

use super::masked::{mask, unmask};
use super::request::Request;
use super::{errors, gone};
use crate::settings::WebSettings;
use crate::views::components::Tone;
use crate::views::{Banner, CsrfToken, Frame, Links, May, Person, Status};

/// A request of somebody signed in.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) request: Request,
    pub(super) caller: Caller,
    form_token: String,
}

/// Why a page cannot be answered.
#[derive(Debug)]
pub(super) enum Failure {
    /// The use case said so.
    Error(Error),
    /// The form comes from somewhere else, or is too old.
    Form,
    /// The body could not be read.
    Body(crate::server::BodyError),
    /// There is nothing at this address.
    Nothing,
    /// The model is enabled, and the person may not change such.
    Enabled(ModelKey),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(error)
    }
}

impl From<crate::server::BodyError> for Failure {
    fn from(error: crate::server::BodyError) -> Failure {
        Failure::Body(error)
    }
}

impl Visit {
    /// Of the session with this secret.
    pub(super) fn new(request: Request, caller: Caller, secret: &str) -> Visit {
        let secret = SessionSecret::parse(secret);
        Visit {
            request,
            caller,
            // What forms of the session carry.
            form_token: secret.map(|secret| secret.form_token()).unwrap_or_default(),
        }
    }

    pub(super) async fn answer<F, Answer>(self, handler: F) -> Response
    where
        F: FnOnce(Visit) -> Answer,
        Answer: Future<Output = Result<Response, Failure>>,
    {
        let failing = self.clone();
        match handler(self).await {
            Ok(response) => response,
            Err(failure) => failing.fail(failure).await,
        }
    }

    /// The registry.
    pub(super) fn dashboard(&self) -> &Dashboard {
        &self.request.site.dashboard
    }

    /// The addresses of pages.
    pub(super) fn links(&self) -> &Links {
        &self.request.site.links
    }

    /// What links that leave the site start with.
    pub(super) fn origin(&self) -> String {
        let request = &self.request;
        let host = request
            .headers
            .get(http::header::HOST)
            .and_then(|host| host.to_str().ok());
        match (request.context.origin(), host) {
            (Some(origin), _) => origin.to_owned(),
            (None, Some(host)) => format!("http://{host}"),
            (None, None) => String::new(),
        }
    }

    /// The settings of the installation.
    pub(super) fn settings(&self) -> &WebSettings {
        &self.request.site.settings
    }

    /// What the person may do.
    pub(super) fn may(&self) -> May {
        May {
            write_models: self.caller.has(Permission::ModelsWrite),
            enable_models: self.caller.has(Permission::ModelsEnable),
            read_packages: self.caller.has(Permission::PackagesRead),
            write_packages: self.caller.has(Permission::PackagesWrite),
            read_audit: self.caller.has(Permission::AuditRead),
            manage_users: self.caller.has(Permission::UsersAdmin),
            manage_system: self.caller.has(Permission::SystemAdmin),
        }
    }

    /// Makes sure that the person may use a form before they fill it in, and before what they sent
    /// is looked at; the use case checks again. Who may not is noted in the audit log.
    pub(super) async fn require(&self, permission: Permission) -> Result<(), Failure> {
        Ok(self.dashboard().authorise(&self.caller, permission).await?)
    }

    /// Makes sure that the person may change a model in the state it is in, likewise.
    pub(super) async fn require_change(
        &self,
        key: &ModelKey,
        enabled: bool,
    ) -> Result<(), Failure> {
        if !enabled {
            return Ok(());
        }
        match self.require(Permission::ModelsEnable).await {
            Err(Failure::Error(Error::Denied { .. })) => Err(Failure::Enabled(key.clone())),
            other => other,
        }
    }

    /// Makes sure that a form was made by a page of this session.
    pub(super) fn check_form(&self, token: &str) -> Result<(), Failure> {
        let expected = self.form_token.as_bytes();
        let given = unmask(token).unwrap_or_default();
        let equal = !expected.is_empty() && subtle::ConstantTimeEq::ct_eq(expected, &*given).into();
        if equal && self.request.is_same_origin() {
            Ok(())
        } else {
            Err(Failure::Form)
        }
    }

    /// The frame of this person's page.
    pub(super) async fn frame(&self) -> Frame {
        let user = self.caller.user();
        let mut frame = self.request.frame();
        frame.csrf = CsrfToken(mask(self.form_token.as_bytes()));
        frame.person = Some(Person {
            display_name: user.display_name.clone(),
            username: user.username.to_string(),
            source: super::profile::source_name(self, &user.id.source),
            may: self.may(),
        });
        if frame
            .banner
            .as_ref()
            .is_none_or(|banner| banner.tone == Tone::Info)
        {
            let banner = match self.directory_in_trouble().await {
                Some(banner) => Some(banner),
                None => self.expiring_token().await,
            };
            frame.banner = banner.or(frame.banner);
        }
        frame
    }

    /// A directory that does not do well, for those who can do something about it.
    async fn directory_in_trouble(&self) -> Option<Banner> {
        let may = self.may();
        if !may.manage_users && !may.manage_system {
            return None;
        }
        let states = self.dashboard().source_states(&self.caller).await.ok()?;
        let mut troubled = states.into_iter().filter_map(|state| {
            let label = &state.label;
            let trouble = state.trouble()?;
            let text = match &trouble {
                SourceTrouble::Failing(SourceFailing { part, .. }) => {
                    format!("{} sign in with “{label}”: {part}.", who_can(*part))
                }
                SourceTrouble::RequiredGroup(SourceGroups { reason, .. }) => {
                    format!("“{label}” refuses people with the right password: {reason}.")
                }
                SourceTrouble::Doubted(_) => format!(
                    "“{label}” says of people that they left, which is not believed. Nothing was \
                     taken from them."
                ),
                SourceTrouble::RoleGroups(SourceGroups { reason, .. }) => {
                    format!("With “{label}” not everybody has the right role: {reason}.")
                }
                // Nobody has to do anything soon.
                _ => return None,
            };
            let page = self.links().directory(state.source.as_str());
            Some(Banner {
                tone: Tone::Warning,
                text,
                since: Some(trouble.since().into()),
                action: Some(("See to it".to_owned(), page)),
            })
        });
        troubled.next()
    }

    /// A token of this person that ends soon.
    async fn expiring_token(&self) -> Option<Banner> {
        // A limit that any sign-in moves on is none to be warned of.
        let limit = self
            .dashboard()
            .sign_in_limit(&self.caller, self.caller.user());
        let limit = limit.await.ok().flatten();
        let tokens = async || {
            let mut tokens = self.dashboard().tokens(&self.caller).await.ok()?;
            tokens.retain(|token| {
                limit.is_none_or(|limit| limit.until.is_some() && token.expires_at != limit.until)
            });
            Some(tokens)
        };
        let known = &self.request.site.expiring_tokens;
        let token = known.next(self.caller.id(), tokens).await?;
        let left = token.end.duration_since(Timestamp::now());
        let days = left.as_secs() / Duration::from_secs(24 * 60 * 60).as_secs();
        let when = match days {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            days => format!("in {days} days"),
        };
        Some(Banner {
            tone: Tone::Warning,
            text: format!("Your API token “{}” ends {when}.", token.description),
            since: None,
            action: Some(("Make a new one".to_owned(), self.links().to("/tokens"))),
        })
    }

    /// A page as an answer.
    pub(super) async fn page(&self, frame: &Frame, markup: Markup) -> Result<Response, Failure> {
        self.page_with(StatusCode::OK, frame, markup).await
    }

    /// A page with a status of its own.
    pub(super) async fn page_with(
        &self,
        status: StatusCode,
        frame: &Frame,
        markup: Markup,
    ) -> Result<Response, Failure> {
        let mut response = super::html::answer(status, markup, &self.request.headers).await?;
        if frame.status.is_some() {
            self.request.site.cookies.end_status(response.headers_mut());
        }
        Ok(response)
    }

    /// After a change: to another page, which says what was done.
    pub(super) fn done(&self, to: &str, text: impl Into<String>) -> Result<Response, Failure> {
        let status = Status {
            tone: Tone::Ok,
            text: text.into(),
            action: None,
        };
        self.leave(to, &status)
    }

    /// To another page, which says this.
    pub(super) fn leave(&self, to: &str, status: &Status) -> Result<Response, Failure> {
        let mut response = redirect(to);
        self.request
            .site
            .cookies
            .set_status(response.headers_mut(), status);
        Ok(response)
    }

    async fn fail(&self, failure: Failure) -> Response {
        let frame = self.frame().await;
        match failure {
            Failure::Error(Error::Unauthenticated { .. }) => self.request.to_sign_in(),
            Failure::Error(error) => {
                let became = match errors::missing_model(&error) {
                    Some(key) => gone::what_became(self, &key).await,
                    None => None,
                };
                match became {
                    Some(view) => errors::gone(&frame, &self.request, &view),
                    None => errors::answer(&frame, &self.request, &error),
                }
            }
            Failure::Form => errors::expired_form(&frame, &self.request),
            Failure::Body(error) => errors::body(&frame, &self.request, &error),
            Failure::Enabled(key) => errors::enabled(&frame, &self.request, &key),
            Failure::Nothing => errors::nothing_here(&frame, &self.request),
        }
    }
}

/// To another page, with GET (RFC 9110 §15.4.4).
pub(super) fn redirect(to: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SEE_OTHER;
    // Addresses are percent-encoded.
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

/// Who can sign in with a directory that one comes so far with, in words for before “sign in”.
pub(in crate::pages) fn who_can(part: SourcePart) -> &'static str {
    match part {
        SourcePart::Groups => "Only people whose own entry names their groups can",
        _ => "Nobody can",
    }
}
