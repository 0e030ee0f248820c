use super::DeleteOptions;
use super::delete::Deleted;
use crate::core::admission::{self, Ask, Operation};
use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::options::ListOptions;
use crate::core::registry::Resource;
use crate::core::reply::{Reply, Response, warning_headers};
use crate::core::request::{Now, Request, User};
use crate::core::route::Target;
use crate::core::{body, read};
use serde_json::json;
use std::sync::Arc;

impl Cluster {
    /// DELETE of a collection.
    pub(crate) fn delete_collection(
        &mut self,
        request: &Request,
        user: &User,
        target: &Target,
        resource: &Arc<Resource>,
        now: Now,
    ) -> Result<Reply, Failure> {
        let options = DeleteOptions::read(request)?;
        let selection = ListOptions::read(request)?;
        let matching = read::select(self, resource, &target.namespace, &selection)?;
        let (mut unanswered, mut warnings) = (None, Vec::new());
        for object in &matching {
            // All are asked about before the first goes.
            let ask = Ask {
                operation: Operation::Delete,
                resource,
                subresource: "",
                namespace: &target.namespace,
                // The request names none.
                name: "",
                user,
                dry_run: options.dry_run,
                object: None,
                old: Some(object),
            };
            let mut told = Vec::new();
            let asked = self.mutate(&ask, &mut told).and_then(|_| self.admit(&ask, &mut told));
            admission::note(&mut warnings, told);
            unanswered = unanswered.or(asked.err());
        }
        if let Some(failure) = unanswered {
            return Err(failure);
        }
        let mut items = Vec::new();
        for object in matching {
            let last = match self.delete_shown(resource, object, &options, now) {
                Deleted::Gone(object) | Deleted::Pending(object) => object,
            };
            let mut last = last;
            if resource.custom.is_none() {
                let item = body::as_map(&mut last);
                item.remove("apiVersion");
                item.remove("kind");
            }
            items.push(last);
        }
        let mut list = json!({
            "kind": resource.list_kind, "apiVersion": resource.api_version(),
            "metadata": { "resourceVersion": self.revision().to_string() }, "items": items,
        });
        if resource.custom.is_some() {
            list["metadata"]["continue"] = "".into();
        }
        let mut response = Response::json(200, &list);
        response.headers.extend(warning_headers(&warnings));
        Ok(Reply::Done(response))
    }
}
