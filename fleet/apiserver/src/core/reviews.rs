//! Kinds that are only answered: access reviews, token reviews, who am I.

use crate::core::body::{self, text};
use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::rbac::Attributes;
use crate::core::registry::Resource;
use crate::core::request::{Now, User};
use crate::core::route::Target;
use crate::core::tokens;
use serde_json::{Value, json};

pub fn answer(
    cluster: &Cluster,
    resource: &Resource,
    target: &Target,
    user: &User,
    mut review: Value,
    now: Now,
) -> Result<Value, Failure> {
    if !review.is_object() {
        return Err(Failure::bad_request("the object provided is unrecognized (must be of type object)"));
    }
    let kind = text(&review, "/kind");
    if !kind.is_empty() && kind != resource.kind {
        return Err(Failure::bad_request(format!("{kind} cannot be handled as a {}", resource.kind)));
    }
    let status = match &*resource.plural {
        "selfsubjectaccessreviews" => access(cluster, user, &review)?,
        "subjectaccessreviews" | "localsubjectaccessreviews" => {
            let spec = "/spec";
            let subject = User {
                name: text(&review, &format!("{spec}/user")).to_owned(),
                uid: text(&review, &format!("{spec}/uid")).to_owned(),
                groups: body::strings(review.pointer("/spec/groups")),
                extra: std::collections::BTreeMap::new(),
            };
            if resource.plural.starts_with("local")
                && text(&review, "/spec/resourceAttributes/namespace") != target.namespace
            {
                let detail = "must match metadata.namespace";
                return Err(refused("spec.resourceAttributes.namespace", Value::Null, detail));
            }
            if subject.name.is_empty() && subject.groups.is_empty() {
                let detail = "at least one of user or group must be specified";
                return Err(refused("spec.user", "".into(), detail));
            }
            access(cluster, &subject, &review)?
        }
        "selfsubjectrulesreviews" if text(&review, "/spec/namespace").is_empty() => {
            return Err(Failure::bad_request("no namespace on request"));
        }
        "selfsubjectrulesreviews" => rules(cluster, user, text(&review, "/spec/namespace")),
        "selfsubjectreviews" => json!({ "userInfo": info(user) }),
        "tokenreviews" if text(&review, "/spec/token").is_empty() => {
            return Err(Failure::bad_request("token is required for TokenReview in authentication"));
        }
        "tokenreviews" => {
            let audiences = match body::strings(review.pointer("/spec/audiences")) {
                none if none.is_empty() => vec![tokens::AUDIENCE.to_owned()],
                audiences => audiences,
            };
            let token = text(&review, "/spec/token");
            match tokens::authenticate(&cluster.store, token, &audiences, now) {
                Ok((user, audiences)) => {
                    json!({ "authenticated": true, "user": info(&user), "audiences": audiences })
                }
                Err(why) => json!({ "user": {}, "error": why }),
            }
        }
        "bindings" => return Err(Failure::not_implemented("use the binding subresource of pods")),
        _ => return Err(Failure::not_found(resource.named(), &target.name)),
    };
    let map = body::as_map(&mut review);
    map.insert("apiVersion".into(), resource.api_version().into());
    map.insert("kind".into(), (&*resource.kind).into());
    map.entry("metadata").or_insert_with(|| json!({}));
    map.insert("status".into(), status);
    if resource.plural == "selfsubjectreviews" {
        body::set_meta(&mut review, "creationTimestamp", Some(now.rfc3339().into()));
    }
    Ok(review)
}

fn refused(path: &str, value: Value, detail: &str) -> Failure {
    let error = crate::core::failure::invalid(path, value, detail);
    Failure::invalid("authorization.k8s.io", "", "", &[error])
}

fn info(user: &User) -> Value {
    let mut info = json!({ "username": user.name, "groups": user.groups });
    if !user.uid.is_empty() {
        info["uid"] = (&*user.uid).into();
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}

fn access(cluster: &Cluster, user: &User, review: &Value) -> Result<Value, Failure> {
    let resource = review.pointer("/spec/resourceAttributes").filter(|v| v.is_object());
    let path = review.pointer("/spec/nonResourceAttributes").filter(|v| v.is_object());
    let allowed = match (resource, path) {
        (Some(a), None) => cluster.rules.allows(
            user,
            &Attributes {
                verb: text(a, "/verb"),
                group: text(a, "/group"),
                resource: text(a, "/resource"),
                subresource: text(a, "/subresource"),
                namespace: text(a, "/namespace"),
                name: text(a, "/name"),
            },
        ),
        (None, Some(a)) => cluster.rules.allows_path(user, text(a, "/verb"), text(a, "/path")),
        (Some(_), Some(a)) => {
            // The server's own struct has no names for JSON.
            let value = json!({ "Path": text(a, "/path"), "Verb": text(a, "/verb") });
            let detail = "cannot be specified in combination with resourceAttributes";
            return Err(refused("spec.nonResourceAttributes", value, detail));
        }
        (None, None) => {
            let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            return Err(refused("spec.resourceAttributes", Value::Null, detail));
        }
    };
    Ok(json!({ "allowed": allowed }))
}

fn rules(cluster: &Cluster, user: &User, namespace: &str) -> Value {
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    for rule in cluster.rules.rules_for(user, namespace) {
        if !rule.resources.is_empty() {
            let mut shown =
                json!({ "verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources });
            if !rule.names.is_empty() {
                shown["resourceNames"] = json!(rule.names);
            }
            resources.push(shown);
        }
        if !rule.paths.is_empty() {
            paths.push(json!({ "verbs": rule.verbs, "nonResourceURLs": rule.paths }));
        }
    }
    json!({ "resourceRules": resources, "nonResourceRules": paths, "incomplete": false })
}
