//! Keys, certificates and password hashes. What upstream draws by chance follows from release, chart and seed here.
use super::Type::{Any, Int, Text};
use super::{Context, Function, args, pure, with_context};
use crate::exec::Failure;
use crate::value::{Object, Struct, StructField, Value};
use crate::x509::{self, Certificate, Key, Names};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::rc::Rc;

pub(super) const FUNCTIONS: &[Function] = &[
    with_context("bcrypt", &[Text], |context, args| Ok(bcrypt(context, args::bytes(args, 0))?.into())),
    with_context("htpasswd", &[Text, Text], |context, args| {
        let user = args::text(args, 0);
        if user.contains(':') {
            return Ok(format!("invalid username: {user}").into());
        }
        Ok(format!("{user}:{}", bcrypt(context, args::bytes(args, 1))?).into())
    }),
    with_context("genPrivateKey", &[Text], |context, args| match &*args::text(args, 0) {
        "" | "rsa" => Ok(key(context, 4096)?.pem().into()),
        "ed25519" => Ok(x509::ed25519_pem(&context.engine.host.entropy.borrow_mut().bytes(32)).into()),
        "ecdsa" => Ok(x509::ecdsa_pem(&mut context.engine.host.entropy.borrow_mut()).into()),
        "dsa" => {
            context.engine.spend(DSA_STEPS)?;
            let bits = if context.engine.host.short_keys { SHORT_DSA_BITS } else { DSA_BITS };
            Ok(x509::dsa_pem(bits, &mut context.engine.host.entropy.borrow_mut()).into())
        }
        kind => Ok(format!("Unknown type {kind}").into()),
    }),
    with_context("genCA", &[Text, Int], |context, args| {
        let key = key(context, 2048)?;
        Ok(pair(&x509::authority(
            &names(context, args, None, 1)?,
            &key,
            &mut context.engine.host.entropy.borrow_mut(),
        )))
    }),
    with_context("genCAWithKey", &[Text, Int, Text], |context, args| {
        let key = given_key(args, 2)?;
        Ok(pair(&x509::authority(
            &names(context, args, None, 1)?,
            &key,
            &mut context.engine.host.entropy.borrow_mut(),
        )))
    }),
    with_context("genSelfSignedCert", &[Text, Any, Any, Int], |context, args| {
        let key = key(context, 2048)?;
        self_signed(context, args, &key)
    }),
    with_context("genSelfSignedCertWithKey", &[Text, Any, Any, Int, Text], |context, args| {
        self_signed(context, args, &given_key(args, 4)?)
    }),
    with_context("genSignedCert", &[Text, Any, Any, Int, Any], |context, args| {
        let key = key(context, 2048)?;
        signed(context, args, &key)
    }),
    with_context("genSignedCertWithKey", &[Text, Any, Any, Int, Any, Text], |context, args| {
        signed(context, args, &given_key(args, 5)?)
    }),
    pure("buildCustomCert", &[Text, Text], |args| {
        let decode = |at, what: &str| {
            let bytes =
                STANDARD.decode(args::bytes(args, at)).map_err(|_| format!("unable to decode base64 {what}"));
            bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        let (cert, key) = (decode(0, "certificate")?, decode(1, "private key")?);
        if !cert.contains("-----BEGIN ") {
            return Err("unable to decode certificate".into());
        }
        if !key.contains("-----BEGIN ") {
            return Err("error parsing private key: no PEM data in input".into());
        }
        Ok(pair(&Certificate { cert, key }))
    }),
];

/// What one key costs in steps, by its bits: nothing else here takes as long.
const KEY_STEPS: [(usize, u64); 2] = [(2048, 1_000_000), (4096, 8_000_000)];
const DSA_STEPS: u64 = 4_000_000;
/// Of the two primes.
const DSA_BITS: [usize; 2] = [2048, 256];
const SHORT_BITS: usize = 512;
const SHORT_DSA_BITS: [usize; 2] = [512, 160];
const HASH_STEPS: u64 = 500_000;
const HASH_COST: u32 = 10;
/// bcrypt reads no more.
const LONGEST_PASSWORD: usize = 72;

fn key(context: &mut Context<'_, '_>, bits: usize) -> Result<Key, Failure> {
    let steps = KEY_STEPS.iter().find(|(known, _)| *known == bits).map_or(8_000_000, |(_, steps)| *steps);
    context.engine.spend(steps)?;
    let bits = if context.engine.host.short_keys { SHORT_BITS } else { bits };
    Ok(Key::generate(bits, &mut context.engine.host.entropy.borrow_mut()))
}

fn given_key(args: &[Value], at: usize) -> Result<Key, String> {
    Key::read(&args::text(args, at)).map_err(|why| format!("parsing private key: {why}"))
}

fn bcrypt(context: &mut Context<'_, '_>, password: &[u8]) -> Result<String, Failure> {
    if password.len() > LONGEST_PASSWORD {
        let why = "bcrypt: password length exceeds 72 bytes";
        return Ok(format!("failed to encrypt string with bcrypt: {why}"));
    }
    context.engine.spend(HASH_STEPS)?;
    let mut salt = [0; 16];
    salt.copy_from_slice(&context.engine.host.entropy.borrow_mut().bytes(16));
    let hash = bcrypt::hash_with_salt(password, HASH_COST, salt).map_err(|error| error.to_string())?;
    Ok(hash.format_for_version(bcrypt::Version::TwoA))
}

/// The common name is the first argument.
fn names<'n>(
    context: &Context<'_, '_>,
    args: &'n [Value],
    alternatives: Option<(usize, usize)>,
    days: usize,
) -> Result<Names<'n>, Failure> {
    let (mut addresses, mut hosts) = (Vec::new(), Vec::new());
    if let Some((ips, dns)) = alternatives {
        for ip in texts(&args[ips], "error parsing ip")? {
            addresses.push(ip.parse().map_err(|_| format!("error parsing ip: {ip}"))?);
        }
        hosts = texts(&args[dns], "error processing alternate dns name")?;
    }
    let common = String::from_utf8_lossy(args::bytes(args, 0));
    Ok(Names { common, addresses, hosts, days: args::int(args, days), now: context.engine.host.now() })
}

