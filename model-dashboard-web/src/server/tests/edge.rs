use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level};
use tracing_subscriber::{Registry, fmt::MakeWriter};

use super::forwarded::{config, proxies};
use super::*;

/// Collects what is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    fn collect(level: Level) -> (Self, DefaultGuard) {
        // While there is one collector alone, `tracing` lets the thread that comes first to a place
        // decide for all threads whether it is told of. Another test's thread has no collector.
        static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Registry::default()));
        LazyLock::force(&SECOND);
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(log.clone())
            .with_max_level(level)
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The events of a target, parsed.
    fn events(&self, target: &str) -> Vec<serde_json::Value> {
        let text = self.text();
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
        events
            .filter(|event: &serde_json::Value| event["target"] == target)
            .collect()
    }
}

/// Says what the context holds.
fn whoami() -> impl Filter<Extract = (String,), Error = Rejection> + Clone {
    warp::path!("whoami")
        .and(context())
        .map(|context: RequestContext| {
            context.set_user("ada");
            format!(
                "{} {} {} {}",
                context.id(),
                context.client().unwrap(),
                context.origin().unwrap_or("-"),
                context.user_agent().unwrap_or_default(),
            )
        })
}

fn failing() -> impl Filter<Extract = (&'static str,), Error = Rejection> + Clone {
    let soon = warp::path!("panic").map(|| panic!("the handler's own words"));
    let later = warp::path!("panic" / "later").then(|| async {
        tokio::task::yield_now().await;
        panic!("later")
    });
    soon.or(later).unify()
}

async fn behind(networks: &str) -> (Running, Client) {
    let settings =
        EdgeSettings::new("test", SecurityHeaders::api(false)).proxies(proxies(networks));
    let edge = Edge::tower(warp::service(whoami()), settings);
    let server = start_edge(edge, ConnectionLimits::default()).await;
    let client = Client::connect(server.address).await;
    (server, client)
}

const SPOOFED: &str = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\
                       X-Forwarded-Host: evil.test\r\nForwarded: for=192.0.2.7\r\n\
                       X-Request-Id: spoofed\r\nUser-Agent: curl\t8\r\n";

#[tokio::test]
async fn an_unlisted_peer_is_not_believed() {
    let (_server, mut client) = behind("10.0.0.0/8").await;
    let answer = client.get_with("/whoami", SPOOFED).await;
    let id = &answer.headers["x-request-id"];
    assert_eq!(answer.body, format!("{id} 127.0.0.1 - curl 8"));
    assert_eq!(id.len(), 16);
}

#[tokio::test]
async fn a_listed_proxy_is_believed() {
    let (_server, mut client) = behind("127.0.0.0/8").await;
    let answer = client.get_with("/whoami", SPOOFED).await;
    assert_eq!(answer.body, "spoofed 192.0.2.7 https://evil.test curl 8");
    assert_eq!(answer.headers["x-request-id"], "spoofed");
    let answer = client.get_with("/whoami", "X-Request-Id: a\"b\r\n").await;
    assert_eq!(
        answer.headers["x-request-id"].len(),
        16,
        "not the shape of an id"
    );
}

