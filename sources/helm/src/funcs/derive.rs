//! `derivePassword` as sprig has it: the algorithm of Master Password (https://masterpassword.app/masterpassword-algorithm.pdf).
//! The same name, password and site give the same result everywhere; nothing is drawn.
use super::Type::{Text, Uint32};
use super::{Context, Function, args, with_context};
use crate::exec::Failure;
use crate::value::Value;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(super) const FUNCTIONS: &[Function] =
    &[with_context("derivePassword", &[Uint32, Text, Text, Text, Text], derive)];

/// Like an RSA key of 2048 bits.
const STEPS: u64 = 1_000_000;
const SCOPE: &[u8] = b"com.lyndir.masterpassword";
/// Binary logarithm of N, then r and p.
const COST: (u8, u32, u32) = (15, 8, 2);

const TEMPLATES: [(&str, &[&str]); 6] = [
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];

/// What a letter of a template stands for.
fn characters(class: u8) -> &'static [u8] {
    match class {
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

fn derive(context: &mut Context<'_, '_>, args: &[Value]) -> Result<Value, Failure> {
    let (counter, kind) = (args::int(args, 0) as u32, args::text(args, 1));
    let (password, user, site) = (args::bytes(args, 2), args::bytes(args, 3), args::bytes(args, 4));
    let Some((_, templates)) = TEMPLATES.iter().find(|(name, _)| *name == kind) else {
        return Ok(format!("cannot find password template {kind}").into());
    };
    context.engine.spend(STEPS)?;
    let (logarithm, r, p) = COST;
    let mut key = [0; 64];
    let cost = scrypt::Params::new(logarithm, r, p, key.len()).map_err(|error| error.to_string())?;
    scrypt::scrypt(password, &scoped(user), &cost, &mut key).map_err(|error| error.to_string())?;
    let mut seed = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
    seed.update(&scoped(site));
    seed.update(&counter.to_be_bytes());
    let seed = seed.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let letter = |(class, byte): (u8, &u8)| {
        let characters = characters(class);
        char::from(characters[usize::from(*byte) % characters.len()])
    };
    Ok(template.bytes().zip(&seed[1..]).map(letter).collect::<String>().into())
}

fn scoped(name: &[u8]) -> Vec<u8> {
    let length = (name.len() as u32).to_be_bytes();
    [SCOPE, &length, name].concat()
}
