//! A package of 2 GiB in and out of the server, beside the least that could do it: a bare hyper server
//! that hashes and keeps the bytes, nginx that sends a file, and a bucket without anything before it.
//!
//! `cargo build --release --workspace && cargo bench -p model-dashboard-benches --bench transfer -- [folder|bucket] [cases] [rounds]`;
//! needs nginx (Debian: nginx-light), memory for the package and room for some of it in the folder for
//! temporary files.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the report goes to the terminal, and a bench that fails may end"
)]

#[path = "transfer/client.rs"]
mod client;
#[path = "transfer/package.rs"]
mod package;
#[path = "transfer/peers.rs"]
mod peers;
#[path = "transfer/process.rs"]
mod process;
#[path = "../model-dashboard-lib/tests/s3/server.rs"]
#[allow(dead_code, unreachable_pub, reason = "the tests use the rest")]
mod s3_server;
#[path = "transfer/store.rs"]
mod store;

use std::fs;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crate::process::{Process, Registry};
use crate::s3_server::S3Server;

const MODEL: &str = "/api/v1/models/nnUNet_v2/Dataset901_RandomLiver/package";

/// What can be asked for alone.
const WHERE: [&str; 2] = ["folder", "bucket"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, file] = &words[..]
        && flag == "--receive"
    {
        return peers::receive(file.into()).unwrap();
    }
    // The client that asks the bucket directly has none of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut numbers = words.iter().filter_map(|word| word.parse().ok());
    let cases = numbers.next().unwrap_or(2_000);
    let rounds = numbers.next().unwrap_or(5);
    let runtime = tokio::runtime::Runtime::new().unwrap();

    let package = package::of(cases, tempfile::tempdir().unwrap().path()).unwrap();
    let gib = package.len() as f64 / f64::from(1 << 30);
    println!("{gib:.2} GiB, {cases} files and more; medians of {rounds} rounds");
    let bench = Bench { package, rounds };
    let asked = |what: &str| {
        !words
            .iter()
            .any(|word| WHERE.contains(&&**word) && word != what)
    };
    if asked("folder") {
        bench.folder(&runtime).unwrap();
    }
    if asked("bucket") {
        bench.bucket(&runtime).unwrap();
    }
}

struct Bench {
    package: Vec<u8>,
    rounds: usize,
}

/// What a transfer took.
#[derive(Clone, Copy)]
struct Took {
    time: Duration,
    cpu: Duration,
}

impl Bench {
    /// On a local folder.
    fn folder(&self, runtime: &tokio::runtime::Runtime) -> io::Result<()> {
        let data = tempfile::tempdir()?;
        let registry = runtime.block_on(Registry::start(data.path(), &[]))?;
        let peer_folder = tempfile::tempdir()?;
        let file = peer_folder.path().join("package.zip");
        let (hyper, address) = peers::hyper(&file)?;
        let work = tempfile::tempdir()?;
        let (nginx, nginx_address) = peers::nginx(peer_folder.path(), work.path())?;

        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            self.make_room()?;
            theirs.push(measured(Some(&hyper), || {
                client::ask(address, "PUT", "/", "", &self.package)?.good()
            })?);
            fs::remove_file(&file)?;
            self.make_room()?;
            let mut upload = String::new();
            ours.push(measured(Some(&registry.process), || {
                upload = registry.upload(&self.package)?;
                Ok(())
            })?);
            registry.inspected(&upload)?;
            registry.forget(&upload)?;
        }
        self.row("hyper: hash, write, fsync", &theirs, None);
        self.row("upload to a folder", &ours, Some((&theirs, 0.85)));

