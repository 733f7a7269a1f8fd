#![allow(clippy::unwrap_used)]

use super::super::ber::Fault;
use super::super::frames::MAX_MESSAGE;
use super::super::samples::{
    attribute, bind, bound, done, element, entry, extend, extended, integer, message, octets,
    outcome, search, sequence, wide,
};
use super::*;

/// A guard with a bind (1), a search (2) and an extended request (3) open.
fn guard() -> Guard {
    let mut guard = Guard::default();
    for request in [bind(1), search(2), extend(3)] {
        guard.asked(&request).unwrap();
    }
    guard
}

/// What a guard says to one answer.
fn heard(bytes: &[u8]) -> Result<Option<Bytes>, Refused> {
    let mut guard = guard();
    guard.feed(bytes);
    guard.next()
}

#[track_caller]
fn passes(bytes: &[u8]) {
    assert_eq!(heard(bytes), Ok(Some(Bytes::copy_from_slice(bytes))));
}

#[track_caller]
fn refused(bytes: &[u8], text: &str) {
    assert_eq!(heard(bytes).unwrap_err().to_string(), text);
}

#[track_caller]
fn ungrammatical(bytes: &[u8], why: &str) {
    refused(
        bytes,
        &format!("the server sent a message that is not LDAP: {why}"),
    );
}

fn ann() -> Vec<u8> {
    let attributes = [
        attribute("uid", &[b"ann"]),
        attribute("objectGUID", &[b"\xff\x00"]),
    ];
    entry(2, "uid=ann,dc=example", &attributes)
}

fn with_control(operation: &[u8], control: &[Vec<u8>]) -> Vec<u8> {
    let controls = element(0xa0, &sequence(control));
    sequence(&[integer(2), operation.to_vec(), controls])
}

fn done_with(control: &[Vec<u8>]) -> Vec<u8> {
    with_control(&element(0x65, &outcome(0, "")), control)
}

#[test]
fn answers_of_each_kind_pass_as_they_are() {
    passes(&bound(
        1,
        49,
        "80090308: LdapErr: DSID-0C09044E, data 52e, v2580\0",
    ));
    passes(&ann());
    passes(&message(
        2,
        &element(0x73, &octets("ldap://other/dc=example")),
    ));
    passes(&done(2));
    passes(&extended(3, 0, ""));
    let values = [octets("1.2.3"), element(0x01, &[0xff]), octets(b"\xff")];
    passes(&done_with(&values));
    passes(&done_with(&values[..1]));
    passes(&done_with(&[octets("1.2.3"), octets(b"\xff")]));
    let page = sequence(&[integer(0), octets("there")]);
    passes(&done_with(&[
        octets("1.2.840.113556.1.4.319"),
        octets(page),
    ]));
}

#[test]
fn all_parts_of_results_pass() {
    let referral = element(0xa3, &octets("ldap://other/"));
    let sasl = [outcome(14, ""), referral.clone(), element(0x87, b"\xff")].concat();
    passes(&message(1, &element(0x61, &sasl)));
    let named = [
        outcome(0, ""),
        referral,
        element(0x8a, b"1.2.3"),
        element(0x8b, b"\xff"),
    ]
    .concat();
    passes(&message(3, &element(0x78, &named)));
    let newer = [outcome(0, ""), element(0xbe, &octets("later"))].concat();
    passes(&message(1, &element(0x61, &newer)));
}

#[test]
fn lengths_of_four_bytes_and_zeros_before_numbers_pass() {
    let parts = [wide(0x02, &[0, 0, 0, 1]), wide(0x61, &outcome(0, ""))].concat();
    passes(&wide(0x30, &parts));
}

#[test]
fn pieces_make_no_difference() {
    let stream = [bound(1, 0, ""), ann(), done(2)].concat();
    let mut guard = guard();
    let mut passed = Vec::new();
    for byte in &stream {
        guard.feed(&[*byte]);
        while let Some(message) = guard.next().unwrap() {
            passed.extend(message);
        }
    }
    assert_eq!(passed, stream);
    assert_eq!(guard.closed(), Ok(()));
}

#[test]
fn what_is_not_all_here_waits() {
    let all = ann();
    let mut guard = guard();
    guard.feed(&all[..all.len() - 1]);
    assert_eq!(guard.next(), Ok(None));
    assert_eq!(guard.closed(), Err(Refused::Cut));
    assert_eq!(guard.next(), Err(Refused::Cut));
}

#[test]
fn other_protocols_are_refused_at_their_first_byte() {
    refused(
        b"H",
        "the server does not speak LDAP: it begins with 0x48, as no message does",
    );
    refused(
        b"\x15",
        "the server does not speak LDAP: it begins with 0x15, as no message does",
    );
}

