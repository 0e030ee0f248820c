//! Connections to clusters, and the watches on each.

use crate::install::{Installation, PART_OF, join};
use crate::judge::Judge;
use crate::limit::Limiter;
use crate::observe::{claim, observation, observation_with_body};
use crate::parent::Parent;
use crate::statuses::Statuses;
use mainstay_clock::Task;
use mainstay_cluster::{Cluster, ClusterError, Identity, Selection, WatchEvent};
use mainstay_object::{DigestKey, GroupVersionKind, ObjectKey, Value};
use mainstay_reconcile::{Event, Observation};
use mainstay_unit::{Target, Workload};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// One API server and everything that hangs on it.
#[derive(Clone)]
pub(crate) struct Connection {
    pub cluster: Cluster,
    pub statuses: Statuses,
    pub limiter: Limiter,
    pub key: DigestKey,
    pub judge: Judge,
    pub parent: Parent,
}

/// What every connection is made with.
#[derive(Clone)]
pub(crate) struct With {
    pub concurrency: usize,
    pub key: DigestKey,
    pub judge: Judge,
}

#[derive(Default)]
pub(crate) struct Targets {
    up: BTreeMap<Target, Connection>,
    /// By what they follow.
    watches: BTreeMap<Target, BTreeMap<String, Task>>,
}

/// What a task that connects hands back.
pub(crate) struct Connected {
    pub target: Target,
    pub outcome: Result<Connection, String>,
}

impl Targets {
    pub fn get(&self, target: &Target) -> Option<Connection> {
        self.up.get(target).cloned()
    }

    pub fn set(&mut self, target: Target, connection: Connection) {
        self.up.insert(target, connection);
    }

    /// Drops a connection and every watch on it.
    pub fn drop_target(&mut self, target: &Target) {
        self.up.remove(target);
        for watch in self.watches.remove(target).unwrap_or_default().into_values() {
            watch.abort();
        }
    }

    /// Takes the place of a watch of the same.
    pub fn keep_watch(&mut self, target: &Target, what: String, watch: Task) {
        if let Some(old) = self.watches.entry(target.clone()).or_default().insert(what, watch) {
            old.abort();
        }
    }
}

impl Connection {
    pub fn new(cluster: Cluster, with: With, installation: &Arc<Installation>) -> Self {
        let With { concurrency, key, judge } = with;
        let parent = Parent::new(cluster.clone(), installation.clone());
        let limiter = Limiter::new(concurrency);
        Self { cluster, statuses: Statuses::default(), limiter, key, judge, parent }
    }
}

/// Connects until it succeeds; every change of the reason for failing is told.
pub(crate) async fn connect(
    management: Cluster,
    installation: Arc<Installation>,
    target: Target,
    with: With,
    tell: mpsc::UnboundedSender<Connected>,
) {
    let mut pause = Duration::from_millis(100);
    let mut last = String::new();
    loop {
        let outcome = reach(&management, &installation, &target, with.clone()).await;
        let done = outcome.is_ok();
        if let Err(why) = &outcome
            && *why == last
        {
            mainstay_clock::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
            continue;
        }
        if let Err(why) = &outcome {
            last.clone_from(why);
        }
        if tell.send(Connected { target: target.clone(), outcome }).is_err() || done {
            return;
        }
        mainstay_clock::sleep(pause).await;
    }
}

async fn reach(
    management: &Cluster,
    installation: &Arc<Installation>,
    target: &Target,
    with: With,
) -> Result<Connection, String> {
    let cluster = open(management, target).await?;
    cluster.raw("/version").await.map_err(|e| e.to_string())?;
    join(&cluster, installation).await.map_err(|e| e.to_string())?;
    Ok(Connection::new(cluster, with, installation))
}

const MISSING: &str = "its kubeconfig, Secret ";
const THERE: &str = ", does not exist";

/// Whether `open` found no cluster yet, rather than one that can't be asked.
pub(crate) fn is_missing(why: &str) -> bool {
    why.starts_with(MISSING) && why.ends_with(THERE)
}

/// A client for a target, through the kubeconfig in its Secret.
pub(crate) async fn open(management: &Cluster, target: &Target) -> Result<Cluster, String> {
    let Target::Workload(workload) = target else {
        return Ok(management.clone());
    };
    let Workload { secret_namespace, secret_name, key, .. } = &**workload;
    let secret_key = ObjectKey::new("", "Secret", &**secret_namespace, &**secret_name);
    let secret = management.get(&secret_key, "v1", &Identity::Own).await.map_err(|error| match error {
        ClusterError::NotFound { .. } => {
            format!("{MISSING}{secret_namespace}/{secret_name}{THERE}")
        }
        other => other.to_string(),
    })?;
    let text = crate::references::secret_text(
        &secret,
        key.as_deref().map_or(&["value", "value.yaml"][..], |_| &[]),
        key.as_deref(),
    )
    .ok_or_else(|| format!("Secret {secret_namespace}/{secret_name} holds no kubeconfig"))?;
    management.sibling(&text).await.map_err(|e| e.to_string())
}

