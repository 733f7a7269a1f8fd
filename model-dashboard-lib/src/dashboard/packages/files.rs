//! Single files out of a model's package, read where they lie.

use std::fmt;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use super::of_model::ModelPackage;
use super::stored::Stored;
use crate::audit::Action;
use crate::auth::Permission;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::package::{Package, PackageError, PackagePath};
use crate::repository::packages::{PackageStore, Piece, Pieces, StoredPackage};

/// The largest file that is read out of a package, unpacked.
pub const MAX_PACKAGE_FILE_BYTES: u64 = 1 << 30;

/// How many are read at once; each has a thread.
pub(super) const AT_ONCE: usize = 4;

/// How long that may take.
const WITHIN: Duration = Duration::from_secs(30 * 60);

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// A file of a package, open to be read.
pub struct PackageFileContent {
    /// Bytes, unpacked.
    pub size: u64,
    /// All of them, in order; an error where the package is not what it says.
    pub bytes: Box<dyn Pieces>,
}

impl fmt::Debug for PackageFileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageFileContent")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// What a thread has read.
struct Coming {
    pieces: mpsc::Receiver<io::Result<Vec<u8>>>,
    left: u64,
    _place: OwnedSemaphorePermit,
}

#[async_trait]
impl Pieces for Coming {
    async fn next(&mut self) -> io::Result<Option<Piece>> {
        let Some(piece) = self.pieces.recv().await.transpose()? else {
            return match self.left {
                0 => Ok(None),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        };
        self.left = self.left.saturating_sub(piece.len() as u64);
        Ok(Some(piece.into()))
    }
}

impl Dashboard {
    /// One file of a model's package, read by ranges and unpacked on the way. Each call is an event
    /// of the audit log. Needs `packages:read`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a file that is not in it; [`Error::Invalid`] for `path` above
    /// [`MAX_PACKAGE_FILE_BYTES`]; [`Error::Busy`] while others are read; [`Error::Denied`].
    pub async fn package_file(
        &self,
        caller: &Caller,
        package: &ModelPackage,
        path: &PackagePath,
    ) -> Result<PackageFileContent, Error> {
        let target = || format!("model:{}", package.key);
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        // It leaves a trace, or is not given.
        self.inner.trail.ready().await?;
        let packages = &self.inner.packages;
        let store = Arc::clone(packages.store()?);
        let busy = Error::Busy {
            retry_after: Duration::from_secs(5),
        };
        let place = Arc::clone(&packages.files).try_acquire_owned();
        let place = place.map_err(|_| busy)?;
        let stored = store.package(package.id).await?;
        let (opened, opening) = oneshot::channel();
        let (sender, pieces) = mpsc::channel(2);
        let name = package.head.file_name.clone();
        let (wanted, stop) = (path.clone(), packages.inspections.stopping());
        tokio::task::spawn_blocking(move || {
            send(&name, store, stored, stop, &wanted, opened, &sender);
        });
        let size = opening.await.map_err(|e| Error::Internal(Box::new(e)))??;
        let event = caller.event(Action::PackageDownload, target());
        let event = event.with_detail(format!("package:{}", package.id));
        let event = event.with_detail(format!("file {path}"));
        self.inner.trail.record(event).await;
        let coming = Coming {
            pieces,
            left: size,
            _place: place,
        };
        Ok(PackageFileContent {
            size,
            bytes: Box::new(coming),
        })
    }
}

/// Opens the package, says how large the file is, and sends it until nobody takes it. Blocks.
fn send(
    name: &str,
    store: Arc<dyn PackageStore>,
    stored: StoredPackage,
    stop: Arc<AtomicBool>,
    path: &PackagePath,
    opened: oneshot::Sender<Result<u64, Error>>,
    sender: &mpsc::Sender<io::Result<Vec<u8>>>,
) {
    let source = Arc::new(Stored::new(store, stored, Instant::now() + WITHIN, stop));
    let failed = |error: PackageError| Error::Internal(Box::new(error));
    let open = || {
        let package = Package::open(name, source, &Default::default()).map_err(failed)?;
        let file = package.files().iter().find(|file| file.path == *path);
        let file = file.ok_or_else(|| Error::not_found(format!("file {path} of the package")))?;
        if file.size > MAX_PACKAGE_FILE_BYTES {
            let limit = MAX_PACKAGE_FILE_BYTES;
            let message = format!("has more than {limit} bytes; fetch the whole package");
            return Err(Error::invalid("path", message));
        }
        Ok((file.size, package.read(file).map_err(failed)?))
    };
    let mut data = match open() {
        Ok((size, data)) => match opened.send(Ok(size)) {
            Ok(()) => data,
            Err(_) => return,
        },
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    loop {
        let mut piece = vec![0; PIECE];
        let read = data.read(&mut piece);
        let sent = match read {
            Ok(0) => return,
            Ok(count) => {
                piece.truncate(count);
                sender.blocking_send(Ok(piece))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let _ = sender.blocking_send(Err(error));
                return;
            }
        };
        // An error means that nobody wants the rest.
        if sent.is_err() {
            return;
        }
    }
}
