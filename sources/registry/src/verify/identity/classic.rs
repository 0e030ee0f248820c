//! What cosign puts beside a signature behind its tag: annotations of the layer (`specs/SIGNATURE_SPEC.md` of
//! sigstore/cosign).

use super::log::Entry;
use super::merkle::Hash;
use super::refused::{Refused, Required};
use super::root::Bytes;
use super::{Evidence, Signed};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use std::collections::BTreeMap;

const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const BUNDLE: &str = "dev.sigstore.cosign/bundle";

#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "SignedEntryTimestamp")]
    promise: Bytes,
    #[serde(rename = "Payload")]
    payload: Payload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    body: Bytes,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    id: String,
}

/// Certificates of authorities that stand beside (`…/chain`) are not looked at: those that count are the trust root's.
pub fn evidence(
    annotations: &BTreeMap<String, String>,
    signed: &[u8],
    signature: &[u8],
) -> Result<Evidence, Refused> {
    let certificate =
        annotations.get(CERTIFICATE).required("it carries no certificate: it was signed with a key")?;
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).ok();
    let certificate = certificate.required("its certificate can't be read")?.to_vec();
    let bundle =
        annotations.get(BUNDLE).required("it carries no entry of a log, and no log is asked for one")?;
    let bundle: Bundle = serde_json::from_str(bundle).ok().required("its log entry can't be read")?;
    let Payload { body, integrated_time, log_index, id } = bundle.payload;
    let entry = Entry {
        id: hexadecimal(&id).required("its log entry names no log")?,
        index: log_index,
        time: integrated_time,
        body: body.0,
        promise: Some(bundle.promise.0),
        proof: None,
    };
    let (signed, signature) = (Signed::Text(signed.to_vec()), signature.to_vec());
    Ok(Evidence {
        certificate,
        entries: vec![entry],
        timestamps: Vec::new(),
        signature,
        signed,
        anyone: true,
    })
}

fn hexadecimal(text: &str) -> Option<Hash> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(out)
}
