//! Chance, which here follows from release and chart: the same render gives the same bytes.
use super::Type::{Int, Text};
use super::{Context, Function, args, with_context};
use crate::value::Value;
use base64::Engine;

pub(super) const FUNCTIONS: &[Function] = &[
    with_context("randAlphaNum", &[Int], |context, args| {
        pick(context, args, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    }),
    with_context("randAlpha", &[Int], |context, args| {
        pick(context, args, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    }),
    with_context("randNumeric", &[Int], |context, args| pick(context, args, b"0123456789")),
    with_context("randAscii", &[Int], |context, args| {
        let printable: Vec<u8> = (b' '..=b'~').collect();
        pick(context, args, &printable)
    }),
    with_context("randBytes", &[Int], |context, args| {
        let bytes = context.engine.host.entropy.borrow_mut().bytes(count(args)?);
        Ok(base64::engine::general_purpose::STANDARD.encode(bytes).into())
    }),
    with_context("randInt", &[Int, Int], |context, args| {
        let (from, to) = (args::int(args, 0), args::int(args, 1));
        let span = u64::try_from(to.saturating_sub(from)).ok().filter(|span| *span > 0);
        let Some(span) = span else { return Err("invalid argument to Intn".into()) };
        let chosen = context.engine.host.entropy.borrow_mut().below(span);
        Ok(Value::Int(from.wrapping_add_unsigned(chosen)))
    }),
    with_context("shuffle", &[Text], |context, args| {
        let mut chars: Vec<char> = args::text(args, 0).chars().collect();
        let mut entropy = context.engine.host.entropy.borrow_mut();
        for at in (1..chars.len()).rev() {
            let other = entropy.below(at as u64 + 1);
            chars.swap(at, usize::try_from(other).unwrap_or(0));
        }
        Ok(chars.into_iter().collect::<String>().into())
    }),
    with_context("uuidv4", &[], |context, _| {
        let mut bytes = context.engine.host.entropy.borrow_mut().bytes(16);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = super::encode::hex(&bytes);
        let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        Ok(format!("{a}-{b}-{c}-{d}-{e}").into())
    }),
];

fn count(args: &[Value]) -> Result<usize, String> {
    let count = usize::try_from(args::int(args, 0)).map_err(|_| "a negative number of random characters")?;
    args::check_items(count)?;
    Ok(count)
}

fn pick(context: &mut Context<'_, '_>, args: &[Value], from: &[u8]) -> Result<Value, crate::exec::Failure> {
    let count = count(args)?;
    let mut entropy = context.engine.host.entropy.borrow_mut();
    let choose = |_| from[usize::try_from(entropy.below(from.len() as u64)).unwrap_or(0)];
    Ok(Value::text((0..count).map(choose).collect::<Vec<u8>>()))
}
