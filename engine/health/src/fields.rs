use mainstay_object::Value;

/// JSON pointers into an object that may have any shape.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub &'a Value);

impl<'a> Fields<'a> {
    pub fn text(&self, pointer: &str) -> &'a str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn number(&self, pointer: &str) -> Option<i64> {
        self.0.pointer(pointer).and_then(Value::as_i64)
    }

    pub fn count(&self, pointer: &str) -> i64 {
        self.number(pointer).unwrap_or_default()
    }

    pub fn flag(&self, pointer: &str) -> bool {
        self.0.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
    }

    pub fn list(&self, pointer: &str) -> &'a [Value] {
        self.0.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn has(&self, pointer: &str) -> bool {
        self.0.pointer(pointer).is_some_and(|v| !v.is_null())
    }

    pub fn condition(&self, kind: &str) -> Option<Condition<'a>> {
        self.condition_in("/status/conditions", kind)
    }

    /// Two conditions of one type are against the API conventions: then the last that is not True is the one believed.
    pub fn condition_in(&self, pointer: &str, kind: &str) -> Option<Condition<'a>> {
        let text = |item: &'a Value, key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        // A status is a text; where no schema sees to that, people write the boolean.
        let status = |item: &'a Value| match item.get("status") {
            Some(Value::Bool(true)) => "True",
            Some(Value::Bool(false)) => "False",
            Some(_) | None => text(item, "status"),
        };
        let of_kind = self.list(pointer).iter().filter(|c| text(c, "type") == kind).map(|item| Condition {
            status: status(item),
            reason: text(item, "reason"),
            message: text(item, "message"),
            severity: text(item, "severity"),
            observed: item.get("observedGeneration").and_then(Value::as_i64),
        });
        of_kind.reduce(|one, other| if other.status == "True" { one } else { other })
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Condition<'a> {
    pub status: &'a str,
    pub reason: &'a str,
    pub message: &'a str,
    pub severity: &'a str,
    pub observed: Option<i64>,
}

impl Condition<'_> {
    /// The message, or the reason where there is none.
    pub fn why(&self) -> String {
        match (self.reason, self.message) {
            ("", message) => message.to_owned(),
            (reason, "") => reason.to_owned(),
            (reason, message) => format!("{reason}: {message}"),
        }
    }

    /// `Ready is false: reason: message`.
    pub fn describe(&self, kind: &str) -> String {
        let status = if self.status.is_empty() { "unset".to_owned() } else { self.status.to_lowercase() };
        match self.why() {
            why if why.is_empty() => format!("{kind} is {status}"),
            why => format!("{kind} is {status}: {why}"),
        }
    }

    pub fn is_true(&self) -> bool {
        self.status == "True"
    }

    pub fn is_false(&self) -> bool {
        self.status == "False"
    }
}

/// A status that speaks of an older generation than the object has: `(observed, generation)`. Some controllers write the
/// number as text; a text that is no number (a hash) says nothing.
pub(crate) fn outdated(object: &Value) -> Option<(i64, i64)> {
    let generation = Fields(object).number("/metadata/generation")?;
    let observed = match object.pointer("/status/observedGeneration")? {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (observed < generation).then_some((observed, generation))
}