fn texts(value: &Value, what: &str) -> Result<Vec<String>, String> {
    let items = match value {
        Value::None | Value::Nil => return Ok(Vec::new()),
        Value::List(list) => list.items(),
        other => {
            return Err(format!(
                "wrong type for value; expected []interface {{}}; got {}",
                other.type_name()
            ));
        }
    };
    let text = |item: &Value| match item {
        Value::Text(text) => Ok(text.lossy().into_owned()),
        other => {
            Err(format!("{what}: {} is not a string", String::from_utf8_lossy(&crate::fmt::display(other)?)))
        }
    };
    items.iter().map(text).collect()
}

fn self_signed(context: &mut Context<'_, '_>, args: &[Value], key: &Key) -> Result<Value, Failure> {
    let names = names(context, args, Some((1, 2)), 3)?;
    Ok(pair(&x509::self_signed(&names, key, &mut context.engine.host.entropy.borrow_mut())))
}

fn signed(context: &mut Context<'_, '_>, args: &[Value], key: &Key) -> Result<Value, Failure> {
    let by = match &args[4] {
        Value::Object(Object::Struct(object)) if object.ty == PAIR => {
            let part = |name: &[u8]| match object.get(name) {
                Some(Value::Text(text)) => text.lossy().into_owned(),
                Some(_) | None => String::new(),
            };
            Certificate { cert: part(b"Cert"), key: part(b"Key") }
        }
        other => {
            return Err(format!("wrong type for value; expected {PAIR}; got {}", other.type_name()).into());
        }
    };
    let names = names(context, args, Some((1, 2)), 3)?;
    Ok(pair(&x509::signed(&names, key, &by, &mut context.engine.host.entropy.borrow_mut())?))
}

const PAIR: &str = "sprig.certificate";

fn pair(made: &Certificate) -> Value {
    let field = |name, text: &String| StructField {
        name,
        json: Some(name),
        omit_empty: false,
        held: text.as_str().into(),
        watch: None,
    };
    let fields = vec![field("Cert", &made.cert), field("Key", &made.key)];
    Value::Object(Object::Struct(Rc::new(Struct { ty: PAIR, fields, string: None })))
}
