use crate::core::admission::{Admission, Ask, Operation, Replay};
use crate::core::controllers::Controllers;
use crate::core::failure::{Failure, Named};
use crate::core::items::Items;
use crate::core::negotiate::{Negotiated, negotiate};
use crate::core::options::{ListOptions, WriteOptions};
use crate::core::rbac::{self, Attributes, Rules};
use crate::core::registry::{Registry, Resource};
use crate::core::reply::{Form, Reply, Response, Watch};
use crate::core::request::{Entropy, Method, Now, Request, User};
use crate::core::route::{Route, Target};
use crate::core::seed::Seeds;
use crate::core::store::{Change, Corrupt, Store};
use crate::core::write::delete::Deleted;
use crate::core::write::{Act, DeleteOptions};
use crate::core::{admission, body, decode, discovery, openapi, read, reviews, seed, tokens, write};
use serde_json::{Value, json};
use std::sync::Arc;

/// One logical cluster.
#[derive(Debug, Default)]
pub struct Cluster {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) rules: Rules,
    pub(crate) controllers: Controllers,
    pub(crate) settings: Settings,
    pub(crate) admission: Admission,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// PEM, published to every namespace as the ConfigMap `kube-root-ca.crt`.
    pub ca: Arc<str>,
    /// What `/version` says, `v1.36.3` for example.
    pub version: Arc<str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ca: "".into(), version: "v1.36.3".into() }
    }
}

impl Cluster {
    /// A new cluster with its default namespaces and roles.
    pub fn new(settings: Settings, now: Now, entropy: &mut dyn Entropy) -> Self {
        Self::seeded(settings, &Seeds::new(now, entropy), now, entropy)
    }

    /// As `new`, sharing roles with the other clusters that were made in this second.
    pub fn seeded(settings: Settings, seeds: &Seeds, now: Now, entropy: &mut dyn Entropy) -> Self {
        let mut cluster = Self { settings, ..Self::default() };
        seeds.sow(&mut cluster);
        seed::plant(&mut cluster, now, entropy);
        cluster.tick(now, entropy);
        // Nobody can have watched its making.
        cluster.compact(cluster.revision());
        cluster
    }

    /// A cluster from what was persisted. Older watches are answered with 410.
    pub fn load(
        settings: Settings,
        records: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, Corrupt> {
        let store = Store::load(records)?;
        let mut cluster = Self { store, settings, ..Self::default() };
        cluster.recover();
        Ok(cluster)
    }

    /// The current resourceVersion. When it moves, watches have something to poll.
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// Forgets the past up to a revision: watches and pages that are older get 410.
    pub fn compact(&mut self, revision: u64) {
        self.store.compact(revision);
    }

    /// Is there a past that `compact` would forget?
    pub fn has_history(&self) -> bool {
        self.store.has_history()
    }

    /// Records to persist before the request that made them is answered.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.store.take_changes()
    }

    /// Who a bearer token belongs to.
    pub fn authenticate_token(&self, token: &str, now: Now) -> Option<User> {
        tokens::authenticate(&self.store, token, now)
    }

    pub fn handle(&mut self, request: &Request, now: Now, entropy: &mut dyn Entropy) -> Reply {
        let mut reply = self.handle_in_pieces(request, now, entropy);
        if let Reply::Done(response) = &mut reply {
            while let Some(piece) = response.items.next_piece(usize::MAX) {
                response.body.extend_from_slice(&piece);
            }
        }
        reply
    }

    /// As `handle`, but the items of a large list stay where they are: `Response::items` follows the body.
    pub fn handle_in_pieces(&mut self, request: &Request, now: Now, entropy: &mut dyn Entropy) -> Reply {
        let mut reply = match self.answer(request, now, entropy) {
            Ok(reply) => reply,
            Err(failure) => Reply::Done(failure.response()),
        };
        if let Reply::Done(response) = &mut reply
            && request.method == Method::Head
        {
            response.body.clear();
            response.items = Items::default();
        }
        reply
    }

    /// Answers, or notes what must be called first.
    fn answer(&mut self, request: &Request, now: Now, entropy: &mut dyn Entropy) -> Result<Reply, Failure> {
        self.begin_admission(request);
        let now = request.resumed.now.unwrap_or(now);
        let mut replay = Replay { before: &request.resumed.drawn, drawn: Vec::new(), fresh: entropy };
        let result = self.answer_now(request, now, &mut replay);
        let drawn = replay.drawn;
        self.end_admission(now, drawn);
        result
    }

