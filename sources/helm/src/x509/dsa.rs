//! DSA keys with parameters of their own, as Go's crypto/dsa makes them (FIPS 186-3, A.2.3 and B.1).
use super::rsa::is_prime;
use super::{der, pem};
use crate::random::Entropy;
use num_bigint::BigUint;

/// Version, p, q, g, public and private number, which is how OpenSSL writes it. `bits` are those of p and q.
pub(crate) fn dsa_pem(bits: [usize; 2], entropy: &mut Entropy) -> String {
    let one = BigUint::from(1u32);
    let (p, q) = primes(bits, entropy);
    let rest = (&p - &one) / &q;
    let mut powers = (2u32..).map(|base| BigUint::from(base).modpow(&rest, &p));
    // One in q is 1.
    let g = powers.find(|power| *power != one).unwrap_or_default();
    let x = loop {
        let x = BigUint::from_bytes_be(&entropy.bytes(bits[1] / 8));
        if x != BigUint::ZERO && x < q {
            break x;
        }
    };
    let y = g.modpow(&x, &p);
    let numbers = [&p, &q, &g, &y, &x].map(der::integer);
    pem::encode("DSA PRIVATE KEY", &der::sequence(&[&[der::small(0)], &numbers[..]].concat()))
}

/// The second one divides the first one less 1.
fn primes([long, short]: [usize; 2], entropy: &mut Entropy) -> (BigUint, BigUint) {
    loop {
        let q = odd(short, entropy);
        if !is_prime(&q, entropy) {
            continue;
        }
        let step = &q << 1u32;
        for _ in 0..4 * long {
            let start = odd(long, entropy);
            let p = &start - &start % &step + 1u32;
            if p.bits() == long as u64 && is_prime(&p, entropy) {
                return (p, q);
            }
        }
    }
}

/// A number of exactly that many bits.
fn odd(bits: usize, entropy: &mut Entropy) -> BigUint {
    let mut bytes = entropy.bytes(bits / 8);
    bytes[0] |= 0x80;
    let last = bytes.len() - 1;
    bytes[last] |= 1;
    BigUint::from_bytes_be(&bytes)
}
