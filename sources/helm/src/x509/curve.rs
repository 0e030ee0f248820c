//! Keys of the curve P-256.
use super::{der, pem};
use crate::random::Entropy;
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;

/// In the form of SEC 1, as Go's x509.MarshalECPrivateKey writes it.
pub(crate) fn ecdsa_pem(entropy: &mut Entropy) -> String {
    let key = loop {
        // Zero, and what is not below the curve's order, is no key: one try in 2^32.
        if let Ok(key) = SecretKey::from_slice(&entropy.bytes(32)) {
            break key;
        }
    };
    let curve = der::identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    let point = key.public_key().to_encoded_point(false);
    let parts = [
        der::small(1),
        der::octets(&key.to_bytes()),
        der::value(0xa0, &curve),
        der::value(0xa1, &der::bits(point.as_bytes())),
    ];
    pem::encode("EC PRIVATE KEY", &der::sequence(&parts))
}
