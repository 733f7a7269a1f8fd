//! The files of a tar archive (POSIX.1-1988 ustar, and what came before it), which torch's oldest
//! format is.

use std::sync::Arc;

use crate::package::source::{Part, Source};

const BLOCK: u64 = 512;

/// Whether these bytes begin as an archive: Python's `tarfile` asks for the sum alone, whatever else
/// the file could be.
pub(super) fn is_header(head: &[u8]) -> bool {
    head.get(..BLOCK as usize).is_some_and(has_its_sum)
}

/// Whether a header has the sum of its own bytes, with blanks in place of the sum; some programs add
/// signed bytes.
fn has_its_sum(header: &[u8]) -> bool {
    let (mut unsigned, mut signed) = (0_u64, 0_i64);
    for (at, byte) in header.iter().enumerate() {
        let byte = if (148..156).contains(&at) {
            b' '
        } else {
            *byte
        };
        unsigned += u64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    let noted = octal(header.get(148..156).unwrap_or_default());
    noted.is_some_and(|noted| noted == unsigned || i64::try_from(noted) == Ok(signed))
}

/// Its files, one after the other. What cannot be read is the last item.
pub(super) struct Files<'a> {
    source: &'a Arc<dyn Source>,
    offset: u64,
    ended: bool,
}

impl<'a> Files<'a> {
    pub(super) fn new(source: &'a Arc<dyn Source>) -> Self {
        Self {
            source,
            offset: 0,
            ended: false,
        }
    }

    fn read(&mut self) -> Result<Option<Part>, &'static str> {
        loop {
            let mut header = [0; BLOCK as usize];
            let mut filled = 0;
            while filled < header.len() {
                let at = self.offset + filled as u64;
                match self
                    .source
                    .read_at(at, header.get_mut(filled..).unwrap_or_default())
                {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(_) => return Err("the tar archive cannot be read"),
                }
            }
            if filled == 0 || header.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            if !has_its_sum(&header) {
                return Err("what follows in the tar archive is no file of it");
            }
            let digits = header.get(124..136).unwrap_or_default();
            let size = octal(digits).ok_or("a size in the tar archive is no number")?;
            let start = self.offset + BLOCK;
            let end = start
                .checked_add(size)
                .filter(|end| *end <= self.source.size());
            let end = end.ok_or("the tar archive ends too early")?;
            self.offset = end.next_multiple_of(BLOCK);
            let name = header.get(..100).unwrap_or_default();
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            match header[156] {
                // What older programs write for a folder; of which the size does not count.
                0 if name.ends_with(b"/") && size == 0 => {}
                b'5' if size == 0 => {}
                0 | b'5' if header[156] != 0 || name.ends_with(b"/") => {
                    return Err("a folder in the tar archive has a size");
                }
                b'0' | 0 => return Ok(Some(Part::new(Arc::clone(self.source), start, size))),
                _ => return Err("the tar archive holds links or what is not read"),
            }
        }
    }
}

impl Iterator for Files<'_> {
    type Item = Result<Part, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

/// A number in octal digits, with blanks and zero bytes around it.
fn octal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    // What comes after the first zero byte does not count.
    let text = text.split('\0').next().unwrap_or_default().trim();
    u64::from_str_radix(text, 8).ok()
}
