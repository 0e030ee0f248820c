use crate::core::reply::Response;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::{Map, Value, json};

const NO_REPRESENTATION: &str = "406: Not Acceptable\n\nAvailable representations: ";
const NO_PAGE: &str = "404 page not found";
const UNSUPPORTED_PATCH: &str = "415: Unsupported Media Type";

/// A request that was refused: a `metav1.Status` in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure(pub Box<Refusal>);

#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    pub details: Map<String, Value>,
    pub headers: Vec<(String, String)>,
}

/// A group and a plural, printed as the API server prints it: `deployments.apps`.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    pub group: &'a str,
    pub plural: &'a str,
}

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.plural)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        Ok(())
    }
}

impl Failure {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        let (details, headers) = (Map::new(), Vec::new());
        Self(Box::new(Refusal { code, reason, message: message.into(), details, headers }))
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub fn not_found(what: Named<'_>, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{what} \"{name}\" not found")).about(what, name)
    }

    /// No such path, and no group that could tell.
    pub fn no_page() -> Self {
        Self::new(404, "NotFound", NO_PAGE)
    }

    pub fn unsupported_patch() -> Self {
        Self::new(415, "UnsupportedMediaType", UNSUPPORTED_PATCH)
    }

    /// No such path.
    pub fn no_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub fn already_exists(what: Named<'_>, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{what} \"{name}\" already exists")).about(what, name)
    }

    pub fn conflict(what: Named<'_>, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {what} \"{name}\": {why}");
        Self::new(409, "Conflict", message).about(what, name)
    }

    pub fn modified(what: Named<'_>, name: &str) -> Self {
        Self::conflict(
            what,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub fn forbidden(what: Named<'_>, name: &str, why: &str) -> Self {
        let message = match (what.plural.is_empty(), name.is_empty()) {
            (true, _) => format!("forbidden: {why}"),
            (false, true) => format!("{what} is forbidden: {why}"),
            (false, false) => format!("{what} \"{name}\" is forbidden: {why}"),
        };
        Self::new(403, "Forbidden", message).about(what, name)
    }

    pub fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    pub fn not_supported(what: Named<'_>, action: &str) -> Self {
        let message = format!("{action} is not supported on resources of kind \"{what}\"");
        Self::new(405, "MethodNotAllowed", message).about(what, "")
    }

    pub fn not_acceptable(offered: &[&str]) -> Self {
        let message = format!("only the following media types are accepted: {}", offered.join(", "));
        Self::new(406, "NotAcceptable", message)
    }

    /// Refused before anything was looked at.
    pub fn no_representation(offered: &[&str]) -> Self {
        let message = format!("{NO_REPRESENTATION}{}", offered.join(", "));
        Self::new(406, "NotAcceptable", message)
    }

    pub fn unsupported_media_type(offered: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            offered.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub fn too_old(asked: u64, oldest: u64) -> Self {
        Self::expired(format!("too old resource version: {asked} ({oldest})"))
    }

    pub fn internal(message: &str) -> Self {
        let mut failure = Self::new(500, "InternalError", format!("Internal error occurred: {message}"));
        failure.0.details.insert("causes".into(), json!([{ "message": message }]));
        failure
    }

    pub fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(501, "NotImplemented", message)
    }

    pub fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let mut shown: Vec<String> = Vec::new();
        for text in errors.iter().map(ToString::to_string) {
            // Found by two rules, it is told once.
            if !shown.contains(&text) {
                shown.push(text);
            }
        }
        let text = match shown.as_slice() {
            [] => "unknown error".to_owned(),
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let kind_text = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut failure = Self::new(422, "Invalid", format!("{kind_text} \"{name}\" is invalid: {text}"));
        let causes = errors
            .iter()
            .map(|e| json!({ "reason": e.kind.reason(), "message": e.message(), "field": field_of(e) }))
            .collect();
        failure = failure.about(Named { group, plural: kind }, name);
        failure.0.details.insert("causes".into(), Value::Array(causes));
        failure
    }

    pub fn with_causes(mut self, causes: Vec<Value>) -> Self {
        self.0.details.insert("causes".into(), Value::Array(causes));
        self
    }

    /// Fills in what the error is about.
    pub fn about(mut self, what: Named<'_>, name: &str) -> Self {
        for (key, text) in [("name", name), ("group", what.group), ("kind", what.plural)] {
            if !text.is_empty() {
                self.0.details.insert(key.into(), text.into());
            }
        }
        self
    }

    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.0.message, "code": self.0.code,
        });
        if !self.0.reason.is_empty() {
            status["reason"] = self.0.reason.into();
        }
        // A patch that does not fit is about nothing in particular.
        // So has what no object is behind.
        let generic = matches!(self.0.code, 403..=405)
            || self.0.message == UNSUPPORTED_PATCH
            || self.0.message.starts_with(NO_REPRESENTATION);
        if generic || !self.0.details.is_empty() || self.0.reason == "Invalid" {
            status["details"] = Value::Object(self.0.details.clone());
        }
        status
    }

    pub fn response(&self) -> Response {
        if self.0.message == NO_PAGE {
            return Response::text(404, &format!("{NO_PAGE}\n"));
        }
        let mut response = Response::json(self.0.code, &self.status());
        response.headers.clone_from(&self.0.headers);
        response
    }
}

/// The place in a cause.
fn field_of(error: &FieldError) -> &str {
    if error.path.is_empty() { "<nil>" } else { &error.path }
}

impl Response {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string().into_bytes())
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self::bytes(status, "text/plain; charset=utf-8", body.as_bytes().to_vec())
    }

    pub fn bytes(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self { status, content_type: content_type.to_owned(), body, ..Self::default() }
    }
}

pub(crate) fn field_error(
    kind: FieldErrorKind,
    path: impl Into<String>,
    value: Option<Value>,
    detail: impl Into<String>,
) -> FieldError {
    FieldError { kind, path: path.into(), value, detail: detail.into() }
}

pub(crate) fn invalid(path: impl Into<String>, value: Value, detail: impl Into<String>) -> FieldError {
    field_error(FieldErrorKind::Invalid, path, Some(value), detail)
}

pub(crate) fn required(path: impl Into<String>, detail: impl Into<String>) -> FieldError {
    field_error(FieldErrorKind::Required, path, None, detail)
}

pub(crate) fn forbidden_field(path: impl Into<String>, detail: impl Into<String>) -> FieldError {
    field_error(FieldErrorKind::Forbidden, path, None, detail)
}
