//! The routes of histories, below the address of a model.

use model_dashboard::dashboard::Dashboard;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, path};

use super::visit::{self, Visit};
use super::{key, revisions};
use crate::route::{Segment, read};

/// All below `models/{network_type}/{name}/revisions`.
pub(super) fn routes(dashboard: &Dashboard) -> BoxedFilter<(Response,)> {
    let visit = || visit::visit(dashboard);
    let history = || {
        path::param::<Segment>()
            .and(path::param::<Segment>())
            .and(path("revisions"))
    };
    let list = history()
        .and(path::end())
        .and(read())
        .and(visit())
        .then(|network_type: Segment, name: Segment, visit: Visit| {
            visit.answer(async move |guest, visit| {
                revisions::list(&guest, key(&network_type, &name)?, visit.query()).await
            })
        })
        .boxed();
    let show = history()
        .and(path::param::<u64>())
        .and(path::end())
        .and(read())
        .and(visit())
        .then(
            |network_type: Segment, name: Segment, number, visit: Visit| {
                visit.answer(async move |guest, visit| {
                    let key = key(&network_type, &name)?;
                    revisions::show(&guest, key, number, visit.query(), &visit.headers).await
                })
            },
        )
        .boxed();
    let diff = history()
        .and(path::param::<u64>())
        .and(path("diff"))
        .and(path::end())
        .and(read())
        .and(visit())
        .then(
            |network_type: Segment, name: Segment, number, visit: Visit| {
                visit.answer(async move |guest, visit| {
                    let key = key(&network_type, &name)?;
                    revisions::diff(&guest, key, number, visit.query()).await
                })
            },
        )
        .boxed();
    let restore = history()
        .and(path::param::<u64>())
        .and(path("restore"))
        .and(path::end())
        .and(warp::post())
        .and(visit())
        .then(
            |network_type: Segment, name: Segment, number, visit: Visit| {
                visit.answer(async move |guest, visit| {
                    let key = key(&network_type, &name)?;
                    revisions::restore(&guest, key, number, visit.query(), &visit.headers).await
                })
            },
        )
        .boxed();
    let reading = list.or(show).unify().or(diff).unify();
    reading.or(restore).unify().boxed()
}
