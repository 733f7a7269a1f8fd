//! From a request to its answer.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tracing::Span;

use super::EdgeSettings;
use super::failure::Failure;
use crate::server::access_log::{LoggedBody, Record};
use crate::server::connection::BoxError;
use crate::server::request::RequestContext;

/// What is known of a request until it has its answer.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) context: RequestContext,
    begin: Instant,
    record: Option<Record>,
}

impl Arrival {
    pub(super) fn new(context: RequestContext, method: &Method, settings: &EdgeSettings) -> Self {
        let begin = Instant::now();
        Self {
            record: Record::begin(settings.name, method, &context, begin),
            context,
            begin,
        }
    }

    /// A service's answer.
    pub(super) fn answered<R: Body>(
        &mut self,
        answer: Response<R>,
        settings: &EdgeSettings,
    ) -> Response<LoggedBody<R>> {
        let mut answer = LoggedBody::of(answer, self.record.take());
        settings.headers.apply(answer.headers_mut());
        settings.finish(&mut answer, self.context.id(), self.begin);
        answer
    }

    /// What is said where there is no answer.
    pub(super) fn failed<R: Body>(
        &mut self,
        failure: &Failure,
        settings: &EdgeSettings,
    ) -> Response<LoggedBody<R>> {
        failure.log(settings.name, &self.context);
        let answer = (settings.failure)(&self.context);
        let mut answer = LoggedBody::of_bytes(answer, self.record.take());
        settings.headers.apply(answer.headers_mut());
        settings.finish(&mut answer, self.context.id(), self.begin);
        answer
    }
}

pin_project! {
    /// The answer of an [`Edge`].
    #[derive(Debug)]
    pub struct EdgeFuture<F, R> {
        #[pin]
        stage: Stage<F, R>,
    }
}

pin_project! {
    /// How far a request has come.
    #[derive(Debug)]
    #[project = Reached]
    pub(super) enum Stage<F, R> {
        /// There is an answer. Nothing else is held on: what the request was read into can take the
        /// next one.
        Answered { answer: Option<Response<LoggedBody<R>>> },
        /// The service was asked.
        Asked {
            #[pin]
            answer: F,
            arrival: Arrival,
            settings: Arc<EdgeSettings>,
            span: Option<Span>,
        },
    }
}

impl<F, R> EdgeFuture<F, R> {
    pub(super) fn new(stage: Stage<F, R>) -> Self {
        Self { stage }
    }
}

impl<F, R, E> Future for EdgeFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<LoggedBody<R>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match self.project().stage.project() {
            // A future is not polled again once it has answered.
            Reached::Answered { answer } => match answer.take() {
                Some(answer) => answer,
                None => return Poll::Pending,
            },
            Reached::Asked {
                answer,
                arrival,
                settings,
                span,
            } => {
                let _entered = span.as_ref().map(Span::enter);
                // What a panic leaves behind is dropped with this future and not looked at again.
                let failure = match catch_unwind(AssertUnwindSafe(|| answer.poll(cx))) {
                    Ok(answered) => match ready!(answered) {
                        Ok(answer) => return Poll::Ready(Ok(arrival.answered(answer, settings))),
                        Err(error) => Failure::Error(error.into()),
                    },
                    Err(panic) => Failure::of_panic(&*panic),
                };
                arrival.failed(&failure, settings)
            }
        };
        Poll::Ready(Ok(answer))
    }
}
