//! The connection to a directory, which is ours; ldap3 has one end of a pair of sockets and hears
//! what the guard lets through. Unix only, as ldap3 takes no stream of another kind.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use super::frames::Frames;
use super::guard::{Guard, Refused};

/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;

/// How long a server may take to hear that it is over.
pub(super) const PARTING: Duration = Duration::from_secs(1);

/// Why a relay ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("the connection was ended from here")]
    ByClient,
    #[error("the server closed the connection")]
    ByServer,
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
}

/// Carries requests to a server as they are and its answers back through a [`Guard`], until either
/// side closes, the guard refuses something, or this is dropped: then both connections are closed.
///
/// A server that takes nothing, or sends nothing, is waited for: the caller keeps the time.
#[derive(Debug)]
pub(super) struct Relay {
    task: JoinHandle<()>,
    ended: Arc<OnceLock<Ended>>,
}

impl Relay {
    /// Takes a connection on which nothing has been said yet (but StartTLS). The other end is for
    /// `LdapConnSettings::set_std_stream(StdStream::Unix(…))`, with a URL whose scheme is `ldapi`.
    ///
    /// To be called within a tokio runtime.
    pub(super) fn start<S>(server: S) -> io::Result<(Self, StdUnixStream)>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        // The other end is not this runtime's to watch.
        let (near, far) = StdUnixStream::pair()?;
        near.set_nonblocking(true)?;
        let near = UnixStream::from_std(near)?;
        let ended = Arc::new(OnceLock::new());
        let task = tokio::spawn(carry(server, near, Arc::clone(&ended)));
        Ok((Self { task, ended }, far))
    }

    /// Waits until both connections are closed, and what was to be said is said.
    pub(super) async fn finished(&mut self) {
        let _ = (&mut self.task).await;
    }

    /// Why it is over; `None` while it is not. It is known before ldap3 notices anything.
    pub(super) fn ended(&self) -> Option<&Ended> {
        self.ended.get()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry<S>(server: S, mut near: UnixStream, ended: Arc<OnceLock<Ended>>)
where
    S: AsyncRead + AsyncWrite,
{
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (from_client, to_client) = near.split();
    let guard = Mutex::new(Guard::default());
    let why = tokio::select! {
        why = requests(from_client, &mut to_server, &guard) => why,
        why = answers(&mut from_server, to_client, &guard) => why,
    };
    let (Ok(why) | Err(why)) = why;
    // First the reason, then the end, by which ldap3 notices.
    let _ = ended.set(why);
    drop(near);
    // Whether it hears that is its own affair.
    let _ = tokio::time::timeout(PARTING, to_server.shutdown()).await;
}

/// Whole requests, each noted before it is sent.
async fn requests(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWrite + Unpin),
    guard: &Mutex<Guard>,
) -> Result<Ended, Ended> {
    let mut frames = Frames::default();
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return Ok(Ended::ByClient);
        }
        frames.feed(&piece[..length]);
        while let Some(request) = frames.next().map_err(|_| Refused::Request)? {
            guard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .asked(&request)?;
            to.write_all(&request).await?;
        }
        to.flush().await?;
    }
}

async fn answers(
    from: &mut (impl AsyncRead + Unpin),
    mut to: impl AsyncWrite + Unpin,
    guard: &Mutex<Guard>,
) -> Result<Ended, Ended> {
    let locked = || guard.lock().unwrap_or_else(PoisonError::into_inner);
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            locked().closed()?;
            return Ok(Ended::ByServer);
        }
        locked().feed(&piece[..length]);
        loop {
            let next = locked().next()?;
            let Some(answer) = next else { break };
            to.write_all(&answer).await?;
        }
    }
}

#[cfg(test)]
mod tests;
