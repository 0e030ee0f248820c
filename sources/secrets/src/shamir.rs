//! A data key that is shared among key groups: Shamir's scheme, each byte on its own, over GF(2^8) with the polynomial
//! of AES. The last byte of a part is where the part lies.

use crate::stanza::Part;

/// The secret behind the parts, or nothing where they cannot belong together.
pub(crate) fn combine(parts: &[Part]) -> Option<Part> {
    let length = parts.first()?.bytes().len();
    let same = parts.iter().all(|part| part.bytes().len() == length);
    if parts.len() < 2 || length < 2 || !same {
        return None;
    }
    let at: Vec<u8> = parts.iter().map(|part| part.bytes()[length - 1]).collect();
    if at.iter().enumerate().any(|(i, x)| *x == 0 || at[..i].contains(x)) {
        return None;
    }
    // The value at zero of the polynomial through all parts, by Lagrange.
    let weights: Vec<u8> = (0..at.len())
        .map(|i| {
            let others = (0..at.len()).filter(|j| *j != i);
            others.fold(1, |weight, j| multiply(weight, multiply(at[j], invert(at[i] ^ at[j]))))
        })
        .collect();
    let byte = |i: usize| {
        let terms = parts.iter().zip(&weights);
        terms.fold(0, |sum, (part, weight)| sum ^ multiply(part.bytes()[i], *weight))
    };
    Some(Part::new((0..length - 1).map(byte).collect()))
}

/// No branch and no table depends on the operands: they are secret.
fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    for _ in 0..8 {
        product ^= a & (b & 1).wrapping_neg();
        let carry = (a >> 7).wrapping_neg();
        a = (a << 1) ^ (0x1b & carry);
        b >>= 1;
    }
    product
}

/// `a` to the power of 254: the field has 255 elements that are not zero.
fn invert(a: u8) -> u8 {
    let (mut power, mut square) = (1, a);
    for _ in 0..7 {
        square = multiply(square, square);
        power = multiply(power, square);
    }
    power
}
