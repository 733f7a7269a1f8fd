//! The dashboard's pages: requests in, view models out.
//!
//! A route is a path, a method and what it takes of the request; a handler is a plain async
//! function of a [`Visit`] that answers a result; [`Request::answer`] lets in whoever is signed in
//! and turns every error into a page, and [`Request::answer_form`] also reads a form and makes sure
//! that it comes from a page of the same session.

mod actions;
mod activity;
mod admin;
mod broken;
mod bulk;
mod conflict;
mod cookies;
mod definition;
mod edit;
mod errors;
mod expiring;
mod form;
mod gone;
mod html;
mod import;
mod kept;
mod markdown;
mod masked;
mod model;
mod models;
mod paging;
mod parts;
mod profile;
mod sign_in;
mod tokens;
mod used_forms;
mod visit;

use std::sync::Arc;
use std::time::SystemTime;

use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use model_dashboard::dashboard::{Dashboard, Error};
use model_dashboard::model::{FieldError, ModelKey, ModelName, NetworkType};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use self::cookies::Cookies;
pub(crate) use self::errors::failure;
use self::expiring::ExpiringTokens;
use self::form::Form;
use self::kept::KeptForms;
use self::used_forms::UsedForms;
use self::visit::{Failure, Request, Site, Visit};
use crate::route::{Segment, read};
use crate::server::request_body;
use crate::settings::WebSettings;
use crate::views::{Links, ModelAction, Theme};
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
        .or(account_routes(&site))
        .unify()
        .or(admin::routes(&site))
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
    let bulk = path!("models" / "bulk")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| request.answer_form(body, bulk::bulk))
        .boxed();
    let show = path!("models" / Segment / Segment)
        .and(read())
        .and(request())
        .then(|network_type: Segment, name: Segment, request: Request| {
            request.answer(async move |visit| model::show(visit, key(&network_type, &name)?).await)
        })
        .boxed();
    list.or(show)
        .unify()
        .or(bulk)
        .unify()
        .or(action_routes(site))
        .unify()
        .or(definition_routes(site))
        .unify()
        .boxed()
}

/// What is done to one model: `models/{type}/{name}/{action}`.
fn action_routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let model = || {
        path("models")
            .and(path::param::<Segment>())
            .and(path::param::<Segment>())
    };
    let ask = model()
        .and(path::param::<ActionSegment>())
        .and(path::end())
        .and(read())
        .and(visit::request(site.clone()))
        .then(
            |network_type: Segment, name: Segment, action: ActionSegment, request: Request| {
                request.answer(async move |visit| {
                    let key = key(&network_type, &name)?;
                    match action.0 {
                        ModelAction::Edit => edit::edit_form(visit, key).await,
                        ModelAction::Derive => actions::derive_form(visit, Some(key)).await,
                        ModelAction::Rename => actions::rename_form(visit, key).await,
                        ModelAction::Delete => actions::ask_delete(visit, key).await,
                        ModelAction::Enable => actions::ask_enabled(visit, key, true).await,
                        ModelAction::Disable => actions::ask_enabled(visit, key, false).await,
                        ModelAction::Export => actions::export(visit, key).await,
                    }
                })
            },
        )
        .boxed();
    let act = model()
        .and(path::param::<ActionSegment>())
        .and(path::end())
        .and(warp::post())
        .and(visit::request(site.clone()))
        .and(request_body())
        .then(
            |network_type: Segment,
             name: Segment,
             action: ActionSegment,
             request: Request,
             body| {
                request.answer_form(body, async move |visit, form| {
                    let key = key(&network_type, &name)?;
                    match action.0 {
                        ModelAction::Edit => edit::edit(visit, key, form).await,
                        ModelAction::Derive => actions::derive(visit, Some(key), form).await,
                        ModelAction::Rename => actions::rename(visit, key, form).await,
                        ModelAction::Delete => actions::delete(visit, key, form).await,
                        ModelAction::Enable => actions::set_enabled(visit, key, form, true).await,
                        ModelAction::Disable => actions::set_enabled(visit, key, form, false).await,
                        ModelAction::Export => actions::export(visit, key).await,
                    }
                })
            },
        )
        .boxed();
    ask.or(act).unify().boxed()
}

