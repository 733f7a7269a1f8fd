//! The client of all servers here: one connection for each request, bytes from memory, to nowhere.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    head: String,
    /// The body, if it is short.
    pub(crate) text: String,
    /// How many bytes the body had.
    pub(crate) length: u64,
}

/// The longest body that is kept.
const KEPT: usize = 1 << 20;

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1);
        status.and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// The answer, unless it is a refusal.
    pub(crate) fn good(self) -> io::Result<Self> {
        match self.status() {
            200..300 => Ok(self),
            _ => Err(io::Error::other(format!("{}{}", self.head, self.text))),
        }
    }
}

/// Sends `method target`, `headers` (each with its line's end) and `body`, and reads the answer.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let length = body.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{headers}\r\n"
    )?;
    for piece in body.chunks(1 << 20) {
        stream.write_all(piece)?;
    }
    let mut buffer = vec![0; 1 << 20];
    let mut read = Vec::new();
    let end = loop {
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => read.extend_from_slice(&buffer[..n]),
        }
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let mut text = read.split_off(end);
    let head = String::from_utf8_lossy(&read).into_owned();
    let mut length = text.len() as u64;
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            n => {
                length += n as u64;
                if text.len() < KEPT {
                    text.extend_from_slice(&buffer[..n]);
                }
            }
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Answer { head, text, length })
}
