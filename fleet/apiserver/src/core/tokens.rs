//! ServiceAccount tokens: opaque, random, kept as digests. A token is good for its audiences, until it expires or its
//! account or the object that it is bound to is gone.

use crate::core::body::{self, text};
use crate::core::cluster::Cluster;
use crate::core::failure::{Failure, Named, invalid};
use crate::core::request::{Entropy, Now, User};
use crate::core::route::Target;
use crate::core::store::Store;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const PREFIX: &str = "#token/";
const DEFAULT_SECONDS: i64 = 3600;
const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;
/// Whom a token is for that names nobody: this API server.
pub const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";
/// A bound object that is being deleted counts for so long.
const LEEWAY: i64 = 60;

/// POST to `serviceaccounts/NAME/token`.
pub fn request(
    cluster: &mut Cluster,
    target: &Target,
    mut review: Value,
    now: Now,
    entropy: &mut dyn Entropy,
) -> Result<Value, Failure> {
    if !review.is_object() {
        return Err(Failure::bad_request("the object provided is unrecognized (must be of type object)"));
    }
    let asked = review.pointer("/spec/expirationSeconds").and_then(Value::as_i64);
    let seconds = asked.unwrap_or(DEFAULT_SECONDS);
    if !(SHORTEST..=LONGEST).contains(&seconds) {
        let detail = if seconds < SHORTEST {
            "may not specify a duration less than 10 minutes"
        } else {
            "may not specify a duration larger than 2^32 seconds"
        };
        let error = invalid("spec.expirationSeconds", seconds.into(), detail);
        return Err(Failure::invalid("authentication.k8s.io", "TokenRequest", "", &[error]));
    }
    let account = cluster
        .store
        .get(&format!("/serviceaccounts/{}/{}", target.namespace, target.name))
        .map(|entry| body::parse(&entry.body))
        .unwrap_or(Value::Null);
    let audiences = match body::strings(review.pointer("/spec/audiences")) {
        none if none.is_empty() => vec![AUDIENCE.to_owned()],
        audiences => audiences,
    };
    let bound = match review.pointer("/spec/boundObjectRef").filter(|reference| !reference.is_null()) {
        Some(reference) => Some(bind(&cluster.store, target, reference)?),
        None => None,
    };
    let mut secret = [0_u8; 32];
    entropy.fill(&mut secret);
    let token = format!("mst.{}", URL_SAFE_NO_PAD.encode(secret));
    let expires = now.plus_seconds(seconds);
    let record = json!({
        "namespace": target.namespace, "name": target.name, "uid": body::meta(&account, "uid"),
        "expires": expires.rfc3339(), "audiences": audiences, "bound": bound,
    });
    cluster.store.set_private(&key(&token), Some(record.to_string().into_bytes()));
    cluster.controllers.wake_at(expires);
    let map = body::as_map(&mut review);
    map.insert("apiVersion".into(), "authentication.k8s.io/v1".into());
    map.insert("kind".into(), "TokenRequest".into());
    body::set_meta(&mut review, "name", Some((&*target.name).into()));
    body::set_meta(&mut review, "namespace", Some((&*target.namespace).into()));
    body::set_meta(&mut review, "creationTimestamp", Some(now.rfc3339().into()));
    body::set_at(&mut review, "spec.expirationSeconds", seconds.into());
    body::set_at(&mut review, "spec.audiences", json!(audiences));
    body::set_at(&mut review, "status", json!({ "token": token, "expirationTimestamp": expires.rfc3339() }));
    Ok(review)
}

/// The object that a token is to live no longer than, and the node that a pod is on.
fn bind(store: &Store, target: &Target, reference: &Value) -> Result<Value, Failure> {
    let gv = mainstay_object::GroupVersion::parse(text(reference, "/apiVersion"));
    let (kind, name, uid) = (text(reference, "/kind"), text(reference, "/name"), text(reference, "/uid"));
    let plural = match (&*gv.group, kind) {
        ("", "Pod") => "pods",
        ("", "Secret") => "secrets",
        ("", "Node") => "nodes",
        _ => {
            let what = format!("{}/{}, Kind={kind}", gv.group, gv.version);
            return Err(Failure::bad_request(format!("cannot bind token to object of type {what}")));
        }
    };
    let bound = bound(store, &target.namespace, plural, name);
    let bound = bound.ok_or_else(|| Failure::not_found(Named { group: "", plural }, name))?;
    let mut record = json!({ "plural": plural, "name": name, "uid": body::meta(&bound, "uid") });
    if plural == "pods" {
        let own = match text(&bound, "/spec/serviceAccountName") {
            "" => "default",
            own => own,
        };
        if own != target.name {
            return Err(Failure::bad_request(format!(
                "cannot bind token for serviceaccount {:?} to pod running with different serviceaccount name.",
                target.name
            )));
        }
        let node = text(&bound, "/spec/nodeName");
        if !node.is_empty() {
            let uid = self::bound(store, "", "nodes", node);
            let uid = uid.map(|node| body::meta(&node, "uid").to_owned()).unwrap_or_default();
            record["node"] = json!({ "name": node, "uid": uid });
        }
    }
    if !uid.is_empty() && uid != body::meta(&bound, "uid") {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        return Err(Failure::conflict(Named { group: "", plural: kind }, name, &why));
    }
    Ok(record)
}

