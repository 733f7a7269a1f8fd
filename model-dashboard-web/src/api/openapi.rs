//! The description of the API (OpenAPI 3.1), and what is answered where nothing is.

mod answers;

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use utoipa::openapi::schema::{AdditionalProperties, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, PathItem, RefOr, Server};
use utoipa::{Modify, OpenApi};
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, path};

use self::answers::Answers;
use super::problem::Problem;
use super::{
    audit, broken, docs, drafts, health, list, metrics, models, package_files, packages, past,
    purges, revisions, sources, tokens, users,
};
use crate::route::read;
use crate::transfer;

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
        list::list, models::create, list::of_type, list::dataframe, broken::list, models::find, models::show,
        models::replace, models::patch, models::delete, models::rename, list::network_types,
        revisions::list, revisions::show, revisions::diff, revisions::restore, past::deleted,
        users::me, tokens::list, tokens::create, tokens::revoke, users::list, users::create,
        users::show, users::update, users::delete, users::reset_password, users::recheck,
        sources::list, sources::recheck, sources::diagnose, audit::list,
        audit::verify, audit::feed, health::health, health::livez, health::readyz, metrics::answer,
        packages::fetch, packages::report, packages::put, package_files::fetch_file, drafts::list, drafts::propose, drafts::show, drafts::publish,
        drafts::discard, drafts::list_all, purges::show, purges::purge, purges::allow, transfer::create, transfer::list, transfer::show, transfer::append, transfer::terminate,
        openapi_json, docs::docs,
    ),
    components(schemas(Problem)),
    tags(
        (name = "models", description = "Definitions of models"),
        (name = "history", description = "Who changed a model, when, why and what; what was deleted"),
        (name = "packages", description = "Packages of models: uploads that go on where they broke off"),
        (name = "drafts", description = "Packages that wait beside a model until somebody decides"),
        (name = "tokens", description = "API tokens"),
        (name = "users", description = "Accounts"),
        (name = "audit", description = "The audit log and the feed of changes"),
        (name = "health", description = "For probes and monitors"),
    ),
    modifiers(&TokenScheme, &Answers, &KnownFields),
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

/// Says of what is read field by field that it has no others.
struct KnownFields;

impl Modify for KnownFields {
    fn modify(&self, document: &mut Document) {
        let read = [
            "Rename",
            "NewAccount",
            "AccountChange",
            "PasswordReset",
            "Believe",
            "AskedPerson",
            "NewToken",
            "OwnerId",
            "NewDraft",
        ];
        let components = document.components.get_or_insert_default();
        for name in read {
            if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(name) {
                object.additional_properties =
                    Some(Box::new(AdditionalProperties::FreeForm(false)));
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

/// The description as it is sent where the routes are below `base`.
fn text(base: &str) -> Bytes {
    let mut document = document().clone();
    let server = if base.is_empty() { "/" } else { base };
    document.servers = Some(vec![Server::new(server)]);
    document.to_json().unwrap_or_default().into()
}

/// This description
///
/// OpenAPI 3.1.
#[utoipa::path(get, path = "/openapi.json", tag = "health",
    responses((status = 200, description = "The description", content_type = "application/json")))]
fn openapi_json(text: Bytes) -> Response {
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// `/openapi.json` and `/docs`, below `base`; the dashboard is at `home`.
pub(super) fn routes(base: &str, home: Option<&str>) -> BoxedFilter<(Response,)> {
    let text = text(base);
    let json = path("openapi.json")
        .and(path::end())
        .and(read())
        .map(move || openapi_json(text.clone()));
    json.or(docs::routes(home)).unify().boxed()
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_description_is_openapi_3_1() {
        assert!(text("").starts_with(br#"{"openapi":"3.1.0""#));
    }

    #[test]
    fn the_description_names_the_path_that_the_routes_are_below() {
        let servers = |base| {
            let document: serde_json::Value = serde_json::from_slice(&text(base)).unwrap();
            document["servers"][0]["url"].as_str().unwrap().to_owned()
        };
        assert_eq!(
            (servers(""), servers("/models")),
            ("/".into(), "/models".into())
        );
    }

    #[test]
    fn every_body_but_a_definition_says_that_it_has_no_other_fields() {
        let document = serde_json::to_value(document()).unwrap();
        let operations = document["paths"].as_object().unwrap().values();
        let operations = operations.flat_map(|item| item.as_object().unwrap().values());
        let mut read = 0;
        for operation in operations {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let Some(name) = body.as_str().filter(|name| !name.ends_with("/Definition")) else {
                continue;
            };
            let schema = document.pointer(name.trim_start_matches('#')).unwrap();
            assert_eq!(schema["additionalProperties"], false, "{name}");
            read += 1;
        }
        assert_eq!(read, 8);
    }

    #[test]
    fn a_limit_is_at_least_one() {
        let document = serde_json::to_value(document()).unwrap();
        for path in ["/api/v1/models", "/api/v1/audit", "/api/v1/events"] {
            let given = document["paths"][path]["get"]["parameters"]
                .as_array()
                .unwrap();
            let limit = given.iter().find(|given| given["name"] == "limit").unwrap();
            assert_eq!(limit["schema"]["minimum"], 1, "{path}");
        }
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
