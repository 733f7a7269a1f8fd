//! What differs between the packages of two revisions, file by file.

use super::head::{PackageHead, ReadHead};
use super::may_break::NO_PACKAGE;
use super::record::PackageRecord;
use crate::auth::Permission;
use crate::dashboard::history::beside;
use crate::dashboard::{Caller, Dashboard, Error, RevisionContent};
use crate::model::ModelKey;
use crate::package::inspect::{Report, ReportComparison};
use crate::repository::packages::PackageId;

/// The packages of two revisions that do not have the same one, and what differs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PackageDifference {
    /// That of the earlier side.
    pub before: PackageSide,
    /// That of the later side.
    pub after: PackageSide,
    /// What differs; `None` where it is not known what is in one of them, as after a purge, or for a
    /// revision that cannot be read. Where one
    /// side has no package, the files of the other one.
    pub contents: Option<ReportComparison>,
    /// Why jobs may not run the model correctly with that of the later side, but for what the earlier one
    /// lacks as well ([`Report::lacking_beyond`]), or that it has none; nothing where the model is deleted then, or
    /// nothing is known of the package.
    pub lacking: Vec<String>,
}

/// The package of one side.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PackageSide {
    /// It has none.
    None,
    /// The revision cannot be read, so that nobody knows which one it names.
    Unreadable,
    /// This one.
    Package(Box<RevisionPackage>),
}

impl PackageSide {
    /// The package, where there is one that is known.
    #[must_use]
    pub fn package(&self) -> Option<&RevisionPackage> {
        match self {
            PackageSide::Package(package) => Some(&**package),
            PackageSide::None | PackageSide::Unreadable => None,
        }
    }
}

/// The package that a revision names.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RevisionPackage {
    /// By what name; another program may have written anything there.
    pub id: String,
    /// What is known of it, also where its bytes were removed; `None` where there is no such package.
    pub head: Option<PackageHead>,
}

impl RevisionPackage {
    /// Whether its bytes can be fetched.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.head
            .as_ref()
            .is_some_and(|head| head.removed.is_none())
    }
}

impl Dashboard {
    /// What differs from the package that one state of a model names to that of another; `None` where they
    /// name the same one, or none. Reads what was found in both: the files, not their bytes. Needs
    /// `packages:read`.
    ///
    /// # Errors
    /// [`Error::Denied`]; [`Error::Unavailable`].
    pub async fn compare_packages(
        &self,
        caller: &Caller,
        key: &ModelKey,
        from: &RevisionContent,
        to: &RevisionContent,
    ) -> Result<Option<PackageDifference>, Error> {
        let target = || format!("model:{key}");
        self.require(caller, Permission::PackagesRead, target)
            .await?;
        let (before, after) = (Named::by(from), Named::by(to));
        let is_gone = matches!(to, RevisionContent::Deleted);
        if before == after && before != Named::Unreadable {
            return Ok(None);
        }
        // What was found in two large ones takes much memory.
        let place = self.inner.history_pages.acquire().await;
        let place = place.map_err(|error| Error::Internal(Box::new(error)))?;
        let (before, after) = futures::try_join!(
            self.of_revision(caller, before),
            self.of_revision(caller, after)
        )?;
        let (was, is) = futures::try_join!(self.report_of(&before), self.report_of(&after))?;
        let (contents, lacking) = beside(move || differing(was.read(), is.read(), is_gone)).await?;
        drop(place);
        Ok(Some(PackageDifference {
            before,
            after,
            contents,
            lacking,
        }))
    }

    async fn of_revision(&self, caller: &Caller, named: Named) -> Result<PackageSide, Error> {
        let id = match named {
            Named::Nothing => return Ok(PackageSide::None),
            Named::Unreadable => return Ok(PackageSide::Unreadable),
            Named::Package(id) => id,
        };
        let head = match (PackageId::parse(&id), self.inner.packages.kept()) {
            (Ok(id), Some(store)) => ReadHead::read(&**store, id).await?.map(|read| read.head),
            _ => None,
        };
        let head = head.map(|mut head| {
            head.removed = head.removed.map(|removal| removal.told_to(caller));
            head
        });
        Ok(PackageSide::Package(Box::new(RevisionPackage { id, head })))
    }

    async fn report_of(&self, side: &PackageSide) -> Result<Found, Error> {
        let package = match side {
            PackageSide::None => return Ok(Found::NoPackage),
            PackageSide::Unreadable => return Ok(Found::Nothing),
            PackageSide::Package(package) => package,
        };
        let Ok(id) = PackageId::parse(&package.id) else {
            return Ok(Found::Nothing);
        };
        match self.inner.packages.kept() {
            Some(store) if package.is_there() => Ok(match store.report(id).await? {
                Some(bytes) => Found::Stored(id, bytes),
                None => Found::Nothing,
            }),
            _ => Ok(Found::Nothing),
        }
    }
}

/// By what name a revision has a package.
#[derive(PartialEq, Eq)]
enum Named {
    Nothing,
    Unreadable,
    Package(String),
}

impl Named {
    fn by(content: &RevisionContent) -> Named {
        match content {
            RevisionContent::Definition(definition) => {
                let named = definition.registry().and_then(|it| it.package);
                named.map_or(Named::Nothing, Named::Package)
            }
            RevisionContent::Deleted => Named::Nothing,
            RevisionContent::Unreadable(_) => Named::Unreadable,
        }
    }
}

/// What was found in the package of one side.
enum Found {
    NoPackage,
    /// That is not known.
    Nothing,
    Stored(PackageId, Vec<u8>),
}

impl Found {
    /// `None` if it is not known, `Some(None)` if there is no package.
    fn read(self) -> Option<Option<Report>> {
        match self {
            Found::NoPackage => Some(None),
            Found::Nothing => None,
            Found::Stored(id, bytes) => Some(Some(PackageRecord::read(id, &bytes)?.report?)),
        }
    }
}

/// What differs in two packages that are not the same, as far as they are known, and what the later one
/// lacks.
fn differing(
    before: Option<Option<Report>>,
    after: Option<Option<Report>>,
    is_gone: bool,
) -> (Option<ReportComparison>, Vec<String>) {
    let had = before.as_ref().and_then(Option::as_ref);
    let gets = after.as_ref().and_then(Option::as_ref);
    let lacking = match &after {
        Some(None) if !is_gone => Some(vec![NO_PACKAGE.to_owned()]),
        _ => gets.map(|gets| gets.lacking_beyond(had)),
    };
    let is_known = before.is_some() && after.is_some();
    let contents = is_known.then(|| match (had, gets) {
        (Some(before), Some(after)) => ReportComparison::between(before, after),
        (before, after) => ReportComparison::of_files(before, after),
    });
    (contents, lacking.unwrap_or_default())
}
