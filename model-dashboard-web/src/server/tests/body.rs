use super::*;

/// Reads a body within `limits` and answers its length, or the error's status.
fn reading(limits: BodyLimits) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path!("read")
        .and(warp::post())
        .and(request_body())
        .then(move |body: RequestBody| async move {
            match body.read(&limits).await {
                Ok(bytes) => {
                    warp::reply::with_status(bytes.len().to_string(), http::StatusCode::OK)
                }
                Err(error) => warp::reply::with_status(error.to_string(), error.status()),
            }
        })
}

async fn client_of(limits: BodyLimits) -> (Running, Client) {
    let server = start(reading(limits), ConnectionLimits::default()).await;
    let client = Client::connect(server.address).await;
    (server, client)
}

const CHUNKED: &str = "POST /read HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn a_body_up_to_the_limit_is_read_however_it_is_framed() {
    let (_server, mut client) = client_of(BodyLimits::new(10)).await;
    let head = "POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n";
    client.write(&format!("{head}0123456789")).await;
    assert_eq!(client.answer().await.body, "10");
    client
        .write(&format!("{CHUNKED}4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"))
        .await;
    assert_eq!(client.answer().await.body, "10");
    client
        .write("POST /read HTTP/1.1\r\nHost: test\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.body, "0");
}

#[tokio::test]
async fn chunks_are_counted() {
    let (_server, mut client) = client_of(BodyLimits::new(10)).await;
    client
        .write(&format!("{CHUNKED}6\r\n012345\r\n5\r\n6789a\r\n"))
        .await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.body, "the body is larger than 10 bytes");
}

#[tokio::test]
async fn a_declared_length_above_the_limit_is_refused_before_a_byte_is_sent() {
    let (_server, mut client) = client_of(BodyLimits::new(10)).await;
    let head =
        "POST /read HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n";
    client.write(head).await;
    // The first answer is not 100 Continue.
    assert_eq!(client.answer().await.status, 413);
}

#[tokio::test]
async fn a_client_that_keeps_sending_still_reads_why_it_was_refused() {
    let limits = BodyLimits::new(10);
    let server = start(reading(limits), ConnectionLimits::default()).await;
    for _ in 0..3 {
        let mut client = Client::connect(server.address).await;
        // More than the buffers of both sides hold.
        let body = "x".repeat(16_000_000);
        let head = format!(
            "POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        in_time(client.write(&(head + &body))).await;
        assert_eq!(client.answer().await.status, 413);
    }
}

#[tokio::test]
async fn a_body_shorter_than_it_was_declared_is_incomplete() {
    let (_server, mut client) = client_of(BodyLimits::new(1000)).await;
    client
        .write("POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n0123")
        .await;
    client.stream.shutdown().await.unwrap();
    let answer = client.answer().await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[tokio::test]
async fn a_body_longer_than_it_was_declared_is_another_request_and_no_good_one() {
    let (_server, mut client) = client_of(BodyLimits::new(1000)).await;
    let head = "POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n";
    client.write(&format!("{head}0123 and more\r\n\r\n")).await;
    assert_eq!(client.answer().await.body, "4");
    assert_eq!(client.answer().await.status, 400);
}

#[tokio::test]
async fn malformed_chunks_are_refused() {
    let (_server, mut client) = client_of(BodyLimits::new(1000)).await;
    client.write(&format!("{CHUNKED}zz\r\n0123\r\n")).await;
    assert_eq!(client.answer().await.status, 400);
}

#[tokio::test]
async fn a_body_that_stops_is_given_up() {
    let limits = BodyLimits {
        pause: Duration::from_millis(100),
        head_start: Duration::from_secs(600),
        ..BodyLimits::new(1000)
    };
    let (_server, mut client) = client_of(limits).await;
    client
        .write("POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n0123")
        .await;
    assert_eq!(client.answer().await.status, 408);
}

#[tokio::test]
async fn a_body_that_drips_is_given_up() {
    let limits = BodyLimits {
        head_start: Duration::from_millis(200),
        ..BodyLimits::new(1_000_000)
    };
    let (_server, client) = client_of(limits).await;
    let Client { stream, .. } = client;
    let (reader, mut writer) = stream.into_split();
    let head = "POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n";
    writer.write_all(head.as_bytes()).await.unwrap();
    let dripping = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let mut answer = [0; 12];
    let mut reader = reader;
    in_time(reader.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    dripping.abort();
}

#[tokio::test]
async fn a_body_above_the_least_rate_is_read_to_its_end() {
    // Its time is over many times, were it not for its rate.
    let limits = BodyLimits {
        head_start: Duration::from_millis(50),
        least_rate: 1000,
        ..BodyLimits::new(1_000_000)
    };
    let (_server, mut client) = client_of(limits).await;
    client
        .write("POST /read HTTP/1.1\r\nHost: test\r\nContent-Length: 10000\r\n\r\n")
        .await;
    for _ in 0..10 {
        client.write(&"x".repeat(1000)).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(client.answer().await.body, "10000");
}
