//! The files of a tar archive (POSIX.1-1988 ustar), which torch's oldest format is.

use std::sync::Arc;

use crate::package::source::{Part, Source};

const BLOCK: u64 = 512;

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
            let digits = header.get(124..136).unwrap_or_default();
            let size = octal(digits).ok_or("a size in the tar archive is no number")?;
            let start = self.offset + BLOCK;
            let end = start
                .checked_add(size)
                .filter(|end| *end <= self.source.size());
            let end = end.ok_or("the tar archive ends too early")?;
            self.offset = end.next_multiple_of(BLOCK);
            match header[156] {
                b'0' | 0 => return Ok(Some(Part::new(Arc::clone(self.source), start, size))),
                // A folder.
                b'5' => {}
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
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}