#[tokio::test]
async fn the_public_url_outranks_a_proxy() {
    let config = config("PUBLIC_URL", "https://models.example.org");
    let settings = EdgeSettings::new("test", SecurityHeaders::api(true))
        .proxies(proxies("127.0.0.1"))
        .public_url(config.server.public_url.as_ref());
    let edge = Edge::tower(warp::service(whoami()), settings);
    let server = start_edge(edge, ConnectionLimits::default()).await;
    let answer = Client::connect(server.address)
        .await
        .get_with("/whoami", SPOOFED)
        .await;
    assert!(
        answer.body.contains(" https://models.example.org "),
        "{}",
        answer.body
    );
    assert!(answer.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn request_ids_differ() {
    let (_server, mut client) = behind("10.0.0.1").await;
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..20 {
        ids.insert(client.get("/whoami").await.headers["x-request-id"].clone());
    }
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn a_user_agent_is_cut_and_cleaned() {
    let (_server, mut client) = behind("10.0.0.1").await;
    let long = format!("User-Agent: \u{202e}{}\r\n", "x".repeat(1000));
    let answer = client.get_with("/whoami", &long).await;
    assert_eq!(answer.body.split(' ').next_back().unwrap(), "x".repeat(199));
}

#[tokio::test]
async fn a_panic_is_an_answer_with_the_request_id_and_the_connection_goes_on() {
    let (log, _guard) = Log::collect(Level::INFO);
    let server = start(failing().or(hello()), ConnectionLimits::default()).await;
    let mut client = Client::connect(server.address).await;
    for (path, words) in [
        ("/panic", "the handler's own words"),
        ("/panic/later", "later"),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 500);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        let id = &answer.headers["x-request-id"];
        let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(problem["request_id"], id.as_str());
        assert!(
            !answer.body.contains(words),
            "what went wrong stays in the log"
        );
        let logged = log.text();
        let line = logged
            .lines()
            .find(|line| line.contains("\"ERROR\"") && line.contains(words));
        assert!(line.unwrap().contains(id.as_str()), "{logged}");
    }
    assert_eq!(client.get("/hello").await.body, "hello");
}

#[tokio::test]
async fn every_request_is_one_event() {
    let (log, _guard) = Log::collect(Level::DEBUG);
    let server = start(whoami().or(failing()), ConnectionLimits::default()).await;
    let mut client = Client::connect(server.address).await;
    let answer = client.get("/whoami?q=canary&limit=canary").await;
    client.get("/panic").await;
    client.get("/nowhere").await;
    until(|| log.events("access").len() == 3).await;
    let events = log.events("access");
    let fields = &events[0]["fields"];
    assert_eq!(fields["server"], "test");
    assert_eq!(fields["method"], "GET");
    assert_eq!(fields["path"], "/whoami?q&limit");
    assert_eq!(fields["status"], 200);
    assert_eq!(fields["bytes"], answer.body.len());
    assert_eq!(fields["complete"], true);
    assert_eq!(
        fields["request_id"],
        answer.headers["x-request-id"].as_str()
    );
    assert_eq!(fields["client"], "127.0.0.1");
    assert_eq!(fields["user.name"], "ada");
    assert!(fields["duration_ms"].as_f64().unwrap() >= 0.0);
    assert_eq!(events[0]["level"], "DEBUG");
    assert_eq!(
        (&events[1]["level"], &events[1]["fields"]["status"]),
        (&"WARN".into(), &500.into())
    );
    assert_eq!(
        (&events[2]["level"], &events[2]["fields"]["status"]),
        (&"INFO".into(), &404.into())
    );
    assert!(!log.text().contains("canary"));
}

#[tokio::test]
async fn a_client_that_leaves_is_logged_as_incomplete() {
    let (log, _guard) = Log::collect(Level::INFO);
    let route = warp::path!("never").then(|| async {
        std::future::pending::<()>().await;
        "never"
    });
    let server = start(route, ConnectionLimits::default()).await;
    let mut client = Client::connect(server.address).await;
    client
        .write("GET /never HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    drop(client);
    until(|| !log.events("access").is_empty()).await;
    let fields = &log.events("access")[0]["fields"];
    assert_eq!(fields["complete"], false);
    assert!(fields["status"].is_null());
}

#[tokio::test]
async fn a_change_is_logged_under_its_request_id() {
    let (log, _guard) = Log::collect(Level::INFO);
    let route = warp::path!("change").then(|| async {
        tokio::task::yield_now().await;
        tracing::info!(target: "handler", "changed");
        "done"
    });
    let server = start(route, ConnectionLimits::default()).await;
    let mut client = Client::connect(server.address).await;
    client
        .write("DELETE /change HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    let answer = client.answer().await;
    let event = &log.events("handler")[0];
    assert_eq!(
        event["span"]["request_id"],
        answer.headers["x-request-id"].as_str()
    );
}

#[tokio::test]
async fn secure_headers_are_set_and_a_handlers_own_stay() {
    let own = warp::path!("own")
        .map(|| warp::reply::with_header("x", "cache-control", "private, no-cache"));
    let settings = EdgeSettings::new("test", SecurityHeaders::pages(false));
    let edge = Edge::tower(warp::service(own.or(hello())), settings);
    let server = start_edge(edge, ConnectionLimits::default()).await;
    let mut client = Client::connect(server.address).await;
    let answer = client.get("/hello").await;
    let policy = &answer.headers["content-security-policy"];
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    assert!(
        policy.ends_with("base-uri 'none'; frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.headers[name], value);
    }
    assert!(answer.headers.contains_key("permissions-policy"));
    assert!(
        !answer.headers.contains_key("strict-transport-security"),
        "plain http"
    );
    assert_eq!(
        client.get("/own").await.headers["cache-control"],
        "private, no-cache"
    );
}

#[tokio::test]
async fn an_edge_is_a_tower_service_too() {
    let settings = EdgeSettings::new("test", SecurityHeaders::api(false));
    let mut edge = Edge::tower(warp::service(hello()), settings);
    let body = http_body_util::Empty::<bytes::Bytes>::new();
    let request = http::Request::get("/hello").body(body).unwrap();
    let answer = tower_service::Service::call(&mut edge, request)
        .await
        .unwrap();
    assert!(answer.headers().contains_key("x-request-id"));
    let body = http_body_util::BodyExt::collect(answer.into_body())
        .await
        .unwrap()
        .to_bytes();
    assert_eq!(body, "hello");
}

/// Knows one answer, and panics at another address.
#[derive(Clone)]
struct Quick;

impl<B> ShortCut<B> for Quick {
    fn answer(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        match request.uri().path() {
            "/quick" => Some(Response::new("quick".into())),
            "/panic" => panic!("the short cut's own words"),
            _ => None,
        }
    }
}

#[tokio::test]
async fn a_short_cut_answers_before_the_service() {
    let (log, _guard) = Log::collect(Level::INFO);
    let metrics = Metrics::new();
    let settings = EdgeSettings::new("test", SecurityHeaders::api(false)).metrics(&metrics);
    let edge = Edge::tower(warp::service(hello()), settings).short_cut(Quick);
    let server = start_edge(edge, ConnectionLimits::default()).await;
    let mut client = Client::connect(server.address).await;
    let answer = client.get("/quick").await;
    assert_eq!((answer.status, &*answer.body), (200, "quick"));
    assert!(answer.headers.contains_key("x-request-id"));
    assert_eq!(client.get("/hello").await.body, "hello");
    assert!(log.events("access").is_empty());
    let mut counted = String::new();
    metrics.encode(&mut counted).unwrap();
    let line = r#"http_answers_total{server="test",status="2xx"} 2"#;
    assert!(counted.contains(line), "{counted}");
}

#[tokio::test]
async fn where_the_log_tells_of_reading_the_service_is_asked() {
    let (log, _guard) = Log::collect(Level::DEBUG);
    let settings = EdgeSettings::new("test", SecurityHeaders::api(false));
    let edge = Edge::tower(warp::service(hello()), settings).short_cut(Quick);
    let server = start_edge(edge, ConnectionLimits::default()).await;
    let mut client = Client::connect(server.address).await;
    assert_eq!(client.get("/quick").await.status, 404);
    until(|| log.events("access").len() == 1).await;
}

#[tokio::test]
async fn a_panic_in_a_short_cut_is_an_answer_too() {
    let (log, _guard) = Log::collect(Level::INFO);
    let settings = EdgeSettings::new("test", SecurityHeaders::api(false));
    let edge = Edge::tower(warp::service(hello()), settings).short_cut(Quick);
    let server = start_edge(edge, ConnectionLimits::default()).await;
    let mut client = Client::connect(server.address).await;
    let answer = client.get("/panic").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert!(log.text().contains("the short cut's own words"));
    assert_eq!(client.get("/hello").await.body, "hello");
}
