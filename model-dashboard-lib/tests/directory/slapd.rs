//! OpenLDAP's server, as a hospital runs it.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Mod};
use tempfile::TempDir;

use crate::authority::{Authority, Flaw};
use crate::people::{self, ADMIN, ADMIN_PASSWORD, READER};
use crate::processes::{Running, free_port};

/// How it differs from a usual one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// What is wrong with its certificate; `None`: it has none, so neither StartTLS nor ldaps.
    pub(crate) certificate: Option<Flaw>,
    /// Whether everyone may search; if not, the account [`READER`] may, and people read themselves.
    pub(crate) anonymous_search: bool,
    /// Whether a name with an empty password is a successful, anonymous bind.
    pub(crate) empty_password_binds: bool,
    /// Whether a password is taken by TLS only; else the answer is 13, and it was on the wire.
    pub(crate) wants_tls: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            certificate: Some(Flaw::None),
            anonymous_search: true,
            empty_password_binds: false,
            wants_tls: false,
        }
    }
}

/// A server of its own with the content of [`people`], ended when dropped.
#[derive(Debug)]
pub(crate) struct Slapd {
    pub(crate) authority: Authority,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    folder: TempDir,
    habits: Habits,
    running: Option<Running>,
    /// How much of its log is not about what tests ask.
    before: usize,
}

impl Slapd {
    /// `None` if there is no OpenLDAP here, which is said.
    pub(crate) async fn start() -> Option<Self> {
        Self::with(Habits::default()).await
    }

    pub(crate) async fn with(habits: Habits) -> Option<Self> {
        if !crate::can_run("slapd", "slapd") || !crate::can_run("ldapadd", "ldap-utils") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        std::fs::create_dir(folder.path().join("db")).unwrap();
        std::fs::write(folder.path().join("ca.crt"), authority.pem()).unwrap();
        if let Some(flaw) = habits.certificate {
            let signed = authority.sign(&["127.0.0.1", "localhost"], flaw);
            signed.write_into(folder.path());
        }
        let configuration = configuration(folder.path(), habits);
        std::fs::write(folder.path().join("slapd.conf"), configuration).unwrap();
        let mut slapd = Self {
            authority,
            port: 0,
            tls_port: 0,
            folder,
            habits,
            running: None,
            before: 0,
        };
        // Another test may have taken a port meanwhile.
        loop {
            (slapd.port, slapd.tls_port) = (free_port(), free_port());
            match slapd.try_start().await {
                Ok(()) => break,
                Err(output) if output.contains("Address already in use") => {}
                Err(output) => panic!("slapd does not start: {output}"),
            }
        }
        slapd.fill();
        slapd.logged("UNBIND").await.unwrap();
        slapd.before = slapd.log().await.len();
        Some(slapd)
    }

    async fn try_start(&mut self) -> Result<(), String> {
        let mut urls = format!("{} {}", self.url(), self.own_url());
        if self.habits.certificate.is_some() {
            urls = format!("{urls} {}", self.tls_url());
        }
        // `stats` writes down each operation, and never a password.
        let mut command = Command::new("/usr/sbin/slapd");
        command.arg("-f").arg(self.folder.path().join("slapd.conf"));
        command.args(["-h", &urls, "-d", "stats"]);
        let running = Running::start(command);
        // It has its ports when it says so, and listens a moment later.
        running.wrote("slapd starting").await?;
        running
            .listens((Ipv4Addr::LOCALHOST, self.port).into())
            .await?;
        if self.habits.certificate.is_some() {
            running
                .listens((Ipv4Addr::LOCALHOST, self.tls_port).into())
                .await?;
        }
        self.running = Some(running);
        Ok(())
    }

    fn fill(&self) {
        let file = self.folder.path().join("content.ldif");
        std::fs::write(&file, people::ldif()).unwrap();
        let mut add = Command::new("ldapadd");
        add.args([
            "-x",
            "-H",
            &self.own_url(),
            "-D",
            ADMIN,
            "-w",
            ADMIN_PASSWORD,
        ]);
        // Only so may it be said that an account is locked.
        add.args(["-e", "relax", "-f"]).arg(file);
        let added = add.output().unwrap();
        let errors = String::from_utf8_lossy(&added.stderr);
        assert!(added.status.success(), "{errors}");
    }

    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    pub(crate) fn tls_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// A socket in its folder, by which it is administered.
    fn own_url(&self) -> String {
        let socket = self.folder.path().join("ldapi");
        format!("ldapi://{}", socket.to_str().unwrap().replace('/', "%2F"))
    }

    /// The certificate of its authority, in a file.
    pub(crate) fn authority_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Waits until its log has this; all lines so far if it never does.
    pub(crate) async fn logged(&self, text: &str) -> Result<(), String> {
        self.running.as_ref().unwrap().wrote(text).await
    }

