//! Uploads whose connection is cut, or whose server is killed, at random places.
//!
//! Each goes on where the server says that it is, as clients of tus do, and must have the right digest
//! in the end. `four_hundred_interrupted_uploads` is the campaign; a few run with every test.
//! It last ran on 2026-11-30 (debug build, 55 minutes): 400 uploads to a folder and 400 to a bucket, half of each cut and
//! half with their server killed, all with the right digest, and nothing left by garbage collection.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use model_dashboard::auth::{Permissions, Role};
use model_dashboard::config::{Config, Sources};
use model_dashboard::connect::connect;
use model_dashboard::dashboard::{NewServiceAccount, NewTokenRequest};
use model_dashboard::repository::ObjectRepository;
use sha2::{Digest as _, Sha256};

use crate::running::{Running, server};
use crate::s3_server::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY};

/// How many go on at the same time, and are met by one death of the server.
const AT_ONCE: usize = 10;

/// Far above what a request here waits for, the lease of a killed server included.
const PATIENCE: Duration = Duration::from_secs(120);

const TUS: &str = "Tus-Resumable: 1.0.0\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn uploads_to_a_folder_go_on_after_cuts_and_deaths() {
    interrupted(None, 10, 1 << 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_to_a_bucket_go_on_after_cuts_and_deaths() {
    interrupted(Some(S3Server::start().await), 10, 12 << 20).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: a campaign of 200 cut and 200 killed uploads to each kind of store"]
async fn four_hundred_interrupted_uploads() {
    interrupted(None, 200, 24 << 20).await;
    interrupted(Some(S3Server::start().await), 200, 24 << 20).await;
}

/// `count` uploads of up to `most` bytes that are cut, and as many whose server is killed.
#[allow(
    clippy::print_stdout,
    reason = "the seed, for whoever looks for a failure"
)]
async fn interrupted(bucket: Option<S3Server>, count: usize, most: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut variables = vec![("DATA_DIR", data.display().to_string())];
    if let Some(server) = &bucket {
        variables.extend([
            ("MINIO_HOST", server.address.ip().to_string()),
            ("MINIO_PORT", server.address.port().to_string()),
            ("MINIO_USERNAME", ACCESS_KEY.to_owned()),
            ("MINIO_PASSWORD", SECRET_KEY.to_owned()),
            ("MINIO_BUCKET", BUCKET.to_owned()),
        ]);
    }
    let token = token(&variables).await;
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let registry = Registry {
        folder,
        variables,
        token,
        running: Mutex::default(),
        address: RwLock::default(),
    };
    let worked = tokio::task::spawn_blocking(move || {
        registry.start();
        let mut numbers = Numbers(seed);
        for deaths in [false, true] {
            let mut done = 0;
            while done < count {
                done += registry.batch(most, &mut numbers, deaths);
            }
        }
        registry.give_up_unknown();
        registry.end();
        registry
    });
    let _registry = worked.await.unwrap();
    let models = data.join("models");
    let (objects, repository) = match &bucket {
        Some(server) => (
            server.folder.path().join(BUCKET),
            ObjectRepository::open_bucket(&server.config()).unwrap(),
        ),
        None => {
            let repository = ObjectRepository::open_folder(&models).await;
            (models, repository.unwrap())
        }
    };
    // As garbage collection does, but for its patience.
    let swept = repository.packages().sweep(Duration::ZERO).await.unwrap();
    assert!(swept.left.is_empty(), "{:?}", swept.left);
    assert_eq!(left(&objects), <[PathBuf; 0]>::default());
    if let Some(server) = &bucket {
        assert_eq!(server.lots(), []);
    }
}

/// What is there of uploads and packages, but for the notes that say which packages were removed.
fn left(objects: &Path) -> Vec<PathBuf> {
    let folders = ["uploads", "packages"].map(|name| objects.join(".registry").join(name));
    let lists = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok());
    let paths = lists.flatten().map(|entry| entry.unwrap().path());
    let is_note = |path: &PathBuf| path.to_string_lossy().ends_with(".note.json");
    paths.filter(|path| !is_note(path)).collect()
}

async fn token(variables: &[(&str, String)]) -> String {
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let config = Config::from_sources(Sources::new().variables(variables), |path| {
        std::fs::read_to_string(path)
    });
    let dashboard = connect(&config.unwrap()).await.unwrap().dashboard;
    let host = dashboard.host_caller("test@localhost");
    let account = NewServiceAccount {
        username: "pipeline".to_owned(),
        display_name: "Pipeline".to_owned(),
        team: "Radiotherapy".to_owned(),
        role: Role::Publisher,
    };
    let account = dashboard.create_service_account(&host, account).await;
    let scopes: Permissions = "packages:read packages:write".parse().unwrap();
    let request = NewTokenRequest {
        description: "uploads".to_owned(),
        scopes,
        expires_in_days: None,
        owner: Some(account.unwrap().id),
    };
    let (token, _) = dashboard.create_token(&host, request).await.unwrap();
    token.expose().to_owned()
}

/// The server, and the next one after it was killed.
struct Registry {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
    token: String,
    running: Mutex<Option<Running>>,
    address: RwLock<String>,
}

impl Registry {
    fn start(&self) {
        let mut command = server(&self.folder);
        command.args(["--only", "api", "--api-port", "0"]);
        command.envs(self.variables.iter().cloned());
        let mut running = Running::start(&mut command);
        let url = running.line("API");
        url.trim_start_matches("http://")
            .clone_into(&mut self.address.write().unwrap());
        *self.running.lock().unwrap() = Some(running);
    }

    /// SIGKILL, and another one.
    fn replace(&self) {
        drop(self.running.lock().unwrap().take());
        self.start();
    }

