//! Subresources: status and scale, and the verbs that hide behind names (token, eviction, binding).

use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::negotiate::Negotiated;
use crate::core::options::WriteOptions;
use crate::core::registry::Resource;
use crate::core::reply::{Form, Reply, Response, warning_headers};
use crate::core::request::{Entropy, Now, Request, User};
use crate::core::resources::{options_kind, warned};
use crate::core::route::Target;
use crate::core::write::{Act, DeleteOptions};
use crate::core::{body, decode, read, tokens, write};
use serde_json::{Value, json};
use std::sync::Arc;

impl Cluster {
    #[expect(clippy::too_many_arguments, reason = "one call, straight from the dispatch above")]
    pub(crate) fn answer_subresource(
        &mut self,
        request: &Request,
        user: &User,
        target: &Target,
        resource: &Arc<Resource>,
        verb: &'static str,
        now: Now,
        entropy: &mut dyn Entropy,
        forms: Negotiated,
    ) -> Result<Reply, Failure> {
        let sub = resource.subresource(&target.subresource).ok_or_else(Failure::no_path)?;
        if !sub.verbs.contains(&verb) {
            return Err(Failure::method_not_allowed());
        }
        let found = self
            .live(resource, &target.namespace, &target.name)?
            .ok_or_else(|| Failure::not_found(resource.named(), &target.name));
        match &*target.subresource {
            "status" | "scale" | "finalize" | "approval" | "ephemeralcontainers" | "resize" => {}
            "token" => {
                found?;
                let decoded = decode::body(&request.body, request.content_type.as_deref())?;
                let answer = tokens::request(self, target, decoded.value, now, entropy)?;
                return Ok(Reply::Done(read::shown(201, answer, forms)));
            }
            "eviction" => {
                let pod = found?;
                let options = DeleteOptions::default();
                self.delete_object(&resource.clone(), pod, &options, now);
                let status = json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
                });
                return Ok(Reply::Done(read::shown(201, status, forms)));
            }
            "binding" => {
                return self.bind(request, target, resource, found?).map(Reply::Done);
            }
            other => {
                found?;
                let message = format!(
                    "this is the embedded control plane: it runs no containers, so there is no {other} of {} {:?}",
                    resource.plural, target.name
                );
                return Err(Failure::not_implemented(message));
            }
        }
        if verb == "get" {
            let live = found?;
            if target.subresource == "scale" {
                let scale = write::scale_of(resource, &live)?;
                return Ok(Reply::Done(read::scale(scale, forms, request, now)));
            }
            return Ok(Reply::Done(read::one(resource, live, forms, request, 200, now)));
        }
        let mut act = Act {
            resource: resource.clone(),
            namespace: &target.namespace,
            name: &target.name,
            subresource: &target.subresource,
            user,
            now,
            entropy,
            options: WriteOptions::read(request, options_kind(verb))?,
            warnings: Vec::new(),
            applied_empty: Default::default(),
            applied_nulls: Default::default(),
            null_bytes: Default::default(),
        };
        let object = if verb == "patch" {
            let patched = self.patch(&mut act, &request.body, request.content_type.as_deref());
            patched.map_err(|failure| warned(failure, &act.warnings))?.0
        } else {
            let decoded = decode::body(&request.body, request.content_type.as_deref())?;
            if target.subresource == "scale" {
                self.replace_scale(&mut act, &decoded.value)?
            } else {
                self.replace(&mut act, decoded).map_err(|failure| warned(failure, &act.warnings))?.0
            }
        };
        let warnings = std::mem::take(&mut act.warnings);
        let mut response =
            read::one(resource, object, Negotiated { form: Form::Object, ..forms }, request, 200, now);
        response.headers.extend(warning_headers(&warnings));
        Ok(Reply::Done(response))
    }

    fn bind(
        &mut self,
        request: &Request,
        target: &Target,
        resource: &Arc<Resource>,
        mut pod: Value,
    ) -> Result<Response, Failure> {
        let decoded = decode::body(&request.body, request.content_type.as_deref())?;
        let node = body::text(&decoded.value, "/target/name").to_owned();
        if !body::text(&pod, "/spec/nodeName").is_empty() {
            let why = format!("pod {} is already assigned to node {node:?}", target.name);
            return Err(Failure::conflict(resource.named(), &target.name, &why));
        }
        body::set_at(&mut pod, "spec.nodeName", node.into());
        self.commit(resource, pod);
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
        });
        Ok(Response::json(201, &status))
    }
}
