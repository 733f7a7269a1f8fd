//! The harness's own load client: one thread, keep-alive connections, one request at a time each.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Load, process};

/// Starts the client in a process of its own, so that its work is not the server's.
pub(super) fn drive(
    url: &str,
    headers: &[(String, String)],
    connections: usize,
    time: Duration,
) -> Result<Load, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = process::pinned(process::LOAD_CORE, &program);
    command.args([
        "--drive",
        url,
        &connections.to_string(),
        &time.as_millis().to_string(),
    ]);
    for (name, value) in headers {
        command.arg(format!("{name}: {value}"));
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [answers, nanoseconds, p50, p99] = numbers[..] else {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    };
    Ok(Load {
        answers,
        requests_per_second: answers as f64 / Duration::from_nanos(nanoseconds).as_secs_f64(),
        p50: Duration::from_nanos(p50),
        p99: Duration::from_nanos(p99),
    })
}

/// The client's side: `URL CONNECTIONS MILLISECONDS [HEADER…]`; prints answers, time and latencies.
pub(super) fn main(words: &[&str]) -> Result<bool, String> {
    let [url, connections, milliseconds, headers @ ..] = words else {
        return Err("the client needs a URL, connections and milliseconds".to_owned());
    };
    let rest = url
        .strip_prefix("http://")
        .ok_or("the client speaks plain http")?;
    let slash = rest.find('/').ok_or("the URL has no path")?;
    let (authority, path) = rest.split_at(slash);
    let address: SocketAddr = authority
        .parse()
        .map_err(|_| "the URL has no socket address")?;
    let connections: usize = connections
        .parse()
        .map_err(|_| "connections is no number")?;
    let time = Duration::from_millis(milliseconds.parse().map_err(|_| "time is no number")?);
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\n");
    for header in headers {
        let _ = write!(request, "{header}\r\n");
    }
    request.push_str("\r\n");

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let start = Instant::now();
    let mut latencies = runtime.block_on(async {
        let tasks: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(ask(address, request.clone(), start + time)))
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.map_err(|error| error.to_string())??);
        }
        Ok::<_, String>(all)
    })?;
    let elapsed = start.elapsed();
    latencies.sort_unstable();
    let quantile = |percent: usize| latencies.get(latencies.len() * percent / 100).copied();
    println!(
        "{} {} {} {}",
        latencies.len(),
        elapsed.as_nanos(),
        quantile(50).unwrap_or_default(),
        quantile(99).unwrap_or_default(),
    );
    Ok(true)
}

/// Asks until the deadline; the latencies in nanoseconds.
async fn ask(address: SocketAddr, request: String, until: Instant) -> Result<Vec<u32>, String> {
    let mut stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    stream
        .set_nodelay(true)
        .map_err(|error| error.to_string())?;
    let mut buffer = Vec::with_capacity(512 * 1024);
    let mut latencies = Vec::new();
    loop {
        let sent = Instant::now();
        if sent >= until {
            return Ok(latencies);
        }
        stream
            .write_all(request.as_bytes())
            .await
            .map_err(|error| error.to_string())?;
        buffer.clear();
        let mut expected = None;
        while expected.is_none_or(|length| buffer.len() < length) {
            let read = stream
                .read_buf(&mut buffer)
                .await
                .map_err(|error| error.to_string())?;
            if read == 0 {
                return Err("the server closed the connection".to_owned());
            }
            if expected.is_none() {
                expected = answer_length(&buffer)?;
            }
        }
        latencies.push(u32::try_from(sent.elapsed().as_nanos()).unwrap_or(u32::MAX));
    }
}

/// Head and body together, once the head is there.
fn answer_length(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    if !head.starts_with("http/1.1 2") {
        return Err(format!(
            "unexpected answer: {}",
            head.lines().next().unwrap_or_default()
        ));
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|value| value.trim().parse::<usize>().ok())
        .ok_or("the answer has no content-length")?;
    Ok(Some(end + 4 + length))
}
