//! The load of `wrk`, where it is installed.

use std::path::Path;
use std::time::Duration;

use super::{Load, process};

const PROGRAM: &str = "/usr/bin/wrk";

pub(super) fn installed() -> bool {
    Path::new(PROGRAM).exists()
}

pub(super) fn drive(
    url: &str,
    headers: &[(String, String)],
    connections: usize,
    time: Duration,
) -> Result<Load, String> {
    // wrk counts in whole seconds.
    let seconds = time.as_secs().max(1);
    let mut command = process::pinned(process::LOAD_CORE, Path::new(PROGRAM));
    command.args([
        "-t1",
        "--latency",
        &format!("-c{connections}"),
        &format!("-d{seconds}s"),
    ]);
    for (name, value) in headers {
        command.args(["-H", &format!("{name}: {value}")]);
    }
    let output = command
        .arg(url)
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    read(&text).map_err(|message| format!("{message}\n{text}"))
}

fn read(text: &str) -> Result<Load, &'static str> {
    let after = |mark: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(mark))
            .map(str::trim)
    };
    if after("Non-2xx or 3xx responses:").is_some() {
        return Err("wrk got answers other than 2xx and 3xx");
    }
    if after("Socket errors:").is_some() {
        return Err("wrk saw socket errors");
    }
    let answers = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .and_then(|(count, _)| count.parse().ok());
    Ok(Load {
        answers: answers.ok_or("wrk did not count requests")?,
        requests_per_second: after("Requests/sec:")
            .and_then(|value| value.parse().ok())
            .ok_or("wrk gave no rate")?,
        p50: after("50%")
            .and_then(duration)
            .ok_or("wrk gave no median")?,
        p99: after("99%").and_then(duration).ok_or("wrk gave no p99")?,
    })
}

/// `640.00us`, `1.20ms` or `2.00s`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (value, unit) = text.split_at(digits);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(value.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_wrk_prints_is_read() {
        let text = "  Latency Distribution\n     50%  640.00us\n     99%    1.50ms\n  \
                    200 requests in 2.00s, 1.00MB read\nRequests/sec:    100.50\n";
        let load = read(text).unwrap();
        assert_eq!(load.answers, 200);
        assert_eq!(load.p50, Duration::from_micros(640));
        assert_eq!(load.p99, Duration::from_micros(1500));
        assert!((load.requests_per_second - 100.5).abs() < 1e-9);
        assert!(read(&format!("{text}  Non-2xx or 3xx responses: 3\n")).is_err());
    }
}
