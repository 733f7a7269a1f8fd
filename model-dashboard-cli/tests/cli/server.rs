//! The real server, and connections to it that break off.
//!
//! Its program lies beside the one that is tested: `cargo test --workspace` builds both, and
//! `cargo build -p model-dashboard-web` the one alone.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::installation::{Installation, Run};

/// A server that ends with the test.
pub struct Server {
    process: Child,
    /// Its data, for commands of its host.
    pub here: Installation,
    /// Where its API is.
    pub api: String,
    /// Of an account that may do all with models.
    pub token: String,
}

/// A token of a new service account.
pub fn token_of(here: &Installation, name: &str, role: &str, scopes: &str) -> String {
    let account = [
        "user",
        "create",
        name,
        "--service",
        "--team",
        "ct",
        "--role",
        role,
    ];
    here.run(&account).succeeds();
    let token = [
        "token", "create", "--owner", name, "-d", "a job", "--scope", scopes,
    ];
    here.json(&token)["secret"].as_str().unwrap().to_owned()
}

impl Server {
    pub fn start() -> Self {
        Self::on(Installation::new())
    }

    /// With what is there already.
    pub fn on(here: Installation) -> Self {
        let program =
            Path::new(env!("CARGO_BIN_EXE_model-dashboard")).with_file_name("model-dashboard-web");
        assert!(program.is_file(), "{} is not built", program.display());
        let mut process = Command::new(program)
            .args(["--port", "0", "--api-port", "0"])
            .current_dir(here.path(""))
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let api = lines
            .find_map(|line| Some(line.unwrap().trim().strip_prefix("API")?.trim().to_owned()));
        let api = api.expect("the server starts");
        // Whatever else it has to say.
        std::thread::spawn(move || lines.for_each(drop));
        let scopes = "models:read,models:write,models:enable,packages:read,packages:write";
        let token = token_of(&here, "bot", "publisher", scopes);
        Self {
            process,
            here,
            api,
            token,
        }
    }

    /// Another machine, as it were, that knows address and token.
    pub fn client(&self) -> Installation {
        Installation::new()
            .with("MODEL_DASHBOARD_URL", &self.api)
            .with("MODEL_DASHBOARD_TOKEN", &self.token)
    }

    /// The body of the answer to a GET.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        let token = &self.token;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn address(&self) -> String {
        self.api.strip_prefix("http://").unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Installation {
    /// A run that takes another way to the server.
    pub fn run_at(&self, url: &str, arguments: &[&str]) -> Run {
        self.run(&[arguments, &["--server", url]].concat())
    }
}

/// Passes connections on to a server, and cuts them.
pub struct Cut {
    pub url: String,
    state: Arc<State>,
}

struct State {
    /// Whether what clients send is counted, or what they get.
    counts_requests: bool,
    /// A connection is cut behind so many bytes,
    most: u64,
    /// as long as so many more are to be.
    cuts: AtomicU64,
    /// What passed.
    passed: AtomicU64,
    /// No more passes.
    end: AtomicU64,
}

impl Cut {
    /// Cuts the first `cuts` connections whose answers have more than `most` bytes.
    pub fn answers(server: &Server, most: u64, cuts: u64) -> Self {
        Self::start(server, false, most, cuts)
    }

    /// The same for another server.
    pub fn answers_of(address: &str, most: u64, cuts: u64) -> Self {
        Self::passing_on(address.to_owned(), false, most, cuts)
    }

    /// Cuts connections behind `most` bytes that are sent.
    pub fn requests(server: &Server, most: u64) -> Self {
        Self::start(server, true, most, u64::MAX)
    }

    /// Cuts everything behind so many bytes in all.
    pub fn end_after(&self, bytes: u64) {
        self.state.end.store(bytes, Ordering::Relaxed);
    }

    /// How many bytes passed.
    pub fn passed(&self) -> u64 {
        self.state.passed.load(Ordering::Relaxed)
    }

    fn start(server: &Server, counts_requests: bool, most: u64, cuts: u64) -> Self {
        Self::passing_on(server.address(), counts_requests, most, cuts)
    }

    fn passing_on(address: String, counts_requests: bool, most: u64, cuts: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            counts_requests,
            most,
            cuts: AtomicU64::new(cuts),
            passed: AtomicU64::new(0),
            end: AtomicU64::new(u64::MAX),
        });
        let shared = Arc::clone(&state);
        // It waits for connections until the test ends.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&address).unwrap());
                for is_request in [true, false] {
                    let (client, server) =
                        (client.try_clone().unwrap(), server.try_clone().unwrap());
                    let state = Arc::clone(&shared);
                    std::thread::spawn(move || match is_request {
                        true => state.pass(client, server, is_request),
                        false => state.pass(server, client, is_request),
                    });
                }
            }
        });
        Self { url, state }
    }
}

impl State {
    fn pass(&self, mut from: TcpStream, mut to: TcpStream, is_request: bool) {
        let mut buffer = [0; 16 << 10];
        let mut here = 0;
        while let Ok(count) = from.read(&mut buffer) {
            if count == 0 {
                break;
            }
            if is_request == self.counts_requests {
                here += count as u64;
                let passed = self.passed.fetch_add(count as u64, Ordering::Relaxed);
                let is_cut = here > self.most && take_one(&self.cuts);
                if is_cut || passed > self.end.load(Ordering::Relaxed) {
                    break;
                }
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}

/// Takes one, if any is left.
fn take_one(left: &AtomicU64) -> bool {
    let less = |left: u64| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}
