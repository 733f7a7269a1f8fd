//! How much is shown of texts that can be of any length, so that a page of them is bounded.

use std::borrow::Cow;

/// How much of each change is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Changes of each kind.
    pub(super) changes: usize,
    /// Names of a label.
    pub(super) names: usize,
    /// Characters of a text.
    chars: usize,
}

impl Cut {
    /// In a list of revisions.
    pub(super) const LIST: Cut = Cut {
        changes: 50,
        names: 10,
        chars: 200,
    };
    /// In the comparison of two.
    pub(super) const NOTHING: Cut = Cut {
        changes: usize::MAX,
        names: usize::MAX,
        chars: usize::MAX,
    };

    /// What is shown of a text.
    pub(super) fn text(self, text: &str) -> String {
        cut(text, self.chars).into_owned()
    }

    /// Whether a part of a text is not shown.
    pub(super) fn shortens(self, text: &str) -> bool {
        matches!(cut(text, self.chars), Cow::Owned(_))
    }
}

/// The first characters of a text, with `…` in place of the rest if there is any.
pub(in crate::api) fn cut(text: &str, chars: usize) -> Cow<'_, str> {
    // A character has at least one byte.
    if text.len() <= chars {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(chars) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_longer_is_cut() {
        assert_eq!(cut("größe", 5), "größe");
        assert_eq!(cut("größer", 5), "größe…");
        assert_eq!(cut("", 0), "");
    }
}
