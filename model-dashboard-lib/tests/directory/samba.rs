//! Samba as the domain controller of an Active Directory.

mod content;
mod template;

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Mod};
use tempfile::TempDir;

use crate::authority::{Authority, Flaw};
use crate::domain::{ADMIN, ADMIN_PASSWORD, REALM, SHORT_NAME};
use crate::processes::{Running, random};

/// A domain of its own with the content of [`crate::domain`], ended when dropped.
#[derive(Debug)]
pub(crate) struct Samba {
    pub(crate) authority: Authority,
    /// Its ports are the usual ones, so it has an address of its own.
    pub(crate) address: Ipv4Addr,
    flaw: Flaw,
    folder: TempDir,
    running: Option<Running>,
}

impl Samba {
    /// `None` if there is no Samba here, or may not be run, which is said.
    pub(crate) async fn start() -> Option<Self> {
        Self::with(Flaw::None).await
    }

    pub(crate) async fn with(flaw: Flaw) -> Option<Self> {
        let packages = "samba samba-ad-provision samba-dsdb-modules samba-vfs-modules";
        if !crate::can_run("samba", packages) || !crate::can_run("samba-tool", packages) {
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            crate::skip("Samba must be started by root");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let domain = template::folder().await;
        template::copy(&domain, &folder.path().join("ad"));
        let authority = Authority::new();
        let address = free_address();
        let running = run(&folder.path().join("ad"), address, &authority, flaw).await;
        Some(Self {
            authority,
            address,
            flaw,
            folder,
            running: Some(running),
        })
    }

    /// It refuses passwords there until TLS is started.
    pub(crate) fn url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    pub(crate) fn tls_url(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    /// The certificate of its authority, in a file.
    pub(crate) fn authority_file(&self) -> PathBuf {
        let file = self.folder.path().join("authority.crt");
        std::fs::write(&file, self.authority.pem()).unwrap();
        file
    }

    /// What it wrote since it started (last): a line for each sign-in that it tried.
    pub(crate) fn log(&self) -> String {
        self.running.as_ref().unwrap().output()
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.running.as_ref().unwrap().id()
    }

    /// Ends it; what it holds stays.
    pub(crate) fn stop(&mut self) {
        self.running = None;
    }

    /// Starts it at the same address, with what it held.
    pub(crate) async fn start_again(&mut self) {
        self.stop();
        let folder = self.folder.path().join("ad");
        let running = run(&folder, self.address, &self.authority, self.flaw).await;
        self.running = Some(running);
    }

    /// Connections are taken and nothing is answered, until it goes on.
    pub(crate) fn pause(&self) {
        self.running.as_ref().unwrap().pause();
    }

    pub(crate) fn go_on(&self) {
        self.running.as_ref().unwrap().go_on();
    }

    /// A connection that may change everything; the certificate must be without a flaw.
    pub(crate) async fn admin(&self) -> Ldap {
        admin_at(self.address, &self.authority).await
    }

    /// Gives an entry another name in the same place: `CN=New`.
    pub(crate) async fn rename(&self, dn: &str, first: &str) {
        let renamed = self.admin().await.modifydn(dn, first, true, None).await;
        renamed.unwrap().success().unwrap();
    }

    pub(crate) async fn delete(&self, dn: &str) {
        let deleted = self.admin().await.delete(dn).await;
        deleted.unwrap().success().unwrap();
    }

    /// Adds a person, who has another `objectGUID` and SID than anyone there ever had.
    pub(crate) async fn add_person(&self, account: &str, name: &str) {
        content::add_person(&mut self.admin().await, account, name).await;
    }

    pub(crate) async fn join(&self, group: &str, dn: &str) {
        let change = Mod::Add("member", HashSet::from([dn]));
        self.change(group, change).await;
    }

    pub(crate) async fn leave(&self, group: &str, dn: &str) {
        let change = Mod::Delete("member", HashSet::from([dn]));
        self.change(group, change).await;
    }

    pub(crate) async fn disable(&self, dn: &str) {
        let disabled = HashSet::from(["514"]);
        let change = Mod::Replace("userAccountControl", disabled);
        self.change(dn, change).await;
    }

    pub(crate) async fn unlock(&self, dn: &str) {
        let change = Mod::Replace("lockoutTime", HashSet::from(["0"]));
        self.change(dn, change).await;
    }

    pub(crate) async fn change(&self, dn: &str, change: Mod<&str>) {
        let changed = self.admin().await.modify(dn, vec![change]).await;
        changed.unwrap().success().unwrap();
    }
}

async fn admin_at(address: Ipv4Addr, authority: &Authority) -> Ldap {
    let settings = LdapConnSettings::new().set_config(authority.client());
    let url = format!("ldaps://{address}");
    let (connection, mut ldap) = LdapConnAsync::with_settings(settings, &url).await.unwrap();
    ldap3::drive!(connection);
    let bound = ldap.simple_bind(ADMIN, ADMIN_PASSWORD).await.unwrap();
    bound.success().unwrap();
    ldap
}

/// An address where nobody listens on the ports of a domain controller.
fn free_address() -> Ipv4Addr {
    loop {
        let [x, y] = random().to_be_bytes();
        let address = Ipv4Addr::new(127, x.max(1), y, 77);
        let mut ports = [389, 636, 3268, 3269].iter();
        if ports.all(|port| TcpListener::bind((address, *port)).is_ok()) {
            return address;
        }
    }
}

/// Starts it from a folder, and waits until it answers.
async fn run(folder: &Path, address: Ipv4Addr, authority: &Authority, flaw: Flaw) -> Running {
    let names = [&address.to_string(), "dc1.ad.example.org"];
    authority.sign(&names, flaw).write_into(folder);
    let file = folder.join("etc/smb.conf");
    std::fs::create_dir_all(folder.join("run")).unwrap();
    std::fs::write(&file, configuration(folder, address)).unwrap();
    // In the foreground, in one process. It writes to its standard output.
    let mut command = Command::new("/bin/sh");
    let line = "exec /usr/sbin/samba --interactive --model=single --configfile=\"$0\" >&2";
    command.args(["-c", line]).arg(file);
    let running = Running::start(command);
    for port in [389, 636] {
        if let Err(output) = running.listens((address, port).into()).await {
            panic!("Samba does not start: {output}");
        }
    }
    running
}

fn configuration(folder: &Path, address: Ipv4Addr) -> String {
    let realm = REALM.to_uppercase();
    let folder = folder.display();
    format!(
        r"[global]
server role = active directory domain controller
server services = ldap
realm = {realm}
workgroup = {SHORT_NAME}
netbios name = DC1
interfaces = {address}/8
bind interfaces only = yes
lock directory = {folder}
private dir = {folder}/private
state directory = {folder}/state
cache directory = {folder}/cache
pid directory = {folder}/run
ncalrpc dir = {folder}/run/ncalrpc
winbindd socket directory = {folder}/run/winbindd
ntp signd socket directory = {folder}/run/ntp
binddns dir = {folder}/bind-dns
tls keyfile = {folder}/server.key
tls certfile = {folder}/server.crt
tls cafile =
dns update command = /bin/true
spn update command = /bin/true
samba kcc command = /bin/true
load printers = no
log level = 1 auth_audit:3
"
    )
}
