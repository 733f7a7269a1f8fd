//! The evil server does what each mode says, and notes what it gets.

use std::time::Duration;

use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, SearchEntry, SearchResult,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::authority::Flaw;
use crate::evil::ber::{Operation, element, integer, message, nested, text};
use crate::evil::{Evil, Mode, Plan, Tls, answers};
use crate::people::{BASE, REQUIRED_GROUP, dn_of, password_of};

async fn connect(evil: &Evil, start_tls: bool) -> Result<Ldap, LdapError> {
    let settings = LdapConnSettings::new()
        .set_starttls(start_tls)
        .set_config(evil.authority.client());
    let (connection, ldap) = LdapConnAsync::with_settings(settings, &evil.url()).await?;
    ldap3::drive!(connection);
    Ok(ldap)
}

async fn bind(ldap: &mut Ldap) -> Result<LdapResult, LdapError> {
    ldap.simple_bind(&dn_of("mkeller"), &password_of("mkeller"))
        .await
}

async fn search(ldap: &mut Ldap) -> Result<Vec<SearchEntry>, LdapError> {
    let found = ldap
        .search(BASE, Scope::Subtree, "(uid=mkeller)", ["*"])
        .await?;
    let entries = found.success()?.0.into_iter();
    Ok(entries.map(SearchEntry::construct).collect())
}

/// What it answers to a bind, byte by byte, until `enough` or the end.
async fn raw(evil: &Evil, enough: usize) -> Vec<u8> {
    let mut socket = TcpStream::connect(evil.addr).await.unwrap();
    let parts = [
        integer(3),
        text(&dn_of("mkeller")),
        element(0x80, b"secret-word"),
    ];
    let bind = message(1, &element(0x60, &parts.concat()));
    socket.write_all(&bind).await.unwrap();
    let mut answer = Vec::new();
    while answer.len() < enough
        && socket
            .read_buf(&mut answer)
            .await
            .is_ok_and(|read| read > 0)
    {}
    answer
}

#[tokio::test]
async fn what_came_is_noted_and_connections_are_counted() {
    for tls in [Tls::Never, Tls::AtOnce, Tls::OnRequest] {
        let evil = Evil::with(Plan::of(Mode::Obliging).by(tls)).await;
        let mut ldap = connect(&evil, tls == Tls::OnRequest).await.unwrap();
        assert!(!evil.got(&password_of("mkeller")));
        assert_eq!(bind(&mut ldap).await.unwrap().rc, 0);
        assert_eq!(evil.open_connections(), 1);
        let plainly = evil.wire();
        let password = password_of("mkeller").into_bytes();
        let is_in = |bytes: &[u8]| bytes.windows(password.len()).any(|part| part == password);
        assert_eq!(is_in(&plainly), tls == Tls::Never);
        assert!(is_in(&evil.received()));
        let found = search(&mut ldap).await.unwrap();
        assert_eq!(found[0].dn, dn_of("mkeller"));
        assert_eq!(found[0].attrs["memberOf"], [REQUIRED_GROUP]);
        ldap.unbind().await.unwrap();
        drop(ldap);
        evil.none_left().await;
        assert_eq!((evil.open_connections(), evil.connections()), (0, 1));
        let last = [Operation::Bind, Operation::Search, Operation::Unbind];
        assert!(evil.requests().ends_with(&last), "{:?}", evil.requests());
    }
}

#[tokio::test]
async fn it_never_answers_resets_and_drips() {
    let silent = Evil::start(Mode::BlackHole).await;
    let mut ldap = connect(&silent, false).await.unwrap();
    let binding = tokio::spawn(async move { bind(&mut ldap).await });
    silent.asked(Operation::Bind).await;
    assert!(!binding.is_finished());
    binding.abort();

    let silent = Evil::with(Plan::of(Mode::BlackHole).by(Tls::AtOnce)).await;
    let tried = tokio::time::timeout(Duration::from_millis(200), connect(&silent, false)).await;
    assert!(tried.is_err());
    silent.none_left().await;

    let resetting = Evil::start(Mode::ResetAfter(1)).await;
    let mut ldap = connect(&resetting, false).await.unwrap();
    assert_eq!(bind(&mut ldap).await.unwrap().rc, 0);
    search(&mut ldap).await.unwrap_err();
    resetting.none_left().await;

    let dripping = Evil::start(Mode::Drip(Duration::from_millis(1))).await;
    let mut ldap = connect(&dripping, false).await.unwrap();
    assert_eq!(bind(&mut ldap).await.unwrap().rc, 0);
    assert_eq!(search(&mut ldap).await.unwrap().len(), 1);

    let closing = Evil::start(Mode::ClosesMidMessage).await;
    assert_eq!(raw(&closing, 1000).await.len(), 7);
    closing.none_left().await;
}

#[tokio::test]
async fn its_answers_break_the_encoding() {
    let sound = raw(&Evil::start(Mode::Obliging).await, 14).await;
    for (what, answer) in answers::MALFORMED {
        let evil = Evil::start(Mode::Answer(answer)).await;
        assert_ne!(raw(&evil, 2).await, sound, "{what}");
        assert!(evil.got("secret-word"));
        evil.none_left().await;
    }
    let deep = Evil::start(Mode::DeeplyNested).await;
    assert!(raw(&deep, 400_000).await.len() >= 400_000);
    assert_eq!(nested(3), [0x30, 0x04, 0x30, 0x02, 0x30, 0x00]);

    let huge = Evil::start(Mode::Huge).await;
    let begun = raw(&huge, 1_000_000).await;
    assert_eq!(begun[..2], [0x30, 0x84]);
    huge.none_left().await;

    let whole = Evil::start(Mode::Huge).await;
    let mut ldap = connect(&whole, false).await.unwrap();
    assert_eq!(bind(&mut ldap).await.unwrap().text.len(), 100_000_000);
}