    /// What it was asked since it started (last) until now: a line for each bind, search and so on.
    pub(crate) async fn log(&self) -> String {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        // Lines arrive a moment after answers, but in their order: the last question's is the last.
        let last = format!("cn=question-{}", ASKED.fetch_add(1, Ordering::Relaxed));
        let mut search = Command::new("ldapsearch");
        search.args(["-x", "-H", &self.own_url(), "-s", "base", "-b", &last]);
        search.output().unwrap();
        let line = format!("SRCH base=\"{last}\"");
        self.logged(&line).await.unwrap();
        let running = self.running.as_ref().unwrap();
        running.output().split_off(self.before)
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.running.as_ref().unwrap().id()
    }

    /// Ends it; what it holds stays.
    pub(crate) fn stop(&mut self) {
        self.running = None;
    }

    /// Starts it on the same ports, with what it held.
    pub(crate) async fn start_again(&mut self) {
        self.stop();
        self.before = 0;
        self.try_start().await.unwrap();
    }

    /// Connections are taken and nothing is answered, until it goes on.
    pub(crate) fn pause(&self) {
        self.running.as_ref().unwrap().pause();
    }

    pub(crate) fn go_on(&self) {
        self.running.as_ref().unwrap().go_on();
    }

    /// A connection that may change everything.
    pub(crate) async fn admin(&self) -> Ldap {
        let settings = LdapConnSettings::new();
        let url = self.own_url();
        let (connection, mut ldap) = LdapConnAsync::with_settings(settings, &url).await.unwrap();
        ldap3::drive!(connection);
        let bound = ldap.simple_bind(ADMIN, ADMIN_PASSWORD).await.unwrap();
        bound.success().unwrap();
        ldap
    }

    /// Gives an entry another name in the same place: `uid=new`.
    pub(crate) async fn rename(&self, dn: &str, first: &str) {
        let renamed = self.admin().await.modifydn(dn, first, true, None).await;
        renamed.unwrap().success().unwrap();
    }

    pub(crate) async fn delete(&self, dn: &str) {
        let deleted = self.admin().await.delete(dn).await;
        deleted.unwrap().success().unwrap();
    }

    /// Adds a person, who has another `entryUUID` than anyone there ever had.
    pub(crate) async fn add_person(&self, uid: &str, name: &str) {
        let dn = people::dn_of(uid);
        let entry = people::person(&dn, uid, name);
        let attributes = entry.into_iter().filter(|(name, _)| *name != "dn");
        let attributes = attributes.map(|(name, value)| (name.to_owned(), HashSet::from([value])));
        let added = self.admin().await.add(&dn, attributes.collect()).await;
        added.unwrap().success().unwrap();
    }

    pub(crate) async fn join(&self, group: &str, dn: &str) {
        let change = Mod::Add("member", HashSet::from([dn]));
        self.change(group, change).await;
    }

    pub(crate) async fn leave(&self, group: &str, dn: &str) {
        let change = Mod::Delete("member", HashSet::from([dn]));
        self.change(group, change).await;
    }

    /// Disables the account.
    pub(crate) async fn disable(&self, dn: &str) {
        let since = HashSet::from(["000001010000Z"]);
        self.change(dn, Mod::Replace("pwdAccountLockedTime", since))
            .await;
    }

    pub(crate) async fn change(&self, dn: &str, change: Mod<&str>) {
        let changed = self.admin().await.modify(dn, vec![change]).await;
        changed.unwrap().success().unwrap();
    }
}

fn configuration(folder: &Path, habits: Habits) -> String {
    let folder = folder.display();
    let allow = if habits.empty_password_binds {
        "allow bind_anon_cred bind_anon_dn"
    } else {
        ""
    };
    let tls = if habits.certificate.is_some() {
        format!("TLSCertificateFile {folder}/server.crt\nTLSCertificateKeyFile {folder}/server.key")
    } else {
        String::new()
    };
    let security = if habits.wants_tls {
        "security simple_bind=128\nlocalSSF 128"
    } else {
        ""
    };
    let who = if habits.anonymous_search {
        "by * read".to_owned()
    } else {
        format!("by dn.exact=\"{READER}\" read by self read by * none")
    };
    format!(
        r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
{allow}
{security}
{tls}
database mdb
suffix {base}
rootdn {ADMIN}
rootpw {ADMIN_PASSWORD}
directory {folder}/db
dbnosync
maxsize 67108864
index objectClass,uid,entryUUID,member,memberOf eq
access to attrs=userPassword by anonymous auth by * none
access to * {who}
overlay memberof
memberof-refint TRUE
overlay refint
refint_attributes member memberOf uniqueMember
overlay ppolicy
ppolicy_default {policy}
"#,
        base = people::BASE,
        policy = people::POLICY
    )
}
