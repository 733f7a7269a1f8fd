//! A load of whole servers over loopback, each beside its peers in the same run.
//!
//! Absolute numbers drift with the machine, so a suite runs its targets in turns, round after
//! round, and what is reported is the median of each and its ratio to the others. Every target
//! runs in a process of its own on the first core, the load in another on the second; the CPU
//! time that the server needed for a request is read from `/proc` and is the steadier number.
//!
//! A benchmark lists its [`Suite`]s and hands them to [`main`]:
//!
//! ```no_run
//! use model_dashboard_benches::load::{self, Started, Suite, Target};
//!
//! fn my_server() -> load::Start {
//!     Box::pin(async {
//!         // … bind to port 0 of 127.0.0.1, spawn the server …
//!         # let address = "127.0.0.1:0".parse().unwrap();
//!         Ok(Started::at(address).header("Authorization", "Bearer …"))
//!     })
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     load::main(&[Suite {
//!         name: "list",
//!         connections: &[1, 64],
//!         targets: &[Target { name: "my server", start: my_server, path: "/api/v1/models" }],
//!         limits: &[],
//!     }])
//! }
//! ```

mod client;
mod process;
mod report;
mod wrk;

use std::net::SocketAddr;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

pub use process::answer_of;
pub use report::Limit;
use tempfile::TempDir;

/// What [`Target::start`] returns.
pub type Start = Pin<Box<dyn Future<Output = std::io::Result<Started>> + Send>>;

/// A server that listens, and what a request to it must carry.
#[derive(Debug)]
pub struct Started {
    address: SocketAddr,
    headers: Vec<(String, String)>,
    folder: Option<TempDir>,
}

impl Started {
    /// A server that listens there.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            headers: Vec::new(),
            folder: None,
        }
    }

    /// A header of every request, for example a token made at the start.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A folder that is removed when the server ends.
    #[must_use]
    pub fn keeping(mut self, folder: TempDir) -> Self {
        self.folder = Some(folder);
        self
    }
}

/// One server under load.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name in the report; unique in its suite.
    pub name: &'static str,
    /// Starts it on the current tokio runtime; the server lives until the process ends.
    pub start: fn() -> Start,
    /// The path, with query, that is asked for.
    pub path: &'static str,
}

/// Targets that are compared with each other.
#[derive(Debug, Clone, Copy)]
pub struct Suite<'a> {
    /// Its name in the report and on the command line.
    pub name: &'static str,
    /// Numbers of connections, one measurement each.
    pub connections: &'a [usize],
    /// The servers; the first ones are the peers.
    pub targets: &'a [Target],
    /// What must hold between them.
    pub limits: &'a [Limit],
}

/// One measurement: a target under load for a while.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) requests_per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// CPU time of the server divided by the answers; `None` where `/proc` does not tell.
    pub(crate) cpu_per_request: Option<Duration>,
    /// Memory of the server at the end, in bytes.
    pub(crate) resident: Option<u64>,
}

/// What the command line asks for.
#[derive(Debug)]
struct Options {
    seconds: u64,
    rounds: usize,
    filter: Option<String>,
    own_client: bool,
}

const USAGE: &str = "\
usage: load [--seconds N] [--rounds N] [--own-client] [SUITE]
  --seconds N    length of one measurement (default 2)
  --rounds N     measurements of each target, taken in turns (default 5)
  --own-client   do not use wrk where it is installed";

/// Runs the suites that the command line names (all without a name) and prints the report.
///
/// The exit code is a failure if a server could not be measured or a [`Limit`] does not hold.
#[must_use]
pub fn main(suites: &[Suite<'_>]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // The first two are how the harness starts itself again as a server or as a client.
    let outcome = match words.as_slice() {
        ["--serve", suite, target] => find(suites, suite, target).and_then(process::serve),
        ["--drive", rest @ ..] => client::main(rest),
        words => parse(words).and_then(|options| run(suites, &options)),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn parse(words: &[&str]) -> Result<Options, String> {
    let mut options = Options {
        seconds: 2,
        rounds: 5,
        filter: None,
        own_client: false,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().and_then(|value| value.parse::<u64>().ok());
            value
                .filter(|value| *value > 0)
                .ok_or_else(|| format!("{word} needs a number\n{USAGE}"))
        };
        match *word {
            "--seconds" => options.seconds = number()?,
            "--rounds" => options.rounds = usize::try_from(number()?).map_err(|e| e.to_string())?,
            "--own-client" => options.own_client = true,
            // `cargo bench` adds this one.
            "--bench" => {}
            word if word.starts_with('-') => return Err(USAGE.to_owned()),
            name => options.filter = Some(name.to_owned()),
        }
    }
    Ok(options)
}

fn find<'a>(suites: &[Suite<'a>], suite: &str, target: &str) -> Result<&'a Target, String> {
    suites
        .iter()
        .filter(|candidate| candidate.name == suite)
        .flat_map(|suite| suite.targets)
        .find(|candidate| candidate.name == target)
        .ok_or_else(|| format!("no target {target} in {suite}"))
}

fn run(suites: &[Suite<'_>], options: &Options) -> Result<bool, String> {
    let wanted = |suite: &&Suite<'_>| {
        options
            .filter
            .as_ref()
            .is_none_or(|name| name == suite.name)
    };
    let chosen: Vec<&Suite<'_>> = suites.iter().filter(wanted).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = suites.iter().map(|suite| suite.name).collect();
        return Err(format!("no such suite; there are: {}", names.join(", ")));
    }
    let wrk = !options.own_client && wrk::installed();
    println!(
        "Load by {}, {} s each, {} rounds in turns, medians; {}.",
        if wrk {
            "wrk"
        } else {
            "the harness's own client"
        },
        options.seconds,
        options.rounds,
        if process::can_pin() {
            "server and load on one core each"
        } else {
            "server and load not pinned to cores"
        },
    );
    let mut held = true;
    for suite in chosen {
        for &connections in suite.connections {
            let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); suite.targets.len()];
            for _ in 0..options.rounds {
                for (target, samples) in suite.targets.iter().zip(&mut samples) {
                    let sample = measure(suite, target, connections, options, wrk)
                        .map_err(|error| format!("{}: {error}", target.name))?;
                    samples.push(sample);
                }
            }
            held &= report::print(suite, connections, &samples);
        }
    }
    Ok(held)
}

fn measure(
    suite: &Suite<'_>,
    target: &Target,
    connections: usize,
    options: &Options,
    wrk: bool,
) -> Result<Sample, String> {
    let server = process::Server::start(suite.name, target.name)?;
    let drive = if wrk { wrk::drive } else { client::drive };
    let url = format!("http://{}{}", server.started.address, target.path);
    // Buffers, caches and branch predictors are warm before it counts.
    drive(
        &url,
        &server.started.headers,
        connections,
        Duration::from_millis(300),
    )?;
    let before = server.cpu_time();
    let seconds = Duration::from_secs(options.seconds);
    let load = drive(&url, &server.started.headers, connections, seconds)?;
    let cpu_per_request = before.zip(server.cpu_time()).map(|(before, after)| {
        after
            .saturating_sub(before)
            .div_f64(load.answers.max(1) as f64)
    });
    Ok(Sample {
        requests_per_second: load.requests_per_second,
        p50: load.p50,
        p99: load.p99,
        cpu_per_request,
        resident: server.resident(),
    })
}

/// What a client saw.
#[derive(Debug, Clone, Copy)]
struct Load {
    answers: u64,
    requests_per_second: f64,
    p50: Duration,
    p99: Duration,
}
