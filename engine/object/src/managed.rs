use crate::{FieldSet, FieldSetError};
use serde_json::{Map, Value};
use std::fmt;
use thiserror::Error;

/// `metadata.managedFields`: who owns what. At most one entry per manager, operation and subresource, and for updates
/// also per apiVersion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManagedFields {
    pub entries: Vec<ManagedEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedEntry {
    pub manager: String,
    pub operation: Operation,
    /// The version that the fields are named in.
    pub api_version: String,
    /// Empty for the object itself.
    pub subresource: String,
    /// RFC 3339, to the second.
    pub time: Option<String>,
    pub fields: FieldSet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    Apply,
    Update,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ManagedFieldsError {
    #[error("managed fields must be a list of entries")]
    NotAList,
    #[error("operation must be `Apply` or `Update`")]
    Operation,
    #[error("apiVersion must not be empty")]
    ApiVersion,
    #[error("missing fieldsType in managed fields entry {0}")]
    NoFieldsType(usize),
    #[error("invalid fieldsType {1:?} in managed fields entry {0}")]
    FieldsType(usize, String),
    #[error("error decoding set: {0}")]
    Fields(#[from] FieldSetError),
}

impl ManagedFields {
    /// Of an object; empty when it has none.
    pub fn of(object: &Value) -> Result<Self, ManagedFieldsError> {
        object.pointer("/metadata/managedFields").map_or_else(|| Ok(Self::default()), Self::parse)
    }

    /// Reads the list. A later entry replaces an earlier one of the same owner.
    pub fn parse(list: &Value) -> Result<Self, ManagedFieldsError> {
        let entries = match list {
            Value::Null => return Ok(Self::default()),
            Value::Array(entries) => entries,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                return Err(ManagedFieldsError::NotAList);
            }
        };
        let mut fields = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            let entry = ManagedEntry::parse(index, entry)?;
            fields.entries.retain(|earlier| !earlier.same_owner(&entry));
            fields.entries.push(entry);
        }
        Ok(fields)
    }

    /// The entries as JSON, in an API server's order: appliers first, then by time, manager, version and subresource.
    pub fn encode(&self) -> Value {
        let mut sorted: Vec<&ManagedEntry> = self.entries.iter().collect();
        sorted.sort_by_key(|entry| {
            (entry.operation, &entry.time, &entry.manager, &entry.api_version, &entry.subresource)
        });
        sorted.into_iter().map(ManagedEntry::encode).collect()
    }

    /// The union of what a manager owns through any entry.
    pub fn owned_by(&self, manager: &str) -> FieldSet {
        let entries = self.entries.iter().filter(|entry| entry.manager == manager);
        entries.fold(FieldSet::default(), |set, entry| set.union(&entry.fields))
    }
}

impl ManagedEntry {
    /// Whether both are entries of one owner. For appliers the version does not count: there is one entry, in the
    /// version last applied.
    pub fn same_owner(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    fn parse(index: usize, entry: &Value) -> Result<Self, ManagedFieldsError> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let operation = match text("operation").as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return Err(ManagedFieldsError::Operation),
        };
        let api_version = text("apiVersion");
        if api_version.is_empty() {
            return Err(ManagedFieldsError::ApiVersion);
        }
        match text("fieldsType").as_str() {
            "FieldsV1" => {}
            "" => return Err(ManagedFieldsError::NoFieldsType(index)),
            other => return Err(ManagedFieldsError::FieldsType(index, other.to_owned())),
        }
        Ok(Self {
            manager: text("manager"),
            operation,
            api_version,
            subresource: text("subresource"),
            time: entry.get("time").and_then(Value::as_str).map(str::to_owned),
            fields: FieldSet::from_fields_v1(entry.get("fieldsV1").unwrap_or(&Value::Null))?,
        })
    }

    fn encode(&self) -> Value {
        let mut map = Map::new();
        let mut text = |name: &str, value: &str| {
            if !value.is_empty() {
                map.insert(name.to_owned(), Value::from(value));
            }
        };
        text("manager", &self.manager);
        text("operation", self.operation.as_str());
        text("apiVersion", &self.api_version);
        text("subresource", &self.subresource);
        text("time", self.time.as_deref().unwrap_or_default());
        text("fieldsType", "FieldsV1");
        map.insert("fieldsV1".to_owned(), self.fields.to_fields_v1());
        Value::Object(map)
    }
}

impl Operation {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
