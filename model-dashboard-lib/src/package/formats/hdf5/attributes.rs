//! The attributes of the root of an HDF5 file, as far as they are texts.

use super::SIGNATURE;
use crate::package::formats::FormatError;
use crate::package::formats::cursor::Cursor;
use crate::package::source::Source;

/// The most bytes of messages, and the longest text.
const LONGEST: u64 = 4 << 20;
/// The most blocks, messages in them, and texts in a heap that are passed.
const MOST: usize = 10_000;

const DATASPACE_SCALAR: u8 = 0;
const CONTINUATION: u16 = 0x10;
const ATTRIBUTE: u16 = 0x0c;
const ATTRIBUTE_INFO: u16 = 0x15;

/// What stands in the root's header.
pub(super) struct Attributes<'a> {
    cursor: Cursor<'a>,
    /// The version of the first block.
    pub(super) version: u8,
    /// Bytes of an address, and of a length.
    offsets: usize,
    lengths: usize,
    /// Bytes of messages that were read.
    read: u64,
    found: Vec<(Box<str>, Content)>,
    /// Whether there are none that are kept elsewhere, or in a way that is not read.
    pub(super) are_all_read: bool,
}

/// What an attribute is.
enum Content {
    Text(Vec<u8>),
    /// A text in a heap: its length, the heap's address, its number there.
    InHeap(u64, u64, u64),
    Other,
}

/// Bytes in memory, read from the front.
struct Block<'a>(&'a [u8]);

impl<'a> Block<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(FormatError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number, the lowest byte first.
    fn number(&mut self, bytes: usize) -> Result<u64, FormatError> {
        Ok(little_endian(self.take(bytes)?))
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    let digit = |(place, byte): (usize, &u8)| u64::from(*byte) << (8 * place);
    bytes.iter().take(8).enumerate().map(digit).sum()
}

/// The address of nothing.
fn is_undefined(address: u64, bytes: usize) -> bool {
    address == u64::MAX >> (64 - 8 * bytes.min(8))
}

impl<'a> Attributes<'a> {
    /// Reads the first block and the header of the root group.
    pub(super) fn open(source: &'a dyn Source) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new(source);
        if cursor.array::<8>()? != SIGNATURE {
            return Err(FormatError::malformed("it does not begin as HDF5"));
        }
        let version = cursor.array::<1>()?[0];
        let sizes: [u8; 2] = match version {
            0 | 1 => {
                cursor.skip(4)?;
                cursor.array()?
            }
            2 | 3 => cursor.array()?,
            _ => {
                let what = format!("its first block is version {version}");
                return Err(FormatError::Unsupported(what));
            }
        };
        if !sizes.iter().all(|size| matches!(size, 2 | 4 | 8)) {
            return Err(FormatError::malformed("its addresses have no size"));
        }
        let [offsets, lengths] = sizes.map(usize::from);
        // Sizes of trees and flags; in version 1 one size more.
        cursor.skip(match version {
            0 => 9,
            1 => 13,
            _ => 1,
        })?;
        let mut found = Self {
            cursor,
            version,
            offsets,
            lengths,
            read: 0,
            found: Vec::new(),
            are_all_read: true,
        };
        if found.address()? != 0 {
            return Err(FormatError::malformed("it does not begin at its beginning"));
        }
        // Free space, or an extension.
        found.address()?;
        if found.address()? > source.size() {
            return Err(FormatError::Truncated);
        }
        if version < 2 {
            // A driver, and the name of the root.
            found.address()?;
            found.address()?;
        }
        let root = found.address()?;
        found.header(root)?;
        Ok(found)
    }

    fn address(&mut self) -> Result<u64, FormatError> {
        Ok(little_endian(&self.cursor.take(self.offsets as u64)?))
    }

    fn block(&mut self, address: u64, size: u64) -> Result<Vec<u8>, FormatError> {
        // Together: blocks may name each other in a circle.
        self.read = self.read.saturating_add(size);
        if self.read > LONGEST {
            return Err(FormatError::TooLarge("its headers are longer"));
        }
        self.cursor.seek(address)?;
        self.cursor.take(size)
    }

    /// The header of an object: messages in blocks, one of which names the next.
    fn header(&mut self, address: u64) -> Result<(), FormatError> {
        self.cursor.seek(address)?;
        let start: [u8; 4] = self.cursor.array()?;
        let (size, kind) = if start == *b"OHDR" {
            let [version, flags] = self.cursor.array()?;
            if version != 2 {
                return Err(FormatError::Unsupported(
                    "its header is of a version".to_owned(),
                ));
            }
            // Times, and how attributes are kept.
            let skipped =
                if flags & 0x20 == 0 { 0 } else { 16 } + if flags & 0x10 == 0 { 0 } else { 4 };
            self.cursor.skip(skipped)?;
            let size = self.cursor.take(1 << (flags & 3))?;
            let ordered = flags & 4 != 0;
            (little_endian(&size), Kind::New { ordered })
        } else if start[0] == 1 {
            // The number of users; the size; bytes up to a multiple of eight.
            self.cursor.skip(4)?;
            let size = little_endian(&self.cursor.array::<4>()?);
            self.cursor.skip(4)?;
            (size, Kind::Old)
        } else {
            return Err(FormatError::malformed("its root has no header"));
        };
        let mut blocks = vec![(self.cursor.position(), size)];
        let mut read = 0;
        while let Some((address, size)) = blocks.pop() {
            read += 1;
            if read > MOST {
                return Err(FormatError::malformed("its header has too many blocks"));
            }
            let bytes = self.block(address, size)?;
            let mut messages = Block(&bytes);
            if kind != Kind::Old && read > 1 {
                // A name before, and a checksum after.
                if messages.take(4)? != b"OCHK" {
                    return Err(FormatError::malformed("its header does not go on"));
                }
                messages.0 = messages
                    .0
                    .get(..messages.0.len().saturating_sub(4))
                    .unwrap_or(&[]);
            }
            self.messages(messages, kind, &mut blocks)?;
        }
        Ok(())
    }

