//! Whom a connection trusts and as whom it comes.
use crate::RegistryError;
use crate::access::Access;
use std::sync::{Arc, OnceLock};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// `client`: whether the client's certificate is shown. It is for the host that the Secret is for and for no other.
pub(crate) fn config(access: &Access, client: bool) -> Result<TlsConfig, RegistryError> {
    let mut roots = machine().to_vec();
    if let Some(ca) = &access.ca {
        let given = certificates(ca, "ca.crt")?;
        roots.extend(given);
    }
    let shown = match &access.client {
        Some((chain, key)) if client => {
            let key = PrivateKey::from_pem(key.as_bytes())
                .map_err(|_| RegistryError::Secret("tls.key is no private key in PEM".into()))?;
            Some(ClientCert::new_with_certs(&certificates(chain, "tls.crt")?, key))
        }
        Some(_) | None => None,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .client_cert(shown)
        .unversioned_rustls_crypto_provider(provider)
        .build())
}

/// The roots that the machine trusts. What of them can't be read is left out: less is trusted then.
fn machine() -> &'static [Certificate<'static>] {
    static ROOTS: OnceLock<Vec<Certificate<'static>>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::debug!(%error, "trusted certificates can't be read");
        }
        found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect()
    })
}

fn certificates(pem: &str, key: &str) -> Result<Vec<Certificate<'static>>, RegistryError> {
    let invalid = || RegistryError::Secret(format!("{key} holds no certificates in PEM"));
    let mut found = Vec::new();
    for item in parse_pem(pem.as_bytes()) {
        match item.map_err(|_| invalid())? {
            PemItem::Certificate(certificate) => found.push(certificate),
            _ => return Err(RegistryError::Secret(format!("{key} holds something else than certificates"))),
        }
    }
    if found.is_empty() { Err(invalid()) } else { Ok(found) }
}
