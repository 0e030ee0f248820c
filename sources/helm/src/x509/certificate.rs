//! X.509 certificates for servers and clients, and authorities that sign them.
use super::rsa::Key;
use super::{der, pem};
use crate::random::Entropy;
use crate::time::Time;
use num_bigint::BigUint;
use sha1::{Digest, Sha1};
use std::borrow::Cow;
use std::net::IpAddr;

/// Both in PEM.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) cert: String,
    pub(crate) key: String,
}

/// Whom a certificate is for, and for how long.
pub(crate) struct Names<'a> {
    pub(crate) common: Cow<'a, str>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) hosts: Vec<String>,
    pub(crate) days: i64,
    /// In seconds since 1970.
    pub(crate) now: i64,
}

/// Who signs.
struct Issuer<'a> {
    name: Vec<u8>,
    key: &'a Key,
    /// Of the key, as its own certificate names it.
    identifier: Option<Vec<u8>>,
}

pub(crate) fn authority(names: &Names<'_>, key: &Key, entropy: &mut Entropy) -> Certificate {
    let issuer = Issuer { name: name(&names.common), key, identifier: None };
    certificate(names, key, &issuer, true, entropy)
}

pub(crate) fn self_signed(names: &Names<'_>, key: &Key, entropy: &mut Entropy) -> Certificate {
    let issuer = Issuer { name: name(&names.common), key, identifier: None };
    certificate(names, key, &issuer, false, entropy)
}

pub(crate) fn signed(
    names: &Names<'_>,
    key: &Key,
    by: &Certificate,
    entropy: &mut Entropy,
) -> Result<Certificate, String> {
    let (_, bytes) = pem::decode(&by.cert).ok_or("unable to decode certificate")?;
    let signer = Key::read(&by.key).map_err(|why| format!("error parsing private key: {why}"))?;
    let subject = subject(&bytes).ok_or("error parsing certificate: decodedSignerCert.Bytes: malformed")?;
    let issuer = Issuer { name: subject, key: &signer, identifier: Some(key_identifier(&signer)) };
    Ok(certificate(names, key, &issuer, false, entropy))
}

fn certificate(
    names: &Names<'_>,
    key: &Key,
    issuer: &Issuer<'_>,
    is_authority: bool,
    entropy: &mut Entropy,
) -> Certificate {
    let serial = BigUint::from_bytes_be(&entropy.bytes(16));
    let sha256_rsa =
        || der::sequence(&[der::identifier(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11]), der::null()]);
    let rsa = der::sequence(&[der::identifier(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1]), der::null()]);
    let body = der::sequence(&[
        der::value(0xa0, &der::small(2)),
        der::integer(&serial),
        sha256_rsa(),
        issuer.name.clone(),
        der::sequence(&[
            moment(names.now),
            moment(names.now.saturating_add(names.days.saturating_mul(86400))),
        ]),
        name(&names.common),
        der::sequence(&[rsa, der::bits(&key.public_der())]),
        der::value(0xa3, &der::sequence(&extensions(names, key, issuer, is_authority))),
    ]);
    let signature = issuer.key.sign(&body);
    let whole = der::sequence(&[body, sha256_rsa(), der::bits(&signature)]);
    Certificate { cert: pem::encode("CERTIFICATE", &whole), key: key.pem() }
}

fn extensions(names: &Names<'_>, key: &Key, issuer: &Issuer<'_>, is_authority: bool) -> Vec<Vec<u8>> {
    let critical = || der::value(0x01, &[0xff]);
    let extension = |id: u8, is_critical: bool, body: Vec<u8>| {
        let mut parts = vec![der::identifier(&[0x55, 0x1d, id])];
        if is_critical {
            parts.push(critical());
        }
        parts.push(der::octets(&body));
        der::sequence(&parts)
    };
    // Digital signature, key encipherment and, for an authority, signing certificates.
    let usage: [u8; 2] = if is_authority { [2, 0xa4] } else { [5, 0xa0] };
    let purpose = |last: u8| der::identifier(&[0x2b, 6, 1, 5, 5, 7, 3, last]);
    let mut all = vec![
        extension(15, true, der::value(0x03, &usage)),
        extension(37, false, der::sequence(&[purpose(1), purpose(2)])),
        extension(19, true, der::sequence(&if is_authority { vec![critical()] } else { Vec::new() })),
    ];
    if is_authority {
        all.push(extension(14, false, der::octets(&key_identifier(key))));
    }
    if let Some(identifier) = &issuer.identifier {
        all.push(extension(35, false, der::sequence(&[der::value(0x80, identifier)])));
    }
    let hosts = names.hosts.iter().map(|host| der::value(0x82, host.as_bytes()));
    let addresses = names.addresses.iter().map(|address| match address {
        IpAddr::V4(address) => der::value(0x87, &address.octets()),
        IpAddr::V6(address) => der::value(0x87, &address.octets()),
    });
    let alternatives: Vec<Vec<u8>> = hosts.chain(addresses).collect();
    if !alternatives.is_empty() {
        all.push(extension(17, false, der::sequence(&alternatives)));
    }
    all
}

fn key_identifier(key: &Key) -> Vec<u8> {
    Sha1::digest(key.public_der()).to_vec()
}

/// A name with nothing but a common name.
fn name(common: &str) -> Vec<u8> {
    if common.is_empty() {
        return der::sequence(&[]);
    }
    let printable = common.bytes().all(|b| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b));
    let text = der::value(if printable { 0x13 } else { 0x0c }, common.as_bytes());
    let attribute = der::sequence(&[der::identifier(&[0x55, 4, 3]), text]);
    der::sequence(&[der::value(der::SET, &attribute)])
}

/// UTCTime until 2049, GeneralizedTime from then on.
fn moment(seconds: i64) -> Vec<u8> {
    let time = Time::unix(seconds);
    let year = time.parts().civil.year();
    if (1950..2050).contains(&year) {
        return der::value(0x17, time.format("060102150405Z").as_bytes());
    }
    der::value(0x18, time.format("20060102150405Z").as_bytes())
}

/// The subject of a certificate, as it is encoded there.
fn subject(bytes: &[u8]) -> Option<Vec<u8>> {
    let whole = der::take(bytes)?;
    let body = der::take(whole.body)?;
    let mut parts = der::each(body.body)?;
    if parts.first()?.tag == 0xa0 {
        parts.remove(0);
    }
    // Serial, algorithm, issuer, validity, subject.
    parts.get(4).filter(|part| part.tag == der::SEQUENCE).map(|part| part.whole.to_vec())
}
