//! Names that are taken.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization as _;

use crate::package::path::PackagePath;

/// The names that are taken, as a system sees them that ignores case and forms of letters.
#[derive(Debug, Default)]
pub(in crate::package) struct Names {
    files: HashSet<String>,
    folders: HashSet<String>,
    /// Folders that have an entry of their own.
    entries: HashSet<String>,
}

impl Names {
    /// Takes a name; whether it was free.
    pub(in crate::package) fn take(&mut self, path: &PackagePath, is_folder: bool) -> bool {
        let text = path.as_str();
        let folded: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        for (at, _) in folded.match_indices('/') {
            let above = folded.get(..at).unwrap_or_default();
            if self.files.contains(above) {
                return false;
            }
            if !self.folders.contains(above) {
                self.folders.insert(above.to_owned());
            }
        }
        if is_folder {
            self.folders.insert(folded.clone());
            !self.files.contains(&folded) && self.entries.insert(folded)
        } else {
            !self.folders.contains(&folded) && self.files.insert(folded)
        }
    }
}
