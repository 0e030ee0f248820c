//! Methods of what Helm gives templates.
use super::Type::{Text, Time as TimeType, Version as VersionType};
use super::{Function, args, pure};
use crate::glob::Glob;
use crate::text;
use crate::value::{Files, ListType, Map, MapType, Object, Value};
use base64::Engine;
use std::rc::Rc;

/// A method by the type of its receiver, which is the first argument of what it runs.
pub(crate) fn find(receiver: &Value, name: &[u8]) -> Option<&'static Function> {
    let methods = match receiver {
        Value::Object(Object::Files(_)) => FILES,
        Value::Object(Object::Version(_)) => VERSION,
        Value::Object(Object::Time(_)) => TIME,
        Value::Object(Object::Struct(object)) if object.ty == "chartutil.KubeVersion" => KUBE_VERSION,
        Value::List(list) if list.ty == ListType::Versions => VERSIONS,
        Value::Map(map) if map.ty == MapType::Values => VALUES,
        _ => return None,
    };
    methods.iter().find(|method| method.name.as_bytes() == name)
}

const VALUES: &[Function] = &[
    pure("AsMap", &[], |args| Ok(Value::Map(args::map(args, 0).typed(MapType::Any)))),
    pure("YAML", &[], |args| match super::yaml::to_yaml(&args[0]) {
        Value::Text(text) => Ok(format!("{text}\n").into()),
        other => Ok(other),
    }),
];

const VERSIONS: &[Function] = &[pure("Has", &[Text], |args| {
    let wanted = args::bytes(args, 1);
    let has = |item: &Value| matches!(item, Value::Text(text) if text.as_bytes() == wanted);
    Ok(Value::Bool(args::list(&args[0]).is_some_and(|list| list.items().iter().any(has))))
})];

const KUBE_VERSION: &[Function] = &[pure("GitVersion", &[], kube_version), pure("String", &[], kube_version)];

fn kube_version(args: &[Value]) -> Result<Value, String> {
    match &args[0] {
        Value::Object(Object::Struct(object)) => {
            Ok(object.get(b"Version").cloned().unwrap_or_else(|| "".into()))
        }
        other => Ok(other.clone()),
    }
}

const FILES: &[Function] = &[
    pure("Get", &[Text], |args| Ok(Value::Text(get(args)))),
    pure("GetBytes", &[Text], |args| Ok(Value::Bytes(get(args)))),
    pure("Glob", &[Text], |args| {
        let glob = Glob::new(&args::text(args, 1)).or_else(|_| Glob::new("**"))?;
        let all = files(args);
        let matching = all.0.iter().filter(|(name, _)| glob.matches(&name.lossy()));
        let matching = matching.map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
        Ok(Value::Object(Object::Files(Rc::new(Files(matching)))))
    }),
    pure("AsConfig", &[], |args| Ok(flat(args, |bytes| Value::Text(bytes.clone())))),
    pure("AsSecrets", &[], |args| {
        Ok(flat(args, |bytes| base64::engine::general_purpose::STANDARD.encode(bytes.as_bytes()).into()))
    }),
    pure("Lines", &[Text], |args| {
        let found = get(args);
        if found.is_empty() {
            return Ok(Value::texts::<text::Text>([]));
        }
        let body = found.as_bytes();
        let body = body.strip_suffix(b"\n").unwrap_or(body);
        Ok(Value::texts(body.split(|byte| *byte == b'\n')))
    }),
];

fn files(args: &[Value]) -> Rc<Files> {
    match &args[0] {
        Value::Object(Object::Files(files)) => files.clone(),
        _ => Rc::default(),
    }
}

fn get(args: &[Value]) -> text::Text {
    files(args).0.get(args::bytes(args, 1)).cloned().unwrap_or_else(|| "".into())
}

/// By the last part of their paths; of two that are equal there the last one stays.
fn flat(args: &[Value], show: impl Fn(&text::Text) -> Value) -> Value {
    let files = files(args);
    let name = |path: &text::Text| text::Text::from(super::paths::base(&path.lossy()));
    let entries = files.0.iter().map(|(path, bytes)| (name(path), show(bytes)));
    super::yaml::to_yaml(&Value::Map(Map::new(MapType::Text, entries)))
}

macro_rules! of_version {
    ($name:literal, $version:ident => $value:expr) => {
        pure($name, &[], |args| match &args[0] {
            Value::Object(Object::Version($version)) => Ok($value),
            other => Ok(other.clone()),
        })
    };
}

const VERSION: &[Function] = &[
    of_version!("Major", version => Value::Uint64(version.major)),
    of_version!("Minor", version => Value::Uint64(version.minor)),
    of_version!("Patch", version => Value::Uint64(version.patch)),
    of_version!("Prerelease", version => version.pre.as_str().into()),
    of_version!("Metadata", version => version.metadata.as_str().into()),
    of_version!("Original", version => version.original.as_str().into()),
    of_version!("String", version => version.to_string().into()),
    pure("Compare", &[VersionType], |args| Ok(Value::Int(order(args) as i64))),
    pure("LessThan", &[VersionType], |args| Ok(Value::Bool(order(args) as i64 == -1))),
    pure("GreaterThan", &[VersionType], |args| Ok(Value::Bool(order(args) as i64 == 1))),
    pure("Equal", &[VersionType], |args| Ok(Value::Bool(order(args) as i64 == 0))),
];

fn order(args: &[Value]) -> std::cmp::Ordering {
    match args {
        [Value::Object(Object::Version(a)), Value::Object(Object::Version(b))] => a.compare(b),
        _ => std::cmp::Ordering::Equal,
    }
}

macro_rules! of_time {
    ($name:literal, $time:ident => $value:expr) => {
        pure($name, &[], |args| match &args[0] {
            Value::Object(Object::Time($time)) => Ok($value),
            other => Ok(other.clone()),
        })
    };
}

const TIME: &[Function] = &[
    of_time!("Unix", time => Value::Int64(time.seconds)),
    of_time!("UnixNano", time => Value::Int64(time.seconds.wrapping_mul(1_000_000_000).wrapping_add(time.nanos.into()))),
    of_time!("Year", time => Value::Int(time.parts().civil.year().into())),
    of_time!("Day", time => Value::Int(time.parts().civil.day().into())),
    of_time!("Hour", time => Value::Int(time.parts().civil.hour().into())),
    of_time!("Minute", time => Value::Int(time.parts().civil.minute().into())),
    of_time!("Second", time => Value::Int(time.parts().civil.second().into())),
    of_time!("Nanosecond", time => Value::Int(time.nanos.into())),
    of_time!("String", time => time.to_string().into()),
    of_time!("UTC", time => Value::Object(Object::Time(time.clone().within(jiff::tz::TimeZone::UTC)))),
    of_time!("Local", time => Value::Object(Object::Time(time.clone().within(jiff::tz::TimeZone::UTC)))),
    pure("Format", &[Text], |args| match &args[0] {
        Value::Object(Object::Time(time)) => Ok(time.format(&args::text(args, 1)).into()),
        other => Ok(other.clone()),
    }),
    pure("Before", &[TimeType], |args| Ok(Value::Bool(instants(args).is_some_and(|(a, b)| a < b)))),
    pure("After", &[TimeType], |args| Ok(Value::Bool(instants(args).is_some_and(|(a, b)| a > b)))),
];

fn instants(args: &[Value]) -> Option<((i64, u32), (i64, u32))> {
    match args {
        [Value::Object(Object::Time(a)), Value::Object(Object::Time(b))] => {
            Some(((a.seconds, a.nanos), (b.seconds, b.nanos)))
        }
        _ => None,
    }
}
