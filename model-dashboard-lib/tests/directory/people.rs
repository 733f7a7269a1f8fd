//! Who is in the OpenLDAP directory, as LDIF.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(crate) const BASE: &str = "dc=example,dc=org";
pub(crate) const PEOPLE: &str = "ou=people,dc=example,dc=org";
pub(crate) const GROUPS: &str = "ou=groups,dc=example,dc=org";

/// It may do anything.
pub(crate) const ADMIN: &str = "cn=admin,dc=example,dc=org";
pub(crate) const ADMIN_PASSWORD: &str = "admin-ohpheiY7Eich5aen";
/// It may read everything but passwords.
pub(crate) const READER: &str = "cn=reader,ou=services,dc=example,dc=org";
pub(crate) const READER_PASSWORD: &str = "reader-Wei0aiHu7oojoh4e";

/// Five wrong passwords lock an account for an hour.
pub(crate) const POLICY: &str = "cn=policy,ou=services,dc=example,dc=org";

/// Those who may sign in are in it.
pub(crate) const REQUIRED_GROUP: &str = "cn=model-users,ou=groups,dc=example,dc=org";

/// Who is there, uid and full name, besides those with names that must be escaped:
/// - `mkeller`: a plain member; the name is also that of a local account in tests
/// - `anna`: a member, also of `Admins`
/// - `ben`: a member through five groups, `level-1` to `level-5`
/// - `cora`: in a ring of two groups, and no member
/// - `dora`: no member; in `Admins-Old` and in a group that has a member elsewhere
/// - `emil`: a member without a mail address
/// - `frieda`: a member whose account is disabled
/// - `gustav`: a member who is in [`MANY`] other groups
pub(crate) const PLAIN: [(&str, &str); 8] = [
    ("mkeller", "Maria Keller"),
    ("anna", "Anna Arndt"),
    ("ben", "Ben Brandt"),
    ("cora", "Cora Conrad"),
    ("dora", "Dora Drews"),
    ("emil", "Emil Ernst"),
    ("frieda", "Frieda Franke"),
    ("gustav", "Gustav Groß"),
];

/// Members whose DN, the first part of which follows their uid, needs escapes.
pub(crate) const ODD: [(&str, &str); 6] = [
    (
        "odd-signs",
        r#"cn=Keller\, Max \+ \"Mo\" \\ \<x\>\; \= \#1"#,
    ),
    ("odd-hash", r"cn=\#hash"),
    ("odd-blanks", r"cn=\20 blanks \20"),
    ("odd-umlaut", "cn=Jörg Größe"),
    ("odd-han", "cn=李雷"),
    ("odd-two", "cn=Two Parts+sn=Odd"),
];

/// Two people have this uid, one of them in `ou=guests`; both are members.
pub(crate) const TWIN: &str = "twin";
pub(crate) const GUESTS: &str = "ou=guests,dc=example,dc=org";

/// How many groups `gustav` is in that grant nothing.
pub(crate) const MANY: usize = 500;

/// Each person has a password of their own.
pub(crate) fn password_of(uid: &str) -> String {
    format!("{uid}-Quai4ooSh1ieXahr")
}

/// Where a person is, unless they are odd or a guest.
pub(crate) fn dn_of(uid: &str) -> String {
    format!("uid={uid},{PEOPLE}")
}

pub(crate) fn group(name: &str) -> String {
    format!("cn={name},{GROUPS}")
}

/// A person as they are when the directory starts.
pub(crate) fn person(dn: &str, uid: &str, name: &str) -> Vec<(&'static str, String)> {
    let (given, family) = name.split_once(' ').unwrap_or((name, name));
    let mut entry = vec![
        ("dn", dn.to_owned()),
        ("objectClass", "inetOrgPerson".to_owned()),
        ("uid", uid.to_owned()),
        ("cn", name.to_owned()),
        ("sn", family.to_owned()),
        ("givenName", given.to_owned()),
        ("displayName", format!("{name} (Radiology)")),
        ("userPassword", password_of(uid)),
    ];
    if uid != "emil" {
        entry.push(("mail", format!("{uid}@example.org")));
    }
    if uid == "frieda" {
        entry.push(("pwdAccountLockedTime", "000001010000Z".to_owned()));
    }
    entry
}