/// The last segment of an action's address.
struct ActionSegment(ModelAction);

impl std::str::FromStr for ActionSegment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [
            ModelAction::Edit,
            ModelAction::Derive,
            ModelAction::Rename,
            ModelAction::Delete,
            ModelAction::Enable,
            ModelAction::Disable,
            ModelAction::Export,
        ];
        all.into_iter()
            .find(|action| action.segment() == text)
            .map(ActionSegment)
            .ok_or(())
    }
}

/// New definitions, and those that do not parse.
fn definition_routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let request = || visit::request(site.clone());
    let create_form = path!("create")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(edit::create_form))
        .boxed();
    let create = path!("create")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| request.answer_form(body, edit::create))
        .boxed();
    let derive_form = path!("derive")
        .and(read())
        .and(request())
        .then(|request: Request| {
            request.answer(async |visit| actions::derive_form(visit, None).await)
        })
        .boxed();
    let derive = path!("derive")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| {
            request.answer_form(body, async |visit, form| {
                actions::derive(visit, None, form).await
            })
        })
        .boxed();
    let import_form = path!("import")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(import::form))
        .boxed();
    let import = path!("import")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(import::submit)
        .boxed();
    let broken = path!("broken")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(broken::list))
        .boxed();
    let editor = path!("broken" / Segment / Segment)
        .and(read())
        .and(request())
        .then(|network_type: Segment, name: Segment, request: Request| {
            request
                .answer(async move |visit| broken::editor(visit, key(&network_type, &name)?).await)
        })
        .boxed();
    let save = path!("broken" / Segment / Segment)
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(
            |network_type: Segment, name: Segment, request: Request, body| {
                request.answer_form(body, async move |visit, form| {
                    broken::save(visit, key(&network_type, &name)?, form).await
                })
            },
        )
        .boxed();
    let new = create_form
        .or(create)
        .unify()
        .or(derive_form)
        .unify()
        .or(derive)
        .unify();
    let files = import_form.or(import).unify();
    let mend = broken.or(editor).unify().or(save).unify();
    new.or(files).unify().or(mend).unify().boxed()
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

/// The activity of all, one's own account and tokens.
fn account_routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let request = || visit::request(site.clone());
    let activity = path!("activity")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(activity::show))
        .boxed();
    let profile = path!("profile")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(profile::show))
        .boxed();
    let password = path!("profile" / "password")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| request.answer_form(body, profile::change_password))
        .boxed();
    let end_others = path!("profile" / "sessions" / "end-others")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| {
            request.answer_form(body, async |visit, _| profile::end_others(visit).await)
        })
        .boxed();
    let end_session = path!("profile" / "sessions" / i64 / "end")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|id, request: Request, body| {
            request.answer_form(body, async move |visit, _| {
                profile::end_session(visit, id).await
            })
        })
        .boxed();
    let own = profile
        .or(password)
        .unify()
        .or(end_others)
        .unify()
        .or(end_session)
        .unify();
    activity
        .or(own)
        .unify()
        .or(token_routes(site))
        .unify()
        .boxed()
}

fn token_routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let request = || visit::request(site.clone());
    let tokens = path!("tokens")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(tokens::show))
        .boxed();
    let create = path!("tokens")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| request.answer_form(body, tokens::create))
        .boxed();
    let account = path!("tokens" / "service-accounts")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| request.answer_form(body, tokens::create_account))
        .boxed();
    let ask_revoke = path!("tokens" / i64 / "revoke")
        .and(read())
        .and(request())
        .then(|id, request: Request| {
            request.answer(async move |visit| tokens::ask_revoke(visit, id).await)
        })
        .boxed();
    let revoke = path!("tokens" / i64 / "revoke")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|id, request: Request, body| {
            request.answer_form(body, async move |visit, _| tokens::revoke(visit, id).await)
        })
        .boxed();
    let revoking = ask_revoke.or(revoke).unify();
    tokens
        .or(create)
        .unify()
        .or(account)
        .unify()
        .or(revoking)
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
