//! The list of inspectors, and how a report comes to be.

use super::description::Description;
use super::finding::Finding;
use super::report::{RULES, Report};
use super::{
    PackageInspector, bounds, code, files, formats, mist, monai, nnunet, pickles, traces, weights,
};
use crate::package::{Package, PackageError};

/// Inspectors in the order in which they are asked: the first that knows a package describes it.
#[derive(Debug)]
pub struct Inspectors {
    own: Vec<Box<dyn PackageInspector>>,
    frameworks: Vec<Box<dyn PackageInspector>>,
    /// Asked where nobody else knows a package: what is of a framework has a format, too.
    formats: Vec<Box<dyn PackageInspector>>,
}

impl Default for Inspectors {
    /// Those of all frameworks that this library knows.
    fn default() -> Self {
        let mut formats: Vec<Box<dyn PackageInspector>> = Vec::new();
        for format in formats::ALL {
            formats.push(Box::new(format));
        }
        formats.push(Box::new(pickles::Torch));
        formats.push(Box::new(pickles::ScikitLearn));
        Self {
            own: Vec::new(),
            frameworks: vec![
                Box::new(nnunet::TotalSegmentatorV2),
                Box::new(nnunet::NnUnetV2),
                Box::new(nnunet::TotalSegmentatorV1),
                Box::new(nnunet::NnUnetV1),
                Box::new(mist::Mist),
                Box::new(monai::Monai),
            ],
            formats,
        }
    }
}

impl Inspectors {
    /// None at all: every package is its files alone.
    #[must_use]
    pub fn none() -> Self {
        Self {
            own: Vec::new(),
            frameworks: Vec::new(),
            formats: Vec::new(),
        }
    }

    /// With one more, which is asked after those that were added before it, and before those that
    /// this library knows.
    #[must_use]
    pub fn with(mut self, inspector: Box<dyn PackageInspector>) -> Self {
        self.own.push(inspector);
        self
    }

    /// Reads all of a package: as [`look`](Self::look), with the digest of every file. Sizes and
    /// checksums of an archive are checked with it. `progress` is told now and then how many bytes
    /// of [`Package::size`] are done.
    ///
    /// # Errors
    /// If the package cannot be read, or is not what its archive says.
    pub fn inspect(
        &self,
        package: &Package,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Report, PackageError> {
        self.report(package, Some(progress))
    }

    /// Reads what a package says of itself, and what loading its files would run, without digests.
    ///
    /// Cost: that of [`scan`](crate::package::scan::scan) for every file.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect).
    pub fn look(&self, package: &Package) -> Result<Report, PackageError> {
        self.report(package, None)
    }

    fn report(
        &self,
        package: &Package,
        progress: Option<&mut dyn FnMut(u64)>,
    ) -> Result<Report, PackageError> {
        let mut knowing: Vec<&dyn PackageInspector> = Vec::new();
        for inspector in self.own.iter().chain(&self.frameworks) {
            if inspector.recognises(package)? {
                knowing.push(&**inspector);
            }
        }
        let formats: &[_] = if knowing.is_empty() {
            &self.formats
        } else {
            &[]
        };
        for inspector in formats {
            if inspector.recognises(package)? {
                knowing.push(&**inspector);
            }
        }
        let mut description = match knowing.first() {
            Some(inspector) => inspector.describe(package)?,
            None => Description::default(),
        };
        bounds::shorten(&mut description);
        let mut findings = std::mem::take(&mut description.findings);
        code::find(package, &mut findings);
        traces::find(package, &mut findings)?;
        let files = files::read(package, progress, &mut findings)?;
        weights::find(&mut description, &files, &mut findings);
        sort(&mut findings);
        bounds::findings(&mut findings);
        let name = |inspector: &&dyn PackageInspector| inspector.name().to_owned();
        Ok(Report {
            rules: RULES,
            inspector: knowing.first().map(name),
            also: knowing.iter().skip(1).map(name).collect(),
            description,
            size: package.size(),
            verdict: files.iter().filter_map(|file| file.verdict).max(),
            files,
            contains_code: findings.iter().any(Finding::is_code),
            findings,
        })
    }
}

/// The gravest first, those of a file together; what is found twice is told once.
fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| (a.kind.place(), &a.path).cmp(&(b.kind.place(), &b.path)));
    findings.dedup();
}
