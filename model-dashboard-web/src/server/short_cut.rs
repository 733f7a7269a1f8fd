//! Answers that are ready before a service is asked.

use bytes::Bytes;
use http::{Request, Response};

use super::request::RequestContext;

/// Stands in front of the service of an [`Edge`](super::Edge) and answers some of its requests at
/// once. What routes, futures and bodies of any kind cost is more than a small answer does.
pub trait ShortCut<B> {
    /// The answer, which has the [`SecurityHeaders`](super::SecurityHeaders) already. `None` leaves
    /// the request to the service.
    fn answer(&self, request: &Request<B>, context: &RequestContext) -> Option<Response<Bytes>>;
}

/// There is none.
impl<B> ShortCut<B> for () {
    fn answer(&self, _: &Request<B>, _: &RequestContext) -> Option<Response<Bytes>> {
        None
    }
}
