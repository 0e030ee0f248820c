//! What is signed: cosign's simple signing (`specs/SIGNATURE_SPEC.md` of sigstore/cosign), and an in-toto statement in a
//! DSSE envelope within a bundle of sigstore's, which cosign writes since version 3.

use super::Signature;
use super::identity::Beside;
use crate::digest::Digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The annotation that holds a layer's signature.
pub(crate) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const TYPE: &str = "cosign container image signature";
const STATEMENT: &str = "application/vnd.in-toto+json";
const IN_TOTO: &str = "https://in-toto.io/Statement/";
/// What cosign says of an image that it signs; other statements are attestations, of whatever they say.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    #[serde(rename = "type")]
    kind: String,
    image: Image,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// A payload with what its layer carries.
pub(crate) fn simple_signing(payload: Vec<u8>, annotations: BTreeMap<String, String>) -> Option<Signature> {
    let signature = STANDARD.decode(annotations.get(SIGNATURE)?.trim()).ok()?;
    let said = serde_json::from_slice::<Payload>(&payload).ok().filter(|said| said.critical.kind == TYPE);
    let of = said.and_then(|said| Digest::parse(&said.critical.image.digest));
    Some(Signature { signed: payload, signature, of, beside: Beside::Annotations(annotations) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

/// What is signed of an envelope names the type as well (`protocol.md` of secure-systems-lab/dsse).
pub(super) fn pre_authenticated(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend_from_slice(payload);
    signed
}

/// What a bundle's envelope holds: one signature, of one subject.
pub(crate) fn envelope(bundle: Vec<u8>) -> Option<Signature> {
    let envelope = serde_json::from_slice::<Bundle>(&bundle).ok()?.dsse_envelope?;
    let [Signed { sig }] = envelope.signatures.as_slice() else { return None };
    let payload = STANDARD.decode(&envelope.payload).ok()?;
    let kind = &envelope.payload_type;
    let signed = pre_authenticated(kind, &payload);
    let statement = serde_json::from_slice::<Statement>(&payload).ok();
    let statement = statement.filter(|statement| {
        kind == STATEMENT && statement.kind.starts_with(IN_TOTO) && statement.predicate_type == SIGNED
    });
    let of = statement.and_then(|statement| match statement.subject.as_slice() {
        [Subject { digest }] => Digest::parse(digest.get("sha256")?),
        _ => None,
    });
    let signature = STANDARD.decode(sig).ok()?;
    Some(Signature { signed, signature, of, beside: Beside::Bundle(bundle) })
}
