//! Routes as a table: a verb, an address, a handler, one line each.
//!
//! `{…}` in an address stands for one segment, `{*…}` at its end for all that are left. The lines are tried in their order.

use std::fmt;
use std::future::Future;
use std::str::FromStr;

use futures::future::BoxFuture;
use http::Method;
use model_dashboard::auth::{IdentityId, Source};
use model_dashboard::dashboard::Error;
use model_dashboard::model::{FieldError, ModelKey, ModelName, NetworkType};
use warp::reply::Response;

use super::form::Form;
use super::request::Request;
use super::tokens::identity;
use super::visit::{Failure, Visit};
use crate::route::Segment;
use crate::server::RequestBody;

type Handler =
    Box<dyn Fn(Request, Vec<Segment>, RequestBody) -> BoxFuture<'static, Response> + Send + Sync>;

/// A line of the table.
pub(super) struct Route {
    method: Method,
    address: &'static str,
    handler: Handler,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.address)
    }
}

/// For whoever asks, signed in or not.
pub(super) fn on<F, Answer>(method: Method, address: &'static str, handler: F) -> Route
where
    F: Fn(Request, RequestBody) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Response> + Send + 'static,
{
    let handler: Handler = Box::new(move |request, _, body| Box::pin(handler(request, body)));
    Route {
        method,
        address,
        handler,
    }
}

/// A page for people who are signed in: GET, and HEAD.
pub(super) fn page<F, Answer>(address: &'static str, handler: F) -> Route
where
    F: Fn(Visit) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = Result<Response, Failure>> + Send + 'static,
{
    page_of(address, move |visit, ()| handler(visit))
}

/// A page about what its address names.
pub(super) fn page_of<Named, F, Answer>(address: &'static str, handler: F) -> Route
where
    Named: FromSegments,
    F: Fn(Visit, Named) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = Result<Response, Failure>> + Send + 'static,
{
    let answer = move |request: Request, segments: Vec<Segment>, _| -> BoxFuture<'static, _> {
        let handler = handler.clone();
        Box::pin(request.answer(async move |visit| {
            let named = Named::from_segments(&segments)?;
            handler(visit, named).await
        }))
    };
    Route {
        method: Method::GET,
        address,
        handler: Box::new(answer),
    }
}

/// A form that people who are signed in send: POST.
pub(super) fn form<F, Answer>(address: &'static str, handler: F) -> Route
where
    F: Fn(Visit, Form) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = Result<Response, Failure>> + Send + 'static,
{
    form_of(address, move |visit, (), form| handler(visit, form))
}

/// A form about what its address names.
pub(super) fn form_of<Named, F, Answer>(address: &'static str, handler: F) -> Route
where
    Named: FromSegments,
    F: Fn(Visit, Named, Form) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = Result<Response, Failure>> + Send + 'static,
{
    let answer = move |request: Request, segments: Vec<Segment>, body| -> BoxFuture<'static, _> {
        let handler = handler.clone();
        Box::pin(request.answer_form(body, async move |visit, form| {
            let named = Named::from_segments(&segments)?;
            handler(visit, named, form).await
        }))
    };
    Route {
        method: Method::POST,
        address,
        handler: Box::new(answer),
    }
}

/// What the open segments of an address name.
pub(super) trait FromSegments: Send + Sized {
    /// # Errors
    /// Nothing can have that name.
    fn from_segments(segments: &[Segment]) -> Result<Self, Failure>;
}

impl FromSegments for () {
    fn from_segments(_: &[Segment]) -> Result<(), Failure> {
        Ok(())
    }
}

impl FromSegments for ModelKey {
    fn from_segments(segments: &[Segment]) -> Result<ModelKey, Failure> {
        let [network_type, name] = segments else {
            return Err(Failure::Nothing);
        };
        let network_type = NetworkType::existing(&network_type.0);
        let name = ModelName::existing(&name.0);
        match (network_type, name) {
            (Ok(network_type), Ok(name)) => Ok(ModelKey::new(network_type, name)),
            _ => {
                let none = FieldError::new("", "no model can have this name");
                Err(Error::Invalid(vec![none]).into())
            }
        }
    }
}

/// A revision of a model.
impl FromSegments for (ModelKey, u64) {
    fn from_segments(segments: &[Segment]) -> Result<(ModelKey, u64), Failure> {
        match segments {
            [key @ .., number] => Ok((
                ModelKey::from_segments(key)?,
                self::number(std::slice::from_ref(number))?,
            )),
            [] => Err(Failure::Nothing),
        }
    }
}

impl FromSegments for IdentityId {
    fn from_segments(segments: &[Segment]) -> Result<IdentityId, Failure> {
        let [Segment(id)] = segments else {
            return Err(Failure::Nothing);
        };
        let none = || Error::NotFound {
            what: format!("account {id}"),
            near: Vec::new(),
        };
        identity(id).ok_or_else(|| none().into())
    }
}

impl FromSegments for Source {
    fn from_segments(segments: &[Segment]) -> Result<Source, Failure> {
        match segments {
            [Segment(name)] => Source::parse(name).map_err(|_| Failure::Nothing),
            _ => Err(Failure::Nothing),
        }
    }
}

impl FromSegments for i64 {
    fn from_segments(segments: &[Segment]) -> Result<i64, Failure> {
        number(segments)
    }
}

impl FromSegments for u64 {
    fn from_segments(segments: &[Segment]) -> Result<u64, Failure> {
        number(segments)
    }
}

fn number<N: FromStr>(segments: &[Segment]) -> Result<N, Failure> {
    match segments {
        [Segment(number)] => number.parse().map_err(|_| Failure::Nothing),
        _ => Err(Failure::Nothing),
    }
}

/// All pages.
#[derive(Debug)]
pub(super) struct Routes(Vec<Route>);

impl Routes {
    pub(super) fn new(table: Vec<Route>) -> Routes {
        Routes(table)
    }

    /// Verb and address of each.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (&Method, &'static str)> {
        self.0.iter().map(|route| (&route.method, route.address))
    }

    /// The answer to a request for `path`, which is below the base path; `None` where there is
    /// nothing.
    pub(super) async fn answer(
        &self,
        request: Request,
        path: &str,
        body: RequestBody,
    ) -> Result<Response, Request> {
        let found = self.0.iter().find_map(|route| {
            let asked = request.method() == route.method
                || (request.is_read() && route.method == Method::GET);
            Some((route, open_segments(route.address, path).filter(|_| asked)?))
        });
        match found {
            Some((route, segments)) => Ok((route.handler)(request, segments, body).await),
            None => Err(request),
        }
    }
}

/// The segments of a path that stand where the address has `{…}`; `None` if it is another address.
/// A slash at the end does not count.
fn open_segments(address: &str, path: &str) -> Option<Vec<Segment>> {
    let path = match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => path,
    };
    let mut open = Vec::new();
    let mut segments = path.split('/');
    for expected in address.split('/') {
        if expected.starts_with("{*") {
            let rest: Vec<&str> = segments.by_ref().collect();
            if rest.is_empty() || rest.contains(&"") {
                return None;
            }
            for segment in rest {
                open.push(segment.parse().ok()?);
            }
            break;
        }
        let segment = segments.next()?;
        if !expected.starts_with('{') {
            if segment != expected {
                return None;
            }
        } else if segment.is_empty() {
            return None;
        } else {
            open.push(segment.parse().ok()?);
        }
    }
    segments.next().is_none().then_some(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(address: &str, path: &str) -> Option<Vec<String>> {
        let found = open_segments(address, path)?;
        Some(found.into_iter().map(|segment| segment.0).collect())
    }

    #[test]
    fn an_address_is_met_segment_by_segment() {
        assert_eq!(open("/", "/"), Some(vec![]));
        assert_eq!(open("/", ""), None);
        assert_eq!(open("/activity", "/activity/"), Some(vec![]));
        assert_eq!(open("/activity", "/activity//"), None);
        assert_eq!(open("/activity", "/activities"), None);
        assert_eq!(open("/activity", "/activity/x"), None);
        let model = "/models/{type}/{name}";
        let named = vec!["a".to_owned(), "b/c d".to_owned()];
        assert_eq!(open(model, "/models/a/b%2Fc%20d"), Some(named));
        assert_eq!(open(model, "/models/a/"), None);
        assert_eq!(open(model, "/models//b"), None);
        assert_eq!(open(model, "/models/a/b/edit"), None);
        assert_eq!(open(model, "/models/a/%FF"), None);
        let file = "/package/{*path}";
        let named = vec!["a".to_owned(), "b c".to_owned()];
        assert_eq!(open(file, "/package/a/b%20c"), Some(named));
        assert_eq!(open(file, "/package/"), None);
        assert_eq!(open(file, "/package/a//b"), None);
    }
}
