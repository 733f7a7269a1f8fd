//! Why the certificate of a server is not accepted, and what to do about it.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use rustls::{CertificateError, Error};

/// Neither the system nor the bundle of the configuration knows who signed a certificate.
#[derive(Debug, thiserror::Error)]
#[error("neither this machine nor {} knows who signed it", file.display())]
pub(super) struct NotInBundle {
    pub(super) file: PathBuf,
}

/// Whether a server shows the certificate of an authority as its own.
pub(super) fn is_of_an_authority(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(why) if why.to_string() == "CaUsedAsEndEntity")
}

/// What people know by which names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Naming {
    /// The setting of the file of certificates.
    pub(crate) bundle: &'static str,
    /// What says by which name a server is reached.
    pub(crate) host: &'static str,
}

/// What is wrong with a certificate and what to do, if that is what an error is about.
pub(crate) fn told(error: &(dyn StdError + 'static), naming: Naming) -> Option<String> {
    let Naming { bundle, host } = naming;
    let Error::InvalidCertificate(why) = tls_error(error)? else {
        return None;
    };
    Some(match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; renew it there, or set the clock of this machine right"
                .to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; set the clock of this machine right".to_owned()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            let asked = expected.to_str();
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            match names.is_empty() {
                true => format!(
                    "its certificate names no server; make one with {asked} among its names \
                     (subjectAltName)"
                ),
                false => format!(
                    "its certificate is not valid for {asked}, but for {}; reach it by such a \
                     name ({host}), or make a certificate with {asked} \
                     among its names",
                    names.join(", ")
                ),
            }
        }
        CertificateError::NotValidForName => format!(
            "its certificate is not valid for its name; reach it by a name that is in the \
             certificate ({host})"
        ),
        CertificateError::Revoked => "its certificate is revoked; renew it there".to_owned(),
        CertificateError::UnknownIssuer | CertificateError::BadSignature => unsigned(bundle),
        why if is_of_an_authority(why) => unsigned(bundle),
        CertificateError::Other(why) if why.0.is::<NotInBundle>() => {
            format!(
                "its certificate is not trusted: {why}; give {bundle} a file that holds the \
                 certificate of the authority that signed it, or the server's own if none did"
            )
        }
        why => format!(
            "its certificate is not accepted ({why}); make one there that is valid for servers"
        ),
    })
}

fn unsigned(bundle: &str) -> String {
    format!(
        "its certificate is not signed by anyone whom this machine trusts; set {bundle} to a file \
         with the certificate of the authority that signed it, or the server's own if none did"
    )
}

/// `minio` of `DnsName("minio")`, as the certificates' library writes names.
fn bare(name: &str) -> &str {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

/// The TLS error below an error, in however many I/O errors it is wrapped: those do not name what
/// they hold as their source.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    std::iter::successors(Some(error), |&error| below(error))
        .find_map(|error| error.downcast_ref::<Error>())
}

fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
