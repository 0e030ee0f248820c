use crate::library::format::Named;
use crate::library::network::Cidr;
use crate::library::quantity::Quantity;
use crate::library::url::Url;
use crate::time::{Duration, Timestamp};
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// A value of CEL. Cloning one shares what is large.
#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    List(Arc<List>),
    Map(Arc<Map>),
    Timestamp(Timestamp),
    Duration(Duration),
    /// A type, by its name.
    Type(Arc<str>),
    Optional(Option<Arc<Value>>),
    Url(Arc<Url>),
    Ip(IpAddr),
    Cidr(Cidr),
    Quantity(Arc<Quantity>),
    Semver(Arc<semver::Version>),
    Format(&'static Named),
}

/// What two lists are to one another when they are compared and added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Merge {
    /// Their elements in order.
    #[default]
    Atomic,
    /// Their elements in any order, each once (`x-kubernetes-list-type: set`).
    Set,
    /// Entries told apart by the values of these keys (`x-kubernetes-list-type: map`).
    ByKeys(Vec<String>),
}

#[derive(Debug, Clone, Default)]
pub struct List {
    pub items: Vec<Value>,
    pub merge: Merge,
}

#[derive(Debug, Clone, Default)]
pub struct Map {
    pub entries: BTreeMap<Key, Value>,
}

/// A map's key. An int and a uint of one value are one key.
#[derive(Debug, Clone)]
pub enum Key {
    Bool(bool),
    Int(i64),
    Uint(u64),
    String(Arc<str>),
}

impl Value {
    pub fn string(text: &str) -> Self {
        Self::String(text.into())
    }

    pub fn bytes(octets: &[u8]) -> Self {
        Self::Bytes(octets.into())
    }

    pub fn list(items: Vec<Value>) -> Self {
        Self::List(Arc::new(List { items, merge: Merge::Atomic }))
    }

    pub fn map(entries: BTreeMap<Key, Value>) -> Self {
        Self::Map(Arc::new(Map { entries }))
    }

    pub fn some(value: Value) -> Self {
        Self::Optional(Some(Arc::new(value)))
    }

    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
            Self::Optional(_) => "optional_type",
            Self::Url(_) => "kubernetes.URL",
            Self::Ip(_) => "net.IP",
            Self::Cidr(_) => "net.CIDR",
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Semver(_) => "kubernetes.Semver",
            Self::Format(_) => "kubernetes.NamedFormat",
        }
    }

    /// As an API object holds it: whole numbers are ints, everything else is what it looks like.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(value), _) => Self::Int(value),
                (None, Some(value)) => Self::Double(value),
                (None, None) => Self::Null,
            },
            Json::String(text) => Self::string(text),
            Json::Array(items) => Self::list(items.iter().map(Self::from_json).collect()),
            Json::Object(entries) => Self::map(
                entries
                    .iter()
                    .map(|(key, value)| (Key::from(key.as_str()), Self::from_json(value)))
                    .collect(),
            ),
        }
    }

    /// `None` for what JSON cannot say: types, opaque values, numbers that are none.
    pub fn to_json(&self) -> Option<Json> {
        Some(match self {
            Self::Null => Json::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::Uint(value) => (*value).into(),
            Self::Double(value) => Json::Number(serde_json::Number::from_f64(*value)?),
            Self::String(text) => Json::String(text.as_ref().to_owned()),
            Self::Bytes(octets) => {
                use base64::Engine as _;
                Json::String(base64::engine::general_purpose::STANDARD.encode(octets))
            }
            Self::List(list) => Json::Array(list.items.iter().map(Self::to_json).collect::<Option<_>>()?),
            Self::Map(map) => Json::Object(
                map.entries
                    .iter()
                    .map(|(key, value)| Some((key.to_string(), value.to_json()?)))
                    .collect::<Option<_>>()?,
            ),
            Self::Timestamp(time) => Json::String(time.to_string()),
            Self::Duration(duration) => Json::String(duration.to_string()),
            Self::Optional(Some(value)) => value.to_json()?,
            Self::Optional(None) => Json::Null,
            Self::Type(_)
            | Self::Url(_)
            | Self::Ip(_)
            | Self::Cidr(_)
            | Self::Quantity(_)
            | Self::Semver(_)
            | Self::Format(_) => return None,
        })
    }

    /// As a map's key: a double counts where it is a whole number.
    pub(crate) fn as_key(&self) -> Option<Key> {
        match self {
            Self::Bool(value) => Some(Key::Bool(*value)),
            Self::Int(value) => Some(Key::Int(*value)),
            Self::Uint(value) => Some(Key::Uint(*value)),
            Self::String(text) => Some(Key::String(text.clone())),
            Self::Double(value) => whole(*value).map(Key::Int),
            _ => None,
        }
    }
}

/// A double that is an int, exactly.
pub(crate) fn whole(value: f64) -> Option<i64> {
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    (fits && value.fract() == 0.0).then_some(value as i64)
}

impl Key {
    pub fn to_value(&self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Uint(value) => Value::Uint(*value),
            Self::String(text) => Value::String(text.clone()),
        }
    }

    fn rank(&self) -> (u8, i128, &str) {
        match self {
            Self::Bool(value) => (0, i128::from(*value), ""),
            Self::Int(value) => (1, i128::from(*value), ""),
            Self::Uint(value) => (1, i128::from(*value), ""),
            Self::String(text) => (2, 0, text),
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Uint(value) => write!(f, "{value}"),
            Self::String(text) => f.write_str(text),
        }
    }
}

/// For messages: close to how it would be written.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Uint(value) => write!(f, "{value}u"),
            Self::Double(value) => write!(f, "{value}"),
            Self::String(text) => write!(f, "{text:?}"),
            Self::Bytes(octets) => write!(f, "b{:?}", String::from_utf8_lossy(octets)),
            Self::List(list) => {
                f.write_str("[")?;
                for (at, item) in list.items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (at, (key, value)) in map.entries.iter().enumerate() {
                    write!(f, "{}{}: {value}", if at == 0 { "" } else { ", " }, key.to_value())?;
                }
                f.write_str("}")
            }
            Self::Timestamp(time) => write!(f, "timestamp({:?})", time.to_string()),
            Self::Duration(duration) => write!(f, "duration({:?})", duration.to_string()),
            Self::Type(name) => f.write_str(name),
            Self::Optional(Some(value)) => write!(f, "optional.of({value})"),
            Self::Optional(None) => f.write_str("optional.none()"),
            Self::Url(url) => write!(f, "url({:?})", url.text),
            Self::Ip(address) => write!(f, "ip(\"{address}\")"),
            Self::Cidr(cidr) => write!(f, "cidr(\"{cidr}\")"),
            Self::Quantity(quantity) => write!(f, "quantity(\"{quantity}\")"),
            Self::Semver(version) => write!(f, "semver(\"{version}\")"),
            Self::Format(named) => write!(f, "format.{}()", named.name),
        }
    }
}
