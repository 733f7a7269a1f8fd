//! What an evil server says: right answers to spoil, and wrong ones.

use super::ber::{
    Operation, Request, element, entry, head, integer, message, nested, result, text,
};
use crate::people::{REQUIRED_GROUP, dn_of};

/// An answer made for a request.
pub(crate) type Answer = fn(&Request) -> Vec<u8>;

const SUCCESS: u8 = 0;

/// Every bind succeeds, also one with an empty password, and every search finds `mkeller`.
pub(crate) fn good(request: &Request) -> Vec<u8> {
    match request.operation {
        Operation::Search => [person(request, "mkeller"), done(request)].concat(),
        _ => done(request),
    }
}

pub(crate) fn done(request: &Request) -> Vec<u8> {
    result(request.id, request.operation.answer(), SUCCESS, "")
}

/// An entry as `OpenLDAP` gives it, of a member of the required group.
pub(crate) fn person(request: &Request, uid: &str) -> Vec<u8> {
    let mail = format!("{uid}@example.org");
    let uuid = format!("6d1d7f5e-0000-4000-8000-{:0>12}", uid.len());
    let attributes = [
        ("objectClass", "inetOrgPerson"),
        ("uid", uid),
        ("cn", uid),
        ("displayName", uid),
        ("mail", &mail),
        ("entryUUID", &uuid),
        ("memberOf", REQUIRED_GROUP),
    ];
    entry(request.id, &dn_of(uid), &attributes)
}

pub(crate) fn deeply_nested(request: &Request) -> Vec<u8> {
    let inside = nested(100_000);
    message(request.id, &element(request.operation.answer(), &inside))
}

/// The head of one sound message whose text for people has this length, and is to follow.
pub(crate) fn huge_head(request: &Request, length: usize) -> Vec<u8> {
    let start = [element(0x0a, &[SUCCESS]), text(""), head(0x04, length)].concat();
    let operation = head(request.operation.answer(), start.len() + length);
    let content = [integer(request.id), operation, start].concat();
    [head(0x30, content.len() + length), content].concat()
}

/// Messages that are no messages, each by what is wrong with it.
pub(crate) const MALFORMED: [(&str, Answer); 20] = [
    ("an empty sequence", |_| vec![0x30, 0x00]),
    ("another protocol", |_| {
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()
    }),
    ("zeros", |_| vec![0; 64]),
    ("an indefinite length", |_| {
        vec![0x30, 0x80, 0x02, 0x01, 0x01, 0x00, 0x00]
    }),
    ("a length of 127 bytes", |_| {
        [vec![0x30], vec![0xff; 128]].concat()
    }),
    ("a length of 2^64 - 1", |_| {
        [vec![0x30, 0x88], vec![0xff; 8]].concat()
    }),
    ("a length of 2^63", |_| {
        [vec![0x30, 0x88, 0x80], vec![0; 7]].concat()
    }),
    ("a length of nine bytes", |_| {
        [vec![0x30, 0x89, 0x01], vec![0; 8]].concat()
    }),
    ("an inner length beyond the outer", |request| {
        element(
            0x30,
            &[integer(request.id), vec![0x61, 0x7f, 0x0a]].concat(),
        )
    }),
    ("a number without bytes", |request| {
        let bind = element(request.operation.answer(), &[]);
        element(0x30, &[vec![0x02, 0x00], bind].concat())
    }),
    ("a number of nine bytes", |request| {
        let operation = element(request.operation.answer(), &[0x0a, 0x01, 0x00]);
        element(0x30, &[element(0x02, &[0x7f; 9]), operation].concat())
    }),
    ("a negative number", |request| {
        result(-1, request.operation.answer(), SUCCESS, "")
    }),
    ("a text where the number belongs", |request| {
        let operation = element(request.operation.answer(), &[]);
        element(0x30, &[text("1"), operation].concat())
    }),
    ("no operation", |request| {
        element(0x30, &integer(request.id))
    }),
    ("no code", |request| {
        message(request.id, &element(request.operation.answer(), &[]))
    }),
    ("a code without bytes", |request| {
        let parts = [vec![0x0a, 0x00], text(""), text("")].concat();
        message(request.id, &element(request.operation.answer(), &parts))
    }),
    ("bytes that are no text", |request| {
        let parts = [
            element(0x0a, &[SUCCESS]),
            element(0x04, &[0xff, 0xfe]),
            element(0x04, &[0xc0]),
        ];
        message(
            request.id,
            &element(request.operation.answer(), &parts.concat()),
        )
    }),
    ("an entry that is a text", |request| {
        message(request.id, &element(0x44, b"entry"))
    }),
    ("attributes that are texts", |request| {
        let parts = [text("cn=x"), element(0x30, &text("cn"))].concat();
        [message(request.id, &element(0x64, &parts)), done(request)].concat()
    }),
    ("a tag without end", |_| {
        [vec![0x3f], vec![0xff; 64]].concat()
    }),
];
