//! Reading a large file from start to end.

use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::io::IoSliceMut;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::on_a_thread;
use crate::repository::packages::{Piece, Pieces};

/// How many bytes are read at a time: few enough that a processor's cache still has them when they are
/// sent.
const READ: u64 = 256 << 10;

/// How many buffers of a reader are kept: one is filled while another one is sent.
const KEPT: usize = 2;

/// A part of a file that is read piece by piece, the next one while the last is used.
#[derive(Debug)]
pub(super) struct FileRead {
    file: Arc<File>,
    threads: Arc<Semaphore>,
    at: u64,
    end: u64,
    spare: Returned,
    ahead: Option<JoinHandle<io::Result<Lent>>>,
}

/// Buffers that were used. To fill fresh memory costs more: the system has to clear it.
type Returned = Arc<Mutex<Vec<Vec<u8>>>>;

/// A buffer that is given back when nobody needs its bytes any more.
#[derive(Debug)]
struct Lent {
    bytes: Vec<u8>,
    spare: Returned,
}

impl Lent {
    fn of(spare: &Returned, length: usize) -> Self {
        let used = locked(spare).pop();
        let mut bytes = used.unwrap_or_default();
        bytes.resize(length, 0);
        Self {
            bytes,
            spare: Arc::clone(spare),
        }
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut spare = locked(&self.spare);
        if spare.len() < KEPT {
            spare.push(std::mem::take(&mut self.bytes));
        }
    }
}

fn locked(spare: &Returned) -> MutexGuard<'_, Vec<Vec<u8>>> {
    spare.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FileRead {
    /// A range that the file has. At most as many threads read at a time as `threads` lets.
    pub(super) fn new(file: File, range: Range<u64>, threads: Arc<Semaphore>) -> Self {
        Self {
            file: Arc::new(file),
            threads,
            at: range.start,
            end: range.end,
            spare: Returned::default(),
            ahead: None,
        }
    }

    /// The next bytes, if the system has them in memory: to copy them here costs less than a thread
    /// that does, and blocks no more than sending them.
    #[cfg(target_os = "linux")]
    fn cached(&mut self) -> Option<Lent> {
        use rustix::io::{ReadWriteFlags, preadv2};

        let length = usize::try_from(READ.min(self.end - self.at)).unwrap_or(0);
        let mut lent = Lent::of(&self.spare, length);
        let mut buffer = [IoSliceMut::new(&mut lent.bytes)];
        let read = preadv2(&self.file, &mut buffer, self.at, ReadWriteFlags::NOWAIT);
        let read = read.ok().filter(|read| *read > 0)?;
        lent.bytes.truncate(read);
        self.at += read as u64;
        Some(lent)
    }

    #[cfg(not(target_os = "linux"))]
    fn cached(&mut self) -> Option<Lent> {
        None
    }

    fn start(&mut self) -> Option<JoinHandle<io::Result<Lent>>> {
        let length = READ.min(self.end - self.at);
        if length == 0 {
            return None;
        }
        let (file, at, spare) = (Arc::clone(&self.file), self.at, Arc::clone(&self.spare));
        self.at += length;
        let read = on_a_thread(Arc::clone(&self.threads), move || {
            let mut lent = Lent::of(&spare, usize::try_from(length).unwrap_or(0));
            read_exact_at(&file, &mut lent.bytes, at)?;
            Ok(lent)
        });
        Some(tokio::spawn(async move {
            read.await.map_err(io::Error::other).flatten()
        }))
    }
}

#[async_trait]
impl Pieces for FileRead {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        if self.ahead.is_none() {
            if let Some(lent) = self.cached() {
                return Ok(Some(Piece::new(lent)));
            }
            self.ahead = self.start();
        }
        let Some(reading) = &mut self.ahead else {
            return Ok(None);
        };
        let read = reading.await.map_err(io::Error::other)?;
        self.ahead = self.start();
        Ok(Some(Piece::new(read?)))
    }
}

/// Pieces that a task of its own asks for: one comes while another one is used.
#[derive(Debug)]
pub(super) struct Ahead {
    pieces: mpsc::Receiver<io::Result<Option<Piece>>>,
    ended: bool,
}

impl Ahead {
    /// The task ends with the pieces, or when this is dropped.
    pub(super) fn of(mut pieces: impl Pieces + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let ahead = Self {
            pieces: receiver,
            ended: false,
        };
        tokio::spawn(async move {
            loop {
                let next = pieces.next().await;
                let more = matches!(next, Ok(Some(_)));
                if sender.send(next).await.is_err() || !more {
                    return;
                }
            }
        });
        ahead
    }
}

#[async_trait]
impl Pieces for Ahead {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        if self.ended {
            return Ok(None);
        }
        // Without a word from the task the pieces are not at their end.
        let next = self.pieces.recv().await;
        let next = next.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
        self.ended = next.is_none();
        Ok(next)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let place = at + done as u64;
        match std::os::windows::fs::FileExt::seek_read(file, &mut bytes[done..], place)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => done += read,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;

    use super::*;

    async fn read(read: &mut impl Pieces) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(piece) = read.next().await.unwrap() {
            bytes.extend_from_slice(&piece);
        }
        bytes
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[tokio::test]
    async fn a_range_is_read_from_memory_and_by_threads() {
        let length = 3 * usize::try_from(READ).unwrap() + 7;
        let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
        for range in [0..length, 5..length - 5, length - 1..length, 9..9] {
            let of = range.start as u64..range.end as u64;
            let threads = Arc::new(Semaphore::new(1));
            let mut cached = FileRead::new(file(&bytes), of.clone(), Arc::clone(&threads));
            assert!(read(&mut cached).await == bytes[range.clone()]);
            // Whatever begins with a thread goes on with threads.
            let mut threaded = FileRead::new(file(&bytes), of, threads);
            threaded.ahead = threaded.start();
            assert!(read(&mut threaded).await == bytes[range.clone()]);
            let threads = Arc::new(Semaphore::new(1));
            let of = range.start as u64..range.end as u64;
            let mut ahead = Ahead::of(FileRead::new(file(&bytes), of, threads));
            assert!(read(&mut ahead).await == bytes[range]);
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_the_system_has_in_memory_is_read_without_a_thread() {
        use rustix::io::{Errno, ReadWriteFlags, preadv2};

        let just_written = file(b"bytes");
        let mut bytes = [0; 5];
        let mut buffer = [IoSliceMut::new(&mut bytes)];
        let read = preadv2(&just_written, &mut buffer, 0, ReadWriteFlags::NOWAIT);
        let mut reader = FileRead::new(just_written, 0..5, Arc::new(Semaphore::new(1)));
        let cached = reader.cached().map(|lent| lent.as_ref().to_vec());
        // Some file systems cannot say what is in memory.
        let expected = (read != Err(Errno::OPNOTSUPP)).then(|| b"bytes".to_vec());
        assert_eq!(cached, expected);
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_is_an_error() {
        let shorter = file(b"bytes");
        let mut read = Ahead::of(FileRead::new(shorter, 0..9, Arc::new(Semaphore::new(1))));
        let mut end = read.next().await;
        while let Ok(Some(_)) = end {
            end = read.next().await;
        }
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn buffers_are_used_again_and_few_are_kept() {
        let spare = Returned::default();
        let first = Lent::of(&spare, 100);
        let at = first.as_ref().as_ptr();
        drop(first);
        let all: Vec<Lent> = (0..5).map(|_| Lent::of(&spare, 100)).collect();
        assert_eq!(all[0].as_ref().as_ptr(), at);
        drop(all);
        assert_eq!(locked(&spare).len(), KEPT);
    }
}
