//! How the text of a setting becomes a value, and how a value is shown.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// What stands for a secret wherever a value is shown.
pub(super) const MASK: &str = "********";

/// A type that a setting can have.
pub(super) trait Value: Sized {
    /// What may be written, as the end of "allowed: …".
    const ALLOWED: &'static str;
    /// Whether the text must never be shown. Such a setting has a `_FILE` twin.
    const SECRET: bool = false;

    /// Parses text that is not empty and has no white space at its ends.
    ///
    /// # Errors
    /// Why the text is not such a value; never the text itself.
    fn parse(text: &str) -> Result<Self, &'static str>;

    /// The value as a person may see it; `None` when nothing is set.
    fn show(&self) -> Option<String>;
}

/// The smallest and largest value a setting may have.
pub(super) struct Bounds<T> {
    low: T,
    high: T,
    holds: fn(&Self, &T) -> bool,
}

impl<T: Value> Bounds<T> {
    pub(super) fn new(low: T, high: T) -> Self
    where
        T: PartialOrd,
    {
        Self {
            low,
            high,
            holds: |bounds, value| bounds.low <= *value && *value <= bounds.high,
        }
    }

    pub(super) fn hold(&self, value: &T) -> bool {
        (self.holds)(self, value)
    }

    pub(super) fn allowed(&self) -> String {
        let end = |value: &T| value.show().unwrap_or_default();
        format!("{} to {}", end(&self.low), end(&self.high))
    }
}

/// A text that is never shown: `Debug` prints a mask, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` out of sight.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(********)")
    }
}

impl Value for Secret {
    const ALLOWED: &'static str = "any text";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, &'static str> {
        Ok(Self::new(text))
    }

    fn show(&self) -> Option<String> {
        Some(MASK.to_owned())
    }
}

impl<T: Value> Value for Option<T> {
    const ALLOWED: &'static str = T::ALLOWED;
    const SECRET: bool = T::SECRET;

    fn parse(text: &str) -> Result<Self, &'static str> {
        T::parse(text).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(T::show)
    }
}

/// A list is written as an array, whose items come here on lines of their own, or as one text with
/// commas.
impl<T: Value> Value for Vec<T> {
    const ALLOWED: &'static str = T::ALLOWED;
    const SECRET: bool = T::SECRET;

    fn parse(text: &str) -> Result<Self, &'static str> {
        text.split([',', '\n'])
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(T::parse)
            .collect()
    }

    fn show(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(T::show).collect();
        (!items.is_empty()).then(|| items.join(", "))
    }
}

impl Value for String {
    const ALLOWED: &'static str = "one line of text";

    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.chars().any(char::is_control) {
            return Err("holds a control character");
        }
        Ok(text.to_owned())
    }

    fn show(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Value for PathBuf {
    const ALLOWED: &'static str = "the path of a file or folder";

    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.chars().any(char::is_control) {
            return Err("holds a control character");
        }
        if text == "~" || text.starts_with("~/") {
            return Err("a leading ~ has no meaning here, the path must be written out");
        }
        Ok(Self::from(text))
    }

    fn show(&self) -> Option<String> {
        Some(self.display().to_string())
    }
}

impl Value for bool {
    const ALLOWED: &'static str = "true or false";

    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("neither true nor false"),
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! whole_numbers {
    ($($Number:ty, $allowed:literal;)+) => {$(
        impl Value for $Number {
            const ALLOWED: &'static str = $allowed;

            fn parse(text: &str) -> Result<Self, &'static str> {
                use std::num::IntErrorKind::PosOverflow;
                text.parse().map_err(|e: std::num::ParseIntError| match e.kind() {
                    PosOverflow => "too large",
                    _ => "not a whole number",
                })
            }

            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )+};
}

whole_numbers! {
    u16, "0 to 65535";
    u32, "0 to 4294967295";
}

impl Value for IpAddr {
    const ALLOWED: &'static str =
        "an IP address to listen on, such as 127.0.0.1, ::1, or 0.0.0.0 for all";

    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.eq_ignore_ascii_case("localhost") {
            return Ok(Self::V4(Ipv4Addr::LOCALHOST));
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        bare.parse().map_err(|_| "not an IP address")
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for SocketAddr {
    const ALLOWED: &'static str = "an IP address and a port, such as 127.0.0.1:9100";

    fn parse(text: &str) -> Result<Self, &'static str> {
        text.parse().map_err(|_| "not an IP address with a port")
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

impl Value for Duration {
    const ALLOWED: &'static str = "a time such as 90s, 15m, 12h or 7d (a bare number: seconds)";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let (number, unit) = UNITS
            .iter()
            .find_map(|(suffix, seconds)| Some((text.strip_suffix(suffix)?, *seconds)))
            .unwrap_or((text, 1));
        let count: u64 = number.trim_end().parse().map_err(|_| "not a time")?;
        count
            .checked_mul(unit)
            .map(Self::from_secs)
            .ok_or("too large")
    }

    fn show(&self) -> Option<String> {
        let seconds = self.as_secs();
        let (suffix, unit) = UNITS
            .into_iter()
            .find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit))
            .unwrap_or(("s", 1));
        Some(format!("{}{suffix}", seconds / unit))
    }
}

/// An enum whose variants are written as fixed words.
macro_rules! choice {
    ($($(#[doc = $about:literal])+ $Choice:ident, $allowed:literal {
        $($(#[doc = $help:literal])+ $Variant:ident = $word:literal,)+
    })+) => {$(
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Choice {
            $($(#[doc = $help])+ $Variant,)+
        }

        impl $Choice {
            /// The word for it in a configuration.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $Choice {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Value for $Choice {
            const ALLOWED: &'static str = $allowed;

            fn parse(text: &str) -> Result<Self, &'static str> {
                match text.to_ascii_lowercase().as_str() {
                    $($word => Ok(Self::$Variant),)+
                    _ => Err("not one of the words"),
                }
            }

            fn show(&self) -> Option<String> {
                Some(self.as_str().to_owned())
            }
        }
    )+};
}

choice! {
    /// The colours a page is drawn in when a person has not chosen.
    Theme, "system, light or dark" {
        /// What the person's system prefers.
        System = "system",
        /// Dark text on light.
        Light = "light",
        /// Light text on dark.
        Dark = "dark",
    }

    /// The least trusted package that a model may have to be enabled.
    PackageTrust, "dangerous, unscannable, unknown or expected" {
        /// Any.
        Dangerous = "dangerous",
        /// One that cannot be read to its end.
        Unscannable = "unscannable",
        /// One with names that nothing is known of, or with code besides its weights.
        Unknown = "unknown",
        /// One that runs nothing, or what genuine files of its framework do.
        Expected = "expected",
    }

    /// The shape of log lines.
    LogFormat, "text or json" {
        /// Lines for people.
        Text = "text",
        /// One JSON object on each line, for machines.
        Json = "json",
    }

    /// The least important events that are still logged.
    LogLevel, "error, warn, info, debug or trace" {
        /// What failed.
        Error = "error",
        /// And what looks wrong.
        Warn = "warn",
        /// And what happened.
        Info = "info",
        /// And how.
        Debug = "debug",
        /// And everything else.
        Trace = "trace",
    }
}

impl From<PackageTrust> for crate::package::inspect::Trust {
    fn from(trust: PackageTrust) -> Self {
        match trust {
            PackageTrust::Dangerous => Self::Dangerous,
            PackageTrust::Unscannable => Self::Unscannable,
            PackageTrust::Unknown => Self::Unknown,
            PackageTrust::Expected => Self::Expected,
        }
    }
}
