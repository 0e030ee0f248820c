//! Base64, base32, digests and JSON.
use super::Type::{Any, Text};
use super::{Function, args, pure};
use crate::json;
use crate::value::{Map, MapType, Value, from_json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("b64enc", &[Text], |args| Ok(STANDARD.encode(args::bytes(args, 0)).into())),
    pure("b64dec", &[Text], |args| Ok(decode64(args::bytes(args, 0)))),
    pure("b32enc", &[Text], |args| Ok(encode32(args::bytes(args, 0)).into())),
    pure("b32dec", &[Text], |args| Ok(decode32(args::bytes(args, 0)))),
    pure("sha1sum", &[Text], |args| Ok(hex(&sha1::Sha1::digest(args::bytes(args, 0))).into())),
    pure("sha256sum", &[Text], |args| Ok(hex(&sha2::Sha256::digest(args::bytes(args, 0))).into())),
    pure("sha512sum", &[Text], |args| Ok(hex(&sha2::Sha512::digest(args::bytes(args, 0))).into())),
    pure("adler32sum", &[Text], |args| Ok(adler32(args::bytes(args, 0)).to_string().into())),
    pure("toJson", &[Any], |args| Ok(json::marshal(&args[0], true).unwrap_or_default().into())),
    pure("mustToJson", &[Any], |args| Ok(json::marshal(&args[0], true)?.into())),
    pure("toPrettyJson", &[Any], |args| Ok(json::pretty(&args[0]).unwrap_or_default().into())),
    pure("mustToPrettyJson", &[Any], |args| Ok(json::pretty(&args[0])?.into())),
    pure("toRawJson", &[Any], |args| Ok(json::marshal(&args[0], false)?.into())),
    pure("mustToRawJson", &[Any], |args| Ok(json::marshal(&args[0], false)?.into())),
    pure("fromJson", &[Text], |args| Ok(from_json_map(args::bytes(args, 0)))),
    pure("mustFromJson", &[Text], |args| {
        serde_json::from_slice(args::bytes(args, 0))
            .map(|json| from_json(&json))
            .map_err(|error| error.to_string())
    }),
    pure("fromJsonArray", &[Text], |args| Ok(from_json_array(args::bytes(args, 0)))),
];

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong is the result, as upstream.
fn decode64(bytes: &[u8]) -> Value {
    decoded64(bytes).map_or_else(Value::from, Value::text)
}

/// Line breaks are skipped, bits that are left over do not matter.
pub(super) fn decoded64(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let corrupt = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let is_break = |at: usize| matches!(bytes.get(at), Some(b'\r' | b'\n'));
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    let mut at = 0;
    loop {
        let mut digits = [0u8; 4];
        let mut count = 0;
        let mut last = false;
        while count < 4 {
            let Some(byte) = bytes.get(at) else {
                if count == 0 {
                    return Ok(out);
                }
                return corrupt(at - count);
            };
            at += 1;
            match digit64(*byte) {
                Some(digit) => {
                    digits[count] = digit;
                    count += 1;
                }
                None if matches!(byte, b'\r' | b'\n') => {}
                None if *byte != b'=' || count < 2 => return corrupt(at - 1),
                None => {
                    last = true;
                    break;
                }
            }
        }
        if last {
            while is_break(at) {
                at += 1;
            }
            if count == 2 {
                match bytes.get(at) {
                    None => return corrupt(bytes.len()),
                    Some(b'=') => at += 1,
                    Some(_) => return corrupt(at - 1),
                }
                while is_break(at) {
                    at += 1;
                }
            }
            if at < bytes.len() {
                return corrupt(at);
            }
        }
        let bits = digits.iter().fold(0u32, |bits, digit| (bits << 6) | u32::from(*digit));
        out.extend_from_slice(&bits.to_be_bytes()[1..count]);
        if last {
            return Ok(out);
        }
    }
}

fn digit64(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let digits = (chunk.len() * 8).div_ceil(5);
        for i in 0..8 {
            let digit = (bits >> (35 - 5 * i)) & 31;
            out.push(if i < digits { char::from(BASE32[digit as usize]) } else { '=' });
        }
    }
    out
}

fn decode32(bytes: &[u8]) -> Value {
    let clean: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    match quanta(&clean) {
        Ok(out) => Value::text(out),
        Err(at) => format!("illegal base32 data at input byte {at}").into(),
    }
}

/// As `decode` of encoding/base32, with the places that it names.
fn quanta(all: &[u8]) -> Result<Vec<u8>, usize> {
    let (mut out, mut rest, mut end) = (Vec::new(), all, false);
    while !rest.is_empty() && !end {
        let (mut bits, mut digits) = (0u64, 0);
        while digits < 8 {
            let Some((byte, after)) = rest.split_first() else { return Err(all.len() - digits) };
            rest = after;
            let at = all.len() - rest.len() - 1;
            if *byte == b'=' && digits >= 2 && rest.len() < 8 {
                if rest.len() + digits < 7 {
                    return Err(all.len());
                }
                if let Some(more) = rest.iter().take(7 - digits).position(|byte| *byte != b'=') {
                    return Err(at + more);
                }
                if matches!(digits, 3 | 6) {
                    return Err(at);
                }
                end = true;
                break;
            }
            let digit = BASE32.iter().position(|known| known == byte).ok_or(at)?;
            bits |= (digit as u64) << (35 - 5 * digits);
            digits += 1;
        }
        out.extend_from_slice(&bits.to_be_bytes()[3..3 + digits * 5 / 8]);
    }
    Ok(out)
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    (b << 16) | a
}

fn error_map(message: String) -> Value {
    Value::map([("Error".into(), message.into())])
}

fn from_json_map(bytes: &[u8]) -> Value {
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(serde_json::Value::Null) => Value::Map(Map::nil(MapType::Any)),
        Ok(json @ serde_json::Value::Object(_)) => from_json(&json),
        Ok(other) => error_map(json::mismatch(&other, "map[string]interface {}")),
        Err(error) => error_map(json::syntax(&error, bytes)),
    }
}

fn from_json_array(bytes: &[u8]) -> Value {
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(serde_json::Value::Null) => Value::List(crate::value::List::nil(crate::value::ListType::Any)),
        Ok(json @ serde_json::Value::Array(_)) => from_json(&json),
        Ok(other) => Value::list(vec![json::mismatch(&other, "[]interface {}").into()]),
        Err(error) => Value::list(vec![json::syntax(&error, bytes).into()]),
    }
}
