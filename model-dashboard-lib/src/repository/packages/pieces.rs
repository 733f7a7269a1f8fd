//! Bytes that come piece by piece.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

/// Some bytes, shared and not copied.
#[derive(Clone)]
pub struct Piece(Bytes);

impl Piece {
    /// Takes over whatever holds the bytes.
    #[must_use]
    pub fn new(owner: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self(Bytes::from_owner(owner))
    }

    /// The first `count` bytes, which go from here.
    #[must_use]
    pub(crate) fn take(&mut self, count: usize) -> Self {
        Self(self.0.split_to(count.min(self.0.len())))
    }

    /// The bytes of a buffer.
    pub(crate) fn of(buffer: BytesMut) -> Self {
        Self(buffer.freeze())
    }

    /// The buffer of the bytes, unless somebody else holds it, too.
    pub(crate) fn into_buffer(self) -> Option<BytesMut> {
        self.0.try_into_mut().ok()
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl From<Vec<u8>> for Piece {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::ops::Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Piece({} bytes)", self.0.len())
    }
}

/// Bytes that come piece by piece, such as the body of a request.
#[async_trait]
pub trait Pieces: Send {
    /// The next piece; `None` at the end. A dropped future takes no piece with it.
    ///
    /// # Errors
    /// What keeps the rest from coming. Nothing is asked for after that.
    async fn next(&mut self) -> io::Result<Option<Piece>>;
}

impl fmt::Debug for dyn Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pieces")
    }
}

/// Pieces that are there already.
#[derive(Clone, Debug, Default)]
pub struct InPieces(VecDeque<Piece>);

impl InPieces {
    /// These, one after the other.
    #[must_use]
    pub fn new(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(pieces.into_iter().map(Piece::from).collect())
    }
}

#[async_trait]
impl Pieces for InPieces {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        Ok(self.0.pop_front())
    }
}
