//! Numbers for a monitor, in the text format of OpenMetrics 1.0, which Prometheus reads.

use std::fmt;
use std::net::IpAddr;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, FORWARDED, HeaderMap};
use http::{HeaderName, HeaderValue, StatusCode};
use model_dashboard::dashboard::{Dashboard, DependencyState, Error, Measures};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter as _, path};

use super::answer::Failure;
use super::openapi::nothing_here;
use super::problem::Problem;
use crate::route::read;
use crate::server::{Metrics, context};

const TEXT: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Dependency {
    dependency: String,
}

/// `/metrics` for whoever asks: for an address of its own.
pub(crate) fn routes(dashboard: &Dashboard, metrics: &Metrics) -> BoxedFilter<(Response,)> {
    let (dashboard, metrics) = (dashboard.clone(), metrics.clone());
    path!("metrics")
        .and(read())
        .then(move || {
            let (dashboard, metrics) = (dashboard.clone(), metrics.clone());
            async move { answer(&dashboard, &metrics).await }
        })
        .or(nothing_here(""))
        .unify()
        .boxed()
}

/// `/metrics` for this machine alone: for a port that others reach, too.
pub(crate) fn local_route(dashboard: &Dashboard, metrics: &Metrics) -> BoxedFilter<(Response,)> {
    let (dashboard, metrics) = (dashboard.clone(), metrics.clone());
    path!("metrics")
        .and(read())
        .and(context())
        .and(warp::header::headers_cloned())
        .then(move |context: crate::server::RequestContext, headers| {
            let (dashboard, metrics) = (dashboard.clone(), metrics.clone());
            async move {
                match is_local(context.client(), &headers) {
                    true => answer(&dashboard, &metrics).await,
                    false => not_from_elsewhere().into_response(),
                }
            }
        })
        .boxed()
}

/// Whether nobody stands between. A proxy on this machine connects from it, but says for whom.
fn is_local(client: Option<IpAddr>, headers: &HeaderMap) -> bool {
    client.is_some_and(|client| client.is_loopback())
        && !headers.contains_key(X_FORWARDED_FOR)
        && !headers.contains_key(FORWARDED)
}

fn not_from_elsewhere() -> Problem {
    let detail = "metrics are answered on this machine only; METRICS_ADDR gives them an address \
                  of their own";
    Problem::new(
        StatusCode::FORBIDDEN,
        "local-only",
        "Not from elsewhere",
        detail,
    )
}

/// Numbers for a monitor
///
/// In the text format of OpenMetrics. Answered to this machine only, without a token; with
/// METRICS_ADDR at that address instead.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "The numbers", content_type = "application/openmetrics-text"),
        (status = 403, description = "Asked for from another machine")))]
pub(super) async fn answer(dashboard: &Dashboard, metrics: &Metrics) -> Response {
    let measures = dashboard.measures().await;
    let mut dependencies = Vec::new();
    for dependency in dashboard.dependencies().await {
        let up = dependency.state == DependencyState::Healthy;
        dependencies.push((dependency.name.into_owned(), up));
    }
    let mut text = String::with_capacity(8 << 10);
    match write(&mut text, metrics, &measures, &dependencies) {
        Ok(()) => {
            let mut response = Response::new(text.into());
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, TEXT);
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => Failure::from(Error::Internal(Box::new(error))).into_response(),
    }
}

fn write(
    out: &mut String,
    metrics: &Metrics,
    measures: &Measures,
    dependencies: &[(String, bool)],
) -> fmt::Result {
    metrics.encode(out)?;

    let mut registry = Registry::with_prefix("model_dashboard");
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let models: Family<State, Gauge> = Family::default();
    for (state, count) in [
        ("enabled", measures.models.enabled),
        ("disabled", measures.models.disabled),
        ("broken", measures.models.broken),
    ] {
        models.get_or_create(&State { state }).set(number(count));
    }
    registry.register("models", "Models, by state", models);
    let up: Family<Dependency, Gauge> = Family::default();
    for (dependency, is_up) in dependencies {
        let dependency = dependency.clone();
        up.get_or_create(&Dependency { dependency })
            .set((*is_up).into());
    }
    let help = "Whether what the server depends on works (1) or not (0)";
    registry.register("up", help, up);
    if let Some(count) = measures.tokens_expiring {
        let tokens: Gauge = Gauge::default();
        tokens.set(number(count));
        let help = "API tokens that end within seven days";
        registry.register("tokens_expiring", help, tokens);
    }
    let waiting: Gauge = Gauge::default();
    waiting.set(number(measures.audit_events_waiting));
    let help = "Events of the audit log that could not be written yet";
    registry.register("audit_events_waiting", help, waiting);
    encode_registry(out, &registry)?;
    encode_eof(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_itself_is_local() {
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([192, 0, 2, 7]));
        let plain = HeaderMap::new();
        assert!(is_local(Some(here), &plain));
        assert!(!is_local(Some(there), &plain) && !is_local(None, &plain));
        for name in [X_FORWARDED_FOR, FORWARDED] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static("for=192.0.2.7"));
            assert!(!is_local(Some(here), &headers));
        }
    }
}
