use crate::RegistryError;
use crate::digest::Digest;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use std::collections::BTreeMap;

const MOST_KEYS: usize = 32;
const MOST_BYTES: usize = 16 << 10;
/// Digits of a fingerprint that people compare.
const SHOWN: usize = 16;

/// Object identifiers of RFC 3279, RFC 5480 and RFC 8410, as DER writes them.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const EDWARDS: &[u8] = &[0x2b, 0x65, 0x70];

const SEQUENCE: u8 = 0x30;
const IDENTIFIER: u8 = 0x06;
const BITS: u8 = 0x03;

/// The public keys of a Secret.
pub(crate) struct Keys(Vec<Key>);

pub(crate) struct Key {
    /// `cosign.pub`.
    name: String,
    /// Of the whole key, as `openssl pkey -pubin -outform DER | sha256sum` prints it.
    fingerprint: Digest,
    algorithm: &'static dyn VerificationAlgorithm,
    public: Vec<u8>,
}

impl Keys {
    /// Every `*.pub`. One that can't be read is an error: who has signed would depend on which could.
    pub fn read(secret: &BTreeMap<String, String>) -> Result<Self, RegistryError> {
        let fail = |why: String| Err(RegistryError::Secret(why));
        let named: Vec<_> = secret.iter().filter(|(name, _)| name.ends_with(".pub")).collect();
        if named.is_empty() {
            return fail("it holds no public key, *.pub".to_owned());
        }
        if named.len() > MOST_KEYS {
            return fail(format!("it holds more than {MOST_KEYS} public keys"));
        }
        let mut keys = Vec::new();
        for (name, text) in named {
            match Key::read(name, text) {
                Ok(key) => keys.push(key),
                Err(why) => return fail(format!("{name} {why}")),
            }
        }
        Ok(Self(keys))
    }

    pub fn all(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    /// `cosign.pub (SHA-256 0123456789abcdef…), …`
    pub fn shown(&self) -> String {
        let all: Vec<String> = self.all().map(Key::shown).collect();
        all.join(", ")
    }

    /// What tells these keys from others, whatever they are called.
    pub fn fingerprints(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.all().map(Key::fingerprint).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Key {
    fn read(name: &str, text: &str) -> Result<Self, &'static str> {
        if text.len() > MOST_BYTES {
            return Err("is larger than 16 KiB");
        }
        let key = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes())
            .map_err(|_| "is no public key in PEM (BEGIN PUBLIC KEY)")?;
        let (algorithm, public) =
            parts(&key).ok_or("is no key that cosign signs with: ECDSA P-256 or P-384, RSA, Ed25519")?;
        let key_name = name.to_owned();
        Ok(Self { name: key_name, fingerprint: Digest::of(&key), algorithm, public: public.to_vec() })
    }

    pub fn has_signed(&self, signed: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.algorithm, &self.public).verify(signed, signature).is_ok()
    }

    pub fn fingerprint(&self) -> &str {
        self.fingerprint.text()
    }

    pub fn shown(&self) -> String {
        let digits = self.fingerprint.digits();
        format!("{} (SHA-256 {}…)", self.name, digits.get(..SHOWN).unwrap_or(digits))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Key {}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

/// `SubjectPublicKeyInfo` of RFC 5280: an algorithm with its curve, and the key's bits.
fn parts(der: &[u8]) -> Option<(&'static dyn VerificationAlgorithm, &[u8])> {
    let (key, rest) = element(der, SEQUENCE)?;
    let (algorithm, bits) = element(key, SEQUENCE)?;
    let (bits, more) = element(bits, BITS)?;
    if !rest.is_empty() || !more.is_empty() {
        return None;
    }
    let public = bits.strip_prefix(&[0])?;
    let (algorithm, parameters) = element(algorithm, IDENTIFIER)?;
    let found: &'static dyn VerificationAlgorithm = if algorithm == RSA {
        &RSA_PKCS1_2048_8192_SHA256
    } else if algorithm == EDWARDS {
        &ED25519
    } else if algorithm == EC {
        match element(parameters, IDENTIFIER)?.0 {
            P256 => &ECDSA_P256_SHA256_ASN1,
            P384 => &ECDSA_P384_SHA256_ASN1,
            _ => return None,
        }
    } else {
        return None;
    };
    Some((found, public))
}

/// An element of DER with its tag, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    if *found != tag {
        return None;
    }
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        _ => return None,
    };
    rest.split_at_checked(length)
}
