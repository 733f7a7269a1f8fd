//! One event for each request, written when its answer has been sent.
//!
//! Target `access`; level warn for 5xx, debug for what was read without an error, info for the
//! rest. Writing a line takes longer than answering a small request, and who changed or fetched
//! what stands in the audit log, so the many lines about reading are for those who ask for them.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Response, StatusCode, Uri};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::request::RequestContext;

/// How much of a path and of the name of a query parameter is logged, in bytes.
const PATH_LENGTH: usize = 512;
const NAME_LENGTH: usize = 32;

/// Whether anybody reads of what was read without an error.
pub(super) fn tells_of_reading() -> bool {
    tracing::enabled!(target: "access", tracing::Level::DEBUG)
}

/// What the event says. It is written when this is dropped, however the request ends.
#[derive(Debug)]
pub(super) struct Record {
    server: &'static str,
    method: Method,
    context: RequestContext,
    begin: Instant,
    /// `None` while nothing has been answered.
    status: Option<StatusCode>,
    bytes: u64,
    complete: bool,
}

impl Record {
    /// Begins one, or `None` if nobody reads the access log.
    pub(super) fn begin(
        server: &'static str,
        method: &Method,
        context: &RequestContext,
        begin: Instant,
    ) -> Option<Self> {
        tracing::enabled!(target: "access", tracing::Level::INFO).then(|| Self {
            server,
            method: method.clone(),
            context: context.clone(),
            begin,
            status: None,
            bytes: 0,
            complete: false,
        })
    }

    /// What watches the answer being sent; `None` if nobody reads about answers like this one.
    fn answered(mut self, status: StatusCode, nothing_to_send: bool) -> Option<Box<Self>> {
        self.status = Some(status);
        self.complete = nothing_to_send || self.method == Method::HEAD;
        let read = !self.is_of_reading() || tells_of_reading();
        read.then(|| Box::new(self))
    }

    /// Whether it tells of what was read without an error.
    fn is_of_reading(&self) -> bool {
        let fine = |status: StatusCode| !status.is_client_error() && !status.is_server_error();
        self.method.is_safe() && self.status.is_some_and(fine)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        macro_rules! write_event {
            ($level:ident) => {
                tracing::$level!(
                    target: "access",
                    server = self.server,
                    method = self.method.as_str(),
                    path = %LoggedUri(self.context.uri()),
                    status = self.status.map(|status| status.as_u16()),
                    duration_ms = self.begin.elapsed().as_micros() as f64 / 1000.0,
                    bytes = self.bytes,
                    complete = self.complete,
                    request_id = %self.context.id(),
                    client = self.context.client().map(tracing::field::display),
                    user.name = self.context.user(),
                )
            };
        }
        match self.status {
            Some(status) if status.is_server_error() => write_event!(warn),
            _ if self.is_of_reading() => write_event!(debug),
            _ => write_event!(info),
        }
    }
}

/// A path as it was asked for, and the names of query parameters without their values: a value
/// could be a secret.
struct LoggedUri<'a>(&'a Uri);

impl fmt::Display for LoggedUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URI is ASCII.
        let path = self.0.path();
        match path.get(..PATH_LENGTH) {
            Some(start) => write!(f, "{start}…")?,
            None => f.write_str(path)?,
        }
        for (index, pair) in self
            .0
            .query()
            .unwrap_or_default()
            .split('&')
            .take(16)
            .enumerate()
        {
            let Some((name, _)) = pair.split_once('=') else {
                continue;
            };
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            let known = name.len() <= NAME_LENGTH && name.bytes().all(plain);
            f.write_str(if index == 0 { "?" } else { "&" })?;
            f.write_str(if known { name } else { "…" })?;
        }
        Ok(())
    }
}

pin_project! {
    /// The body of an answer, watched for the access log: a service's, or bytes.
    #[derive(Debug)]
    pub struct LoggedBody<B> {
        #[pin]
        body: Option<B>,
        bytes: Option<Bytes>,
        record: Option<Box<Record>>,
    }
}

impl<B: Body> LoggedBody<B> {
    pub(super) fn of(answer: Response<B>, record: Option<Record>) -> Response<Self> {
        let status = answer.status();
        answer.map(|body| Self {
            record: record.and_then(|record| record.answered(status, body.is_end_stream())),
            body: Some(body),
            bytes: None,
        })
    }

    pub(super) fn of_bytes(answer: Response<Bytes>, record: Option<Record>) -> Response<Self> {
        let status = answer.status();
        answer.map(|bytes| Self {
            record: record.and_then(|record| record.answered(status, bytes.is_empty())),
            body: None,
            bytes: Some(bytes).filter(|bytes| !bytes.is_empty()),
        })
    }
}

impl<B: Body<Data = Bytes>> Body for LoggedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let frame = match this.body.as_mut().as_pin_mut() {
            Some(body) => ready!(body.poll_frame(cx)),
            None => this.bytes.take().map(|bytes| Ok(Frame::data(bytes))),
        };
        if let Some(record) = this.record {
            if let Some(data) = frame
                .as_ref()
                .and_then(|frame| frame.as_ref().ok()?.data_ref())
            {
                record.bytes += data.len() as u64;
            }
            let ended = match this.body.as_ref().as_pin_ref() {
                Some(body) => body.is_end_stream(),
                None => this.bytes.is_none(),
            };
            record.complete |= frame.is_none() || (ended && matches!(frame, Some(Ok(_))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Some(body) => body.is_end_stream(),
            None => self.bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) => body.size_hint(),
            None => SizeHint::with_exact(self.bytes.as_ref().map_or(0, |it| it.len() as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_query_is_logged_without_its_values() {
        let logged = |uri: &str| LoggedUri(&uri.parse().unwrap()).to_string();
        assert_eq!(logged("/a/b"), "/a/b");
        assert_eq!(logged("/a?q=secret&limit=5"), "/a?q&limit");
        assert_eq!(logged("/a?secret"), "/a");
        assert_eq!(logged("/a?s%20cret=x"), "/a?…");
        assert!(logged(&format!("/{}", "a".repeat(5000))).len() < 600);
        assert!(logged(&format!("/?{}", "a=b&".repeat(5000))).len() < 600);
    }
}
