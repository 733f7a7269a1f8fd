//! BER, as far as LDAP uses it (RFC 4511, section 5.1), read where it lies: nothing is copied,
//! nothing is recursive.

/// How deep elements may lie in one another. LDAP's own grammar needs six levels.
pub(super) const MAX_DEPTH: usize = 32;

/// Bytes after the first one of a length.
const MAX_LENGTH_BYTES: usize = 4;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

const CONSTRUCTED: u8 = 0x20;
const NUMBER: u8 = 0x1f;

/// What is wrong with some bytes, whatever they were to mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("a tag number above 30, which LDAP has not")]
    LongTag,
    #[error("a length that is not given in advance")]
    IndefiniteLength,
    #[error("a length of {0} bytes, where {MAX_LENGTH_BYTES} are enough for anything")]
    LongLength(usize),
    #[error("an element that is longer than what it is in")]
    Overrun,
    #[error("more than {MAX_DEPTH} levels of elements in elements")]
    Deep,
}

/// What stands in front of the content of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Class, form and number, as they are written: one byte.
    pub(super) tag: u8,
    /// Bytes of the header itself.
    pub(super) len: usize,
    /// Bytes of content that it promises.
    pub(super) content: usize,
}

impl Header {
    /// The header that `bytes` begin with; `None` if there is more of it to come.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Fault> {
        let Some(&tag) = bytes.first() else {
            return Ok(None);
        };
        if number(tag) == NUMBER {
            return Err(Fault::LongTag);
        }
        let Some(&first) = bytes.get(1) else {
            return Ok(None);
        };
        if first < 0x80 {
            return Ok(Some(Self {
                tag,
                len: 2,
                content: first.into(),
            }));
        }
        let more = usize::from(first & 0x7f);
        if more == 0 {
            return Err(Fault::IndefiniteLength);
        }
        if more > MAX_LENGTH_BYTES {
            return Err(Fault::LongLength(more));
        }
        let Some(length) = bytes.get(2..2 + more) else {
            return Ok(None);
        };
        let content = length
            .iter()
            .fold(0_u32, |sum, &byte| (sum << 8) | u32::from(byte));
        let content = usize::try_from(content).map_err(|_| Fault::LongLength(more))?;
        Ok(Some(Self {
            tag,
            len: 2 + more,
            content,
        }))
    }

    /// Bytes of the whole element.
    pub(super) fn total(self) -> usize {
        self.content.saturating_add(self.len)
    }
}

/// Class and form left out.
pub(super) fn number(tag: u8) -> u8 {
    tag & NUMBER
}

/// One element of a sequence or set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
}

/// The elements that stand one behind the other in some bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    pub(super) fn of(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// Takes the next one; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>, Fault> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let header = Header::read(self.0)?.ok_or(Fault::Overrun)?;
        let (element, rest) = self
            .0
            .split_at_checked(header.total())
            .ok_or(Fault::Overrun)?;
        self.0 = rest;
        Ok(Some(Element {
            tag: header.tag,
            content: &element[header.len..],
        }))
    }

    /// Takes the next one if it has this tag.
    pub(super) fn next_if(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Fault> {
        if self.0.first() != Some(&tag) {
            return Ok(None);
        }
        Ok(self.next()?.map(|element| element.content))
    }
}

/// How many elements there are in `bytes`, at all levels, all of which must fill what they are in.
pub(super) fn count(bytes: &[u8]) -> Result<usize, Fault> {
    let mut outer = [0; MAX_DEPTH];
    let (mut depth, mut at, mut end, mut elements) = (0, 0, bytes.len(), 0);
    loop {
        while at == end {
            if depth == 0 {
                return Ok(elements);
            }
            depth -= 1;
            end = outer[depth];
        }
        let header = Header::read(&bytes[at..end])?.ok_or(Fault::Overrun)?;
        if header.total() > end - at {
            return Err(Fault::Overrun);
        }
        elements += 1;
        at += header.len;
        if header.tag & CONSTRUCTED == 0 {
            at += header.content;
        } else {
            *outer.get_mut(depth).ok_or(Fault::Deep)? = end;
            depth += 1;
            end = at + header.content;
        }
    }
}
