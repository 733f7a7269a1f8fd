//! The REST API: routes under `/api/v1`, health, and its description.
//!
//! A route is a path, a method and what it takes of the request; a handler is a plain async
//! function that answers a result; `Visit::answer` lets in whoever shows a token and turns every
//! error into a problem document. No route rejects once its path and method fit: what is left at
//! the end is an address that nothing answers, or a method that it does not have. One model in
//! memory is answered in front of the routes ([`InMemory`]), as its own would.

mod answer;
mod audit;
mod broken;
mod conditional;
mod confirmations;
mod conflict;
mod dataframe;
mod docs;
mod drafts;
mod dto;
mod fields;
mod health;
mod in_memory;
mod list;
mod list_body;
pub(crate) mod metrics;
mod model_routes;
mod models;
mod openapi;
mod package_files;
mod packages;
mod parameters;
mod past;
mod problem;
mod purges;
mod revision_routes;
mod revisions;
mod sources;
mod tokens;
mod users;
mod visit;

use model_dashboard::dashboard::Dashboard;
use model_dashboard::model::{ModelKey, ModelName, NetworkType};
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use self::parameters::Parameters;
use self::visit::{Visit, json_body};
use crate::route::{Segment, read};
use crate::server::{Metrics, request_body};
use crate::transfer::{self, Transfer};

pub(crate) use self::answer::{Failure, json};
pub(crate) use self::conditional::none_match;
pub(crate) use self::dto::uploads::{Upload, Uploads};
pub(crate) use self::problem::Problem;

pub use self::in_memory::InMemory;
pub use self::openapi::document;

/// The key of the model at an address. Names that no model can have are not found.
fn key(network_type: &Segment, name: &Segment) -> Result<ModelKey, Failure> {
    let wrong = |message: String| Failure::bad_request(message);
    let network_type = NetworkType::existing(&network_type.0)
        .map_err(|e| wrong(format!("the network type in the address: {e}")))?;
    let name =
        ModelName::existing(&name.0).map_err(|e| wrong(format!("the name in the address: {e}")))?;
    Ok(ModelKey::new(network_type, name))
}

/// All routes of the API on a port of its own, `/metrics` too where some are given; `/` leads to its
/// page, which links to the dashboard at `home`. Never rejects.
pub fn routes(
    dashboard: &Dashboard,
    home: Option<&str>,
    metrics: Option<&Metrics>,
) -> BoxedFilter<(Response,)> {
    let api = below(dashboard, "", home);
    let api = match metrics {
        Some(metrics) => api
            .or(metrics::local_route(dashboard, metrics))
            .unify()
            .boxed(),
        None => api,
    };
    let api = api.or(docs::front()).unify();
    api.or(openapi::nothing_here("")).unify().boxed()
}

/// All routes of the API beside other ones, below `base` (empty, or as `/models`): rejects only
/// what is neither below `api` nor a route.
pub fn beside_pages(dashboard: &Dashboard, base: &'static str) -> BoxedFilter<(Response,)> {
    below(dashboard, base, Some("./"))
}

fn below(
    dashboard: &Dashboard,
    base: &'static str,
    home: Option<&str>,
) -> BoxedFilter<(Response,)> {
    let models = model_routes::routes(dashboard)
        .or(revision_routes::routes(dashboard))
        .unify()
        .or(packages::routes(dashboard))
        .unify()
        .or(package_files::routes(dashboard))
        .unify()
        .or(drafts::routes(dashboard))
        .unify();
    let v1 = path("models")
        .and(models)
        .or(path("deleted-models").and(deleted_models(dashboard)))
        .unify()
        .or(path("broken-models").and(broken::routes(dashboard)))
        .unify()
        .or(path("network-types").and(network_types(dashboard)))
        .unify()
        .or(path("tokens").and(token_routes(dashboard)))
        .unify()
        .or(path("users").and(user_routes(dashboard)))
        .unify()
        .or(path("sources").and(source_routes(dashboard)))
        .unify()
        .or(path("uploads").and(upload_routes(dashboard)))
        .unify()
        .or(path("drafts").and(drafts::all_routes(dashboard)))
        .unify()
        .or(path("packages").and(purges::routes(dashboard)))
        .unify()
        .or(account_routes(dashboard))
        .unify()
        .boxed();
    let api = path("v1").and(v1).or(openapi::nothing_here(base)).unify();
    path("api")
        .and(api)
        .or(health_routes(dashboard))
        .unify()
        .or(openapi::routes(base, home))
        .unify()
        .map(move |response| answer::below(base, response))
        .boxed()
}

fn deleted_models(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    path::end()
        .and(read())
        .and(visit::visit(dashboard))
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| past::deleted(&guest, visit.query()).await)
        })
        .boxed()
}

fn network_types(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    path::end()
        .and(read())
        .and(visit::visit(dashboard))
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| {
                Parameters::parse(visit.query(), &[])?;
                list::network_types(&guest).await
            })
        })
        .boxed()
}

fn token_routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let visit = || visit::visit(dashboard);
    let list = path::end()
        .and(read())
        .and(visit())
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| tokens::list(&guest, visit.query()).await)
        })
        .boxed();
    let create = path::end()
        .and(warp::post())
        .and(visit())
        .and(request_body())
        .then(|visit: Visit, body| {
            visit.answer(async move |guest, _| tokens::create(&guest, json_body(body).await?).await)
        })
        .boxed();
    let revoke = path::param::<i64>()
        .and(path::end())
        .and(warp::delete())
        .and(visit())
        .then(|id, visit: Visit| {
            visit.answer(async move |guest, _| tokens::revoke(&guest, id).await)
        })
        .boxed();
    list.or(create).unify().or(revoke).unify().boxed()
}

