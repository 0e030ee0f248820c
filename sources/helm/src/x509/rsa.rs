//! RSA keys out of given entropy, and PKCS #1 signatures.
use super::{der, pem};
use crate::random::Entropy;
use num_bigint::BigUint;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// Rounds of Miller and Rabin's test: a number that passes is no prime with less than one chance in 2^80, and so is a
/// large one after `FEW` of them (Handbook of Applied Cryptography, table 4.4: 6 from 500 bits on).
const ROUNDS: usize = 40;
const FEW: usize = 8;
const LARGE: u64 = 500;
const SMALL_PRIMES: [u32; 30] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127,
];

pub(crate) struct Key {
    modulus: BigUint,
    public: BigUint,
    private: BigUint,
    primes: [BigUint; 2],
}

impl Key {
    pub(crate) fn generate(bits: usize, entropy: &mut Entropy) -> Self {
        let public = BigUint::from(65537u32);
        let one = BigUint::from(1u32);
        loop {
            let p = prime(bits / 2, entropy);
            let q = prime(bits / 2, entropy);
            let totient = (&p - &one) * (&q - &one);
            if let Some(private) = public.modinv(&totient).filter(|_| p != q) {
                return Self { modulus: &p * &q, public, private, primes: [p, q] };
            }
        }
    }

    /// A PEM block `RSA PRIVATE KEY`, as [`Key::pem`] writes it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let (label, bytes) = pem::decode(text).ok_or("no PEM data in input")?;
        if label != "RSA PRIVATE KEY" {
            return Err(format!("private keys of the kind {label:?} are not supported"));
        }
        let wrong = || "parsing RSA private key from PEM: malformed".to_owned();
        let body = der::take(&bytes).ok_or_else(wrong)?.body;
        let numbers: Vec<BigUint> = der::each(body)
            .ok_or_else(wrong)?
            .iter()
            .map(|taken| BigUint::from_bytes_be(taken.body))
            .collect();
        let [_, modulus, public, private, p, q, ..] = &numbers[..] else { return Err(wrong()) };
        let primes = [p.clone(), q.clone()];
        let zero = BigUint::ZERO;
        if *modulus == zero || *p == zero || *q == zero || p * q != *modulus {
            return Err(wrong());
        }
        Ok(Self { modulus: modulus.clone(), public: public.clone(), private: private.clone(), primes })
    }

    pub(crate) fn pem(&self) -> String {
        let [p, q] = &self.primes;
        let one = BigUint::from(1u32);
        let inverse = q.modinv(p).unwrap_or_default();
        let numbers = [
            &self.modulus,
            &self.public,
            &self.private,
            p,
            q,
            &(&self.private % (p - &one)),
            &(&self.private % (q - &one)),
            &inverse,
        ];
        let mut parts = vec![der::small(0)];
        parts.extend(numbers.into_iter().map(der::integer));
        pem::encode("RSA PRIVATE KEY", &der::sequence(&parts))
    }

    /// The public key, as PKCS #1 has it.
    pub(super) fn public_der(&self) -> Vec<u8> {
        der::sequence(&[der::integer(&self.modulus), der::integer(&self.public)])
    }

    /// Of the SHA-256 of a message.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let padded = self.padded(message);
        let signature = BigUint::from_bytes_be(&padded).modpow(&self.private, &self.modulus).to_bytes_be();
        [vec![0; padded.len().saturating_sub(signature.len())], signature].concat()
    }

    #[cfg(test)]
    pub(super) fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let opened = BigUint::from_bytes_be(signature).modpow(&self.public, &self.modulus);
        opened == BigUint::from_bytes_be(&self.padded(message))
    }

    fn padded(&self, message: &[u8]) -> Vec<u8> {
        let sha256 = der::sequence(&[der::identifier(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]), der::null()]);
        let digest = der::sequence(&[sha256, der::octets(&Sha256::digest(message))]);
        let size = usize::try_from(self.modulus.bits().div_ceil(8)).unwrap_or(0);
        let mut padded = vec![0, 1];
        padded.resize(size.saturating_sub(digest.len() + 1), 0xff);
        padded.push(0);
        padded.extend_from_slice(&digest);
        padded
    }
}

fn prime(bits: usize, entropy: &mut Entropy) -> BigUint {
    loop {
        let mut bytes = entropy.bytes(bits / 8);
        // The product of two such numbers has all its bits, and an even one is no prime.
        bytes[0] |= 0xc0;
        let last = bytes.len() - 1;
        bytes[last] |= 1;
        let candidate = BigUint::from_bytes_be(&bytes);
        if is_prime(&candidate, entropy) {
            return candidate;
        }
    }
}

/// What is taken of the entropy does not depend on how much is saved here: the keys of an installation stay what they are.
pub(super) fn is_prime(candidate: &BigUint, entropy: &mut Entropy) -> bool {
    let divides = |prime: &u32| candidate % *prime == BigUint::ZERO;
    if SMALL_PRIMES.iter().any(divides) {
        return false;
    }
    let first = base(entropy);
    let is_own = |prime: &u32| *candidate == BigUint::from(*prime);
    if medium_primes().iter().any(|prime| divides(prime) && !is_own(prime)) || !passes(candidate, &first) {
        return false;
    }
    let others: Vec<BigUint> = (1..ROUNDS).map(|_| base(entropy)).collect();
    let rounds = if candidate.bits() < LARGE { ROUNDS } else { FEW };
    others.iter().take(rounds - 1).all(|base| passes(candidate, base))
}

/// Those above `SMALL_PRIMES`: to divide by them costs less than a round, and spares every second one.
fn medium_primes() -> &'static [u32] {
    static PRIMES: OnceLock<Vec<u32>> = OnceLock::new();
    PRIMES.get_or_init(|| {
        let is_prime = |n: &u32| (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
        (129..30_000).filter(is_prime).collect()
    })
}

fn base(entropy: &mut Entropy) -> BigUint {
    BigUint::from(entropy.below(u64::MAX - 4) + 2)
}

/// One round of Miller and Rabin's test.
fn passes(candidate: &BigUint, base: &BigUint) -> bool {
    let one = BigUint::from(1u32);
    let below = candidate - &one;
    let twos = below.trailing_zeros().unwrap_or(0);
    let mut power = base.modpow(&(&below >> twos), candidate);
    if power == one || power == below {
        return true;
    }
    (1..twos).any(|_| {
        power = &power * &power % candidate;
        power == below
    })
}
