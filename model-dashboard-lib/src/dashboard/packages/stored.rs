//! A package in the store as a source of bytes for inspection, which blocks.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::package::source::Source;
use crate::repository::packages::{PackageStore, StoredPackage};

/// How much is asked of the store at a place that nothing leads to: an archive has headers all
/// over it, of thousands of files perhaps.
const FIRST: usize = 16 << 10;

/// How much at most, where the bytes before were asked for, too.
const MOST: usize = 2 << 20;

/// How many ranges are kept.
const KEPT: usize = 8;

/// Reads a package by ranges, larger ones where it is read from start to end. Keeps up to 16 MiB.
///
/// It is used on a thread that may block.
pub(super) struct Stored {
    store: Arc<dyn PackageStore>,
    package: StoredPackage,
    runtime: Handle,
    until: Instant,
    stop: Arc<AtomicBool>,
    ranges: Mutex<Vec<Range>>,
    fetched: AtomicU64,
    failed: AtomicBool,
    late: AtomicBool,
}

struct Range {
    start: u64,
    bytes: Vec<u8>,
}

impl Range {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn from(&self, offset: u64) -> &[u8] {
        let within = offset.checked_sub(self.start);
        let within = within.and_then(|at| self.bytes.get(usize::try_from(at).ok()?..));
        within.unwrap_or_default()
    }
}

impl Stored {
    /// Fails from `until` on, and once it is to `stop`.
    pub(super) fn new(
        store: Arc<dyn PackageStore>,
        package: StoredPackage,
        until: Instant,
        stop: Arc<AtomicBool>,
    ) -> Stored {
        Stored {
            store,
            package,
            runtime: Handle::current(),
            until,
            stop,
            ranges: Mutex::default(),
            fetched: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            late: AtomicBool::new(false),
        }
    }

    /// Whether reading it brings nothing over a network.
    pub(super) fn is_local(&self) -> bool {
        self.store.is_local()
    }

    /// How many bytes the store gave.
    pub(super) fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed)
    }

    /// Whether the store failed, or it was to stop: what was found then says nothing of the
    /// package.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Whether something was not read because the time was over.
    pub(super) fn was_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    fn too_late(&self) -> io::Error {
        self.late.store(true, Ordering::Relaxed);
        io::ErrorKind::TimedOut.into()
    }

    fn ranges(&self) -> MutexGuard<'_, Vec<Range>> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(&self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        if Instant::now() >= self.until {
            return Err(self.too_late());
        }
        let failed = |error: io::Error| {
            self.failed.store(true, Ordering::Relaxed);
            error
        };
        if self.stop.load(Ordering::Relaxed) {
            return Err(failed(io::Error::other("the program ends")));
        }
        let end = self.package.size.min(start + length as u64);
        let wanted = usize::try_from(end - start).unwrap_or(length);
        let reading = async {
            let mut bytes = Vec::with_capacity(wanted);
            let read = self.store.read(self.package.id, start..end).await;
            let mut pieces = read.map_err(io::Error::other)?;
            while let Some(piece) = pieces.next().await? {
                bytes.extend_from_slice(&piece);
            }
            self.fetched
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
            match bytes.len() == wanted {
                true => Ok(bytes),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            }
        };
        match self.runtime.block_on(timeout_at(self.until, reading)) {
            Ok(read) => read.map_err(failed),
            Err(_) => Err(self.too_late()),
        }
    }
}

impl Source for Stored {
    fn size(&self) -> u64 {
        self.package.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset >= self.package.size || buffer.is_empty() {
            return Ok(0);
        }
        let mut ranges = self.ranges();
        let range = match ranges.iter().position(|it| !it.from(offset).is_empty()) {
            Some(found) => ranges.remove(found),
            None => {
                let before = ranges.iter().position(|it| it.end() == offset);
                let length = before.map_or(FIRST, |it| ranges.remove(it).bytes.len() * 2);
                Range {
                    start: offset,
                    bytes: self.fetch(offset, length.min(MOST))?,
                }
            }
        };
        let bytes = range.from(offset);
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        if ranges.len() >= KEPT {
            ranges.remove(0);
        }
        // What was used last goes last.
        ranges.push(range);
        Ok(count)
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("package", &self.package)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::repository::ObjectRepository;
    use crate::repository::packages::InPieces;

    pub(in super::super) async fn stored(bytes: &[u8], time: Duration) -> Arc<Stored> {
        let store = ObjectRepository::in_memory().packages();
        let id = store.begin(bytes.len() as u64, "").await.unwrap().id;
        let pieces = Box::new(InPieces::new([bytes.to_vec()]));
        store.append(id, 0, pieces).await.unwrap();
        store.finish(id).await.unwrap();
        let package = store.package(id).await.unwrap();
        let until = Instant::now() + time;
        Arc::new(Stored::new(store, package, until, Arc::default()))
    }

    impl Stored {
        pub(in super::super) fn stop(&self) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn every_place_is_read_as_it_is_stored() {
        let bytes: Vec<u8> = (0..9_000_000_u32).map(|n| (n * 7 / 3) as u8).collect();
        let source = stored(&bytes, Duration::from_secs(60)).await;
        let read = tokio::task::spawn_blocking(move || {
            let mut buffer = [0; 50_000];
            let mut places: Vec<u64> = (0..9_000_000).step_by(50_000).collect();
            // Then back and forth, more places than are kept.
            places.extend((0..60).map(|n| n * 7_654_321 % 9_000_000));
            places.extend([8_999_999, 9_000_000, u64::MAX]);
            for at in places {
                let count = source.read_at(at, &mut buffer).unwrap();
                let from = usize::try_from(at).unwrap().min(bytes.len());
                let rest = &bytes[from..];
                assert_eq!(count == 0, rest.is_empty(), "{at}");
                assert!(buffer[..count] == rest[..count], "{at}");
            }
            let kept: usize = source.ranges().iter().map(|it| it.bytes.len()).sum();
            assert!(kept <= KEPT * MOST);
            source.has_failed()
        });
        assert!(!read.await.unwrap());
    }

    #[tokio::test]
    async fn nothing_is_read_when_the_time_is_over_or_the_program_ends() {
        let late = stored(b"bytes", Duration::ZERO).await;
        let source = stored(b"bytes", Duration::from_secs(60)).await;
        source.stop();
        let read = tokio::task::spawn_blocking(move || {
            let error = late.read_at(0, &mut [0; 5]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(late.was_late() && !late.has_failed());
            source.read_at(0, &mut [0; 5]).unwrap_err();
            assert!(!source.was_late() && source.has_failed());
        });
        read.await.unwrap();
    }
}
