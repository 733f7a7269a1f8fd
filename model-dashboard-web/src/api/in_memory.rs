//! One model that is in memory, answered in front of all routes.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use model_dashboard::dashboard::Dashboard;

use super::answer::{tell_age, tell_end};
use super::conditional::{etag_header, none_match};
use super::models;
use super::visit::bearer;
use crate::server::{REQUEST_ID, SecurityHeaders, ShortCut};

/// `GET /api/v1/models/{network_type}/{name}`, which jobs ask for more than for anything else,
/// answered without waiting where token and model are in memory and all is well. Every other
/// request, and every other answer, is the routes'.
#[derive(Clone, Debug)]
pub struct InMemory {
    dashboard: Dashboard,
    /// Those of every answer. Copying them costs less than looking a place up for each.
    headers: Arc<HeaderMap>,
}

impl InMemory {
    /// In front of the routes over `dashboard` within an edge that sets `security`.
    #[must_use]
    pub fn new(dashboard: &Dashboard, security: &SecurityHeaders) -> Self {
        let mut headers = models::definition_headers(HeaderValue::from_static("\"\""));
        security.apply(&mut headers);
        // What the edge sets has its place, so that the copies need not grow.
        headers.insert(REQUEST_ID, HeaderValue::from_static(""));
        Self {
            dashboard: dashboard.clone(),
            headers: Arc::new(headers),
        }
    }
}

impl<B> ShortCut<B> for InMemory {
    fn answer(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        if request.method() != Method::GET || request.uri().query().is_some() {
            return None;
        }
        let path = request.uri().path().strip_prefix("/api/v1/models/")?;
        let (network_type, name) = path.split_once('/')?;
        // `type/…` is a list, whatever a model of the earlier system may be called.
        if network_type == "type" || path.contains('%') {
            return None;
        }
        let reader = self
            .dashboard
            .known_reader(bearer(request.headers()).ok()?)?;
        let stored = self.dashboard.known_body(&reader, network_type, name)?;

        let mut response = Response::default();
        *response.headers_mut() = HeaderMap::clone(&self.headers);
        let etag = etag_header(&stored.version);
        if none_match(request.headers(), &etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(CONTENT_TYPE);
        } else {
            *response.body_mut() = Bytes::from_owner(stored.bytes.clone());
        }
        response.headers_mut().insert(ETAG, etag);
        tell_end(reader.ends_soon(), response.headers_mut());
        tell_age(&self.dashboard, response.headers_mut());
        Some(response)
    }
}
