//! From the name of a server to a connection: its addresses, and the first of them that answers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many names are asked about at a time.
const LOOKUPS: usize = 8;

/// How many addresses of one name are tried.
const MAX_ADDRESSES: usize = 16;

/// How long an address is waited for before the next one is tried beside it, at most (RFC 8305
/// section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Asks the system for addresses, which takes a thread for each name until there is an answer.
/// Where name servers are dead that is longer than anybody waits here: those threads are bounded, as
/// others need some, too.
#[derive(Clone, Debug)]
pub(super) struct Lookups(Arc<Semaphore>);

impl Default for Lookups {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS)))
    }
}

impl Lookups {
    /// What `ask` answers, on a thread of its own; `None` if there is no place or no answer in time.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        time: Duration,
        ask: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let places = Arc::clone(&self.0);
        let asking = async move {
            let place = places.acquire_owned().await.ok()?;
            // The place is held until the answer is there, whoever waits for it no longer.
            let asked = move || {
                let answer = ask();
                drop(place);
                answer
            };
            tokio::task::spawn_blocking(asked).await.ok()
        };
        timeout(time, asking).await.ok().flatten()
    }
}

/// A connection to the first address that answers within `time`, `None` if none does. They are tried
/// in their order: the next one when one fails, or beside it when it takes long, so that each gets a
/// part of the time and one that is dead keeps nobody from the others.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    time: Duration,
) -> Option<io::Result<TcpStream>> {
    timeout(time, first_of(addresses, time)).await.ok()
}

async fn first_of(addresses: &[SocketAddr], time: Duration) -> io::Result<TcpStream> {
    let mut rest = addresses.iter().take(MAX_ADDRESSES);
    let parts = u32::try_from(rest.len()).unwrap_or(u32::MAX).max(1);
    let head_start = HEAD_START.min(time / parts);
    let mut attempts = FuturesUnordered::new();
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        attempts.extend(rest.next().map(TcpStream::connect));
        if attempts.is_empty() {
            return Err(failed);
        }
        let next = attempts.next();
        let ended = match rest.len() {
            0 => next.await,
            _ => timeout(head_start, next).await.unwrap_or_default(),
        };
        match ended {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => failed = error,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, mpsc};

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test(flavor = "multi_thread")]
    async fn names_that_nobody_answers_about_take_a_few_threads_and_no_more() {
        let lookups = Lookups::default();
        let (silence, answers) = mpsc::channel::<()>();
        let answers = Arc::new(Mutex::new(answers));
        let begun = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 * LOOKUPS {
            let (answers, begun) = (Arc::clone(&answers), Arc::clone(&begun));
            // As of name servers that answer nothing for a long time.
            let asked = move || {
                begun.fetch_add(1, Ordering::SeqCst);
                answers.lock().unwrap().recv().is_ok()
            };
            assert_eq!(lookups.ask(Duration::from_millis(5), asked).await, None);
        }
        assert!(begun.load(Ordering::SeqCst) <= LOOKUPS);
        drop(silence);
        // Once they answer, there is room again.
        assert_eq!(lookups.ask(PATIENCE, || 7).await, Some(7));
    }

    /// An address that answers nobody: its queue is full.
    async fn dead() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(taken) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await
        {
            waiting.push(taken.unwrap());
        }
        (address, listener, waiting)
    }

    #[tokio::test]
    async fn an_address_that_is_dead_leaves_time_for_the_next_one() {
        let (dead, _listener, _waiting) = dead().await;
        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = (good.local_addr().unwrap(), good);
        let refused = {
            let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
            gone.local_addr().unwrap()
        };
        for addresses in [
            vec![dead, good.0],
            vec![refused, good.0],
            vec![dead, refused, dead, dead, good.0],
        ] {
            let stream = connect(&addresses, PATIENCE).await;
            let stream = stream.unwrap().unwrap();
            assert_eq!(stream.peer_addr().unwrap(), good.0);
        }
        let none = connect(&[dead, dead], Duration::from_millis(300)).await;
        assert!(none.is_none(), "{none:?}");
        let none = connect(&[refused, refused], PATIENCE).await.unwrap();
        assert_eq!(none.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect(&[], PATIENCE).await.unwrap().is_err());
    }
}
