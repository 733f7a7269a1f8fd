//! A data folder of a test's own, and runs of the program on it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use model_dashboard::auth::{Identity, IdentityId, Source, Username};
use model_dashboard::config::{Config, Sources};
use model_dashboard::connect::connect;
use model_dashboard::store::SqliteStore;
use serde_json::Value;
use tempfile::TempDir;

/// What the Python system leaves behind.
pub const EXISTING: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../model-dashboard-lib/tests/fixtures/existing-installation"
);

/// Somebody of the directory `ldap`.
pub fn employee(subject: &str, username: &str) -> Identity {
    Identity {
        id: IdentityId::new(Source::parse(Source::LDAP).unwrap(), subject),
        username: Username::parse(username).unwrap(),
        display_name: String::new(),
        email: None,
        groups: Vec::new(),
        role: None,
    }
}

/// An installation in a folder that goes with it.
pub struct Installation {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Installation {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// With an empty user database.
    pub fn begun() -> Self {
        let this = Self::new();
        let data = this.path("data").to_str().unwrap().to_owned();
        let flags = Sources::new().flag("--data-dir", data);
        let config = Config::from_sources(flags, |path| fs::read_to_string(path)).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            connect(&config).await.unwrap().dashboard.shutdown().await;
        });
        this
    }

    /// What came of `work` in the user database of an installation that is there.
    pub fn in_database<T>(&self, work: impl AsyncFnOnce(&SqliteStore) -> T) -> T {
        let (database, key) = (
            self.path("data/model-dashboard.db"),
            self.path("data/audit.key"),
        );
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = SqliteStore::open_with_key_file(database, key)
                .await
                .unwrap();
            let done = work(&store).await;
            store.close().await;
            done
        })
    }

    /// On a copy of an existing installation of the Python system, upgraded.
    pub fn existing() -> Self {
        let this = Self::earlier();
        this.run(&["db", "migrate"]).succeeds();
        this
    }

    /// On a copy of an existing installation of the Python system, as it left it.
    pub fn earlier() -> Self {
        let this = Self::new();
        let (database, bucket) = (this.path("users.db"), this.path("bucket"));
        fs::copy(Path::new(EXISTING).join("users.db"), &database).unwrap();
        copy(&Path::new(EXISTING).join("bucket"), &bucket);
        this.with("AUTH_DB_PATH", database.to_str().unwrap())
            .with("STORAGE_URL", bucket.to_str().unwrap())
    }

    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// A path inside the working folder of the runs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The program, in an environment of the test's own, without a terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_model-dashboard"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TMPDIR", self.folder.path())
            .env("USER", "tester")
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::new(arguments, self.command(arguments).output().unwrap())
    }

    /// With this text at standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // One that ends without reading closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run::new(arguments, child.wait_with_output().unwrap())
    }

    /// The JSON result of a run that succeeds.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--output", "json"]].concat();
        self.run(&arguments).succeeds().json()
    }
}

/// What became of a run.
pub struct Run {
    what: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    fn new(arguments: &[&str], output: Output) -> Self {
        Self {
            what: arguments.join(" "),
            code: output.status.code().expect("no signal ended it"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        self.ends_with(0)
    }

    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        let Self {
            what,
            stdout,
            stderr,
            ..
        } = &self;
        assert_eq!(self.code, code, "{what}\n{stdout}\n{stderr}");
        self
    }

    /// That standard error tells of this.
    #[track_caller]
    pub fn tells(self, text: &str) -> Self {
        let Self { what, stderr, .. } = &self;
        assert!(
            stderr.contains(text),
            "{what} does not tell {text:?}:\n{stderr}"
        );
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }
}

/// The names of the members of an object, in order.
#[track_caller]
pub fn fields(value: &Value) -> Vec<&str> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"));
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
