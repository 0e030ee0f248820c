//! What reflection says of a value.
use super::{ListType, MapType, Object, Value};

impl Value {
    /// What `%T` prints.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Value::None | Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Int64(_) => "int64",
            Value::Uint8(_) => "uint8",
            Value::Uint64(_) => "uint64",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::Bytes(_) => "[]uint8",
            Value::List(list) => match list.ty {
                ListType::Any => "[]interface {}",
                ListType::Text => "[]string",
                ListType::Int => "[]int",
                ListType::Lists => "[][]interface {}",
                ListType::Tables => "[]map[string]interface {}",
                ListType::Versions => "chartutil.VersionSet",
                ListType::Maintainers => "[]*chart.Maintainer",
                ListType::Dependencies => "[]*chart.Dependency",
            },
            Value::Map(map) => match map.ty {
                MapType::Any => "map[string]interface {}",
                MapType::Values => "chartutil.Values",
                MapType::Text => "map[string]string",
            },
            Value::Object(Object::Struct(object)) => object.ty,
            Value::Object(Object::Files(_)) => "engine.files",
            Value::Object(Object::Version(_)) => "*semver.Version",
            Value::Object(Object::Time(_)) => "time.Time",
        }
    }

    /// As [`Value::type_name`], for messages about a place that holds an interface.
    pub(crate) fn static_type(&self) -> &'static str {
        if self.is_nil() { "interface {}" } else { self.type_name() }
    }

    /// reflect's Kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::None | Value::Nil => "invalid",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Int64(_) => "int64",
            Value::Uint8(_) => "uint8",
            Value::Uint64(_) => "uint64",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::Bytes(_) | Value::List(_) => "slice",
            Value::Map(_) | Value::Object(Object::Files(_)) => "map",
            Value::Object(Object::Struct(object)) if object.ty.starts_with('*') => "ptr",
            Value::Object(Object::Version(_)) => "ptr",
            Value::Object(Object::Struct(_) | Object::Time(_)) => "struct",
        }
    }

    /// Whether `if` takes it for true. What sprig calls empty is the contrary.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Value::None | Value::Nil => false,
            Value::Bool(value) => *value,
            Value::Int(value) | Value::Int64(value) => *value != 0,
            Value::Uint8(value) => *value != 0,
            Value::Uint64(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(text) | Value::Bytes(text) => !text.is_empty(),
            Value::List(list) => !list.items().is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::Object(Object::Files(files)) => !files.0.is_empty(),
            Value::Object(Object::Struct(_) | Object::Version(_) | Object::Time(_)) => true,
        }
    }
}
