//! When something was there: a timestamp of an authority that has seen its hash (RFC 3161), as a message that it has signed
//! (RFC 5652). Rekor 2 says no time of its own.

use super::certificate::{self, TIME_STAMPING};
use super::der::{IDENTIFIER, SEQUENCE, element, elements, only, wrapped};
use super::refused::{Refused, Required, refused};
use super::root::{Authority, Root};
use crate::verify::public::Public;
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};

const MOST: usize = 8;
const MOST_BYTES: usize = 32 << 10;

const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;
const INTEGER: u8 = 0x02;
const TIME: u8 = 0x18;
/// `[0]`, explicit or implicit.
const FIRST: u8 = 0xa0;

/// Object identifiers of RFC 5652, RFC 3161 and RFC 5754, as DER writes them.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const HASHES: [(&[u8], &Algorithm); 3] = [
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], &SHA256),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], &SHA384),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], &SHA512),
];

/// Seconds since 1970 at which authorities that are trusted have seen `signed`; the error is why the last one that can't be
/// believed can't, if none can.
pub fn times(tokens: &[Vec<u8>], signed: &[u8], root: &Root) -> Result<Vec<i64>, Refused> {
    if tokens.len() > MOST {
        return refused(format!("it carries more than {MOST} timestamps"));
    }
    let mut why = None;
    let mut found = Vec::new();
    for token in tokens {
        match time(token, signed, root) {
            Ok(time) => found.push(time),
            Err(refused) => why = Some(refused),
        }
    }
    match why {
        Some(why) if found.is_empty() => Err(why),
        Some(_) | None => Ok(found),
    }
}

fn time(token: &[u8], signed: &[u8], root: &Root) -> Result<i64, Refused> {
    const UNREADABLE: &str = "its timestamp can't be read";
    if token.len() > MOST_BYTES {
        return refused("its timestamp is larger than 32 KiB");
    }
    let token = Token::read(token).required(UNREADABLE)?;
    let info = Info::read(token.info).required(UNREADABLE)?;
    if digest(info.algorithm, signed).as_ref() != info.hash {
        return refused("its timestamp is of something else");
    }
    if digest(token.algorithm, token.info).as_ref() != token.hash {
        return refused("its timestamp is not what its authority has signed");
    }
    let mut why = "its timestamp is of no authority that is trusted";
    for authority in root.timestamps.iter().filter(|authority| token.is_by(authority)) {
        if !authority.window.holds(info.at.saturating_mul(1000)) {
            why = "its timestamp is of a time that its authority does not count for";
            continue;
        }
        match authority.chain.split_first() {
            Some((leaf, above)) if certificate::issued_by(leaf, above, TIME_STAMPING, info.at).is_ok() => {
                return Ok(info.at);
            }
            Some(_) | None => why = "the certificate of its timestamp's authority is not valid",
        }
    }
    refused(why)
}

/// What is read of a `TimeStampResp`.
struct Token<'a> {
    /// `TSTInfo`
    info: &'a [u8],
    algorithm: &'static Algorithm,
    /// Of the info, as the signature has it.
    hash: &'a [u8],
    /// The set of attributes, which is what is signed.
    attributes: Vec<u8>,
    signature: &'a [u8],
}

impl<'a> Token<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let [_status, content] = body::<2>(der)?;
        let [kind, content] = split::<2>(only(content, SEQUENCE)?)?;
        if only(kind, IDENTIFIER)? != SIGNED_DATA {
            return None;
        }
        let data = elements(only(only(content, FIRST)?, SEQUENCE)?)?;
        let [_version, _algorithms, content, .., signers] = data.as_slice() else { return None };
        let [kind, content] = split::<2>(only(content.whole, SEQUENCE)?)?;
        if only(kind, IDENTIFIER)? != INFO {
            return None;
        }
        let info = only(only(content, FIRST)?, OCTETS)?;
        let signer = elements(only(only(signers.whole, SET)?, SEQUENCE)?)?;
        let [_version, _name, algorithm, attributes, _, signature, ..] = signer.as_slice() else {
            return None;
        };
        let given = elements(only(attributes.whole, FIRST)?)?;
        if attribute(&given, CONTENT_TYPE).and_then(|kind| only(kind, IDENTIFIER))? != INFO {
            return None;
        }
        Some(Self {
            info,
            algorithm: hash(algorithm.whole)?,
            hash: attribute(&given, MESSAGE_DIGEST).and_then(|hash| only(hash, OCTETS))?,
            attributes: wrapped(SET, attributes.body),
            signature: only(signature.whole, OCTETS)?,
        })
    }

    /// Whether the first certificate of an authority has signed it.
    fn is_by(&self, authority: &Authority) -> bool {
        let leaf = authority.chain.first().and_then(|leaf| certificate::parsed(leaf).ok());
        let key = leaf.and_then(|leaf| Public::read(leaf.public_key().raw).ok());
        key.is_some_and(|key| key.has_signed(&self.attributes, self.signature))
    }
}

/// What is read of a `TSTInfo`.
struct Info<'a> {
    algorithm: &'static Algorithm,
    /// Of what was there.
    hash: &'a [u8],
    /// Seconds since 1970.
    at: i64,
}

impl<'a> Info<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let parts = elements(only(der, SEQUENCE)?)?;
        let [version, _policy, imprint, _serial, time, ..] = parts.as_slice() else { return None };
        if only(version.whole, INTEGER)? != [1] {
            return None;
        }
        let [algorithm, imprint] = body::<2>(imprint.whole)?;
        Some(Self {
            algorithm: hash(algorithm)?,
            hash: only(imprint, OCTETS)?,
            at: utc(only(time.whole, TIME)?)?,
        })
    }
}

/// `YYYYMMDDhhmmss`, perhaps a fraction, `Z`.
fn utc(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let number = |from: usize, to: usize| whole.get(from..to)?.parse::<i8>().ok();
    let date = jiff::civil::Date::new(whole.get(..4)?.parse().ok()?, number(4, 6)?, number(6, 8)?).ok()?;
    let time = jiff::civil::Time::new(number(8, 10)?, number(10, 12)?, number(12, 14)?, 0).ok()?;
    Some(date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// An `AlgorithmIdentifier`.
fn hash(der: &[u8]) -> Option<&'static Algorithm> {
    let name = element(only(der, SEQUENCE)?).filter(|name| name.tag == IDENTIFIER)?;
    HASHES.iter().find(|(of, _)| *of == name.body).map(|(_, algorithm)| *algorithm)
}

/// The one value of the one attribute with a name.
fn attribute<'a>(all: &[super::der::Element<'a>], name: &[u8]) -> Option<&'a [u8]> {
    let mut named = all.iter().filter_map(|one| {
        let [kind, values] = split::<2>(one.body)?;
        (only(kind, IDENTIFIER)? == name).then_some(values)
    });
    match (named.next(), named.next()) {
        (Some(values), None) => only(values, SET),
        (_, _) => None,
    }
}

/// The elements of a sequence, of which there are that many.
fn body<const N: usize>(der: &[u8]) -> Option<[&[u8]; N]> {
    split(only(der, SEQUENCE)?)
}

fn split<const N: usize>(body: &[u8]) -> Option<[&[u8]; N]> {
    let found: Vec<&[u8]> = elements(body)?.into_iter().map(|one| one.whole).collect();
    found.try_into().ok()
}
