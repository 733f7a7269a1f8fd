//! What is tried with bytes by chance: by the fuzzer, and in tests with what it found.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use std::panic::resume_unwind;

use bytes::Bytes;
use ldap3::asn1::{PL, Tag, parse_tag, parse_uint};
use ldap3::{
    LdapConnAsync, LdapConnSettings, LdapResult, ResultEntry, Scope, SearchEntry, StdStream,
    parse_refs,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::frames::Frames;
use super::guard::{Guard, Refused};
use super::relay::Relay;
use super::response::{Answer, Outcome, Response};

mod names;
#[cfg(test)]
mod tests;

pub use names::{ldap_dn, ldap_filter};

const PIECE: usize = 1024;

/// A bind (1), a search (2) and an extended request (3), of which the guard looks at no more.
const REQUESTS: [&[u8]; 3] = [
    b"\x30\x05\x02\x01\x01\x60\x00",
    b"\x30\x05\x02\x01\x02\x63\x00",
    b"\x30\x05\x02\x01\x03\x77\x00",
];

/// A server's bytes, in pieces of as many bytes as the first one says. What passes the guard is read
/// by lber and ldap3, which must find in it what the guard found; and pieces make no difference.
pub fn ber_guard(data: &[u8]) {
    let Some((&piece, bytes)) = data.split_first() else {
        return;
    };
    let whole = passed(bytes, bytes.len().max(1));
    assert_eq!(passed(bytes, usize::from(piece).max(1)), whole);
    for message in &whole.0 {
        read(message);
    }
}

/// What passes the guard, and what it refuses in the end.
pub(super) fn passed(bytes: &[u8], piece: usize) -> (Vec<Bytes>, Result<(), Refused>) {
    let mut guard = Guard::default();
    for request in REQUESTS {
        guard.asked(request).expect("requests of a sign-in");
    }
    let mut passed = Vec::new();
    for piece in bytes.chunks(piece) {
        guard.feed(piece);
        loop {
            match guard.next() {
                Ok(Some(message)) => passed.push(message),
                Ok(None) => break,
                Err(refused) => return (passed, Err(refused)),
            }
        }
    }
    (passed, guard.closed())
}

/// Reads a message in the way of ldap3.
fn read(message: &[u8]) {
    let response = Response::parse(message).expect("what passed");
    let (rest, tag) = parse_tag(message).expect("what lber can read");
    assert!(rest.is_empty());
    let PL::C(parts) = tag.payload else {
        panic!("a primitive message")
    };
    let [id, operation, ..] = &parts[..] else {
        panic!("a message without its parts")
    };
    let PL::P(id) = &id.payload else {
        panic!("a constructed id")
    };
    assert_eq!(parse_uint(id).expect("a number").1, u64::from(response.id));
    let operation = operation.clone();
    match response.answer {
        Answer::Bind(Outcome { code, text })
        | Answer::Done(Outcome { code, text })
        | Answer::Extended {
            outcome: Outcome { code, text },
            ..
        } => {
            let result = LdapResult::from(Tag::StructureTag(operation));
            assert_eq!((result.rc, &*result.text), (code, text));
        }
        Answer::Entry => drop(SearchEntry::construct(ResultEntry::new(operation))),
        Answer::Reference => drop(parse_refs(operation)),
    }
}

/// A server's answers to a bind and to a search, read by the real ldap3 behind a relay. The first
/// byte says how many bytes the first answer has.
pub fn ldap_relay(data: &[u8]) {
    let Some((&length, bytes)) = data.split_first() else {
        return;
    };
    let (bind, search) = bytes.split_at(usize::from(length).min(bytes.len()));
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(sign_in(bind.to_vec(), search.to_vec())));
}

/// A sign-in with a server that answers so and then closes. It may fail, but nothing may panic.
/// Returns the entries that were found.
pub(super) async fn sign_in(bind: Vec<u8>, search: Vec<u8>) -> Option<usize> {
    let (stream, server) = tokio::io::duplex(PIECE);
    let (relay, far) = Relay::start(stream).expect("a pair of sockets");
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(far));
    let (connection, ldap) = LdapConnAsync::with_settings(settings, "ldapi://directory")
        .await
        .expect("a socket");
    let tasks = [
        tokio::spawn(async move {
            connection.drive().await.ok();
            None
        }),
        tokio::spawn(async move {
            serve(server, [bind, search]).await;
            None
        }),
        tokio::spawn(person(ldap)),
    ];
    let mut found = None;
    for task in tasks {
        match task.await {
            Ok(entries) => found = entries,
            Err(error) => resume_unwind(error.into_panic()),
        }
    }
    assert!(relay.ended().is_some());
    found
}

async fn person(mut ldap: ldap3::Ldap) -> Option<usize> {
    ldap.simple_bind("cn=reader", "secret").await.ok()?;
    let attributes = vec!["*"];
    let found = ldap
        .search("", Scope::Subtree, "(objectClass=*)", attributes)
        .await
        .ok()?;
    let entries = found.0.into_iter().map(SearchEntry::construct).count();
    Some(entries)
}

/// Answers each request, but does not wait for a second one where the first answer is not whole.
async fn serve(mut stream: DuplexStream, answers: [Vec<u8>; 2]) {
    let mut frames = Frames::default();
    let mut piece = [0; PIECE];
    for answer in answers {
        while !matches!(frames.next(), Ok(Some(_))) {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(length) => frames.feed(&piece[..length]),
            }
        }
        if stream.write_all(&answer).await.is_err() || passed(&answer, PIECE).0.is_empty() {
            return;
        }
    }
}
