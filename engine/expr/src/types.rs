//! Types as the checker sees them, and the short notation in which the library declares its functions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What is known of a value before evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Anything: what fits is found at evaluation.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List(Arc<Type>),
    Map(Arc<Type>, Arc<Type>),
    Optional(Arc<Type>),
    /// The type of a type.
    Type(Arc<Type>),
    /// A schema's object: its fields and no others.
    Object(Arc<ObjectType>),
    /// A library's own kind of value.
    Opaque(&'static str),
    /// Stands for any type in a declaration: the same letter is the same type.
    Parameter(u8),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectType {
    /// For messages.
    pub name: String,
    pub fields: BTreeMap<String, Type>,
}

impl Type {
    /// What nothing is known of yet, such as the elements of an empty list: it becomes what it is put beside.
    pub(crate) const FREE: Type = Type::Parameter(0);

    pub fn list(of: Type) -> Self {
        Self::List(Arc::new(of))
    }

    pub fn map(key: Type, value: Type) -> Self {
        Self::Map(Arc::new(key), Arc::new(value))
    }

    pub fn optional(of: Type) -> Self {
        Self::Optional(Arc::new(of))
    }

    pub fn object(name: impl Into<String>, fields: BTreeMap<String, Type>) -> Self {
        Self::Object(Arc::new(ObjectType { name: name.into(), fields }))
    }

    /// A map of names to anything: an object without a schema.
    pub fn open_object() -> Self {
        Self::map(Self::String, Self::Dyn)
    }

    /// Reads the notation of the library's declarations: `list<A>`, `map<string,B>`, `optional<A>`, `URL`.
    fn read(text: &str) -> Option<Self> {
        if let Some((outer, inner)) = text.strip_suffix('>').and_then(|t| t.split_once('<')) {
            return Some(match outer {
                "list" => Self::list(Self::read(inner)?),
                "optional" => Self::optional(Self::read(inner)?),
                "type" => Self::Type(Arc::new(Self::read(inner)?)),
                "map" => {
                    let (key, value) = inner.split_once(',')?;
                    Self::map(Self::read(key)?, Self::read(value)?)
                }
                _ => return None,
            });
        }
        Some(match text {
            "dyn" => Self::Dyn,
            "null" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::String,
            "bytes" => Self::Bytes,
            "timestamp" => Self::Timestamp,
            "duration" => Self::Duration,
            "URL" => Self::Opaque("kubernetes.URL"),
            "IP" => Self::Opaque("net.IP"),
            "CIDR" => Self::Opaque("net.CIDR"),
            "Quantity" => Self::Opaque("kubernetes.Quantity"),
            "Semver" => Self::Opaque("kubernetes.Semver"),
            "Format" => Self::Opaque("kubernetes.NamedFormat"),
            "A" => Self::Parameter(b'A'),
            "B" => Self::Parameter(b'B'),
            _ => return None,
        })
    }

    /// Whether a value of `self` may stand where `wanted` is; parameters of `wanted` are bound on the way.
    pub(crate) fn fits(&self, wanted: &Type, bound: &mut BTreeMap<u8, Type>) -> bool {
        match (self, wanted) {
            (_, Self::Dyn) => true,
            (_, Self::Parameter(0)) => true,
            (given, Self::Parameter(letter)) => match bound.get(letter).cloned() {
                None => {
                    bound.insert(*letter, given.clone());
                    true
                }
                Some(known) if given.fits(&known, &mut BTreeMap::new()) => {
                    // What is known more widely wins, so that `[] + [1]` is a list of ints.
                    if matches!(known, Self::Null) || given.is_wider(&known) {
                        bound.insert(*letter, given.clone());
                    }
                    true
                }
                Some(known) if known.fits(given, &mut BTreeMap::new()) => {
                    bound.insert(*letter, given.clone());
                    true
                }
                Some(_) => false,
            },
            (Self::Dyn | Self::Parameter(0), _) => true,
            (Self::Null, other) | (other, Self::Null) => other.is_nullable(),
            (Self::List(given), Self::List(wanted)) | (Self::Optional(given), Self::Optional(wanted)) => {
                given.fits(wanted, bound)
            }
            (Self::Map(key, value), Self::Map(wanted_key, wanted_value)) => {
                key.fits(wanted_key, bound) && value.fits(wanted_value, bound)
            }
            (Self::Type(_), Self::Type(_)) => true,
            (Self::Object(given), Self::Object(wanted)) => given.name == wanted.name,
            (given, wanted) => given == wanted,
        }
    }

    /// Whether it knows of what the other leaves free.
    pub(crate) fn is_wider(&self, other: &Type) -> bool {
        match (self, other) {
            (given, Self::Parameter(0)) => *given != Self::FREE,
            (Self::List(given), Self::List(other)) | (Self::Optional(given), Self::Optional(other)) => {
                given.is_wider(other)
            }
            (Self::Map(key, value), Self::Map(other_key, other_value)) => {
                key.is_wider(other_key) || value.is_wider(other_value)
            }
            _ => false,
        }
    }

    /// What may be null beside null itself: messages and what wraps them.
    fn is_nullable(&self) -> bool {
        matches!(
            self,
            Self::Null
                | Self::Dyn
                | Self::Timestamp
                | Self::Duration
                | Self::Object(_)
                | Self::Opaque(_)
                | Self::Optional(_)
        )
    }

    /// With the parameters replaced by what they are bound to.
    pub(crate) fn filled(&self, bound: &BTreeMap<u8, Type>) -> Type {
        match self {
            Self::Parameter(letter) => bound.get(letter).cloned().unwrap_or(Self::FREE),
            Self::List(of) => Self::list(of.filled(bound)),
            Self::Optional(of) => Self::optional(of.filled(bound)),
            Self::Map(key, value) => Self::map(key.filled(bound), value.filled(bound)),
            Self::Type(of) => Self::Type(Arc::new(of.filled(bound))),
            other => other.clone(),
        }
    }
}

/// One way to call a function: `string int -> string`, the receiver first.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub parameters: Vec<Type>,
    pub result: Type,
    /// Beyond what Kubernetes has, where the function is known to it otherwise.
    pub extra: bool,
}

impl Signature {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (extra, text) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
        let (parameters, result) = text.split_once("->")?;
        let parameters = parameters.split_whitespace().map(Type::read).collect::<Option<_>>()?;
        Some(Self { parameters, result: Type::read(result.trim())?, extra })
    }
}

/// As cel-go prints a type.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(of) => write!(f, "list({of})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Optional(of) => write!(f, "optional_type({of})"),
            Self::Type(of) => write!(f, "type({of})"),
            Self::Object(object) => f.write_str(&object.name),
            Self::Opaque(name) => f.write_str(name),
            Self::Parameter(0) => f.write_str("dyn"),
            Self::Parameter(letter) => write!(f, "{}", char::from(*letter)),
        }
    }
}
