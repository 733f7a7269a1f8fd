//! A proxy in front of an S3 server that spoils one exchange of a connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What happens to a request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// The server is not asked; 500.
    InternalError,
    /// The server is not asked; 503.
    SlowDown,
    /// The server is not asked; 200 with an error in the body.
    ErrorBody,
    /// The connection is reset when the request has come.
    ResetBefore,
    /// The server gets half of the request, and both connections are reset.
    ResetDuringRequest,
    /// The server does what it is asked, and the connection is reset.
    ResetBeforeAnswer,
    /// Half of the answer comes, then a reset.
    ResetDuringAnswer,
    /// Half of the answer comes, then an end that looks orderly.
    Truncated,
    /// The answer comes whole, and the connection is reset.
    ResetAfter,
    /// The answer comes with a tag that is not the object's.
    ChangedTag,
    /// Nothing comes for a long time.
    Stalled,
}

impl Fault {
    /// All that end by themselves within a moment.
    pub(crate) const QUICK: [Fault; 10] = [
        Fault::InternalError,
        Fault::SlowDown,
        Fault::ErrorBody,
        Fault::ResetBefore,
        Fault::ResetDuringRequest,
        Fault::ResetBeforeAnswer,
        Fault::ResetDuringAnswer,
        Fault::Truncated,
        Fault::ResetAfter,
        Fault::ChangedTag,
    ];
}

/// How many exchanges go well before the one that does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) fault: Fault,
    pub(crate) after: usize,
    /// How many exchanges in a row are spoilt.
    pub(crate) times: usize,
}

#[derive(Debug)]
pub(crate) struct FaultProxy {
    pub(crate) address: SocketAddr,
    plan: Arc<Mutex<Option<Plan>>>,
    spoilt: Arc<Mutex<usize>>,
    _connections: JoinSet<()>,
}

impl FaultProxy {
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (plan, spoilt) = (Arc::new(Mutex::new(None)), Arc::default());
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, server, plan.clone(), Arc::clone(&spoilt)));
        Self {
            address,
            plan,
            spoilt,
            _connections: connections,
        }
    }

    /// Spoils an exchange from now on.
    pub(crate) fn spoil(&self, plan: Plan) {
        *self.plan.lock().unwrap() = Some(plan);
    }

    /// Lets everything through again; how many exchanges were spoilt.
    pub(crate) fn relent(&self) -> usize {
        self.plan.lock().unwrap().take();
        std::mem::take(&mut *self.spoilt.lock().unwrap())
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    plan: Arc<Mutex<Option<Plan>>>,
    spoilt: Arc<Mutex<usize>>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        client.set_nodelay(true).unwrap();
        let (plan, spoilt) = (plan.clone(), spoilt.clone());
        connections.spawn(async move {
            // A connection that breaks is what this is for.
            let _ = serve(client, server, &plan, &spoilt).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// What becomes of the next exchange.
fn next(plan: &Mutex<Option<Plan>>) -> Option<Fault> {
    let mut plan = plan.lock().unwrap();
    let plan = plan.as_mut().filter(|plan| plan.times > 0)?;
    if plan.after > 0 {
        plan.after -= 1;
        return None;
    }
    plan.times -= 1;
    Some(plan.fault)
}

async fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    plan: &Mutex<Option<Plan>>,
    spoilt: &Mutex<usize>,
) -> std::io::Result<()> {
    let mut upstream = TcpStream::connect(server).await?;
    upstream.set_nodelay(true)?;
    loop {
        let Some(request) = message(&mut client, true).await? else {
            return Ok(());
        };
        let fault = next(plan);
        if fault.is_some() {
            *spoilt.lock().unwrap() += 1;
        }
        match fault {
            Some(Fault::InternalError) => {
                refuse(&mut client, "500 Internal Server Error", "InternalError").await?;
                continue;
            }
            Some(Fault::SlowDown) => {
                refuse(&mut client, "503 Slow Down", "SlowDown").await?;
                continue;
            }
            Some(Fault::ErrorBody) => {
                refuse(&mut client, "200 OK", "InternalError").await?;
                continue;
            }
            Some(Fault::ResetBefore) => return reset(client),
            Some(Fault::ResetDuringRequest) => {
                upstream.write_all(half(&request)).await?;
                reset(upstream)?;
                return reset(client);
            }
            _ => {}
        }
        upstream.write_all(&request).await?;
        let has_body = !request.starts_with(b"HEAD ");
        let Some(mut answer) = message(&mut upstream, has_body).await? else {
            return Ok(());
        };
        match fault {
            Some(Fault::ResetBeforeAnswer) => return reset(client),
            Some(Fault::ResetDuringAnswer) => {
                client.write_all(half(&answer)).await?;
                return reset(client);
            }
            Some(Fault::Truncated) => {
                client.write_all(half(&answer)).await?;
                return client.shutdown().await;
            }
            Some(Fault::Stalled) => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return Ok(());
            }
            Some(Fault::ChangedTag) => change_tag(&mut answer),
            _ => {}
        }
        client.write_all(&answer).await?;
        if fault == Some(Fault::ResetAfter) {
            return reset(client);
        }
    }
}

fn half(message: &[u8]) -> &[u8] {
    &message[..message.len() / 2]
}

/// Ends a connection without a word.
fn reset(socket: TcpStream) -> std::io::Result<()> {
    socket.set_zero_linger()
}

async fn refuse(client: &mut TcpStream, status: &str, code: &str) -> std::io::Result<()> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(answer.as_bytes()).await
}

/// Gives the object another tag of the same length.
fn change_tag(answer: &mut [u8]) {
    let head = answer
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .unwrap();
    let text = String::from_utf8_lossy(&answer[..head]).to_lowercase();
    if let Some(at) = text.find("\r\netag: \"") {
        let at = at + "\r\netag: \"".len();
        answer[at] = if answer[at] == b'0' { b'1' } else { b'0' };
    }
}

/// One message of HTTP/1.1, its head and, unless it is the answer to HEAD, its body; `None` at the end
/// of the connection.
async fn message(socket: &mut TcpStream, has_body: bool) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(whole) = length(&bytes, has_body)
            && bytes.len() >= whole
        {
            return Ok(Some(bytes));
        }
        let mut piece = vec![0; 65_536];
        let read = socket.read(&mut piece).await?;
        if read == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece[..read]);
    }
}

/// How long the message that begins so is, once that can be told.
fn length(bytes: &[u8], has_body: bool) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    if !has_body {
        return Some(head);
    }
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let value = |name: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(": ")
                .map(str::to_owned)
        })
    };
    if value("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        let end = bytes[head..]
            .windows(5)
            .position(|end| end == b"0\r\n\r\n")?;
        return Some(head + end + 5);
    }
    let body = value("content-length").and_then(|length| length.trim().parse::<usize>().ok());
    Some(head + body.unwrap_or(0))
}
