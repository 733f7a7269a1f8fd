//! The server process: started by the harness, pinned to a core, measured through `/proc`.

use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use hyper::body::Bytes;

use super::{Started, Target};

/// The core of the server and the core of the load.
pub(super) const SERVER_CORE: usize = 0;
pub(super) const LOAD_CORE: usize = 1;

/// Whether `taskset` and two cores are there to keep server and load apart.
pub(super) fn can_pin() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores > 1 && Path::new("/usr/bin/taskset").exists()
}

/// A command that runs on one core where that can be had.
pub(super) fn pinned(core: usize, program: &Path) -> Command {
    if can_pin() {
        let mut command = Command::new("/usr/bin/taskset");
        command.arg("-c").arg(core.to_string()).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// The child's side: starts the target, prints where it listens, lives until standard input ends.
pub(super) fn serve(target: &Target) -> Result<bool, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let started = runtime
        .block_on((target.start)())
        .map_err(|error| error.to_string())?;
    println!("{}", started.address);
    for (name, value) in &started.headers {
        println!("{name}: {value}");
    }
    println!();
    // The harness holds the other end: when it goes, so does the server.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    runtime.shutdown_background();
    drop(started);
    Ok(true)
}

/// A running target.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) started: Started,
    child: Child,
}

impl Server {
    pub(super) fn start(suite: &str, target: &str) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut child = pinned(SERVER_CORE, &program)
            .args(["--serve", suite, target])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let started = child
            .stdout
            .take()
            .ok_or("no output of the server")
            .and_then(read_started);
        match started {
            Ok(started) => Ok(Self { started, child }),
            Err(message) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(message.to_owned())
            }
        }
    }

    /// CPU time of all its threads so far.
    pub(super) fn cpu_time(&self) -> Option<Duration> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).ok()?;
        let mut nanoseconds = 0_u64;
        for task in tasks {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            nanoseconds += text.split_whitespace().next()?.parse::<u64>().ok()?;
        }
        Some(Duration::from_nanos(nanoseconds))
    }

    /// Memory that is in use, in bytes.
    pub(super) fn resident(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim()
            .strip_suffix(" kB")?
            .trim()
            .parse::<u64>()
            .ok()
            .map(|kib| kib * 1024)
    }
}

impl Drop for Server {
    /// Its standard input ends here; it removes what it made and ends by itself.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What the target `name` of `suite` answers at `path`: the bytes that its peers have to answer,
/// too. It runs in a process of its own for it, so that nothing of it stays with the peer.
///
/// # Errors
/// If it does not start or does not answer 200.
pub fn answer_of(suite: &str, name: &str, path: &str) -> io::Result<Bytes> {
    let server = Server::start(suite, name).map_err(io::Error::other)?;
    let Started {
        address, headers, ..
    } = &server.started;
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "\r\n";
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    match end {
        Some(end) if answer.starts_with(b"HTTP/1.1 200 ") => {
            Ok(Bytes::from(answer).slice(end + 4..))
        }
        _ => Err(io::Error::other(
            String::from_utf8_lossy(&answer).into_owned(),
        )),
    }
}

fn read_started(output: ChildStdout) -> Result<Started, &'static str> {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let address = lines
        .next()
        .and_then(|line| line.parse().ok())
        .ok_or("it did not start")?;
    let mut started = Started::at(address);
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line
            .split_once(": ")
            .ok_or("it printed a line that is no header")?;
        started = started.header(name, value);
    }
    Ok(started)
}
