//! A process that is killed loses nothing that it had acknowledged.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::take_over::{
    assert_no_bare_hash, assert_taken_over, bare_hashes, existing, fixed_hashes,
};
use super::{child, make, open, other_program, path_from_parent};
use crate::audit::{Action, AuditLog as _, ChainState, EventFilter, EventPage, NewEvent};
use crate::auth::{IdentityId, Permissions, Source, UserStore as _, Username};
use crate::model::Timestamp;
use crate::tokens::{NewToken, TokenHash, TokenStore as _};

const ROUNDS: usize = 50;

fn random(below: u32) -> u32 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).unwrap();
    u32::from_ne_bytes(bytes) % below
}

fn token(name: &str, description: &str) -> NewToken {
    NewToken {
        hash: TokenHash(Sha256::digest(format!("{name} {description}")).into()),
        owner: IdentityId::new(Source::local(), name),
        username: name.into(),
        description: description.into(),
        scopes: Permissions::all(),
        expires_at: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

fn event(target: &str) -> NewEvent {
    NewEvent {
        at: Timestamp::UNIX_EPOCH,
        actor: String::new(),
        actor_name: String::new(),
        via: "server".into(),
        from: String::new(),
        request_id: String::new(),
        action: Action::UserCreate,
        target: target.into(),
        revision: None,
        reason: String::new(),
        detail: String::new(),
    }
}

/// Starts the ignored test `name` in a process of its own; answers it and the lines it writes.
fn start(name: &str, path: &Path) -> (Child, impl Iterator<Item = String> + use<>) {
    let program = std::env::current_exe().unwrap();
    let mut child = child(&program, name, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines.map(Result::unwrap))
}

/// Writes until it is killed, and tells each write that was acknowledged.
#[tokio::test]
#[ignore = "runs in a process of its own, started and killed by a test"]
#[allow(clippy::print_stdout)]
async fn writes_until_it_is_killed() {
    let store = open(&path_from_parent()).await.unwrap();
    loop {
        let name = format!("user-{}-{}", std::process::id(), random(u32::MAX));
        make(&store, &name).await.unwrap();
        println!("made {name}");
        store.create_token(token(&name, "stays")).await.unwrap();
        println!("token {name}");
        let leaked = store.create_token(token(&name, "leaked")).await.unwrap();
        store.revoke_token(leaked.id).await.unwrap();
        println!("revoked {name}");
        store.append(&[event(&name), event(&name)]).await.unwrap();
        println!("logged {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let (mut child, lines) = start("kill::writes_until_it_is_killed", &path);
        let mut told = lines.filter(|line| line.contains(" user-"));
        let enough = random(40) as usize;
        let mut lines: Vec<String> = told.by_ref().take(enough).collect();
        assert_eq!(lines.len(), enough, "the child ended by itself");
        child.kill().unwrap();
        // What it told between the last of these lines and its end counts, too.
        lines.extend(told);
        child.wait().unwrap();
        acknowledged += lines.len();

        let store = open(&path).await.unwrap();
        for line in lines {
            let (what, name) = line.split_once(' ').unwrap();
            let stands = match what {
                "made" => {
                    let username = Username::parse(name).unwrap();
                    let made = store.user_by_name(&Source::local(), &username).await;
                    made.unwrap().is_some()
                }
                "token" => {
                    let made = store.token(&token(name, "stays").hash).await;
                    made.unwrap().is_some()
                }
                "revoked" => {
                    let revoked = store.token(&token(name, "leaked").hash).await;
                    revoked.unwrap().is_none()
                }
                "logged" => {
                    let target = Some(name.to_owned());
                    let filter = EventFilter {
                        target,
                        ..EventFilter::default()
                    };
                    let logged = store.events(&filter, EventPage::After(0), 10).await;
                    logged.unwrap().len() == 2
                }
                _ => panic!("{line}"),
            };
            assert!(stands, "round {round}: {line}");
        }
        let state = store.verify().await.unwrap();
        assert!(
            matches!(state, ChainState::Intact { .. }),
            "round {round}: {state:?}"
        );
        store.close().await;
        let check: String = other_program(&path)
            .pragma_query_value(None, "integrity_check", |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok", "round {round}");
    }
    assert!(acknowledged > ROUNDS, "{acknowledged} writes");
}

/// Takes an earlier system's file over, after telling that it begins.
#[tokio::test]
#[ignore = "runs in a process of its own, started and killed by a test"]
#[allow(clippy::print_stdout)]
async fn takes_over_until_it_is_killed() {
    println!("begin");
    open(&path_from_parent()).await.unwrap();
    println!("end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_is_killed_leaves_the_file_as_it_was_or_upgraded() {
    let mut interrupted = 0;
    for round in 0..ROUNDS / 2 {
        let folder = tempfile::tempdir().unwrap();
        let path = existing(folder.path());
        let (mut child, mut lines) = start("kill::takes_over_until_it_is_killed", &path);
        assert!(lines.any(|line| line.ends_with("begin")));
        // The random point itself: there is nothing to wait for.
        thread::sleep(Duration::from_micros(random(150_000).into()));
        child.kill().unwrap();
        interrupted += usize::from(!lines.any(|line| line.ends_with("end")));
        child.wait().unwrap();

        let store = open(&path).await.unwrap();
        assert_taken_over(&store).await;
        let backups = store.backups().await.unwrap();
        store.close().await;
        assert_no_bare_hash(&path);
        // Every one is whole: what was cut short is gone. Nothing else was left in the folder.
        assert!(!backups.is_empty(), "round {round}");
        for backup in &backups {
            assert_eq!(bare_hashes(backup), fixed_hashes(), "round {round}");
        }
        let files = std::fs::read_dir(folder.path()).unwrap();
        let unknown: Vec<_> = files
            .map(|file| file.unwrap().path())
            .filter(|file| *file != path && !backups.contains(file))
            .collect();
        assert!(unknown.is_empty(), "round {round}: {unknown:?}");
    }
    assert!(interrupted > 0, "no round was cut short");
}
