//! What a package is: its framework, labels, networks, and what somebody should know before it
//! runs or is published.
//!
//! Each framework has a [`PackageInspector`], which knows its packages by their content and never
//! by the name they came with. [`Inspectors`] asks them one after the other and adds to the
//! [`Description`] of the first that knows the package what is the same for all: files with their
//! digests, what loading them would run, code and traces of training outside of pickles.
//!
//! ```
//! use std::sync::Arc;
//!
//! use model_dashboard::package::inspect::{Description, Inspectors, PackageInspector};
//! use model_dashboard::package::source::InMemory;
//! use model_dashboard::package::{Package, PackageError};
//!
//! /// A framework of one's own, whose packages are files that begin with a word.
//! #[derive(Debug)]
//! struct Abacus;
//!
//! impl PackageInspector for Abacus {
//!     fn name(&self) -> &str {
//!         "Abacus"
//!     }
//!
//!     fn recognises(&self, package: &Package) -> Result<bool, PackageError> {
//!         let Some(file) = package.files().first() else {
//!             return Ok(false);
//!         };
//!         let mut start = [0; 6];
//!         let mut data = package.read(file)?;
//!         Ok(data.read_exact(&mut start).is_ok() && start == *b"ABACUS")
//!     }
//!
//!     fn describe(&self, _: &Package) -> Result<Description, PackageError> {
//!         Ok(Description::new("Abacus"))
//!     }
//! }
//!
//! let source = Arc::new(InMemory::from(b"ABACUS 1 2 3".to_vec()));
//! let package = Package::open("model.abacus", source, &Default::default())?;
//! let inspectors = Inspectors::default().with(Box::new(Abacus));
//! let report = inspectors.look(&package)?;
//! assert_eq!(report.inspector.as_deref(), Some("Abacus"));
//! # Ok::<(), PackageError>(())
//! ```

mod bounds;
mod code;
mod compare;
mod contents;
mod description;
mod files;
mod finding;
mod formats;
mod inspectors;
mod json;
mod licence;
mod meaning;
mod mismatch;
mod mist;
mod monai;
mod nnunet;
mod pickled;
mod pickles;
mod proposed;
mod report;
mod taken;
#[cfg(test)]
mod tests;
mod traces;
mod trust;
mod value;
mod weights;

use std::fmt;

pub use compare::{Drift, FileChange, FileChangeKind, FileState, ReportComparison};
pub use description::{
    Configuration, Description, Fold, Network, Output, Score, Signature, Tensor,
};
pub use finding::{Finding, FindingKind};
pub use inspectors::Inspectors;
pub use meaning::Breaking;
pub use mismatch::{Mismatch, MismatchPart};
pub use proposed::PROPOSED_FIELDS;
pub use report::{FileReport, RULES, Report};
pub use taken::TakenPart;
pub use trust::Trust;

use super::{Package, PackageError};

/// Knows the packages of a framework and tells what they say.
///
/// Its calls block, read what they need of a package and run nothing of it.
pub trait PackageInspector: fmt::Debug + Send + Sync {
    /// What it is called, for people and for [`Report::inspector`]: stays the same for ever.
    fn name(&self) -> &str;

    /// Whether the package is of its framework, told by its content. Cheap: a look at the paths, at
    /// small files and at the beginning of large ones.
    ///
    /// # Errors
    /// If the package cannot be read.
    fn recognises(&self, package: &Package) -> Result<bool, PackageError>;

    /// What a package that it [recognises](Self::recognises) says. What is wrong with it is a
    /// [`Finding`], not an error.
    ///
    /// # Errors
    /// If the package cannot be read.
    fn describe(&self, package: &Package) -> Result<Description, PackageError>;
}