/// Everything, in the order in which it must be added for `memberOf` to be right.
pub(crate) fn ldif() -> String {
    let mut ldif = String::new();
    let mut add = |entry: &[(&str, String)]| write_entry(&mut ldif, entry);
    add(&[
        ("dn", BASE.to_owned()),
        ("objectClass", "dcObject".to_owned()),
        ("objectClass", "organization".to_owned()),
        ("o", "Example".to_owned()),
    ]);
    for unit in ["people", "guests", "groups", "services"] {
        add(&[
            ("dn", format!("ou={unit},{BASE}")),
            ("objectClass", "organizationalUnit".to_owned()),
        ]);
    }
    add(&[
        ("dn", READER.to_owned()),
        ("objectClass", "organizationalRole".to_owned()),
        ("objectClass", "simpleSecurityObject".to_owned()),
        ("userPassword", READER_PASSWORD.to_owned()),
    ]);
    add(&[
        ("dn", POLICY.to_owned()),
        ("objectClass", "device".to_owned()),
        ("objectClass", "pwdPolicy".to_owned()),
        ("pwdAttribute", "userPassword".to_owned()),
        ("pwdLockout", "TRUE".to_owned()),
        ("pwdMaxFailure", "5".to_owned()),
        ("pwdLockoutDuration", "3600".to_owned()),
    ]);
    let mut members = Vec::new();
    for (uid, name) in PLAIN {
        add(&person(&dn_of(uid), uid, name));
        if !["ben", "cora", "dora"].contains(&uid) {
            members.push(dn_of(uid));
        }
    }
    for (uid, first) in ODD {
        let dn = format!("{first},{PEOPLE}");
        let mut entry = person(&dn, uid, "Odd Odd");
        // The server adds what the DN says of them.
        entry.retain(|(name, _)| *name != "cn" && (*name != "sn" || uid != "odd-two"));
        add(&entry);
        members.push(dn);
    }
    for unit in [PEOPLE, GUESTS] {
        let dn = format!("uid={TWIN},{unit}");
        add(&person(&dn, TWIN, "Tina Twin"));
        members.push(dn);
    }

    let mut group_of = |name: &str, members: &[String]| add(&group_entry(name, members));
    group_of("level-5", &[dn_of("ben")]);
    for level in (1..5).rev() {
        group_of(
            &format!("level-{level}"),
            &[group(&format!("level-{}", level + 1))],
        );
    }
    members.push(group("level-1"));
    group_of("model-users", &members);
    group_of("Admins", &[dn_of("anna")]);
    group_of("Admins-Old", &[dn_of("dora")]);
    group_of(
        "with-outsider",
        &[dn_of("dora"), "cn=Someone,dc=elsewhere,dc=net".to_owned()],
    );
    group_of("ring-a", &[dn_of("cora")]);
    group_of("ring-b", &[group("ring-a")]);
    for n in 0..MANY {
        group_of(&format!("many-{n:03}"), &[dn_of("gustav")]);
    }
    add(&[
        ("dn", group("unique")),
        ("objectClass", "groupOfUniqueNames".to_owned()),
        ("uniqueMember", dn_of("dora")),
    ]);
    add(&[
        ("dn", group("posix")),
        ("objectClass", "posixGroup".to_owned()),
        ("gidNumber", "5000".to_owned()),
        ("memberUid", "dora".to_owned()),
    ]);
    // Closed at last: a member must be there before the group that has it.
    add(&[
        ("dn", group("ring-a")),
        ("changetype", "modify".to_owned()),
        ("add", "member".to_owned()),
        ("member", group("ring-b")),
    ]);
    ldif
}

pub(crate) fn group_entry(name: &str, members: &[String]) -> Vec<(&'static str, String)> {
    let mut entry = vec![
        ("dn", group(name)),
        ("objectClass", "groupOfNames".to_owned()),
    ];
    entry.extend(members.iter().map(|member| ("member", member.clone())));
    entry
}

pub(crate) fn write_entry(ldif: &mut String, entry: &[(&str, String)]) {
    for (name, value) in entry {
        // What LDIF takes only so: not ASCII, or a blank at an end.
        if value.is_ascii() && value.trim() == value {
            writeln!(ldif, "{name}: {value}").unwrap();
        } else {
            writeln!(ldif, "{name}:: {}", STANDARD.encode(value)).unwrap();
        }
    }
    ldif.push('\n');
}
