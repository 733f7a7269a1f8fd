//! Medians, ratios and the limits they must keep.

use std::time::Duration;

use super::{Sample, Suite};

/// `target` answers at least `share` of the requests per second of `of`, both named in the suite.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// The target that is judged.
    pub target: &'static str,
    /// The peer it is judged by.
    pub of: &'static str,
    /// The least ratio: 0.85 is 85 %.
    pub share: f64,
    /// The number of connections at which it is judged.
    pub connections: usize,
}

/// Prints the table of one measurement; whether every limit holds.
pub(super) fn print(suite: &Suite<'_>, connections: usize, samples: &[Vec<Sample>]) -> bool {
    let medians: Vec<Sample> = samples.iter().map(|samples| median(samples)).collect();
    let width = suite
        .targets
        .iter()
        .map(|target| target.name.len())
        .max()
        .unwrap_or(0)
        .max(6);
    println!("\n{}, {connections} connections", suite.name);
    println!(
        "| {:width$} | requests/s | p50 µs | p99 µs | CPU µs/request | RSS MiB | of the first: requests/s | CPU |",
        "target"
    );
    println!(
        "| {:-<width$} | --: | --: | --: | --: | --: | --: | --: |",
        ""
    );
    let Some(first) = medians.first() else {
        return true;
    };
    for (target, sample) in suite.targets.iter().zip(&medians) {
        let cpu = sample.cpu_per_request.map(micros);
        let cpu_ratio = cpu
            .zip(first.cpu_per_request.map(micros))
            .map(|(cpu, first)| cpu / first);
        let show =
            |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
        println!(
            "| {:width$} | {:.0} | {:.0} | {:.0} | {} | {} | {:.3} | {} |",
            target.name,
            sample.requests_per_second,
            micros(sample.p50),
            micros(sample.p99),
            show(cpu),
            sample
                .resident
                .map_or("–".to_owned(), |bytes| (bytes >> 20).to_string()),
            sample.requests_per_second / first.requests_per_second,
            show(cpu_ratio),
        );
    }
    let mut held = true;
    for limit in suite
        .limits
        .iter()
        .filter(|limit| limit.connections == connections)
    {
        let rate = |name| {
            let index = suite
                .targets
                .iter()
                .position(|target| target.name == name)?;
            Some(medians.get(index)?.requests_per_second)
        };
        let Some(share) = rate(limit.target)
            .zip(rate(limit.of))
            .map(|(one, of)| one / of)
        else {
            println!("no such targets: {} and {}", limit.target, limit.of);
            held = false;
            continue;
        };
        let holds = share >= limit.share;
        held &= holds;
        println!(
            "{}: {} at {:.1} % of {}; at least {:.0} %",
            if holds { "holds" } else { "MISSED" },
            limit.target,
            share * 100.0,
            limit.of,
            limit.share * 100.0,
        );
    }
    held
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The median of each number by itself.
fn median(samples: &[Sample]) -> Sample {
    Sample {
        requests_per_second: middle(samples, |s| Some(s.requests_per_second)).unwrap_or(0.0),
        p50: middle(samples, |s| Some(s.p50)).unwrap_or_default(),
        p99: middle(samples, |s| Some(s.p99)).unwrap_or_default(),
        cpu_per_request: middle(samples, |s| s.cpu_per_request),
        resident: middle(samples, |s| s.resident),
    }
}

fn middle<T: PartialOrd + Copy>(samples: &[Sample], of: fn(&Sample) -> Option<T>) -> Option<T> {
    let mut values: Vec<T> = samples.iter().filter_map(of).collect();
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}
