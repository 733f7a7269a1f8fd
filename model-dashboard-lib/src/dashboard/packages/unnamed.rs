//! Packages that nothing names any more: no upload, no definition and no revision.

use std::collections::HashSet;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};

use super::discard::remove_bytes;
use super::head::{PackageRemoval, ReadHead};
use crate::audit::Action;
use crate::dashboard::{Caller, Dashboard, Error};
use crate::model::Timestamp;
use crate::repository::packages::PackageId;

/// How many heads are read at a time.
const HEADS_AT_ONCE: usize = 64;

/// A package without an upload.
#[derive(Debug)]
pub(in crate::dashboard) struct Loose {
    pub(in crate::dashboard) id: PackageId,
    /// When it was made, or last meant for a model.
    pub(in crate::dashboard) since: Timestamp,
    head: Option<ReadHead>,
}

impl Dashboard {
    /// The packages without an upload that nobody has meant for a model for so long.
    pub(in crate::dashboard) async fn loose_packages(
        &self,
        older_than: Duration,
    ) -> Result<Vec<Loose>, Error> {
        let Some(store) = self.inner.packages.kept() else {
            return Ok(Vec::new());
        };
        let until = Timestamp::now().minus(older_than);
        let packages = store.packages().await?;
        // After the packages: one that loses its upload meanwhile is noted to be for a model.
        let listed = store.list_uploads().await?;
        let uploads = listed.uploads.iter().map(|upload| upload.id);
        let unreadable = listed.unreadable.iter().map(|(id, _)| *id);
        let uploads: HashSet<PackageId> = uploads.chain(unreadable).collect();
        let packages = packages.into_iter().map(|package| package.id);
        let packages = packages.filter(|id| !uploads.contains(id));
        let heads = stream::iter(packages).map(async |id| (id, ReadHead::read(&**store, id).await));
        let mut heads = heads.buffer_unordered(HEADS_AT_ONCE);
        let mut loose = Vec::new();
        while let Some((id, head)) = heads.next().await {
            let head = match head {
                Ok(head) => head,
                Err(Error::Internal(error)) => {
                    tracing::warn!(%id, %error, "what is noted of a package cannot be read");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let of_head = head.iter().map(|read| &read.head).flat_map(|head| {
                let intents = head.intents.iter().map(|intent| intent.at);
                intents.chain([head.uploaded_at])
            });
            let since = of_head.fold(id.made_at(), Ord::max);
            if since <= until {
                loose.push(Loose { id, since, head });
            }
        }
        Ok(loose)
    }

    /// Removes the bytes of a package that nothing names, unless somebody has meant it for a model
    /// since it was found; says whether they went.
    pub(in crate::dashboard) async fn remove_loose(
        &self,
        caller: &Caller,
        loose: Loose,
    ) -> Result<bool, Error> {
        let (this, caller) = (self.clone(), caller.clone());
        self.change_of_package(async move {
            let store = &**this.inner.packages.store()?;
            let mut described = String::new();
            if let Some(read) = loose.head {
                let mut head = read.head.clone();
                described = head.in_short();
                if head.removed.is_none() {
                    head.intents.clear();
                    let removal = PackageRemoval::now(caller.username(), "nothing named it");
                    head.removed = Some(removal);
                    if !read.replace(store, head).await? {
                        return Ok(false);
                    }
                }
            }
            remove_bytes(store, loose.id).await?;
            let event = caller.event(Action::PackageDiscard, format!("package:{}", loose.id));
            let event = event.with_detail("nothing named it").with_detail(described);
            this.inner.trail.record(event).await;
            Ok(true)
        })
        .await
    }
}
