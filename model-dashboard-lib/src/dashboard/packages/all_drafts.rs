//! What is proposed to all models.

use std::collections::{HashMap, HashSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::drafts::{self, DRAFTS_AT_ONCE, Draft};
use crate::auth::Permission;
use crate::catalog::Picture;
use crate::dashboard::{Caller, Dashboard, Error, ModelRevision};
use crate::model::{ModelId, ModelKey};

/// The most drafts of all models that are listed.
pub const MAX_LISTED_DRAFTS: usize = 500;

/// How many revisions are looked at for one that says where it was written.
const LOOKED_AT: usize = 8;

/// Drafts of all models.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AllDrafts {
    /// By the names that the models have now, those first that were proposed last.
    pub drafts: Vec<(ModelKey, Draft)>,
    /// How many wait beside these, of packages that came before theirs.
    pub more: usize,
}

impl Dashboard {
    /// The drafts of all models; the last [`MAX_LISTED_DRAFTS`], and how many more there are. Needs
    /// `models:read` and `packages:read`. Cost: a listing, and one for each model that has any.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn all_drafts(&self, caller: &Caller) -> Result<AllDrafts, Error> {
        self.require(caller, Permission::PackagesRead, || "packages".to_owned())
            .await?;
        let picture = self.picture(caller).await?;
        let Some(store) = self.inner.packages.kept() else {
            return Ok(AllDrafts::default());
        };
        let store = &**store;
        let keys = self
            .keys_of(&picture, store.models_with_drafts().await?)
            .await?;
        let listed = stream::iter(keys).map(async |(id, key)| {
            let packages = store.drafts(&id).await?.into_iter();
            let of = packages.map(move |package| (package, key.clone(), id));
            Ok::<_, Error>(of.collect::<Vec<_>>())
        });
        let listed: Vec<_> = listed
            .buffer_unordered(DRAFTS_AT_ONCE)
            .try_collect()
            .await?;
        let mut listed: Vec<_> = listed.into_iter().flatten().collect();
        // By when their uploads began, which their names tell: all need not be read for that.
        listed.sort_by_key(|(package, ..)| std::cmp::Reverse(*package));
        let more = listed.len().saturating_sub(MAX_LISTED_DRAFTS);
        listed.truncate(MAX_LISTED_DRAFTS);
        let read = stream::iter(listed).map(async |(package, key, id)| {
            let draft = drafts::read(store, &key, &id, package).await?;
            Ok::<_, Error>(draft.map(|draft| (key, draft)))
        });
        let read: Vec<_> = read.buffer_unordered(DRAFTS_AT_ONCE).try_collect().await?;
        let mut drafts: Vec<_> = read.into_iter().flatten().collect();
        drafts.sort_by_key(|(_, draft)| std::cmp::Reverse((draft.at, draft.package)));
        Ok(AllDrafts { drafts, more })
    }

    /// The names by which these models go now, without those that are deleted. What a definition says of
    /// its id is a hint alone: another program may have dropped it, or copied it.
    async fn keys_of(
        &self,
        picture: &Picture,
        ids: Vec<ModelId>,
    ) -> Result<HashMap<ModelId, ModelKey>, Error> {
        let asked: HashSet<ModelId> = ids.into_iter().collect();
        let hinted = picture.entries().filter_map(|entry| {
            let id = entry.id().filter(|id| asked.contains(id))?;
            Some((id, entry.key().clone()))
        });
        let hinted: Vec<_> = hinted.collect();
        let mut keys = HashMap::new();
        let mut checked = stream::iter(hinted)
            .map(async |(id, key)| {
                let noted = self.inner.catalog.ask_identity(&key).await?;
                Ok::<_, Error>((noted == Some(id)).then_some((id, key)))
            })
            .buffer_unordered(DRAFTS_AT_ONCE);
        while let Some(found) = checked.next().await {
            keys.extend(found?);
        }
        drop(checked);
        let others = asked.into_iter().filter(|id| !keys.contains_key(id));
        let others: Vec<_> = others.collect();
        let mut others = stream::iter(others)
            .map(async |id| {
                let last = self.inner.catalog.ask_history(&id, None, LOOKED_AT).await?;
                // What another program wrote does not say where.
                let key = last
                    .into_iter()
                    .find_map(|archived| ModelRevision::read(archived).key);
                let Some(key) = key.filter(|key| picture.get(key).is_some()) else {
                    return Ok(None);
                };
                // Nobody else's: it was written there last.
                let noted = self.inner.catalog.ask_identity(&key).await?;
                Ok::<_, Error>(noted.is_none_or(|noted| noted == id).then_some((id, key)))
            })
            .buffer_unordered(DRAFTS_AT_ONCE);
        let mut found = Vec::new();
        while let Some(other) = others.next().await {
            found.extend(other?);
        }
        drop(others);
        keys.extend(found);
        Ok(keys)
    }
}
