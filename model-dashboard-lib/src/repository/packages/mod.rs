//! Where the bytes of packages live: the [`PackageStore`] trait.

mod address;
mod drafts;
mod error;
mod id;
mod leftovers;
mod pieces;
mod purged;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::{ContentDigest, Timestamp};

pub use address::{AddressProof, PackageAddress};
pub use drafts::{DraftStore, MAX_DRAFT_BYTES};
pub use error::PackageStoreError;
pub(crate) use id::made_at;
pub use id::{PackageId, PackageIdError};
pub use leftovers::{Leftover, LeftoverKind, Swept};
pub use pieces::{InPieces, Piece, Pieces};
pub use purged::{MAX_PURGED_BYTES, PurgedStore};

/// The most bytes of a package: 64 GiB, far above what frameworks export.
pub const MAX_PACKAGE_BYTES: u64 = 64 << 30;

/// The longest text that is kept with an upload, in bytes.
pub const MAX_ABOUT_BYTES: usize = 16 * 1024;

/// The largest report of a package, in bytes: that of 10,000 files with long names.
pub const MAX_REPORT_BYTES: usize = 16 << 20;

/// The largest note beside a package, in bytes.
pub const MAX_NOTE_BYTES: usize = 256 << 10;

/// The bytes of a package, on their way or all there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// What it is called; later the name of the package.
    pub id: PackageId,
    /// How many bytes it is to have.
    pub size: u64,
    /// How many are there, and stay so whatever happens.
    pub received: u64,
    /// When it began.
    pub begun_at: Timestamp,
    /// When bytes last came, or it began or was finished.
    pub changed_at: Timestamp,
    /// What whoever began it noted: up to [`MAX_ABOUT_BYTES`] of text.
    pub about: String,
    /// Whether a package is being made of it, or was when the process that did so ended.
    pub finishing: bool,
    /// The SHA-256 of all bytes, once it is [finished](PackageStore::finish).
    pub digest: Option<ContentDigest>,
}

impl Upload {
    /// Whether all bytes are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.received == self.size
    }
}

/// The uploads of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploads {
    /// Those that can be read.
    pub uploads: Vec<Upload>,
    /// Those that cannot, and why.
    pub unreadable: Vec<(PackageId, String)>,
}

/// The bytes of a package as they lie in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPackage {
    /// Its name.
    pub id: PackageId,
    /// How many bytes it has.
    pub size: u64,
}

/// Stores the bytes of packages, each once and for good, and what was found in them.
///
/// # Uploads
/// Bytes come in order, in as many calls of [`append`](PackageStore::append) as it takes: what
/// arrived before a call ended, for whatever reason, is there for the next one, up to what a crash
/// of the process takes with it (the last ten seconds, or 256 MiB). They are hashed once, as they
/// come, and never held as a whole: memory stays below 64 MiB for each upload, whatever its size and
/// however small the pieces that it comes in. One that sends nothing for a minute is broken off.
///
/// A store may purge the bytes of an upload that is not finished, as MinIO does after 24 hours: that
/// is [`PackageStoreError::Lost`] to whoever goes on.
///
/// An upload is not visible as a package before it is [finished](PackageStore::finish).
///
/// # Several processes
/// Of several calls that append to the same upload one is served. In the same process the later one
/// takes over, as its client must have given up the earlier one; another process is
/// [`PackageStoreError::Busy`] until the first is done, or has said nothing for half a minute.
///
/// # Dropped futures
/// A call goes on in the background until its bytes end: those that arrived are kept.
#[async_trait]
pub trait PackageStore: DraftStore + PurgedStore + fmt::Debug + Send + Sync {
    /// Whether packages lie on a disk of this machine, or are mounted there: then all of one may be read
    /// to say what is in it. Of others as little as possible is.
    fn is_local(&self) -> bool {
        false
    }

    /// Begins an upload of `size` bytes. Cost: two small writes.
    ///
    /// # Errors
    /// [`PackageStoreError::AboutTooLong`]; [`PackageStoreError::TooLarge`] above
    /// [`MAX_PACKAGE_BYTES`].
    async fn begin(&self, size: u64, about: &str) -> Result<Upload, PackageStoreError>;

    /// How far an upload is. Cost: one small read.
    ///
    /// # Errors
    /// [`PackageStoreError::NoUpload`].
    async fn upload(&self, id: PackageId) -> Result<Upload, PackageStoreError>;

    /// Appends `bytes` to an upload of which `offset` bytes are there, and answers how far it is
    /// then.
    ///
    /// # Errors
    /// [`PackageStoreError::NoUpload`]; [`PackageStoreError::WrongOffset`], where nothing is read of
    /// `bytes`; [`PackageStoreError::Interrupted`] if they end with an error,
    /// [`PackageStoreError::TakenOver`] if another call takes over, [`PackageStoreError::Ending`], and
    /// [`PackageStoreError::TooLong`] if there are more than were announced: what came before is kept; [`PackageStoreError::Busy`]; [`PackageStoreError::Lost`].
    async fn append(
        &self,
        id: PackageId,
        offset: u64,
        bytes: Box<dyn Pieces>,
    ) -> Result<Upload, PackageStoreError>;

