//! Names that somebody typed, in the places that templates have for them.

use ldap3::asn1::{ASNTag as _, PL, StructureTag};
use ldap3::parse_filter;

use super::super::dn::Dn;
use super::super::template::{BindName, BindTemplate, FilterTemplate};

/// A name in a filter: ldap3 sends that name in each place, and else what the template says.
pub fn ldap_filter(data: &[u8]) {
    let Some(name) = typed(data) else { return };
    let template = "(&(objectClass=person)(|(uid={username})(!(cn=a {username} b*{username}))))";
    let template = FilterTemplate::parse(template).expect("a template");
    let sent = |name: &str| {
        parse_filter(template.fill(name))
            .expect("a filter")
            .into_structure()
    };
    let mut expected = sent("x");
    put(&mut expected, name);
    assert_eq!(sent(name), expected);
}

/// Puts the name where the letter is.
fn put(filter: &mut StructureTag, name: &str) {
    match &mut filter.payload {
        PL::C(inner) => inner.iter_mut().for_each(|tag| put(tag, name)),
        PL::P(value) => match &value[..] {
            b"x" => *value = name.into(),
            b"a x b" => *value = format!("a {name} b").into_bytes(),
            _ => (),
        },
    }
}

/// A name in a distinguished name, or in one of the two kinds of names of Active Directory: it ends
/// where its place ends.
pub fn ldap_dn(data: &[u8]) {
    let Some(name) = typed(data) else { return };
    let fill = |template: &str| {
        BindTemplate::parse(template)
            .expect("a template")
            .fill(name)
    };
    let bound = fill("uid={username}+cn=a {username}, ou=people,dc=example").expect("a name");
    assert!(matches!(bound, BindName::Dn(_)));
    let parts = parts(bound.as_str());
    let expected = [
        ("uid", name.as_bytes()),
        ("cn", format!("a {name}").as_bytes()),
        ("ou", b"people"),
        ("dc", b"example"),
    ]
    .map(|(kind, value)| (kind.to_owned(), value.to_owned()));
    assert_eq!(parts, expected);

    if let Some(bound) = fill("{username}@corp.example") {
        let name = bound
            .as_str()
            .strip_suffix("@corp.example")
            .expect("the domain");
        assert!(!name.is_empty() && !name.contains(['@', '\\']));
    }
    if let Some(bound) = fill("CORP\\{username}") {
        let account = bound.as_str().strip_prefix("CORP\\").expect("the domain");
        assert!(!account.is_empty() && !account.contains(['@', '\\']));
        assert!(name.ends_with(account));
    }
    // Any text may be in an entry where a name should be.
    if let Some(dn) = Dn::parse(name) {
        assert_eq!(Dn::parse(dn.as_str()), Some(dn));
    }
}

/// A name of a length that somebody may type.
fn typed(data: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(data).ok()?;
    (1..=1000).contains(&name.len()).then_some(name)
}

/// Types and values of a distinguished name, read by the letter of RFC 4514 section 3.
fn parts(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut parts = Vec::new();
    let mut bytes = text.bytes().peekable();
    while bytes.peek().is_some() {
        let kind: Vec<u8> = bytes.by_ref().take_while(|byte| *byte != b'=').collect();
        let kind = String::from_utf8(kind)
            .expect("a type")
            .trim_start()
            .to_owned();
        let mut value = Vec::new();
        while let Some(byte) = bytes.next() {
            match byte {
                b',' | b'+' => break,
                b'"' | b';' | b'<' | b'>' | 0 => panic!("{byte} is not escaped"),
                b'\\' => {
                    let next = bytes.next().expect("what is escaped");
                    if b" \"#+,;<=>\\".contains(&next) {
                        value.push(next);
                    } else {
                        let pair = [next, bytes.next().expect("a second digit")];
                        let mut byte = [0];
                        hex::decode_to_slice(pair, &mut byte).expect("two digits");
                        value.extend(byte);
                    }
                }
                // Blanks around a value and a leading # mean something else.
                b' ' | b'#' if value.is_empty() => panic!("{byte} is not escaped"),
                b' ' if matches!(bytes.peek(), None | Some(b',' | b'+')) => {
                    panic!("a blank at the end is not escaped")
                }
                other => value.push(other),
            }
        }
        parts.push((kind, value));
    }
    parts
}
