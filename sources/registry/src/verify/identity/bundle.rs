//! A bundle of sigstore's, versions 0.1 to 0.3 (`Bundle` of sigstore/protobuf-specs, as JSON): a signature with everything
//! that it takes to verify it.

use super::log::{Entry, Proof};
use super::merkle::{DEEPEST, Hash};
use super::refused::{Refused, Required, refused};
use super::root::{Bytes, Certificate, Chain, LogId};
use super::{Evidence, Signed};
use crate::digest::Digest;
use serde::{Deserialize, Deserializer};

const MOST_ENTRIES: usize = 8;
const MEDIA_TYPES: [(&str, Version); 4] = [
    ("application/vnd.dev.sigstore.bundle+json;version=0.1", Version::V01),
    ("application/vnd.dev.sigstore.bundle+json;version=0.2", Version::V02),
    ("application/vnd.dev.sigstore.bundle+json;version=0.3", Version::V03),
    ("application/vnd.dev.sigstore.bundle.v0.3+json", Version::V03),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    /// A promise is enough.
    V01,
    /// A proof has to be there.
    V02,
    /// No authority's certificate may be.
    V03,
}

/// `artifact`: what was signed, where a bundle does not hold it itself.
pub fn evidence(text: &[u8], artifact: &[u8]) -> Result<Evidence, Refused> {
    let bundle: Bundle = serde_json::from_slice(text).ok().required("its bundle can't be read")?;
    let version = MEDIA_TYPES.iter().find(|(name, _)| *name == bundle.media_type);
    let (_, version) =
        version.required("its bundle is of a version that is not supported: 0.1 to 0.3 are")?;
    let Material { certificate, x509_certificate_chain: chain, tlog_entries: given, timestamps } =
        bundle.verification_material;
    let timestamps =
        timestamps.unwrap_or_default().all.into_iter().map(|one| one.signed_timestamp.0).collect();
    let certificate = match (certificate, chain) {
        (Some(one), None) => one.raw_bytes.0,
        (None, Some(chain)) if *version < Version::V03 => leaf(chain)?,
        (None, None) => return refused("it carries no certificate: it was signed with a key"),
        (Some(_), Some(_)) | (None, Some(_)) => {
            return refused("its bundle holds a chain of certificates, where it may hold one");
        }
    };
    if given.is_empty() {
        return refused("it carries no entry of a log, and no log is asked for one");
    }
    if given.len() > MOST_ENTRIES {
        return refused(format!("it carries more than {MOST_ENTRIES} entries of logs"));
    }
    let mut entries = Vec::new();
    for one in given {
        if *version > Version::V01 && one.inclusion_proof.is_none() {
            return refused("its log entry holds no proof that its log holds it (inclusion proof)");
        }
        entries.push(entry(one)?);
    }
    let (signature, signed) = match (bundle.message_signature, bundle.dsse_envelope) {
        (Some(message), None) => {
            let MessageDigest { algorithm, digest } = message.message_digest;
            if algorithm != "SHA2_256" || Digest::of_hash(&digest.0) != Some(Digest::of(artifact)) {
                return refused("its signature is of something else");
            }
            (message.signature.0, Signed::Text(artifact.to_vec()))
        }
        (None, Some(envelope)) => sealed(envelope)?,
        (Some(_), Some(_)) | (None, None) => return refused("its bundle holds no signature, or two"),
    };
    Ok(Evidence { certificate, entries, timestamps, signature, signed, anyone: false })
}

/// Before version 0.3 the certificate is the first of a chain, in which no root may be.
fn leaf(chain: Chain) -> Result<Vec<u8>, Refused> {
    let mut certificates = chain.certificates.into_iter().map(|one| one.raw_bytes.0);
    let leaf = certificates.next().required("its bundle holds an empty chain of certificates")?;
    for above in certificates {
        let above = super::certificate::parsed(&above)?;
        if above.subject() == above.issuer() {
            return refused("its bundle holds an authority's root, which nobody may bring along");
        }
    }
    Ok(leaf)
}

fn entry(given: GivenEntry) -> Result<Entry, Refused> {
    let id = Hash::try_from(given.log_id.key_id.0).ok().required("its log entry names no log")?;
    let proof = given.inclusion_proof.map(|proof| {
        let GivenProof { log_index, tree_size, root_hash, hashes, checkpoint } = proof;
        if hashes.len() > DEEPEST {
            return None;
        }
        let path = hashes.into_iter().map(|hash| Hash::try_from(hash.0).ok());
        Some(Proof {
            index: log_index.0,
            size: tree_size.0,
            root: Hash::try_from(root_hash.0).ok()?,
            path: path.collect::<Option<_>>()?,
            checkpoint: checkpoint.map(|note| note.envelope).unwrap_or_default(),
        })
    });
    let proof =
        proof.map(|proof| proof.required("the proof that its log holds it (inclusion proof) can't be read"));
    Ok(Entry {
        id,
        index: given.log_index.0,
        time: i64::try_from(given.integrated_time.0).ok().required("its log entry has no time")?,
        body: given.canonicalized_body.0,
        promise: given.inclusion_promise.map(|promise| promise.signed_entry_timestamp.0),
        proof: proof.transpose()?,
    })
}

fn sealed(envelope: Envelope) -> Result<(Vec<u8>, Signed), Refused> {
    let one = <[Sealed; 1]>::try_from(envelope.signatures).ok();
    let [Sealed { sig }] = one.required("its bundle's envelope has not one signature")?;
    let payload = envelope.payload.0;
    let text = crate::verify::pre_authenticated(&envelope.payload_type, &payload);
    Ok((sig.0, Signed::Envelope { text, payload }))
}

/// A whole number that protobuf may write as a text.
#[derive(Default)]
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u64),
            Text(String),
        }
        match Either::deserialize(from)? {
            Either::Number(number) => Ok(Self(number)),
            Either::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    verification_material: Material,
    message_signature: Option<Message>,
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<Certificate>,
    x509_certificate_chain: Option<Chain>,
    #[serde(default)]
    tlog_entries: Vec<GivenEntry>,
    #[serde(rename = "timestampVerificationData")]
    timestamps: Option<Timestamps>,
}

#[derive(Deserialize, Default)]
struct Timestamps {
    #[serde(rename = "rfc3161Timestamps", default)]
    all: Vec<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timestamp {
    signed_timestamp: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenEntry {
    #[serde(default)]
    log_index: Count,
    log_id: LogId,
    #[serde(default)]
    integrated_time: Count,
    inclusion_promise: Option<Promise>,
    inclusion_proof: Option<GivenProof>,
    canonicalized_body: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Promise {
    signed_entry_timestamp: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenProof {
    #[serde(default)]
    log_index: Count,
    tree_size: Count,
    root_hash: Bytes,
    #[serde(default)]
    hashes: Vec<Bytes>,
    checkpoint: Option<Note>,
}

/// A checkpoint.
#[derive(Deserialize)]
struct Note {
    envelope: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_digest: MessageDigest,
    signature: Bytes,
}

#[derive(Deserialize)]
struct MessageDigest {
    algorithm: String,
    digest: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: Bytes,
    payload_type: String,
    signatures: Vec<Sealed>,
}

#[derive(Deserialize)]
struct Sealed {
    sig: Bytes,
}
