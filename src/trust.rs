//! Whose certificates count: the authorities that the machine knows, and those that a file adds.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// Certificates of authorities beside the machine's own.
#[derive(Debug, Clone, Default)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// A file that holds no usable certificate, or a machine without any: one sentence with the next
/// step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(String);

impl Authorities {
    /// Reads every certificate of a file in PEM form.
    ///
    /// # Errors
    /// The file cannot be read, holds no certificate, or one that cannot be used.
    pub fn read(file: &Path) -> Result<Self, TrustError> {
        let name = file.display();
        let fail = |problem: String| Err(TrustError(problem));
        let text = match std::fs::read(file) {
            Ok(text) => text,
            Err(error) => {
                return fail(format!("the certificate file {name} cannot be read: {error}"));
            }
        };
        let mut known = RootCertStore::empty();
        let mut all = Vec::new();
        for found in CertificateDer::pem_slice_iter(&text) {
            let nth = all.len() + 1;
            let usable = found
                .map_err(|error| error.to_string())
                .and_then(|one| known.add(one.clone()).map_err(|e| e.to_string()).map(|()| one));
            match usable {
                Ok(certificate) => all.push(certificate),
                Err(why) => {
                    return fail(format!(
                        "certificate {nth} in {name} cannot be used ({why}); export it again, in \
                         PEM form"
                    ));
                }
            }
        }
        if all.is_empty() {
            return fail(format!(
                "{name} holds no certificate; it must hold one or more in PEM form, which begin \
                 with BEGIN CERTIFICATE"
            ));
        }
        Ok(Self(all))
    }

    /// The certificates themselves.
    #[must_use]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }

    /// A TLS client that trusts the machine's authorities and these.
    ///
    /// # Errors
    /// The machine knows no authorities, and there are none beside them.
    pub fn client(&self) -> Result<ClientConfig, TrustError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let fail = |error: rustls::Error| {
            TrustError(format!(
                "no TLS client can be made ({error}); install the package ca-certificates, or name \
                 a file with the authority's certificate"
            ))
        };
        let verifier = Verifier::new_with_extra_roots(self.0.clone(), Arc::clone(&provider));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(fail)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier.map_err(fail)?))
            .with_no_client_auth();
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, text).unwrap();
        Authorities::read(&file).unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_is_no_help_is_named_with_the_reason() {
        let missing = Authorities::read(Path::new("/nowhere/ca.pem")).unwrap_err().to_string();
        assert!(missing.starts_with("the certificate file /nowhere/ca.pem cannot be read"));
        assert!(read("not a certificate").contains("ca.pem holds no certificate; it must hold"));
        let broken = read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert!(broken.contains("certificate 1 in ") && broken.contains("cannot be used"));
        assert!(!broken.contains("AAAA"));
    }
}