#[test]
fn claims_are_refused_before_they_are_met() {
    let claim = |length: u32| [&[0x30, 0x84], &length.to_be_bytes()[..]].concat();
    refused(
        &claim(100_000_000),
        "the server does not speak LDAP: a message of 100000006 bytes: at most 1048576 are taken",
    );
    assert!(heard(&claim(u32::MAX)).is_err());
    assert_eq!(heard(&claim(MAX_MESSAGE as u32 - 6)), Ok(None));
    assert!(heard(&claim(MAX_MESSAGE as u32 - 5)).is_err());
    let why =
        "the server does not speak LDAP: a length of 5 bytes, where 4 are enough for anything";
    refused(&[0x30, 0x85], why);
    refused(
        &[0x30, 0x80],
        "the server does not speak LDAP: a length that is not given in advance",
    );
}

#[test]
fn nesting_ends_at_32_levels() {
    let nested = |levels: usize| {
        let inner = (0..levels).fold(Vec::new(), |inner, _| element(0x30, &inner));
        message(1, &element(0x61, &[outcome(0, ""), inner].concat()))
    };
    // The message and the operation are two.
    passes(&nested(30));
    ungrammatical(&nested(31), "more than 32 levels of elements in elements");
}

#[test]
fn a_hundred_thousand_levels_are_refused() {
    // Each level of five bytes, so that the lengths of all can be given.
    let mut bytes = Vec::new();
    for level in (0..100_000_u32).rev() {
        bytes.extend([0x30, 0x83]);
        bytes.extend(&(level * 5).to_be_bytes()[1..]);
    }
    assert!(bytes.len() < MAX_MESSAGE);
    ungrammatical(&bytes, "more than 32 levels of elements in elements");
}

#[test]
fn broken_elements_are_refused() {
    let inside = |bytes: &[u8]| element(0x30, &[&integer(1)[..], bytes].concat());
    for (bytes, fault) in [
        (&[0x61, 0x80][..], Fault::IndefiniteLength),
        (&[0x61, 0x85, 0, 0, 0, 0, 0], Fault::LongLength(5)),
        (&[0x61, 0xff], Fault::LongLength(127)),
        (&[0x61, 0x01], Fault::Overrun),
        (&[0x61], Fault::Overrun),
        (&[0x61, 0x82, 0x01], Fault::Overrun),
        (&[0x61, 0x84, 0xff, 0xff, 0xff, 0xff], Fault::Overrun),
        (&[0x7f, 0x01, 0x00], Fault::LongTag),
        (&[0x61, 0x02, 0x0a, 0x01], Fault::Overrun),
    ] {
        assert_eq!(
            heard(&inside(bytes)),
            Err(Ungrammatical::Ber(fault).into()),
            "{bytes:x?}"
        );
    }
}

#[test]
fn messages_without_their_parts_are_refused() {
    ungrammatical(&[0x30, 0], "there is no message id");
    ungrammatical(&sequence(&[integer(1)]), "there is no operation");
    ungrammatical(
        &sequence(&[element(0x61, &[])]),
        "0x61 stands in place of the message id",
    );
    let extra = sequence(&[integer(1), element(0x61, &outcome(0, "")), octets("")]);
    ungrammatical(
        &extra,
        "something follows the operation that belongs to nothing",
    );
    let misplaced = [
        integer(1),
        element(0x61, &outcome(0, "")),
        element(0x8a, b"1.2"),
    ];
    ungrammatical(
        &sequence(&misplaced),
        "something follows the operation that belongs to nothing",
    );
}

#[test]
fn ids_and_codes_out_of_range_are_refused() {
    for id in [
        &[][..],
        &[0x80],
        &[0xff, 0xff],
        &[0, 0x80, 0, 0, 1],
        &[0; 9],
    ] {
        let bytes = sequence(&[element(0x02, id), element(0x61, &outcome(0, ""))]);
        ungrammatical(&bytes, "the message id is out of range");
        let parts = [element(0x0a, id), octets(""), octets("")].concat();
        ungrammatical(
            &message(1, &element(0x61, &parts)),
            "the result code is out of range",
        );
    }
}

