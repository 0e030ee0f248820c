use super::{Text, quantity, text_of};
use base64::Engine as _;
use mainstay_object::schema::{MapType, Scalar, Shape};
use mainstay_object::{MAX_DEPTH, Minor, TypeId, Types};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const QUANTITY: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// Why the API server's JSON reader could not put a value into its structs, in its words.
pub fn mismatch(value: &Value, types: &Types, id: TypeId) -> Option<String> {
    let mut reader = Reader { types, within: None, fields: Vec::new(), ends_at_once: false, first: None };
    reader.value(value, id, 0).err().or(reader.first)
}

/// As `mismatch`, of what is a map already: the first value that does not fit ends the reading, whatever is wrong with
/// it.
pub fn mismatch_of_map(value: &Value, types: &Types, id: TypeId) -> Option<String> {
    let mut reader = Reader { types, within: None, fields: Vec::new(), ends_at_once: true, first: None };
    reader.value(value, id, 0).err().or(reader.first)
}

/// Why an embedded resource of a custom one can't be read: what it says of itself goes into structs.
pub fn embedded_mismatch(
    value: &Value,
    types: &Types,
    id: TypeId,
    path: &str,
    depth: usize,
) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let ty = types.get(id);
    if ty.embedded_resource {
        for name in ["apiVersion", "kind"] {
            if let Some(it) = value.get(name).filter(|it| !it.is_string()) {
                return Some(format!("{path}.{name}: Invalid value: {it}: must be a string"));
            }
        }
        let builtin = Types::builtin();
        let meta = builtin.named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
        if let (Some(metadata), Some(meta)) = (value.get("metadata"), meta)
            && let Some(why) = mismatch(metadata, builtin, meta)
        {
            return Some(format!("{path}.metadata: Invalid value: {metadata}: {why}"));
        }
    }
    match (&ty.shape, value) {
        (Shape::Map(map), Value::Object(entries)) => entries.iter().find_map(|(name, child)| {
            let field = map.fields.get(name).map(|field| field.ty);
            let path = match (field, path) {
                (Some(_), "") => name.clone(),
                (Some(_), path) => format!("{path}.{name}"),
                (None, path) => format!("{path}[{name}]"),
            };
            embedded_mismatch(child, types, field.or(map.element)?, &path, depth + 1)
        }),
        (Shape::List(list), Value::Array(items)) => items.iter().enumerate().find_map(|(index, item)| {
            embedded_mismatch(item, types, list.element, &format!("{path}[{index}]"), depth + 1)
        }),
        (Shape::Any | Shape::Scalar(_) | Shape::Map(_) | Shape::List(_), _) => None,
    }
}

struct Reader<'a> {
    types: &'a Types,
    /// The struct that has the field being read.
    within: Option<TypeId>,
    /// Names of fields from the root; entries of maps and lists have none.
    fields: Vec<String>,
    ends_at_once: bool,
    /// The first value of a wrong type. It is told at the end: what a type's own reader complains of ends the reading.
    first: Option<String>,
}

