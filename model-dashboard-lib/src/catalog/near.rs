//! Names near one that does not exist.

use super::picture::Picture;
use crate::model::ModelKey;

/// The most names to suggest.
const SUGGESTIONS: usize = 5;

/// How many names before and behind the place of the missing one are looked at.
const NEIGHBOURS: usize = 512;

/// How alike names must be, from 0 to 1.
const ALIKE: f64 = 0.8;

impl Picture {
    /// Up to five keys that someone who asks for `key` may have meant, the likeliest first: the
    /// same name under other types, then names that are spelt alike. Of a model that was renamed that is its
    /// new key alone; for one that was deleted no other is meant.
    ///
    /// Cost: bounded; where there are more than 1,024 models, only the neighbours of the key in
    /// alphabetical order are compared, under its own type and the two most alike ones.
    #[must_use]
    pub fn near(&self, key: &ModelKey) -> Vec<ModelKey> {
        if self.deleted(key).is_some() {
            let (last, _) = self.follow(key);
            return self.get(&last).map(|_| last).into_iter().collect();
        }
        let mut found: Vec<(f64, ModelKey)> = self
            .find_by_name(key.name.as_str())
            .into_iter()
            .map(|key| (2.0, key))
            .collect();
        let mut consider = |slot: &u32| {
            let entry = self.entry(*slot);
            let alike = likeness(&entry.key, key);
            if alike >= ALIKE && entry.is_visible() {
                found.push((alike, entry.key.clone()));
            }
        };
        if self.keys.len() <= 2 * NEIGHBOURS {
            self.keys.iter().for_each(&mut consider);
        } else {
            for network_type in self.types_like(key.network_type.as_str()) {
                let place = self.keys.partition_point(|&slot| {
                    let other = &self.entry(slot).key;
                    (other.network_type.as_str(), other.name.as_str())
                        < (&*network_type, key.name.as_str())
                });
                let from = place.saturating_sub(NEIGHBOURS);
                let to = (place + NEIGHBOURS).min(self.keys.len());
                self.keys[from..to].iter().for_each(&mut consider);
            }
        }
        found.sort_by(|(a, key_a), (b, key_b)| b.total_cmp(a).then_with(|| key_a.cmp(key_b)));
        let mut keys: Vec<ModelKey> = Vec::with_capacity(SUGGESTIONS);
        for (_, near) in found {
            if near != *key && !keys.contains(&near) && keys.len() < SUGGESTIONS {
                keys.push(near);
            }
        }
        keys
    }

    /// The type itself, whether it exists or not, and the two existing ones most like it.
    fn types_like(&self, name: &str) -> Vec<String> {
        let mut types: Vec<(f64, &str)> = self
            .types
            .keys()
            .take(NEIGHBOURS)
            .filter(|other| &***other != name)
            .map(|other| (alike(other, name), &**other))
            .collect();
        types.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let others = types.into_iter().take(2).map(|(_, other)| other);
        std::iter::once(name)
            .chain(others)
            .map(str::to_owned)
            .collect()
    }
}

/// How alike two keys are: the name counts three times as much as the type.
fn likeness(a: &ModelKey, b: &ModelKey) -> f64 {
    let types = alike(a.network_type.as_str(), b.network_type.as_str());
    let names = alike(a.name.as_str(), b.name.as_str());
    (types + 3.0 * names) / 4.0
}

/// Jaro-Winkler similarity without regard to ASCII case, of the first 64 characters: the names of
/// existing buckets can be long.
fn alike(a: &str, b: &str) -> f64 {
    let short = |text: &str| {
        text.chars()
            .take(64)
            .collect::<String>()
            .to_ascii_lowercase()
    };
    strsim::jaro_winkler(&short(a), &short(b))
}
