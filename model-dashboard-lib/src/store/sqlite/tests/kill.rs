//! A process that is killed loses nothing that it had acknowledged.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use super::{child, make, open, other_program, path_from_parent};
use crate::audit::{Action, AuditLog as _, ChainState, NewEvent};
use crate::auth::{Permissions, Source, UserStore as _, Username};
use crate::model::Timestamp;
use crate::store::sqlite::SqliteStore;
use crate::tokens::{NewToken, TokenHash, TokenStore as _};

const ROUNDS: usize = 50;

fn random(below: u32) -> u32 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).unwrap();
    u32::from_ne_bytes(bytes) % below
}

fn token_hash(account: &str) -> TokenHash {
    use sha2::Digest as _;
    TokenHash(sha2::Sha256::digest(account).into())
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

/// Writes until it is killed, and tells each write that was acknowledged.
#[tokio::test]
#[ignore = "runs in a process of its own, started and killed by a test"]
async fn writes_until_it_is_killed() {
    let store = open(&path_from_parent()).await.unwrap();
    let mut out = std::io::stdout();
    let mut tell = |what: &str, name: &str| {
        writeln!(out, "done {what} {name}").unwrap();
        out.flush().unwrap();
    };
    loop {
        let name = format!("user-{}-{}", std::process::id(), random(u32::MAX));
        let user = make(&store, &name).await.unwrap();
        tell("user", &name);
        let token = NewToken {
            hash: token_hash(&name),
            owner: user.id.clone(),
            username: name.clone(),
            description: String::new(),
            scopes: Permissions::all(),
            expires_at: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let token = store.create_token(token).await.unwrap();
        tell("token", &name);
        store.append(&[event(&name), event(&name)]).await.unwrap();
        tell("event", &name);
        store.revoke_token(token.id).await.unwrap();
        tell("revoked", &name);
        store.delete_user(&user.id).await.unwrap();
        tell("deleted", &name);
    }
}

/// What stands in the file for `name`, of the things that the child tells of.
async fn standing(store: &SqliteStore, name: &str) -> [bool; 3] {
    let username = Username::parse(name).unwrap();
    let user = store
        .user_by_name(&Source::local(), &username)
        .await
        .unwrap();
    let token = store.token(&token_hash(name)).await.unwrap();
    let filter = crate::audit::EventFilter {
        target: Some(name.into()),
        ..Default::default()
    };
    let events = store
        .events(&filter, crate::audit::EventPage::After(0), 10)
        .await
        .unwrap();
    assert!(
        matches!(events.len(), 0 | 2),
        "a batch is whole or not there"
    );
    [user.is_some(), token.is_some(), !events.is_empty()]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let program = std::env::current_exe().unwrap();
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let mut child = child(&program, "kill::writes_until_it_is_killed", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut told: Vec<String> = Vec::new();
        let enough = random(40) as usize;
        while told.len() < enough {
            told.extend(lines.next().filter(|line| line.starts_with("done ")));
        }
        child.kill().unwrap();
        // What it told between the last line and its end counts, too.
        told.extend(lines.filter(|line| line.starts_with("done ")));
        child.wait().unwrap();
        acknowledged += told.len();

        let store = open(&path).await.unwrap();
        let last = told
            .last()
            .map(|line| line.rsplit(' ').next().unwrap().to_owned());
        for line in &told {
            let [what, name] = line["done ".len()..].split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let [user, token, events] = standing(&store, name).await;
            // Of the last name, the write after the one that was told may have happened.
            let is_last = Some(name) == last.as_deref();
            let told_last = told.last().unwrap().split(' ').nth(1).unwrap();
            match what {
                "user" if is_last && ["user", "token", "event"].contains(&told_last) => {
                    assert!(user, "round {round}: {name}");
                }
                "token" if is_last && told_last == "token" => assert!(token, "round {round}"),
                "event" => assert!(events, "round {round}: {name}"),
                "revoked" => assert!(!token, "round {round}: {name} is revoked"),
                "deleted" => assert!(!user, "round {round}: {name} is deleted"),
                _ => {}
            }
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
    let program = std::env::current_exe().unwrap();
    let mut interrupted = 0;
    for round in 0..ROUNDS / 2 {
        let folder = tempfile::tempdir().unwrap();
        let path = super::take_over::existing(folder.path());
        let mut child = child(&program, "kill::takes_over_until_it_is_killed", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        assert!(lines.any(|line| line.ends_with("begin")));
        // The random point itself: there is nothing to wait for.
        std::thread::sleep(std::time::Duration::from_micros(random(150_000).into()));
        child.kill().unwrap();
        interrupted += usize::from(!lines.any(|line| line.ends_with("end")));
        child.wait().unwrap();

        let store = open(&path).await.unwrap();
        super::take_over::assert_taken_over(&store).await;
        let backups = store.backups().await.unwrap();
        store.close().await;
        super::take_over::assert_no_bare_hash(&path);
        assert!(!backups.is_empty(), "round {round}");
        for backup in backups {
            assert!(
                fs::metadata(&backup).unwrap().len() > 0
                    || backup.to_str().unwrap().contains(".part-")
            );
        }
    }
    assert!(interrupted > 0, "no round was cut short");
}