impl Reader<'_> {
    fn value(&mut self, value: &Value, id: TypeId, depth: usize) -> Result<(), String> {
        if value.is_null() || depth > MAX_DEPTH {
            return Ok(());
        }
        let ty = self.types.get(id);
        match (&ty.shape, value) {
            (Shape::Any, _) => Ok(()),
            (Shape::Map(map), Value::Object(entries)) => {
                for (key, child) in entries {
                    match (map.fields.get(key), map.element) {
                        (Some(field), _) => {
                            let outer = self.within.replace(id);
                            let part = said(self.types, id, &format!("+{key}"));
                            let length = self.fields.len();
                            self.fields.extend(part.map(str::to_owned));
                            self.fields.push(key.clone());
                            self.value(child, field.ty, depth + 1)?;
                            self.fields.truncate(length);
                            self.within = outer;
                        }
                        (None, Some(element)) => self.value(child, element, depth + 1)?,
                        (None, None) => {}
                    }
                }
                Ok(())
            }
            (Shape::List(list), Value::Array(items)) => {
                items.iter().try_for_each(|item| self.value(item, list.element, depth + 1))
            }
            (Shape::Scalar(scalar), _) => self.scalar(value, *scalar, id),
            (Shape::Map(_) | Shape::List(_), _) => self.note(found(value), &go_type(self.types, id)),
        }
    }

    fn note(&mut self, found: &str, wanted: &str) -> Result<(), String> {
        if self.ends_at_once {
            return Err(self.wrong(found, wanted));
        }
        if self.first.is_none() {
            self.first = Some(self.wrong(found, wanted));
        }
        Ok(())
    }

    fn scalar(&mut self, value: &Value, scalar: Scalar, id: TypeId) -> Result<(), String> {
        let ty = self.types.get(id);
        match (scalar, value, text_of(ty)) {
            (Scalar::String, Value::String(text), Text::Time) => {
                let fine = self.fields.last().is_some_and(|field| FINE.contains(&&**field));
                time(
                    text,
                    if fine { "2006-01-02T15:04:05.000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" },
                )
            }
            (Scalar::String, Value::String(text), Text::Bytes) => {
                self.first = self.first.take().or(bytes(text).err());
                Ok(())
            }
            (Scalar::String, Value::String(_), Text::Plain) | (Scalar::Boolean, Value::Bool(_), _) => Ok(()),
            (Scalar::String, other, Text::Time) => Err(self.wrong(found(other), "string")),
            (Scalar::Number, Value::Number(_), _) => Ok(()),
            (Scalar::Integer, Value::Number(number), _) => {
                let small = go_type(self.types, id) == "int32";
                let fits = number.as_i64().is_some_and(|n| !small || i32::try_from(n).is_ok());
                if fits {
                    return Ok(());
                }
                self.note(&format!("number {number}"), &go_type(self.types, id))
            }
            (Scalar::IntOrString, Value::String(_), _) => Ok(()),
            (Scalar::IntOrString, Value::Number(number), _) => {
                if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) {
                    return Ok(());
                }
                Err(self.wrong(&format!("number {number}"), "int32"))
            }
            (Scalar::IntOrString, other, _) => Err(self.wrong(found(other), "int32")),
            (Scalar::Quantity, Value::String(text), _) => {
                quantity::canonical(text.trim()).map(drop).ok_or_else(|| QUANTITY.to_owned())
            }
            (Scalar::Quantity, Value::Number(number), _) => {
                quantity::canonical(&number.to_string()).map(drop).ok_or_else(|| QUANTITY.to_owned())
            }
            (Scalar::Quantity, _, _) => Err(QUANTITY.to_owned()),
            (Scalar::String, Value::Array(bytes), Text::Bytes) => {
                let is_byte = |item: &&Value| item.as_u64().is_some_and(|byte| byte < 256) || item.is_null();
                match bytes.iter().find(|item| !is_byte(item)) {
                    Some(other) => self.note(found(other), "uint8"),
                    None => Ok(()),
                }
            }
            (Scalar::String | Scalar::Boolean | Scalar::Number | Scalar::Integer, other, _) => {
                self.note(found(other), &go_type(self.types, id))
            }
        }
    }

    fn wrong(&self, found: &str, wanted: &str) -> String {
        if self.fields.is_empty() {
            return format!("json: cannot unmarshal {found} into Go value of type {wanted}");
        }
        let path = self.fields.join(".");
        let within = self.within.map(|id| struct_name(self.types, id)).unwrap_or_default();
        let field = self.fields.last().map_or("", String::as_str);
        let own = self.within.and_then(|id| said(self.types, id, &format!("{field}=")));
        let wanted = match (own, wanted.strip_suffix("string")) {
            (Some(own), Some(before)) => format!("{before}{own}"),
            (Some(_), None) | (None, _) => wanted.to_owned(),
        };
        format!("json: cannot unmarshal {found} into Go struct field {within}.{path} of type {wanted}")
    }
}

