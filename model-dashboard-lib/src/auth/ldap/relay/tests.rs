#![allow(clippy::unwrap_used)]

use std::pin::Pin;
use std::task::{Context, Poll};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, StdStream};
use tokio::io::{DuplexStream, ReadBuf};

use super::super::samples::{attribute, bound, done, element, entry, message, octets, outcome};
use super::*;

/// The server's side of a connection, in memory.
struct Server {
    stream: DuplexStream,
    frames: Frames,
}

impl Server {
    fn new() -> (Self, DuplexStream) {
        let (stream, other) = tokio::io::duplex(64);
        (
            Self {
                stream,
                frames: Frames::default(),
            },
            other,
        )
    }

    /// The next request; `None` when the connection is closed.
    async fn hear(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(request) = self.frames.next().unwrap() {
                return Some(request.to_vec());
            }
            let mut piece = [0; 64];
            let length = self.stream.read(&mut piece).await.unwrap();
            if length == 0 {
                return None;
            }
            self.frames.feed(&piece[..length]);
        }
    }

    async fn say(&mut self, answer: &[u8]) {
        self.stream.write_all(answer).await.unwrap();
    }
}

type Driver = JoinHandle<Result<(), LdapError>>;

/// The real ldap3 behind a relay.
async fn connect<S>(stream: S) -> (Relay, Ldap, Driver)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (relay, far) = Relay::start(stream).unwrap();
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(far));
    let (connection, ldap) = LdapConnAsync::with_settings(settings, "ldapi://directory")
        .await
        .unwrap();
    (relay, ldap, tokio::spawn(connection.drive()))
}

/// How the sign-in of a reader goes that is answered like this.
async fn answered(answer: &[u8]) -> (Relay, Result<u32, LdapError>) {
    let (mut server, stream) = Server::new();
    let (relay, mut ldap, driver) = connect(stream).await;
    let sign_in = tokio::spawn(async move { ldap.simple_bind("cn=reader", "secret").await });
    server.hear().await.unwrap();
    server.say(answer).await;
    drop(server);
    let code = sign_in.await.unwrap().map(|result| result.rc);
    driver.await.unwrap().ok();
    (relay, code)
}

#[tokio::test]
async fn a_bind_and_a_search_go_through() {
    let (mut server, stream) = Server::new();
    let (relay, mut ldap, driver) = connect(stream).await;
    let person = tokio::spawn(async move {
        let result = ldap.simple_bind("cn=reader", "secret").await.unwrap();
        assert_eq!((result.rc, &*result.text), (0, "welcome"));
        let attributes = vec!["uid", "objectGUID"];
        let found = ldap
            .search("dc=example", Scope::Subtree, "(uid=ann)", attributes)
            .await;
        let (found, result) = found.unwrap().success().unwrap();
        ldap.unbind().await.unwrap();
        (found, result.refs)
    });

    let request = server.hear().await.unwrap();
    assert_eq!(request, super::super::samples::bind(1));
    server.say(&bound(1, 0, "welcome")).await;
    assert!(server.hear().await.unwrap().ends_with(b"objectGUID"));
    let attributes = [
        attribute("uid", &[b"ann"]),
        attribute("objectGUID", &[b"\xff\x00"]),
    ];
    server
        .say(&entry(2, "uid=ann,dc=example", &attributes))
        .await;
    server
        .say(&message(2, &element(0x73, &octets("ldap://elsewhere/"))))
        .await;
    server.say(&done(2)).await;
    assert!(server.hear().await.unwrap().ends_with(&[0x42, 0]));
    assert_eq!(server.hear().await, None);

    let (mut found, refs) = person.await.unwrap();
    let ann = SearchEntry::construct(found.remove(0));
    assert_eq!(
        (&*ann.dn, &*ann.attrs["uid"]),
        ("uid=ann,dc=example", &["ann".to_owned()][..])
    );
    assert_eq!(ann.bin_attrs["objectGUID"], [b"\xff\x00"]);
    assert_eq!(refs, ["ldap://elsewhere/"]);
    driver.await.unwrap().unwrap();
    assert!(matches!(relay.ended(), Some(Ended::ByClient)));
}

