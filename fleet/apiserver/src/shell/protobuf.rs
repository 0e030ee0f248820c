//! The requests that kubectl and client-go write as protobuf only, as JSON.
//!
//! Clients that Kubernetes generates prefer protobuf and don't fall back. Read here are the small kinds that kubectl
//! writes so: reviews, tokens, evictions, namespaces, service accounts, configuration and RBAC. Another message, or a
//! field that is not in the tables, is refused as a media type that the server doesn't know is: nothing is dropped
//! silently. Answers are JSON, which these clients accept. Field numbers are those of `generated.proto` in k8s.io/api.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// Messages are nested at most as deep as the tables below, never as deep as the input says.
const MAGIC: &[u8] = b"k8s\0";

enum Kind {
    Text,
    Bool,
    Integer,
    Texts,
    Message(&'static [Field]),
    Messages(&'static [Field]),
    /// A map from text to a message.
    Map(&'static [Field]),
    TextMap,
    BytesMap,
    /// What a client can't set.
    Ignored,
}

type Field = (u64, &'static str, Kind);

const OWNER: &[Field] = &[
    (1, "kind", Kind::Text),
    (3, "name", Kind::Text),
    (4, "uid", Kind::Text),
    (5, "apiVersion", Kind::Text),
    (6, "controller", Kind::Bool),
    (7, "blockOwnerDeletion", Kind::Bool),
];
const METADATA: &[Field] = &[
    (1, "name", Kind::Text),
    (2, "generateName", Kind::Text),
    (3, "namespace", Kind::Text),
    (5, "uid", Kind::Text),
    (6, "resourceVersion", Kind::Text),
    (7, "generation", Kind::Ignored),
    (8, "creationTimestamp", Kind::Ignored),
    (11, "labels", Kind::TextMap),
    (12, "annotations", Kind::TextMap),
    (13, "ownerReferences", Kind::Messages(OWNER)),
    (14, "finalizers", Kind::Texts),
];
const REFERENCE: &[Field] = &[(1, "name", Kind::Text)];
const OBJECT_REFERENCE: &[Field] = &[
    (1, "kind", Kind::Text),
    (2, "namespace", Kind::Text),
    (3, "name", Kind::Text),
    (4, "uid", Kind::Text),
    (5, "apiVersion", Kind::Text),
];
const RULE: &[Field] = &[
    (1, "verbs", Kind::Texts),
    (2, "apiGroups", Kind::Texts),
    (3, "resources", Kind::Texts),
    (4, "resourceNames", Kind::Texts),
    (5, "nonResourceURLs", Kind::Texts),
];
const SUBJECT: &[Field] = &[
    (1, "kind", Kind::Text),
    (2, "apiGroup", Kind::Text),
    (3, "name", Kind::Text),
    (4, "namespace", Kind::Text),
];
const ROLE_REF: &[Field] = &[(1, "apiGroup", Kind::Text), (2, "kind", Kind::Text), (3, "name", Kind::Text)];
const RESOURCE: &[Field] = &[
    (1, "namespace", Kind::Text),
    (2, "verb", Kind::Text),
    (3, "group", Kind::Text),
    (4, "version", Kind::Text),
    (5, "resource", Kind::Text),
    (6, "subresource", Kind::Text),
    (7, "name", Kind::Text),
];
const NON_RESOURCE: &[Field] = &[(1, "path", Kind::Text), (2, "verb", Kind::Text)];
/// `ExtraValue` is a message with the values as its first field.
const EXTRA: &[Field] = &[(1, "items", Kind::Texts)];
const SELF_ACCESS: &[Field] = &[
    (1, "resourceAttributes", Kind::Message(RESOURCE)),
    (2, "nonResourceAttributes", Kind::Message(NON_RESOURCE)),
];
const ACCESS: &[Field] = &[
    (1, "resourceAttributes", Kind::Message(RESOURCE)),
    (2, "nonResourceAttributes", Kind::Message(NON_RESOURCE)),
    (3, "user", Kind::Text),
    (4, "groups", Kind::Texts),
    (5, "extra", Kind::Map(EXTRA)),
    (6, "uid", Kind::Text),
];
const RULES: &[Field] = &[(1, "namespace", Kind::Text)];
const BOUND: &[Field] = &[
    (1, "kind", Kind::Text),
    (2, "apiVersion", Kind::Text),
    (3, "name", Kind::Text),
    (4, "uid", Kind::Text),
];
const TOKEN: &[Field] = &[
    (1, "audiences", Kind::Texts),
    (3, "boundObjectRef", Kind::Message(BOUND)),
    (4, "expirationSeconds", Kind::Integer),
];
const TOKEN_REVIEW: &[Field] = &[(1, "token", Kind::Text), (2, "audiences", Kind::Texts)];
const PRECONDITIONS: &[Field] = &[(1, "uid", Kind::Text), (2, "resourceVersion", Kind::Text)];
const DELETE: &[Field] = &[
    (1, "gracePeriodSeconds", Kind::Integer),
    (2, "preconditions", Kind::Message(PRECONDITIONS)),
    (3, "orphanDependents", Kind::Bool),
    (4, "propagationPolicy", Kind::Text),
    (5, "dryRun", Kind::Texts),
];

const META: Field = (1, "metadata", Kind::Message(METADATA));
const STATUS: Field = (3, "status", Kind::Ignored);

/// The message of a kind.
fn fields(kind: &str) -> Option<&'static [Field]> {
    Some(match kind {
        "SelfSubjectAccessReview" => &[META, (2, "spec", Kind::Message(SELF_ACCESS)), STATUS],
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            &[META, (2, "spec", Kind::Message(ACCESS)), STATUS]
        }
        "SelfSubjectRulesReview" => &[META, (2, "spec", Kind::Message(RULES)), STATUS],
        "SelfSubjectReview" => &[META, (2, "status", Kind::Ignored)],
        "TokenRequest" => &[META, (2, "spec", Kind::Message(TOKEN)), STATUS],
        "TokenReview" => &[META, (2, "spec", Kind::Message(TOKEN_REVIEW)), STATUS],
        "Eviction" => &[META, (2, "deleteOptions", Kind::Message(DELETE))],
        "DeleteOptions" => DELETE,
        "Namespace" => &[META, (2, "spec", Kind::Message(&[(1, "finalizers", Kind::Texts)])), STATUS],
        "ServiceAccount" => &[
            META,
            (2, "secrets", Kind::Messages(OBJECT_REFERENCE)),
            (3, "imagePullSecrets", Kind::Messages(REFERENCE)),
            (4, "automountServiceAccountToken", Kind::Bool),
        ],
        "ConfigMap" => &[
            META,
            (2, "data", Kind::TextMap),
            (3, "binaryData", Kind::BytesMap),
            (4, "immutable", Kind::Bool),
        ],
        "Secret" => &[
            META,
            (2, "data", Kind::BytesMap),
            (3, "type", Kind::Text),
            (4, "stringData", Kind::TextMap),
            (5, "immutable", Kind::Bool),
        ],
        "Role" | "ClusterRole" => &[META, (2, "rules", Kind::Messages(RULE))],
        "RoleBinding" | "ClusterRoleBinding" => {
            &[META, (2, "subjects", Kind::Messages(SUBJECT)), (3, "roleRef", Kind::Message(ROLE_REF))]
        }
        _ => return None,
    })
}

/// The message as a JSON object; `None` if it is of no known kind or malformed.
pub(super) fn to_json(body: &[u8]) -> Option<Value> {
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, value) in Wire(body.strip_prefix(MAGIC)?).fields()? {
        match (number, value) {
            (1, Part::Bytes(meta)) => {
                for (number, value) in Wire(meta).fields()? {
                    match (number, value) {
                        (1, Part::Bytes(text)) => api_version = utf8(text)?,
                        (2, Part::Bytes(text)) => kind = utf8(text)?,
                        (_, Part::Bytes(_) | Part::Number(_)) => {}
                    }
                }
            }
            (2, Part::Bytes(bytes)) => raw = bytes,
            (_, Part::Bytes(_) | Part::Number(_)) => {}
        }
    }
    let mut object = message(raw, fields(&kind)?)?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Some(Value::Object(object))
}

fn message(bytes: &[u8], known: &[Field]) -> Option<Map<String, Value>> {
    let mut out = Map::new();
    for (number, part) in Wire(bytes).fields()? {
        let Some((_, name, kind)) = known.iter().find(|(n, _, _)| *n == number) else {
            // The generated encoders write empty fields too.
            match part {
                Part::Bytes([]) | Part::Number(0) => continue,
                Part::Bytes(_) | Part::Number(_) => return None,
            }
        };
        let slot = || (*name).to_owned();
        match (kind, part) {
            (Kind::Ignored, Part::Bytes(_) | Part::Number(_)) | (Kind::Text, Part::Bytes([])) => {}
            (Kind::Text, Part::Bytes(bytes)) => {
                out.insert(slot(), utf8(bytes)?.into());
            }
            (Kind::Bool, Part::Number(n)) => {
                out.insert(slot(), (n != 0).into());
            }
            (Kind::Integer, Part::Number(n)) => {
                out.insert(slot(), n.cast_signed().into());
            }
            (Kind::Message(inner), Part::Bytes(bytes)) => {
                out.insert(slot(), message(bytes, inner)?.into());
            }
            (Kind::Messages(inner), Part::Bytes(bytes)) => {
                let item = message(bytes, inner)?.into();
                out.entry(slot()).or_insert_with(|| json!([])).as_array_mut()?.push(item);
            }
            (Kind::Texts, Part::Bytes(bytes)) => {
                out.entry(slot()).or_insert_with(|| json!([])).as_array_mut()?.push(utf8(bytes)?.into());
            }
            (Kind::TextMap | Kind::BytesMap | Kind::Map(_), Part::Bytes(bytes)) => {
                let (key, value) = entry(bytes)?;
                let value = match kind {
                    Kind::Map(inner) => message(value, inner)?.remove("items").unwrap_or_else(|| json!([])),
                    Kind::BytesMap => STANDARD.encode(value).into(),
                    _ => utf8(value)?.into(),
                };
                out.entry(slot()).or_insert_with(|| json!({})).as_object_mut()?.insert(key, value);
            }
            (_, Part::Bytes(_) | Part::Number(_)) => return None,
        }
    }
    Some(out)
}

fn entry(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (mut key, mut value) = (String::new(), &[][..]);
    for (number, part) in Wire(bytes).fields()? {
        match (number, part) {
            (1, Part::Bytes(bytes)) => key = utf8(bytes)?,
            (2, Part::Bytes(bytes)) => value = bytes,
            (_, Part::Bytes(_) | Part::Number(_)) => {}
        }
    }
    Some((key, value))
}

fn utf8(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

struct Wire<'a>(&'a [u8]);

impl<'a> Wire<'a> {
    fn fields(mut self) -> Option<Vec<(u64, Part<'a>)>> {
        let mut out = Vec::new();
        while !self.0.is_empty() {
            let tag = self.varint()?;
            let part = match tag & 7 {
                0 => Part::Number(self.varint()?),
                1 => Part::Bytes(self.take(8)?),
                2 => {
                    let length = usize::try_from(self.varint()?).ok()?;
                    Part::Bytes(self.take(length)?)
                }
                5 => Part::Bytes(self.take(4)?),
                _ => return None,
            };
            out.push((tag >> 3, part));
        }
        Some(out)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value: u64 = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
        out.extend_from_slice(content);
        out
    }

    fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &meta), field(2, raw)].concat()
    }

    #[test]
    fn a_review_is_read_as_json() {
        let attributes = [field(1, b"shop"), field(2, b"create"), field(3, b"apps"), field(6, b"")].concat();
        let raw = [field(1, b""), field(2, &field(1, &attributes))].concat();
        let read = to_json(&envelope("authorization.k8s.io/v1", "SelfSubjectAccessReview", &raw)).unwrap();
        let spec =
            json!({ "resourceAttributes": { "namespace": "shop", "verb": "create", "group": "apps" } });
        assert_eq!((&read["spec"], &read["kind"]), (&spec, &json!("SelfSubjectAccessReview")));
        assert_eq!(read["apiVersion"], "authorization.k8s.io/v1");
    }

    #[test]
    fn lists_numbers_and_maps_are_read() {
        let spec = [field(1, b"a"), field(1, b"b"), vec![4 << 3, 0xd8, 0x04]].concat();
        let read = to_json(&envelope("authentication.k8s.io/v1", "TokenRequest", &field(2, &spec))).unwrap();
        assert_eq!(read["spec"], json!({ "audiences": ["a", "b"], "expirationSeconds": 600 }));
        let extra = [field(1, b"scope"), field(2, &[field(1, b"x"), field(1, b"y")].concat())].concat();
        let raw = field(2, &[field(3, b"jane"), field(5, &extra)].concat());
        let read = to_json(&envelope("authorization.k8s.io/v1", "SubjectAccessReview", &raw)).unwrap();
        assert_eq!(read["spec"], json!({ "user": "jane", "extra": { "scope": ["x", "y"] } }));
    }

    #[test]
    fn a_field_that_is_not_known_is_not_dropped() {
        let whole = |raw: &[u8]| to_json(&envelope("v1", "ConfigMap", raw));
        assert!(whole(&field(9, b"")).is_some());
        assert_eq!(whole(&field(9, b"x")), None);
        let secret =
            to_json(&envelope("v1", "Secret", &field(2, &[field(1, b"k"), field(2, b"v")].concat())));
        assert_eq!(secret.unwrap()["data"], json!({ "k": "dg==" }));
    }

    #[test]
    fn what_is_unknown_or_cut_short_is_not_read() {
        assert_eq!(to_json(b""), None);
        assert_eq!(to_json(b"{}"), None);
        assert_eq!(to_json(&envelope("v1", "Pod", b"")), None);
        let whole = envelope("authorization.k8s.io/v1", "SelfSubjectAccessReview", &field(2, &field(1, b"")));
        assert!(to_json(&whole).is_some());
        for end in 5..whole.len() {
            let cut = &whole[..end];
            assert!(to_json(cut).is_none_or(|v| v["spec"].is_null()), "{end}");
        }
        assert_eq!(
            to_json(&[MAGIC, &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].concat()),
            None
        );
    }
}