#[tokio::test]
async fn its_answers_are_sound_and_wrong() {
    let to_search = |mode| Evil::with(Plan::of(mode).to(Operation::Search));
    let found = async |evil: Evil| search(&mut connect(&evil, false).await.unwrap()).await;

    let two = found(to_search(Mode::TwoEntries).await).await.unwrap();
    assert_eq!((two.len(), &*two[1].dn), (2, &*dn_of("anna")));
    let other = found(to_search(Mode::AnotherPerson).await).await.unwrap();
    assert_eq!((other.len(), &*other[0].dn), (1, &*dn_of("dora")));
    let elsewhere = || "ldap://elsewhere.example.org".to_owned();
    let refused = found(to_search(Mode::Referral(elsewhere())).await).await;
    let Err(LdapError::LdapResult { result }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((result.rc, result.refs), (10, vec![elsewhere()]));
    let evil = to_search(Mode::SearchReference(elsewhere())).await;
    let mut ldap = connect(&evil, false).await.unwrap();
    assert_eq!(bind(&mut ldap).await.unwrap().rc, 0);
    let found = ldap.search(BASE, Scope::Subtree, "(uid=x)", ["*"]).await;
    let SearchResult(entries, result) = found.unwrap();
    assert_eq!(
        (entries.len(), result.rc, result.refs),
        (1, 0, vec![elsewhere()])
    );

    let evil = to_search(Mode::EndlessEntries).await;
    let mut ldap = connect(&evil, false).await.unwrap();
    let mut endless = ldap
        .streaming_search(BASE, Scope::Subtree, "(uid=x)", ["*"])
        .await
        .unwrap();
    for _ in 0..1_000 {
        assert!(endless.next().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn its_answers_belong_to_no_request() {
    let wrong_id = raw(&Evil::start(Mode::WrongMessageId).await, 14).await;
    assert_eq!(wrong_id[..6], [0x30, 0x0d, 0x02, 0x02, 0x03, 0xe9]);
    let wrong_type = raw(&Evil::start(Mode::WrongResponseType).await, 14).await;
    assert_eq!(wrong_type[..6], [0x30, 0x0c, 0x02, 0x01, 0x01, 0x65]);
    let notice = Evil::start(Mode::NoticeOfDisconnection).await;
    let said = raw(&notice, 1000).await;
    assert_eq!(said[2..6], [0x02, 0x01, 0x00, 0x78]);
    assert!(said.ends_with(b"\x8a\x161.3.6.1.4.1.1466.20036"));
}

#[tokio::test]
async fn start_tls_is_stripped_or_abused() {
    for code in [2, 52] {
        let evil = Evil::start(Mode::Refuses(code)).await;
        connect(&evil, true).await.unwrap_err();
        assert_eq!(evil.requests(), [Operation::StartTls]);
        evil.none_left().await;
    }
    let evil = Evil::with(Plan::of(Mode::InjectsBeforeTls).by(Tls::OnRequest)).await;
    let mut socket = TcpStream::connect(evil.addr).await.unwrap();
    let name = element(0x80, b"1.3.6.1.4.1.1466.20037");
    socket
        .write_all(&message(1, &element(0x77, &name)))
        .await
        .unwrap();
    let mut answer = Vec::new();
    while answer.len() < 28 {
        socket.read_buf(&mut answer).await.unwrap();
    }
    assert_eq!(answer[..6], [0x30, 0x0c, 0x02, 0x01, 0x01, 0x78]);
    // Nobody asked it this yet.
    assert_eq!(answer[14..20], [0x30, 0x0c, 0x02, 0x01, 0x02, 0x61]);
}

#[tokio::test]
async fn it_ends_when_dropped() {
    let evil = Evil::start(Mode::BlackHole).await;
    let addr = evil.addr;
    let mut socket = TcpStream::connect(addr).await.unwrap();
    drop(evil);
    assert!(!matches!(socket.read(&mut [0]).await, Ok(1..)));
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn it_breaks_rules_inside_tls_too() {
    for tls in [Tls::AtOnce, Tls::OnRequest] {
        for mode in [
            Mode::ResetAfter(0),
            Mode::ClosesMidMessage,
            Mode::NoticeOfDisconnection,
        ] {
            let plan = Plan::of(mode.clone()).to(Operation::Bind).by(tls);
            let evil = Evil::with(plan).await;
            let mut ldap = connect(&evil, tls == Tls::OnRequest).await.unwrap();
            bind(&mut ldap).await.unwrap_err();
            drop(ldap);
            evil.none_left().await;
            assert!(evil.requests().contains(&Operation::Bind), "{mode:?}");
        }
        let silent = Evil::with(Plan::of(Mode::BlackHole).to(Operation::Bind).by(tls)).await;
        let mut ldap = connect(&silent, tls == Tls::OnRequest).await.unwrap();
        let binding = tokio::spawn(async move { bind(&mut ldap).await });
        silent.asked(Operation::Bind).await;
        assert!(!binding.is_finished());
    }
}

#[tokio::test]
async fn its_certificate_is_as_bad_as_asked() {
    for flaw in [Flaw::WrongHost, Flaw::Expired, Flaw::UnknownAuthority] {
        for tls in [Tls::AtOnce, Tls::OnRequest] {
            let plan = Plan::of(Mode::Obliging).by(tls);
            let evil = Evil::with(Plan { flaw, ..plan }).await;
            connect(&evil, tls == Tls::OnRequest).await.unwrap_err();
            evil.none_left().await;
            assert!(!evil.requests().contains(&Operation::Bind));
        }
    }
}
