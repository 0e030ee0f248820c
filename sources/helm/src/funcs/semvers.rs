use super::Type::Text;
use super::{Function, args, pure};
use crate::value::{Object, Value};
use mainstay_package::{Constraint, Version};
use std::rc::Rc;

pub(super) const FUNCTIONS: &[Function] = &[
    pure("semver", &[Text], |args| {
        Ok(Value::Object(Object::Version(Rc::new(Version::parse(&args::text(args, 0))?))))
    }),
    pure("semverCompare", &[Text, Text], |args| {
        let constraint = Constraint::parse(&args::text(args, 0))?;
        Ok(Value::Bool(constraint.allows(&Version::parse(&args::text(args, 1))?)))
    }),
];
