//! Requests for resources: from a verb to the read or write that it means.

use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::negotiate::{Negotiated, negotiate};
use crate::core::options::WriteOptions;
use crate::core::registry::Resource;
use crate::core::reply::{Form, Reply, Response, warning_headers};
use crate::core::request::{Entropy, Now, Request, User};
use crate::core::route::Target;
use crate::core::write::delete::Deleted;
use crate::core::write::{Act, DeleteOptions};
use crate::core::{body, decode, read, reviews, watch, write};
use serde_json::{Value, json};

impl Cluster {
    pub(crate) fn answer_resource(
        &mut self,
        request: &Request,
        user: &User,
        target: &Target,
        verb: &'static str,
        now: Now,
        entropy: &mut dyn Entropy,
    ) -> Result<Reply, Failure> {
        let resource = self
            .registry
            .find(&target.group, &target.version, &target.plural)
            .ok_or_else(|| self.registry.nothing(&target.group))?;
        if !target.namespace.is_empty() && !resource.namespaced {
            return Err(Failure::no_path());
        }
        if resource.namespaced && target.namespace.is_empty() && !target.name.is_empty() {
            return Err(Failure::no_path());
        }
        let forms = negotiate(request.accept.as_deref(), true).map_err(|mut failure| {
            if matches!(verb, "list" | "watch" | "deletecollection") && failure.0.code == 406 {
                let stream =
                    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";
                if failure.0.message.starts_with("406") {
                    failure.0.message.push_str(&format!(", {stream}"));
                }
            }
            failure
        })?;
        if !target.subresource.is_empty() {
            return self.answer_subresource(request, user, target, &resource, verb, now, entropy, forms);
        }
        if !resource.has_verb(verb) {
            return Err(Failure::method_not_allowed());
        }
        if verb == "deletecollection" && resource.namespaced && target.namespace.is_empty() {
            return Err(Failure::method_not_allowed());
        }
        if matches!(verb, "get" | "list" | "watch" | "deletecollection") {
            return match verb {
                "get" => read::get(self, &resource, target, request, forms, now).map(Reply::Done),
                "list" => read::list(self, &resource, target, request, forms, now).map(Reply::Done),
                "watch" => watch::start(self, &resource, target, request, forms).map(Reply::Watch),
                _ => self.delete_collection(request, user, target, &resource, now),
            };
        }
        if resource.namespaced && target.namespace.is_empty() {
            // Reviews apart, nothing is created without its namespace.
            return Err(Failure::method_not_allowed());
        }
        if resource.is_virtual() {
            let decoded = decode::body(&request.body, request.content_type.as_deref())?;
            // Whoever asks, it is about somebody whose rules count.
            self.refresh_rules();
            let answer = reviews::answer(self, &resource, target, user, decoded.value, now)?;
            return Ok(Reply::Done(read::shown(201, answer, forms)));
        }
        let mut act = Act {
            resource: resource.clone(),
            namespace: &target.namespace,
            name: &target.name,
            subresource: "",
            user,
            now,
            entropy,
            options: WriteOptions::read(request, options_kind(verb))?,
            warnings: Vec::new(),
            applied_empty: Default::default(),
            applied_nulls: Default::default(),
            null_bytes: Default::default(),
        };
        let (status, object) = match verb {
            "create" => {
                let decoded = decode::body(&request.body, request.content_type.as_deref())?;
                (201, self.create(&mut act, decoded).map_err(|failure| warned(failure, &act.warnings))?)
            }
            "update" => {
                let decoded = decode::body(&request.body, request.content_type.as_deref())?;
                let replaced = self.replace(&mut act, decoded);
                let (object, created) = replaced.map_err(|failure| warned(failure, &act.warnings))?;
                (if created { 201 } else { 200 }, object)
            }
            "patch" => {
                let patched = self.patch(&mut act, &request.body, request.content_type.as_deref());
                let (object, created) = patched.map_err(|failure| warned(failure, &act.warnings))?;
                (if created { 201 } else { 200 }, object)
            }
            _ => {
                let options = DeleteOptions::read(request)?;
                let cascade = options.propagation == Some(write::delete::Propagation::Background)
                    || options.propagation == Some(write::delete::Propagation::Foreground);
                match self.delete(&mut act, &options)? {
                    Deleted::Gone(object) if resource.returns_deleted() => (200, object),
                    Deleted::Gone(object) => (200, deleted_status(&resource, &object)),
                    Deleted::Pending(object)
                        if cascade && request.one("orphanDependents") == Some("false") =>
                    {
                        (202, object)
                    }
                    Deleted::Pending(object) => (200, object),
                }
            }
        };
        let warnings = std::mem::take(&mut act.warnings);
        let form = if body::text(&object, "/kind") == "Status" {
            Negotiated { form: Form::Object, ..forms }
        } else {
            forms
        };
        let stored = if act.options.dry_run || form != Negotiated::default() {
            None
        } else {
            self.stored_text(&resource, &object)
        };
        let mut response = match stored {
            Some(text) => Response::bytes(status, "application/json", text),
            None => read::one(&resource, object, form, request, status, now),
        };
        response.headers.extend(warning_headers(&warnings));
        Ok(Reply::Done(response))
    }

    /// The text of an object, if it is stored in just this version.
    fn stored_text(&self, resource: &Resource, object: &Value) -> Option<Vec<u8>> {
        let key = resource.key(body::meta(object, "namespace"), body::meta(object, "name"));
        let entry = self.store.get(&key)?;
        if resource.custom.as_ref().is_some_and(|custom| custom.webhook.is_some()) {
            return None;
        }
        let current = body::meta(object, "resourceVersion") == entry.revision.to_string();
        current.then(|| body::splice(&entry.body, resource))
    }
}

fn deleted_status(resource: &Resource, object: &Value) -> Value {
    let mut details = json!({
        "name": body::meta(object, "name"), "kind": resource.plural, "uid": body::meta(object, "uid"),
    });
    if !resource.group.is_empty() {
        details["group"] = (&*resource.group).into();
    }
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}

pub(super) fn options_kind(verb: &str) -> &'static str {
    match verb {
        "create" => "CreateOptions",
        "patch" => "PatchOptions",
        "delete" => "DeleteOptions",
        _ => "UpdateOptions",
    }
}

/// What was warned of before a request failed is told all the same.
pub(super) fn warned(mut failure: Failure, warnings: &[String]) -> Failure {
    failure.0.headers.extend(warning_headers(warnings));
    failure
}
