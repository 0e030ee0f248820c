//! Keys and certificates as sprig makes them, from given entropy: RSA keys, and certificates signed with SHA-256.
mod certificate;
mod curve;
mod der;
mod dsa;
mod pem;
mod rsa;
#[cfg(test)]
mod tests;

pub(crate) use certificate::{Certificate, Names, authority, self_signed, signed};
pub(crate) use curve::ecdsa_pem;
pub(crate) use dsa::dsa_pem;
pub(crate) use rsa::Key;

/// A private key of the kind Ed25519, which is any 32 bytes, as PKCS #8 has it.
pub(crate) fn ed25519_pem(secret: &[u8]) -> String {
    let kind = der::sequence(&[der::identifier(&[0x2b, 0x65, 0x70])]);
    let key = der::octets(&der::octets(secret));
    pem::encode("PRIVATE KEY", &der::sequence(&[der::small(0), kind, key]))
}
