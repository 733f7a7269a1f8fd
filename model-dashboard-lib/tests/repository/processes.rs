//! Other processes: this test program again, with one test that is ignored otherwise.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use model_dashboard::config::{S3Config, Secret};
use model_dashboard::repository::ObjectRepository;

use crate::s3_server;

/// What a line starts with that a child says to its parent; the rest is the test runner's.
const SAID: &str = "said:";

/// The variables that name the folder, or the port of a bucket's server, to a child.
const FOLDER: &str = "REPOSITORY_TEST_FOLDER";
const BUCKET_PORT: &str = "REPOSITORY_TEST_BUCKET_PORT";

/// This program, about to run one of its ignored tests alone.
pub(crate) fn arguments(test: &str) -> [&str; 4] {
    [test, "--exact", "--ignored", "--nocapture"]
}

/// Starts a child that works on a folder.
pub(crate) fn start(test: &str, folder: &Path, variables: &[(&str, String)]) -> Child {
    let program = std::env::current_exe().unwrap();
    Command::new(program)
        .args(arguments(test))
        .env(FOLDER, folder)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// A variable that makes a child work on the bucket of a server at this port.
pub(crate) fn bucket_at(port: u16) -> (&'static str, String) {
    (BUCKET_PORT, port.to_string())
}

/// What a child works on.
pub(crate) async fn repository() -> ObjectRepository {
    match std::env::var(BUCKET_PORT) {
        Ok(port) => {
            let endpoint = format!("http://127.0.0.1:{port}");
            let secret = Secret::new(s3_server::SECRET_KEY);
            let (bucket, access) = (s3_server::BUCKET, s3_server::ACCESS_KEY);
            let config = S3Config::with_keys(endpoint, bucket, access, secret);
            ObjectRepository::open_bucket(&config).unwrap()
        }
        Err(_) => ObjectRepository::open_folder(folder()).await.unwrap(),
    }
}

/// The folder that a child works on.
pub(crate) fn folder() -> std::path::PathBuf {
    std::env::var_os(FOLDER)
        .expect("run by another test")
        .into()
}

/// A variable that the parent set for a child.
pub(crate) fn variable(name: &str) -> u64 {
    let value = std::env::var(name).expect("run by another test");
    value.parse().unwrap()
}

/// How much of something a campaign does, or `default` where nothing says it.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// Says a line to the parent, at once.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{SAID}{line}").unwrap();
    out.flush().unwrap();
}

/// What a child says, line by line, until it ends. A line cut off by its death is left out.
pub(crate) fn heard(out: ChildStdout) -> impl Iterator<Item = String> {
    let mut out = BufReader::new(out);
    std::iter::from_fn(move || {
        loop {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
                return None;
            }
            if let Some(said) = line.trim_end().strip_prefix(SAID) {
                return Some(said.to_owned());
            }
        }
    })
}

/// A small random number generator (SplitMix64), the same for the same seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}
