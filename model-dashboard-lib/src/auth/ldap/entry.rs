//! A person as their entry in the directory describes them.

mod hindrance;

use std::collections::HashMap;

use hindrance::hindrance;
use ldap3::SearchEntry;

use super::dn::Dn;
use super::template::FilterTemplate;
use crate::auth::Username;
use crate::config::LdapConfig;
use crate::model::Timestamp;

pub(super) use hindrance::Hindrance;

/// How many groups of a person are kept.
pub(super) const MAX_GROUPS: usize = 1000;

/// The longest name, mail address or id that is kept, in characters.
const MAX_CHARS: usize = 254;

/// Attributes that hold what stays the same when a person is renamed: of OpenLDAP and others
/// (RFC 4530), of Active Directory, of 389 Directory Server.
const IDS: [&str; 3] = ["entryUUID", "objectGUID", "nsUniqueId"];

/// What is asked of every person's entry besides what the configuration names.
const ALWAYS: [&str; 16] = [
    "uid",
    "sAMAccountName",
    "userPrincipalName",
    "displayName",
    "cn",
    "userAccountControl",
    "accountExpires",
    "pwdAccountLockedTime",
    "nsAccountLock",
    "objectSid",
    "primaryGroupID",
    "pwdLastSet",
    "pwdReset",
    "msDS-User-Account-Control-Computed",
    "logonHours",
    "userWorkstations",
];

/// Which attributes hold what.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    id: Option<String>,
    username: Option<String>,
    name: Option<String>,
    mail: String,
    pub(super) groups: String,
    /// What the filter compares a typed name with.
    typed: Vec<String>,
}

impl Attributes {
    pub(super) fn new(config: &LdapConfig, filter: &FilterTemplate) -> Self {
        Self {
            id: config.id_attribute.clone(),
            username: config.username_attribute.clone(),
            typed: filter.attributes().map(str::to_owned).collect(),
            name: config.name_attribute.clone(),
            mail: config.mail_attribute.clone(),
            groups: config.group_attribute.clone(),
        }
    }

    /// What to ask for. Without asking, directories leave the operational ones out.
    pub(super) fn wanted(&self) -> Vec<&str> {
        let own = [&self.id, &self.username, &self.name];
        let own = own.into_iter().flatten().map(String::as_str);
        let own = own.chain([self.mail.as_str(), self.groups.as_str()]);
        let is_further = |name: &&str| !ALWAYS.iter().any(|one| one.eq_ignore_ascii_case(name));
        let typed = self.typed.iter().map(String::as_str).filter(is_further);
        own.chain(typed).chain(ALWAYS).chain(IDS).collect()
    }

    /// Those that the configuration names beside the usual ones, each with its setting.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let all = [
            (&self.id, "LDAP_ID_ATTRIBUTE"),
            (&self.username, "LDAP_USERNAME_ATTRIBUTE"),
            (&self.name, "LDAP_NAME_ATTRIBUTE"),
        ];
        all.into_iter()
            .filter_map(|(name, setting)| Some((name.as_deref()?, setting)))
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        let own = self.id.as_deref();
        let others = IDS.into_iter().filter(move |_| own.is_none());
        own.into_iter().chain(others)
    }

    /// The filter that finds who has this id (RFC 4515).
    pub(super) fn filter_of_id(&self, id: &str) -> String {
        let one = |attribute: &str| match guid_bytes(id).filter(|_| is_guid(attribute)) {
            Some(bytes) => format!("({attribute}={})", in_filter(&bytes)),
            None => format!("({attribute}={})", ldap3::ldap_escape(id)),
        };
        let all: String = self.ids().map(one).collect();
        format!("(|{all})")
    }
}

/// Whether an account may be used, as far as its entry tells. Being locked for a time is left to
/// the directory: it keeps nobody from what they have begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountState {
    Usable,
    Disabled,
    Expired,
    /// The entry is of Active Directory and does not show it.
    Unknown,
}

