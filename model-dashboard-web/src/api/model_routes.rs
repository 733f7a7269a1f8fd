//! The routes of models.

use std::sync::Arc;

use model_dashboard::dashboard::Dashboard;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::list_body::ListBodies;
use super::parameters::Parameters;
use super::visit::{self, Visit, definition_body, json_body};
use super::{key, list, models};
use crate::route::{Segment, read};
use crate::server::request_body;

/// All below `models` but histories.
pub(super) fn routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let visit = || visit::visit(dashboard);
    let model = || {
        path::param::<Segment>()
            .and(path::param::<Segment>())
            .and(path::end())
    };
    let bodies = Arc::new(ListBodies::default());

    let of_type = path("type")
        .and(path::param::<Segment>())
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|network_type: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                list::of_type(&guest, &network_type.0, visit.query(), &visit.headers).await
            })
        })
        .boxed();
    let show = model()
        .and(read())
        .and(visit())
        .then(|network_type: Segment, name: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                Parameters::parse(visit.query(), &[])?;
                models::show(&guest, key(&network_type, &name)?, &visit.headers).await
            })
        })
        .boxed();
    let list = path::end()
        .and(read())
        .and(visit())
        .then(move |visit: Visit| {
            let bodies = bodies.clone();
            visit.answer(async move |guest, visit| {
                list::list(&guest, &bodies, visit.query(), &visit.headers).await
            })
        })
        .boxed();
    let dataframe = path("dataframe")
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|visit: Visit| {
            visit.answer(async move |guest, visit| {
                list::dataframe(&guest, visit.query(), &visit.headers).await
            })
        })
        .boxed();
    let find = path::param::<Segment>()
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|name: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                Parameters::parse(visit.query(), &[])?;
                models::find(&guest, &name.0, &visit.headers).await
            })
        })
        .boxed();
    let create = path::end()
        .and(warp::post())
        .and(visit())
        .and(request_body())
        .then(|visit: Visit, body| {
            visit.answer(async move |guest, visit| {
                let body = definition_body(body).await?;
                models::create(&guest, &visit.headers, &body).await
            })
        })
        .boxed();
    let replace = model()
        .and(warp::put())
        .and(visit())
        .and(request_body())
        .then(|network_type: Segment, name: Segment, visit: Visit, body| {
            visit.answer(async move |guest, visit| {
                let key = key(&network_type, &name)?;
                let body = definition_body(body).await?;
                Parameters::parse(visit.query(), &[])?;
                models::replace(&guest, key, &visit.headers, &body).await
            })
        })
        .boxed();
    let patch = model()
        .and(warp::patch())
        .and(visit())
        .and(request_body())
        .then(|network_type: Segment, name: Segment, visit: Visit, body| {
            visit.answer(async move |guest, visit| {
                let key = key(&network_type, &name)?;
                let body = definition_body(body).await?;
                models::patch(&guest, key, visit.query(), &visit.headers, &body).await
            })
        })
        .boxed();
    let delete = model()
        .and(warp::delete())
        .and(visit())
        .then(|network_type: Segment, name: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                models::delete(&guest, key(&network_type, &name)?, &visit.headers).await
            })
        })
        .boxed();
    let rename = path::param::<Segment>()
        .and(path::param::<Segment>())
        .and(path("rename"))
        .and(path::end())
        .and(warp::post())
        .and(visit())
        .and(request_body())
        .then(|network_type: Segment, name: Segment, visit: Visit, body| {
            visit.answer(async move |guest, visit| {
                let key = key(&network_type, &name)?;
                let to = json_body(body).await?;
                models::rename(&guest, key, visit.query(), &visit.headers, to).await
            })
        })
        .boxed();

    let reading = of_type
        .or(show)
        .unify()
        .or(list)
        .unify()
        .or(dataframe)
        .unify()
        .or(find)
        .unify();
    let writing = patch
        .or(replace)
        .unify()
        .or(create)
        .unify()
        .or(delete)
        .unify()
        .or(rename)
        .unify();
    reading.or(writing).unify().boxed()
}