fn user_routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let visit = || visit::visit(dashboard);
    let user = || path::param::<Segment>().and(path::param::<Segment>());
    let list = path::end()
        .and(read())
        .and(visit())
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| users::list(&guest, visit.query()).await)
        })
        .boxed();
    let create = path::end()
        .and(warp::post())
        .and(visit())
        .and(request_body())
        .then(|visit: Visit, body| {
            visit.answer(async move |guest, _| users::create(&guest, json_body(body).await?).await)
        })
        .boxed();
    let show = user()
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|source: Segment, subject: Segment, visit: Visit| {
            visit.answer(async move |guest, _| users::show(&guest, &source.0, &subject.0).await)
        })
        .boxed();
    let update = user()
        .and(path::end())
        .and(warp::patch())
        .and(visit())
        .and(request_body())
        .then(|source: Segment, subject: Segment, visit: Visit, body| {
            visit.answer(async move |guest, _| {
                users::update(&guest, &source.0, &subject.0, json_body(body).await?).await
            })
        })
        .boxed();
    let delete = user()
        .and(path::end())
        .and(warp::delete())
        .and(visit())
        .then(|source: Segment, subject: Segment, visit: Visit| {
            visit.answer(async move |guest, _| users::delete(&guest, &source.0, &subject.0).await)
        })
        .boxed();
    let reset_password = user()
        .and(path("password"))
        .and(path::end())
        .and(warp::post())
        .and(visit())
        .and(request_body())
        .then(|source: Segment, subject: Segment, visit: Visit, body| {
            visit.answer(async move |guest, _| {
                let reset = json_body(body).await?;
                users::reset_password(&guest, &source.0, &subject.0, reset).await
            })
        })
        .boxed();
    let recheck = user()
        .and(path("recheck"))
        .and(path::end())
        .and(warp::post())
        .and(visit())
        .then(|source: Segment, subject: Segment, visit: Visit| {
            visit.answer(async move |guest, _| users::recheck(&guest, &source.0, &subject.0).await)
        })
        .boxed();
    let one = show
        .or(update)
        .unify()
        .or(delete)
        .unify()
        .or(reset_password)
        .unify()
        .or(recheck)
        .unify();
    list.or(create).unify().or(one).unify().boxed()
}

/// Whatever the method: one may stand in a header.
fn upload_routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let all = path::end().map(|| None::<Segment>);
    let one = path::param::<Segment>().and(path::end()).map(Some);
    all.or(one)
        .unify()
        .and(warp::method())
        .and(visit::visit(dashboard))
        .and(request_body())
        .then(|name: Option<Segment>, method, visit: Visit, body| {
            let answer = visit.answer(async move |guest, visit| {
                let transfer = Transfer {
                    dashboard: guest.dashboard().clone(),
                    caller: guest.caller,
                    method,
                    query: visit.query().to_owned(),
                    headers: visit.headers,
                    address: "/api/v1/uploads".to_owned(),
                };
                let name = name.as_ref().map(|Segment(name)| name.as_str());
                transfer::answer(transfer, name, body).await
            });
            async { transfer::versioned(answer.await) }
        })
        .boxed()
}

/// Refuses every query parameter.
///
/// # Errors
/// A problem that names them.
pub(crate) fn no_parameters(query: &str) -> Result<(), Failure> {
    Parameters::parse(query, &[]).map(drop)
}

fn source_routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let visit = || visit::visit(dashboard);
    let list = path::end()
        .and(read())
        .and(visit())
        .then(|visit: Visit| visit.answer(async move |guest, _| sources::list(&guest).await))
        .boxed();
    let recheck = path::param::<Segment>()
        .and(path("recheck"))
        .and(path::end())
        .and(warp::post())
        .and(visit())
        .and(request_body())
        .then(|source: Segment, visit: Visit, body| {
            visit.answer(async move |guest, _| {
                sources::recheck(&guest, &source.0, json_body(body).await?).await
            })
        })
        .boxed();
    let diagnose = path::param::<Segment>()
        .and(path("diagnose"))
        .and(path::end())
        .and(warp::post())
        .and(visit())
        .and(request_body())
        .then(|source: Segment, visit: Visit, body| {
            visit.answer(async move |guest, _| {
                sources::diagnose(&guest, &source.0, json_body(body).await?).await
            })
        })
        .boxed();
    list.or(recheck).unify().or(diagnose).unify().boxed()
}

/// Whoever asks, the log, the feed.
fn account_routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let visit = || visit::visit(dashboard);
    let me = path("me")
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| {
                Parameters::parse(visit.query(), &[])?;
                users::me(&guest).await
            })
        })
        .boxed();
    let log = path("audit")
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| audit::list(&guest, visit.query()).await)
        })
        .boxed();
    let verify = path("audit")
        .and(path("verify"))
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|visit: Visit| visit.answer(async move |guest, _| audit::verify(&guest).await))
        .boxed();
    let feed = path("events")
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| audit::feed(&guest, visit.query()).await)
        })
        .boxed();
    me.or(log)
        .unify()
        .or(verify)
        .unify()
        .or(feed)
        .unify()
        .boxed()
}

fn health_routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let health = path("health")
        .and(path::end())
        .and(read())
        .map(health::health);
    let livez = path("livez")
        .and(path::end())
        .and(read())
        .map(health::livez);
    let dashboard = dashboard.clone();
    let readyz = path("readyz").and(path::end()).and(read()).then(move || {
        let dashboard = dashboard.clone();
        async move { health::readyz(&dashboard).await }
    });
    health.or(livez).unify().or(readyz).unify().boxed()
}
