use mainstay_diagnostic::Location;
use mainstay_object::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Where a variable was set; a later layer wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Layer {
    Platform,
    Tenant,
    Cluster,
    Module,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VariableType {
    String,
    Number,
    Boolean,
    List,
    Object,
}

impl VariableType {
    /// `None` for null, which no variable holds.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Boolean),
            Value::Number(_) => Some(Self::Number),
            Value::String(_) => Some(Self::String),
            Value::Array(_) => Some(Self::List),
            Value::Object(_) => Some(Self::Object),
        }
    }
}

impl fmt::Display for VariableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Object => "object",
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    pub value: Value,
    pub layer: Layer,
    pub location: Location,
}

/// Layered variables: Platform < Tenant < Cluster < Module.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variables(BTreeMap<String, Variable>);

impl Variables {
    /// Sets a variable unless a later layer has set it. A layer may not change a variable's type: then the earlier
    /// definition is returned and stays.
    pub fn set(&mut self, name: &str, new: Variable) -> Result<(), Variable> {
        match self.0.get(name) {
            Some(old) if VariableType::of(&old.value) != VariableType::of(&new.value) => Err(old.clone()),
            Some(old) if old.layer > new.layer => Ok(()),
            Some(_) | None => {
                self.0.insert(name.to_owned(), new);
                Ok(())
            }
        }
    }

    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.0.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.0.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
