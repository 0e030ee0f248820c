//! Whether a certificate of a ring has made a signature, and still counts (RFC 9580, sections 5.2 and 10.1; `ReadEntity` and
//! `checkMessageSignatureDetails` of go-crypto).

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType, SignatureVersion, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{
    Duration, EcdsaPublicParams, EddsaLegacyPublicParams, Fingerprint, KeyDetails, KeyVersion, PublicParams,
    SignedUser, Tag, Timestamp,
};
use std::cmp::Reverse;

/// Those of a certificate by itself: each is verified.
const MOST_OWN: usize = 256;
const FEWEST_BITS: u16 = 2048;

pub(crate) enum Judged {
    Good {
        /// The fingerprint of the certificate.
        by: String,
        until: Option<u64>,
    },
    /// It is said to be of a key that is known, and proves nothing.
    Bad(String),
    /// No key that is known and may sign is said to have made it; by whom it is said to be.
    Strange(String),
}

pub(crate) fn shown(fingerprint: &Fingerprint) -> String {
    format!("{fingerprint:x}").to_ascii_uppercase()
}

pub(crate) fn judge(all: &[SignedPublicKey], signature: &Signature, text: &[u8], now: u64) -> Judged {
    let mut refused = None;
    for certificate in all {
        match by(certificate, signature, text, now) {
            Ok(Some(until)) => return Judged::Good { by: shown(&certificate.fingerprint()), until },
            Ok(None) => {}
            Err(why) => {
                let who = shown(&certificate.fingerprint());
                refused = refused.or(Some(format!("its signature by {who} does not count: {why}")));
            }
        }
    }
    refused.map_or_else(|| Judged::Strange(issuers(signature)), Judged::Bad)
}

/// Fingerprints where it says them, else the key's short name.
fn issuers(signature: &Signature) -> String {
    let prints = signature.issuer_fingerprint().into_iter().map(shown);
    let names = signature.issuer_key_id().into_iter().map(|name| name.to_string().to_ascii_uppercase());
    let mut all: Vec<String> = prints.collect();
    if all.is_empty() {
        all.extend(names);
    }
    if all.is_empty() { "somebody who is not named".to_owned() } else { all.join(" or ") }
}

fn is_of(signature: &Signature, key: &impl KeyDetails) -> bool {
    signature.issuer_key_id().contains(&&key.legacy_key_id())
        || signature.issuer_fingerprint().contains(&&key.fingerprint())
}

/// Until when it counts; nothing where another key is said to have made it, or one that may not sign.
fn by(
    certificate: &SignedPublicKey,
    signature: &Signature,
    text: &[u8],
    now: u64,
) -> Result<Option<Option<u64>>, String> {
    let primary = &certificate.primary_key;
    let subkey = certificate.public_subkeys.iter().find(|subkey| is_of(signature, &subkey.key));
    if subkey.is_none() && !is_of(signature, primary) {
        return Ok(None);
    }
    let standing = Standing::of(certificate)?;
    let mut clock = Clock { now, until: None };
    let made = fit(signature)?;
    match subkey {
        None => {
            if !standing.own.key_flags().sign() {
                return Ok(None);
            }
            verified(signature.verify(primary, text))?;
        }
        Some(subkey) => {
            let Some(binding) = binding(certificate, subkey)? else { return Ok(None) };
            strong(&subkey.key)?;
            verified(signature.verify(&subkey.key, text))?;
            clock.key("its subkey", subkey.key.created_at(), made, binding.key_expiration_time())?;
            clock.signature("the binding of its subkey", binding)?;
            // Seen to be there with the binding.
            if let Some(back) = binding.embedded_signature() {
                clock.signature("the signature of its subkey on its primary key", back)?;
            }
        }
    }
    strong(primary)?;
    for limit in standing.limits {
        clock.key("the key", primary.created_at(), made, limit.key_expiration_time())?;
        clock.signature("what the key says of itself", limit)?;
    }
    clock.signature("the signature", signature)?;
    Ok(Some(clock.until))
}

fn verified(result: pgp::errors::Result<()>) -> Result<(), String> {
    result.map_err(|_| "the key has not signed this text".to_owned())
}

/// What a certificate says of itself.
struct Standing<'a> {
    /// The one that says what its primary key is for.
    own: &'a Signature,
    /// Those that may say when it expires.
    limits: Vec<&'a Signature>,
}

