//! Fills a domain that was just made.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;

use ldap3::{Ldap, Mod, Scope, SearchEntry};

use crate::domain::{
    BASE, GROUPS, LOCKOUT_THRESHOLD, PEOPLE, PLAIN, STATES, dn_of, group, password_of, principal,
};

type Entry = Vec<(&'static str, Vec<u8>)>;

/// Everything that an administrator can do over the network.
pub(super) async fn fill(ldap: &mut Ldap) {
    rules(ldap).await;
    for unit in [PEOPLE, GROUPS] {
        add(
            ldap,
            unit,
            vec![("objectClass", b"organizationalUnit".to_vec())],
        )
        .await;
    }
    for (account, name) in PLAIN {
        add_person(ldap, account, name).await;
    }
    for state in STATES {
        add(ldap, &dn_of(state.account), barred(state.account)).await;
    }
    groups(ldap).await;
    for (account, primary) in [("Petra Peters", "model-users"), ("Paul Pohl", "staff")] {
        make_primary(ldap, &dn_of(account), &group(primary)).await;
    }
}

/// Passwords last ten years, and wrong ones lock an account for good: what is made once is used
/// for long.
async fn rules(ldap: &mut Ldap) {
    let threshold = LOCKOUT_THRESHOLD.to_string();
    let rules = [
        ("lockoutThreshold", threshold.as_str()),
        ("lockoutDuration", "-9223372036854775808"),
        ("lockOutObservationWindow", "-36000000000"),
        ("maxPwdAge", "-3155760000000000"),
    ];
    let rules = rules.map(|(name, value)| Mod::Replace(name, HashSet::from([value])));
    let changed = ldap.modify(BASE, rules.to_vec()).await;
    changed.unwrap().success().unwrap();
}

pub(super) async fn add_person(ldap: &mut Ldap, account: &str, name: &str) {
    add(ldap, &dn_of(name), person(account, name)).await;
}

fn person(account: &str, name: &str) -> Entry {
    let mut entry: Entry = vec![
        ("objectClass", b"user".to_vec()),
        ("sAMAccountName", account.into()),
        ("userPrincipalName", principal(account).into()),
        ("displayName", format!("{name} (Radiology)").into()),
        ("unicodePwd", password(&password_of(account))),
        ("userAccountControl", b"512".to_vec()),
    ];
    if account != "emil" {
        entry.push(("mail", format!("{account}@example.org").into()));
    }
    entry
}

/// A password as Active Directory takes it: in quotation marks, UTF-16.
fn password(text: &str) -> Vec<u8> {
    let quoted = format!("\"{text}\"");
    quoted.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Someone who may not sign in. How a password gets old and an account locked is done later.
fn barred(account: &str) -> Entry {
    let mut entry = person(account, account);
    let state: (_, Vec<u8>) = match account {
        "sleeping" => ("logonHours", vec![0; 21]),
        "deskbound" => ("userWorkstations", b"ELSEWHERE".to_vec()),
        "disabled" => ("userAccountControl", b"514".to_vec()),
        // In 2012.
        "expired" => ("accountExpires", b"130000000000000000".to_vec()),
        "newcomer" => ("pwdLastSet", b"0".to_vec()),
        _ => return entry,
    };
    entry.retain(|(name, _)| *name != state.0);
    entry.push(state);
    entry
}

async fn groups(ldap: &mut Ldap) {
    let mut make = async |name: &str, members: &[String]| {
        let mut entry: Entry = vec![
            ("objectClass", b"group".to_vec()),
            ("sAMAccountName", name.into()),
        ];
        let members = members
            .iter()
            .map(|member| ("member", member.clone().into()));
        entry.extend(members);
        add(ldap, &group(name), entry).await;
    };
    make("level-5", &[dn_of("Ben Brandt")]).await;
    for level in (1..5).rev() {
        let next = group(&format!("level-{}", level + 1));
        make(&format!("level-{level}"), &[next]).await;
    }
    make("staff", &[dn_of("Paul Pohl")]).await;
    let none = ["reader", "ben", "cora", "dora", "paul"];
    let members = PLAIN.iter().filter(|(account, _)| !none.contains(account));
    let mut members: Vec<_> = members.map(|(_, name)| dn_of(name)).collect();
    members.extend(STATES.map(|state| dn_of(state.account)));
    members.extend([group("level-1"), group("staff")]);
    make("model-users", &members).await;
    make("Admins", &[dn_of("Anna Arndt")]).await;
    make("Admins-Old", &[dn_of("Dora Drews")]).await;
    make("ring-a", &[dn_of("Cora Conrad")]).await;
    make("ring-b", &[group("ring-a")]).await;
    let closing = Mod::Add("member".to_owned(), HashSet::from([group("ring-b")]));
    let closed = ldap.modify(&group("ring-a"), vec![closing]).await;
    closed.unwrap().success().unwrap();
}

/// Of a group that the person is in; as a member they are no longer listed then.
async fn make_primary(ldap: &mut Ldap, person: &str, group: &str) {
    let wanted = ["primaryGroupToken"];
    let found = ldap
        .search(group, Scope::Base, "(objectClass=group)", wanted)
        .await;
    let (mut entries, _) = found.unwrap().success().unwrap();
    let entry = SearchEntry::construct(entries.remove(0));
    let number = entry.attrs["primaryGroupToken"][0].clone();
    let change = Mod::Replace("primaryGroupID".to_owned(), HashSet::from([number]));
    let changed = ldap.modify(person, vec![change]).await;
    changed.unwrap().success().unwrap();
}

async fn add(ldap: &mut Ldap, dn: &str, entry: Entry) {
    let mut attributes: HashMap<&str, HashSet<Vec<u8>>> = HashMap::new();
    for (name, value) in entry {
        attributes.entry(name).or_default().insert(value);
    }
    let attributes = attributes
        .into_iter()
        .map(|(name, values)| (name.into(), values));
    let added = ldap.add(dn, attributes.collect()).await;
    added
        .unwrap()
        .success()
        .unwrap_or_else(|error| panic!("{dn}: {error}"));
}

/// Has the password of `stale` set in 1970, which only the domain's own tools can, while no server
/// runs.
pub(super) fn let_a_password_expire(configuration: &Path) {
    const SCRIPT: &str = r#"
import sys, ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

settings = LoadParm()
settings.load(sys.argv[1])
domain = SamDB(session_info=system_session(), lp=settings)
change = ldb.Message(ldb.Dn(domain, sys.argv[2]))
change["pwdLastSet"] = ldb.MessageElement("116444736000000001", ldb.FLAG_MOD_REPLACE, "pwdLastSet")
domain.modify(change, controls=["local_oid:1.3.6.1.4.1.7165.4.3.20:0"])
"#;
    // Debian's own Python has Samba's modules, whatever else is on the path.
    let mut python = Command::new("/usr/bin/python3");
    python
        .args(["-c", SCRIPT])
        .arg(configuration)
        .arg(dn_of("stale"));
    let done = python.output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}
