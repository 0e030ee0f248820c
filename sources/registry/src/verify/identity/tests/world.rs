//! An authority, a log of certificates and a log of signatures of our own, with a trust root that names them; and somebody
//! who has things signed there. What is spoilt is a field of it.

use crate::verify::SIGNATURE;
use crate::verify::identity::merkle;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PublicKeyData, SanType,
    SigningKey, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use x509_parser::prelude::{FromDer, X509Certificate};

pub const SUBJECT: &str = "https://ci.example.com/team/web";
pub const ISSUER: &str = "https://oidc.example.com";
/// Of 2024-03-19, at noon: certificates are good for that day.
pub const NOON: i64 = 1_710_849_600;
const PAYLOAD: &str = "application/vnd.in-toto+json";
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

pub struct World {
    /// The trust root, which nothing that is spoilt afterwards changes.
    pub root: String,
    pub authority: Issuer<'static, KeyPair>,
    /// The authority's certificate.
    pub above: Vec<u8>,
    pub certificates: KeyPair,
    pub signatures: KeyPair,
    /// What the signature log calls itself, and so its key's first bytes in a checkpoint.
    pub id: Vec<u8>,
    pub subject: SanType,
    /// Fulcio's two extensions.
    pub issuer: (Option<String>, Option<String>),
    pub usage: ExtendedKeyUsagePurpose,
    pub promised: bool,
    /// Seconds since 1970 at which the entry was logged.
    pub time: i64,
    /// Changes what is logged, before the log signs it.
    pub logged: fn(&mut Value),
    /// Changes the statement or payload before it is signed.
    pub said: fn(&mut Value),
    /// Changes a bundle, or the text of annotations, in the end.
    pub told: fn(&mut Value),
    /// Signs in the place of the certificate's key.
    pub other: Option<KeyPair>,
}

pub fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

fn hexadecimal(bytes: &[u8]) -> String {
    crate::digest::hex(bytes)
}

/// A root and an authority below it, as certificates.
pub fn authority(name: &str) -> (Issuer<'static, KeyPair>, Vec<u8>, Vec<u8>) {
    let params = |name: String, depth: u8| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(depth));
        (params.not_before, params.not_after) = (date_time_ymd(2022, 1, 1), date_time_ymd(2032, 1, 1));
        params
    };
    let pair = || KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let (top, top_key) = (params(format!("{name} root"), 1), pair());
    let top_certificate = top.self_signed(&top_key).unwrap().der().to_vec();
    let top = Issuer::new(top, top_key);
    let (mut below, below_key) = (params(name.to_owned(), 0), pair());
    below.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    let certificate = below.signed_by(&below_key, &top).unwrap().der().to_vec();
    (Issuer::new(below, below_key), certificate, top_certificate)
}

