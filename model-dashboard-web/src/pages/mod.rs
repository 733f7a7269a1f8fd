//! The dashboard's pages: requests in, view models out.
//!
//! A route is a line of a table: a verb, an address, a handler. A handler is a plain async function
//! of a [`Visit`] that answers a result; [`Request::answer`] lets in whoever is signed in and turns
//! every error into a page, and [`Request::answer_form`] also reads a form and makes sure that it
//! comes from a page of the same session.

mod actions;
mod activity;
mod actor;
mod admin;
mod broken;
mod bulk;
mod conflict;
mod cookies;
mod csv;
mod definition;
mod edit;
mod errors;
mod expiring;
mod exports;
mod form;
mod gone;
mod history;
mod html;
mod import;
mod kept;
mod markdown;
mod masked;
mod merge;
mod model;
mod models;
mod package;
mod paging;
mod parts;
mod pieces;
mod profile;
mod renames;
mod request;
mod routes;
mod settle;
mod sign_in;
mod tokens;
mod upload;
mod uploads;
mod used_forms;
mod visit;

use std::sync::Arc;
use std::time::SystemTime;

use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use model_dashboard::dashboard::Dashboard;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use self::admin::StorageTask;
use self::cookies::Cookies;
pub(crate) use self::errors::failure;
use self::expiring::ExpiringTokens;
use self::form::{Form, local_path};
use self::kept::KeptForms;
use self::request::{Request, Site};
use self::routes::{Route, Routes, form, form_of, on, page, page_of};
use self::used_forms::UsedForms;
use self::visit::{Failure, Visit};
use crate::route::read;
use crate::server::{RequestBody, request_body};
use crate::settings::WebSettings;
use crate::views::{Links, Theme};
use crate::{api, assets};

/// All pages below the base path, with the API beside them. Never rejects.
pub(crate) fn routes(dashboard: Dashboard, settings: WebSettings) -> BoxedFilter<(Response,)> {
    // A base path lives as long as the program.
    let base: &'static str = String::leak(settings.base_path.clone());
    let site = Arc::new(Site {
        started_at: SystemTime::now(),
        token_forms: UsedForms::default(),
        expiring_tokens: ExpiringTokens::default(),
        kept_forms: KeptForms::default(),
        storage_task: StorageTask::default(),
        cookies: Cookies::new(&settings),
        links: Links::new(base),
        dashboard,
        settings,
    });
    let beside = asset_routes().or(api::beside_pages(&site.dashboard, base));
    let table = Arc::new(Routes::new(table()));
    let pages = request::request(site.clone())
        .and(request_body())
        .then(move |request, body| answer(table.clone(), request, body));
    let beside = beside.unify().or(uploads::routes(site)).unify();
    below(base).and(beside).or(pages).unify().boxed()
}

/// Every page: what is asked for or sent, where, and who answers.
fn table() -> Vec<Route> {
    let mut table = vec![
        on(Method::GET, "/login", |request, _| sign_in::form(request)),
        on(Method::POST, "/login", sign_in::submit),
        form("/logout", |visit, _| sign_in::sign_out(visit)),
        form("/theme", set_theme),
        page("/", models::list),
        form("/models/bulk", bulk::bulk),
        page_of("/models/{type}/{name}", model::show),
        page_of("/models/{type}/{name}/edit", edit::edit_form),
        form_of("/models/{type}/{name}/edit", edit::edit),
        page_of("/models/{type}/{name}/derive", actions::derive_form_of),
        form_of("/models/{type}/{name}/derive", actions::derive_of),
        page_of("/models/{type}/{name}/rename", actions::rename_form),
        form_of("/models/{type}/{name}/rename", actions::rename),
        page_of("/models/{type}/{name}/delete", actions::ask_delete),
        form_of("/models/{type}/{name}/delete", actions::delete),
        page_of("/models/{type}/{name}/enable", actions::ask_enable),
        form_of("/models/{type}/{name}/enable", actions::enable),
        page_of("/models/{type}/{name}/disable", actions::ask_disable),
        form_of("/models/{type}/{name}/disable", actions::disable),
        page_of("/models/{type}/{name}/export", actions::export),
        page_of("/models/{type}/{name}/history", history::show),
        page_of("/models/{type}/{name}/compare", history::compare),
        page_of(
            "/models/{type}/{name}/revisions/{number}",
            history::show_revision,
        ),
        page_of(
            "/models/{type}/{name}/revisions/{number}/restore",
            history::ask_restore,
        ),
        form_of(
            "/models/{type}/{name}/revisions/{number}/restore",
            history::restore,
        ),
        page("/create", edit::create_form),
        form("/create", edit::create),
        page("/derive", actions::derive_form),
        form("/derive", actions::derive),
        page("/import", import::form),
        on(Method::POST, "/import", import::submit),
        page("/broken", broken::list),
        page_of("/broken/{type}/{name}", broken::editor),
        form_of("/broken/{type}/{name}", broken::save),
        page("/activity", activity::show),
        page("/profile", profile::show),
        form("/profile/password", profile::change_password),
        form("/profile/sessions/end-others", profile::end_others),
        form_of("/profile/sessions/{id}/end", profile::end_session),
        page("/tokens", tokens::show),
        form("/tokens", tokens::create),
        form("/tokens/service-accounts", tokens::create_account),
        page_of("/tokens/{id}/revoke", tokens::ask_revoke),
        form_of("/tokens/{id}/revoke", tokens::revoke),
    ];
    table.extend(package::table());
    table.extend(upload::table());
    table.extend(admin::table());
    table
}

/// Verb and address of every page, below the base path. `{…}` stands for one segment; what is read
/// with GET is read with HEAD too.
#[must_use]
pub fn page_addresses() -> Vec<(Method, &'static str)> {
    let routes = Routes::new(table());
    let owned = routes.addresses().map(|(method, at)| (method.clone(), at));
    owned.collect()
}

async fn answer(routes: Arc<Routes>, request: Request, body: RequestBody) -> Response {
    let base = request.site.links.base();
    let path = request.path.strip_prefix(base).map(|path| match path {
        "" => "/".to_owned(),
        path => path.to_owned(),
    });
    let request = match path {
        Some(path) => match routes.answer(request, &path, body).await {
            Ok(response) => return response,
            Err(request) => request,
        },
        None => request,
    };
    nothing_here(request).await
}

/// Whoever is not signed in learns nothing about addresses but that this is none.
async fn nothing_here(request: Request) -> Response {
    let known = request.clone();
    let found = request.answer(async |_| Err(Failure::Nothing)).await;
    match found.status() {
        StatusCode::NOT_FOUND => found,
        _ => errors::nothing_here(&known.frame(), &known),
    }
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
        .filter(|path| local_path(visit.links().base(), path).is_some());
    let mut response = visit::redirect(&back.unwrap_or_else(|| visit.links().models()));
    visit
        .request
        .site
        .cookies
        .set_theme(response.headers_mut(), theme.value());
    Ok(response)
}
