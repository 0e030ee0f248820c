//! As much of DER as keys and certificates need.
use num_bigint::BigUint;

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// A value with its tag.
pub(super) fn value(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match body.len() {
        length @ 0..=0x7f => out.push(length as u8),
        length => {
            let bytes = (length as u64).to_be_bytes();
            let digits = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(7)..];
            out.push(0x80 | digits.len() as u8);
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(body);
    out
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

pub(super) fn integer(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes[0] & 0x80 != 0 {
        bytes.insert(0, 0);
    }
    value(0x02, &bytes)
}

pub(super) fn small(number: u8) -> Vec<u8> {
    value(0x02, &[number])
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    value(0x04, bytes)
}

/// A bit string of whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    value(0x03, &[&[0], bytes].concat())
}

pub(super) fn null() -> Vec<u8> {
    value(0x05, &[])
}

/// An object identifier, already encoded.
pub(super) fn identifier(encoded: &[u8]) -> Vec<u8> {
    value(0x06, encoded)
}

/// Takes a value off: tag, body, the whole value, the rest.
pub(super) struct Taken<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
    pub(super) whole: &'a [u8],
    pub(super) rest: &'a [u8],
}

pub(super) fn take(bytes: &[u8]) -> Option<Taken<'_>> {
    let (tag, length) = (*bytes.first()?, *bytes.get(1)?);
    let (length, start) = match length {
        0..=0x7f => (usize::from(length), 2),
        0x81..=0x84 => {
            let count = usize::from(length & 0x7f);
            let digits = bytes.get(2..2 + count)?;
            (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + count)
        }
        _ => return None,
    };
    let end = start.checked_add(length)?;
    Some(Taken { tag, body: bytes.get(start..end)?, whole: &bytes[..end], rest: &bytes[end..] })
}

/// The values within a body.
pub(super) fn each(mut body: &[u8]) -> Option<Vec<Taken<'_>>> {
    let mut found = Vec::new();
    while !body.is_empty() {
        let taken = take(body)?;
        body = taken.rest;
        found.push(taken);
    }
    Some(found)
}