impl World {
    pub fn new() -> Self {
        let (authority, above, top) = authority("sigstore of ours");
        let (certificates, signatures) = (key(), key());
        let id = |key: &KeyPair| sha256(&key.subject_public_key_info());
        let log = |key: &KeyPair| {
            json!({
                "baseUrl": "https://log.example.com", "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64(key.subject_public_key_info()), "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": "2023-01-01T00:00:00Z"},
                },
                "logId": {"keyId": base64(id(key))},
            })
        };
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(&signatures)], "ctlogs": [log(&certificates)],
            "certificateAuthorities": [{
                "certChain": {"certificates": [{"rawBytes": base64(&above)}, {"rawBytes": base64(top)}]},
                "validFor": {"start": "2023-01-01T00:00:00Z"},
            }],
        });
        Self {
            root: root.to_string(),
            id: id(&signatures),
            authority,
            above,
            certificates,
            signatures,
            subject: SanType::URI(SUBJECT.try_into().unwrap()),
            issuer: (Some(ISSUER.to_owned()), Some(ISSUER.to_owned())),
            usage: ExtendedKeyUsagePurpose::CodeSigning,
            promised: true,
            time: NOON,
            logged: |_| {},
            said: |_| {},
            told: |_| {},
            other: None,
        }
    }

    /// For a key of its own.
    fn leaf(&self) -> (KeyPair, Vec<u8>) {
        let key = key();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = vec![self.subject.clone()];
        params.extended_key_usages = vec![self.usage.clone()];
        (params.not_before, params.not_after) = (date_time_ymd(2024, 3, 19), date_time_ymd(2024, 3, 20));
        let extension = |last: u64, content: Vec<u8>| {
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, last], content)
        };
        let (first, second) = &self.issuer;
        params.custom_extensions.extend(first.as_ref().map(|text| extension(1, text.as_bytes().to_vec())));
        let utf8 = |text: &String| super::super::der::wrapped(0x0c, text.as_bytes());
        params.custom_extensions.extend(second.as_ref().map(|text| extension(8, utf8(text))));
        if self.promised {
            let before = params.signed_by(&key, &self.authority).unwrap();
            params.custom_extensions.push(self.promise(before.der()));
        }
        let der = params.signed_by(&key, &self.authority).unwrap().der().to_vec();
        (key, der)
    }

    /// The promise to list a certificate, which is made before it is in it.
    fn promise(&self, before: &[u8]) -> CustomExtension {
        let (_, certificate) = X509Certificate::from_der(before).unwrap();
        let signed: &[u8] = certificate.tbs_certificate.as_ref();
        let (_, above) = X509Certificate::from_der(&self.above).unwrap();
        let time = u64::try_from(NOON * 1000).unwrap().to_be_bytes();
        let length = u32::try_from(signed.len()).unwrap().to_be_bytes();
        let issuer = sha256(above.public_key().raw);
        let parts: [&[u8]; 7] = [&[0, 0], &time, &[0, 1], &issuer, &length[1..], signed, &[0, 0]];
        let signature = self.certificates.sign(&parts.concat()).unwrap();
        let of = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
        let id = sha256(&self.certificates.subject_public_key_info());
        let one = [&[0][..], &id, &time, &[0, 0, 4, 3], &of(&signature), &signature].concat();
        let list = [&of(&one)[..], &one].concat();
        let list = [&of(&list)[..], &list].concat();
        let content = super::super::der::wrapped(0x04, &list);
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], content)
    }

    fn sign(&self, key: &KeyPair, text: &[u8]) -> Vec<u8> {
        self.other.as_ref().unwrap_or(key).sign(text).unwrap()
    }

    fn pem(der: &[u8]) -> String {
        let text = base64(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    /// What is logged, and the log's word on it.
    fn entry(&self, mut body: Value) -> (String, String) {
        (self.logged)(&mut body);
        let body = base64(body.to_string());
        let id = hexadecimal(&self.id);
        let time = self.time;
        let text = format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{id}","logIndex":7}}"#);
        (body, base64(self.signatures.sign(text.as_bytes()).unwrap()))
    }

    /// As cosign 2 signs: a payload, and the annotations of its layer.
    pub fn classic(&self, of: &str) -> (BTreeMap<String, String>, Vec<u8>) {
        let mut payload = json!({
            "critical": {
                "identity": {"docker-reference": ""}, "image": {"docker-manifest-digest": of},
                "type": "cosign container image signature",
            },
            "optional": null,
        });
        (self.said)(&mut payload);
        let payload = payload.to_string().into_bytes();
        let (key, leaf) = self.leaf();
        let signature = base64(self.sign(&key, &payload));
        let certificate = Self::pem(&leaf);
        let (body, promise) = self.entry(json!({
            "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": hexadecimal(&sha256(&payload))}},
                "signature": {"content": signature, "publicKey": {"content": base64(&certificate)}},
            },
        }));
        let id = hexadecimal(&self.id);
        let bundle = json!({
            "SignedEntryTimestamp": promise,
            "Payload": {"body": body, "integratedTime": self.time, "logIndex": 7, "logID": id},
        });
        let mut all = json!({
            SIGNATURE: signature, "dev.sigstore.cosign/certificate": certificate,
            "dev.sigstore.cosign/chain": "", "dev.sigstore.cosign/bundle": bundle.to_string(),
        });
        (self.told)(&mut all);
        (serde_json::from_value(all).unwrap(), payload)
    }

    /// As cosign 3 signs: a bundle.
    pub fn bundle(&self, of: &str) -> Vec<u8> {
        let mut statement = json!({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": SIGNED, "predicate": {},
            "subject": [{"digest": {"sha256": of.trim_start_matches("sha256:")}}],
        });
        (self.said)(&mut statement);
        let payload = statement.to_string();
        let text = format!("DSSEv1 {} {PAYLOAD} {} {payload}", PAYLOAD.len(), payload.len());
        let (key, leaf) = self.leaf();
        let signature = base64(self.sign(&key, text.as_bytes()));
        let (body, promise) = self.entry(json!({
            "apiVersion": "0.0.1", "kind": "dsse", "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": "0".repeat(64)},
                "payloadHash": {"algorithm": "sha256", "value": hexadecimal(&sha256(payload.as_bytes()))},
                "signatures": [{"signature": signature, "verifier": base64(Self::pem(&leaf))}],
            },
        }));
        let mut bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": base64(&leaf)},
                "tlogEntries": [{
                    "logIndex": "7", "logId": {"keyId": base64(&self.id)},
                    "kindVersion": {"kind": "dsse", "version": "0.0.1"},
                    "integratedTime": self.time.to_string(),
                    "inclusionPromise": {"signedEntryTimestamp": promise},
                    "inclusionProof": self.proof(&STANDARD.decode(&body).unwrap()), "canonicalizedBody": body,
                }],
            },
            "dsseEnvelope": {
                "payload": base64(&payload), "payloadType": PAYLOAD, "signatures": [{"sig": signature}],
            },
        });
        (self.told)(&mut bundle);
        bundle.to_string().into_bytes()
    }

    /// The eighth of eleven leaves.
    fn proof(&self, body: &[u8]) -> Value {
        let mut leaves: Vec<Vec<u8>> = (0..11_u8).map(|leaf| vec![leaf]).collect();
        leaves[7] = body.to_vec();
        let (root, path) = merkle::tests::tree(&leaves, 7);
        let text = format!("log.example.com - 1\n11\n{}\n", base64(root));
        let signature = [&self.id[..4], &self.signatures.sign(text.as_bytes()).unwrap()].concat();
        let note = format!("{text}\n\u{2014} log.example.com {}\n", base64(signature));
        json!({
            "logIndex": "7", "rootHash": base64(root), "treeSize": "11",
            "hashes": path.iter().map(base64).collect::<Vec<_>>(), "checkpoint": {"envelope": note},
        })
    }
}
