//! What loading a package would do, in a word, a colour and a sentence.

use maud::Markup;

use crate::views::components::icon::Icon;
use crate::views::components::{Tone, state};

/// What loading a package, or a file of it, would do. The gravest is the greatest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Nothing in it is loaded as code.
    NoCode,
    /// Only what genuine files of its framework do.
    Expected,
    /// Scripts or layers in it are run when the model is used.
    Code,
    /// Nobody knows what loads it.
    Untold,
    /// It names what nothing is known of.
    Unknown,
    /// It cannot be read to its end.
    Unscannable,
    /// It runs code, or hides what it runs.
    #[default]
    Dangerous,
}

impl Trust {
    /// Only what is expected is green.
    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::NoCode | Self::Expected => Tone::Ok,
            Self::Code | Self::Untold | Self::Unknown => Tone::Warning,
            Self::Unscannable => Tone::Muted,
            Self::Dangerous => Tone::Danger,
        }
    }

    /// It in one or two words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoCode => "No code",
            Self::Expected => "Expected",
            Self::Code => "Contains code",
            Self::Untold => "Nothing known",
            Self::Unknown => "Unknown",
            Self::Unscannable => "Unscannable",
            Self::Dangerous => "Dangerous",
        }
    }

    /// What it means for a package.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NoCode => "Nothing in it is run when it is loaded.",
            Self::Expected => "Loading it runs nothing but what genuine files of its framework do.",
            Self::Code => {
                "Something in it besides weights is run when the model is used. Read that code before you trust it."
            }
            Self::Untold => {
                "No framework is known that loads it, so nobody knows what that would run."
            }
            Self::Unknown => {
                "Loading it runs names that nothing is known of. Ask where it comes from before you trust it."
            }
            Self::Unscannable => {
                "A file could not be read to its end, so nobody knows what loading it would run."
            }
            Self::Dangerous => {
                "Loading it runs code that takes over the machine, or hides what it runs. Load it nowhere."
            }
        }
    }

    /// The word with its colour and icon.
    #[must_use]
    pub fn pill(self) -> Markup {
        let icon = match self {
            Self::NoCode | Self::Expected => Icon::Shield,
            _ => self.tone().icon(),
        };
        state::pill_with(self.tone(), icon, self.word())
    }

    /// Whether it is worth a word beside a file.
    pub(super) fn is_noted(self) -> bool {
        self != Self::NoCode
    }
}