impl<'a> Standing<'a> {
    fn of(certificate: &'a SignedPublicKey) -> Result<Self, String> {
        let (primary, details) = (&certificate.primary_key, &certificate.details);
        if !matches!(primary.version(), KeyVersion::V4 | KeyVersion::V6) {
            return Err("the key is of a version of OpenPGP that is not supported: 4 and 6 are".to_owned());
        }
        if details.revocation_signatures.iter().any(|one| one.verify_key(primary).is_ok()) {
            return Err("the key is revoked".to_owned());
        }
        if !details.revocation_signatures.is_empty() {
            return Err("the key holds a revocation that can't be verified".to_owned());
        }
        let direct = few(details.direct_signatures.iter().filter(|one| is_of(one, primary)).collect())?;
        for one in &direct {
            selfmade(one, |one| one.verify_key(primary))?;
        }
        let direct = newest(direct);
        let own = match primary.version() {
            // A certificate of version 6 needs no name.
            KeyVersion::V6 => direct,
            _ => Some(named(certificate)?),
        };
        let own = own.ok_or("the key has not signed what it is for")?;
        let limits = direct.into_iter().chain([own]).collect();
        Ok(Self { own, limits })
    }
}

/// The newest signature on the name that stands for the certificate: one that is not revoked, and said to be the primary one,
/// and of those the newest.
fn named(certificate: &SignedPublicKey) -> Result<&Signature, String> {
    let primary = &certificate.primary_key;
    let mut names = Vec::new();
    for SignedUser { id, signatures } in &certificate.details.users {
        let own = few(signatures.iter().filter(|one| is_of(one, primary)).collect())?;
        for one in &own {
            selfmade(one, |one| one.verify_certification(primary, Tag::UserId, id))?;
        }
        let (revoked, own): (Vec<_>, Vec<_>) =
            own.into_iter().partition(|one| one.typ() == Some(SignatureType::CertRevocation));
        names.extend(newest(own).map(|own| (!revoked.is_empty(), own)));
    }
    let best = |(revoked, own): &(bool, &Signature)| (*revoked, !own.is_primary(), Reverse(own.created()));
    match names.into_iter().min_by_key(best) {
        None => Err("the key has no name that it has signed itself".to_owned()),
        Some((true, _)) => Err("the name of the key is revoked".to_owned()),
        Some((false, own)) => Ok(own),
    }
}

/// The newest binding of a subkey that may sign; nothing where it may not.
fn binding<'a>(
    certificate: &SignedPublicKey,
    subkey: &'a SignedPublicSubKey,
) -> Result<Option<&'a Signature>, String> {
    let primary = &certificate.primary_key;
    let all = few(subkey.signatures.iter().collect())?;
    for one in &all {
        selfmade(one, |one| one.verify_subkey_binding(primary, &subkey.key))?;
    }
    if all.iter().any(|one| one.typ() == Some(SignatureType::SubkeyRevocation)) {
        return Err("its subkey is revoked".to_owned());
    }
    let Some(binding) = newest(all).filter(|binding| binding.key_flags().sign()) else { return Ok(None) };
    // Or anybody's key could be bound to a certificate of one's own.
    let back = binding.embedded_signature().ok_or("its subkey has not signed that it is the key's")?;
    selfmade(back, |back| back.verify_primary_key_binding(&subkey.key, primary))?;
    Ok(Some(binding))
}

fn newest(all: Vec<&Signature>) -> Option<&Signature> {
    all.into_iter().max_by_key(|one| one.created())
}

fn few(all: Vec<&Signature>) -> Result<Vec<&Signature>, String> {
    if all.len() > MOST_OWN {
        return Err(format!("the key holds more than {MOST_OWN} signatures of its own"));
    }
    Ok(all)
}

/// A signature by which a key speaks of itself. SHA-1 will do here: whoever names the ring trusts what it holds.
fn selfmade(
    one: &Signature,
    verify: impl FnOnce(&Signature) -> pgp::errors::Result<()>,
) -> Result<(), String> {
    known(one)?;
    if matches!(one.hash_alg(), Some(HashAlgorithm::Md5 | HashAlgorithm::Ripemd160) | None) {
        return Err("the key speaks of itself with a hash that proves nothing".to_owned());
    }
    verify(one).map_err(|_| "the key holds a signature of its own that is not good".to_owned())
}

