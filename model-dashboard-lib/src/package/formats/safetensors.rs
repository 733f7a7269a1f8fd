//! safetensors: a length, a header in JSON, and the bytes of tensors.
//! (Hugging Face, `safetensors/README.md` and `safetensors/src/tensor.rs`.)

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::{BufReader, Read as _};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::cursor::Cursor;
use super::{FormatError, json};
use crate::package::source::Source;

/// The longest header of the format, in bytes.
const LONGEST_HEADER: u64 = 100_000_000;

/// The longest text in the header that is read: some trainers put all their settings into one.
const LONGEST_TEXT: usize = 16 << 20;

/// The most tensors; models have some ten thousand at most.
const MOST_TENSORS: usize = 500_000;

/// The most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 64;

/// How many bytes of `__metadata__` are kept.
const KEPT: usize = 1 << 20;

/// What a safetensors file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Safetensors {
    /// How many tensors it holds.
    pub tensors: u64,
    /// How many numbers they hold together.
    pub parameters: u64,
    /// How many tensors there are of each type, by the format's name for it (`F32`, `BF16`).
    pub types: BTreeMap<Box<str>, u64>,
    /// Its `__metadata__`, up to 1 MiB.
    pub metadata: BTreeMap<Box<str>, Box<str>>,
    /// How many entries of `__metadata__` were too long to be kept.
    pub left_out: u64,
}

/// Whether a file begins as one: a length that fits, and the brace of the header.
pub(super) fn begins(head: &[u8], size: u64) -> bool {
    let Some((length, rest)) = head.split_first_chunk() else {
        return false;
    };
    let length = u64::from_le_bytes(*length);
    (2..=LONGEST_HEADER).contains(&length) && length <= size - 8 && rest.first() == Some(&b'{')
}

/// Reads the header alone. The tensors have to lie one after the other and fill the file, as the
/// format demands: there is room for nothing else.
pub(super) fn read(source: &dyn Source) -> Result<Safetensors, FormatError> {
    let mut cursor = Cursor::new(source);
    let length = u64::from_le_bytes(cursor.array()?);
    if length > LONGEST_HEADER {
        return Err(FormatError::malformed(
            "its header is longer than the format allows",
        ));
    }
    if length > cursor.left() {
        return Err(FormatError::Truncated);
    }
    let data = cursor.left() - length;
    cursor.end_after(length);
    // The format demands it; readers of JSON would let blanks pass.
    let first: [u8; 1] = cursor.array()?;
    if first != *b"{" {
        return Err(FormatError::malformed("its header is no JSON object"));
    }
    let texts = json::ShortTexts::new(first.chain(cursor), LONGEST_TEXT);
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(texts));
    let header = Header::deserialize(&mut json).and_then(|header| {
        json.end()?;
        Ok(header)
    });
    match header {
        Ok(header) => header.check(data),
        Err(error) => Err(json::refused("its header", error)),
    }
}

/// The header as it is read, piece by piece.
#[derive(Default)]
struct Header {
    found: Safetensors,
    /// Where tensors begin and end.
    extents: Vec<(u64, u64)>,
}

impl Header {
    fn check(mut self, data: u64) -> Result<Safetensors, FormatError> {
        self.extents.sort_unstable();
        let mut end = 0;
        for (start, stop) in self.extents {
            if start != end || stop < start {
                return Err(FormatError::malformed(
                    "its tensors overlap, or leave bytes between them",
                ));
            }
            end = stop;
        }
        match end.cmp(&data) {
            std::cmp::Ordering::Greater => Err(FormatError::Truncated),
            std::cmp::Ordering::Less => Err(FormatError::malformed(
                "it holds bytes after its tensors that belong to none",
            )),
            std::cmp::Ordering::Equal => Ok(self.found),
        }
    }

    fn tensor<E: serde::de::Error>(&mut self, tensor: &Tensor) -> Result<(), E> {
        let (start, end) = tensor.data_offsets;
        let bytes = end
            .checked_sub(start)
            .ok_or_else(|| E::custom("a tensor ends before it begins"))?;
        if let Some(bits) = bits(&tensor.dtype)
            && tensor.shape.0.checked_mul(bits) != bytes.checked_mul(8)
        {
            return Err(E::custom("a tensor has not the size of its shape"));
        }
        if self.extents.len() == MOST_TENSORS {
            return Err(E::custom("there are more tensors than are read"));
        }
        self.extents.push((start, end));
        self.found.tensors += 1;
        self.found.parameters = self.found.parameters.saturating_add(tensor.shape.0);
        *self.found.types.entry(tensor.dtype.0.clone()).or_default() += 1;
        Ok(())
    }
}

/// An element's bits; `None` for a type that came later than this.
fn bits(dtype: &TypeName) -> Option<u64> {
    Some(match &*dtype.0 {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E4M3FNUZ"
        | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Tensor {
    dtype: TypeName,
    shape: Elements,
    data_offsets: (u64, u64),
}

struct TypeName(Box<str>);

impl<'de> Deserialize<'de> for TypeName {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let name = Box::<str>::deserialize(json)?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || name.len() > 20 || !name.bytes().all(is_name) {
            return Err(D::Error::custom("a tensor's type is no name"));
        }
        Ok(Self(name))
    }
}

/// How many elements a shape has; the list itself is not kept.
struct Elements(u64);

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Elements;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a shape")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Elements, A::Error> {
                let mut elements = 1_u64;
                let mut dimensions = 0;
                while let Some(size) = list.next_element::<u64>()? {
                    dimensions += 1;
                    if dimensions > MOST_DIMENSIONS {
                        return Err(A::Error::custom("a shape has too many dimensions"));
                    }
                    let product = elements.checked_mul(size);
                    elements = product.ok_or_else(|| A::Error::custom("a shape is too large"))?;
                }
                Ok(Elements(elements))
            }
        }
        json.deserialize_seq(Shape)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Tensors;
        impl<'de> Visitor<'de> for Tensors {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tensors by their names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header::default();
                let mut names = HashSet::new();
                while let Some(name) = map.next_key::<Box<str>>()? {
                    if &*name == "__metadata__" {
                        let metadata = map.next_value::<Texts>()?;
                        header.found.metadata = metadata.kept;
                        header.found.left_out = metadata.left_out;
                    } else {
                        header.tensor(&map.next_value()?)?;
                    }
                    // Readers take the first or the last of two.
                    if !names.insert(name) {
                        return Err(A::Error::custom("two tensors have the same name"));
                    }
                }
                Ok(header)
            }
        }
        json.deserialize_map(Tensors)
    }
}

#[derive(Default)]
struct Texts {
    kept: BTreeMap<Box<str>, Box<str>>,
    left_out: u64,
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("texts by their names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                let mut size = 0;
                while let Some(key) = map.next_key::<Box<str>>()? {
                    let value = map.next_value::<Box<str>>()?;
                    let length = key.len() + value.len();
                    if size + length > KEPT {
                        texts.left_out += 1;
                        continue;
                    }
                    size += length;
                    if texts.kept.insert(key, value).is_some() {
                        return Err(A::Error::custom("__metadata__ has a key twice"));
                    }
                }
                Ok(texts)
            }

            fn visit_unit<E>(self) -> Result<Texts, E> {
                Ok(Texts::default())
            }
        }
        json.deserialize_any(Pairs)
    }
}