/// What the table says of a struct's field: the type of its texts, or the part that has it.
fn said(types: &Types, id: TypeId, key: &str) -> Option<&'static str> {
    static V1_31: LazyLock<Names> = LazyLock::new(|| names(Minor::V1_31));
    static V1_36: LazyLock<Names> = LazyLock::new(|| names(Minor::V1_36));
    let names = match types.minor()? {
        Minor::V1_31 => &V1_31,
        Minor::V1_36 => &V1_36,
    };
    let key = if key.ends_with('=') { key.to_owned() } else { format!("{key}=") };
    names.get(&id)?.iter().find_map(|word| word.strip_prefix(&*key))
}

type Names = BTreeMap<TypeId, Vec<&'static str>>;

fn names(minor: Minor) -> Names {
    let lines = include_str!("names.txt").lines().filter(|line| !line.starts_with('#'));
    let structs = lines.filter_map(|line| {
        let mut words = line.split(' ');
        let id = Types::of_minor(minor).named(&format!("io.k8s.api.{}", words.next()?))?;
        Some((id, words.collect()))
    });
    structs.collect()
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_map(map: &MapType) -> bool {
    map.fields.is_empty() && map.element.is_some()
}

/// `PodSpec`, from `io.k8s.api.core.v1.PodSpec`.
fn struct_name(types: &Types, id: TypeId) -> String {
    types.name(id).and_then(|name| name.rsplit('.').next()).unwrap_or_default().to_owned()
}

fn go_type(types: &Types, id: TypeId) -> String {
    let ty = types.get(id);
    match &ty.shape {
        Shape::Any => "interface {}".to_owned(),
        Shape::Map(map) if is_map(map) => {
            let element = map.element.map_or_else(|| "string".to_owned(), |e| go_type(types, e));
            if element == "resource.Quantity" {
                return "v1.ResourceList".to_owned();
            }
            format!("map[string]{element}")
        }
        Shape::Map(_) => {
            let name = types.name(id).unwrap_or_default();
            let mut parts = name.rsplit('.');
            let (kind, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            format!("{version}.{kind}")
        }
        Shape::List(list) => format!("[]{}", go_type(types, list.element)),
        Shape::Scalar(scalar) => match scalar {
            Scalar::String if text_of(ty) == Text::Bytes => "[]uint8".to_owned(),
            Scalar::String => "string".to_owned(),
            Scalar::Integer => {
                let format = ty.constraint.as_ref().and_then(|c| c.format.as_deref());
                format.filter(|f| *f == "int32").unwrap_or("int64").to_owned()
            }
            Scalar::Number => "float64".to_owned(),
            Scalar::Boolean => "bool".to_owned(),
            Scalar::IntOrString => "intstr.IntOrString".to_owned(),
            Scalar::Quantity => "resource.Quantity".to_owned(),
        },
    }
}

/// Times to the microsecond.
const FINE: [&str; 4] = ["renewTime", "acquireTime", "eventTime", "lastObservedTime"];

fn time(text: &str, layout: &str) -> Result<(), String> {
    if text.is_empty() || crate::core::request::Now::parse(text).is_some() {
        return Ok(());
    }
    Err(format!("parsing time {text:?} as \"{layout}\": cannot parse {text:?} as \"2006\""))
}

fn bytes(text: &str) -> Result<(), String> {
    use base64::DecodeError;
    let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let at = match base64::engine::general_purpose::STANDARD.decode(&compact) {
        Ok(_) => return Ok(()),
        Err(DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _)) => at,
        Err(DecodeError::InvalidLength(at)) => at / 4 * 4,
        Err(DecodeError::InvalidPadding) => compact.len() / 4 * 4,
    };
    Err(format!("illegal base64 data at input byte {at}"))
}