    fn messages(
        &mut self,
        mut block: Block<'_>,
        kind: Kind,
        blocks: &mut Vec<(u64, u64)>,
    ) -> Result<(), FormatError> {
        let head = match kind {
            Kind::Old => 8,
            Kind::New { ordered } => 4 + if ordered { 2 } else { 0 },
        };
        // Less than a message's head is a gap.
        while block.0.len() >= head {
            let mut start = Block(block.take(head)?);
            let number = start.number(if kind == Kind::Old { 2 } else { 1 })? as u16;
            let size = start.number(2)? as usize;
            let flags = start.number(1)?;
            let mut data = Block(block.take(size)?);
            let is_shared = flags & 2 != 0;
            match number {
                CONTINUATION => {
                    let next = (data.number(self.offsets)?, data.number(self.lengths)?);
                    blocks.push(next);
                    if blocks.len() > MOST {
                        return Err(FormatError::malformed("its header has too many blocks"));
                    }
                }
                ATTRIBUTE if is_shared => self.are_all_read = false,
                ATTRIBUTE => self.attribute(data)?,
                ATTRIBUTE_INFO => {
                    let counted = data.take(2)?.get(1).is_some_and(|flags| flags & 1 != 0);
                    data.take(if counted { 2 } else { 0 })?;
                    let heap = data.number(self.offsets)?;
                    self.are_all_read &= is_undefined(heap, self.offsets);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn attribute(&mut self, mut data: Block<'_>) -> Result<(), FormatError> {
        let version = data.number(1)?;
        let flags = data.number(1)?;
        let sizes = [data.number(2)?, data.number(2)?, data.number(2)?].map(|it| it as usize);
        match version {
            1 | 2 => {}
            3 => drop(data.take(1)?),
            _ => {
                self.are_all_read = false;
                return Ok(());
            }
        }
        // In version 1 each part fills a multiple of eight bytes.
        let mut part = |size: usize| {
            data.take(if version == 1 {
                size.next_multiple_of(8)
            } else {
                size
            })
        };
        let [name, kind, space] = [part(sizes[0])?, part(sizes[1])?, part(sizes[2])?];
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).into();
        let content = if version > 1 && flags & 3 != 0 {
            Content::Other
        } else {
            self.content(kind, space, data)?
        };
        self.found.push((name, content));
        if self.found.len() > MOST {
            return Err(FormatError::TooLarge("it has more attributes"));
        }
        Ok(())
    }

    fn content(
        &self,
        kind: &[u8],
        space: &[u8],
        mut data: Block<'_>,
    ) -> Result<Content, FormatError> {
        let mut kind = Block(kind);
        let class = kind.number(1)? & 0xf;
        let of = kind.number(3)?;
        let size = kind.number(4)? as usize;
        if space.get(1) != Some(&DATASPACE_SCALAR) {
            return Ok(Content::Other);
        }
        Ok(match class {
            3 => {
                let text = data.take(size)?;
                let end = text.iter().rposition(|byte| !matches!(byte, 0 | b' '));
                Content::Text(
                    text.get(..end.map_or(0, |end| end + 1))
                        .unwrap_or(text)
                        .to_vec(),
                )
            }
            // Of any length, and a text.
            9 if of & 0xf == 1 => {
                let (length, heap) = (data.number(4)?, data.number(self.offsets)?);
                Content::InHeap(length, heap, data.number(4)?)
            }
            _ => Content::Other,
        })
    }

    /// An attribute that is a text: `None`, if there is none of that name, and `Some(None)`, if it is
    /// kept in a way that is not read.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<Option<Vec<u8>>>, FormatError> {
        let found = self.found.iter().find(|(it, _)| &**it == name);
        let (length, heap, number) = match found {
            None => return Ok(None),
            Some((_, Content::Text(text))) => return Ok(Some(Some(text.clone()))),
            Some((_, Content::Other)) => return Ok(Some(None)),
            Some((_, Content::InHeap(length, heap, number))) => (*length, *heap, *number),
        };
        if length > LONGEST {
            return Err(FormatError::TooLarge("its configuration is longer"));
        }
        self.cursor.seek(heap)?;
        if self.cursor.array::<4>()? != *b"GCOL" {
            return Err(FormatError::malformed("its heap is none"));
        }
        self.cursor.skip(4)?;
        let size = self.length()?;
        let end = heap.checked_add(size).ok_or(FormatError::Truncated)?;
        for _ in 0..MOST {
            if self.cursor.position() >= end {
                break;
            }
            let at = little_endian(&self.cursor.array::<2>()?);
            self.cursor.skip(6)?;
            let size = self.length()?;
            if at == number {
                if size < length {
                    return Err(FormatError::Truncated);
                }
                return Ok(Some(Some(self.cursor.take(length)?)));
            }
            if at == 0 {
                break;
            }
            let padded = size.checked_next_multiple_of(8);
            self.cursor.skip(padded.ok_or(FormatError::Truncated)?)?;
        }
        Err(FormatError::malformed("its heap has no such text"))
    }

    fn length(&mut self) -> Result<u64, FormatError> {
        Ok(little_endian(&self.cursor.take(self.lengths as u64)?))
    }
}

/// How the messages of a header are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Old,
    New { ordered: bool },
}
