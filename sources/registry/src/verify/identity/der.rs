//! As much of DER (X.690) as it takes to leave something out of a certificate.

pub const SEQUENCE: u8 = 0x30;
pub const IDENTIFIER: u8 = 0x06;
/// `[3] EXPLICIT`, in which a certificate has its extensions.
pub const EXTENSIONS: u8 = 0xa3;

/// What stands at the beginning of a text.
pub struct Element<'a> {
    pub tag: u8,
    pub body: &'a [u8],
    /// With tag and length.
    pub whole: &'a [u8],
    pub rest: &'a [u8],
}

/// Tags of one byte and lengths of at most three: certificates have no others.
pub fn element(der: &[u8]) -> Option<Element<'_>> {
    let [tag, first, after @ ..] = der else { return None };
    let (length, body) = match first {
        0..=0x7f => (usize::from(*first), after),
        0x81..=0x83 => {
            let (bytes, body) = after.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), body)
        }
        _ => return None,
    };
    let (body, rest) = body.split_at_checked(length)?;
    Some(Element { tag: *tag, body, whole: &der[..der.len() - rest.len()], rest })
}

/// All elements of a body.
pub fn elements(mut body: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !body.is_empty() {
        let next = element(body)?;
        body = next.rest;
        found.push(next);
    }
    Some(found)
}

/// The one element that a text is.
pub fn only(der: &[u8], tag: u8) -> Option<&[u8]> {
    element(der).filter(|found| found.tag == tag && found.rest.is_empty()).map(|found| found.body)
}

pub fn wrapped(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut out = vec![tag];
    match digits {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        // No more than the eight of a usize.
        _ => {
            out.push(0x80 | digits.len() as u8);
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_is_read_again() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let body = vec![7; length];
            let whole = wrapped(SEQUENCE, &body);
            assert_eq!(only(&whole, SEQUENCE), Some(body.as_slice()), "{length}");
            let two = [whole.clone(), whole.clone()].concat();
            assert_eq!(elements(&two).map(|found| found.len()), Some(2));
            assert!(only(&two, SEQUENCE).is_none());
            assert!(element(&whole[..whole.len() - 1]).is_none());
        }
    }
}