    /// Uploads that were begun and whose address was lost with the server.
    fn give_up_unknown(&self) {
        let list = self.patiently(&[200], |it| it.ask("GET", "/api/v1/uploads", "", b""));
        let list: serde_json::Value = serde_json::from_str(&list.text).unwrap();
        for upload in list["uploads"].as_array().unwrap() {
            let address = format!("/api/v1/uploads/{}", upload["id"].as_str().unwrap());
            self.patiently(&[204], |it| it.ask("DELETE", &address, TUS, b""));
        }
    }

    fn end(&self) {
        let mut running = self.running.lock().unwrap().take().unwrap();
        running.terminate();
        assert_eq!(running.process.wait().unwrap().code(), Some(0));
    }

    /// Some uploads at once, and how many of them were interrupted.
    fn batch(&self, most: usize, numbers: &mut Numbers, deaths: bool) -> usize {
        let (told, sent) = channel();
        let (death, seeds) = (numbers.below(most * AT_ONCE / 4), numbers.below(1 << 40));
        thread::scope(|scope| {
            let clients: Vec<_> = (0..AT_ONCE)
                .map(|n| {
                    let (numbers, told) = (Numbers((seeds + n) as u64), told.clone());
                    scope.spawn(move || self.upload(numbers, most, deaths, &told))
                })
                .collect();
            drop(told);
            let mut bytes = 0;
            while deaths && let Ok(more) = sent.recv() {
                bytes += more;
                if bytes > death {
                    self.replace();
                    break;
                }
            }
            let clients = clients.into_iter();
            let interrupted = clients.map(|client| client.join().unwrap());
            interrupted.filter(|it| *it).count()
        })
    }

    /// One upload from its beginning to its end; whether it was interrupted.
    fn upload(
        &self,
        mut numbers: Numbers,
        most: usize,
        deaths: bool,
        sent: &Sender<usize>,
    ) -> bool {
        let size = most / 2 + 1 + numbers.below(most / 2);
        let content = numbers.bytes(size);
        let announced = format!("{TUS}Upload-Length: {size}\r\n");
        let begun = self.patiently(&[201], |it| {
            it.ask("POST", "/api/v1/uploads", &announced, b"")
        });
        let address = begun.header("location").unwrap();
        let address = &address[address.find("/api/").unwrap()..];

        let mut cuts = if deaths { 0 } else { 1 + numbers.below(3) };
        let (mut interrupted, mut farthest) = (false, 0);
        loop {
            let state = self.patiently(&[200], |it| it.ask("HEAD", address, TUS, b""));
            let offset: usize = state.header("upload-offset").unwrap().parse().unwrap();
            assert!(offset <= farthest, "{offset} of {farthest} that were sent");
            if offset == size {
                break;
            }
            let until = match cuts {
                0 => size,
                _ => offset + numbers.below(size - offset),
            };
            cuts = cuts.saturating_sub(1);
            farthest = farthest.max(until);
            let append = self.append(address, offset, &content, until, sent);
            interrupted |= until < size || append.is_err();
            match append {
                // 409, 423: what was sent before the cut is still on its way into the store.
                Ok(answer) if ![204, 409, 423, 503].contains(&answer.status()) => {
                    panic!("{answer:?}")
                }
                _ => {}
            }
        }
        let done = self.patiently(&[200], |it| it.ask("GET", address, "", b""));
        let digest = hex::encode(Sha256::digest(&content));
        assert!(done.text.contains(&digest), "{} for {digest}", done.text);
        // Again where the answer was lost with the server.
        self.patiently(&[204, 410], |it| it.ask("DELETE", address, TUS, b""));
        interrupted
    }

    /// Sends all from `offset` on, or leaves at `until`.
    fn append(
        &self,
        address: &str,
        offset: usize,
        content: &[u8],
        until: usize,
        sent: &Sender<usize>,
    ) -> io::Result<Answer> {
        let length = content.len() - offset;
        let head = format!(
            "{TUS}Upload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\n"
        );
        let mut stream = self.send("PATCH", address, &head, length)?;
        for piece in content[offset..until].chunks(64 << 10) {
            stream.write_all(piece)?;
            // Nobody counts any more after a death.
            let _ = sent.send(piece.len());
        }
        match until == content.len() {
            true => Answer::read(stream),
            false => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    fn ask(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
        let mut stream = self.send(method, target, headers, body.len())?;
        stream.write_all(body)?;
        Answer::read(stream)
    }

    /// The head of a request that will have `length` bytes.
    fn send(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        length: usize,
    ) -> io::Result<TcpStream> {
        let address = self.address.read().unwrap().clone();
        let mut stream = TcpStream::connect(&address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let token = &self.token;
        write!(
            stream,
            "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Length: {length}\r\n{headers}\r\n"
        )?;
        Ok(stream)
    }

    /// Asks until the answer is one of those, as long as none comes or the server says 503.
    fn patiently(&self, wanted: &[u16], ask: impl Fn(&Self) -> io::Result<Answer>) -> Answer {
        let began = Instant::now();
        loop {
            let answer = ask(self);
            match answer {
                Ok(answer) if wanted.contains(&answer.status()) => return answer,
                Ok(answer) if answer.status() != 503 => panic!("{answer:?}"),
                _ => assert!(began.elapsed() < PATIENCE, "{answer:?}"),
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

#[derive(Debug)]
struct Answer {
    head: String,
    text: String,
}

impl Answer {
    fn read(mut stream: TcpStream) -> io::Result<Self> {
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, text) = answer
            .split_once("\r\n\r\n")
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let (head, text) = (head.to_owned(), text.to_owned());
        Ok(Self { head, text })
    }

    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }
}

/// The same numbers for the same seed (Steele et al., SplitMix64, 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let words = (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes());
        words.take(count).collect()
    }
}
