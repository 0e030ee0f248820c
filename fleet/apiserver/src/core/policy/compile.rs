use super::{Policy, Validation};
use mainstay_expr::{Environment, Program, Type};
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::Value;
use std::collections::BTreeMap;

impl Policy {
    /// Reads the `spec` of a policy; what is wrong with it is told as an API server tells it.
    pub fn compile(spec: &Value) -> (Self, Vec<FieldError>) {
        let mut reader = Reader {
            variables: BTreeMap::new(),
            with_params: spec.get("paramKind").is_some(),
            errors: Vec::new(),
        };
        let mut policy = Self::default();
        for (at, written) in list(spec, "matchConditions") {
            let path = format!("spec.matchConditions[{at}].expression");
            if let Some(program) = reader.program(&path, text(written, "expression"), Some(&Type::Bool)) {
                policy.conditions.push((text(written, "name").to_owned(), program));
            }
        }
        for (at, written) in list(spec, "variables") {
            let path = format!("spec.variables[{at}]");
            let name = text(written, "name");
            if !is_identifier(name) {
                reader.invalid(format!("{path}.name"), name, "must be a valid CEL identifier");
                continue;
            }
            if let Some(program) =
                reader.program(&format!("{path}.expression"), text(written, "expression"), None)
            {
                reader.variables.insert(name.to_owned(), program.result().clone());
                policy.variables.push((name.to_owned(), program));
            }
        }
        for (at, written) in list(spec, "validations") {
            policy.validations.extend(reader.validation(&format!("spec.validations[{at}]"), written));
        }
        for (at, written) in list(spec, "auditAnnotations") {
            let path = format!("spec.auditAnnotations[{at}].valueExpression");
            let Some(program) = reader.program(&path, text(written, "valueExpression"), None) else {
                continue;
            };
            if !matches!(program.result(), Type::String | Type::Null | Type::Dyn) {
                let why = format!("must evaluate to one of [string null_type] but got {}", program.result());
                reader.invalid(path, text(written, "valueExpression"), &why);
            }
        }
        (policy, reader.errors)
    }
}

struct Reader {
    /// Those that were declared so far.
    variables: BTreeMap<String, Type>,
    with_params: bool,
    errors: Vec<FieldError>,
}

impl Reader {
    fn environment(&self) -> Environment {
        let mut environment = Environment::new([
            ("object", Type::Dyn),
            ("oldObject", Type::Dyn),
            ("request", request()),
            ("namespaceObject", Type::open_object()),
            ("variables", Type::object("kubernetes.variables", self.variables.clone())),
        ]);
        if self.with_params {
            environment.variables.insert("params".to_owned(), Type::Dyn);
        }
        environment
    }

    fn program(&mut self, path: &str, source: &str, wanted: Option<&Type>) -> Option<Program> {
        if source.trim().is_empty() {
            self.push(FieldErrorKind::Required, path.to_owned(), None, "expression is not specified");
            return None;
        }
        match Program::compile(source, &self.environment()) {
            Ok(program) => match wanted {
                Some(wanted) if program.result() != wanted => {
                    let why = format!("must evaluate to {wanted} but got {}", program.result());
                    self.invalid(path.to_owned(), source, &why);
                    None
                }
                _ => Some(program),
            },
            Err(wrong) => {
                let issues: Vec<String> =
                    wrong.iter().map(|wrong| wrong.display(source).to_string()).collect();
                self.invalid(path.to_owned(), source, &format!("compilation failed: {}", issues.join("\n")));
                None
            }
        }
    }

    fn validation(&mut self, path: &str, written: &Value) -> Option<Validation> {
        let (message, reason) = (text(written, "message"), text(written, "reason"));
        let program =
            self.program(&format!("{path}.expression"), text(written, "expression"), Some(&Type::Bool));
        let expression = text(written, "messageExpression");
        let message_expression = if expression.is_empty() {
            None
        } else {
            self.program(&format!("{path}.messageExpression"), expression, Some(&Type::String))
        };
        if message.contains('\n') {
            self.invalid(format!("{path}.message"), message, "must not contain line breaks");
        } else if !message.is_empty() && message.trim().is_empty() {
            self.invalid(format!("{path}.message"), message, "message must be non-empty if specified");
        }
        const REASONS: [&str; 4] = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
        if !reason.is_empty() && !REASONS.contains(&reason) {
            let supported =
                r#"supported values: "Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized""#;
            self.push(FieldErrorKind::NotSupported, format!("{path}.reason"), Some(reason), supported);
        }
        let (message, reason) = (message.to_owned(), reason.to_owned());
        Some(Validation { program: program?, message, message_expression, reason })
    }

    fn invalid(&mut self, path: String, value: &str, why: &str) {
        self.push(FieldErrorKind::Invalid, path, Some(value), why);
    }

    fn push(&mut self, kind: FieldErrorKind, path: String, value: Option<&str>, detail: &str) {
        self.errors.push(FieldError { kind, path, value: value.map(Value::from), detail: detail.to_owned() });
    }
}

/// An AdmissionRequest, as expressions may speak of it.
fn request() -> Type {
    let of = |name: &str, fields: &[(&str, Type)]| {
        Type::object(name, fields.iter().map(|(field, of)| ((*field).to_owned(), of.clone())).collect())
    };
    let kind =
        of("kubernetes.GroupVersionKind", &["group", "version", "kind"].map(|name| (name, Type::String)));
    let resource = of(
        "kubernetes.GroupVersionResource",
        &["group", "version", "resource"].map(|name| (name, Type::String)),
    );
    let user = of(
        "kubernetes.UserInfo",
        &[
            ("username", Type::String),
            ("uid", Type::String),
            ("groups", Type::list(Type::String)),
            ("extra", Type::map(Type::String, Type::list(Type::String))),
        ],
    );
    of(
        "kubernetes.AdmissionRequest",
        &[
            ("kind", kind.clone()),
            ("resource", resource.clone()),
            ("subResource", Type::String),
            ("requestKind", kind),
            ("requestResource", resource),
            ("requestSubResource", Type::String),
            ("name", Type::String),
            ("namespace", Type::String),
            ("operation", Type::String),
            ("userInfo", user),
            ("dryRun", Type::Bool),
            ("options", Type::Dyn),
        ],
    )
}

fn list<'a>(spec: &'a Value, name: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    spec.get(name).and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
}
