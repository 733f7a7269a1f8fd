//! The server over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accept;
mod body;
mod drain;
mod edge;
mod forwarded;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use warp::{Filter, Rejection, Reply};

use super::*;

/// Long enough for anything that happens at all, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server in its own task.
struct Running {
    address: SocketAddr,
    shutdown: Shutdown,
    task: JoinHandle<DrainReport>,
}

impl Running {
    async fn end(self) -> DrainReport {
        self.shutdown.trigger();
        in_time(self.task).await.unwrap()
    }
}

/// Serves `routes` behind an edge without special settings.
async fn start<F>(routes: F, limits: ConnectionLimits) -> Running
where
    F: Filter<Error = Rejection> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
{
    let settings = EdgeSettings::new("test", SecurityHeaders::api(false));
    start_edge(Edge::tower(warp::service(routes.boxed()), settings), limits).await
}

async fn start_edge<S, C, B>(edge: Edge<S, C>, limits: ConnectionLimits) -> Running
where
    C: ShortCut<Incoming> + Clone + Send + Sync + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<connection::BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<connection::BoxError>,
{
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.local_addr();
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    let task =
        tokio::spawn(
            async move { serve(listener, |peer| edge.for_peer(peer), &limits, &stop).await },
        );
    Running {
        address,
        shutdown,
        task,
    }
}

async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it did not happen in time")
}

/// Waits until `condition` holds.
async fn until(condition: impl Fn() -> bool) {
    in_time(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// A client that writes what it likes.
struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

/// What a server answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            read: Vec::new(),
        }
    }

    async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Asks with more header lines, each ending in CR LF.
    async fn get_with(&mut self, path: &str, headers: &str) -> Answer {
        self.write(&format!(
            "GET {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n"
        ))
        .await;
        self.answer().await
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.get_with(path, "").await
    }

    /// The next answer; it must have a `Content-Length`.
    async fn answer(&mut self) -> Answer {
        in_time(async {
            loop {
                if let Some((answer, length)) = parse(&self.read) {
                    self.read.drain(..length);
                    return answer;
                }
                let read = self.stream.read_buf(&mut self.read).await.unwrap();
                let text = String::from_utf8_lossy(&self.read);
                assert!(read > 0, "the server closed the connection after {text:?}");
            }
        })
        .await
    }

    /// Waits until the server has closed the connection, and returns what else it said.
    async fn closed(mut self) -> String {
        let _ = in_time(self.stream.read_to_end(&mut self.read)).await;
        String::from_utf8_lossy(&self.read).into_owned()
    }

    fn is_closed(&self) -> bool {
        // Nothing to read on an open connection is WouldBlock.
        matches!(self.stream.try_read(&mut [0]), Ok(0))
    }
}

fn parse(bytes: &[u8]) -> Option<(Answer, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .map_or(0, |value| value.parse().unwrap());
    let body = bytes.get(end + 4..end + 4 + length)?;
    let body = String::from_utf8_lossy(body).into_owned();
    Some((
        Answer {
            status,
            headers,
            body,
        },
        end + 4 + length,
    ))
}

fn hello() -> impl Filter<Extract = (&'static str,), Error = Rejection> + Clone {
    warp::path!("hello").map(|| "hello")
}
