//! ServiceAccount tokens: opaque, random, kept as digests. A token is good until it expires or its account (or bound
//! object) is gone.

use crate::core::body::{self, text};
use crate::core::cluster::Cluster;
use crate::core::failure::{Failure, invalid};
use crate::core::request::{Entropy, Now, User};
use crate::core::route::Target;
use crate::core::store::Store;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const PREFIX: &str = "#token/";
const DEFAULT_SECONDS: i64 = 3600;
const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;

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
    let mut secret = [0_u8; 32];
    entropy.fill(&mut secret);
    let token = format!("mst.{}", URL_SAFE_NO_PAD.encode(secret));
    let expires = now.plus_seconds(seconds);
    let record = json!({
        "namespace": target.namespace, "name": target.name, "uid": body::meta(&account, "uid"),
        "expires": expires.rfc3339(),
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
    if review.pointer("/spec/audiences").is_none_or(Value::is_null) {
        body::set_at(&mut review, "spec.audiences", json!(["https://kubernetes.default.svc.cluster.local"]));
    }
    body::set_at(&mut review, "status", json!({ "token": token, "expirationTimestamp": expires.rfc3339() }));
    Ok(review)
}

pub fn authenticate(store: &Store, token: &str, now: Now) -> Option<User> {
    let record = body::parse(store.private(&key(token))?);
    if Now::parse(text(&record, "/expires"))? <= now {
        return None;
    }
    let (namespace, name, uid) = (text(&record, "/namespace"), text(&record, "/name"), text(&record, "/uid"));
    let account = store.get(&format!("/serviceaccounts/{namespace}/{name}"))?;
    if body::meta(&body::parse(&account.body), "uid") != uid {
        return None;
    }
    Some(User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid: uid.to_owned(),
        groups: vec![
            "system:serviceaccounts".into(),
            format!("system:serviceaccounts:{namespace}"),
            "system:authenticated".into(),
        ],
        extra: [("authentication.kubernetes.io/credential-id".to_owned(), vec![credential(token)])].into(),
    })
}

/// Tells one token of an account from another, to whom it may concern; says nothing about the token itself.
fn credential(token: &str) -> String {
    let digest = mainstay_object::Digest::of_bytes(format!("id {token}").as_bytes()).0;
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
