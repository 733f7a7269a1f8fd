//! The description of the API (OpenAPI 3.1), and what is answered where nothing is.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, PathItem};
use utoipa::{Modify, OpenApi};
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, path};

use super::problem::Problem;
use super::{audit, docs, health, list, metrics, models, tokens, users};
use crate::route::read;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Model Dashboard",
        description = "A registry for inference models: which exist, which may run, what is in \
            them, who changed what.\n\nErrors are problem documents (RFC 9457) with a stable \
            `type`. A change names the state that it changes in `If-Match`; of several at once \
            one wins and the others get 412.",
    ),
    paths(
        list::list, models::create, list::of_type, list::dataframe, models::find, models::show,
        models::replace, models::patch, models::delete, models::rename, list::network_types,
        users::me, tokens::list, tokens::create, tokens::revoke, users::list, users::create,
        users::show, users::update, users::delete, users::reset_password, audit::list,
        audit::verify, audit::feed, health::health, health::livez, health::readyz, metrics::answer,
        openapi_json, docs::docs,
    ),
    components(schemas(Problem)),
    tags(
        (name = "models", description = "Definitions of models"),
        (name = "tokens", description = "API tokens"),
        (name = "users", description = "Accounts"),
        (name = "audit", description = "The audit log and the feed of changes"),
        (name = "health", description = "For probes and monitors"),
    ),
    modifiers(&TokenScheme, &Failures),
)]
struct Api;

struct TokenScheme;

impl Modify for TokenScheme {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An API token, made on the page “API tokens” of the dashboard",
            ))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// Every route that takes a token can answer these.
struct Failures;

impl Modify for Failures {
    fn modify(&self, document: &mut Document) {
        use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
        let problem = |description: &str| {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build();
            ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", content)
                .build()
        };
        let operations = document.paths.paths.values_mut().flat_map(operations_mut);
        for operation in operations.filter(|operation| operation.security.is_some()) {
            let responses = &mut operation.responses.responses;
            for (status, text) in [
                ("400", "The request cannot be understood"),
                ("401", "No token, or one that does not count"),
                ("403", "The token lacks the permission"),
                ("503", "A store does not answer; see Retry-After"),
            ] {
                responses
                    .entry(status.to_owned())
                    .or_insert_with(|| problem(text).into());
            }
        }
    }
}

fn operations_mut(
    item: &mut PathItem,
) -> impl Iterator<Item = &mut utoipa::openapi::path::Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

/// The description of every route.
pub fn document() -> &'static Document {
    static DOCUMENT: LazyLock<Document> = LazyLock::new(Api::openapi);
    &DOCUMENT
}

fn text() -> Bytes {
    static TEXT: LazyLock<Bytes> =
        LazyLock::new(|| document().to_json().unwrap_or_default().into());
    TEXT.clone()
}

/// This description
///
/// OpenAPI 3.1.
#[utoipa::path(get, path = "/openapi.json", tag = "health",
    responses((status = 200, description = "The description", content_type = "application/json")))]
pub(super) fn openapi_json() -> Response {
    let mut response = Response::new(text().into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// `/openapi.json` and `/docs`.
pub(super) fn routes() -> BoxedFilter<(Response,)> {
    let json = path("openapi.json")
        .and(path::end())
        .and(read())
        .map(openapi_json);
    json.or(docs::routes()).unify().boxed()
}

/// Answers what no route below `base` took: 405 with the methods where the address has others,
/// else 404. An address that has the method was not taken because of what stands in it: a number
/// that is none, or bytes that are no text.
pub(super) fn nothing_here(base: &'static str) -> BoxedFilter<(Response,)> {
    path::full()
        .and(warp::method())
        .map(move |path: FullPath, method: Method| {
            let allowed = allowed_methods(path.as_str().strip_prefix(base).unwrap_or_default());
            if allowed.is_empty() || allowed.contains(&method.as_str()) {
                return Problem::no_route().into_response();
            }
            let allowed = allowed.join(", ");
            let detail = format!("this address takes {allowed}");
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let problem = Problem::new(status, "method-not-allowed", "Method not allowed", detail);
            let mut response = problem.into_response();
            if let Ok(allowed) = HeaderValue::from_str(&allowed) {
                response.headers_mut().insert(ALLOW, allowed);
            }
            response
        })
        .boxed()
}

/// The methods of an address, from the description of the routes.
fn allowed_methods(path: &str) -> Vec<&'static str> {
    let fits = |template: &str| {
        let (mut given, mut wanted) = (path.split('/'), template.split('/'));
        loop {
            match (given.next(), wanted.next()) {
                (None, None) => return true,
                (Some(given), Some(wanted)) => {
                    let any = wanted.starts_with('{') && !given.is_empty();
                    if !any && given != wanted {
                        return false;
                    }
                }
                _ => return false,
            }
        }
    };
    let items = document()
        .paths
        .paths
        .iter()
        .filter(|(template, _)| fits(template));
    let mut methods = Vec::new();
    for (_, item) in items {
        for (operation, method) in [
            (&item.get, &Method::GET),
            (&item.get, &Method::HEAD),
            (&item.post, &Method::POST),
            (&item.put, &Method::PUT),
            (&item.patch, &Method::PATCH),
            (&item.delete, &Method::DELETE),
        ] {
            if operation.is_some() && !methods.contains(&method.as_str()) {
                methods.push(method.as_str());
            }
        }
    }
    methods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_openapi_3_1() {
        assert!(text().starts_with(br#"{"openapi":"3.1.0""#));
    }

    #[test]
    fn the_methods_of_an_address_come_from_the_description() {
        let model = allowed_methods("/api/v1/models/nnUNet/x");
        assert_eq!(model, ["GET", "HEAD", "PUT", "PATCH", "DELETE"]);
        assert_eq!(allowed_methods("/api/v1/models"), ["GET", "HEAD", "POST"]);
        assert!(allowed_methods("/api/v1/models/").is_empty());
        assert!(allowed_methods("/api/v2/models").is_empty());
    }
}
