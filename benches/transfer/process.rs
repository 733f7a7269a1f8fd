//! The processes of the bench, what they take, and the registry as one of them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use model_dashboard::auth::{Permissions, Role};
use model_dashboard::config::{Config, Sources};
use model_dashboard::connect::connect;
use model_dashboard::dashboard::{NewServiceAccount, NewTokenRequest};

use crate::client::{Answer, ask};

/// A process that ends with this value.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn of(child: Child) -> Self {
        Self(child)
    }

    /// The processor time of it so far.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // Its name, in parentheses, may hold anything (proc_pid_stat(5)).
        let numbers = stat.rsplit_once(") ").map(|(_, numbers)| numbers);
        let ticks: u64 = numbers
            .into_iter()
            .flat_map(|numbers| numbers.split(' ').skip(11).take(2))
            .filter_map(|number| number.parse::<u64>().ok())
            .sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// The most memory that it ever had resident, in MiB.
    pub(crate) fn peak(&self) -> io::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        let kib: f64 = kib.ok_or_else(|| io::Error::other("no VmHWM"))?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGTERM, so that nginx ends its worker, too.
        if let Some(pid) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.0.wait();
    }
}

/// The server as people run it, with the token of an account that may do everything with models.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) process: Process,
    api: SocketAddr,
    token: String,
}

impl Registry {
    /// On `data`, and where `environment` says.
    pub(crate) async fn start(data: &Path, environment: &[(&str, String)]) -> io::Result<Self> {
        let token = token(data, environment).await?;
        let [pages, api] = [free_port()?, free_port()?];
        let log = std::fs::File::create(data.join("server.log"))?;
        let child = Command::new(release_folder()?.join("model-dashboard-web"))
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .args(["--port", &pages.port().to_string()])
            .args(["--api-port", &api.port().to_string()])
            .arg("--data-dir")
            .arg(data)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| {
                io::Error::other(format!("cargo build --release --workspace: {error}"))
            })?;
        let process = Process::of(child);
        let ready = || ask(api, "GET", "/readyz", "", b"").is_ok_and(|it| it.status() == 200);
        wait_until(ready)?;
        Ok(Self {
            process,
            api,
            token,
        })
    }

    /// Asks the API.
    pub(crate) fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<Answer> {
        let headers = format!("Authorization: Bearer {}\r\n{headers}", self.token);
        ask(self.api, method, target, &headers, body)?.good()
    }

    /// Sends `package` as clients of tus do: announces it, then all of it in one request. The address
    /// of the upload.
    pub(crate) fn upload(&self, package: &[u8]) -> io::Result<String> {
        let length = package.len();
        // "liver.zip" in base64.
        let announced = format!(
            "Tus-Resumable: 1.0.0\r\nUpload-Length: {length}\r\n\
             Upload-Metadata: filename bGl2ZXIuemlw\r\n"
        );
        let begun = self.ask("POST", "/api/v1/uploads", &announced, b"")?;
        let address = begun.header("location").unwrap_or_default();
        let address = address.find("/api/").map(|at| &address[at..]);
        let address = address.ok_or_else(|| io::Error::other("no address of the upload"))?;
        let bytes = "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
                     Content-Type: application/offset+octet-stream\r\n";
        self.ask("PATCH", address, bytes, package)?;
        Ok(address.to_owned())
    }

    /// Waits until an upload was looked into; what was found.
    pub(crate) fn inspected(&self, upload: &str) -> io::Result<serde_json::Value> {
        let mut found = serde_json::Value::Null;
        wait_until(|| {
            let answer = self.ask("GET", upload, "", b"");
            let value = answer
                .ok()
                .and_then(|it| serde_json::from_str(&it.text).ok());
            found = value.unwrap_or_default();
            found["inspection"] == "done"
        })?;
        Ok(found)
    }

    /// Gives up an upload, so that its bytes go.
    pub(crate) fn forget(&self, upload: &str) -> io::Result<()> {
        let version = "Tus-Resumable: 1.0.0\r\n";
        self.ask("DELETE", upload, version, b"").map(drop)
    }
}

async fn token(data: &Path, environment: &[(&str, String)]) -> io::Result<String> {
    let variables = environment.iter();
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let sources = Sources::new().variables(variables);
    let sources = sources.flag("--data-dir", data.to_string_lossy());
    let config = Config::from_sources(sources, |path| std::fs::read_to_string(path));
    let connected = connect(&config.map_err(io::Error::other)?).await;
    let dashboard = connected.map_err(io::Error::other)?.dashboard;
    let host = dashboard.host_caller("bench@localhost");
    let account = NewServiceAccount {
        username: "pipeline".to_owned(),
        display_name: "Pipeline".to_owned(),
        team: "Radiotherapy".to_owned(),
        role: Role::Publisher,
    };
    let account = dashboard.create_service_account(&host, account).await;
    let scopes = "models:read models:write packages:read packages:write";
    let scopes: Permissions = scopes.parse().map_err(io::Error::other)?;
    let request = NewTokenRequest {
        description: "transfers".to_owned(),
        scopes,
        expires_in_days: None,
        owner: Some(account.map_err(io::Error::other)?.id),
    };
    let created = dashboard.create_token(&host, request).await;
    let (token, _) = created.map_err(io::Error::other)?;
    Ok(token.expose().to_owned())
}

/// Looks again every few milliseconds, for two minutes at most.
pub(crate) fn wait_until(mut condition: impl FnMut() -> bool) -> io::Result<()> {
    let begin = Instant::now();
    while !condition() {
        if begin.elapsed() > Duration::from_secs(120) {
            return Err(io::Error::other("what was waited for did not happen"));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

/// Where a release build lies: this program stands in `deps` below it.
fn release_folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(Path::parent);
    let folder = folder.ok_or_else(|| io::Error::other("no folder above this program"))?;
    Ok(folder.to_owned())
}
