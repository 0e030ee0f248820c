use crate::RegistryError;
use crate::digest::Digest;
use crate::verify::public::{Public, SUPPORTED};
use mainstay_unit::Content;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;

const MOST_KEYS: usize = 32;
const MOST_BYTES: usize = 16 << 10;
/// Digits of a fingerprint that people compare.
const SHOWN: usize = 16;

/// The public keys of a Secret.
pub(crate) struct Keys(Vec<Key>);

pub(crate) struct Key {
    /// `cosign.pub`.
    name: String,
    /// Of the whole key, as `openssl pkey -pubin -outform DER | sha256sum` prints it.
    fingerprint: Digest,
    public: Public,
}

impl Keys {
    /// Every `*.pub`, for `what`. One that can't be read is an error: who has signed would depend on which could.
    pub fn read(secret: &Content, what: &str) -> Result<Self, RegistryError> {
        let fail = |why: String| {
            Err(RegistryError::unverified(what, &format!("the Secret of its keys is not valid: {why}")))
        };
        let named: Vec<_> = secret.texts().filter(|(name, _)| name.ends_with(".pub")).collect();
        if named.is_empty() {
            return fail("it holds no public key, *.pub".to_owned());
        }
        if named.len() > MOST_KEYS {
            return fail(format!("it holds more than {MOST_KEYS} public keys"));
        }
        let mut keys = Vec::new();
        for (name, text) in named {
            let text = match text {
                Ok(text) => text,
                Err(why) => return fail(why.to_string()),
            };
            match Key::read(name, text) {
                Ok(key) => keys.push(key),
                Err(why) => return fail(format!("{name} {why}")),
            }
        }
        Ok(Self(keys))
    }

    pub fn all(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    /// `cosign.pub (SHA-256 0123456789abcdef…), …`
    pub fn shown(&self) -> String {
        let all: Vec<String> = self.all().map(Key::shown).collect();
        all.join(", ")
    }

    /// What tells these keys from others, whatever they are called.
    pub fn fingerprints(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.all().map(Key::fingerprint).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Key {
    fn read(name: &str, text: &str) -> Result<Self, String> {
        if text.len() > MOST_BYTES {
            return Err("is larger than 16 KiB".to_owned());
        }
        let key = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes())
            .map_err(|_| "is no public key in PEM (BEGIN PUBLIC KEY)".to_owned())?;
        let public = Public::read(&key)
            .map_err(|what| format!("is {what}, which is not supported: use {SUPPORTED}"))?;
        Ok(Self { name: name.to_owned(), fingerprint: Digest::of(&key), public })
    }

    pub fn has_signed(&self, signed: &[u8], signature: &[u8]) -> bool {
        self.public.has_signed(signed, signature)
    }

    pub fn fingerprint(&self) -> &str {
        self.fingerprint.text()
    }

    pub fn shown(&self) -> String {
        let digits = self.fingerprint.digits();
        format!("{} (SHA-256 {}…)", self.name, digits.get(..SHOWN).unwrap_or(digits))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Key {}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}
