use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use super::*;

/// Routes `/wait`, which says that it has begun and answers when told, and `/hello`.
fn waiting() -> (
    mpsc::UnboundedReceiver<oneshot::Sender<()>>,
    Arc<Notify>,
    impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone,
) {
    let (begun, begins) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let told = Arc::clone(&go);
    let route = warp::path!("wait").then(move || {
        let (begun, go) = (begun.clone(), Arc::clone(&told));
        async move {
            // Its sender learns when this future is dropped.
            let (sender, _receiver) = oneshot::channel();
            begun.send(sender).unwrap();
            go.notified().await;
            "waited"
        }
    });
    (begins, go, route.or(hello()))
}

#[tokio::test]
async fn requests_in_flight_end_and_the_rest_is_closed_at_once() {
    let (mut begins, go, routes) = waiting();
    let server = start(routes, ConnectionLimits::default()).await;
    let mut idle = Client::connect(server.address).await;
    assert_eq!(idle.get("/hello").await.status, 200);
    let mut busy = Client::connect(server.address).await;
    busy.write("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n").await;
    let _begun = in_time(begins.recv()).await.unwrap();
    let silent = Client::connect(server.address).await;
    // It is on the list once another one behind it has been served.
    assert_eq!(
        Client::connect(server.address)
            .await
            .get("/hello")
            .await
            .status,
        200
    );

    server.shutdown.trigger();
    assert_eq!(idle.closed().await, "");
    assert_eq!(silent.closed().await, "");
    // Nobody listens any more, while the request goes on.
    in_time(async { while TcpStream::connect(server.address).await.is_ok() {} }).await;
    assert!(!server.task.is_finished());
    go.notify_one();
    let answer = busy.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "waited"));
    assert_eq!(answer.headers["connection"], "close");
    let report = in_time(server.task).await.unwrap();
    assert_eq!((report.requests, report.cut), (1, 0));
    assert!(report.connections >= 3, "{report:?}");
}

#[tokio::test]
async fn a_stuck_request_is_cut_at_the_deadline() {
    let (mut begins, _go, routes) = waiting();
    let limits = ConnectionLimits {
        drain_deadline: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    let server = start(routes, limits).await;
    let mut stuck = Client::connect(server.address).await;
    stuck
        .write("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    let begun = in_time(begins.recv()).await.unwrap();
    let report = server.end().await;
    assert_eq!((report.connections, report.requests, report.cut), (1, 1, 1));
    assert!(report.elapsed >= Duration::from_millis(200), "{report:?}");
    assert!(begun.is_closed(), "the handler's future is gone");
    assert_eq!(stuck.closed().await, "");
}

#[tokio::test]
async fn a_stuck_request_is_cut_at_once_where_nobody_wants_to_wait() {
    let (mut begins, _go, routes) = waiting();
    let limits = ConnectionLimits {
        drain_deadline: Duration::MAX,
        ..ConnectionLimits::default()
    };
    let server = start(routes, limits).await;
    let mut stuck = Client::connect(server.address).await;
    stuck
        .write("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    let begun = in_time(begins.recv()).await.unwrap();
    server.shutdown.trigger();
    in_time(async { while TcpStream::connect(server.address).await.is_ok() {} }).await;
    assert!(!begun.is_closed() && !server.task.is_finished());
    server.shutdown.cut();
    let report = in_time(server.task).await.unwrap();
    assert_eq!((report.requests, report.cut), (1, 1));
    assert!(begun.is_closed(), "the handler's future is gone");
    assert_eq!(stuck.closed().await, "");
}

#[tokio::test]
async fn a_server_without_connections_ends_at_once() {
    let report = start(hello(), ConnectionLimits::default())
        .await
        .end()
        .await;
    assert_eq!((report.connections, report.requests, report.cut), (0, 0, 0));
}

#[tokio::test]
async fn connections_do_not_outlive_a_dropped_server() {
    let server = start(hello(), ConnectionLimits::default()).await;
    let mut client = Client::connect(server.address).await;
    assert_eq!(client.get("/hello").await.status, 200);
    server.task.abort();
    assert_eq!(client.closed().await, "");
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_is_waited_for() {
    use rustix::process::{Signal, getpid, kill_process};

    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        let mut waiting = std::pin::pin!(shutdown_signal());
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        kill_process(getpid(), signal).unwrap();
        assert_eq!(in_time(waiting).await.unwrap(), name);
    }
}

#[tokio::test]
async fn a_shutdown_is_seen_by_all_clones() {
    let shutdown = Shutdown::new();
    let other = shutdown.clone();
    assert!(!other.is_triggered());
    shutdown.trigger();
    shutdown.trigger();
    in_time(other.triggered()).await;
    assert!(other.is_triggered());
}
