//! What becomes of a connection.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::answers::{deeply_nested, done, good, huge_head, person};
use super::ber::{self, Operation, Request, element, reference, result, result_with, text};
use super::tap::Tap;
use super::{Mode, Shared, Tls};

const PROTOCOL_ERROR: u8 = 2;
const REFERRAL: u8 = 10;
const UNAVAILABLE: u8 = 52;
const HUNDRED_MB: usize = 100_000_000;

/// How a conversation goes on.
enum Then {
    Ends,
    Resets,
    StartsTls,
}

pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        // Counted before anyone else runs: a client may end at once.
        let open = Open::count(shared.open.clone());
        shared.taken.send_modify(|taken| *taken += 1);
        connections.spawn(async move {
            // A connection that breaks is what this is for.
            let _ = serve(socket, &shared).await;
            drop(open);
        });
        while connections.try_join_next().is_some() {}
    }
}

/// One connection more, until dropped.
struct Open(watch::Sender<usize>);

impl Open {
    fn count(open: watch::Sender<usize>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(open)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

async fn serve(socket: TcpStream, shared: &Shared) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let noted = Arc::clone(&shared.wire);
    let mut tap = Tap { socket, noted };
    let silent = matches!(shared.plan.mode, Mode::BlackHole) && shared.plan.to.is_none();
    if shared.plan.tls == Tls::AtOnce && silent {
        return tokio::io::copy(&mut tap, &mut tokio::io::sink())
            .await
            .map(drop);
    }
    let mut answered = 0;
    if shared.plan.tls != Tls::AtOnce {
        match converse(&mut tap, shared, &mut answered, false).await? {
            Then::Ends => return Ok(()),
            Then::Resets => return tap.socket.set_zero_linger(),
            Then::StartsTls => {}
        }
    }
    let acceptor = TlsAcceptor::from(Arc::clone(&shared.tls));
    let mut inside = acceptor.accept(tap).await?;
    match converse(&mut inside, shared, &mut answered, true).await? {
        Then::Resets => inside.get_ref().0.socket.set_zero_linger(),
        Then::Ends | Then::StartsTls => Ok(()),
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    shared: &Shared,
    answered: &mut usize,
    secure: bool,
) -> io::Result<Then> {
    let mut unread = Vec::new();
    while let Some(request) = next(stream, &mut unread, shared).await? {
        let operation = request.operation;
        shared.requests.send_modify(|asked| asked.push(operation));
        if operation == Operation::Unbind {
            continue;
        }
        let spoilt = shared.plan.to.is_none_or(|to| to == operation);
        let starts_tls = operation == Operation::StartTls;
        let can_start = starts_tls && !secure && shared.plan.tls == Tls::OnRequest;
        let right = if starts_tls && !can_start {
            result(request.id, operation.answer(), PROTOCOL_ERROR, "")
        } else {
            good(&request)
        };
        let mut starts = can_start;
        if !spoilt {
            stream.write_all(&right).await?;
        } else {
            match &shared.plan.mode {
                Mode::BlackHole => continue,
                Mode::ResetAfter(answers) if *answered >= *answers => return Ok(Then::Resets),
                Mode::Drip(pause) => {
                    for byte in right {
                        stream.write_all(&[byte]).await?;
                        stream.flush().await?;
                        tokio::time::sleep(*pause).await;
                    }
                }
                Mode::ClosesMidMessage => {
                    stream.write_all(&right[..right.len() / 2]).await?;
                    return listen(stream, shared).await;
                }
                Mode::NoticeOfDisconnection => {
                    let name = element(0x8a, b"1.3.6.1.4.1.1466.20036");
                    let notice = result_with(0, 0x78, UNAVAILABLE, "going away", &name);
                    stream.write_all(&notice).await?;
                    return listen(stream, shared).await;
                }
                Mode::Huge => {
                    stream.write_all(&huge_head(&request, HUNDRED_MB)).await?;
                    let piece = vec![b'x'; 100_000];
                    for _ in 0..HUNDRED_MB / piece.len() {
                        stream.write_all(&piece).await?;
                    }
                }
                Mode::EndlessEntries if operation == Operation::Search => loop {
                    stream.write_all(&person(&request, "mkeller")).await?;
                },
                Mode::Refuses(_) | Mode::Referral(_) => {
                    starts = false;
                    stream
                        .write_all(&wrong(&shared.plan.mode, &request))
                        .await?;
                }
                Mode::Obliging | Mode::ResetAfter(_) => stream.write_all(&right).await?,
                // To start TLS is refused where it cannot be, whatever else is done.
                _ if starts_tls && !can_start => stream.write_all(&right).await?,
                mode => stream.write_all(&wrong(mode, &request)).await?,
            }
        }
        stream.flush().await?;
        *answered += 1;
        if starts {
            return Ok(Then::StartsTls);
        }
    }
    Ok(Then::Ends)
}

/// The answer in this mode, where an answer is all it takes.
fn wrong(mode: &Mode, request: &Request) -> Vec<u8> {
    let (id, tag) = (request.id, request.operation.answer());
    let searched = request.operation == Operation::Search;
    match mode {
        Mode::Answer(answer) => answer(request),
        Mode::DeeplyNested => deeply_nested(request),
        Mode::Refuses(code) => result(id, tag, *code, "no"),
        Mode::Referral(url) => result_with(id, tag, REFERRAL, "", &element(0xa3, &text(url))),
        Mode::SearchReference(url) if searched => [
            person(request, "mkeller"),
            reference(id, url),
            done(request),
        ]
        .concat(),
        Mode::TwoEntries if searched => {
            let both = [person(request, "mkeller"), person(request, "anna")].concat();
            [both, done(request)].concat()
        }
        Mode::AnotherPerson if searched => [person(request, "dora"), done(request)].concat(),
        Mode::WrongMessageId => good(&Request {
            id: id + 1000,
            ..request.clone()
        }),
        Mode::WrongResponseType => {
            let other = if tag == Operation::Bind.answer() {
                Operation::Search
            } else {
                Operation::Bind
            };
            result(id, other.answer(), 0, "")
        }
        Mode::InjectsBeforeTls if request.operation == Operation::StartTls => {
            let injected = |after: i64, operation| {
                good(&Request {
                    id: id + after,
                    operation,
                })
            };
            let (bind, search) = (injected(1, Operation::Bind), injected(2, Operation::Search));
            [done(request), bind, search].concat()
        }
        _ => good(request),
    }
}

/// Says that nothing more comes, and listens until the client ends too.
async fn listen<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    shared: &Shared,
) -> io::Result<Then> {
    stream.flush().await?;
    stream.shutdown().await?;
    let mut unread = Vec::new();
    while let Some(request) = next(stream, &mut unread, shared).await? {
        let operation = request.operation;
        shared.requests.send_modify(|asked| asked.push(operation));
    }
    Ok(Then::Ends)
}

/// The next request; `None` at the end of the connection.
async fn next<S: AsyncRead + Unpin>(
    stream: &mut S,
    unread: &mut Vec<u8>,
    shared: &Shared,
) -> io::Result<Option<Request>> {
    loop {
        if let Some((request, length)) = ber::request(unread) {
            unread.drain(..length);
            return Ok(Some(request));
        }
        let mut piece = vec![0; 16_384];
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Ok(None);
        }
        unread.extend_from_slice(&piece[..read]);
        shared
            .heard
            .lock()
            .unwrap()
            .extend_from_slice(&piece[..read]);
    }
}
