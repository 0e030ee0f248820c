//! Public keys as `SubjectPublicKeyInfo` (RFC 5280) has them, and the signatures that cosign makes with each kind.
use ed25519_dalek::{Digest as _, Sha512, VerifyingKey};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};

/// Object identifiers of RFC 3279, RFC 5480 and RFC 8410, as DER writes them.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const EDWARDS: &[u8] = &[0x2b, 0x65, 0x70];

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Bits of an RSA key.
const SIZES: std::ops::RangeInclusive<usize> = 2048..=8192;

/// What is asked of a key.
pub(super) const SUPPORTED: &str = "ECDSA P-256 or P-384, RSA of 2048 to 8192 bits, Ed25519";

pub(crate) struct Public {
    kind: Kind,
    /// The key itself, as its kind writes it.
    key: Vec<u8>,
}

enum Kind {
    Rsa,
    P256,
    P384,
    Edwards,
}

impl Public {
    /// The error says what else the key is.
    pub fn read(der: &[u8]) -> Result<Self, String> {
        let Parts { algorithm, parameters, key } =
            parts(der).ok_or_else(|| "a key that can't be read".to_owned())?;
        let kind = match algorithm {
            RSA => match modulus(key).ok_or_else(|| "an RSA key that can't be read".to_owned())? {
                bits if SIZES.contains(&bits) => Kind::Rsa,
                bits => return Err(format!("an RSA key of {bits} bits")),
            },
            EDWARDS => Kind::Edwards,
            EC => match element(parameters, IDENTIFIER).map(|(curve, _)| curve) {
                Some(P256) => Kind::P256,
                Some(P384) => Kind::P384,
                Some(P521) => return Err("an ECDSA key on P-521".to_owned()),
                Some(_) | None => return Err("an ECDSA key on another curve".to_owned()),
            },
            _ => return Err("a key of another kind".to_owned()),
        };
        Ok(Self { kind, key: key.to_vec() })
    }

    /// `RSAPublicKey` of RFC 8017, as the keys of some logs are written.
    pub fn rsa(der: &[u8]) -> Option<Self> {
        let fits = modulus(der).is_some_and(|bits| SIZES.contains(&bits));
        fits.then(|| Self { kind: Kind::Rsa, key: der.to_vec() })
    }

    /// cosign 2 hashed with SHA-256 whatever the key; cosign 3 signs as `algorithm_registry.go` of sigstore/sigstore has it:
    /// P-384 with SHA-384, Ed25519 over a SHA-512 of the text (`Ed25519ph` of RFC 8032).
    pub fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let by = |algorithm: &'static dyn VerificationAlgorithm| {
            UnparsedPublicKey::new(algorithm, &self.key).verify(text, signature).is_ok()
        };
        match self.kind {
            Kind::Rsa => by(&RSA_PKCS1_2048_8192_SHA256),
            Kind::P256 => by(&ECDSA_P256_SHA256_ASN1),
            Kind::P384 => by(&ECDSA_P384_SHA384_ASN1) || by(&ECDSA_P384_SHA256_ASN1),
            Kind::Edwards => by(&ED25519) || hashed_before(&self.key, text, signature),
        }
    }
}

/// Ed25519ph without a context, which ring does not have.
fn hashed_before(key: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::try_from(key);
    let signature = ed25519_dalek::Signature::from_slice(signature);
    let (Ok(key), Ok(signature)) = (key, signature) else { return false };
    key.verify_prehashed_strict(Sha512::new_with_prefix(text), None, &signature).is_ok()
}

struct Parts<'a> {
    algorithm: &'a [u8],
    parameters: &'a [u8],
    key: &'a [u8],
}

/// An algorithm with its parameters, and the key's bits.
fn parts(der: &[u8]) -> Option<Parts<'_>> {
    let (info, rest) = element(der, SEQUENCE)?;
    let (algorithm, bits) = element(info, SEQUENCE)?;
    let (bits, more) = element(bits, BITS)?;
    if !rest.is_empty() || !more.is_empty() {
        return None;
    }
    let (algorithm, parameters) = element(algorithm, IDENTIFIER)?;
    Some(Parts { algorithm, parameters, key: bits.strip_prefix(&[0])? })
}

/// Bits of the modulus of an `RSAPublicKey` (RFC 8017).
fn modulus(key: &[u8]) -> Option<usize> {
    let (number, _) = element(element(key, SEQUENCE)?.0, INTEGER)?;
    let at = number.iter().position(|byte| *byte != 0)?;
    let first = number.get(at)?;
    Some((number.len() - at) * 8 - first.leading_zeros() as usize)
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