/// Follows every object of a kind that carries our label. A kind that does not exist counts as listed and empty, and is
/// looked for again.
pub(crate) async fn watch(
    connection: Connection,
    target: Target,
    kind: GroupVersionKind,
    bodies: bool,
    events: mpsc::UnboundedSender<Event>,
) {
    let ours = &connection.parent.installation().apply_set;
    let selection = Selection { labels: format!("{PART_OF}={ours}"), news: true, ..Selection::default() };
    follow(connection, target, kind, selection, Following { bodies, single: None }, events).await;
}

/// Follows one object, whoever made it.
pub(crate) async fn watch_object(
    connection: Connection,
    target: Target,
    key: ObjectKey,
    version: String,
    events: mpsc::UnboundedSender<Event>,
) {
    let kind = GroupVersionKind::new(key.group(), version, key.kind());
    let selection = Selection {
        namespace: key.namespace().to_owned(),
        fields: format!("metadata.name={}", key.name()),
        news: true,
        ..Selection::default()
    };
    follow(connection, target, kind, selection, Following { bodies: true, single: Some(key) }, events).await;
}

/// What a watch is about: one object, or those of ours; and whether the objects themselves are passed on.
struct Following {
    bodies: bool,
    single: Option<ObjectKey>,
}

async fn follow(
    connection: Connection,
    target: Target,
    kind: GroupVersionKind,
    selection: Selection,
    following: Following,
    events: mpsc::UnboundedSender<Event>,
) {
    let Following { bodies, single } = following;
    let synced = || events.send(Event::Synced { target: target.clone(), kind: kind.clone() }).is_ok();
    let mut pause = Duration::from_millis(200);
    let (one, mut told) = (single.is_some(), single.is_some());
    let (resource, declares) = loop {
        let asked = async {
            let resource = connection.cluster.resource(&kind.group, &kind.version, &kind.kind).await?;
            // Asked once: what is not known now would not be known of any object later.
            let declares = connection.statuses.declares(&connection.cluster, &kind).await?;
            Ok((resource, declares))
        };
        match asked.await {
            Ok(known) => break known,
            Err(ClusterError::NoKind { .. }) => {
                if !told && !synced() {
                    return;
                }
                told = true;
            }
            Err(error) => {
                let gone = Event::TargetDown { target: target.clone(), why: error.to_string() };
                if events.send(gone).is_err() {
                    return;
                }
            }
        }
        mainstay_clock::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    };
    let object = single.clone();
    let mut known: BTreeSet<ObjectKey> = single.into_iter().collect();
    let observed = |key: ObjectKey, object: Option<Value>| {
        let observation = object.map(|object| {
            let claim = claim(&object, &kind.version, connection.parent.installation());
            let seen = match bodies {
                true => observation_with_body(object, declares, &connection.key, &connection.judge),
                false => observation(&object, declares, &connection.key, &connection.judge),
            };
            Observation { claim, ..seen }
        });
        events.send(Event::Observed { target: target.clone(), key, observation }).is_ok()
    };
    let key_of = |object: &Value| {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        ObjectKey::new(&*kind.group, &*kind.kind, text("/metadata/namespace"), text("/metadata/name"))
    };
    let tell = |event: WatchEvent| match event {
        WatchEvent::Changed(object) => {
            let key = key_of(&object);
            known.insert(key.clone());
            observed(key, Some(*object))
        }
        WatchEvent::Deleted(object) => {
            let key = key_of(&object);
            known.remove(&key);
            observed(key, None)
        }
        // The answer itself is on its way.
        WatchEvent::Answered(key) => {
            known.insert(key);
            !events.is_closed()
        }
        WatchEvent::Listed(keys) => {
            let listed: BTreeSet<ObjectKey> = keys.into_iter().collect();
            let gone: Vec<ObjectKey> = known.difference(&listed).cloned().collect();
            known = listed;
            // One object says nothing of the others of its kind.
            gone.into_iter().all(|key| observed(key, None)) && (one || synced())
        }
        WatchEvent::Interrupted(error) => match error {
            ClusterError::Unreachable { .. } | ClusterError::Unauthorized { .. } => {
                events.send(Event::TargetDown { target: target.clone(), why: error.to_string() }).is_ok()
            }
            other => {
                tracing::debug!(%kind, error = %other, "a watch was interrupted");
                !events.is_closed()
            }
        },
        // The kind is served no longer: with it went its objects, and each is looked at.
        WatchEvent::Lost(ClusterError::NotFound { .. }) => {
            std::mem::take(&mut known).into_iter().all(|key| observed(key, None))
        }
        WatchEvent::Lost(error) => {
            tracing::warn!(%kind, cluster = target.name(), %error, "a watch can't be taken up again");
            let (target, kind, object) = (target.clone(), kind.clone(), object.clone());
            events.send(Event::Unwatched { target, kind, object, why: error.to_string() }).is_ok()
        }
    };
    connection.cluster.follow(&resource, &selection, tell).await;
}
