//! The dashboard's cookies (RFC 6265): the session, what the browser is known by, the theme, and a
//! sentence for the next page.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::settings::WebSettings;
use crate::views::Status;
use crate::views::components::Tone;

/// A year, in seconds.
const YEAR: u64 = 365 * 24 * 60 * 60;

/// The names of the cookies, and how they are set.
#[derive(Clone, Debug)]
pub(super) struct Cookies {
    session: String,
    sign_in: String,
    browser: String,
    source: String,
    theme: String,
    status: String,
    attributes: &'static str,
}

impl Cookies {
    pub(super) fn new(settings: &WebSettings) -> Cookies {
        let name = &settings.session_cookie;
        // With TLS no other host or plain connection can plant a cookie of such a name.
        let (prefix, attributes) = match settings.secure_cookies {
            true => ("__Host-", "; Path=/; Secure; SameSite=Lax"),
            false => ("", "; Path=/; SameSite=Lax"),
        };
        Cookies {
            session: format!("{prefix}{name}"),
            sign_in: format!("{prefix}{name}_sign_in"),
            browser: format!("{prefix}{name}_browser"),
            source: format!("{prefix}{name}_source"),
            theme: format!("{prefix}{name}_theme"),
            status: format!("{prefix}{name}_status"),
            attributes,
        }
    }

    /// The session's secret.
    pub(super) fn session<'a>(&self, request: &'a HeaderMap) -> Option<&'a str> {
        find(request, &self.session)
    }

    /// Keeps a session until the browser closes; the server ends it earlier.
    pub(super) fn set_session(&self, answer: &mut HeaderMap, secret: &str) {
        self.set(answer, &self.session, secret, "; HttpOnly");
    }

    /// Forgets the session.
    pub(super) fn end_session(&self, answer: &mut HeaderMap) {
        self.set(answer, &self.session, "", "; HttpOnly; Max-Age=0");
    }

    /// The secret that the sign-in form is bound to.
    pub(super) fn sign_in<'a>(&self, request: &'a HeaderMap) -> Option<&'a str> {
        find(request, &self.sign_in)
    }

    /// Binds the sign-in form to this browser.
    pub(super) fn set_sign_in(&self, answer: &mut HeaderMap, secret: &str) {
        self.set(answer, &self.sign_in, secret, "; HttpOnly");
    }

    /// Forgets what the sign-in form was bound to.
    pub(super) fn end_sign_in(&self, answer: &mut HeaderMap) {
        self.set(answer, &self.sign_in, "", "; HttpOnly; Max-Age=0");
    }

    /// What an earlier sign-in left to know this browser by.
    pub(super) fn browser<'a>(&self, request: &'a HeaderMap) -> Option<&'a str> {
        find(request, &self.browser)
    }

    /// Keeps what the browser is known by for a year, also when the session ends.
    pub(super) fn set_browser(&self, answer: &mut HeaderMap, mark: &str) {
        let more = format!("; HttpOnly; Max-Age={YEAR}");
        self.set(answer, &self.browser, mark, &more);
    }

    /// Where somebody signed in with this browser last.
    pub(super) fn source<'a>(&self, request: &'a HeaderMap) -> Option<&'a str> {
        find(request, &self.source)
    }

    /// Remembers where somebody signed in, for the next time.
    pub(super) fn set_source(&self, answer: &mut HeaderMap, source: &str) {
        let more = format!("; HttpOnly; Max-Age={YEAR}");
        self.set(answer, &self.source, source, &more);
    }

    /// The theme that was chosen.
    pub(super) fn theme<'a>(&self, request: &'a HeaderMap) -> Option<&'a str> {
        find(request, &self.theme)
    }

    /// Keeps the theme for a year.
    pub(super) fn set_theme(&self, answer: &mut HeaderMap, theme: &'static str) {
        self.set(
            answer,
            &self.theme,
            theme,
            &format!("; HttpOnly; Max-Age={YEAR}"),
        );
    }

    /// The sentence that the request before this one left.
    pub(super) fn status(&self, request: &HeaderMap) -> Option<Status> {
        let value = find(request, &self.status)?;
        let mut parts = value
            .split('.')
            .map(|part| percent_decode_str(part).decode_utf8());
        let mut part = || parts.next()?.ok().map(String::from);
        let tone = match part()?.as_str() {
            "warning" => Tone::Warning,
            _ => Tone::Ok,
        };
        let text = part()?;
        let action = match (part(), part()) {
            // Never an address of another site, whoever planted the cookie.
            (Some(label), Some(href)) if super::form::local_path("", &href).is_some() => {
                Some((label, href))
            }
            _ => None,
        };
        Some(Status { tone, text, action })
    }

    /// Leaves a sentence for the next page.
    pub(super) fn set_status(&self, answer: &mut HeaderMap, status: &Status) {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let tone = if status.tone == Tone::Warning {
            "warning"
        } else {
            "ok"
        };
        let text: String = status.text.chars().take(300).collect();
        let mut value = format!("{tone}.{}", encode(&text));
        if let Some((label, href)) = &status.action {
            value.push_str(&format!(".{}.{}", encode(label), encode(href)));
        }
        self.set(answer, &self.status, &value, "; HttpOnly; Max-Age=60");
    }

    /// The sentence was shown.
    pub(super) fn end_status(&self, answer: &mut HeaderMap) {
        self.set(answer, &self.status, "", "; HttpOnly; Max-Age=0");
    }

    fn set(&self, answer: &mut HeaderMap, name: &str, value: &str, more: &str) {
        let cookie = format!("{name}={value}{}{more}", self.attributes);
        // Values are base64url, words or percent-encoded; names are tokens.
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            answer.append(SET_COOKIE, cookie);
        }
    }
}

fn find<'a>(request: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let headers = request
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = headers.flat_map(|header| header.split(';')).map(str::trim);
    let value = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    (!value.is_empty()).then_some(value)
}