#[test]
fn results_without_their_parts_are_refused() {
    let parts = [element(0x0a, &[0]), octets(""), octets("")];
    for missing in 0..3 {
        for (id, tag) in [(1, 0x61), (2, 0x65), (3, 0x78)] {
            let short = message(id, &element(tag, &parts[..missing].concat()));
            assert!(matches!(
                heard(&short),
                Err(Refused::Ungrammatical(Ungrammatical::Missing(_)))
            ));
        }
    }
    let integers = [integer(0), octets(""), octets("")].concat();
    ungrammatical(
        &message(1, &element(0x61, &integers)),
        "0x02 stands in place of the result code",
    );
    let constructed = [element(0x0a, &[0]), element(0x24, &octets("")), octets("")].concat();
    ungrammatical(
        &message(1, &element(0x61, &constructed)),
        "0x24 stands in place of the matched DN",
    );
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let result = |parts: &[Vec<u8>]| message(1, &element(0x61, &parts.concat()));
    let code = element(0x0a, &[0]);
    ungrammatical(
        &result(&[code.clone(), octets(b"\xff"), octets("")]),
        "the matched DN is not UTF-8",
    );
    ungrammatical(
        &result(&[code.clone(), octets(""), octets(b"\xff")]),
        "the diagnostic message is not UTF-8",
    );
    let address = element(0xa3, &octets(b"\xff"));
    ungrammatical(
        &result(&[code, octets(""), octets(""), address]),
        "the address to ask instead is not UTF-8",
    );
    let dn = element(0x64, &[octets(b"\xff"), sequence(&[])].concat());
    ungrammatical(&message(2, &dn), "the DN of the entry is not UTF-8");
    let name = sequence(&[sequence(&[octets(b"\xff"), element(0x31, &[])])]);
    let entry = element(0x64, &[octets(""), name].concat());
    ungrammatical(&message(2, &entry), "the name of an attribute is not UTF-8");
    let name = [outcome(0, ""), element(0x8a, b"\xff")].concat();
    ungrammatical(
        &message(3, &element(0x78, &name)),
        "the name of the response is not UTF-8",
    );
    ungrammatical(
        &done_with(&[octets(b"\xff")]),
        "the name of a control is not UTF-8",
    );
}

#[test]
fn parts_that_ldap3_would_take_for_others_are_refused() {
    for tag in [0x03, 0xa7, 0x87, 0xaa, 0x8a, 0x2b, 0x8b, 0x4a, 0x83] {
        let parts = [outcome(0, ""), element(tag, &[])].concat();
        let why = format!("{tag:#04x} stands in place of the end of the result");
        ungrammatical(&message(2, &element(0x65, &parts)), &why);
    }
}

#[test]
fn misshapen_entries_are_refused() {
    let entry = |parts: &[Vec<u8>]| message(2, &element(0x64, &parts.concat()));
    let dn = octets("uid=ann");
    ungrammatical(&entry(&[]), "there is no DN of the entry");
    ungrammatical(&entry(std::slice::from_ref(&dn)), "there is no attributes");
    ungrammatical(
        &entry(&[dn.clone(), octets("")]),
        "0x04 stands in place of the attributes",
    );
    let with = |attribute: Vec<u8>| entry(&[dn.clone(), sequence(&[attribute])]);
    ungrammatical(
        &with(octets("uid")),
        "0x04 stands in place of the attribute",
    );
    ungrammatical(&with(sequence(&[])), "there is no name of an attribute");
    ungrammatical(
        &with(sequence(&[octets("uid")])),
        "there is no values of an attribute",
    );
    ungrammatical(
        &with(sequence(&[octets("uid"), octets("ann")])),
        "0x04 stands in place of the values of an attribute",
    );
    ungrammatical(
        &with(sequence(&[octets("uid"), element(0x31, &sequence(&[]))])),
        "0x30 stands in place of the value",
    );
    assert!(heard(&entry(&[dn, sequence(&[]), octets("")])).is_err());
}

#[test]
fn misshapen_controls_are_refused() {
    let operation = element(0x65, &outcome(0, ""));
    for controls in [
        element(0xa0, &octets("1.2.3")),
        element(0xa0, &sequence(&[])),
        element(0x80, &sequence(&[octets("1.2.3")])),
    ] {
        let bytes = sequence(&[integer(2), operation.clone(), controls]);
        assert!(heard(&bytes).is_err());
    }
    let oid = octets("1.2.3");
    for rest in [
        vec![element(0x01, &[])],
        vec![element(0x01, &[0, 0])],
        vec![element(0x21, &[])],
        vec![integer(1)],
        vec![element(0x01, &[0]), element(0x24, &[])],
        vec![octets(""), octets("")],
        vec![octets(""), element(0x01, &[0])],
    ] {
        assert!(heard(&done_with(&[vec![oid.clone()], rest].concat())).is_err());
    }
}

#[test]
fn values_of_controls_that_ldap3_would_read_are_read_before_or_refused() {
    let pages = octets("1.2.840.113556.1.4.319");
    assert!(heard(&done_with(std::slice::from_ref(&pages))).is_err());
    for value in [
        &[][..],
        b"\x30\x80",
        &sequence(&[]),
        &sequence(&[integer(0)]),
    ] {
        assert!(heard(&done_with(&[pages.clone(), octets(value)])).is_err());
    }
    for oid in [
        "1.3.6.1.1.13.1",
        "1.3.6.1.1.13.2",
        "1.3.6.1.4.1.4203.1.9.1.2",
    ] {
        let why = format!("the control {oid}, which was not asked for");
        ungrammatical(&done_with(&[octets(oid), octets("")]), &why);
    }
}

