//! `ENC[AES256_GCM,data:...,iv:...,tag:...,type:...]`: one value, bound to the path that it stands at.

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{AeadInPlace, KeyInit, Nonce, Tag};
use aes_gcm::{AesGcm, aes::Aes256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::SopsError;
use crate::buffer::Plaintext;

/// SOPS writes initialisation vectors of 32 bytes, where GCM is used to 12.
type Gcm = AesGcm<Aes256, U32>;
const IV_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

pub(crate) struct Cipher(Gcm);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Int,
    Float,
    Bool,
    Bytes,
    Time,
    Comment,
}

impl Cipher {
    /// Nothing where the key is not one of 256 bits.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        Gcm::new_from_slice(key).ok().map(Self)
    }

    /// The plaintext and its type. `bound` is what the value is authenticated with, `at` is only shown.
    pub(crate) fn open(&self, text: &[u8], bound: &str, at: &str) -> Result<(Type, Plaintext), SopsError> {
        let malformed = |why| SopsError::Ciphertext(at.to_owned(), why);
        let sealed =
            Sealed::parse(text).ok_or_else(|| malformed("it is not of the form ENC[AES256_GCM,...]"))?;
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| malformed("a part is not base64"));
        let (iv, tag) = (decode(sealed.iv)?, decode(sealed.tag)?);
        if iv.len() != IV_BYTES {
            return Err(malformed("its iv has not 32 bytes"));
        }
        if tag.len() != TAG_BYTES {
            return Err(malformed("its tag has not 16 bytes"));
        }
        let kind = match sealed.kind {
            "str" => Type::Text,
            "int" => Type::Int,
            "float" => Type::Float,
            "bool" => Type::Bool,
            "bytes" => Type::Bytes,
            "time" => Type::Time,
            "comment" => Type::Comment,
            _ => return Err(malformed("its type is not known")),
        };
        let mut data = zeroize::Zeroizing::new(decode(sealed.data)?);
        // Both slices have the length that these take.
        let (iv, tag) = (Nonce::<Gcm>::from_slice(&iv), Tag::<Gcm>::from_slice(&tag));
        let opened = self.0.decrypt_in_place_detached(iv, bound.as_bytes(), &mut data, tag);
        opened.map_err(|_| SopsError::Forged(at.to_owned()))?;
        Ok((kind, Plaintext::new(std::mem::take(&mut *data))))
    }
}

struct Sealed<'a> {
    data: &'a str,
    iv: &'a str,
    tag: &'a str,
    kind: &'a str,
}

impl<'a> Sealed<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let rest = text.strip_prefix("ENC[AES256_GCM,data:")?.strip_suffix(']')?;
        let (data, rest) = rest.split_once(",iv:")?;
        let (iv, rest) = rest.split_once(",tag:")?;
        let (tag, kind) = rest.split_once(",type:")?;
        Some(Self { data, iv, tag, kind })
    }
}
