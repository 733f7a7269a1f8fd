//! Chromium under ChromeDriver, for as long as a test lasts.

use std::io::{self, BufRead as _, BufReader};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

pub struct Driver {
    process: Child,
    port: u16,
    profiles: tempfile::TempDir,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Driver {
    /// Starts ChromeDriver on a free port. Without it the test is skipped, and says so, unless
    /// `REQUIRE_BROWSER` is set.
    pub fn start() -> Option<Driver> {
        let started = Command::new("chromedriver")
            .arg(format!("--port={}", free_port()))
            .stdout(Stdio::piped())
            .spawn();
        let mut process = match started {
            Ok(process) => process,
            Err(error) if std::env::var_os("REQUIRE_BROWSER").is_none() => {
                eprintln!("SKIPPED: chromedriver cannot be started ({error})");
                return None;
            }
            Err(error) => panic!("chromedriver cannot be started: {error}"),
        };
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .find_map(|line| {
                let line = line.unwrap();
                line.strip_suffix('.')?
                    .rsplit_once("on port ")?
                    .1
                    .parse()
                    .ok()
            })
            .expect("chromedriver says its port");
        // What it says later is not waited for.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Driver {
            process,
            port,
            profiles: tempfile::tempdir().unwrap(),
        })
    }

    /// A new browser that knows nothing yet.
    pub async fn browser(&self, name: &str) -> Client {
        let profile = self.profiles.path().join(name);
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,900",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ];
        let mut arguments: Vec<Value> = arguments.into_iter().map(Value::from).collect();
        arguments.push(format!("--user-data-dir={}", profile.display()).into());
        let mut capabilities = Map::new();
        capabilities.insert(
            "goog:chromeOptions".to_owned(),
            json!({ "args": arguments }),
        );
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .expect("Chromium starts")
    }
}

/// A port for ChromeDriver, which listens at it by IPv4 and by IPv6: of one that the kernel chooses for the first, a
/// connection of another test may have it for the second. So it is below those that connections get.
fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const EACH: u32 = 64;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let of_process = FIRST + std::process::id() % 350 * EACH;
    let is_free = |port: u16| {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, port));
        let has_no_v6 = |error: &io::Error| error.kind() == io::ErrorKind::AddrNotAvailable;
        v4.is_ok() && v6.map_or_else(|error| has_no_v6(&error), |_| true)
    };
    (0..EACH)
        .map(|_| of_process + NEXT.fetch_add(1, Ordering::Relaxed) % EACH)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| is_free(*port))
        .expect("a port is free")
}

/// The accessibility checker, if `AXE_PATH` names it.
pub fn axe() -> Option<String> {
    match std::env::var_os("AXE_PATH") {
        Some(path) => {
            Some(std::fs::read_to_string(Path::new(&path)).expect("AXE_PATH is readable"))
        }
        None if std::env::var_os("REQUIRE_BROWSER").is_none() => {
            eprintln!("SKIPPED: AXE_PATH does not name axe.min.js");
            None
        }
        None => panic!("set AXE_PATH to axe.min.js of the npm package axe-core"),
    }
}