    fn answer_now(
        &mut self,
        request: &Request,
        now: Now,
        entropy: &mut dyn Entropy,
    ) -> Result<Reply, Failure> {
        if request.body.len() > decode::BODY_LIMIT {
            return Err(Failure::too_large(decode::BODY_LIMIT));
        }
        let user = self.effective_user(request)?;
        let route = Route::parse(&request.path);
        let Route::Resource(target) = route else {
            self.authorize_path(&user, request)?;
            return self.answer_path(&route, request).map(Reply::Done);
        };
        let verb = verb(request, &target)?;
        self.authorize(&user, &target, verb)?;
        let mut reply = self.answer_resource(request, &user, &target, verb, now, entropy)?;
        let resource = self.registry.find(&target.group, &target.version, &target.plural);
        if let Some(warning) = resource.and_then(|r| r.deprecation()) {
            let headers = match &mut reply {
                Reply::Done(response) => &mut response.headers,
                Reply::Watch(watch) => &mut watch.headers,
            };
            headers.extend(warning_headers(&[warning]));
        }
        Ok(reply)
    }

    /// The user, or who it may impersonate and asked to.
    fn effective_user(&mut self, request: &Request) -> Result<User, Failure> {
        match &request.impersonate {
            None => Ok(request.user.clone()),
            Some(asked) => {
                self.refresh_rules();
                rbac::impersonate(&self.rules, &request.user, asked)
            }
        }
    }

    fn authorize_path(&mut self, user: &User, request: &Request) -> Result<(), Failure> {
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

    fn authorize(&mut self, user: &User, target: &Target, verb: &str) -> Result<(), Failure> {
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

    fn answer_path(&self, route: &Route, request: &Request) -> Result<Response, Failure> {
        if !matches!(request.method, Method::Get | Method::Head) {
            return Err(Failure::method_not_allowed());
        }
        let accept = request.accept.as_deref();
        match route {
            Route::Health(_) => Ok(Response::text(200, "ok")),
            Route::Version => Ok(discovery::version_answer(&self.settings.version)),
            Route::Root => Ok(Response::json(200, &discovery::root(&self.registry))),
            Route::Core => discovery::core(&self.registry, accept),
            Route::Groups => discovery::groups(&self.registry, accept),
            Route::Group(group) => discovery::group(&self.registry, group, accept),
            Route::GroupVersion { group, version } => {
                discovery::group_version(&self.registry, group, version, accept)
            }
            Route::OpenApi2 => openapi::v2(&self.settings.version, accept),
            Route::OpenApi3Index => Ok(Response::json(200, &openapi::index(&self.registry))),
            Route::OpenApi3 { group, version } => {
                openapi::v3(&self.registry, group, version, &self.settings.version)
            }
            Route::Unknown if !request.path.starts_with("/api") => Err(Failure::no_page()),
            Route::Resource(_) | Route::Unknown => Err(Failure::no_path()),
        }
    }

    fn answer_resource(
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
                "watch" => self.watch(&resource, target, request, forms).map(Reply::Watch),
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
        let current = body::meta(object, "resourceVersion") == entry.revision.to_string();
        current.then(|| body::splice(&entry.body, resource))
    }

    #[expect(clippy::too_many_arguments, reason = "one call, straight from the dispatch above")]
    fn answer_subresource(
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
            .live(resource, &target.namespace, &target.name)
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

    fn delete_collection(
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
            let last = match self.delete_object(resource, object, &options, now) {
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
        let list = json!({
            "kind": resource.list_kind, "apiVersion": resource.api_version(),
            "metadata": { "resourceVersion": self.revision().to_string() }, "items": items,
        });
        let mut response = Response::json(200, &list);
        response.headers.extend(warning_headers(&warnings));
        Ok(Reply::Done(response))
    }

    pub(crate) fn watch(
        &self,
        resource: &Resource,
        target: &Target,
        request: &Request,
        forms: Negotiated,
    ) -> Result<Watch, Failure> {
        crate::core::watch::start(self, resource, target, request, forms)
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

fn options_kind(verb: &str) -> &'static str {
    match verb {
        "create" => "CreateOptions",
        "patch" => "PatchOptions",
        "delete" => "DeleteOptions",
        _ => "UpdateOptions",
    }
}

/// The verb that RBAC speaks of.
fn verb(request: &Request, target: &Target) -> Result<&'static str, Failure> {
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

/// What was warned of before a request failed is told all the same.
fn warned(mut failure: Failure, warnings: &[String]) -> Failure {
    failure.0.headers.extend(warning_headers(warnings));
    failure
}

fn warning_headers(warnings: &[String]) -> impl Iterator<Item = (String, String)> {
    warnings.iter().map(|text| {
        let quoted: String = text
            .chars()
            .filter(|c| !c.is_control())
            .flat_map(|c| match c {
                '"' | '\\' => vec!['\\', c],
                c => vec![c],
            })
            .collect();
        ("Warning".to_owned(), format!("299 - \"{quoted}\""))
    })
}
