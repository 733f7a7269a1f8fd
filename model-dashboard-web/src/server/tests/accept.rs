use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::*;

/// A route that answers when the semaphore lets it, and counts who waits.
fn gated() -> (
    Arc<Semaphore>,
    Arc<AtomicUsize>,
    impl Filter<Extract = (&'static str,), Error = Rejection> + Clone,
) {
    let gate = Arc::new(Semaphore::new(0));
    let entered = Arc::new(AtomicUsize::new(0));
    let (open, count) = (Arc::clone(&gate), Arc::clone(&entered));
    let route = warp::path!("gated").then(move || {
        let (gate, entered) = (Arc::clone(&open), Arc::clone(&count));
        async move {
            entered.fetch_add(1, Ordering::SeqCst);
            gate.acquire().await.unwrap().forget();
            "through"
        }
    });
    (gate, entered, route)
}

#[tokio::test]
async fn a_head_that_does_not_end_is_closed_in_time() {
    let limits = ConnectionLimits {
        head_timeout: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    let server = start(hello(), limits).await;
    let begin = Instant::now();
    let mut first = Client::connect(server.address).await;
    first.write("GET /hello HTTP/1.1\r\nHost").await;
    let silent = Client::connect(server.address).await;
    // A request before does not change it.
    let mut second = Client::connect(server.address).await;
    assert_eq!(second.get("/hello").await.status, 200);
    second.write("GET /hello HTTP/1.1\r\nHost").await;
    assert_eq!(first.closed().await, "");
    assert_eq!(silent.closed().await, "");
    assert_eq!(second.closed().await, "");
    assert!(begin.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn dripping_bytes_do_not_prolong_a_head() {
    let limits = ConnectionLimits {
        head_timeout: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    let server = start(hello(), limits).await;
    let mut client = Client::connect(server.address).await;
    client.write("GET /hello HTTP/1.1\r\n").await;
    let begin = Instant::now();
    // Writing fails once the server has closed.
    in_time(async {
        while client.stream.write_all(b"X-Drip: 1\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(begin.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_resting_connection_has_longer_than_a_head() {
    let limits = ConnectionLimits {
        head_timeout: Duration::from_millis(50),
        ..ConnectionLimits::default()
    };
    let server = start(hello(), limits).await;
    let mut resting = Client::connect(server.address).await;
    assert_eq!(resting.get("/hello").await.status, 200);
    // Another one's head runs out of time meanwhile.
    Client::connect(server.address).await.closed().await;
    assert_eq!(resting.get("/hello").await.body, "hello");
}

#[tokio::test]
async fn a_rest_ends() {
    let limits = ConnectionLimits {
        idle_timeout: Duration::from_millis(50),
        ..ConnectionLimits::default()
    };
    let server = start(hello(), limits).await;
    let mut resting = Client::connect(server.address).await;
    assert_eq!(resting.get("/hello").await.status, 200);
    assert_eq!(resting.closed().await, "");
}

#[tokio::test]
async fn over_the_cap_a_connection_waits_and_is_served() {
    let limits = ConnectionLimits {
        max_connections: 2,
        ..ConnectionLimits::default()
    };
    let (gate, entered, route) = gated();
    let server = start(route.or(hello()), limits).await;
    let ask = |path: &'static str| {
        let address = server.address;
        tokio::spawn(async move { Client::connect(address).await.get(path).await })
    };
    let busy = [ask("/gated"), ask("/gated")];
    until(|| entered.load(Ordering::SeqCst) == 2).await;
    let third = ask("/gated");
    // Neither dropped nor served: a busy connection is not closed for it.
    let waited = tokio::time::timeout(Duration::from_millis(300), async {
        until(|| entered.load(Ordering::SeqCst) == 3).await;
    });
    assert!(waited.await.is_err());
    gate.add_permits(3);
    for answer in join_all(busy).await {
        let answer = answer.unwrap();
        assert_eq!(answer.body, "through");
        assert_eq!(
            answer.headers["connection"], "close",
            "room for the one that waits"
        );
    }
    assert_eq!(in_time(third).await.unwrap().body, "through");
}

#[tokio::test]
async fn idle_connections_make_room_for_new_ones() {
    let limits = ConnectionLimits {
        max_connections: 3,
        ..ConnectionLimits::default()
    };
    let server = start(hello(), limits).await;
    let mut idle = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(server.address).await;
        assert_eq!(client.get("/hello").await.status, 200);
        idle.push(client);
    }
    let mut fresh = Client::connect(server.address).await;
    assert_eq!(fresh.get("/hello").await.body, "hello");
    until(|| idle.iter().any(Client::is_closed)).await;
    let closed: Vec<bool> = idle.iter().map(Client::is_closed).collect();
    assert_eq!(
        closed.iter().filter(|closed| **closed).count(),
        1,
        "no more than needed"
    );
}

#[tokio::test]
async fn a_crowd_of_silent_and_slow_clients_does_not_keep_others_out() {
    let limits = ConnectionLimits {
        max_connections: 64,
        ..ConnectionLimits::default()
    };
    let server = start(hello(), limits).await;
    let mut crowd = Vec::new();
    for number in 0..200 {
        let mut client = Client::connect(server.address).await;
        if number % 3 == 1 {
            client.write("GET /hello HTTP/1.1\r\nX-Slow: ").await;
        }
        crowd.push(client);
    }
    // Well within the ten seconds that a head has.
    let mut client = Client::connect(server.address).await;
    let answer = tokio::time::timeout(Duration::from_secs(8), client.get("/hello")).await;
    assert_eq!(answer.expect("crowded out").body, "hello");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = start(hello(), ConnectionLimits::default()).await;
    let long = format!("X-Long: {}\r\n", "x".repeat(17 * 1024));
    assert_eq!(
        Client::connect(server.address)
            .await
            .get_with("/hello", &long)
            .await
            .status,
        431
    );
    let fits = format!("X-Long: {}\r\n", "x".repeat(15 * 1024));
    assert_eq!(
        Client::connect(server.address)
            .await
            .get_with("/hello", &fits)
            .await
            .status,
        200
    );
    let many = "X-Many: x\r\n".repeat(101);
    assert_eq!(
        Client::connect(server.address)
            .await
            .get_with("/hello", &many)
            .await
            .status,
        431
    );
}

#[tokio::test]
async fn a_client_that_keeps_sending_a_head_still_reads_why_it_was_refused() {
    let server = start(hello(), ConnectionLimits::default()).await;
    for _ in 0..3 {
        let mut client = Client::connect(server.address).await;
        // More than the buffers of both sides hold.
        let head = format!("GET /hello HTTP/1.1\r\nX-Long: {}", "x".repeat(16_000_000));
        in_time(client.write(&head)).await;
        assert_eq!(client.answer().await.status, 431);
    }
}

#[tokio::test]
async fn a_client_that_sends_more_than_one_request_to_the_end_still_reads_its_answer() {
    let server = start(hello(), ConnectionLimits::default()).await;
    for _ in 0..3 {
        let mut client = Client::connect(server.address).await;
        let head = "GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
        client
            .write(&(head.to_owned() + &"x".repeat(16_000_000)))
            .await;
        let mut said = Vec::new();
        in_time(client.stream.read_to_end(&mut said)).await.unwrap();
        let (answer, _) = parse(&said).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
    }
}

/// As after a pause in accepting, or when everybody comes at once: none is reset.
#[tokio::test]
async fn many_connections_wait_to_be_accepted() {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.local_addr();
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
    let most = most.ok().and_then(|text| text.trim().parse().ok());
    let count = most.unwrap_or(128).min(600);
    let mut waiting = Vec::new();
    for _ in 0..count {
        waiting.push(in_time(Client::connect(address)).await);
    }
    let shutdown = Shutdown::new();
    let settings = EdgeSettings::new("test", SecurityHeaders::api(false));
    let edge = Edge::tower(warp::service(hello().boxed()), settings);
    let limits = ConnectionLimits::default();
    let serving = serve(listener, |peer| edge.for_peer(peer), &limits, &shutdown);
    let asking = async {
        for client in &mut waiting {
            assert_eq!(client.get("/hello").await.status, 200);
        }
        shutdown.trigger();
    };
    let (report, ()) = in_time(async { tokio::join!(serving, asking) }).await;
    assert_eq!(report.cut, 0);
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_cut() {
    let held = Arc::new(());
    let alive = Arc::downgrade(&held);
    let route = warp::path!("endless").map(move || {
        let held = Arc::clone(&held);
        let chunks = futures::stream::repeat_with(move || {
            let _ = &held;
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65536]))
        });
        warp::reply::stream(chunks)
    });
    let limits = ConnectionLimits {
        write_timeout: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    let server = start(route, limits).await;
    let mut client = Client::connect(server.address).await;
    client
        .write("GET /endless HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    // One is the route's own.
    until(|| alive.strong_count() == 2).await;
    until(|| alive.strong_count() == 1).await;
    drop(server);
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let first = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let error = Listener::bind(first.local_addr()).await.unwrap_err();
    assert!(matches!(error, BindError::Taken { .. }), "{error:?}");
    assert_eq!(error.address(), first.local_addr());
    let expected = format!("{} is taken", first.local_addr());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn an_address_of_another_machine_is_named() {
    // TEST-NET-1 of RFC 5737 is nobody's.
    let error = Listener::bind(([192, 0, 2, 1], 0).into())
        .await
        .unwrap_err();
    assert!(matches!(error, BindError::NotLocal { .. }), "{error:?}");
}

#[test]
fn connections_stay_within_the_files_that_may_be_open() {
    let limits = |files| {
        ConnectionLimits::default()
            .within_open_files(files, 2)
            .max_connections
    };
    assert_eq!(limits(1024), (1024 - 128) / 2);
    assert_eq!(limits(1_000_000), 8192);
    assert_eq!(limits(10), 1);
    assert!(raise_open_file_limit().is_none_or(|files| files > 0));
}
