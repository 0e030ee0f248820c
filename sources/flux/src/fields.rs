//! Reading values whose shape has been checked: what is absent or wrong gives the default, as its problem is already
//! told.
use mainstay_unit::parse_duration;
use serde_json::{Map, Value};
use std::time::Duration;

static EMPTY: Value = Value::Null;

#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub &'a Value);

impl<'a> Fields<'a> {
    pub(crate) fn at(self, name: &str) -> Fields<'a> {
        Fields(self.0.get(name).unwrap_or(&EMPTY))
    }

    pub(crate) fn is_set(self) -> bool {
        !self.0.is_null()
    }

    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(crate) fn owned(self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(crate) fn flag(self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn duration(self, name: &str) -> Option<Duration> {
        self.text(name).and_then(parse_duration)
    }

    pub(crate) fn list(self, name: &str) -> impl Iterator<Item = (usize, Fields<'a>)> + use<'a> {
        let items = self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().map(Fields).enumerate()
    }

    pub(crate) fn strings(self, name: &str) -> Vec<String> {
        self.list(name).filter_map(|(_, item)| item.0.as_str().map(str::to_owned)).collect()
    }

    pub(crate) fn map(self, name: &str) -> Option<&'a Map<String, Value>> {
        self.0.get(name)?.as_object()
    }

    pub(crate) fn texts(self, name: &str) -> Vec<(String, String)> {
        let entries = self.map(name).into_iter().flatten();
        entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }
}
