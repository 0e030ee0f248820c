use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The messages of the built-in kinds; read when the first body comes that needs it.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Where the messages of a group and version are: `apps/v1`, `io.k8s.api.apps.v1`.
    pub(super) kinds: BTreeMap<String, String>,
    pub(super) messages: BTreeMap<String, Message>,
}

#[derive(Debug, Default)]
pub(super) struct Message {
    fields: Vec<(u64, Field)>,
    /// In JSON it is the list that is its only field.
    pub(super) list: bool,
}

#[derive(Debug)]
pub(super) struct Field {
    /// As JSON has it; empty where it has none.
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) repeated: Repeated,
    /// JSON shows it where it is zero, if it is written at all.
    pub(super) keeps_zero: bool,
    /// Its fields are the outer message's in JSON.
    pub(super) inline: bool,
}

#[derive(Debug)]
pub(super) enum Type {
    Scalar(Scalar),
    Message(String),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar {
    Text,
    Bool,
    Integer,
    Double,
    Bytes,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Repeated {
    No,
    List,
    /// By text.
    Map,
}

/// Written by `cargo xtask protobuf-table`, which documents the format.
static TABLE: &[u8] = include_bytes!("../../../data/protobuf-1.36.json.gz");

impl Table {
    pub(super) fn get() -> &'static Self {
        static READ: LazyLock<Table> = LazyLock::new(|| {
            let table: Option<Value> = serde_json::from_reader(GzDecoder::new(TABLE)).ok();
            // The table is part of this crate; a test reads it.
            read(&table.unwrap_or_default())
        });
        &READ
    }

    pub(super) fn message(&self, package: &str, name: &str) -> Option<&Message> {
        self.messages.get(&format!("{package}.{name}"))
    }
}

impl Message {
    pub(super) fn field(&self, number: u64) -> Option<&Field> {
        self.fields.iter().find(|(n, _)| *n == number).map(|(_, field)| field)
    }
}

fn read(table: &Value) -> Table {
    let entries = |key: &str| table.get(key).and_then(Value::as_object).into_iter().flatten();
    let kinds = entries("kinds").filter_map(|(gv, package)| Some((gv.clone(), package.as_str()?.to_owned())));
    let messages = entries("messages").map(|(name, fields)| {
        let mut message = Message::default();
        for field in fields.as_array().into_iter().flatten() {
            let text = |at: usize| field.get(at).and_then(Value::as_str).unwrap_or_default();
            let (repeated, kind) = match (text(2).strip_prefix("[]"), text(2).strip_prefix("{}")) {
                (Some(kind), _) => (Repeated::List, kind),
                (None, Some(kind)) => (Repeated::Map, kind),
                (None, None) => (Repeated::No, text(2)),
            };
            message.list |= text(3) == "l";
            let field_read = Field {
                name: text(1).to_owned(),
                kind: kind_of(kind),
                repeated,
                keeps_zero: text(3) == "0",
                inline: text(3) == "i",
            };
            message.fields.push((field.get(0).and_then(Value::as_u64).unwrap_or_default(), field_read));
        }
        (name.clone(), message)
    });
    Table { kinds: kinds.collect(), messages: messages.collect() }
}

fn kind_of(text: &str) -> Type {
    Type::Scalar(match text {
        "string" => Scalar::Text,
        "bool" => Scalar::Bool,
        "integer" => Scalar::Integer,
        "double" => Scalar::Double,
        "bytes" => Scalar::Bytes,
        message => return Type::Message(message.to_owned()),
    })
}
