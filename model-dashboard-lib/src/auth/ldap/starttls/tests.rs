#![allow(clippy::unwrap_used)]

use super::super::samples::{bound, element, extended, message, outcome};
use super::*;

/// What comes of StartTLS with a server that answers so, and then closes.
async fn asked(answer: &[u8]) -> Result<(), StartTlsError> {
    let (mut stream, mut server) = tokio::io::duplex(4096);
    server.write_all(answer).await.unwrap();
    server.shutdown().await.unwrap();
    let result = start_tls(&mut stream).await;
    let mut request = vec![0; REQUEST.len()];
    server.read_exact(&mut request).await.unwrap();
    assert_eq!(request, REQUEST);
    result
}

async fn refused(answer: &[u8]) -> String {
    asked(answer).await.unwrap_err().to_string()
}

#[test]
fn the_request_is_what_the_rfc_says() {
    let name = element(0x80, b"1.3.6.1.4.1.1466.20037");
    assert_eq!(REQUEST, message(1, &element(0x77, &name)));
}

#[tokio::test]
async fn a_server_that_agrees_is_left_at_the_handshake() {
    assert!(asked(&extended(1, 0, "")).await.is_ok());
    let named = [outcome(0, ""), element(0x8a, b"1.3.6.1.4.1.1466.20037")].concat();
    assert!(asked(&message(1, &element(0x78, &named))).await.is_ok());
}

#[tokio::test]
async fn an_answer_in_pieces_is_one() {
    let (mut stream, mut server) = tokio::io::duplex(1);
    let server = tokio::spawn(async move {
        let mut request = vec![0; REQUEST.len()];
        server.read_exact(&mut request).await.unwrap();
        server.write_all(&extended(1, 0, "")).await.unwrap();
        // The first byte of the handshake is not taken for part of the answer.
        server.write_all(&[0x16]).await.unwrap();
    });
    start_tls(&mut stream).await.unwrap();
    let mut next = [0];
    stream.read_exact(&mut next).await.unwrap();
    assert_eq!(next, [0x16]);
    server.await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words() {
    assert_eq!(
        refused(&extended(1, 2, "unsupported extended operation")).await,
        "the server refused StartTLS with code 2: \"unsupported extended operation\"",
    );
    let long = refused(&extended(1, 52, &"no ".repeat(300))).await;
    assert!(long.len() < 600);
}

#[tokio::test]
async fn anything_behind_the_answer_is_refused() {
    for more in [&[0x16][..], &bound(2, 0, ""), &extended(1, 0, "")] {
        let bytes = [&extended(1, 0, "")[..], more].concat();
        assert!(matches!(asked(&bytes).await, Err(StartTlsError::Injected)));
    }
}

#[tokio::test]
async fn other_answers_are_faults() {
    for (answer, why) in [
        (
            extended(2, 0, ""),
            "the server answered request 2, which is not open",
        ),
        (
            bound(1, 0, ""),
            "the server gave request 1 the answer to another kind of request",
        ),
        (
            b"HTTP/1.1 400 Bad Request".to_vec(),
            "the server does not speak LDAP: it begins with 0x48, as no message does",
        ),
        (
            vec![0x30, 0x05],
            "the server closed the connection in the middle of a message",
        ),
        (
            vec![],
            "the server closed the connection when asked for StartTLS",
        ),
    ] {
        assert_eq!(refused(&answer).await, why);
    }
}