#[tokio::test]
async fn what_the_guard_refuses_ends_both_connections_and_is_remembered() {
    let (mut server, stream) = Server::new();
    let (relay, mut ldap, driver) = connect(stream).await;
    let ended = Arc::clone(&relay.ended);
    let sign_in = tokio::spawn(async move {
        let result = ldap.simple_bind("cn=reader", "secret").await;
        // The reason is there when ldap3 has only just noticed.
        (result, ended.get().map(ToString::to_string))
    });
    server.hear().await.unwrap();
    server.say(&entry(1, "cn=evil", &[])).await;
    let (result, why) = sign_in.await.unwrap();
    assert!(result.is_err());
    let text = "the server gave request 1 the answer to another kind of request";
    assert_eq!(why.as_deref(), Some(text));
    assert_eq!(server.hear().await, None);
    driver.await.unwrap().ok();
    drop(relay);
}

#[tokio::test]
async fn parting_words_are_remembered() {
    let name = element(0x8a, b"1.3.6.1.4.1.1466.20036");
    let notice = [outcome(52, "going down"), name].concat();
    let (relay, result) = answered(&message(0, &element(0x78, &notice))).await;
    assert!(result.is_err());
    let text = "the server ended the connection with code 52: \"going down\"";
    assert_eq!(relay.ended().unwrap().to_string(), text);
}

#[tokio::test]
async fn an_answer_arrives_even_if_the_server_closes_behind_it() {
    let (relay, result) = answered(&bound(1, 49, "")).await;
    assert_eq!(result.unwrap(), 49);
    assert!(matches!(relay.ended(), Some(Ended::ByServer)));
}

#[tokio::test]
async fn an_answer_that_is_cut_is_no_answer() {
    let whole = bound(1, 0, "");
    let (relay, result) = answered(&whole[..whole.len() - 1]).await;
    assert!(result.is_err());
    assert!(matches!(relay.ended(), Some(Ended::Refused(Refused::Cut))));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_when_the_relay_is_dropped() {
    let (mut server, stream) = Server::new();
    let (relay, mut ldap, driver) = connect(stream).await;
    let sign_in = tokio::spawn(async move { ldap.simple_bind("cn=reader", "secret").await });
    server.hear().await.unwrap();
    let task = relay.task.abort_handle();
    drop(relay);
    assert_eq!(server.hear().await, None);
    assert!(sign_in.await.unwrap().is_err());
    driver.await.unwrap().ok();
    while !task.is_finished() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_goes_ends_the_connection() {
    let (mut server, stream) = Server::new();
    let (relay, ldap, driver) = connect(stream).await;
    drop(ldap);
    driver.await.unwrap().unwrap();
    assert_eq!(server.hear().await, None);
    assert!(matches!(relay.ended(), Some(Ended::ByClient)));
}

#[tokio::test]
async fn requests_that_no_sign_in_makes_are_not_sent() {
    let (mut server, stream) = Server::new();
    let (relay, mut ldap, _driver) = connect(stream).await;
    assert!(ldap.delete("uid=ann,dc=example").await.is_err());
    assert_eq!(server.hear().await, None);
    assert!(matches!(
        relay.ended(),
        Some(Ended::Refused(Refused::Request))
    ));
}

#[tokio::test]
async fn a_broken_connection_is_told_apart() {
    struct Broken;
    impl AsyncRead for Broken {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::Error::other("reset")))
        }
    }
    impl AsyncWrite for Broken {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
    let (relay, _ldap, driver) = connect(Broken).await;
    driver.await.unwrap().ok();
    assert!(matches!(relay.ended(), Some(Ended::Io(error)) if error.to_string() == "reset"));
}