    /// Makes a package of an upload whose bytes are all there. Once more does nothing.
    ///
    /// # Errors
    /// [`PackageStoreError::NoUpload`], [`PackageStoreError::Incomplete`],
    /// [`PackageStoreError::Busy`], [`PackageStoreError::Lost`].
    async fn finish(&self, id: PackageId) -> Result<Upload, PackageStoreError>;

    /// Gives up an upload: its bytes go, unless they are a package already, and so does what is
    /// known of it. Once more does nothing.
    ///
    /// # Errors
    /// [`PackageStoreError::Busy`].
    async fn give_up(&self, id: PackageId) -> Result<(), PackageStoreError>;

    /// All uploads that were begun and not given up and can be read, in no particular order. Cost: a
    /// listing, and a small read for each.
    async fn uploads(&self) -> Result<Vec<Upload>, PackageStoreError> {
        Ok(self.list_uploads().await?.uploads)
    }

    /// All uploads that were begun and not given up, in no particular order, and those of them that
    /// cannot be read. Cost: a listing, and a small read for each.
    async fn list_uploads(&self) -> Result<Uploads, PackageStoreError>;

    /// Bytes that a crash left behind, made longer ago than this: those of an upload that was about to
    /// begin, or was given up, and those that its record does not count any more. An upload that has a
    /// record is none of them, however old: whoever keeps uploads ends them. Parts are found where the
    /// store lists them: MinIO does not, and purges them by itself. Cost: two listings, and a small read
    /// for each upload.
    ///
    /// What is written at this moment may look so for an instant: `older_than` has to be longer than
    /// that.
    async fn leftovers(&self, older_than: Duration) -> Result<Vec<Leftover>, PackageStoreError>;

    /// Removes what [`leftovers`](PackageStore::leftovers) lists. Uploads and packages stay.
    async fn sweep(&self, older_than: Duration) -> Result<Swept, PackageStoreError>;

    /// Ends what this process takes in, keeps what came, and waits for that and for packages that
    /// are being made. What is begun after that ends at once, as what this ends does, with
    /// [`PackageStoreError::Ending`].
    async fn stop(&self);

    /// All packages, in no particular order. Cost: two listings, and a small read for each upload
    /// that was not given up since it was finished.
    async fn packages(&self) -> Result<Vec<StoredPackage>, PackageStoreError>;

    /// One package. Cost: two small requests.
    ///
    /// # Errors
    /// [`PackageStoreError::NoPackage`].
    async fn package(&self, id: PackageId) -> Result<StoredPackage, PackageStoreError>;

    /// The bytes of a package within `range`, as far as there are any. Memory: some pieces of up to
    /// 1 MiB.
    ///
    /// # Errors
    /// [`PackageStoreError::NoPackage`].
    async fn read(
        &self,
        id: PackageId,
        range: Range<u64>,
    ) -> Result<Box<dyn Pieces>, PackageStoreError>;

    /// An address at which the store itself gives the bytes of a package, whole or in ranges, to
    /// whoever holds it and comes within `valid`: to be saved as a file of this name. It is not looked
    /// whether the package is there. `None` where the store cannot.
    ///
    /// Provided: it cannot.
    async fn address(
        &self,
        id: PackageId,
        file_name: &str,
        valid: Duration,
    ) -> Result<Option<PackageAddress>, PackageStoreError> {
        let _ = (id, file_name, valid);
        Ok(None)
    }

    /// Keeps what was found in a package, unless that is kept already: up to [`MAX_REPORT_BYTES`].
    /// Says whether it was.
    ///
    /// # Errors
    /// [`PackageStoreError::ReportTooLarge`].
    async fn put_report(&self, id: PackageId, report: &[u8]) -> Result<bool, PackageStoreError>;

    /// What was found in a package, if that was kept.
    async fn report(&self, id: PackageId) -> Result<Option<Vec<u8>>, PackageStoreError>;

    /// Removes what was found in a package. Once more does nothing.
    async fn remove_report(&self, id: PackageId) -> Result<(), PackageStoreError>;

    /// What is noted of a package. Cost: one small read.
    async fn note(&self, id: PackageId) -> Result<Option<Vec<u8>>, PackageStoreError>;

    /// Notes something of a package, up to [`MAX_NOTE_BYTES`], in place of the note that was `read`,
    /// or where none was. Says whether it did: otherwise somebody was quicker, and what is noted now
    /// has to be read again. Of two who write the same bytes both may be told so.
    ///
    /// # Errors
    /// [`PackageStoreError::NoteTooLarge`].
    async fn replace_note(
        &self,
        id: PackageId,
        read: Option<&[u8]>,
        note: &[u8],
    ) -> Result<bool, PackageStoreError>;

    /// Removes the bytes of a package; what was found in it and what is noted of it stays. Once more
    /// does nothing.
    async fn remove(&self, id: PackageId) -> Result<(), PackageStoreError>;
}
