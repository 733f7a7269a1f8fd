//! A stream of bytes cut into messages.

use bytes::{Bytes, BytesMut};

use super::ber::{Fault, Header, SEQUENCE};

/// Bytes of the longest message that is taken.
pub(super) const MAX_MESSAGE: usize = 1024 * 1024;

/// Why no further message can be cut from a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unframed {
    #[error("it begins with {0:#04x}, as no message does")]
    NoMessage(u8),
    #[error(transparent)]
    Ber(#[from] Fault),
    #[error("a message of {0} bytes: at most {MAX_MESSAGE} are taken")]
    Long(usize),
}

/// Bytes that wait until they are a message. They are kept as they arrive: what a length promises
/// takes no room.
#[derive(Debug, Default)]
pub(super) struct Frames(BytesMut);

impl Frames {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole message, of which nothing is known but its length; `None` if more bytes are
    /// needed. A message that is too long is refused as soon as its length is here.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Unframed> {
        match self.0.first() {
            None => return Ok(None),
            Some(&SEQUENCE) => (),
            Some(&other) => return Err(Unframed::NoMessage(other)),
        }
        let Some(header) = Header::read(&self.0)? else {
            return Ok(None);
        };
        if header.total() > MAX_MESSAGE {
            return Err(Unframed::Long(header.total()));
        }
        if self.0.len() < header.total() {
            return Ok(None);
        }
        Ok(Some(self.0.split_to(header.total()).freeze()))
    }

    /// Bytes that belong to no whole message yet.
    pub(super) fn waiting(&self) -> usize {
        self.0.len()
    }
}
