//! OpenLDAP's server with 1,000 people, all of them in one group.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::authority::{Authority, Flaw};
use crate::people::{self, ADMIN, ADMIN_PASSWORD, BASE, READER, READER_PASSWORD, REQUIRED_GROUP};
use crate::processes::{Running, free_port};

/// How many people there are.
pub(crate) const PEOPLE: usize = 1_000;

/// A server of its own, ended when dropped.
#[derive(Debug)]
pub(crate) struct Slapd {
    pub(crate) authority: Authority,
    pub(crate) url: String,
    pub(crate) tls_url: String,
    folder: TempDir,
    _running: Running,
}

/// The name that the person number `n` signs in with.
pub(crate) fn uid(n: usize) -> String {
    format!("person-{:04}", n % PEOPLE)
}

impl Slapd {
    /// One with a certificate, or one that speaks no TLS.
    pub(crate) async fn start(has_certificate: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (inside, authority) = (folder.path(), Authority::new());
        std::fs::create_dir(inside.join("db")).unwrap();
        std::fs::write(inside.join("ca.crt"), authority.pem()).unwrap();
        std::fs::write(inside.join("content.ldif"), ldif()).unwrap();
        let mut tls = String::new();
        if has_certificate {
            let signed = authority.sign(&["127.0.0.1"], Flaw::None);
            let (certificate, key) = signed.write_into(inside);
            tls = format!(
                "TLSCertificateFile {}\nTLSCertificateKeyFile {}",
                certificate.display(),
                key.display()
            );
        }
        let conf = inside.join("slapd.conf");
        std::fs::write(&conf, configuration(&inside.display().to_string(), &tls)).unwrap();

        let (port, tls_port) = (free_port(), free_port());
        let url = format!("ldap://127.0.0.1:{port}");
        let tls_url = format!("ldaps://127.0.0.1:{tls_port}");
        let socket = inside.join("ldapi").display().to_string();
        let own_url = format!("ldapi://{}", socket.replace('/', "%2F"));
        let mut urls = format!("{url} {own_url}");
        if has_certificate {
            urls = format!("{urls} {tls_url}");
        }
        let mut command = Command::new("/usr/sbin/slapd");
        command.arg("-f").arg(&conf).args(["-h", &urls, "-d", "0"]);
        let running = Running::start(command);
        let address = (Ipv4Addr::LOCALHOST, port).into();
        running.listens(address).await.unwrap();

        let mut add = Command::new("ldapadd");
        add.args(["-x", "-H", &own_url, "-D", ADMIN, "-w", ADMIN_PASSWORD]);
        let added = add.arg("-f").arg(inside.join("content.ldif")).output();
        let added = added.unwrap();
        let errors = String::from_utf8_lossy(&added.stderr);
        assert!(added.status.success(), "{errors}");
        Self {
            authority,
            url,
            tls_url,
            folder,
            _running: running,
        }
    }

    /// The certificate of its authority, in a file.
    pub(crate) fn authority_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }
}

fn configuration(folder: &str, tls: &str) -> String {
    format!(
        r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
{tls}
database mdb
suffix {BASE}
rootdn {ADMIN}
rootpw {ADMIN_PASSWORD}
directory {folder}/db
dbnosync
maxsize 67108864
index objectClass,uid eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{READER}" read by * none
overlay memberof
"#
    )
}

fn ldif() -> String {
    let mut ldif = String::new();
    let mut add = |entry: &[(&str, String)]| people::write_entry(&mut ldif, entry);
    add(&[
        ("dn", BASE.to_owned()),
        ("objectClass", "dcObject".to_owned()),
        ("objectClass", "organization".to_owned()),
        ("o", "Example".to_owned()),
    ]);
    for unit in ["people", "groups", "services"] {
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
    let mut group = vec![
        ("dn", REQUIRED_GROUP.to_owned()),
        ("objectClass", "groupOfNames".to_owned()),
    ];
    for n in 0..PEOPLE {
        let dn = people::dn_of(&uid(n));
        add(&people::person(&dn, &uid(n), &format!("Person {n:04}")));
        group.push(("member", dn));
    }
    // At last: `memberOf` is written with the group.
    add(&group);
    ldif
}
