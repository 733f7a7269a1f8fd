//! What a connection's socket tells of it: when a head arrives, and when the client takes no bytes.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::{Control, Phase};

/// The socket: notes when a head starts to arrive and when the client stops taking bytes.
pub(super) struct Watched {
    stream: TcpStream,
    control: Arc<Control>,
    blocked: bool,
    shut: bool,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, control: Arc<Control>) -> Self {
        Self {
            stream,
            control,
            blocked: false,
            shut: false,
        }
    }

    fn wrote(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if self.blocked != result.is_pending() {
            self.blocked = result.is_pending();
            let since = if self.blocked {
                self.control.all.clock() + 1
            } else {
                0
            };
            self.control.blocked.store(since, Ordering::Relaxed);
        }
        result
    }
}

/// An answer that is not larger is sent from one buffer: copying it costs less than what the
/// system does for several.
const SMALL: usize = 8192;

thread_local! {
    /// Where the parts of such an answer are put together.
    static WHOLE: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(SMALL));
}

fn is_small(parts: &[io::IoSlice<'_>]) -> bool {
    parts.iter().map(|part| part.len()).sum::<usize>() <= SMALL
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            match self.control.phase() {
                (Phase::Resting, _) => self.control.enter(Phase::Head),
                // Its time has run since it connected.
                (Phase::Fresh, start) => self.control.enter_at(Phase::Head, start),
                _ => {}
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        let result = if is_small(parts) {
            WHOLE.with_borrow_mut(|whole| {
                whole.clear();
                parts.iter().for_each(|part| whole.extend_from_slice(part));
                stream.poll_write(cx, whole)
            })
        } else {
            stream.poll_write_vectored(cx, parts)
        };
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Says that no more is sent. If the client may still be sending a head or a body that nobody
    /// reads, or has sent more than was asked for, that is taken and thrown away for a while:
    /// closing at once would reset the connection, and the client would never see the answer
    /// (RFC 9112 section 9.6).
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.shut {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.shut = true;
            let refused = self.control.phase().0 == Phase::Head;
            if refused || self.control.has_body.load(Ordering::Relaxed) {
                self.control.enter(Phase::Lingering);
            }
        }
        let mut scrap = [0; 8192];
        loop {
            let mut buffer = ReadBuf::new(&mut scrap);
            let read = Pin::new(&mut self.stream).poll_read(cx, &mut buffer)?;
            let lingers = self.control.phase().0 == Phase::Lingering;
            match read {
                Poll::Pending if lingers => return Poll::Pending,
                Poll::Ready(()) if !buffer.filled().is_empty() => {
                    if !lingers {
                        self.control.enter(Phase::Lingering);
                    }
                }
                // Nothing more comes, or nothing is there that nobody has read.
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}
