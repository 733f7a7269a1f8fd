//! The checksum that archives state of their files.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The CRC-32 of bytes, as zip archives state it of each file (APPNOTE.TXT, 4.4.7).
///
/// Files with another one differ. Those with the same one, and as many bytes, are the same but for
/// accidents of one in four thousand million; it proves nothing against somebody who wants it so.
/// It is written in eight hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crc32(pub u32);

impl fmt::Display for Crc32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl Serialize for Crc32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Crc32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let is_one = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(&digits, 16).ok().filter(|_| is_one);
        number
            .map(Self)
            .ok_or_else(|| de::Error::custom("a CRC-32 has eight hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_is_written_in_eight_digits_and_read_again() {
        let written = serde_json::to_string(&Crc32(0xab)).unwrap();
        assert_eq!(written, "\"000000ab\"");
        assert_eq!(
            serde_json::from_str::<Crc32>(&written).unwrap(),
            Crc32(0xab)
        );
        for wrong in ["\"ab\"", "\"+00000ab\"", "\"000000abc\"", "171"] {
            assert!(serde_json::from_str::<Crc32>(wrong).is_err(), "{wrong}");
        }
    }
}
