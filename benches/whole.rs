//! The server as people run it: size of the programs, time to the first answer, memory, and what
//! 500 sign-ins at once do to both.
//!
//! `cargo build --release --workspace && cargo bench -p model-dashboard-benches --bench whole`
#![allow(clippy::print_stdout, reason = "the report goes to the terminal")]

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use model_dashboard_benches::registry;

type Failure = Box<dyn Error + Send + Sync>;

const STARTS: usize = 21;
const SIGN_INS: usize = 500;
/// Two ports that nothing else here uses.
const PAGES: &str = "127.0.0.1:38501";
const API: &str = "127.0.0.1:38000";

fn main() -> Result<(), Failure> {
    let programs = release_folder()?;
    for name in ["model-dashboard-web", "model-dashboard"] {
        let size = std::fs::metadata(programs.join(name))
            .map_err(|_| format!("{name} is not built: cargo build --release --workspace"))?
            .len();
        report(name, size as f64 / 1e6, "MB", 25.0);
    }
    for (models, limit_ms, limit_mib) in [(8, 100.0, 40.0), (1_000, 100.0, 40.0)] {
        let folder = tempfile::tempdir()?;
        registry::write_models(&folder.path().join("models"), models)?;
        let mut times = Vec::new();
        let mut resident = Vec::new();
        for _ in 0..STARTS {
            let server = Server::start(&programs, folder.path())?;
            times.push(server.first_answer.as_secs_f64() * 1e3);
            wait_until(|| get(API, "/readyz").is_ok_and(|answer| answer.contains("\"ready\"")))?;
            resident.push(server.resident()?);
        }
        let name = format!("{models} models, start to the first answer");
        report(&name, median(&mut times), "ms", limit_ms);
        let name = format!("{models} models, resident once ready");
        report(&name, median(&mut resident), "MiB", limit_mib);
    }
    sign_ins(&programs)
}

/// 500 people who all give a wrong password at once, each from an address of their own.
fn sign_ins(programs: &Path) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    registry::write_models(&folder.path().join("models"), 8)?;
    let server = Server::start(programs, folder.path())?;
    let before = server.resident()?;
    let done = Arc::new(AtomicBool::new(false));
    let probing = {
        let done = done.clone();
        thread::spawn(move || {
            let mut slowest = Duration::ZERO;
            while !done.load(Ordering::SeqCst) {
                let asked = Instant::now();
                if get(API, "/livez").is_ok() {
                    slowest = slowest.max(asked.elapsed());
                }
                thread::sleep(Duration::from_millis(5));
            }
            slowest
        })
    };
    let mut peak = before;
    for round in 0..3 {
        let people: Vec<_> = (0..SIGN_INS)
            .map(|n| thread::spawn(move || sign_in(round * SIGN_INS + n)))
            .collect();
        while people.iter().any(|person| !person.is_finished()) {
            peak = peak.max(server.resident()?);
            thread::sleep(Duration::from_millis(5));
        }
        let answers = people.into_iter().map(|person| person.join());
        let unanswered = answers
            .filter(|answer| !matches!(answer, Ok(Ok(_))))
            .count();
        if unanswered > 0 {
            return Err(format!("{unanswered} sign-ins got no answer").into());
        }
    }
    done.store(true, Ordering::SeqCst);
    let slowest = probing.join().map_err(|_| "the probe failed")?;
    println!("{SIGN_INS} sign-ins at once, three times: {before:.0} MiB before");
    report("  at most", peak, "MiB", 100.0);
    report("  afterwards", server.resident()?, "MiB", 40.0);
    let slowest = slowest.as_secs_f64() * 1e3;
    report("  slowest /livez meanwhile", slowest, "ms", 100.0);
    Ok(())
}

fn sign_in(n: usize) -> io::Result<String> {
    let from = format!("X-Forwarded-For: 10.0.{}.{}\r\n", n / 250, n % 250);
    let form = ask(PAGES, &format!("GET /login HTTP/1.1\r\n{from}"), "")?;
    let between = |start: &str, end: &str| {
        let (_, rest) = form.split_once(start)?;
        Some(rest.split(end).next().unwrap_or_default().to_owned())
    };
    let missing = || io::Error::other("the sign-in page has no form");
    let cookie = between("set-cookie: ", ";").ok_or_else(missing)?;
    let csrf = between("name=\"csrf\" value=\"", "\"").ok_or_else(missing)?;
    let body = format!("csrf={csrf}&username=person{n}&password=not+the+password");
    let head = format!(
        "POST /login HTTP/1.1\r\n{from}Cookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n"
    );
    ask(PAGES, &head, &body)
}

struct Server {
    process: Child,
    first_answer: Duration,
}

impl Server {
    fn start(programs: &Path, data: &Path) -> Result<Self, Failure> {
        let begin = Instant::now();
        let process = Command::new(programs.join("model-dashboard-web"))
            .args(["--port", "38501", "--api-port", "38000", "--data-dir"])
            .arg(data)
            .env("TRUSTED_PROXIES", "127.0.0.1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut server = Self {
            process,
            first_answer: Duration::ZERO,
        };
        wait_until(|| get(API, "/health").is_ok_and(|answer| answer.contains("healthy")))?;
        server.first_answer = begin.elapsed();
        Ok(server)
    }

    /// In MiB.
    fn resident(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS"));
        let kib: f64 = line
            .and_then(|line| line.split_whitespace().nth(1))
            .ok_or("no VmRSS")?
            .parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Tries again every half millisecond, for ten seconds at most.
fn wait_until(condition: impl Fn() -> bool) -> Result<(), Failure> {
    let begin = Instant::now();
    while !condition() {
        if begin.elapsed() > Duration::from_secs(10) {
            return Err("the server does not answer".into());
        }
        thread::sleep(Duration::from_micros(500));
    }
    Ok(())
}

fn get(address: &str, path: &str) -> io::Result<String> {
    ask(address, &format!("GET {path} HTTP/1.1\r\n"), "")
}

fn ask(address: &str, head: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "{head}Host: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Where a release build lies: this program stands in `deps` below it.
fn release_folder() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(Path::parent);
    Ok(folder.ok_or("no folder above this program")?.to_owned())
}

fn report(what: &str, value: f64, unit: &str, limit: f64) {
    let verdict = if value <= limit { "holds" } else { "MISSED" };
    println!("{verdict}: {what}: {value:.1} {unit} (limit {limit:.0})");
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
