//! The pages of administrators: people, the audit log, the system.

mod audit;
mod system;
mod users;

use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use self::users::Step;
use super::tokens::identity;
use super::visit::{self, Failure, Request, Site};
use crate::route::{Segment, read};
use crate::server::request_body;
use model_dashboard::auth::IdentityId;
use model_dashboard::dashboard::Error;

/// Everything below `admin`.
pub(super) fn routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let request = || visit::request(site.clone());
    let events = path!("audit")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(audit::list))
        .boxed();
    let event = path!("audit" / u64)
        .and(read())
        .and(request())
        .then(|number, request: Request| {
            request.answer(async move |visit| audit::event(visit, number).await)
        })
        .boxed();
    let csv = path!("audit" / "export.csv")
        .and(read())
        .and(request())
        .then(|request: Request| {
            request.answer(async |visit| audit::export(visit, audit::Format::Csv).await)
        })
        .boxed();
    let jsonl = path!("audit" / "export.jsonl")
        .and(read())
        .and(request())
        .then(|request: Request| {
            request.answer(async |visit| audit::export(visit, audit::Format::JsonLines).await)
        })
        .boxed();
    let system = path!("system")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(system::show))
        .boxed();
    let admin = events
        .or(event)
        .unify()
        .or(csv)
        .unify()
        .or(jsonl)
        .unify()
        .or(system)
        .unify()
        .or(user_routes(site))
        .unify();
    path("admin").and(admin).boxed()
}

fn user_routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let request = || visit::request(site.clone());
    let list = path!("users")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(users::list))
        .boxed();
    let new = path!("users" / "new")
        .and(read())
        .and(request())
        .then(|request: Request| request.answer(users::new))
        .boxed();
    let create = path!("users")
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|request: Request, body| request.answer_form(body, users::create))
        .boxed();
    let show = path!("users" / Segment)
        .and(read())
        .and(request())
        .then(|id: Segment, request: Request| {
            request.answer(async move |visit| users::show(visit, account(&id)?).await)
        })
        .boxed();
    let save = path!("users" / Segment)
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|id: Segment, request: Request, body| {
            request.answer_form(body, async move |visit, form| {
                users::save(visit, account(&id)?, form).await
            })
        })
        .boxed();
    let ask = path!("users" / Segment / Step)
        .and(read())
        .and(request())
        .then(|id: Segment, step, request: Request| {
            request.answer(async move |visit| users::ask(visit, account(&id)?, step).await)
        })
        .boxed();
    let act = path!("users" / Segment / Step)
        .and(warp::post())
        .and(request())
        .and(request_body())
        .then(|id: Segment, step, request: Request, body| {
            request.answer_form(body, async move |visit, _| {
                users::act(visit, account(&id)?, step).await
            })
        })
        .boxed();
    let one = show.or(save).unify().or(ask).unify().or(act).unify();
    list.or(new)
        .unify()
        .or(create)
        .unify()
        .or(one)
        .unify()
        .boxed()
}

/// The account at an address.
fn account(id: &Segment) -> Result<IdentityId, Failure> {
    let none = || Error::NotFound {
        what: format!("account {}", id.0),
        near: Vec::new(),
    };
    identity(&id.0).ok_or_else(|| none().into())
}
