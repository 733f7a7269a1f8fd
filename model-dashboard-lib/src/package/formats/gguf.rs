//! GGUF: keys and values, then where tensors are, then their bytes.
//! (ggml, `docs/gguf.md`; what llama.cpp demands besides, `ggml/src/gguf.cpp`.)

use std::collections::{BTreeMap, HashSet};

use super::cursor::Cursor;
use super::error::shown;
use super::{Finding, FindingKind, Findings, FormatError};
use crate::package::source::Source;

pub(super) const MAGIC: &[u8] = b"GGUF";

/// The longest key of the format, in bytes.
const LONGEST_KEY: u64 = 0xffff;
/// The longest value that is kept.
const LONGEST_VALUE: u64 = 1 << 20;
/// How many bytes of names and values are kept.
const KEPT: usize = 32 << 20;
/// The most keys, and the most tensors.
const MOST: u64 = 500_000;
/// The most elements of arrays of texts and of arrays, together: the largest vocabularies have some
/// hundred thousand words.
const MOST_ELEMENTS: u64 = 50_000_000;
/// How deep arrays in arrays are read; llama.cpp reads none.
const DEPTH: u32 = 4;
/// The most dimensions of a tensor; ggml has four.
const MOST_DIMENSIONS: u32 = 8;
/// Where tensors begin, if nothing else is said.
const ALIGNMENT: u64 = 32;

/// What a GGUF file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gguf {
    /// The format's version: 1, 2 or 3.
    pub version: u32,
    /// Whether numbers have their highest byte first.
    pub big_endian: bool,
    /// `general.architecture`: `llama` and the like.
    pub architecture: Option<Box<str>>,
    /// `general.name`.
    pub name: Option<Box<str>>,
    /// `general.license`.
    pub license: Option<Box<str>>,
    /// `general.file_type`, a number of llama.cpp for the way of most tensors.
    pub file_type: Option<u64>,
    /// `ARCHITECTURE.context_length`, in tokens.
    pub context_length: Option<u64>,
    /// The other texts under `general.`, by their keys without it.
    pub general: BTreeMap<Box<str>, Box<str>>,
    /// How many keys it has.
    pub keys: u64,
    /// How many tensors it holds.
    pub tensors: u64,
    /// How many numbers they hold together.
    pub parameters: u64,
    /// How many tensors there are of each type, by ggml's name for it (`F16`, `Q4_K`).
    pub types: BTreeMap<Box<str>, u64>,
    /// Whether it has a template for conversations, which programs render with Jinja.
    pub chat_template: bool,
}