/// A person's entry.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) dn: Dn,
    pub(super) id: String,
    pub(super) username: Option<String>,
    /// What they can sign in with where the entry has no username: what the filter finds them by,
    /// else their mail address or user principal name.
    pub(super) other_name: Option<Username>,
    pub(super) uids: Vec<String>,
    pub(super) display_name: Option<String>,
    pub(super) email: Option<String>,
    /// What the group attribute holds.
    pub(super) groups: Vec<String>,
    /// Whether the entry has the group attribute at all.
    pub(super) tells_groups: bool,
    pub(super) state: AccountState,
    pub(super) hindrance: Option<Hindrance>,
    pub(super) principal: Option<String>,
    pub(super) sam_account: Option<String>,
    /// The security identifier of the primary group, which Active Directory leaves out of the
    /// groups.
    pub(super) primary_group: Option<Vec<u8>>,
    pub(super) is_active_directory: bool,
}

/// Why an entry describes nobody who could sign in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoPerson {
    #[error("the entry has a name that cannot be read")]
    Name,
    #[error(
        "the entry has no attribute that stays the same when somebody is renamed (entryUUID, \
         objectGUID, nsUniqueId); make it readable, or set LDAP_ID_ATTRIBUTE"
    )]
    NoId,
    #[error("the entry has no {0}; set LDAP_ID_ATTRIBUTE to an attribute that every person has")]
    NoSuchId(String),
}

impl Person {
    pub(super) fn read(
        entry: SearchEntry,
        attributes: &Attributes,
        now: Timestamp,
    ) -> Result<Self, NoPerson> {
        let dn = Dn::parse(&entry.dn).ok_or(NoPerson::Name)?;
        let values = Values::new(entry);
        let id = attributes.ids().find_map(|name| values.id(name));
        let id = id.ok_or_else(|| match &attributes.id {
            Some(name) => NoPerson::NoSuchId(name.clone()),
            None => NoPerson::NoId,
        })?;
        let first = |own: &Option<String>, others: [&str; 2]| match own {
            Some(name) => values.text(name),
            None => others.into_iter().find_map(|name| values.text(name)),
        };
        let typed = attributes.typed.iter().map(String::as_str);
        let mut others = typed.chain([&*attributes.mail, "userPrincipalName"]);
        Ok(Self {
            dn,
            id,
            username: first(&attributes.username, ["sAMAccountName", "uid"]),
            other_name: others.find_map(|name| Username::parse(&values.text(name)?).ok()),
            uids: values.texts("uid"),
            display_name: first(&attributes.name, ["displayName", "cn"]),
            email: values.text(&attributes.mail),
            groups: values.texts(&attributes.groups),
            tells_groups: !values.all(&attributes.groups).is_empty(),
            state: values.state(now),
            hindrance: hindrance(&values, now),
            principal: values.text("userPrincipalName"),
            sam_account: values.text("sAMAccountName"),
            primary_group: values.primary_group(),
            is_active_directory: values.bytes("objectGUID").is_some(),
        })
    }
}

impl Person {
    /// Whether the entry has this name. Directories may find more, such as letters without their
    /// accents.
    pub(super) fn is_named(&self, username: &Username) -> bool {
        self.is_account(username) || is_any(&self.uids, username)
    }

    /// Whether this is the name of the account in Active Directory.
    pub(super) fn is_account(&self, name: &Username) -> bool {
        is_any(&self.sam_account, name)
    }

    /// Whether this is the user principal name.
    pub(super) fn is_principal(&self, name: &Username) -> bool {
        is_any(&self.principal, name)
    }
}

fn is_any<'a>(names: impl IntoIterator<Item = &'a String>, name: &Username) -> bool {
    let mut names = names.into_iter();
    names.any(|own| Username::parse(own).is_ok_and(|own| own == *name))
}

/// The attributes of an entry, by their names in lower case and without options (RFC 4512 section
/// 2.5): `memberOf;range=0-1499` is `memberof`.
struct Values(HashMap<String, Vec<Vec<u8>>>);

impl Values {
    fn new(entry: SearchEntry) -> Self {
        let mut all: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
        let texts = entry.attrs.into_iter().map(|(name, values)| {
            let values: Vec<_> = values.into_iter().map(String::into_bytes).collect();
            (name, values)
        });
        for (name, values) in texts.chain(entry.bin_attrs) {
            let name = name.split(';').next().unwrap_or_default();
            all.entry(name.to_ascii_lowercase())
                .or_default()
                .extend(values);
        }
        Self(all)
    }

    fn all(&self, name: &str) -> &[Vec<u8>] {
        let found = self.0.get(&name.to_ascii_lowercase());
        found.map_or(&[], Vec::as_slice)
    }

    fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.all(name).first().map(Vec::as_slice)
    }

    /// The first value that is a text, on one line and not too long.
    fn text(&self, name: &str) -> Option<String> {
        let texts = self.all(name).iter();
        let mut texts = texts.filter_map(|value| std::str::from_utf8(value).ok());
        texts.find_map(|text| {
            let shown: String = text.chars().filter(|c| !c.is_control()).collect();
            let shown = shown.trim();
            (1..=MAX_CHARS)
                .contains(&shown.chars().count())
                .then(|| shown.to_owned())
        })
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.all(name).iter();
        let texts = texts.filter_map(|value| String::from_utf8(value.clone()).ok());
        texts.take(MAX_GROUPS).collect()
    }

    fn number(&self, name: &str) -> Option<i64> {
        std::str::from_utf8(self.bytes(name)?)
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// The only value of an attribute, if it can be an id.
    fn id(&self, name: &str) -> Option<String> {
        let [value] = self.all(name) else {
            return None;
        };
        if is_guid(name) {
            return guid_text(value);
        }
        let text = std::str::from_utf8(value).ok()?.trim();
        let fits = (1..=MAX_CHARS).contains(&text.chars().count());
        let whole = fits && !text.chars().any(char::is_control);
        whole.then(|| text.to_owned())
    }

    fn state(&self, now: Timestamp) -> AccountState {
        /// `ADS_UF_ACCOUNTDISABLE`
        const DISABLED: i64 = 2;
        let flags = match self.number("userAccountControl") {
            Some(flags) => flags,
            None if self.bytes("objectGUID").is_some() => return AccountState::Unknown,
            None => 0,
        };
        // For good, as the password policy of OpenLDAP writes it; other times pass.
        let locked = self.text("pwdAccountLockedTime");
        let locked = locked.is_some_and(|time| time.starts_with("00000101"));
        let barred = self.text("nsAccountLock");
        let barred = barred.is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if flags & DISABLED != 0 || locked || barred {
            return AccountState::Disabled;
        }
        let ends = self.number("accountExpires").and_then(file_time);
        match ends.is_some_and(|end| end <= now) {
            true => AccountState::Expired,
            false => AccountState::Usable,
        }
    }

    fn primary_group(&self) -> Option<Vec<u8>> {
        let number = u32::try_from(self.number("primaryGroupID")?).ok()?;
        let mut sid = self.bytes("objectSid")?.to_vec();
        // Revision, count, authority, and four bytes for each sub-authority ([MS-DTYP] 2.4.2.2).
        let count = usize::from(*sid.get(1)?);
        if count == 0 || sid.len() != 8 + 4 * count {
            return None;
        }
        let end = sid.len() - 4;
        sid.get_mut(end..)?.copy_from_slice(&number.to_le_bytes());
        Some(sid)
    }
}

/// A time of Windows, in steps of 100 ns since 1601; `None` for never.
fn file_time(steps: i64) -> Option<Timestamp> {
    const TO_1970: i64 = 11_644_473_600 * 1_000_000;
    if steps <= 0 || steps == i64::MAX {
        return None;
    }
    Some(Timestamp::from_unix_micros(steps / 10 - TO_1970))
}

fn is_guid(attribute: &str) -> bool {
    attribute.eq_ignore_ascii_case("objectGUID")
}

/// The three first parts of a GUID are numbers with the low byte first ([MS-DTYP] 2.3.4.2).
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn guid_text(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let digits = hex::encode(GUID_ORDER.map(|at| bytes[at]));
    let part = |from, to| digits.get(from..to);
    Some(format!(
        "{}-{}-{}-{}-{}",
        part(0, 8)?,
        part(8, 12)?,
        part(12, 16)?,
        part(16, 20)?,
        part(20, 32)?
    ))
}

fn guid_bytes(text: &str) -> Option<[u8; 16]> {
    let lengths = text.split('-').map(str::len);
    if !lengths.eq([8, 4, 4, 4, 12]) {
        return None;
    }
    let bytes = hex::decode(text.replace('-', "")).ok()?;
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    Some(GUID_ORDER.map(|at| bytes[at]))
}

/// Bytes as a filter writes them.
pub(super) fn in_filter(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
