//! What packages and their uploads leave behind.

use std::time::Duration;

use super::garbage::{Garbage, GarbageKind, Kept, Waste};
use crate::dashboard::{Dashboard, Error};
use crate::repository::packages::{Leftover, LeftoverKind};

/// How old bytes are that no upload counts any more. While an upload is written some look so for a
/// moment, and the clocks of two writers may differ.
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
