use crate::core::admission::{Admission, Replay};
use crate::core::controllers::Controllers;
use crate::core::failure::Failure;
use crate::core::items::Items;
use crate::core::rbac::{Rules, verb};
use crate::core::registry::Registry;
use crate::core::reply::{Reply, Response, warning_headers};
use crate::core::request::{Entropy, Method, Now, Request, User};
use crate::core::route::Route;
use crate::core::seed::Seeds;
use crate::core::store::{Change, Corrupt, Store};
use crate::core::{body, decode, discovery, openapi, seed, tokens};
use mainstay_object::Minor;
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
    /// What `/version` says, `v1.36.3` for example. Served are the kinds and fields of the newest minor version that is
    /// known and not newer; how they are defaulted and validated beyond their schemas is the newest's.
    pub version: Arc<str>,
    /// Pods that name no service account get `default`, as the admission plugin ServiceAccount has it.
    pub service_accounts: bool,
}

impl Settings {
    fn registry(&self) -> Registry {
        Registry::of_minor(Minor::for_version(&self.version).unwrap_or_default())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { ca: "".into(), version: "v1.36.3".into(), service_accounts: true }
    }
}

impl Cluster {
    /// A new cluster with its default namespaces and roles.
    pub fn new(settings: Settings, now: Now, entropy: &mut dyn Entropy) -> Self {
        Self::seeded(settings, &Seeds::new(now, entropy), now, entropy)
    }

    /// As `new`, sharing roles with the other clusters that were made in this second.
    pub fn seeded(settings: Settings, seeds: &Seeds, now: Now, entropy: &mut dyn Entropy) -> Self {
        let registry = settings.registry();
        let mut cluster = Self { settings, registry, ..Self::default() };
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
        let registry = settings.registry();
        let mut cluster = Self { store, settings, registry, ..Self::default() };
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

    /// The UID of an object that is in no namespace.
    pub fn uid_of(&self, group: &str, plural: &str, name: &str) -> Option<String> {
        let entry = self.store.get(&format!("{group}/{plural}/{name}"))?;
        Some(body::meta(&body::parse(&entry.body), "uid").to_owned())
    }

    /// Who a bearer token belongs to.
    pub fn authenticate_token(&self, token: &str, now: Now) -> Option<User> {
        let audiences = [tokens::AUDIENCE.to_owned()];
        tokens::authenticate(&self.store, token, &audiences, now).ok().map(|(user, _)| user)
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
}
