//! Whether the other side is who it should be.

use crate::known_hosts::{self, Verdict};
use crate::{Auth, GitError, Remote};
use git2::CertificateCheckStatus;
use git2::cert::Cert;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::Arc;

/// The certificates of a bundle that the user gave.
pub(crate) fn parse_ca(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, GitError> {
    let invalid = |why: &str| GitError::invalid("the CA certificate", why);
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|e| invalid(&e.to_string()))?;
    if all.is_empty() { Err(invalid("it holds no certificate in PEM")) } else { Ok(all) }
}

pub(crate) fn check(
    remote: &Remote,
    port: u16,
    ca: &[CertificateDer<'static>],
    cert: &Cert<'_>,
    host: &str,
) -> Result<CertificateCheckStatus, GitError> {
    if let Some(key) = cert.as_hostkey() {
        let refuse = |why: String| GitError::HostKey { host: host.to_owned(), why };
        let Auth::Ssh { known_hosts, .. } = &remote.auth else {
            return Err(refuse("there is no known_hosts for it".into()));
        };
        let Some(key) = key.hostkey() else {
            return Err(refuse("the server sent no key".into()));
        };
        let offered = known_hosts::key_type(key);
        return match known_hosts::check(known_hosts, host, port, key) {
            Verdict::Trusted => Ok(CertificateCheckStatus::CertificateOk),
            Verdict::Unknown => Err(refuse(format!("known_hosts does not list it (it offers {offered})"))),
            Verdict::Revoked => Err(refuse(format!("known_hosts marks its {offered} key as revoked"))),
            Verdict::Mismatch { known_types } => Err(refuse(format!(
                "it offers another {offered} key than known_hosts lists ({})",
                known_types.join(", ")
            ))),
        };
    }
    let Some(x509) = cert.as_x509() else {
        return Err(GitError::Certificate { host: host.to_owned(), why: "it is of an unknown kind".into() });
    };
    // Whatever the given CA doesn't vouch for is left to the system's trust, as Flux does.
    if !ca.is_empty() && trusted(ca, x509.data(), host) {
        return Ok(CertificateCheckStatus::CertificateOk);
    }
    Ok(CertificateCheckStatus::CertificatePassthrough)
}

/// libgit2 hands over the leaf alone, so intermediates are looked for in the given bundle.
fn trusted(ca: &[CertificateDer<'static>], leaf: &[u8], host: &str) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(ca.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() else {
        return false;
    };
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        return false;
    };
    verifier.verify_server_cert(&CertificateDer::from(leaf), ca, &name, &[], UnixTime::now()).is_ok()
}
