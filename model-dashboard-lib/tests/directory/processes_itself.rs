//! Nothing is left of a server, not even when its test is killed.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::processes::Running;

/// A process with a child, neither of which ends by itself.
fn lasting() -> Running {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "sleep 1000 & echo \"child $!\" >&2; wait"]);
    Running::start(command)
}

async fn child_of(running: &Running) -> u32 {
    running.wrote("\n").await.unwrap();
    let line = running.output();
    line.trim().strip_prefix("child ").unwrap().parse().unwrap()
}

/// Whether it runs: what nobody waited for yet does not.
fn runs(id: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = state.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_some_and(|state| !state.starts_with('Z'))
}

fn end_soon(ids: [u32; 2]) {
    let begun = Instant::now();
    while ids.into_iter().any(runs) {
        assert!(begun.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn it_ends_with_its_children_when_dropped() {
    let running = lasting();
    let ids = [running.id(), child_of(&running).await];
    assert!(ids.into_iter().all(runs));
    running.pause();
    drop(running);
    end_soon(ids);
}

#[tokio::test]
async fn what_a_process_wrote_is_known_after_its_end() {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "echo taken >&2; exit 1"]);
    let running = Running::start(command);
    let never = ([127, 0, 0, 1], 9).into();
    assert_eq!(running.listens(never).await, Err("taken\n".to_owned()));
    assert_eq!(running.wrote("ready").await, Err("taken\n".to_owned()));
    running.wrote("taken").await.unwrap();
}

#[test]
fn it_ends_when_the_test_is_killed() {
    let mut test = Command::new(std::env::current_exe().unwrap());
    let name = "processes_itself::a_test_to_kill";
    test.args([name, "--exact", "--ignored", "--nocapture"]);
    let mut test = test
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(test.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let ids = lines.find_map(|line| {
        let (server, child) = line.strip_prefix("kill ")?.split_once(' ')?;
        Some([server.parse().unwrap(), child.parse().unwrap()])
    });
    let ids = ids.unwrap();
    assert!(ids.into_iter().all(runs));
    test.kill().unwrap();
    test.wait().unwrap();
    end_soon(ids);
}

#[tokio::test]
#[ignore = "another test runs and kills it"]
async fn a_test_to_kill() {
    let running = lasting();
    let child = child_of(&running).await;
    // On a line of its own, whatever the harness wrote before.
    println!("\nkill {} {child}", running.id());
    let _ = std::io::stdin().read(&mut [0]);
}
