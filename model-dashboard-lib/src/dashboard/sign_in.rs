//! Signing in.
//!
//! One message answers every refusal, whatever its reason; the reason goes to the audit log.

use std::fmt;
use std::time::{Duration, Instant};

use super::directories::Directory;
use super::throttle::{Client, TooEarly};
use super::{Dashboard, Error, RequestInfo, Unauthenticated};
use crate::audit::{Action, NewEvent};
use crate::auth::{
    AuthenticationError, Authenticator, IdentityId, Password, PasswordError, Refusal, Session,
    SessionSecret, Source, User, Username,
};
use crate::store::StoreError;

/// A source that people can choose at sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInSource {
    /// Its name, for [`SignIn::source`].
    pub source: Source,
    /// What people read.
    pub label: String,
}

/// What somebody typed to sign in.
#[derive(Clone)]
pub struct SignIn {
    /// Where to sign in; `None` where there is one source only.
    pub source: Option<Source>,
    /// The name as typed.
    pub username: String,
    /// The password as typed.
    pub password: String,
    /// What the client calls itself, to know the session by; may be empty.
    pub user_agent: String,
    /// What the last sign-in left in this browser ([`SignedIn::browser`]), if it did.
    pub browser: Option<String>,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("source", &self.source)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A sign-in that succeeded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The new session's secret, for the cookie.
    pub secret: SessionSecret,
    /// The new session.
    pub session: Session,
    /// Who it is.
    pub user: User,
    /// To be left in the browser, also beyond the session: who comes with it again is not delayed
    /// by others who guess at the same address. It proves nothing else.
    pub browser: String,
}

impl Dashboard {
    /// Where people can sign in, in the order of configuration.
    #[must_use]
    pub fn sources(&self) -> Vec<SignInSource> {
        let authenticators = self.inner.authenticators.iter();
        authenticators
            .map(|one| SignInSource {
                source: one.source().clone(),
                label: one.label().to_owned(),
            })
            .collect()
    }

    /// Checks a name and a password and begins a new session.
    ///
    /// A session that the browser had before is not continued; the front end ends it with
    /// [`Dashboard::sign_out`].
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for every refusal, [`Error::TooManyAttempts`] after wrong
    /// passwords, [`Error::Busy`], [`Error::Unavailable`] when the source cannot be asked,
    /// [`Error::Invalid`] when there are several sources and none was chosen.
    pub async fn sign_in(&self, sign_in: SignIn, request: RequestInfo) -> Result<SignedIn, Error> {
        let is_known = self.is_known(&sign_in, &request);
        let source = self.authenticator(sign_in.source.as_ref())?.source();
        let places = match self.inner.directories.of(source) {
            Some(directory) => directory.sign_ins(),
            None => &self.inner.sign_ins,
        };
        let this = self.clone();
        let work = async move { this.run_sign_in(sign_in, &request).await };
        self.password_check(places, is_known, work).await
    }

    /// Whether somebody of this name signed in from there before.
    fn is_known(&self, sign_in: &SignIn, request: &RequestInfo) -> bool {
        let authenticator = self.authenticator(sign_in.source.as_ref());
        let (Ok(authenticator), Ok(name)) = (authenticator, Username::parse(&sign_in.username))
        else {
            return false;
        };
        let (source, now) = (authenticator.source(), Instant::now());
        let throttle = &self.inner.throttle;
        let client = client(request, sign_in.browser.as_deref());
        throttle.knows(source, name.folded(), client, now)
    }