#[test]
fn requests_and_intermediate_responses_are_refused() {
    for tag in [
        0x60, 0x42, 0x63, 0x77, 0x50, 0x67, 0x79, 0x04, 0x44, 0x41, 0x21, 0xa1,
    ] {
        let why = format!("{tag:#04x} is no answer to anything that is asked here");
        ungrammatical(&message(2, &element(tag, &outcome(0, ""))), &why);
    }
}

#[test]
fn answers_to_nothing_are_refused() {
    refused(
        &bound(4, 0, ""),
        "the server answered request 4, which is not open",
    );
    refused(
        &bound(0, 0, ""),
        "the server answered request 0, which is not open",
    );
    let mut guard = guard();
    guard.feed(&[done(2), done(2)].concat());
    assert_eq!(guard.next(), Ok(Some(done(2).into())));
    assert_eq!(guard.next(), Err(Refused::Unasked(2)));
}

#[test]
fn answers_of_another_kind_are_refused() {
    for bytes in [bound(2, 0, ""), extended(2, 0, "")] {
        assert_eq!(heard(&bytes), Err(Refused::OtherKind(2)));
    }
    assert_eq!(heard(&entry(1, "", &[])), Err(Refused::OtherKind(1)));
    assert_eq!(heard(&done(3)), Err(Refused::OtherKind(3)));
}

#[test]
fn parting_words_are_heard_and_other_notices_passed_over() {
    let name = element(0x8a, NOTICE_OF_DISCONNECTION.as_bytes());
    let result = outcome(52, "going down");
    let right = message(0, &element(0x78, &[result.clone(), name.clone()].concat()));
    let active_directory = sequence(&[integer(0), element(0x78, &result), name]);
    for bytes in [right, active_directory] {
        refused(
            &bytes,
            "the server ended the connection with code 52: \"going down\"",
        );
    }
    let notice = message(
        0,
        &element(0x78, &[result, element(0x8a, b"1.2.3")].concat()),
    );
    let mut guard = guard();
    guard.feed(&[notice, done(2)].concat());
    assert_eq!(guard.next(), Ok(Some(done(2).into())));
}

#[test]
fn what_was_refused_stays_refused() {
    let mut guard = guard();
    guard.feed(b"H");
    let why = guard.next().unwrap_err();
    guard.feed(&done(2));
    assert_eq!(guard.next(), Err(why.clone()));
    assert_eq!(guard.closed(), Err(why));
}

#[test]
fn a_connection_brings_so_many_messages() {
    let mut guard = guard();
    for _ in 0..MAX_MESSAGES {
        guard.feed(&entry(2, "", &[]));
        assert!(guard.next().unwrap().is_some());
    }
    guard.feed(&entry(2, "", &[]));
    assert_eq!(guard.next(), Err(Refused::Messages));
}

#[test]
fn a_connection_brings_so_many_bytes() {
    let long = entry(2, "", &[attribute("photo", &[&vec![0; MAX_MESSAGE - 100]])]);
    let mut guard = guard();
    for _ in 0..MAX_BYTES / long.len() {
        guard.feed(&long);
        assert!(guard.next().unwrap().is_some());
    }
    guard.feed(&long);
    assert_eq!(guard.next(), Err(Refused::Bytes));
}

#[test]
fn a_connection_brings_so_many_elements() {
    let many = entry(
        2,
        "",
        &[element(
            0x30,
            &[octets("x"), element(0x31, &octets("").repeat(100_000))].concat(),
        )],
    );
    let mut guard = guard();
    for _ in 0..2 {
        guard.feed(&many);
        assert!(guard.next().unwrap().is_some());
    }
    guard.feed(&many);
    assert_eq!(guard.next(), Err(Refused::Elements));
}

#[test]
fn what_nobody_reads_takes_no_more_room_than_a_connection_may() {
    let mut guard = guard();
    for _ in 0..100 {
        guard.feed(&vec![0x30; MAX_MESSAGE]);
    }
    assert!(guard.waiting() <= MAX_BYTES);
    assert_eq!(guard.next(), Err(Refused::Bytes));
}

#[test]
fn only_requests_of_a_sign_in_are_sent() {
    let mut guard = Guard::default();
    for request in [message(4, &[0x42, 0]), message(5, &element(0x50, &[1]))] {
        assert_eq!(guard.asked(&request), Ok(()));
    }
    for request in [
        message(4, &element(0x66, &[])),
        message(4, &[]),
        vec![],
        b"GET".to_vec(),
    ] {
        assert_eq!(guard.asked(&request), Err(Refused::Request));
    }
    guard.feed(&done(4));
    assert_eq!(guard.next(), Err(Refused::Unasked(4)));
}
