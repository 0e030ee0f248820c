//! `admission.k8s.io/v1` AdmissionReview, both ways.

use super::{Ask, hooks::Matched};
use crate::core::body::{self, text};
use crate::core::failure::Failure;
use crate::core::request::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mainstay_object::GroupVersionKind;
use serde_json::{Map, Value, json};

const API_VERSION: &str = "admission.k8s.io/v1";

/// What a webhook answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    allowed: bool,
    status: Value,
    pub(super) patch: Option<Value>,
    pub(super) warnings: Vec<String>,
}

/// Options as the request wrote them; their kind is the operation's.
pub(super) fn options(request: &Request) -> Value {
    if request.method == crate::core::request::Method::Delete
        && let Ok(Value::Object(mut written)) = serde_json::from_slice::<Value>(&request.body)
    {
        written.remove("kind");
        written.remove("apiVersion");
        return Value::Object(written);
    }
    let mut options = Map::new();
    let dry: Vec<&str> = request.query.iter().filter(|(k, _)| k == "dryRun").map(|(_, v)| &**v).collect();
    if !dry.is_empty() {
        options.insert("dryRun".into(), json!(dry));
    }
    for key in ["fieldManager", "fieldValidation", "propagationPolicy"] {
        if let Some(value) = request.one(key).filter(|v| !v.is_empty()) {
            options.insert(key.into(), value.into());
        }
    }
    Value::Object(options)
}

pub(super) fn request(ask: &Ask<'_>, matched: &Matched, options: &Value, uid: &str) -> Value {
    let kind =
        |gvk: &GroupVersionKind| json!({ "group": gvk.group, "version": gvk.version, "kind": gvk.kind });
    let resource = |gvk: &GroupVersionKind, plural: &str| json!({ "group": gvk.group, "version": gvk.version, "resource": plural });
    let own = ask.resource.gvk();
    let (shown, own_kind) =
        match ask.resource.subresource(ask.subresource).filter(|_| !ask.subresource.is_empty()) {
            Some(subresource) => (subresource.kind.clone(), subresource.kind.clone()),
            None => (matched.kind.clone(), own.clone()),
        };
    let mut options = options.clone();
    if let Some(map) = options.as_object_mut() {
        map.insert("kind".into(), ask.operation.options_kind().into());
        map.insert("apiVersion".into(), "meta.k8s.io/v1".into());
    }
    let show = |object: Option<&Value>| object.map_or(Value::Null, |object| matched.show(object));
    let mut request = json!({
        "uid": uid,
        "kind": kind(&shown),
        "resource": resource(&matched.kind, &matched.plural),
        "requestKind": kind(&own_kind),
        "requestResource": resource(&own, &ask.resource.plural),
        "operation": ask.operation.name(),
        "userInfo": user(ask),
        "object": show(ask.object),
        "oldObject": show(ask.old),
        "dryRun": ask.dry_run,
        "options": options,
    });
    let itself = ask.resource.group.is_empty() && ask.resource.plural == "namespaces";
    let namespace = if itself { ask.name } else { ask.namespace };
    for (key, value) in [
        ("name", ask.name),
        ("namespace", namespace),
        ("subResource", ask.subresource),
        ("requestSubResource", ask.subresource),
    ] {
        if !value.is_empty() {
            request[key] = value.into();
        }
    }
    request
}

fn user(ask: &Ask<'_>) -> Value {
    let mut info = json!({ "username": ask.user.name, "groups": ask.user.groups });
    if !ask.user.uid.is_empty() {
        info["uid"] = (&*ask.user.uid).into();
    }
    if !ask.user.extra.is_empty() {
        info["extra"] = json!(ask.user.extra);
    }
    info
}

pub(super) fn envelope(request: Value) -> Vec<u8> {
    let review = json!({ "kind": "AdmissionReview", "apiVersion": API_VERSION, "request": request });
    review.to_string().into_bytes()
}

/// Reads an answer to the question `uid`, or says what is wrong with it.
pub(super) fn read(body: &[u8], uid: &str) -> Result<Verdict, String> {
    read_review(body, uid).map_err(|why| format!("received invalid webhook response: {why}"))
}

fn read_review(body: &[u8], uid: &str) -> Result<Verdict, String> {
    let review: Value = serde_json::from_slice(body)
        .map_err(|_| "couldn't get version/kind; json parse error: the answer is not JSON".to_owned())?;
    let response = review.get("response").filter(|r| r.is_object());
    let response = response.ok_or("webhook response was absent")?;
    let (version, kind) = (text(&review, "/apiVersion"), text(&review, "/kind"));
    if version != API_VERSION || kind != "AdmissionReview" {
        return Err(format!(
            "expected webhook response of {API_VERSION}, Kind=AdmissionReview, got {version}, Kind={kind}"
        ));
    }
    if text(response, "/uid") != uid {
        return Err(format!("expected response.uid=\"{uid}\", got \"{}\"", text(response, "/uid")));
    }
    let patch = match (text(response, "/patch"), text(response, "/patchType")) {
        ("", _) => None,
        (_, "") => return Err("webhook returned response.patch but not response.patchType".to_owned()),
        (patch, "JSONPatch") => {
            let patch = STANDARD.decode(patch).map_err(|_| "illegal base64 data in response.patch")?;
            Some(serde_json::from_slice(&patch).map_err(|_| "response.patch is not JSON")?)
        }
        (_, other) => {
            return Err(format!("webhook returned invalid response.patchType of \"{other}\""));
        }
    };
    Ok(Verdict {
        allowed: response.get("allowed").and_then(Value::as_bool).unwrap_or(false),
        status: response.get("status").cloned().unwrap_or_default(),
        patch,
        warnings: body::strings(response.get("warnings")),
    })
}

impl Verdict {
    /// The refusal in the webhook's words, if it is one.
    pub(super) fn refusal(&self, hook: &str) -> Result<(), Failure> {
        if self.allowed {
            return Ok(());
        }
        let denied = format!("admission webhook \"{hook}\" denied the request");
        let (message, reason) = (text(&self.status, "/message"), text(&self.status, "/reason"));
        let message = match (message, reason) {
            ("", "") => format!("{denied} without explanation"),
            ("", reason) => format!("{denied}: {reason}"),
            (message, _) => format!("{denied}: {message}"),
        };
        let code = self.status.get("code").and_then(Value::as_u64).and_then(|c| u16::try_from(c).ok());
        let code = code.filter(|c| (400..600).contains(c)).unwrap_or(400);
        let mut failure = Failure::new(code, known(reason), message);
        if let Some(details) = self.status.get("details").and_then(Value::as_object) {
            failure.0.details.clone_from(details);
        }
        Err(failure)
    }
}

/// Reasons are words of the API; another one is no reason.
fn known(reason: &str) -> &'static str {
    const REASONS: [&str; 14] = [
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "AlreadyExists",
        "Conflict",
        "Gone",
        "Invalid",
        "ServerTimeout",
        "Timeout",
        "TooManyRequests",
        "BadRequest",
        "MethodNotAllowed",
        "InternalError",
        "ServiceUnavailable",
    ];
    REASONS.iter().find(|known| **known == reason).copied().unwrap_or_default()
}
