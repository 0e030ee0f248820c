use crate::TypeId;
use crate::merge::Versions;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The versions of a story's object.
pub(super) struct StoryVersions {
    pub roots: BTreeMap<String, TypeId>,
    pub conversion: Conversion,
    /// The versions that are served, if not all.
    pub served: Option<Vec<String>>,
}

#[derive(Clone, Copy)]
pub(super) enum Conversion {
    None,
    /// The names of fields end in the version.
    Endings,
    /// Names are one letter, as often as the number of the version.
    Letters,
    /// `v1` can't be made of a `v2` that lacks a field.
    Needy,
}

impl Conversion {
    pub fn of(word: Option<&Value>) -> Self {
        match word.map(super::text) {
            None => Self::None,
            Some("renames endings") => Self::Endings,
            Some("repeats letters") => Self::Letters,
            Some("needs a field") => Self::Needy,
            Some(other) => panic!("no conversion {other}"),
        }
    }
}

impl Versions for StoryVersions {
    fn type_at(&self, api_version: &str) -> Option<TypeId> {
        let served = self.served.as_ref().is_none_or(|all| all.iter().any(|one| one == api_version));
        self.roots.get(api_version).copied().filter(|_| served)
    }

    fn convert(&self, object: &Value, api_version: &str) -> Value {
        match self.conversion {
            Conversion::None => object.clone(),
            Conversion::Endings => renamed(object, 0, &|name, _| {
                let stem = ["v1", "v2", "v3"].iter().find_map(|ending| name.strip_suffix(ending));
                stem.map_or(name.to_owned(), |stem| format!("{stem}{api_version}"))
            }),
            Conversion::Letters => {
                let times = api_version.trim_start_matches('v').parse().expect("a number");
                renamed(object, 0, &|name, depth| match depth {
                    0 => name.to_owned(),
                    _ => name[..1].repeat(times),
                })
            }
            Conversion::Needy => needy(object, api_version),
        }
    }
}

fn renamed(value: &Value, depth: usize, name: &dyn Fn(&str, usize) -> String) -> Value {
    match value {
        Value::Object(map) => {
            map.iter().map(|(key, child)| (name(key, depth), renamed(child, depth + 1, name))).collect()
        }
        Value::Array(items) => items.iter().map(|item| renamed(item, depth + 1, name)).collect(),
        other => other.clone(),
    }
}

fn needy(object: &Value, api_version: &str) -> Value {
    const NEEDED: &str = "required_field_bar";
    const MADE: &str = "field_foo_rely_on_bar";
    let empty = Map::new();
    let mut map = object.as_object().unwrap_or(&empty).clone();
    let (from, to) = if api_version == "v1" { (NEEDED, MADE) } else { (MADE, NEEDED) };
    match map.remove(from) {
        Some(value) => {
            map.insert(to.to_owned(), value);
        }
        // An object that does not fit its type: the conversion failed.
        None if api_version == "v1" && !map.contains_key(to) => {
            map.insert("the needed field is missing".to_owned(), Value::Null);
        }
        None => {}
    }
    Value::Object(map)
}
