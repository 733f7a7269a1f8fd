//! Buffers for the bytes of an upload.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;

use crate::repository::packages::Piece;

/// How many bytes are hashed and written at a time: few enough that a processor's cache still has
/// them meanwhile.
pub(super) const BATCH: usize = 512 << 10;

/// Buffers whose bytes were taken in, for what comes next.
#[derive(Clone, Default)]
pub(in super::super) struct Spare {
    buffers: Arc<Mutex<Vec<BytesMut>>>,
    most: usize,
}

impl Spare {
    /// Keeps at most so many.
    pub(super) fn of(most: usize) -> Self {
        Self {
            buffers: Arc::default(),
            most,
        }
    }

    /// Takes back the buffer of a piece, unless somebody else holds it, too.
    pub(super) fn put(&self, piece: Piece) {
        let Some(mut buffer) = piece.into_buffer() else {
            return;
        };
        buffer.clear();
        let mut buffers = self.locked();
        if buffer.capacity() == BATCH && buffers.len() < self.most {
            buffers.push(buffer);
        }
    }

    fn take(&self) -> BytesMut {
        let spare = self.locked().pop();
        spare.unwrap_or_else(|| BytesMut::with_capacity(BATCH))
    }

    fn locked(&self) -> MutexGuard<'_, Vec<BytesMut>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes as they come, copied into buffers that are used again.
///
/// A connection, too, reads into the same memory again once nobody holds what came before. To copy
/// that costs less than fresh memory for each piece, which the system has to clear.
#[derive(Default)]
pub(super) struct Buffers {
    full: Vec<Piece>,
    last: BytesMut,
    spare: Spare,
}

impl Buffers {
    pub(super) fn new(spare: Spare) -> Self {
        Self {
            spare,
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.last.capacity() == 0 {
                self.last = self.spare.take();
            }
            let room = BATCH - self.last.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.last.extend_from_slice(now);
            bytes = later;
            if self.last.len() == BATCH {
                self.full.push(Piece::of(std::mem::take(&mut self.last)));
            }
        }
    }

    /// How many bytes lie in buffers that are full.
    pub(super) fn full(&self) -> usize {
        self.full.len() * BATCH
    }

    /// Takes the buffers that are full.
    pub(super) fn take_full(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.full)
    }

    /// Takes everything. What is less than a buffer is copied once more: whoever keeps it keeps no more
    /// memory than it has bytes.
    pub(super) fn take_all(&mut self) -> Vec<Piece> {
        let mut all = self.take_full();
        if !self.last.is_empty() {
            all.push(self.last.to_vec().into());
            self.last.clear();
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_came_in_buffers_of_one_size() {
        let bytes: Vec<u8> = (0..3 * BATCH + 5).map(|n| (n % 251) as u8).collect();
        for size in [1_000, 65_536, BATCH - 1, BATCH, BATCH + 1, bytes.len()] {
            let mut buffers = Buffers::default();
            bytes.chunks(size).for_each(|piece| buffers.push(piece));
            assert_eq!(buffers.full(), 3 * BATCH);
            let full = buffers.take_full();
            assert!(full.iter().all(|piece| piece.len() == BATCH));
            assert_eq!(buffers.full(), 0);
            let all = [full, buffers.take_all()].concat();
            let all: Vec<u8> = all.iter().flat_map(|piece| piece.to_vec()).collect();
            assert!(all == bytes, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_less_than_a_buffer_keeps_none() {
        let mut buffers = Buffers::default();
        for byte in 0..3 {
            buffers.push(&[byte; 10]);
            let part = buffers.take_all();
            assert_eq!(
                part.iter().map(|it| it.to_vec()).collect::<Vec<_>>(),
                [[byte; 10]]
            );
            let memory = part.into_iter().next().and_then(Piece::into_buffer);
            assert_eq!(memory.map(|it| it.capacity()), Some(10));
        }
    }

    #[test]
    fn a_buffer_is_used_again_unless_somebody_holds_it() {
        let spare = Spare::of(1);
        let mut buffers = Buffers::new(spare.clone());
        let mut fill = || {
            buffers.push(&[7; BATCH]);
            buffers.take_full().remove(0)
        };
        let first = fill();
        let at = first.as_ptr();
        spare.put(first);
        let again = fill();
        assert_eq!(again.as_ptr(), at);
        let held = again.clone();
        spare.put(again);
        assert_ne!(fill().as_ptr(), at);
        assert_eq!(*held, [7; BATCH]);
    }
}
