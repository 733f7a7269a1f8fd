//! StartTLS (RFC 4511, section 4.14), asked for before ldap3 has the connection: so nothing that was
//! sent in the clear is left in a buffer of it when TLS begins.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::guard::{Guard, Refused};
use super::response::{Answer, Response};

/// An ExtendedRequest 1.3.6.1.4.1.1466.20037 with message id 1.
const REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Why there is no TLS on a connection, which is of no more use then.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartTlsError {
    #[error("the server refused StartTLS with code {code}: {text:?}")]
    Refused { code: u32, text: String },
    #[error(transparent)]
    Protocol(#[from] Refused),
    #[error(
        "the server, or somebody on the way, sent more than the answer to StartTLS in the clear"
    )]
    Injected,
    #[error("the server closed the connection when asked for StartTLS")]
    Closed,
    #[error("the connection broke when StartTLS was asked for: {0}")]
    Io(#[from] io::Error),
}

/// Asks for TLS on a new connection. After `Ok`, the next bytes both ways are the handshake's. The
/// caller keeps the time.
pub(super) async fn start_tls<S>(stream: &mut S) -> Result<(), StartTlsError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut guard = Guard::default();
    guard.asked(REQUEST)?;
    stream.write_all(REQUEST).await?;
    stream.flush().await?;
    let mut piece = [0; 1024];
    let message = loop {
        if let Some(message) = guard.next()? {
            break message;
        }
        let length = stream.read(&mut piece).await?;
        if length == 0 {
            guard.closed()?;
            return Err(StartTlsError::Closed);
        }
        guard.feed(&piece[..length]);
    };
    if guard.waiting() > 0 {
        return Err(StartTlsError::Injected);
    }
    let response = Response::parse(&message).map_err(Refused::from)?;
    match response.answer {
        Answer::Extended { outcome, .. } if outcome.code == 0 => Ok(()),
        Answer::Extended { outcome, .. } => Err(StartTlsError::Refused {
            code: outcome.code,
            text: outcome.brief_text(),
        }),
        // The guard lets no other answer to this request through.
        _ => Err(Refused::OtherKind(response.id).into()),
    }
}

#[cfg(test)]
mod tests;
