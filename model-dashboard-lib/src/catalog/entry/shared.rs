//! One copy of the texts that many entries hold.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Fresh, Kind};
use crate::model::{ModelKey, NetworkType};

/// Texts that many entries hold.
#[derive(Debug, Default)]
pub(in crate::catalog) struct SharedTexts {
    texts: HashSet<Arc<str>>,
    types: HashSet<NetworkType>,
}

impl SharedTexts {
    /// Lets the texts of a new entry share the memory of equal ones seen before.
    pub(in crate::catalog) fn share_in(&mut self, fresh: &mut Fresh) {
        // It is new, so nothing else holds it.
        let Some(entry) = Arc::get_mut(&mut fresh.entry) else {
            return;
        };
        self.share_type(&mut entry.key);
        match &mut entry.kind {
            Kind::Model(model) => {
                model.tags.iter_mut().for_each(|tag| self.share(tag));
                model.owner.iter_mut().for_each(|owner| self.share(owner));
                model
                    .modified_by
                    .iter_mut()
                    .for_each(|name| self.share(name));
            }
            Kind::Broken(broken) => broken.key = entry.key.clone(),
            Kind::Deleted(_) => {}
        }
    }

    fn share(&mut self, text: &mut Arc<str>) {
        match self.texts.get(text) {
            Some(known) => *text = known.clone(),
            None => drop(self.texts.insert(text.clone())),
        }
    }

    fn share_type(&mut self, key: &mut ModelKey) {
        match self.types.get(&key.network_type) {
            Some(known) => key.network_type = known.clone(),
            None => drop(self.types.insert(key.network_type.clone())),
        }
    }
}
