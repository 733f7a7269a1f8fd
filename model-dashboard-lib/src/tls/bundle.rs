//! Trusting what a bundle of certificates holds, besides what the system trusts.
//!
//! A bundle holds authorities. Many servers of a hospital's own have one certificate, made in one
//! line with openssl, that calls itself an authority and that nobody else signed; other programs
//! accept it from a server if the bundle holds that very certificate, and so does this one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::TrustError;
use super::certificates::{NotInBundle, is_of_an_authority};

/// What checks the certificates of servers by what is in a file (PEM), too.
pub(super) fn verifier(
    file: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<BundleVerifier, TrustError> {
    let fault = |what: &str, source: Box<dyn std::error::Error + Send + Sync>| TrustError {
        message: format!("{} {what}", file.display()),
        source,
    };
    let no_certificate = "holds no certificate, or one that cannot be read; give a file in PEM, \
                          whose certificates start with -----BEGIN CERTIFICATE-----";
    let text = std::fs::read(file).map_err(|error| {
        let what = format!(
            "cannot be read ({error}); give a file with certificates (PEM), or do not set it"
        );
        fault(&what, error.into())
    })?;
    let given: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let given = given.map_err(|error| fault(no_certificate, error.into()))?;
    if given.is_empty() {
        return Err(fault(no_certificate, "no section CERTIFICATE".into()));
    }
    let inner = Verifier::new_with_extra_roots(given.iter().cloned(), provider)
        .map_err(|error| fault(no_certificate, error.into()))?;
    let file = file.to_owned();
    Ok(BundleVerifier { inner, given, file })
}

#[derive(Debug)]
pub(super) struct BundleVerifier {
    inner: Verifier,
    given: Vec<CertificateDer<'static>>,
    file: PathBuf,
}

impl ServerCertVerifier for BundleVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let inner = &self.inner;
        let verified =
            inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(Error::InvalidCertificate(why)) = &verified else {
            return verified;
        };
        let of_an_authority = is_of_an_authority(why);
        if of_an_authority && self.given.iter().any(|given| given == end_entity) {
            // It was refused for being an authority's, which is looked at once its time is found
            // right, and before its names.
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        match why {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {}
            _ if of_an_authority => {}
            _ => return verified,
        }
        let file = self.file.clone();
        let why = OtherError(Arc::new(NotInBundle { file }));
        Err(CertificateError::Other(why).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
