//! Whether a log of certificates has promised to list one (RFC 6962, section 3.2): whoever steals an authority's key can't
//! use it unseen.

use super::certificate::promises;
use super::der::{EXTENSIONS, IDENTIFIER, SEQUENCE, element, elements, only, wrapped};
use super::refused::{Refused, Required, refused};
use super::root::Root;
use ring::digest::{SHA256, digest};
use x509_parser::extensions::{CtVersion, SignedCertificateTimestamp};
use x509_parser::prelude::X509Certificate;

/// `1.3.6.1.4.1.11129.2.4.2`, as DER writes it.
const LIST: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];
const MOST: usize = 16;
/// `HashAlgorithm` of RFC 5246.
const WITH_SHA256: u8 = 4;

/// `issuer`: the public key, DER, of whoever has issued it.
pub fn promised(
    der: &[u8],
    certificate: &X509Certificate<'_>,
    issuer: &[u8],
    root: &Root,
) -> Result<(), Refused> {
    let found =
        promises(certificate).required("its certificate holds no promise of a log of certificates (SCT)")?;
    if found.len() > MOST {
        return refused(format!("its certificate holds more than {MOST} promises of logs of certificates"));
    }
    let logged = logged(der).required("its certificate can't be read as its log has seen it")?;
    let mut why = "its certificate was logged where nobody is trusted (SCT)";
    for promise in found {
        let Some(log) = root.certificates.get(promise.id.key_id) else { continue };
        let at = i64::try_from(promise.timestamp).unwrap_or(i64::MAX);
        if !log.window.holds(at) {
            why = "its certificate was logged at a time that the log does not count for (SCT)";
            continue;
        }
        let Some(key) = &log.key else {
            why = "the log of its certificate has a key of a kind that is not supported (SCT)";
            continue;
        };
        let is_known = promise.version == CtVersion::V1 && promise.signature.hash_alg_id == WITH_SHA256;
        let signed = signed(promise, issuer, &logged);
        if is_known && signed.is_some_and(|signed| key.has_signed(&signed, promise.signature.data)) {
            return Ok(());
        }
        why = "the log of its certificate has not signed the promise in it (SCT)";
    }
    refused(why)
}

/// `digitally-signed struct` of a `precert_entry`.
fn signed(promise: &SignedCertificateTimestamp<'_>, issuer: &[u8], logged: &[u8]) -> Option<Vec<u8>> {
    // Version 1, a certificate's timestamp.
    let mut out = vec![0, 0];
    out.extend_from_slice(&promise.timestamp.to_be_bytes());
    out.extend_from_slice(&[0, 1]);
    out.extend_from_slice(digest(&SHA256, issuer).as_ref());
    out.extend_from_slice(u32::try_from(logged.len()).ok()?.to_be_bytes().get(1..)?);
    out.extend_from_slice(logged);
    let extensions = promise.extensions.0;
    out.extend_from_slice(&u16::try_from(extensions.len()).ok()?.to_be_bytes());
    out.extend_from_slice(extensions);
    Some(out)
}

/// A certificate's signed part as it was before the list of promises was put into it.
pub fn logged(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = only(der, SEQUENCE)?;
    let signed = element(certificate).filter(|part| part.tag == SEQUENCE)?;
    let mut out = Vec::new();
    for part in elements(signed.body)? {
        if part.tag != EXTENSIONS {
            out.extend_from_slice(part.whole);
            continue;
        }
        let mut kept = Vec::new();
        for extension in elements(only(part.body, SEQUENCE)?)? {
            let name = element(extension.body).filter(|name| name.tag == IDENTIFIER)?;
            if name.body != LIST {
                kept.extend_from_slice(extension.whole);
            }
        }
        out.extend_from_slice(&wrapped(EXTENSIONS, &wrapped(SEQUENCE, &kept)));
    }
    Some(wrapped(SEQUENCE, &out))
}