/// A type of tensors: its name, how many elements a block has, and how many bytes.
struct Kind(&'static str, u64, u64);

/// By ggml's numbers (`gguf-py/gguf/constants.py`); those that are missing are no longer, or not yet,
/// in files.
fn kind(number: u32) -> Option<Kind> {
    Some(match number {
        0 => Kind("F32", 1, 4),
        1 => Kind("F16", 1, 2),
        2 => Kind("Q4_0", 32, 18),
        3 => Kind("Q4_1", 32, 20),
        6 => Kind("Q5_0", 32, 22),
        7 => Kind("Q5_1", 32, 24),
        8 => Kind("Q8_0", 32, 34),
        10 => Kind("Q2_K", 256, 84),
        11 => Kind("Q3_K", 256, 110),
        12 => Kind("Q4_K", 256, 144),
        13 => Kind("Q5_K", 256, 176),
        14 => Kind("Q6_K", 256, 210),
        16 => Kind("IQ2_XXS", 256, 66),
        17 => Kind("IQ2_XS", 256, 74),
        18 => Kind("IQ3_XXS", 256, 98),
        19 => Kind("IQ1_S", 256, 50),
        20 => Kind("IQ4_NL", 32, 18),
        21 => Kind("IQ3_S", 256, 110),
        22 => Kind("IQ2_S", 256, 82),
        23 => Kind("IQ4_XS", 256, 136),
        24 => Kind("I8", 1, 1),
        25 => Kind("I16", 1, 2),
        26 => Kind("I32", 1, 4),
        27 => Kind("I64", 1, 8),
        28 => Kind("F64", 1, 8),
        29 => Kind("IQ1_M", 256, 56),
        30 => Kind("BF16", 1, 2),
        34 => Kind("TQ1_0", 256, 54),
        35 => Kind("TQ2_0", 256, 66),
        39 => Kind("MXFP4", 32, 17),
        40 => Kind("NVFP4", 64, 36),
        41 => Kind("Q1_0", 128, 18),
        _ => return None,
    })
}

/// Reads keys, values and where tensors are; not the tensors.
pub(super) fn read(source: &dyn Source, findings: &mut Findings) -> Result<Gguf, FormatError> {
    let mut cursor = Cursor::new(source);
    if cursor.array::<4>()? != MAGIC {
        return Err(FormatError::malformed("it does not begin with GGUF"));
    }
    let version: [u8; 4] = cursor.array()?;
    // A version has one low byte, which tells the order of bytes.
    let big_endian = version[0] == 0 && version[3] != 0;
    let version = if big_endian {
        u32::from_be_bytes(version)
    } else {
        u32::from_le_bytes(version)
    };
    if !(1..=3).contains(&version) {
        let what = format!("it is version {version} of GGUF");
        return Err(FormatError::Unsupported(what));
    }
    let mut reader = Reader {
        cursor,
        big_endian,
        // Version 1 had counts and lengths of four bytes.
        wide: version > 1,
        kept: 0,
        elements: 0,
        found: Gguf {
            version,
            big_endian,
            ..Gguf::default()
        },
        alignment: ALIGNMENT,
    };
    let tensors = reader.count()?;
    let keys = reader.count()?;
    // A key has its length, a type and a byte, a tensor its length, dimensions, a type and a place.
    for (count, least) in [(keys, 9), (tensors, 20)] {
        if count.saturating_mul(least) > reader.cursor.left() {
            return Err(FormatError::Truncated);
        }
        if count > MOST {
            return Err(FormatError::TooLarge("it has more keys or tensors"));
        }
    }
    reader.keys(keys, findings)?;
    reader.tensors(tensors, findings)?;
    Ok(reader.found)
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    big_endian: bool,
    wide: bool,
    /// Bytes of names and values in memory.
    kept: usize,
    /// Elements of arrays that were walked.
    elements: u64,
    found: Gguf,
    alignment: u64,
}

/// A value, as far as it is of interest.
enum Value {
    Number(u64),
    Text(String),
    Other,
}

impl Reader<'_> {
    fn u32(&mut self) -> Result<u32, FormatError> {
        let bytes = self.cursor.array()?;
        Ok(if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn u64(&mut self) -> Result<u64, FormatError> {
        let bytes = self.cursor.array()?;
        Ok(if self.big_endian {
            u64::from_be_bytes(bytes)
        } else {
            u64::from_le_bytes(bytes)
        })
    }

    fn count(&mut self) -> Result<u64, FormatError> {
        if self.wide {
            self.u64()
        } else {
            self.u32().map(u64::from)
        }
    }

    /// A text that is kept; `None`, if it is longer than that.
    fn text(&mut self, longest: u64) -> Result<Option<String>, FormatError> {
        let length = self.count()?;
        if length > longest {
            self.cursor.skip(length)?;
            return Ok(None);
        }
        let bytes = self.cursor.take(length)?;
        self.kept += bytes.len();
        if self.kept > KEPT {
            return Err(FormatError::TooLarge("its names and texts are longer"));
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn name(&mut self) -> Result<String, FormatError> {
        let name = self.text(LONGEST_KEY)?;
        name.ok_or_else(|| FormatError::malformed("it has a name that is longer than allowed"))
    }

    fn keys(&mut self, count: u64, findings: &mut Findings) -> Result<(), FormatError> {
        let mut seen = HashSet::new();
        for _ in 0..count {
            let key = self.name()?;
            let kind = self.u32()?;
            let value = self.value(kind, 0)?;
            self.take_key(&key, value, findings)?;
            if key.is_empty() || !seen.insert(key) {
                return Err(FormatError::malformed("a key is empty or there twice"));
            }
        }
        self.found.keys = count;
        Ok(())
    }

    fn take_key(
        &mut self,
        key: &str,
        value: Value,
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        let general = key.strip_prefix("general.");
        match (general, value) {
            (Some("alignment"), Value::Number(alignment)) => {
                if !alignment.is_power_of_two() {
                    return Err(FormatError::malformed("its alignment is no power of two"));
                }
                self.alignment = alignment;
            }
            (Some("file_type"), Value::Number(number)) => self.found.file_type = Some(number),
            (Some("architecture"), Value::Text(text)) => {
                self.found.architecture = Some(text.into());
            }
            (Some("name"), Value::Text(text)) => self.found.name = Some(text.into()),
            (Some("license"), Value::Text(text)) => self.found.license = Some(text.into()),
            (Some(key), Value::Text(text)) => {
                self.found.general.insert(key.into(), text.into());
            }
            (None, Value::Number(number)) if key.ends_with(".context_length") => {
                self.found.context_length = Some(number);
            }
            (None, Value::Text(text)) if key.starts_with("tokenizer.chat_template") => {
                self.found.chat_template = true;
                if leaves_its_box(&text) {
                    findings.add(Finding {
                        kind: FindingKind::Code,
                        place: shown(key),
                        what: "the template for conversations uses the inside of Python, which \
                               runs code where templates are rendered without protection"
                            .to_owned(),
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads a value of the type of that number; arrays are passed over.
    fn value(&mut self, kind: u32, depth: u32) -> Result<Value, FormatError> {
        Ok(match kind {
            0 | 7 => Value::Number(self.cursor.array::<1>()?[0].into()),
            4 => Value::Number(self.u32()?.into()),
            10 => Value::Number(self.u64()?),
            8 => self.text(LONGEST_VALUE)?.map_or(Value::Other, Value::Text),
            9 => {
                self.array(depth)?;
                Value::Other
            }
            _ => {
                self.cursor.skip(fixed(kind)?)?;
                Value::Other
            }
        })
    }

    fn array(&mut self, depth: u32) -> Result<(), FormatError> {
        if depth == DEPTH {
            return Err(FormatError::malformed("its arrays are nested too deeply"));
        }
        let kind = self.u32()?;
        let count = self.count()?;
        if !matches!(kind, 8 | 9) {
            let bytes = count.checked_mul(fixed(kind)?);
            return self.cursor.skip(bytes.ok_or(FormatError::Truncated)?);
        }
        self.elements = self.elements.saturating_add(count);
        if self.elements > MOST_ELEMENTS {
            return Err(FormatError::TooLarge("its arrays have more elements"));
        }
        for _ in 0..count {
            if kind == 8 {
                let length = self.count()?;
                self.cursor.skip(length)?;
            } else {
                self.array(depth + 1)?;
            }
        }
        Ok(())
    }

    fn tensors(&mut self, count: u64, findings: &mut Findings) -> Result<(), FormatError> {
        let mut names = HashSet::new();
        // Where tensors are, from the first one's first byte on.
        let mut extents = Vec::new();
        let mut known = true;
        for _ in 0..count {
            let name = self.name()?;
            let dimensions = self.u32()?;
            if dimensions > MOST_DIMENSIONS {
                return Err(FormatError::malformed("a tensor has too many dimensions"));
            }
            let too_large = || FormatError::malformed("a tensor's shape is too large");
            let mut elements = 1_u64;
            for _ in 0..dimensions {
                // Their sizes have the width of lengths.
                elements = elements.checked_mul(self.count()?).ok_or_else(too_large)?;
            }
            let number = self.u32()?;
            let offset = self.u64()?;
            if !offset.is_multiple_of(self.alignment) {
                return Err(FormatError::malformed("a tensor is not where it has to be"));
            }
            let size = match kind(number) {
                Some(Kind(_, block, bytes)) if elements.is_multiple_of(block) => {
                    (elements / block).checked_mul(bytes)
                }
                Some(_) => return Err(FormatError::malformed("a tensor has half a block")),
                None => {
                    known = false;
                    Some(0)
                }
            };
            let end = offset.checked_add(size.ok_or_else(too_large)?);
            extents.push((offset, end.ok_or_else(too_large)?));
            let kind = kind(number).map_or_else(|| format!("type {number}"), |it| it.0.to_owned());
            *self.found.types.entry(kind.into()).or_default() += 1;
            self.found.parameters = self.found.parameters.saturating_add(elements);
            if !names.insert(name) {
                return Err(FormatError::malformed("two tensors have the same name"));
            }
        }
        self.found.tensors = count;
        self.check(extents, known, findings)
    }

    /// Tensors lie within the file and share no bytes.
    fn check(
        &self,
        mut extents: Vec<(u64, u64)>,
        known: bool,
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        let padded = |end: u64| end.checked_next_multiple_of(self.alignment);
        let file = self.cursor.end();
        let mut end = 0;
        extents.sort_unstable();
        for (start, stop) in &extents {
            if *start < end {
                return Err(FormatError::malformed("two tensors share bytes"));
            }
            end = *stop;
        }
        let start = if extents.is_empty() {
            Some(self.cursor.position())
        } else {
            padded(self.cursor.position())
        };
        let end = start.and_then(|start| start.checked_add(end));
        let end = end.filter(|end| *end <= file);
        let end = end.ok_or(FormatError::Truncated)?;
        if known && padded(end).is_none_or(|end| end < file) {
            findings.add(Finding {
                kind: FindingKind::Odd,
                place: String::new(),
                what: format!("the last {} bytes belong to no tensor", file - end),
            });
        }
        Ok(())
    }
}

/// Whether a template for Jinja uses what templates get at Python's functions by: names between
/// double underscores, underscores that are escaped, attributes whose names are put together.
fn leaves_its_box(template: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_lowercase());
    template.split("__").skip(1).any(is_name)
        || ["\\x5f", "\\u005f", "attr("]
            .iter()
            .any(|it| template.contains(it))
}

/// The bytes of a value that always has as many.
fn fixed(kind: u32) -> Result<u64, FormatError> {
    Ok(match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        10..=12 => 8,
        _ => return Err(FormatError::malformed("a value has a type that is none")),
    })
}
