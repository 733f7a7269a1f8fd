//! Answers that are ready before a service is asked.

use bytes::Bytes;
use http::{Request, Response};

/// Stands in front of the service of an [`Edge`](super::Edge) and answers some of its reading
/// requests at once, as the service would. What routes, futures, bodies of any kind and a
/// [`RequestContext`](super::RequestContext) cost is more than a small answer does. It is not asked
/// where the access log tells of what was read.
pub trait ShortCut<B> {
    /// The answer, without an error and with the [`SecurityHeaders`](super::SecurityHeaders)
    /// already. `None` leaves the request to the service.
    fn answer(&self, request: &Request<B>) -> Option<Response<Bytes>>;
}

/// There is none.
impl<B> ShortCut<B> for () {
    fn answer(&self, _: &Request<B>) -> Option<Response<Bytes>> {
        None
    }
}