fn bound(store: &Store, namespace: &str, plural: &str, name: &str) -> Option<Value> {
    let key = match plural {
        "nodes" => format!("/nodes/{name}"),
        plural => format!("/{plural}/{namespace}/{name}"),
    };
    store.get(&key).map(|entry| body::parse(&entry.body))
}

/// Who a token speaks for, to which of these audiences; or why it speaks for nobody.
pub fn authenticate(
    store: &Store,
    token: &str,
    audiences: &[String],
    now: Now,
) -> Result<(User, Vec<String>), String> {
    let unknown = || "invalid bearer token".to_owned();
    let record = body::parse(store.private(&key(token)).ok_or_else(unknown)?);
    if Now::parse(text(&record, "/expires")).is_none_or(|expires| expires <= now) {
        return Err("[invalid bearer token, service account token has expired]".to_owned());
    }
    let own = match body::strings(record.get("audiences")) {
        none if none.is_empty() => vec![AUDIENCE.to_owned()],
        own => own,
    };
    let meant: Vec<String> = audiences.iter().filter(|audience| own.contains(audience)).cloned().collect();
    if meant.is_empty() {
        let (own, wanted) = (listed(&own), listed(audiences));
        return Err(format!(
            "[invalid bearer token, token audiences {own} is invalid for the target audiences {wanted}]"
        ));
    }
    let (namespace, name, uid) = (text(&record, "/namespace"), text(&record, "/name"), text(&record, "/uid"));
    let account = store.get(&format!("/serviceaccounts/{namespace}/{name}"));
    let account =
        account.ok_or_else(|| format!("[invalid bearer token, serviceaccounts {name:?} not found]"))?;
    let live = body::meta(&body::parse(&account.body), "uid").to_owned();
    if live != uid {
        return Err(format!(
            "[invalid bearer token, service account UID ({live}) does not match claim ({uid})]"
        ));
    }
    let mut extra = BTreeMap::new();
    let mut say = |key: &str, value: &str| {
        extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
    };
    say("credential-id", &credential(token));
    if let Some(binding) = record.get("bound").filter(|bound| !bound.is_null()) {
        let (plural, name) = (text(binding, "/plural"), text(binding, "/name"));
        let live = bound(store, namespace, plural, name);
        let ended = |live: &Value| {
            let deleted = Now::parse(body::meta(live, "deletionTimestamp"));
            deleted.is_some_and(|deleted| deleted.plus_seconds(LEEWAY) < now)
        };
        if live.is_none_or(|live| body::meta(&live, "uid") != text(binding, "/uid") || ended(&live)) {
            return Err("[invalid bearer token, service account token has been invalidated]".to_owned());
        }
        let told = match plural {
            "pods" => Some("pod"),
            "nodes" => Some("node"),
            _ => None,
        };
        if let Some(kind) = told {
            say(&format!("{kind}-name"), name);
            say(&format!("{kind}-uid"), text(binding, "/uid"));
        }
        for (key, pointer) in [("node-name", "/node/name"), ("node-uid", "/node/uid")] {
            let value = text(binding, pointer);
            if !value.is_empty() {
                say(key, value);
            }
        }
    }
    let user = User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid: uid.to_owned(),
        groups: vec![
            "system:serviceaccounts".into(),
            format!("system:serviceaccounts:{namespace}"),
            "system:authenticated".into(),
        ],
        extra,
    };
    Ok((user, meant))
}

/// As Go prints a list of quoted texts.
fn listed(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", quoted.join(" "))
}

/// Tells one token of an account from another, to whom it may concern; says nothing about the token itself.
fn credential(token: &str) -> String {
    let digest = mainstay_object::Digest::of_bytes(format!("id {token}").as_bytes()).hex();
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!("JTI={}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// Forgets expired tokens; returns when the next one expires.
pub fn expire(store: &mut Store, now: Now) -> Option<Now> {
    let mut next: Option<Now> = None;
    let mut dead = Vec::new();
    for (key, record) in store.private_range(PREFIX) {
        match Now::parse(text(&body::parse(record), "/expires")) {
            Some(expires) if expires > now => next = Some(next.map_or(expires, |n| n.min(expires))),
            Some(_) | None => dead.push(key.clone()),
        }
    }
    for key in dead {
        store.set_private(&key, None);
    }
    next
}

fn key(token: &str) -> String {
    format!("{PREFIX}{}", mainstay_object::Digest::of_bytes(token.as_bytes()))
}