        fs::write(&file, &self.package)?;
        registry.ask("PUT", MODEL, "If-None-Match: *\r\n", &self.package)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            theirs.push(measured(Some(&nginx), || {
                self.whole(client::ask(nginx_address, "GET", "/package.zip", "", b"")?)
            })?);
            ours.push(measured(Some(&registry.process), || {
                self.whole(registry.ask("GET", MODEL, "", b"")?)
            })?);
        }
        self.row("nginx: sendfile", &theirs, None);
        self.row("download from a folder", &ours, Some((&theirs, 0.60)));
        println!("resident at most: {:.1} MiB", registry.process.peak()?);
        Ok(())
    }

    /// On a bucket.
    fn bucket(&self, runtime: &tokio::runtime::Runtime) -> io::Result<()> {
        let server = runtime.block_on(S3Server::start());
        let bare = store::bare(&server);
        let between = runtime.block_on(store::Counted::before(server.address))?;
        let data = tempfile::tempdir()?;
        let settings = store::settings(server.address);
        let registry = runtime.block_on(Registry::start(data.path(), &settings))?;

        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            self.make_room()?;
            theirs.push(measured(None, || {
                runtime.block_on(store::put(&bare, &self.package))
            })?);
            self.make_room()?;
            let mut upload = String::new();
            ours.push(measured(Some(&registry.process), || {
                upload = registry.upload(&self.package)?;
                Ok(())
            })?);
            registry.inspected(&upload)?;
            registry.forget(&upload)?;
        }
        self.row("the bucket's own client", &theirs, None);
        self.row("upload to a bucket", &ours, Some((&theirs, 0.80)));

        registry.ask("PUT", MODEL, "If-None-Match: *\r\n", &self.package)?;
        let url = runtime.block_on(store::signed(&bare))?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            theirs.push(measured(None, || {
                self.whole(client::ask(server.address, "GET", &url, "", b"")?.good()?)
            })?);
            ours.push(measured(Some(&registry.process), || {
                self.whole(registry.ask("GET", MODEL, "", b"")?)
            })?);
        }
        self.row("from the bucket, a signed address", &theirs, None);
        self.row("download from a bucket", &ours, Some((&theirs, 0.80)));
        println!("resident at most: {:.1} MiB", registry.process.peak()?);
        drop(registry);

        // The same bucket behind a wire that counts.
        let data = tempfile::tempdir()?;
        let settings = store::settings(between.address);
        let registry = runtime.block_on(Registry::start(data.path(), &settings))?;
        let upload = registry.upload(&self.package)?;
        let found = registry.inspected(&upload)?;
        let files = found["report"]["files"].as_array().map_or(0, Vec::len);
        let read = between.answered() as f64 / self.package.len() as f64 * 100.0;
        println!(
            "{}: to take in and look into {files} files, the bucket sent {:.1} MiB, {read:.2} % (limit 5 %)",
            verdict(read < 5.0),
            between.answered() as f64 / f64::from(1 << 20),
        );
        Ok(())
    }

    /// Writes as much as a transfer does, waits until all of that is on the disk, and removes it. Whoever
    /// comes next finds memory that was in use a moment ago: of a virtual machine the host takes what is
    /// free for longer, and to get it again costs more than the transfer.
    fn make_room(&self) -> io::Result<()> {
        let mut file = tempfile::tempfile()?;
        file.write_all(&self.package)?;
        rustix::fs::sync();
        Ok(())
    }

    fn whole(&self, answer: client::Answer) -> io::Result<()> {
        match answer.length == self.package.len() as u64 {
            true => Ok(()),
            false => Err(io::Error::other("the package did not come whole")),
        }
    }

    /// Speed and processor time, and the median of the rounds' ratios where there is a peer.
    fn row(&self, what: &str, took: &[Took], peer: Option<(&[Took], f64)>) {
        let bytes = self.package.len() as f64;
        let speed = median(took.iter().map(|it| bytes / 1e6 / it.time.as_secs_f64()));
        let gib = bytes / f64::from(1 << 30);
        let cpu = median(took.iter().map(|it| it.cpu.as_secs_f64() / gib));
        print!("{what:>34}: {speed:>7.0} MB/s, {cpu:>5.2} s of CPU per GiB");
        if let Some((peer, least)) = peer {
            let ratios = took.iter().zip(peer);
            let ratios =
                ratios.map(|(ours, theirs)| theirs.time.as_secs_f64() / ours.time.as_secs_f64());
            let ratio = median(ratios);
            let percent = |ratio: f64| ratio * 100.0;
            print!(
                "; {}: {:.1} % of the peer's speed (at least {:.0} %)",
                verdict(ratio >= least),
                percent(ratio),
                percent(least)
            );
        }
        println!();
    }
}

/// Times `what`, and the processor time that `process` takes meanwhile.
fn measured<T>(
    process: Option<&Process>,
    what: impl FnOnce() -> io::Result<T>,
) -> io::Result<Took> {
    let cpu = |process: Option<&Process>| process.map_or(Ok(Duration::ZERO), Process::cpu);
    let (before, began) = (cpu(process)?, Instant::now());
    what()?;
    let time = began.elapsed();
    let cpu = cpu(process)?.saturating_sub(before);
    Ok(Took { time, cpu })
}

fn verdict(holds: bool) -> &'static str {
    match holds {
        true => "holds",
        false => "MISSED",
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