    async fn run_sign_in(&self, sign_in: SignIn, request: &RequestInfo) -> Result<SignedIn, Error> {
        let authenticator = self.authenticator(sign_in.source.as_ref())?;
        let source = authenticator.source();
        let made_from = made_from(request, &sign_in.user_agent);
        let (throttle, now) = (&self.inner.throttle, Instant::now());
        let browser = browser_mark(sign_in.browser)?;
        let client = client(request, Some(&browser));
        let typed = (
            Username::parse(&sign_in.username),
            Password::parse(sign_in.password),
        );
        let (username, password) = match typed {
            (Ok(username), Ok(password)) => (username, password),
            // Nobody has such a name or password, so this says nothing about an account.
            (username, password) => {
                if let Some(count) = throttle.is_void(client, now) {
                    let target = format!("source:{source}");
                    let mut event = sign_in_event(request, Action::SignInRefused, target);
                    if let Ok(username) = &username {
                        event.actor_name = self.known_name(source, username).await;
                    }
                    let why = match (password, username) {
                        (Err(PasswordError::Empty), _) => "no password was typed",
                        (Err(_), _) => "nobody has such a password",
                        _ => "nobody has such a name",
                    };
                    let event = with_count(event.with_detail(why), count);
                    self.inner.trail.record(event).await;
                }
                return Err(Unauthenticated::SignInRefused.into());
            }
        };
        let attempt = match throttle.attempt(source, username.folded(), client, now) {
            Ok(attempt) => attempt,
            Err(early) => {
                let target = format!("source:{source}");
                let mut event = sign_in_event(request, Action::SignInRefused, target);
                if early.tell.is_some() {
                    event.actor_name = self.known_name(source, &username).await;
                }
                return Err(self.too_early(early, event).await);
            }
        };
        match self
            .check_and_begin(authenticator, &username, &password, &attempt, made_from)
            .await
        {
            Ok(mut signed_in) => {
                attempt.was_right(Some(&browser));
                signed_in.browser = browser;
                let id = &signed_in.user.id;
                let mut event = sign_in_event(request, Action::SignIn, format!("user:{id}"));
                event.actor = id.to_string();
                event.actor_name = signed_in.user.username.to_string();
                self.inner.trail.record(event).await;
                Ok(signed_in)
            }
            Err(
                AuthenticationError::Refused(refusal) | AuthenticationError::Barred { refusal, .. },
            ) => {
                let wait = attempt.wait();
                let target = format!("source:{source}");
                let mut event = sign_in_event(request, Action::SignInRefused, target);
                let found = attempt.found();
                let found = found.map(|id| IdentityId::new(source.clone(), id));
                let known = self.known_account(source, &username, found).await;
                let known = known.unwrap_or_default();
                event.actor_name = match &known {
                    Some(known) => known.username.to_string(),
                    None if is_a_name(authenticator, &refusal) => username.to_string(),
                    None => String::new(),
                };
                event = event.with_detail(refusal.to_string());
                if !wait.is_zero() {
                    event = event.with_detail(format!("next attempt in {} s", wait.as_secs()));
                }
                if known.is_some_and(|known| known.username != username) {
                    event = event.with_detail(format!("typed as {username}"));
                }
                self.inner.trail.record(event).await;
                Err(Unauthenticated::SignInRefused.into())
            }
            Err(AuthenticationError::Busy { retry_after }) => {
                attempt.was_not_made();
                Err(Error::Busy { retry_after })
            }
            Err(unavailable) => {
                attempt.was_not_answered();
                let target = format!("source:{source}");
                let mut event = sign_in_event(request, Action::SignInRefused, target);
                event.actor_name = self.known_name(source, &username).await;
                let why = format!("not checked: {}", unavailable.in_short());
                self.inner.trail.record(event.with_detail(why)).await;
                let directory = self.inner.directories.of(source);
                let failing = directory.and_then(Directory::failing);
                if directory.is_none() {
                    let source = source.as_str();
                    tracing::warn!(source, error = %unavailable, "nobody can sign in");
                }
                Err(Error::Unavailable {
                    // Why, which names servers and settings, is for administrators.
                    what: format!("sign-in with {source}"),
                    since: failing.map(|failing| failing.since),
                    retry_after: Duration::from_secs(10),
                    source: Some(Box::new(unavailable)),
                })
            }
        }
    }

