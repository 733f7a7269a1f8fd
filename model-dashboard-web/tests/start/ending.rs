//! Signals, and what is in flight then.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::running::{Running, get, logged, server};

/// A request in flight: a sign-in whose body never comes.
fn unfinished_request(url: &str) -> TcpStream {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    write!(
        stream,
        "POST /login HTTP/1.1\r\nHost: {address}\r\nOrigin: {url}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\
         Expect: 100-continue\r\n\r\n"
    )
    .unwrap();
    // Said once the handler reads the body.
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut said = vec![0; go_on.len()];
    stream.read_exact(&mut said).unwrap();
    assert_eq!(said, go_on, "{}", String::from_utf8_lossy(&said));
    stream
}

#[test]
fn a_second_signal_does_not_wait_for_requests_in_flight_and_says_what_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(
        server(&folder)
            .args(["--only", "dashboard", "--port", "0"])
            .env("LOG_DIR", "logs")
            .env("LIMITS_SHUTDOWN_DEADLINE", "60m"),
    );
    let url = server.line("Dashboard");
    let mut stream = unfinished_request(&url);
    server.terminate();
    // The listener is closed after the first signal was taken.
    while TcpStream::connect(url.strip_prefix("http://").unwrap()).is_ok() {
        std::thread::yield_now();
    }
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert_eq!(answer, "", "the request was cut, and not waited for");
    let told = logged(&folder, "ending at once");
    assert!(
        told.len() == 1 && told[0].contains("requests=1"),
        "{told:?}"
    );
}

#[test]
fn a_request_that_never_ends_is_cut_at_the_deadline_and_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(
        server(&folder)
            .args(["--only", "dashboard", "--port", "0"])
            .env("LOG_DIR", "logs")
            .env("LIMITS_SHUTDOWN_DEADLINE", "1s"),
    );
    let mut stream = unfinished_request(&server.line("Dashboard"));
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert_eq!(answer, "");
    let told = logged(&folder, "requests in flight were");
    assert!(told.len() == 1 && told[0].contains("cut=1"), "{told:?}");
}

#[test]
fn a_server_told_to_end_says_so_and_answers_while_the_grace_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let ports = ["--port", "0", "--api-port", "0"];
    let mut server = Running::start(
        server(&folder)
            .args(ports)
            .env("LIMITS_SHUTDOWN_GRACE", "10m"),
    );
    let (dashboard, api) = (server.line("Dashboard"), server.line("API"));
    while !get(&api, "/readyz").contains(r#""status":"ready""#) {}
    server.terminate();
    let told = loop {
        let answer = get(&api, "/readyz");
        if !answer.starts_with("HTTP/1.1 200 ") {
            break answer;
        }
    };
    assert!(told.starts_with("HTTP/1.1 503 "), "{told}");
    assert!(told.contains(r#""status":"draining""#), "{told}");
    assert!(get(&dashboard, "/login").starts_with("HTTP/1.1 200 "));
    server.terminate();
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
}
