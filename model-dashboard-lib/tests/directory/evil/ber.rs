//! As much of LDAP's encoding as an evil server needs (RFC 4511, X.690).

/// One request of a client.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) id: i64,
    pub(crate) operation: Operation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Bind,
    Search,
    StartTls,
    Unbind,
    Other,
}

impl Operation {
    /// The tag of the answer that ends it.
    pub(crate) fn answer(self) -> u8 {
        match self {
            Self::Bind => 0x61,
            Self::Search => 0x65,
            _ => 0x78,
        }
    }
}

/// The first message in the bytes, and how long it is; `None` while it is not whole.
pub(crate) fn request(bytes: &[u8]) -> Option<(Request, usize)> {
    let (content, whole) = split(bytes)?;
    let (id, used) = split(content)?;
    let id = id.iter().fold(0, |id, byte| id << 8 | i64::from(*byte));
    let operation = &content[used..];
    let operation = match operation.first() {
        Some(0x60) => Operation::Bind,
        Some(0x63) => Operation::Search,
        Some(0x42) => Operation::Unbind,
        Some(0x77) if contains(operation, b"1.3.6.1.4.1.1466.20037") => Operation::StartTls,
        _ => Operation::Other,
    };
    Some((Request { id, operation }, whole))
}

/// The content of the first element, and how long the element is.
fn split(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let first = usize::from(*bytes.get(1)?);
    let (start, length) = if first < 0x80 {
        (2, first)
    } else {
        let start = 2 + (first & 0x7f);
        let length = bytes.get(2..start)?.iter();
        (
            start,
            length.fold(0, |length, byte| length << 8 | usize::from(*byte)),
        )
    };
    let content = bytes.get(start..start + length)?;
    Some((content, start + length))
}

pub(crate) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// The tag and length of an element whose content has this length.
pub(crate) fn head(tag: u8, length: usize) -> Vec<u8> {
    let mut head = vec![tag];
    if length < 0x80 {
        head.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let bytes = &bytes[length.leading_zeros() as usize / 8..];
        head.push(0x80 | bytes.len() as u8);
        head.extend(bytes);
    }
    head
}

pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [head(tag, content.len()), content.to_vec()].concat()
}

pub(crate) fn integer(value: i64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    // The fewest bytes that keep the sign.
    let spare = (0..7).take_while(|at| bytes[*at] == 0 && bytes[at + 1] < 0x80);
    element(0x02, &bytes[spare.count()..])
}

pub(crate) fn text(value: &str) -> Vec<u8> {
    element(0x04, value.as_bytes())
}

pub(crate) fn message(id: i64, operation: &[u8]) -> Vec<u8> {
    element(0x30, &[&integer(id), operation].concat())
}

/// What ends an operation: a code, no DN, a text.
pub(crate) fn result(id: i64, tag: u8, code: u8, diagnostic: &str) -> Vec<u8> {
    result_with(id, tag, code, diagnostic, &[])
}

/// The same, and more after it: a referral, the name of an extended answer.
pub(crate) fn result_with(id: i64, tag: u8, code: u8, diagnostic: &str, more: &[u8]) -> Vec<u8> {
    let parts = [&element(0x0a, &[code]), &text(""), &text(diagnostic), more];
    message(id, &element(tag, &parts.concat()))
}

pub(crate) fn entry(id: i64, dn: &str, attributes: &[(&str, &str)]) -> Vec<u8> {
    let attribute = |(name, value): &(&str, &str)| {
        element(0x30, &[text(name), element(0x31, &text(value))].concat())
    };
    let attributes: Vec<_> = attributes.iter().flat_map(attribute).collect();
    let parts = [text(dn), element(0x30, &attributes)].concat();
    message(id, &element(0x64, &parts))
}

pub(crate) fn reference(id: i64, url: &str) -> Vec<u8> {
    message(id, &element(0x73, &text(url)))
}

/// So many sequences, each in the next.
pub(crate) fn nested(levels: usize) -> Vec<u8> {
    // Outermost last, so that each head is appended once.
    let mut backwards: Vec<u8> = Vec::new();
    for _ in 0..levels {
        let head = head(0x30, backwards.len());
        backwards.extend(head.iter().rev());
    }
    backwards.reverse();
    backwards
}
