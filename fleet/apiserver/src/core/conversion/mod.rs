//! Custom resources whose versions a webhook converts.
//!
//! As with admission nobody is called here: what must be asked is noted, and the request is handled anew with the
//! answers. Objects are stored in the version that was the storage version when they were written; each carries it.
//! Objects go to the webhook together, up to a limit of bytes, and only those that are in another version.

mod review;
mod versions;

pub(crate) use versions::Converter;

use crate::core::admission::{self, Answer, Call};
use crate::core::body::{self, text};
use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::registry::Resource;
use crate::core::registry::custom::CustomVersion;
use crate::core::store::Store;
use crate::core::text::Text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// How long a webhook may take.
const SECONDS: u64 = 30;
/// Bytes of objects in one question; a larger object is one by itself.
const QUESTION: usize = 512 << 10;

/// Who converts the objects of a CRD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Webhook {
    client: Value,
    ca_bundle: Vec<u8>,
    /// Of the ConversionReview that it is asked with.
    version: Option<&'static str>,
}

impl Webhook {
    /// Of a CRD whose strategy is `Webhook`.
    pub(crate) fn of(crd: &Value) -> Option<Self> {
        let conversion = crd.pointer("/spec/conversion")?;
        if text(conversion, "/strategy") != "Webhook" {
            return None;
        }
        let client = conversion.pointer("/webhook/clientConfig").cloned().unwrap_or_default();
        let known = |name: &String| ["v1", "v1beta1"].into_iter().find(|known| known == name);
        let versions = body::strings(conversion.pointer("/webhook/conversionReviewVersions"));
        Some(Self {
            ca_bundle: STANDARD.decode(text(&client, "/caBundle")).unwrap_or_default(),
            version: versions.iter().find_map(known),
            client,
        })
    }

    fn call(&self, store: &Store, version: &str, desired: &str, objects: &[&Value]) -> Result<Call, String> {
        let (url, connect) = admission::address(&self.client, SECONDS, store)?;
        let mut review = review::request(version, desired, objects);
        let content = format!("{url} {review}");
        let uid = admission::uid(&content);
        review["request"]["uid"] = (&*uid).into();
        let key = mainstay_object::Digest::of_bytes(content.as_bytes()).hex();
        let (ca_bundle, body) = (self.ca_bundle.clone(), review.to_string().into_bytes());
        Ok(Call { key, uid, url, connect, ca_bundle, seconds: SECONDS, body })
    }
}

/// Answers that are there, and calls that are still to be made.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) answers: &'a BTreeMap<String, Answer>,
    pub(crate) wanted: &'a RefCell<Vec<Call>>,
}

impl Asking<'_> {
    fn answer(&self, call: Call) -> Option<Answer> {
        let answer = self.answers.get(&call.key).cloned();
        let mut wanted = self.wanted.borrow_mut();
        if answer.is_none() && !wanted.iter().any(|w| w.key == call.key) {
            wanted.push(call);
        }
        answer
    }
}

