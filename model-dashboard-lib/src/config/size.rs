//! Numbers of bytes as people write them.

use std::fmt;

use super::value::Value;

/// The units, largest first: in powers of 1,024, whichever way they are written.
const UNITS: [(&str, u64); 4] = [
    ("TB", 1 << 40),
    ("GB", 1 << 30),
    ("MB", 1 << 20),
    ("KB", 1 << 10),
];

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

impl Size {
    /// So many times 1,048,576 bytes.
    #[must_use]
    pub const fn megabytes(count: u64) -> Size {
        Size(count << 20)
    }

    /// So many times 1,073,741,824 bytes.
    #[must_use]
    pub const fn gigabytes(count: u64) -> Size {
        Size(count << 30)
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl From<u64> for Size {
    fn from(bytes: u64) -> Size {
        Size(bytes)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |unit: &&(&str, u64)| self.0 >= unit.1 && self.0.is_multiple_of(unit.1);
        match UNITS.iter().find(whole) {
            Some((name, unit)) => write!(f, "{} {name}", self.0 / unit),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

impl Value for Size {
    const ALLOWED: &'static str =
        "a size such as 500 MB, 10 GB or 10GiB (of 1,073,741,824 bytes; a bare number: bytes)";

    fn parse(text: &str) -> Result<Self, &'static str> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim().to_ascii_uppercase();
        let unit = match unit.as_str() {
            "" | "B" | "BYTES" => 1,
            // `G`, `GB` and `GiB` are one.
            unit => {
                let is_it = |(name, _): &&(&str, u64)| {
                    let letter = &name[..1];
                    [letter, name, &format!("{letter}IB")].contains(&unit)
                };
                UNITS.iter().find(is_it).ok_or("not a size")?.1
            }
        };
        let count: u64 = number.parse().map_err(|_| "not a size")?;
        count.checked_mul(unit).map(Self).ok_or("too large")
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_as_people_write_it() {
        for (text, shown) in [
            ("10 GB", "10 GB"),
            ("10g", "10 GB"),
            ("10240MiB", "10 GB"),
            ("1536 mb", "1536 MB"),
            ("1500", "1500 bytes"),
            ("2048 bytes", "2 KB"),
            ("1 TB", "1 TB"),
        ] {
            let read = Size::parse(text).map(|size| size.to_string());
            assert_eq!(read, Ok(shown.to_owned()), "{text}");
        }
        for text in [
            "",
            "GB",
            "-1 GB",
            "1.5 GB",
            "1 XB",
            "1 GB GB",
            "99999999999 GB",
        ] {
            assert!(Size::parse(text).is_err(), "{text}");
        }
    }
}
