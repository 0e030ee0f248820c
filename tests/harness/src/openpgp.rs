//! Keys of OpenPGP for tests, good and otherwise, and what they sign.
use pgp::armor::BlockType;
use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey,
    SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Packet, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{Duration, KeyDetails, Password, SigningKey, Tag, Timestamp};
use rand::rngs::OsRng;

/// What these tests ask of OpenPGP.
const ALLOWED: &str = "OpenPGP allows it";

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
            made.subkey(subkey.build().expect(ALLOWED));
        }
        Self {
            secret: made.build().expect(ALLOWED).generate(OsRng).expect(ALLOWED),
            hash: HashAlgorithm::Sha512,
        }
    }

    pub fn fingerprint(&self) -> String {
        format!("{:x}", self.secret.fingerprint()).to_ascii_uppercase()
    }

    pub fn public(&self) -> SignedPublicKey {
        self.secret.to_public_key()
    }

    /// Binary.
    pub fn ring(&self) -> Vec<u8> {
        self.public().to_bytes().expect(ALLOWED)
    }

    pub fn armored(&self) -> String {
        self.public().to_armored_string(ArmorOptions::default()).expect(ALLOWED)
    }

    fn config(&self, kind: SignatureType, time: u32, more: Vec<SubpacketData>) -> SignatureConfig {
        let key = &self.secret.primary_key;
        let mut config = SignatureConfig::v4(kind, key.algorithm(), self.hash);
        let said = [at(time), SubpacketData::IssuerFingerprint(key.fingerprint())];
        config.hashed_subpackets =
            said.into_iter().chain(more).map(|data| Subpacket::regular(data).expect(ALLOWED)).collect();
        config.unhashed_subpackets =
            vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id())).expect(ALLOWED)];
        config
    }

    /// Another signature on its name; `kind` may be a revocation of it.
    pub fn name(&mut self, kind: SignatureType, time: u32, more: Vec<SubpacketData>) {
        let config = self.config(kind, time, more);
        let key = &self.secret.primary_key;
        let user = &mut self.secret.details.users[0];
        let signed =
            config.sign_certification(key, key.public_key(), &Password::empty(), Tag::UserId, &user.id);
        user.signatures.push(signed.expect(ALLOWED));
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
            SignatureType::KeyRevocation => details.revocation_signatures.push(signed.expect(ALLOWED)),
            _ => details.direct_signatures.push(signed.expect(ALLOWED)),
        }
    }

    /// Revokes its subkey.
    pub fn revoke_subkey(&mut self) {
        let config = self.config(SignatureType::SubkeyRevocation, NOON, Vec::new());
        let (key, subkey) = (&self.secret.primary_key, &mut self.secret.secret_subkeys[0]);
        let signed =
            config.sign_subkey_binding(key, key.public_key(), &Password::empty(), subkey.key.public_key());
        subkey.signatures.push(signed.expect(ALLOWED));
    }

    /// Binds its subkey anew, without the subkey's own word.
    pub fn bind_alone(&mut self) {
        let config = self.config(SignatureType::SubkeyBinding, NOON, vec![signs()]);
        let (key, subkey) = (&self.secret.primary_key, &mut self.secret.secret_subkeys[0]);
        let signed =
            config.sign_subkey_binding(key, key.public_key(), &Password::empty(), subkey.key.public_key());
        subkey.signatures = vec![signed.expect(ALLOWED)];
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
                    Subpacket::regular(SubpacketData::IssuerFingerprint(key)).expect(ALLOWED);
                config.unhashed_subpackets =
                    vec![Subpacket::regular(SubpacketData::IssuerKeyId(id)).expect(ALLOWED)];
                config.pub_alg = subkey.key.algorithm();
                signed(config, &subkey.key, text)
            }
        }
    }

    /// A signature of a text to the byte, armored, as Git keeps it.
    pub fn detached(&self, text: &[u8], time: u32) -> String {
        let config = self.config(SignatureType::Binary, time, Vec::new());
        let signed = config.sign(&self.secret.primary_key, &Password::empty(), text).expect(ALLOWED);
        armored(vec![signed])
    }
}

/// Signatures without what they are of.
pub fn armored(signatures: Vec<Signature>) -> String {
    let mut out = Vec::new();
    let packets: Vec<Packet> = signatures.into_iter().map(Packet::from).collect();
    pgp::armor::write(&packets, BlockType::Signature, &mut out, None, true).expect(ALLOWED);
    String::from_utf8(out).expect(ALLOWED)
}

fn signed(config: SignatureConfig, key: &impl SigningKey, text: &str) -> Signature {
    let text = text.replace('\n', "\r\n");
    config.sign(key, &Password::empty(), text.as_bytes()).expect(ALLOWED)
}

/// The clear-signed text.
pub fn message(text: &str, signatures: Vec<Signature>) -> String {
    let message = CleartextSignedMessage::new_many(text, |_| Ok(signatures)).expect(ALLOWED);
    message.to_armored_string(ArmorOptions::default()).expect(ALLOWED)
}
