//! Keys of OpenPGP for tests, good and otherwise, and what they sign.
use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey,
    SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{Duration, KeyDetails, Password, SigningKey, Tag, Timestamp};
use rand::rngs::OsRng;

/// Noon of 2025-06-01, when keys are made.
pub const NOON: u32 = 1_748_779_200;
pub const DAY: u32 = 86_400;

pub struct Key {
    pub secret: SignedSecretKey,
    pub hash: HashAlgorithm,
}

fn at(time: u32) -> SubpacketData {
    SubpacketData::SignatureCreationTime(Timestamp::from_secs(time))
}

pub fn lifetime(seconds: u32) -> SubpacketData {
    SubpacketData::KeyExpirationTime(Duration::from_secs(seconds))
}

pub fn signs() -> SubpacketData {
    let mut flags = KeyFlags::default();
    flags.set_sign(true);
    SubpacketData::KeyFlags(flags)
}

impl Key {
    /// Ed25519, as GnuPG makes it.
    pub fn new(name: &str) -> Self {
        Self::of(KeyType::Ed25519Legacy, name, false)
    }

    pub fn of(kind: KeyType, name: &str, with_subkey: bool) -> Self {
        let mut made = SecretKeyParamsBuilder::default();
        made.key_type(kind).created_at(Timestamp::from_secs(NOON)).can_certify(true);
        made.can_sign(!with_subkey).primary_user_id(format!("{name} <{name}@example.com>"));
        if with_subkey {
            let mut subkey = SubkeyParamsBuilder::default();
            subkey.key_type(KeyType::Ed25519Legacy).created_at(Timestamp::from_secs(NOON)).can_sign(true);
            made.subkey(subkey.build().unwrap());
        }
        Self { secret: made.build().unwrap().generate(OsRng).unwrap(), hash: HashAlgorithm::Sha512 }
    }

    pub fn fingerprint(&self) -> String {
        format!("{:x}", self.secret.fingerprint()).to_ascii_uppercase()
    }

    pub fn public(&self) -> SignedPublicKey {
        self.secret.to_public_key()
    }

    /// Binary.
    pub fn ring(&self) -> Vec<u8> {
        self.public().to_bytes().unwrap()
    }

    pub fn armored(&self) -> String {
        self.public().to_armored_string(ArmorOptions::default()).unwrap()
    }

    fn config(&self, kind: SignatureType, time: u32, more: Vec<SubpacketData>) -> SignatureConfig {
        let key = &self.secret.primary_key;
        let mut config = SignatureConfig::v4(kind, key.algorithm(), self.hash);
        let said = [at(time), SubpacketData::IssuerFingerprint(key.fingerprint())];
        config.hashed_subpackets =
            said.into_iter().chain(more).map(|data| Subpacket::regular(data).unwrap()).collect();
        config.unhashed_subpackets =
            vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id())).unwrap()];
        config
    }

    /// Another signature on its name; `kind` may be a revocation of it.
    pub fn name(&mut self, kind: SignatureType, time: u32, more: Vec<SubpacketData>) {
        let config = self.config(kind, time, more);
        let key = &self.secret.primary_key;
        let user = &mut self.secret.details.users[0];
        let signed =
            config.sign_certification(key, key.public_key(), &Password::empty(), Tag::UserId, &user.id);
        user.signatures.push(signed.unwrap());
    }

    /// The only thing that it says of its name.
    pub fn rename(&mut self, time: u32, more: Vec<SubpacketData>) {
        self.secret.details.users[0].signatures.clear();
        self.name(SignatureType::CertPositive, time, more);
    }

    /// A signature on the key itself: a revocation, or a direct one.
    pub fn say(&mut self, kind: SignatureType, time: u32, more: Vec<SubpacketData>) {
        let key = &self.secret.primary_key;
        let signed = self.config(kind, time, more).sign_key(key, &Password::empty(), key.public_key());
        let details = &mut self.secret.details;
        match kind {
            SignatureType::KeyRevocation => details.revocation_signatures.push(signed.unwrap()),
            _ => details.direct_signatures.push(signed.unwrap()),
        }
    }

    /// Revokes its subkey.
    pub fn revoke_subkey(&mut self) {
        let config = self.config(SignatureType::SubkeyRevocation, NOON, Vec::new());
        let (key, subkey) = (&self.secret.primary_key, &mut self.secret.secret_subkeys[0]);
        let signed =
            config.sign_subkey_binding(key, key.public_key(), &Password::empty(), subkey.key.public_key());
        subkey.signatures.push(signed.unwrap());
    }

    /// Binds its subkey anew, without the subkey's own word.
    pub fn bind_alone(&mut self) {
        let config = self.config(SignatureType::SubkeyBinding, NOON, vec![signs()]);
        let (key, subkey) = (&self.secret.primary_key, &mut self.secret.secret_subkeys[0]);
        let signed =
            config.sign_subkey_binding(key, key.public_key(), &Password::empty(), subkey.key.public_key());
        subkey.signatures = vec![signed.unwrap()];
    }

    /// A signature of a text, by the subkey if there is one.
    pub fn sign(&self, text: &str, time: u32, more: Vec<Subpacket>) -> Signature {
        let mut config = self.config(SignatureType::Text, time, Vec::new());
        config.hashed_subpackets.extend(more);
        match self.secret.secret_subkeys.first() {
            None => signed(config, &self.secret.primary_key, text),
            Some(subkey) => {
                let (key, id) = (subkey.key.fingerprint(), subkey.key.legacy_key_id());
                config.hashed_subpackets[1] =
                    Subpacket::regular(SubpacketData::IssuerFingerprint(key)).unwrap();
                config.unhashed_subpackets =
                    vec![Subpacket::regular(SubpacketData::IssuerKeyId(id)).unwrap()];
                config.pub_alg = subkey.key.algorithm();
                signed(config, &subkey.key, text)
            }
        }
    }
}

fn signed(config: SignatureConfig, key: &impl SigningKey, text: &str) -> Signature {
    let text = text.replace('\n', "\r\n");
    config.sign(key, &Password::empty(), text.as_bytes()).unwrap()
}

/// The clear-signed text.
pub fn message(text: &str, signatures: Vec<Signature>) -> String {
    let message = CleartextSignedMessage::new_many(text, |_| Ok(signatures)).unwrap();
    message.to_armored_string(ArmorOptions::default()).unwrap()
}

/// What Helm signs of a chart.
pub fn text(name: &str, version: &str, file: &str, digest: &str) -> String {
    format!("apiVersion: v2\nname: {name}\nversion: {version}\n\n...\nfiles:\n  {file}: {digest}\n")
}

/// The provenance of an archive, signed a day after the key was made.
pub fn provenance(key: &Key, name: &str, version: &str, archive: &[u8]) -> String {
    let digest = crate::digest::Digest::of(archive);
    let text = text(name, version, &format!("{name}-{version}.tgz"), digest.text());
    message(&text, vec![key.sign(&text, NOON + DAY, Vec::new())])
}
