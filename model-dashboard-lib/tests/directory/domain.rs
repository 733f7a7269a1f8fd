//! Who is in the Active Directory that Samba plays.

pub(crate) use crate::people::password_of;

pub(crate) const BASE: &str = "DC=ad,DC=example,DC=org";
pub(crate) const PEOPLE: &str = "OU=People,DC=ad,DC=example,DC=org";
pub(crate) const GROUPS: &str = "OU=Groups,DC=ad,DC=example,DC=org";
/// What a sign-in name may end with, and what it may begin with.
pub(crate) const REALM: &str = "ad.example.org";
pub(crate) const SHORT_NAME: &str = "ADEX";

/// It may do anything.
pub(crate) const ADMIN: &str = "administrator@ad.example.org";
pub(crate) const ADMIN_PASSWORD: &str = "Admin-ohpheiY7Eich5aen";
/// It may read what everyone may, and nothing else.
pub(crate) const READER: &str = "reader";

/// Those who may sign in are in it.
pub(crate) const REQUIRED_GROUP: &str = "CN=model-users,OU=Groups,DC=ad,DC=example,DC=org";

/// Who is there and in order, by account and full name:
/// - `mkeller`: a plain member
/// - `anna`: a member, also of `Admins`
/// - `ben`: a member through five groups, `level-1` to `level-5`
/// - `cora`: in a ring of two groups, and no member
/// - `dora`: no member, in `Admins-Old`
/// - `emil`: a member without a mail address
/// - `petra`: a member because that is her primary group, which no `member` and `memberOf` says
/// - `paul`: his primary group is `staff`, which is a member
/// - `mweber`: a member who signs in as `maria.weber@ad.example.org`
/// - `jgroesse`: a member whose name is `Größe, Jörg`
pub(crate) const PLAIN: [(&str, &str); 11] = [
    (READER, "Reader"),
    ("mkeller", "Maria Keller"),
    ("anna", "Anna Arndt"),
    ("ben", "Ben Brandt"),
    ("cora", "Cora Conrad"),
    ("dora", "Dora Drews"),
    ("emil", "Emil Ernst"),
    ("petra", "Petra Peters"),
    ("paul", "Paul Pohl"),
    ("mweber", "Maria Weber"),
    ("jgroesse", "Größe, Jörg"),
];

/// A state in which nobody may sign in, and what Active Directory says of it in such answers as
/// `80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// The account that is so. It is a member.
    pub(crate) account: &'static str,
    pub(crate) what: &'static str,
    /// With the right password.
    pub(crate) right: &'static str,
    /// With a wrong one.
    pub(crate) wrong: &'static str,
}

/// What a wrong password is answered with, and an unknown name.
pub(crate) const WRONG_PASSWORD: &str = "52e";

pub(crate) const STATES: [State; 7] = [
    State::of("sleeping", "logon hours deny every hour", "530"),
    State::of(
        "deskbound",
        "logon is allowed from another workstation only",
        "531",
    ),
    State::of("stale", "the password has expired", "532"),
    State::of("disabled", "the account is disabled", "533"),
    State::of("expired", "the account has expired", "701"),
    State::of(
        "newcomer",
        "the password must be changed at the next logon",
        "773",
    ),
    State {
        wrong: "775",
        ..State::of("locked", "the account is locked out", "775")
    },
];

impl State {
    const fn of(account: &'static str, what: &'static str, right: &'static str) -> Self {
        let wrong = WRONG_PASSWORD;
        Self {
            account,
            what,
            right,
            wrong,
        }
    }
}

/// So many wrong passwords lock an account, until an administrator unlocks it.
pub(crate) const LOCKOUT_THRESHOLD: usize = 5;

/// Where someone of this full name is.
pub(crate) fn dn_of(name: &str) -> String {
    format!("CN={},{PEOPLE}", name.replace(',', "\\,"))
}

pub(crate) fn group(name: &str) -> String {
    format!("CN={name},{GROUPS}")
}

/// The name that a bind takes, of an account that has no other.
pub(crate) fn principal(account: &str) -> String {
    match account {
        "mweber" => format!("maria.weber@{REALM}"),
        _ => format!("{account}@{REALM}"),
    }
}
