//! `encryptAES` and `decryptAES` as sprig has them: AES-256 in CBC mode with PKCS #7 padding, the initialization vector
//! first, all in base64. The key is the password's first 32 bytes, filled up with zeros. Nothing tells whether what was
//! encrypted is what is decrypted.
use super::Type::Text;
use super::encode::decoded64;
use super::{Function, args, pure, with_context};
use crate::value::Value;
use aes::cipher::{Block, BlockDecrypt, BlockEncrypt, KeyInit};
use aes::{Aes256, Aes256Dec, Aes256Enc};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(super) const FUNCTIONS: &[Function] = &[
    with_context("encryptAES", &[Text, Text], |context, args| {
        let (password, text) = (args::bytes(args, 0), args::bytes(args, 1));
        if text.is_empty() {
            return Ok("".into());
        }
        let mut vector = [0; BLOCK];
        vector.copy_from_slice(&context.engine.host.entropy.borrow_mut().bytes(BLOCK));
        Ok(STANDARD.encode(encrypted(password, vector, text)).into())
    }),
    pure("decryptAES", &[Text, Text], |args| match args::bytes(args, 1) {
        [] => Ok("".into()),
        text => Ok(Value::text(decrypted(args::bytes(args, 0), &decoded64(text)?)?)),
    }),
];

/// Bytes of a block.
const BLOCK: usize = 16;

fn key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    key
}

fn encrypted(password: &[u8], vector: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
    let cipher = Aes256Enc::new(&key(password).into());
    let mut before: Block<Aes256> = vector.into();
    let mut out = vector.to_vec();
    // A text of whole blocks is followed by one that is nothing but padding.
    let padding = BLOCK - text.len() % BLOCK;
    let padded = [text, &[padding as u8; BLOCK][..padding]].concat();
    for block in padded.chunks_exact(BLOCK) {
        before.iter_mut().zip(block).for_each(|(before, byte)| *before ^= byte);
        cipher.encrypt_block(&mut before);
        out.extend_from_slice(&before);
    }
    out
}

fn decrypted(password: &[u8], bytes: &[u8]) -> Result<Vec<u8>, String> {
    let (vector, blocks) = bytes.split_at_checked(BLOCK).ok_or_else(|| {
        let length = bytes.len();
        format!("runtime error: slice bounds out of range [:{BLOCK}] with capacity {length}")
    })?;
    if blocks.len() % BLOCK != 0 {
        return Err("crypto/cipher: input not full blocks".into());
    }
    let cipher = Aes256Dec::new(&key(password).into());
    let mut before = vector;
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks.chunks_exact(BLOCK) {
        let mut open = Block::<Aes256>::clone_from_slice(block);
        cipher.decrypt_block(&mut open);
        out.extend(open.iter().zip(before).map(|(byte, before)| byte ^ before));
        before = block;
    }
    let padding = *out.last().ok_or("runtime error: index out of range [-1]")?;
    match out.len().checked_sub(padding.into()) {
        Some(length) => out.truncate(length),
        // What another password makes of it; upstream tells the difference, and so a byte of it.
        None => return Err("runtime error: slice bounds out of range".into()),
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_whatever_its_length() {
        for length in 1..50 {
            let text: Vec<u8> = (0..length).collect();
            let bytes = encrypted(b"key", [7; BLOCK], &text);
            assert_eq!(bytes.len() % BLOCK, 0);
            assert!(bytes.len() > text.len() + BLOCK);
            assert_eq!(decrypted(b"key", &bytes).as_ref(), Ok(&text));
            assert_ne!(decrypted(b"other", &bytes).as_ref(), Ok(&text));
        }
    }

    #[test]
    fn what_is_no_encrypted_text_is_refused() {
        for length in [0, 1, 15, 16, 17, 31, 33] {
            assert!(decrypted(b"key", &vec![0; length]).is_err(), "{length}");
        }
    }
}
