//! Entries of every kind.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::auth::Refusal;

fn entry(values: &[(&str, &[u8])]) -> SearchEntry {
    let mut entry = SearchEntry {
        dn: "cn=x,dc=example".to_owned(),
        attrs: HashMap::new(),
        bin_attrs: HashMap::new(),
    };
    for (name, value) in values {
        let all = entry.bin_attrs.entry((*name).to_owned()).or_default();
        all.push(value.to_vec());
    }
    entry
}

fn attributes(id: Option<&str>) -> Attributes {
    Attributes {
        id: id.map(str::to_owned),
        username: None,
        name: None,
        mail: "mail".to_owned(),
        groups: "memberOf".to_owned(),
        typed: Vec::new(),
    }
}

fn read(values: &[(&str, &[u8])]) -> Result<Person, NoPerson> {
    Person::read(entry(values), &attributes(None), Timestamp::now())
}

const GUID: [u8; 16] = [
    0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 8, 9, 10, 11, 12, 13, 14, 15,
];

#[test]
fn a_guid_is_written_as_windows_writes_it_and_searched_as_it_is_stored() {
    let person = read(&[("objectGUID", &GUID)]).unwrap();
    assert_eq!(person.id, "00112233-4455-6677-0809-0a0b0c0d0e0f");
    let filter = attributes(None).filter_of_id(&person.id);
    let stored = "(objectGUID=\\33\\22\\11\\00\\55\\44\\77\\66\\08";
    assert!(filter.contains(stored), "{filter}");
    let filter = attributes(Some("employeeNumber")).filter_of_id("*)(uid=*");
    assert_eq!(filter, "(|(employeeNumber=\\2a\\29\\28uid=\\2a))");
}

#[test]
fn who_has_no_lasting_id_or_several_cannot_be_known_again() {
    assert_eq!(read(&[("uid", b"anna")]).unwrap_err(), NoPerson::NoId);
    let twice = read(&[("entryUUID", b"a"), ("entryUUID", b"b")]);
    assert_eq!(twice.unwrap_err(), NoPerson::NoId);
    let own = attributes(Some("employeeNumber"));
    let none = Person::read(entry(&[("entryUUID", b"a")]), &own, Timestamp::now());
    assert_eq!(
        none.unwrap_err(),
        NoPerson::NoSuchId("employeeNumber".to_owned())
    );
}

#[test]
fn attributes_are_found_without_case_and_options() {
    let person = read(&[
        ("ENTRYUUID", b"1"),
        ("displayname;lang-de", "J\u{f6}rg\n".as_bytes()),
        ("memberOf;range=0-1499", b"cn=a,dc=x"),
        ("mail", b"\xff"),
    ]);
    let person = person.unwrap();
    assert_eq!(person.display_name.as_deref(), Some("J\u{f6}rg"));
    assert_eq!(person.groups, ["cn=a,dc=x"]);
    assert_eq!(person.email, None);
}

#[test]
fn who_has_no_username_has_another_name_to_sign_in_with() {
    let by = |typed: &[&str], values: &[(&str, &[u8])]| {
        let attributes = Attributes {
            typed: typed.iter().map(|name| (*name).to_owned()).collect(),
            ..attributes(None)
        };
        let id = ("entryUUID", &b"1"[..]);
        let all: Vec<_> = values.iter().copied().chain([id]).collect();
        let person = Person::read(entry(&all), &attributes, Timestamp::now()).unwrap();
        assert_eq!(person.username, None);
        person.other_name.map(|name| name.to_string())
    };
    let (cn, mail) = (("cn", &b"Nora Nolte"[..]), ("mail", &b"nora@x.org"[..]));
    let principal = ("userPrincipalName", &b"nora@corp"[..]);
    let all = [cn, mail, principal];
    assert_eq!(by(&["uid", "cn"], &all).as_deref(), Some("Nora Nolte"));
    assert_eq!(by(&["uid"], &all).as_deref(), Some("nora@x.org"));
    assert_eq!(by(&[], &[cn, principal]).as_deref(), Some("nora@corp"));
    // Longer than a username may be.
    let long = [b'n'; 200];
    let too_long = [("mail", &long[..]), principal];
    assert_eq!(by(&[], &too_long).as_deref(), Some("nora@corp"));
    assert_eq!(by(&[], &[cn]), None);
}