impl Cluster {
    /// Stored bodies as objects of this resource, in its version.
    pub(crate) fn read<'a>(
        &self,
        bodies: impl IntoIterator<Item = &'a Text>,
        resource: &Resource,
        asking: Asking<'_>,
    ) -> Result<Vec<Value>, Failure> {
        let objects = bodies.into_iter().map(|bytes| body::decode(bytes, resource)).collect();
        self.in_version(objects, resource, &resource.api_version(), asking)
    }

    pub(crate) fn read_one(
        &self,
        bytes: &Text,
        resource: &Resource,
        asking: Asking<'_>,
    ) -> Result<Value, Failure> {
        let object = body::decode(bytes, resource);
        Ok(self.in_version(vec![object], resource, &resource.api_version(), asking)?.remove(0))
    }

    /// What is stored of an object, and what is read of that. None where no webhook converts: then it is told by
    /// schemas alone.
    pub(crate) fn stored_form(
        &self,
        object: &Value,
        resource: &Resource,
    ) -> Result<Option<(Value, Value)>, Failure> {
        let Some(custom) = resource.custom.as_ref().filter(|custom| custom.webhook.is_some()) else {
            return Ok(None);
        };
        let asking = self.admission.asking();
        let mut stored = self.in_version(vec![object.clone()], resource, &custom.storage, asking)?.remove(0);
        crate::core::convert::restrict(&mut stored, custom, custom.storage_root());
        let mut read = stored.clone();
        mainstay_object::apply_defaults(&mut read, &custom.types, custom.storage_root());
        let read = self.in_version(vec![read], resource, &resource.api_version(), asking)?.remove(0);
        Ok(Some((stored, read)))
    }

    /// Objects, each in the version that its apiVersion says, in `desired`.
    pub(crate) fn in_version(
        &self,
        mut objects: Vec<Value>,
        resource: &Resource,
        desired: &str,
        asking: Asking<'_>,
    ) -> Result<Vec<Value>, Failure> {
        let Some(custom) = &resource.custom else { return Ok(objects) };
        let Some(webhook) = &custom.webhook else { return Ok(objects) };
        let others = |(_, object): &(usize, &Value)| text(object, "/apiVersion") != desired;
        let others: Vec<usize> = objects.iter().enumerate().filter(others).map(|(at, _)| at).collect();
        let (mut done, mut missing) = (Vec::new(), false);
        for question in questions(&objects, &others) {
            let asked: Vec<&Value> = question.iter().map(|at| &objects[*at]).collect();
            match webhook.convert(&self.store, &asked, desired, asking) {
                Some(Ok(converted)) => done.extend(question.into_iter().zip(converted)),
                Some(Err(why)) => {
                    let from = asked.first().map(|object| described(object)).unwrap_or_default();
                    return Err(Failure::new(500, "", format!("conversion webhook for {from} {why}")));
                }
                None => missing = true,
            }
        }
        if missing {
            // All are asked about at once.
            return Err(Failure::internal("nobody calls conversion webhooks here"));
        }
        let root = custom.roots.get(desired).copied().unwrap_or(custom.root);
        for (at, mut object) in done {
            crate::core::convert::restrict(&mut object, custom, root);
            objects[at] = object;
        }
        Ok(objects)
    }
}

impl Webhook {
    /// The objects in another version; `None` while nobody has answered.
    fn convert(
        &self,
        store: &Store,
        objects: &[&Value],
        desired: &str,
        asking: Asking<'_>,
    ) -> Option<Result<Vec<Value>, String>> {
        let failed = |why: String| Some(Err(format!("failed: {why}")));
        let Some(version) = self.version else {
            return failed("no supported conversion review versions".to_owned());
        };
        let call = match self.call(store, version, desired, objects) {
            Ok(call) => call,
            Err(why) => return failed(why),
        };
        let uid = call.uid.clone();
        let converted = match asking.answer(call)?.and_then(|answer| review::read(&answer, version, &uid)) {
            Ok(converted) => converted,
            Err(why) => return failed(why),
        };
        if converted.len() != objects.len() {
            let (got, wanted) = (converted.len(), objects.len());
            return Some(Err(format!("returned {got} objects, expected {wanted}")));
        }
        let restored = objects.iter().zip(converted);
        Some(restored.map(|(object, converted)| review::restored(object, converted, desired)).collect())
    }
}

/// Those objects in portions.
fn questions(objects: &[Value], which: &[usize]) -> Vec<Vec<usize>> {
    let (mut questions, mut size) = (Vec::<Vec<usize>>::new(), 0);
    for at in which {
        let length = objects.get(*at).map_or(0, |object| object.to_string().len());
        match questions.last_mut().filter(|_| size + length <= QUESTION) {
            Some(question) => {
                question.push(*at);
                size += length;
            }
            None => {
                questions.push(vec![*at]);
                size = length;
            }
        }
    }
    questions
}

/// `example.com/v1, Kind=Widget`
fn described(object: &Value) -> String {
    format!("{}, Kind={}", text(object, "/apiVersion"), text(object, "/kind"))
}

impl CustomVersion {
    /// The version that a body is in which does not say so: it was written when there was only one.
    pub(crate) fn version_of<'a>(&'a self, stored: &'a Value) -> &'a str {
        match text(stored, "/apiVersion") {
            "" => &self.first_stored,
            version => version,
        }
    }
}
