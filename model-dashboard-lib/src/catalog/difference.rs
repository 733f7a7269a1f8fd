//! What a listing shows to be different from what is known.

use std::collections::HashSet;
use std::path::PathBuf;

use super::gathered::Gathered;
use super::left_out::LeftOut;
use super::picture::Picture;
use super::snapshot::{self, SnapshotError};
use crate::model::{ModelKey, NetworkType};
use crate::repository::{ListedModel, Listing, UnreadableType};

/// What is to do to bring a picture up to date with a listing.
#[derive(Debug)]
pub(super) struct Difference {
    /// Entries that need not be read, because the snapshot has them in the state listed.
    pub(super) confirmed: Gathered,
    /// Objects to read, sorted by key.
    pub(super) changed: Vec<ListedModel>,
    /// Keys that are no more.
    pub(super) gone: Vec<ModelKey>,
    /// What the listing has beside definitions, and types that it says nothing about: what is
    /// known of these stands.
    pub(super) left_out: LeftOut,
}

/// Where the snapshot of a repository lies.
#[derive(Clone, Debug)]
pub(super) struct SnapshotOf {
    pub(super) path: PathBuf,
    pub(super) location: String,
}

impl Difference {
    /// Compares a listing with a picture.
    pub(super) fn find(mut listing: Listing, picture: &Picture) -> Self {
        listing.models.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        listing.models.dedup_by(|a, b| a.key == b.key);
        let left_out = LeftOut::take(&mut listing);
        let unreadable = unreadable_types(&left_out.unreadable);
        let mut gone = Vec::new();
        let mut present = picture
            .keys
            .iter()
            .map(|&slot| picture.entry(slot))
            .peekable();
        listing.models.retain(|listed| {
            while let Some(entry) = present.next_if(|entry| entry.key < listed.key) {
                gone.push(entry.key.clone());
            }
            let entry = present.next_if(|entry| entry.key == listed.key);
            entry.is_none_or(|entry| entry.stamp != listed.stamp)
        });
        gone.extend(present.map(|entry| entry.key.clone()));
        gone.retain(|key| !unreadable.contains(&key.network_type));
        Self {
            confirmed: Gathered::default(),
            changed: listing.models,
            gone,
            left_out,
        }
    }

    /// Takes what did not change since a snapshot from there, and what `picture` lacks of types
    /// that cannot be listed. A snapshot that is of no use is ignored, with a warning unless there
    /// simply is none.
    pub(super) fn confirm(&mut self, snapshot: &SnapshotOf, picture: &Picture) {
        let unreadable = unreadable_types(&self.left_out.unreadable);
        let mut confirmed = vec![false; self.changed.len()];
        let mut gathered = Gathered::default();
        let mut place = 0;
        let read = snapshot::read(&snapshot.path, &snapshot.location, |fresh| {
            let key = &fresh.entry.key;
            while self
                .changed
                .get(place)
                .is_some_and(|listed| listed.key < *key)
            {
                place += 1;
            }
            let listed = self.changed.get(place);
            if listed.is_some_and(|l| l.key == *key && l.stamp == fresh.entry.stamp) {
                confirmed[place] = true;
                place += 1;
                gathered.push(fresh);
            } else if unreadable.contains(&key.network_type) && picture.known(key).is_none() {
                gathered.push(fresh);
            }
        });
        match read {
            Ok(()) => {
                let mut confirmed = confirmed.into_iter();
                self.changed.retain(|_| confirmed.next() != Some(true));
                self.confirmed = gathered;
            }
            Err(SnapshotError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = snapshot.path.display().to_string();
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    file.path = path,
                    error,
                    "the catalogue's snapshot is ignored"
                );
            }
        }
    }
}

fn unreadable_types(unreadable: &[UnreadableType]) -> HashSet<NetworkType> {
    let types = unreadable.iter().map(|one| one.network_type.clone());
    types.collect()
}
