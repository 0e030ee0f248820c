//! The certificate of whoever signed: whose it is, who has issued it, and whether it was logged.

use super::refused::{Identity, Refused, Required, refused};
use super::root::{Authority, Root};
use crate::verify::public::{Public, SUPPORTED};
use rustls::pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::asn1_rs::Oid;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::asn1_rs::oid;
use x509_parser::prelude::{FromDer, X509Certificate};

const MOST_BYTES: usize = 16 << 10;
/// `id-kp-codeSigning` of RFC 5280.
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
/// `id-kp-timeStamping`
pub const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];

/// Fulcio's extensions (`docs/oid-info.md` of sigstore/fulcio).
const ISSUER: Oid<'_> = oid!(1.3.6.1.4.1.57264.1.1);
const ISSUER_2: Oid<'_> = oid!(1.3.6.1.4.1.57264.1.8);
const OTHER_NAME: Oid<'_> = oid!(1.3.6.1.4.1.57264.1.7);

const ALGORITHMS: &[&dyn rustls::pki_types::SignatureVerificationAlgorithm] = &[
    webpki::ring::ECDSA_P256_SHA256,
    webpki::ring::ECDSA_P256_SHA384,
    webpki::ring::ECDSA_P384_SHA256,
    webpki::ring::ECDSA_P384_SHA384,
    webpki::ring::ED25519,
    webpki::ring::RSA_PKCS1_2048_8192_SHA256,
    webpki::ring::RSA_PKCS1_2048_8192_SHA384,
    webpki::ring::RSA_PKCS1_2048_8192_SHA512,
];

pub fn parsed(der: &[u8]) -> Result<X509Certificate<'_>, Refused> {
    if der.len() > MOST_BYTES {
        return refused("its certificate is larger than 16 KiB");
    }
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) | Err(_) => refused("its certificate can't be read"),
    }
}

pub fn key(certificate: &X509Certificate<'_>) -> Result<Public, Refused> {
    Public::read(certificate.public_key().raw).or_else(|what| {
        refused(format!("its certificate has {what}, which is not supported: {SUPPORTED} are"))
    })
}

/// Whom it names, to be believed once its chain is.
pub fn identity(certificate: &X509Certificate<'_>) -> Result<Identity, Refused> {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.required("its certificate names nobody")?;
    let subject = |name: &GeneralName<'_>| match name {
        GeneralName::URI(name) | GeneralName::RFC822Name(name) => Some((*name).to_owned()),
        GeneralName::OtherName(kind, value) if *kind == OTHER_NAME => other(value),
        _ => None,
    };
    let subjects: Vec<String> = names.value.general_names.iter().filter_map(subject).collect();
    if subjects.is_empty() {
        return refused("its certificate names nobody by a URI, an e-mail address or a name of the issuer's");
    }
    let extension = |of: &Oid<'_>| certificate.get_extension_unique(of).map(|found| found.map(|e| e.value));
    let (Ok(first), Ok(second)) = (extension(&ISSUER), extension(&ISSUER_2)) else {
        return refused("its certificate names its issuer twice");
    };
    let first = first.map(|text| String::from_utf8_lossy(text).into_owned());
    let second =
        second.map(|der| utf8(der).required("its certificate's issuer can't be read")).transpose()?;
    match (first, second) {
        (Some(one), Some(other)) if one != other => refused("its certificate names two issuers"),
        (_, Some(issuer)) | (Some(issuer), None) => Ok(Identity { subjects, issuer }),
        (None, None) => refused("its certificate does not say which issuer has seen who it is of"),
    }
}

/// `UTF8String`
fn utf8(der: &[u8]) -> Option<String> {
    super::der::only(der, 0x0c).and_then(|text| String::from_utf8(text.to_vec()).ok())
}

/// The value of an `OtherName`: explicit, `[0]`, or as what reads it leaves it.
fn other(value: &[u8]) -> Option<String> {
    super::der::only(value, 0xa0).map_or_else(|| utf8(value), utf8)
}

/// The public key (DER) of whoever has issued it, if that leads to an authority that is believed, at seconds since 1970 at
/// which every certificate on the way was valid.
pub fn issued(der: &[u8], root: &Root, at: i64) -> Result<Vec<u8>, Refused> {
    let valid = |authority: &&Authority| authority.window.holds(at.saturating_mul(1000));
    let mut why = None;
    for authority in root.authorities.iter().filter(valid) {
        match issued_by(der, &authority.chain, CODE_SIGNING, at) {
            Ok(key) => return Ok(key),
            // Another authority may have the same name, so what one makes of it decides nothing.
            Err(webpki::Error::UnknownIssuer) => {}
            Err(error) => why = Some(format!("its certificate is not valid: {}", told(&error))),
        }
    }
    if let Some(why) = why {
        return refused(why);
    }
    if root.authorities.iter().any(|authority| valid(&authority)) {
        return refused("its certificate is of no authority that is trusted");
    }
    refused("no authority that is trusted counts for the time of the signature")
}

/// `chain`: of authorities, the last of which is believed.
pub fn issued_by(
    der: &[u8],
    chain: &[Vec<u8>],
    usage: &'static [u8],
    at: i64,
) -> Result<Vec<u8>, webpki::Error> {
    let Some((root, between)) = chain.split_last() else {
        return Err(webpki::Error::UnknownIssuer);
    };
    let root = CertificateDer::from(root.as_slice());
    let between: Vec<_> = between.iter().map(|one| CertificateDer::from(one.as_slice())).collect();
    let leaf = CertificateDer::from(der);
    let leaf = EndEntityCert::try_from(&leaf)?;
    let anchors = [anchor_from_trusted_cert(&root)?];
    let time = UnixTime::since_unix_epoch(Duration::from_secs(at.try_into().unwrap_or(0)));
    let usage = KeyUsage::required(usage);
    let path = leaf.verify_for_usage(ALGORITHMS, &anchors, &between, time, usage, None, None)?;
    // An anchor has no time of its own there.
    let (_, top) = X509Certificate::from_der(&root).map_err(|_| webpki::Error::BadDer)?;
    let validity = top.validity();
    if !(validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&at) {
        return Err(webpki::Error::InvalidCertValidity);
    }
    Ok(match path.intermediate_certificates().next() {
        Some(issuer) => issuer.subject_public_key_info().to_vec(),
        None => top.public_key().raw.to_vec(),
    })
}

fn told(error: &webpki::Error) -> &'static str {
    match error {
        webpki::Error::CertExpired { .. } => "it had expired when its signature was logged",
        webpki::Error::CertNotValidYet { .. } => "its signature was logged before it was issued",
        webpki::Error::InvalidCertValidity => "its authority was not valid when its signature was logged",
        webpki::Error::RequiredEkuNotFoundContext(_) => "it is not for signing code",
        webpki::Error::InvalidSignatureForPublicKey => "its authority has not signed it",
        webpki::Error::CaUsedAsEndEntity => "it is an authority's own",
        _ => "its chain is broken",
    }
}

/// The promises of logs within it.
pub fn promises<'a>(
    certificate: &'a X509Certificate<'a>,
) -> Option<&'a [x509_parser::extensions::SignedCertificateTimestamp<'a>]> {
    let of = x509_parser::oid_registry::OID_CT_LIST_SCT;
    match certificate.get_extension_unique(&of).ok()??.parsed_extension() {
        ParsedExtension::SCT(found) => Some(found),
        _ => None,
    }
}
