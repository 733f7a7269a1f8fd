//! A throw-away authority, and what it signs: good certificates and bad ones.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// What is wrong with a server's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flaw {
    #[default]
    None,
    /// It is that of `elsewhere.example.org`.
    WrongHost,
    Expired,
    /// Another authority signed it.
    UnknownAuthority,
}

#[derive(Debug)]
pub(crate) struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A server's certificate and its key.
#[derive(Debug)]
pub(crate) struct Signed {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("Throw-away authority")
    }

    fn named(own: &str) -> Self {
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, own);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self {
            certificate: params.self_signed(&key).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    /// For a server that is reached by these names, were it not for the flaw.
    pub(crate) fn sign(&self, names: &[&str], flaw: Flaw) -> Signed {
        let names = match flaw {
            Flaw::WrongHost => &["elsewhere.example.org"],
            _ => names,
        };
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "Throw-away server");
        if flaw == Flaw::Expired {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let another = Self::named("Another authority");
        let issuer = match flaw {
            Flaw::UnknownAuthority => &another.issuer,
            _ => &self.issuer,
        };
        Signed {
            certificate: params.signed_by(&key, issuer).unwrap(),
            key,
        }
    }

    /// What a client must be given to accept its certificates, as PEM.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A client that accepts its certificates, and no others.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

impl Signed {
    /// Writes `server.crt` and `server.key` into the folder.
    pub(crate) fn write_into(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
        std::fs::write(&certificate, self.certificate.pem()).unwrap();
        // Samba refuses a key that others may read.
        let mut new = std::fs::OpenOptions::new();
        let mut file = new
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&key)
            .unwrap();
        file.write_all(self.key.serialize_pem().as_bytes()).unwrap();
        (certificate, key)
    }

    /// For a server in this process.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth();
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let chain = vec![self.certificate.der().clone()];
        Arc::new(config.with_single_cert(chain, key).unwrap())
    }
}