#[test]
fn an_entry_tells_whether_its_account_may_be_used() {
    let state = |values: &[(&str, &[u8])]| {
        let all: Vec<_> = values
            .iter()
            .copied()
            .chain([("entryUUID", &b"1"[..])])
            .collect();
        read(&all).unwrap().state
    };
    assert_eq!(state(&[]), AccountState::Usable);
    assert_eq!(
        state(&[("userAccountControl", b"512")]),
        AccountState::Usable
    );
    assert_eq!(
        state(&[("userAccountControl", b"514")]),
        AccountState::Disabled
    );
    assert_eq!(state(&[("nsAccountLock", b"TRUE")]), AccountState::Disabled);
    // One of Active Directory that does not show it.
    let hidden = read(&[("objectGUID", &GUID[..])]).unwrap();
    assert_eq!(hidden.state, AccountState::Unknown);
    let for_good = ("pwdAccountLockedTime", &b"000001010000Z"[..]);
    assert_eq!(state(&[for_good]), AccountState::Disabled);
    let for_a_time = ("pwdAccountLockedTime", &b"20260101000000Z"[..]);
    assert_eq!(state(&[for_a_time]), AccountState::Usable);
    // 1 January 2020, never, never.
    assert_eq!(
        state(&[("accountExpires", b"132223104000000000")]),
        AccountState::Expired
    );
    assert_eq!(
        state(&[("accountExpires", b"9223372036854775807")]),
        AccountState::Usable
    );
    assert_eq!(state(&[("accountExpires", b"0")]), AccountState::Usable);
}

#[test]
fn an_entry_tells_what_keeps_somebody_out_for_the_moment() {
    type Attributes<'a> = &'a [(&'a str, &'a [u8])];
    let hindrance = |values: &[(&str, &[u8])]| {
        let mut all = values.to_vec();
        all.push(("objectGUID", &GUID[..]));
        if !values.iter().any(|(name, _)| *name == "userAccountControl") {
            all.push(("userAccountControl", b"512"));
        }
        let person = read(&all).unwrap();
        assert_eq!(person.state, AccountState::Usable, "nothing is taken away");
        person.hindrance.map(|it| it.refusal)
    };
    let computed = "msDS-User-Account-Control-Computed";
    let all_week = [0xff; 21];
    let cases: [(Attributes<'_>, Option<Refusal>); 10] = [
        (&[], None),
        (&[("pwdLastSet", b"0")], Some(Refusal::MustChangePassword)),
        (&[("pwdLastSet", b"133000000000000000")], None),
        // Its password never expires.
        (
            &[("pwdLastSet", b"0"), ("userAccountControl", b"66048")],
            None,
        ),
        (&[(computed, b"16")], Some(Refusal::Locked)),
        (&[(computed, b"8388608")], Some(Refusal::PasswordExpired)),
        (&[("pwdReset", b"TRUE")], Some(Refusal::MustChangePassword)),
        (&[("logonHours", &[0; 21])], Some(Refusal::OutsideHours)),
        (&[("logonHours", &all_week)], None),
        (&[("userWorkstations", b"PC1")], Some(Refusal::NotFromHere)),
    ];
    for (values, expected) in cases {
        assert_eq!(hindrance(values), expected, "{values:?}");
    }
}

#[test]
fn a_primary_group_has_the_domain_of_the_person() {
    let sid = |last: u32| {
        let mut sid = vec![1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0];
        sid.extend(last.to_le_bytes());
        sid
    };
    let group = |own: &[u8]| {
        let values = [
            ("entryUUID", &b"1"[..]),
            ("objectSid", own),
            ("primaryGroupID", b"513"),
        ];
        read(&values).unwrap().primary_group
    };
    assert_eq!(group(&sid(1104)), Some(sid(513)));
    for bad in [&sid(1104)[..15], &[1, 0, 0, 0, 0, 0, 0, 5], &[1], b""] {
        assert_eq!(group(bad), None, "{bad:?}");
    }
}
