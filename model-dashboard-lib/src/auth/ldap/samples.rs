//! Messages as directories write them, put together by hand.

/// One element with a short header.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..0x80 => bytes.push(length as u8),
        0x80..0x100 => bytes.extend([0x81, length as u8]),
        0x100..0x1_0000 => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
        _ => return wide(tag, content),
    }
    bytes.extend(content);
    bytes
}

/// One element with a length of four bytes, as Active Directory writes them.
pub(super) fn wide(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    [&[tag, 0x84], &length[..], content].concat()
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

pub(super) fn octets(content: impl AsRef<[u8]>) -> Vec<u8> {
    element(0x04, content.as_ref())
}

pub(super) fn integer(value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let zeros = bytes.iter().take(3).take_while(|byte| **byte == 0).count();
    let start = if bytes[zeros] < 0x80 {
        zeros
    } else {
        zeros - 1
    };
    element(0x02, &bytes[start..])
}

/// A whole message around an operation.
pub(super) fn message(id: u32, operation: &[u8]) -> Vec<u8> {
    sequence(&[integer(id), operation.to_vec()])
}

/// The three parts that every result has.
pub(super) fn outcome(code: u8, text: &str) -> Vec<u8> {
    [element(0x0a, &[code]), octets(""), octets(text)].concat()
}

pub(super) fn bound(id: u32, code: u8, text: &str) -> Vec<u8> {
    message(id, &element(0x61, &outcome(code, text)))
}

pub(super) fn done(id: u32) -> Vec<u8> {
    message(id, &element(0x65, &outcome(0, "")))
}

pub(super) fn extended(id: u32, code: u8, text: &str) -> Vec<u8> {
    message(id, &element(0x78, &outcome(code, text)))
}

pub(super) fn attribute(name: &str, values: &[&[u8]]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(octets).collect();
    sequence(&[octets(name), element(0x31, &values)])
}

pub(super) fn entry(id: u32, dn: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    message(
        id,
        &element(0x64, &[octets(dn), sequence(attributes)].concat()),
    )
}

/// Requests as ldap3 writes them, as far as the guard looks at them.
pub(super) fn bind(id: u32) -> Vec<u8> {
    let parts = [integer(3), octets("cn=reader"), element(0x80, b"secret")].concat();
    message(id, &element(0x60, &parts))
}

pub(super) fn search(id: u32) -> Vec<u8> {
    message(id, &element(0x63, &octets("dc=example")))
}

pub(super) fn extend(id: u32) -> Vec<u8> {
    message(
        id,
        &element(0x77, &element(0x80, b"1.3.6.1.4.1.4203.1.11.3")),
    )
}