/// When the text was signed, if in a way that proves something.
fn fit(signature: &Signature) -> Result<Timestamp, String> {
    if !matches!(signature.version(), SignatureVersion::V4 | SignatureVersion::V6) {
        return Err("it is of a version of OpenPGP that is not supported: 4 and 6 are".to_owned());
    }
    if !matches!(signature.typ(), Some(SignatureType::Text | SignatureType::Binary)) {
        return Err("it is no signature of a text".to_owned());
    }
    match signature.hash_alg() {
        Some(
            HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512,
        ) => {}
        Some(weak) => return Err(format!("its hash, {weak}, proves nothing: SHA-256 or a longer one does")),
        None => return Err("it has no hash".to_owned()),
    }
    known(signature)?;
    signature.created().ok_or_else(|| "it does not say when it was made".to_owned())
}

/// What is marked as critical must be understood.
fn known(signature: &Signature) -> Result<(), String> {
    let config = signature.config().ok_or("the key holds a signature of a version that is not supported")?;
    let strange = |data: &SubpacketData| {
        matches!(
            data,
            SubpacketData::Notation(_) | SubpacketData::Experimental(..) | SubpacketData::Other(..)
        )
    };
    if config.hashed_subpackets().any(|one| one.is_critical && strange(&one.data)) {
        return Err("a signature holds something critical that is not known".to_owned());
    }
    Ok(())
}

fn strong(key: &impl KeyDetails) -> Result<(), String> {
    const SUPPORTED: &str = "use RSA of 2048 to 8192 bits, Ed25519, Ed448, or ECDSA on P-256, P-384 or P-521";
    let what = match key.public_params() {
        PublicParams::RSA(params) => {
            // An MPI begins with the number of its bits; the modulus comes first.
            let bytes = params.to_bytes().unwrap_or_default();
            let bits = bytes.first_chunk::<2>().map_or(0, |bits| u16::from_be_bytes(*bits));
            if bits >= FEWEST_BITS {
                return Ok(());
            }
            format!("RSA of {bits} bits")
        }
        PublicParams::Ed25519(_)
        | PublicParams::Ed448(_)
        | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. })
        | PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. } | EcdsaPublicParams::P384 { .. } | EcdsaPublicParams::P521 { .. },
        ) => return Ok(()),
        PublicParams::DSA(_) => "DSA".to_owned(),
        _ => "of a kind or a curve that is not supported".to_owned(),
    };
    Err(format!("a key of it is {what}: {SUPPORTED}"))
}

/// Expiry, at the time of signing and now.
struct Clock {
    now: u64,
    until: Option<u64>,
}

impl Clock {
    fn key(
        &mut self,
        what: &str,
        created: Timestamp,
        used: Timestamp,
        lifetime: Option<Duration>,
    ) -> Result<(), String> {
        if used < created {
            return Err(format!("{what} was made only {}, after the signature", day(seconds(created))));
        }
        self.within(what, created, lifetime)
    }

    fn signature(&mut self, what: &str, one: &Signature) -> Result<(), String> {
        let created = one.created().ok_or_else(|| format!("{what} does not say when it was made"))?;
        self.within(what, created, one.signature_expiration_time())
    }

    fn within(&mut self, what: &str, created: Timestamp, lifetime: Option<Duration>) -> Result<(), String> {
        let created = seconds(created);
        if created > self.now {
            return Err(format!("{what} is of the future, {}", day(created)));
        }
        let lifetime = lifetime.map_or(0, |lifetime| u64::from(lifetime.as_secs()));
        if lifetime == 0 {
            return Ok(());
        }
        let end = created + lifetime;
        if self.now > end {
            return Err(format!("{what} expired {}", day(end)));
        }
        self.until = Some(self.until.map_or(end, |until| until.min(end)));
        Ok(())
    }
}

fn seconds(time: Timestamp) -> u64 {
    u64::from(time.as_secs())
}

/// `at 2026-01-02T03:04:05Z`.
fn day(at: u64) -> String {
    let time = i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
    time.map_or_else(|| "at some time".to_owned(), |time| format!("at {time}"))
}