    /// The account that an attempt was about, if it is known here: whom the source found by what was
    /// typed, or who is called so.
    async fn known_account(
        &self,
        source: &Source,
        typed: &Username,
        found: Option<IdentityId>,
    ) -> Result<Option<User>, StoreError> {
        let users = &self.inner.users;
        if let Some(id) = found
            && let Some(user) = users.user(&id).await?
        {
            return Ok(Some(user));
        }
        users.user_by_name(source, typed).await
    }

    /// The name of an account that is known here; empty for any other, which may be a password that
    /// was typed into the wrong field.
    async fn known_name(&self, source: &Source, typed: &Username) -> String {
        let known = self.inner.users.user_by_name(source, typed).await;
        let known = known.ok().flatten();
        known.map_or_else(String::new, |user| user.username.to_string())
    }

    /// The answer to an attempt that comes too early; `event` goes to the audit log if it is time
    /// to tell of such attempts.
    pub(super) async fn too_early(&self, early: TooEarly, event: NewEvent) -> Error {
        let TooEarly { retry_after, tell } = early;
        if let Some(count) = tell {
            let event = event.with_detail("too early after others, not checked");
            self.inner.trail.record(with_count(event, count)).await;
        }
        Error::TooManyAttempts { retry_after }
    }

    fn authenticator(&self, source: Option<&Source>) -> Result<&dyn Authenticator, Error> {
        let all = &self.inner.authenticators;
        match (source, all.as_slice()) {
            (None, [only]) => Ok(&**only),
            (None, _) => Err(Error::invalid("source", "choose where you sign in")),
            (Some(source), _) => {
                let found = all.iter().find(|one| one.source() == source);
                let found = found.map(|one| &**one);
                found.ok_or_else(|| {
                    Error::invalid("source", format!("there is no source {source} here"))
                })
            }
        }
    }
}

/// Whether what was typed is somebody's name, and not perhaps a password that was typed into the wrong
/// field. A source that knows people by their passwords alone calls an unknown name a wrong password,
/// or says no to any name.
fn is_a_name(authenticator: &dyn Authenticator, refusal: &Refusal) -> bool {
    match refusal {
        Refusal::UnknownUser => false,
        Refusal::WrongPassword | Refusal::TooEarly | Refusal::Other(_) => {
            authenticator.can_recheck()
        }
        _ => true,
    }
}

/// An event of somebody who is not known yet.
fn sign_in_event(request: &RequestInfo, action: Action, target: String) -> NewEvent {
    NewEvent {
        via: request.via.as_str().to_owned(),
        from: request.from.to_string(),
        request_id: request.request_id.clone(),
        ..NewEvent::of_server(action, target)
    }
}

/// Tells of how many attempts an event is.
fn with_count(event: NewEvent, count: u32) -> NewEvent {
    match count {
        0 | 1 => event,
        _ => event.with_detail(format!("{count} from there since the last such event")),
    }
}

fn client<'a>(request: &'a RequestInfo, browser: Option<&'a str>) -> Client<'a> {
    Client {
        address: &request.from,
        browser,
    }
}

/// What the browser is known by: what it came with, or 256 random bits.
fn browser_mark(given: Option<String>) -> Result<String, StoreError> {
    match given.filter(|text| SessionSecret::parse(text).is_some()) {
        Some(mark) => Ok(mark),
        None => Ok(SessionSecret::generate()?.expose()),
    }
}

/// Client address and user agent, at most 300 characters.
fn made_from(request: &RequestInfo, user_agent: &str) -> String {
    let agent = user_agent.chars().filter(|c| !c.is_control()).take(240);
    let address: String = request.from.chars().take(58).collect();
    let agent: String = agent.collect();
    match agent.is_empty() {
        true => address,
        false => format!("{address}, {agent}"),
    }
}
