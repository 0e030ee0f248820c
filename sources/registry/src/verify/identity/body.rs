//! What was logged: an entry speaks of a signature only if it names that very signature, its certificate and what was
//! signed (`pkg/types` of sigstore/rekor).

use super::refused::{Refused, Required, refused};
use super::root::{Bytes, Certificate};
use super::{Evidence, Signed};
use crate::digest::Digest;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::Value;

/// The same for every kind.
struct Logged {
    signature: Vec<u8>,
    certificate: Written,
    hash: Hash,
    /// Whether the hash is of what is signed, rather than of what an envelope holds.
    is_whole: bool,
}

enum Written {
    Pem(Vec<u8>),
    Der(Vec<u8>),
}

pub fn is_of(body: &[u8], evidence: &Evidence) -> Result<(), Refused> {
    let logged = read(body, evidence)?;
    if logged.signature != evidence.signature {
        return refused("its log entry is of another signature");
    }
    let certificate = match logged.certificate {
        Written::Pem(text) => CertificateDer::from_pem_slice(&text).map(|der| der.to_vec()).ok(),
        Written::Der(der) => Some(der),
    };
    if certificate.as_ref() != Some(&evidence.certificate) {
        return refused("its log entry is of another certificate");
    }
    let signed = match &evidence.signed {
        Signed::Envelope { text, .. } if logged.is_whole => Digest::of(text),
        Signed::Text(text) | Signed::Envelope { payload: text, .. } => Digest::of(text),
    };
    if logged.hash.algorithm != "sha256" || logged.hash.value != signed.digits() {
        return refused("its log entry is of another text");
    }
    Ok(())
}

fn read(body: &[u8], evidence: &Evidence) -> Result<Logged, Refused> {
    const UNREADABLE: &str = "its log entry can't be read";
    let head: Head = serde_json::from_slice(body).ok().required(UNREADABLE)?;
    match (head.kind.as_str(), head.version.as_str(), &evidence.signed) {
        ("hashedrekord", "0.0.2", Signed::Text(_) | Signed::Envelope { .. }) => {
            hashed_2(head.spec).required(UNREADABLE)
        }
        ("hashedrekord", "0.0.1", Signed::Text(_)) => hashed(head.spec).required(UNREADABLE),
        ("dsse", "0.0.1", Signed::Envelope { .. }) => dsse(head.spec).required(UNREADABLE),
        ("intoto", "0.0.2", Signed::Envelope { .. }) => intoto(head.spec).required(UNREADABLE),
        ("hashedrekord" | "dsse" | "intoto", _, _) => {
            refused("its log entry is of a version, or of a kind of signature, that is not supported")
        }
        _ => refused("its log entry is of a kind that is not supported: hashedrekord, dsse and intoto are"),
    }
}

fn hashed(spec: Value) -> Option<Logged> {
    let spec: Hashed = serde_json::from_value(spec).ok()?;
    let Hashed { data, signature } = spec;
    Some(Logged {
        signature: signature.content.0,
        certificate: Written::Pem(signature.public_key.content.0),
        hash: data.hash,
        is_whole: true,
    })
}

fn hashed_2(spec: Value) -> Option<Logged> {
    let Hashed2 { data, signature } = serde_json::from_value::<Spec2>(spec).ok()?.hashed;
    let hash = Hash {
        algorithm: (data.algorithm == "SHA2_256").then(|| "sha256".to_owned())?,
        value: crate::digest::hex(&data.digest.0),
    };
    let certificate = Written::Der(signature.verifier.certificate.raw_bytes.0);
    Some(Logged { signature: signature.content.0, certificate, hash, is_whole: true })
}

fn dsse(spec: Value) -> Option<Logged> {
    let spec: Dsse = serde_json::from_value(spec).ok()?;
    let [one] = <[DsseSignature; 1]>::try_from(spec.signatures).ok()?;
    let certificate = Written::Pem(one.verifier.0);
    Some(Logged { signature: one.signature.0, certificate, hash: spec.payload_hash, is_whole: false })
}

fn intoto(spec: Value) -> Option<Logged> {
    let Content { envelope, payload_hash } = serde_json::from_value::<Intoto>(spec).ok()?.content;
    let [one] = <[IntotoSignature; 1]>::try_from(envelope.signatures).ok()?;
    // Base64 of Base64: the log keeps texts as bytes, and the signature was a text.
    let text = Value::String(String::from_utf8(one.sig.0).ok()?);
    let signature: Bytes = serde_json::from_value(text).ok()?;
    let certificate = Written::Pem(one.public_key.0);
    Some(Logged { signature: signature.0, certificate, hash: payload_hash, is_whole: false })
}

#[derive(Deserialize)]
struct Head {
    kind: String,
    #[serde(rename = "apiVersion")]
    version: String,
    spec: Value,
}

#[derive(Deserialize)]
struct Hash {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
struct Hashed {
    data: Data,
    signature: HashedSignature,
}

#[derive(Deserialize)]
struct Data {
    hash: Hash,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HashedSignature {
    content: Bytes,
    public_key: PublicKey,
}

#[derive(Deserialize)]
struct PublicKey {
    content: Bytes,
}

/// Of version 2.
#[derive(Deserialize)]
struct Spec2 {
    #[serde(rename = "hashedRekordV002")]
    hashed: Hashed2,
}

#[derive(Deserialize)]
struct Hashed2 {
    data: Data2,
    signature: Signature2,
}

#[derive(Deserialize)]
struct Data2 {
    algorithm: String,
    digest: Bytes,
}

#[derive(Deserialize)]
struct Signature2 {
    content: Bytes,
    verifier: Verifier2,
}

#[derive(Deserialize)]
struct Verifier2 {
    #[serde(rename = "x509Certificate")]
    certificate: Certificate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dsse {
    payload_hash: Hash,
    signatures: Vec<DsseSignature>,
}

#[derive(Deserialize)]
struct DsseSignature {
    signature: Bytes,
    verifier: Bytes,
}

#[derive(Deserialize)]
struct Intoto {
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    envelope: IntotoEnvelope,
    payload_hash: Hash,
}

#[derive(Deserialize)]
struct IntotoEnvelope {
    signatures: Vec<IntotoSignature>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntotoSignature {
    sig: Bytes,
    public_key: Bytes,
}
