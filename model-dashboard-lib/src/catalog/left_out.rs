//! What lies in a repository and is in no list of models.

use std::fmt;

use crate::repository::{Listing, UnreadableType};

/// How many objects that are no definitions are named.
const NAMED: usize = 20;

/// What the last listing of the repository found that no list of models shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// How many objects and folders are no definitions; nothing touches them. Of more than 10,000
    /// as many are counted.
    pub count: usize,
    /// The first 20 of them by name, a folder with a slash at the end. The names are those in the
    /// store, and may hold anything.
    pub examples: Vec<String>,
    /// Network types that could not be listed; what was known of them is shown.
    pub unreadable: Vec<UnreadableType>,
}

impl LeftOut {
    /// Takes out of a listing what is no model.
    pub(super) fn take(listing: &mut Listing) -> Self {
        let mut others = std::mem::take(&mut listing.others);
        let count = others.len();
        others.sort_unstable();
        others.truncate(NAMED);
        Self {
            count,
            examples: others,
            unreadable: std::mem::take(&mut listing.unreadable),
        }
    }
}

/// The objects that are no definitions, as a sentence: "2 objects are no definitions and were left
/// alone: README.txt, nnUNet/old/".
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            0 => return f.write_str("every object is a definition"),
            1 => f.write_str("1 object is no definition and was left alone")?,
            count => write!(f, "{count} objects are no definitions and were left alone")?,
        }
        for (n, name) in self.examples.iter().enumerate() {
            let before = if n == 0 { ": " } else { ", " };
            write!(f, "{before}{}", name.escape_debug())?;
        }
        match self.count.saturating_sub(self.examples.len()) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(names: impl IntoIterator<Item = String>) -> String {
        let mut listing = Listing {
            others: names.into_iter().collect(),
            ..Listing::default()
        };
        LeftOut::take(&mut listing).to_string()
    }

    #[test]
    fn what_is_left_alone_is_said_with_some_examples() {
        assert_eq!(sentence([]), "every object is a definition");
        assert_eq!(
            sentence(["a\nb".to_owned()]),
            "1 object is no definition and was left alone: a\\nb"
        );
        assert_eq!(
            sentence(["nnUNet/old/", "README.txt"].map(str::to_owned)),
            "2 objects are no definitions and were left alone: README.txt, nnUNet/old/"
        );
        let many = sentence((0..30).map(|n| n.to_string()));
        assert!(many.starts_with("30 objects"), "{many}");
        assert!(many.ends_with(" and 10 more"), "{many}");
    }
}
