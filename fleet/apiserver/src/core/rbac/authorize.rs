//! Who asks, and may he?

use super::{Attributes, impersonate};
use crate::core::cluster::Cluster;
use crate::core::failure::{Failure, Named};
use crate::core::reply::Response;
use crate::core::request::{Method, Request, User};
use crate::core::route::{Route, Target};

impl Cluster {
    /// The refusal of a request that is answered by somebody else, if its user may not make it.
    pub fn refusal(&mut self, request: &Request) -> Option<Response> {
        let may = |cluster: &mut Self| {
            let user = cluster.effective_user(request)?;
            let Route::Resource(target) = Route::parse(&request.path) else {
                return cluster.authorize_path(&user, request);
            };
            let verb = verb(request, &target)?;
            cluster.authorize(&user, &target, verb)
        };
        may(self).err().map(|failure: Failure| failure.response())
    }

    /// The user, or who it may impersonate and asked to.
    pub(crate) fn effective_user(&mut self, request: &Request) -> Result<User, Failure> {
        match &request.impersonate {
            None => Ok(request.user.clone()),
            Some(asked) => {
                self.refresh_rules();
                impersonate(&self.rules, &request.user, asked)
            }
        }
    }

    pub(crate) fn authorize_path(&mut self, user: &User, request: &Request) -> Result<(), Failure> {
        if user.is_master() {
            return Ok(());
        }
        self.refresh_rules();
        let verb = match request.method {
            Method::Get | Method::Head => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch => "patch",
            Method::Delete => "delete",
            Method::Options | Method::Other => "options",
        };
        if self.rules.allows_path(user, verb, &request.path) {
            return Ok(());
        }
        let why = format!("User \"{}\" cannot {verb} path \"{}\"", user.name, request.path);
        Err(Failure::new(403, "Forbidden", format!("forbidden: {why}")))
    }

    pub(crate) fn authorize(&mut self, user: &User, target: &Target, verb: &str) -> Result<(), Failure> {
        // Most clusters are used by their administrators alone and never need the rules.
        if user.is_master() {
            return Ok(());
        }
        self.refresh_rules();
        let namespace_itself = target.group.is_empty() && target.plural == "namespaces";
        let attributes = Attributes {
            verb,
            group: &target.group,
            resource: &target.plural,
            subresource: &target.subresource,
            namespace: if namespace_itself { &target.name } else { &target.namespace },
            name: &target.name,
        };
        if self.rules.allows(user, &attributes) {
            return Ok(());
        }
        let what = if target.subresource.is_empty() {
            target.plural.clone()
        } else {
            format!("{}/{}", target.plural, target.subresource)
        };
        let scope = if attributes.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace \"{}\"", attributes.namespace)
        };
        let why = format!(
            "User \"{}\" cannot {verb} resource \"{what}\" in API group \"{}\" {scope}",
            user.name, target.group
        );
        let named = Named { group: &target.group, plural: &target.plural };
        Err(Failure::forbidden(named, &target.name, &why))
    }
}

/// The verb that RBAC speaks of.
pub fn verb(request: &Request, target: &Target) -> Result<&'static str, Failure> {
    Ok(match (request.method, target.name.is_empty()) {
        (Method::Get, _) if request.flag("watch")? == Some(true) => "watch",
        (Method::Get, false) => "get",
        (Method::Get, true) => "list",
        (Method::Post, false) if target.subresource.is_empty() => return Err(Failure::method_not_allowed()),
        (Method::Post, _) => "create",
        (Method::Put, false) => "update",
        (Method::Patch, false) => "patch",
        (Method::Delete, false) => "delete",
        (Method::Delete, true) => "deletecollection",
        (Method::Put | Method::Patch, true) | (Method::Head | Method::Options | Method::Other, _) => {
            return Err(Failure::method_not_allowed());
        }
    })
}
