//! What packages and their uploads leave behind.

use std::time::Duration;

use super::Progress;
use super::garbage::{Garbage, GarbageKind, Kept, Waste};
use crate::dashboard::{Caller, Dashboard, Error};
use crate::repository::packages::{Leftover, LeftoverKind};

/// How old bytes are at least that no upload counts any more, and packages that nothing names. While
/// an upload is written some look so for a moment, and the clocks of two writers may differ.
const UNCOUNTED: Duration = Duration::from_secs(24 * 60 * 60);

impl Dashboard {
    /// Removes bytes that no upload counts.
    pub(super) async fn collect_upload_bytes(
        &self,
        dry_run: bool,
        garbage: &mut Garbage,
    ) -> Result<(), Error> {
        let Some(store) = self.inner.packages.kept() else {
            return Ok(());
        };
        if dry_run {
            for leftover in store.leftovers(UNCOUNTED).await? {
                garbage.add(waste(leftover, None));
            }
            return Ok(());
        }
        let store = store.clone();
        let swept = self.change_of_package(async move { Ok(store.sweep(UNCOUNTED).await?) });
        let swept = swept.await?;
        for leftover in swept.removed {
            garbage.add(waste(leftover, None));
        }
        for (leftover, error) in swept.left {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(id = %leftover.id, error, "garbage cannot be removed");
            garbage.add(waste(leftover, Some(Kept::Refused)));
        }
        Ok(())
    }

    /// Removes packages that no upload, definition or revision names. Those are read all of them, if
    /// there are packages that old.
    pub(super) async fn collect_packages(
        &self,
        caller: &Caller,
        older_than: Duration,
        dry_run: bool,
        progress: Progress<'_>,
        garbage: &mut Garbage,
    ) -> Result<(), Error> {
        let loose = self.loose_packages(older_than.max(UNCOUNTED)).await?;
        if loose.is_empty() {
            return Ok(());
        }
        // After the packages: what comes to name one of them since is noted beside it first.
        let ids = loose.iter().map(|package| package.id).collect();
        let naming = self.naming(&ids, progress).await?;
        for package in loose {
            if !naming.of(package.id).is_empty() {
                continue;
            }
            let at = format!(".registry/packages/{}", package.id);
            let since = Some(package.since);
            let kept = match (naming.is_doubtful, dry_run) {
                (true, _) => Some(Kept::Doubtful),
                (false, true) => None,
                (false, false) => match self.remove_loose(caller, package).await? {
                    true => None,
                    false => Some(Kept::Changed),
                },
            };
            garbage.add(Waste {
                kind: GarbageKind::Package,
                at,
                since,
                kept,
            });
        }
        Ok(())
    }
}

fn waste(leftover: Leftover, kept: Option<Kept>) -> Waste {
    let at = match leftover.kind {
        LeftoverKind::Bytes { name } => format!(".registry/uploads/{name}"),
        LeftoverKind::Parts { lot } => format!("parts of {} in {lot}", leftover.id),
    };
    Waste {
        kind: GarbageKind::UploadBytes,
        at,
        since: Some(leftover.since),
        kept,
    }
}
