//! The dashboard's pages: requests in, view models out.
//!
//! A route is a path, a method and what it takes of the request; a handler is a plain async
//! function of a [`Visit`] that answers a result; [`Request::answer`] lets in whoever is signed in
//! and turns every error into a page, and [`Request::answer_form`] also reads a form and makes sure
//! that it comes from a page of the same session.

mod cookies;
mod errors;
mod form;
mod html;
mod masked;
mod model;
mod models;
mod sign_in;
mod visit;

use std::sync::Arc;

use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use model_dashboard::dashboard::{Dashboard, Error};
use model_dashboard::model::{FieldError, ModelKey, ModelName, NetworkType};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use self::cookies::Cookies;
pub(crate) use self::errors::failure;
use self::form::Form;
use self::visit::{Failure, Request, Site, Visit};
use crate::route::{Segment, read};
use crate::server::request_body;
use crate::settings::WebSettings;
use crate::views::{Links, Theme};
use crate::{api, assets};

/// All pages below the base path, with the API beside them. Never rejects.
pub(crate) fn routes(dashboard: Dashboard, settings: WebSettings) -> BoxedFilter<(Response,)> {
    // A base path lives as long as the program.
    let base: &'static str = String::leak(settings.base_path.clone());
    let site = Arc::new(Site {
        cookies: Cookies::new(&settings),
        links: Links::new(base),
        dashboard,
        settings,
    });
    let pages = asset_routes()
        .or(model_routes(&site))
        .unify()
        .or(session_routes(&site))
        .unify()
        .or(api::beside_pages(&site.dashboard, base))
        .unify()
        .boxed();
    below(base)
        .and(pages)
        .or(nothing_here(&site))
        .unify()
        .boxed()
}

/// The segments of the base path.
fn below(base: &'static str) -> BoxedFilter<()> {
    let segments = base.split('/').filter(|segment| !segment.is_empty());
    segments.fold(warp::any().boxed(), |above, segment| {
        above.and(path(segment)).boxed()
    })
}

/// Embedded files, for ever: their names change with their content.
fn asset_routes() -> BoxedFilter<(Response,)> {
    path!("assets" / String)
        .and(read())
        .and(warp::header::headers_cloned())
        .map(|name: String, headers: HeaderMap| {
            let Some(asset) = assets::find(&name) else {
                let mut response = Response::default();
                *response.status_mut() = StatusCode::NOT_FOUND;
                return response;
            };
            let accepted = headers
                .get(ACCEPT_ENCODING)
                .and_then(|value| value.to_str().ok());
            let encoded = asset.encoded(accepted);
            let mut response = Response::new(encoded.body.into());
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type()));
            headers.insert(
                CACHE_CONTROL,
                HeaderValue::from_static(assets::CACHE_CONTROL),
            );
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
            if let Some(encoding) = encoded.encoding {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            response
        })
        .boxed()
}

fn model_routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let request = || visit::request(site.clone());
    let list = path::end()
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(models::list))
        .boxed();
    let show = path("models")
        .and(path::param::<Segment>())
        .and(path::param::<Segment>())
        .and(path::end())
        .and(read())
        .and(request())
        .then(|network_type: Segment, name: Segment, request: Request| {
            request.answer(async move |visit| model::show(visit, key(&network_type, &name)?).await)
        })
        .boxed();
    list.or(show).unify().boxed()
}

fn session_routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let request = || visit::request(site.clone());
    let form = path("login")
        .and(path::end())
        .and(read())
        .and(request())
        .then(sign_in::form)
        .boxed();
    let submit = path("login")
        .and(path::end())
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(sign_in::submit)
        .boxed();
    let sign_out = path("logout")
        .and(path::end())
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| {
            request.answer_form(body, async |visit, _| sign_in::sign_out(visit).await)
        })
        .boxed();
    let theme = path("theme")
        .and(path::end())
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| request.answer_form(body, set_theme))
        .boxed();
    form.or(submit)
        .unify()
        .or(sign_out)
        .unify()
        .or(theme)
        .unify()
        .boxed()
}

/// Keeps the theme, and goes back to where the switch was.
async fn set_theme(visit: Visit, form: Form) -> Result<Response, Failure> {
    let theme = Theme::from_value(form.text("theme"));
    let from = visit
        .request
        .headers
        .get(http::header::REFERER)
        .and_then(|from| from.to_str().ok());
    let back = from
        .and_then(|from| http::Uri::try_from(from).ok())
        .and_then(|from| Some(from.path_and_query()?.as_str().to_owned()))
        .filter(|path| form::local_path(visit.links().base(), path).is_some());
    let mut response = visit::redirect(&back.unwrap_or_else(|| visit.links().models()));
    visit
        .request
        .site
        .cookies
        .set_theme(response.headers_mut(), theme.value());
    Ok(response)
}

/// The key of the model at an address.
fn key(network_type: &Segment, name: &Segment) -> Result<ModelKey, Error> {
    let network_type = NetworkType::existing(&network_type.0);
    let name = ModelName::existing(&name.0);
    match (network_type, name) {
        (Ok(network_type), Ok(name)) => Ok(ModelKey::new(network_type, name)),
        _ => Err(Error::Invalid(vec![FieldError::new(
            "",
            "no model can have this name",
        )])),
    }
}

fn nothing_here(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    visit::request(site.clone())
        .then(|request: Request| async move {
            let known = request.clone();
            let found = request
                .answer(async |visit: Visit| {
                    let frame = visit.frame().await;
                    Ok(errors::nothing_here(&frame))
                })
                .await;
            // Whoever is not signed in learns nothing about addresses but that this is none.
            match found.status() {
                StatusCode::NOT_FOUND => found,
                _ => errors::nothing_here(&known.frame()),
            }
        })
        .boxed()
}
