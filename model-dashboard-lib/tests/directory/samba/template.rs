//! A domain that is made once for all tests, and copied.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{content, free_address, run};
use crate::authority::{Authority, Flaw};
use crate::domain::{ADMIN_PASSWORD, LOCKOUT_THRESHOLD, REALM, SHORT_NAME, principal};

/// The folder of the domain, which the first who asks makes: 10 seconds, in which others wait.
pub(super) async fn folder() -> PathBuf {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let ready = all.join(format!("samba-{:016x}", key()));
    if ready.exists() {
        return ready;
    }
    fs::create_dir_all(all).unwrap();
    // Let go of when the file is closed, which the end of a process does too.
    let lock = File::create(all.join("samba.lock")).unwrap();
    lock.lock().unwrap();
    if ready.exists() {
        return ready;
    }
    // Short, as the names of sockets must be.
    let making = tempfile::tempdir().unwrap();
    provision(making.path());
    let authority = Authority::new();
    let address = free_address();
    let running = run(making.path(), address, &authority, Flaw::None).await;
    let mut ldap = super::admin_at(address, &authority).await;
    content::fill(&mut ldap).await;
    for _ in 0..LOCKOUT_THRESHOLD {
        let refused = ldap.simple_bind(&principal("locked"), "wrong").await;
        assert_eq!(refused.unwrap().rc, 49);
    }
    drop(running);
    content::let_a_password_expire(&making.path().join("etc/smb.conf"));
    let almost = all.join(format!("samba-unready-{}", std::process::id()));
    copy(making.path(), &almost);
    fs::rename(&almost, &ready).unwrap();
    ready
}

/// What the domain depends on: Samba's version, and how this program makes it.
fn key() -> u64 {
    let version = Command::new("/usr/sbin/samba")
        .arg("--version")
        .output()
        .unwrap();
    let mut hasher = DefaultHasher::new();
    let sources = [
        include_str!("template.rs"),
        include_str!("content.rs"),
        include_str!("../domain.rs"),
        include_str!("../people.rs"),
    ];
    (version.stdout, sources).hash(&mut hasher);
    hasher.finish()
}

pub(super) fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let copied = Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status()
        .unwrap();
    assert!(copied.success());
}

fn provision(folder: &Path) {
    // Else the machine's own settings have a say.
    let configuration = folder.join("empty.conf");
    fs::write(&configuration, "").unwrap();
    let mut tool = Command::new("samba-tool");
    tool.args([
        "domain",
        "provision",
        "--server-role=dc",
        "--dns-backend=NONE",
    ]);
    tool.arg(format!("--realm={}", REALM.to_uppercase()));
    tool.arg(format!("--domain={SHORT_NAME}"));
    tool.arg(format!("--adminpass={ADMIN_PASSWORD}"));
    tool.args(["--host-name=dc1", "--host-ip=127.0.0.1"]);
    for option in [
        "interfaces=lo",
        "bind interfaces only=yes",
        "vfs objects=",
        "dns forwarder=",
    ] {
        tool.arg(format!("--option={option}"));
    }
    tool.arg(format!("--targetdir={}", folder.display()));
    tool.arg(format!("--configfile={}", configuration.display()));
    let made = tool.output().unwrap();
    let errors = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "no domain was made: {errors}");
}
