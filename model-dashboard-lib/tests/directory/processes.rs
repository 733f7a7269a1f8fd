//! Servers that are processes: nothing is left of them, however a test ends.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::watch;

/// A process and its children, which are a process group. Killed and waited for when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Ends the group if this process is killed before it can: its input ends then.
    watchdog: Child,
    output: watch::Receiver<Output>,
}

/// What a process wrote so far, to its standard error.
#[derive(Debug, Default)]
struct Output {
    text: String,
    ended: bool,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command.process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut watchdog = Command::new("/bin/sh");
        watchdog.args(["-c", "read -r nothing; kill -s KILL -- \"-$0\""]);
        watchdog.arg(child.id().to_string()).process_group(0);
        watchdog
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let watchdog = watchdog.spawn().unwrap();
        let errors = child.stderr.take().unwrap();
        let (writer, output) = watch::channel(Output::default());
        std::thread::spawn(move || {
            let mut line = Vec::new();
            let mut errors = BufReader::new(errors);
            while errors
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                let text = String::from_utf8_lossy(&line).into_owned();
                writer.send_modify(|output| output.text.push_str(&text));
                line.clear();
            }
            writer.send_modify(|output| output.ended = true);
        });
        Self {
            child,
            watchdog,
            output,
        }
    }

    /// Waits until it wrote this.
    ///
    /// # Errors
    /// All it wrote, if it ended or 60 seconds passed without.
    pub(crate) async fn wrote(&self, text: &str) -> Result<(), String> {
        let mut output = self.output.clone();
        let wait = output.wait_for(|output| output.ended || output.text.contains(text));
        match tokio::time::timeout(Duration::from_secs(60), wait).await {
            Ok(Ok(output)) if output.text.contains(text) => Ok(()),
            _ => Err(self.output()),
        }
    }

    /// Waits until it listens there.
    ///
    /// # Errors
    /// All it wrote, if it ended or 60 seconds passed without.
    pub(crate) async fn listens(&self, address: SocketAddr) -> Result<(), String> {
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            if self.output.borrow().ended || begun.elapsed() > Duration::from_secs(60) {
                return Err(self.output());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// All it wrote so far.
    pub(crate) fn output(&self) -> String {
        self.output.borrow().text.clone()
    }

    /// It keeps its sockets but does nothing, until it goes on.
    pub(crate) fn pause(&self) {
        kill_process_group(self.group(), Signal::STOP).unwrap();
    }

    pub(crate) fn go_on(&self) {
        kill_process_group(self.group(), Signal::CONT).unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn group(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Before its child is waited for, the number of the group is nobody else's.
        let _ = kill_process_group(self.group(), Signal::KILL);
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.wait();
    }
}

/// A port where nothing listens now. It is none of those that the kernel gives to whoever does not
/// care, so it stays free while a server restarts.
pub(crate) fn free_port() -> u16 {
    loop {
        let port = 10_000 + random() % 20_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

pub(crate) fn random() -> u16 {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).unwrap();
    u16::from_be_bytes(bytes)
}
