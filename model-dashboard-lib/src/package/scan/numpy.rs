//! Arrays of numpy (`numpy/lib/format.py`): of numbers and texts, or of objects, which are a pickle
//! behind the header.

use std::io::BufRead;

use super::Scan;
use crate::package::pickle::{self, Verdict};

/// The longest header that is read, which numpy itself takes for too long above 10,000 bytes.
const HEADER: usize = 1 << 16;

/// What numpy would load of an array, which begins with its magic bytes.
pub(super) fn scan(mut stream: impl BufRead) -> Scan {
    let Some(header) = header(&mut stream) else {
        return Scan::because(Verdict::Unscannable, "the header of the array is cut off");
    };
    if is_plain(&header) {
        return Scan::default();
    }
    Scan::of(&pickle::walk(stream, &pickle::Limits::default()))
}

fn header(stream: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut start = [0; 12];
    stream.read_exact(&mut start[..10]).ok()?;
    // The length of the header has two bytes in version 1, and four in later ones.
    let mut length = usize::from(u16::from_le_bytes([start[8], start[9]]));
    if start[6] > 1 {
        stream.read_exact(&mut start[10..]).ok()?;
        length |= usize::from(u16::from_le_bytes([start[10], start[11]])) << 16;
    }
    if length > HEADER {
        return None;
    }
    let mut header = vec![0; length];
    stream.read_exact(&mut header).ok()?;
    Some(header)
}

/// Whether a header is what numpy writes for numbers and texts, to the letter: it is read as a
/// literal of Python, in which the same type can be written in many ways.
fn is_plain(header: &[u8]) -> bool {
    let plain = || {
        let rest = header.strip_prefix(b"{'descr': '")?;
        let end = rest.iter().position(|byte| *byte == b'\'')?;
        let (code, rest) = rest.split_at(end);
        let code = match code {
            [b'<' | b'>' | b'|' | b'=', code @ ..] => code,
            code => code,
        };
        let (kind, size) = code.split_first()?;
        let rest = rest.strip_prefix(b"', 'fortran_order': ")?;
        let rest = rest
            .strip_prefix(b"True")
            .or_else(|| rest.strip_prefix(b"False"))?;
        let rest = rest.strip_prefix(b", 'shape': (")?;
        let end = rest.iter().position(|byte| *byte == b')')?;
        let (shape, rest) = rest.split_at(end);
        let rest = rest
            .strip_prefix(b"), }")
            .or_else(|| rest.strip_prefix(b")}"))?;
        let is_plain = b"?biufcSU".contains(kind)
            && size.iter().all(u8::is_ascii_digit)
            && shape
                .iter()
                .all(|byte| byte.is_ascii_digit() || b", L".contains(byte))
            && rest.iter().all(|byte| b" \n".contains(byte));
        Some(is_plain)
    };
    plain() == Some(true)
}
