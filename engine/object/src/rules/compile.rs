//! Rules as they are read when their definition is admitted.

use super::{Compiled, Rules, convert};
use crate::schema::{ListRelation, Rule, Shape};
use crate::{FieldError, FieldErrorKind, MAX_DEPTH, TypeId, Types};
use mainstay_expr::{Environment, ExprError, Program, Type};

impl Rules {
    /// Reads every rule below a root. What is wrong with one is told with its place below the schema; the others are
    /// there all the same. Rules are compiled in earnest only where nothing is wrong with how they are written.
    pub fn compile(types: &Types, root: TypeId) -> (Self, Vec<FieldError>) {
        let mut reader =
            Reader { types, root, rules: Rules::default(), written: Vec::new(), errors: Vec::new() };
        reader.node(root, "", None, 0);
        (reader.rules, if reader.written.is_empty() { reader.errors } else { reader.written })
    }
}

struct Reader<'a> {
    types: &'a Types,
    root: TypeId,
    rules: Rules,
    written: Vec<FieldError>,
    errors: Vec<FieldError>,
}

impl Reader<'_> {
    /// `loose` is the nearest list above whose items cannot be told to be the same as before.
    fn node(&mut self, id: TypeId, path: &str, loose: Option<&str>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let ty = self.types.get(id);
        if !ty.rules.is_empty() {
            let root = id == self.root;
            let of = convert::declared(self.types, id, root || ty.embedded_resource, "selfType");
            for (index, rule) in ty.rules.iter().enumerate() {
                let at = join(path, &format!("x-kubernetes-validations[{index}]"));
                self.written(rule, &at);
                match &of {
                    Some(of) => self.rule(id, rule, of, &at, loose),
                    None => {
                        let why = "failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations";
                        self.errors.push(error(FieldErrorKind::Invalid, join(&at, "rule"), why.into()));
                    }
                }
            }
        }
        match &ty.shape {
            Shape::Map(map) => {
                for (name, field) in &map.fields {
                    self.node(field.ty, &join(path, &format!("properties[{name}]")), loose, depth + 1);
                }
                if let Some(element) = map.element {
                    self.node(element, &join(path, "additionalProperties"), loose, depth + 1);
                }
            }
            Shape::List(list) => {
                let keyed = matches!(list.relation, ListRelation::Map(_));
                let loose = loose.or((!keyed).then_some(path));
                self.node(list.element, &join(path, "items"), loose, depth + 1);
            }
            Shape::Any | Shape::Scalar(_) => {}
        }
    }

    /// What is wrong with a rule before it is compiled.
    fn written(&mut self, rule: &Rule, at: &str) {
        let empty = |text: &str| !text.is_empty() && text.trim().is_empty();
        let mut wrong =
            |kind, field: &str, detail: String| self.written.push(error(kind, join(at, field), detail));
        if empty(&rule.message) {
            wrong(
                FieldErrorKind::Invalid,
                "message",
                format!("{:?}: must be non-empty if specified", rule.message),
            );
        } else if rule.message.contains(['\n', '\r']) {
            wrong(
                FieldErrorKind::Invalid,
                "message",
                format!("{:?}: must not contain line breaks", rule.message),
            );
        }
        if empty(&rule.message_expression) {
            let why = "messageExpression must be non-empty if specified".to_owned();
            wrong(FieldErrorKind::Required, "messageExpression", why);
        }
        if empty(&rule.field_path) {
            let why = format!("{:?}: must be non-empty if specified", rule.field_path);
            wrong(FieldErrorKind::Invalid, "fieldPath", why);
        }
        const REASONS: [&str; 4] =
            ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
        if !rule.reason.is_empty() && !REASONS.contains(&rule.reason.as_str()) {
            let supported = REASONS.map(|reason| format!("{reason:?}")).join(", ");
            wrong(
                FieldErrorKind::NotSupported,
                "reason",
                format!("{:?}: supported values: {supported}", rule.reason),
            );
        }
    }

    fn rule(&mut self, id: TypeId, rule: &Rule, of: &Type, at: &str, loose: Option<&str>) {
        if rule.rule.trim().is_empty() {
            return;
        }
        let mut field = String::new();
        if !rule.field_path.is_empty() {
            match self.field_path(id, &rule.field_path) {
                Some(found) => field = found,
                None => {
                    let why = format!("{:?}: must be a valid path", rule.field_path);
                    self.written.push(error(FieldErrorKind::Invalid, join(at, "fieldPath"), why));
                    return;
                }
            }
        }
        let old = if rule.optional_old_self { Type::optional(of.clone()) } else { of.clone() };
        let environment = Environment::new([("self", of.clone()), ("oldSelf", old)]);
        let program = match Program::compile(&rule.rule, &environment) {
            Ok(program) if *program.result() == Type::Bool => program,
            Ok(_) => return self.wrong(at, "rule", rule, "cel expression must evaluate to a bool"),
            Err(wrong) => {
                let why = format!("compilation failed: {}", issues(&wrong, &rule.rule));
                return self.wrong(at, "rule", rule, &why);
            }
        };
        let uses_old = program.uses("oldSelf");
        if rule.optional_old_self && !uses_old {
            let why = "true: may not be set if oldSelf is not used in rule".to_owned();
            self.errors.push(error(FieldErrorKind::Invalid, join(at, "optionalOldSelf"), why));
        }
        if let (true, Some(loose)) = (uses_old, loose) {
            let text = serde_json::Value::from(rule.rule.as_str());
            let within = "oldSelf cannot be used on the uncorrelatable portion of the schema within";
            let why = format!("{text}: {within} spec.validation.openAPIV3Schema.{loose}");
            self.errors.push(error(FieldErrorKind::Invalid, join(at, "rule"), why));
        }
        let message = match rule.message_expression.as_str() {
            "" => None,
            source => match Program::compile(source, &environment) {
                Ok(program) if *program.result() == Type::String => Some(program),
                Ok(_) => {
                    self.wrong(at, "messageExpression", rule, "messageExpression must evaluate to a string");
                    None
                }
                Err(wrong) => {
                    let why = format!("messageExpression compilation failed: {}", issues(&wrong, source));
                    self.wrong(at, "messageExpression", rule, &why);
                    None
                }
            },
        };
        let compiled = Compiled { rule: rule.clone(), program, message, uses_old, field };
        self.rules.by_type.entry(id).or_default().push(compiled);
    }

    fn wrong(&mut self, at: &str, field: &str, rule: &Rule, why: &str) {
        let detail = format!("{}: {why}", written(rule));
        self.errors.push(error(FieldErrorKind::Invalid, join(at, field), detail));
    }

    /// `.a.b['c.d']` below a type, as paths of errors are written.
    fn field_path(&self, id: TypeId, path: &str) -> Option<String> {
        let mut out = String::new();
        let mut at = id;
        let mut rest = path;
        while !rest.is_empty() {
            let name = if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[', ']']).unwrap_or(after.len());
                rest = &after[end..];
                after[..end].to_owned()
            } else {
                let after = rest.strip_prefix("['")?;
                let end = closing(after)?;
                rest = after[end + 1..].strip_prefix(']')?;
                after[..end].replace("\\'", "'").replace("\\\\", "\\")
            };
            let Shape::Map(map) = &self.types.get(at).shape else { return None };
            match (map.fields.get(&name), map.element) {
                (Some(field), _) => {
                    out.push_str(&format!(".{name}"));
                    at = field.ty;
                }
                (None, Some(element)) if map.fields.is_empty() => {
                    out.push_str(&format!("[{name}]"));
                    at = element;
                }
                _ => return None,
            }
        }
        Some(out)
    }
}

/// The value that is wrong stands in the detail: an API server prints it as Go does.
fn error(kind: FieldErrorKind, path: String, detail: String) -> FieldError {
    FieldError { kind, path, value: None, detail }
}

/// Where an unescaped quote closes a name.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|at| bytes[*at] == b'\'' && (*at == 0 || bytes[at - 1] != b'\\'))
}

fn issues(wrong: &[ExprError], source: &str) -> String {
    wrong.iter().map(|wrong| wrong.display(source).to_string()).collect::<Vec<_>>().join("\n")
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}

/// A rule as an API server prints one: Go's JSON of its struct.
fn written(rule: &Rule) -> String {
    let text = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
    };
    let reason = if rule.reason.is_empty() { "null".to_owned() } else { text(&rule.reason) };
    let old = if rule.optional_old_self { "true" } else { "null" };
    format!(
        r#"{{"Rule":{},"Message":{},"MessageExpression":{},"Reason":{reason},"FieldPath":{},"OptionalOldSelf":{old}}}"#,
        text(&rule.rule),
        text(&rule.message),
        text(&rule.message_expression),
        text(&rule.field_path),
    )
}
