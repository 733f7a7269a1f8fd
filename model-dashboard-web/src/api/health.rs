//! Whether the server is well: for people, probes and monitors.

use std::borrow::Cow;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use model_dashboard::dashboard::{Dashboard, Dependency, DependencyState, Readiness};
use model_dashboard::model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use warp::reply::Response;

use super::answer::{Failure, json};

/// The fixed answer of `/health`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `healthy`.
    #[schema(example = "healthy")]
    pub(super) status: &'static str,
    /// Always the same.
    #[schema(example = "API is running")]
    pub(super) message: &'static str,
}

/// Whether requests can be served, dependency by dependency.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ready {
    /// `ready`, `degraded`, `loading` or `draining`.
    #[schema(example = "ready")]
    pub(super) status: &'static str,
    /// Each dependency.
    pub(super) dependencies: Vec<DependencyHealth>,
}

/// How a dependency does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DependencyHealth {
    /// What it is: `models`, `accounts`, `audit`, or `source:` and the name of a directory.
    #[schema(value_type = String, example = "models")]
    pub(super) name: Cow<'static, str>,
    /// `healthy`, `degraded` (what is known still serves) or `down`.
    #[schema(example = "healthy")]
    pub(super) status: &'static str,
    /// Since when, if it does not do well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) since: Option<Timestamp>,
}

/// The service is there
///
/// The fixed answer of the earlier system. No sign-in.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
pub(super) fn health() -> Response {
    const BODY: &str = r#"{"status":"healthy","message":"API is running"}"#;
    plain(StatusCode::OK, "application/json", BODY.into())
}

/// The process is alive
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "Alive", content_type = "text/plain")))]
pub(super) fn livez() -> Response {
    plain(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".into())
}

/// Requests can be served
///
/// 503 only before the first load and while draining. What does not work is `degraded` and said.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub(super) async fn readyz(dashboard: &Dashboard) -> Response {
    let (status, word) = match dashboard.ready() {
        Readiness::Ready => (StatusCode::OK, "ready"),
        Readiness::Degraded => (StatusCode::OK, "degraded"),
        Readiness::Loading => (StatusCode::SERVICE_UNAVAILABLE, "loading"),
        Readiness::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let health = |dependency: Dependency| DependencyHealth {
        name: dependency.name,
        status: match dependency.state {
            DependencyState::Healthy => "healthy",
            DependencyState::Degraded => "degraded",
            _ => "down",
        },
        since: dependency.since,
    };
    let dependencies = dashboard
        .dependencies()
        .await
        .into_iter()
        .map(health)
        .collect();
    json(
        status,
        &Ready {
            status: word,
            dependencies,
        },
    )
    .unwrap_or_else(Failure::into_response)
}

fn plain(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
