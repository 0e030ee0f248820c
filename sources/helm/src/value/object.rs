//! What Helm gives templates besides JSON: structs, files, versions and times.
use super::Value;
use crate::text::Text;
use crate::time::Time;
use mainstay_package::Version;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Debug, Clone)]
pub(crate) enum Object {
    Struct(Rc<Struct>),
    Files(Rc<Files>),
    Version(Rc<Version>),
    Time(Time),
}

/// A Go struct: fields in Go's order.
#[derive(Debug)]
pub(crate) struct Struct {
    /// As `%T` prints it, `*` included.
    pub(crate) ty: &'static str,
    pub(crate) fields: Vec<StructField>,
    /// What its String method returns, if its pointer has one: an action prints that, a function sees the fields.
    pub(crate) string: Option<Text>,
}

#[derive(Debug)]
pub(crate) struct StructField {
    pub(crate) name: &'static str,
    /// In JSON. None: a field that JSON leaves out always.
    pub(crate) json: Option<&'static str>,
    pub(crate) omit_empty: bool,
    /// Read through [`StructField::value`].
    pub(crate) held: Value,
    /// Set once somebody looks.
    pub(crate) watch: Option<Rc<Cell<bool>>>,
}

impl StructField {
    pub(crate) fn value(&self) -> &Value {
        if let Some(watch) = &self.watch {
            watch.set(true);
        }
        &self.held
    }
}

impl Struct {
    pub(crate) fn get(&self, name: &[u8]) -> Option<&Value> {
        self.fields.iter().find(|field| field.name.as_bytes() == name).map(StructField::value)
    }
}

/// `.Files`, or what a Glob of it left.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(pub(crate) BTreeMap<Text, Text>);
