//! When a request of a connection is in flight: from its head to the last byte of its answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;
use pin_project_lite::pin_project;

use super::{Control, Phase};

/// The service: notes when a request is in flight.
pub(super) struct Phased<S> {
    service: S,
    control: Arc<Control>,
}

impl<S> Phased<S> {
    pub(super) fn new(service: S, control: Arc<Control>) -> Self {
        Self { service, control }
    }
}

impl<S, B> Service<Request<Incoming>> for Phased<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Response = Response<PhasedBody<B>>;
    type Error = S::Error;
    type Future = PhasedFuture<S::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.control.enter(Phase::Busy);
        let has_body = !request.body().is_end_stream();
        self.control.has_body.store(has_body, Ordering::Relaxed);
        PhasedFuture {
            answer: self.service.call(request),
            control: Some(Arc::clone(&self.control)),
        }
    }
}

pin_project! {
    pub(super) struct PhasedFuture<F> {
        #[pin]
        answer: F,
        control: Option<Arc<Control>>,
    }
}

impl<F, B, E> Future for PhasedFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<PhasedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.answer.poll(cx))?;
        let control = this.control.take();
        if control
            .as_ref()
            .is_some_and(|c| c.all.crowded.load(Ordering::Relaxed))
        {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response.map(|body| PhasedBody {
            body,
            answered: Answered(control),
        })))
    }
}

/// The end of an answer: hyper drops a body once it has taken all of it.
struct Answered(Option<Arc<Control>>);

impl Drop for Answered {
    fn drop(&mut self) {
        if let Some(control) = &self.0 {
            control.enter(Phase::Resting);
        }
    }
}

pin_project! {
    pub(super) struct PhasedBody<B> {
        #[pin]
        body: B,
        answered: Answered,
    }
}

impl<B: Body> Body for PhasedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
