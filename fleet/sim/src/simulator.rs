use crate::client::{Client, ClientError, Events, Key};
use crate::kinds::{WATCHED, Watched};
use crate::simulate::simulate;
use mainstay_apiserver::core::Now;
use mainstay_apiserver::{ControlPlane, Error, User};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::{AbortHandle, JoinHandle};

/// Who simulated statuses are written as.
pub const USER: &str = "system:mainstay-simulator";

/// How long a failed request is waited for before the next try.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The same seed gives the same addresses.
    pub seed: u64,
}

/// Plays the controllers of every logical cluster of a control plane, of those to come too, until it is dropped.
#[derive(Debug)]
pub struct Simulator {
    task: JoinHandle<()>,
}

impl Simulator {
    /// Needs a tokio runtime. The control plane lives at least as long as its simulator.
    pub fn start(plane: &ControlPlane, options: Options) -> Self {
        Self { task: tokio::spawn(follow_clusters(plane.clone(), options)) }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One task per logical cluster; they end with this one.
#[derive(Default)]
struct Tasks(BTreeMap<String, AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in self.0.values() {
            task.abort();
        }
    }
}

async fn follow_clusters(plane: ControlPlane, options: Options) {
    let mut changes = plane.cluster_changes();
    let mut tasks = Tasks::default();
    loop {
        changes.borrow_and_update();
        let names: BTreeSet<String> = plane.clusters().into_iter().collect();
        tasks.0.retain(|name, task| {
            let stays = names.contains(name);
            if !stays {
                task.abort();
            }
            stays
        });
        for name in names {
            tasks.0.entry(name.clone()).or_insert_with(|| {
                let plane = plane.clone();
                tokio::spawn(async move { follow_cluster(&plane, &name, options).await }).abort_handle()
            });
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

async fn follow_cluster(plane: &ControlPlane, name: &str, options: Options) {
    let kinds = WATCHED.iter().map(|watched| async move {
        loop {
            let end = follow_kind(plane, name, watched, options).await;
            tracing::debug!(cluster = name, kind = watched.kind, error = %end, "a simulated controller starts anew");
            tokio::time::sleep(PAUSE).await;
        }
    });
    futures::future::join_all(kinds).await;
}

/// Why a controller lists anew.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Plane(#[from] Error),
    #[error("the watch is too old: {0}")]
    Old(String),
}

async fn follow_kind(plane: &ControlPlane, name: &str, watched: &Watched, options: Options) -> End {
    match list_and_watch(plane, name, watched, options).await {
        Ok(never) => match never {},
        Err(end) => end,
    }
}

async fn list_and_watch(
    plane: &ControlPlane,
    name: &str,
    watched: &Watched,
    options: Options,
) -> Result<std::convert::Infallible, End> {
    let user = User { name: USER.into(), groups: vec!["system:masters".into()], ..User::default() };
    let mut controller = Controller {
        client: Client { service: plane.service(name, user)? },
        watched: *watched,
        options,
        due: BTreeMap::new(),
    };
    let (items, mut version) = controller.client.list(watched).await?;
    for item in items {
        controller.look(item).await;
    }
    loop {
        let mut events = controller.client.watch(watched, &version).await?;
        while let Some(event) = controller.next(&mut events).await {
            let mut event = event?;
            let object = event["object"].take();
            if event["type"] == "ERROR" {
                return Err(End::Old(object["message"].as_str().unwrap_or_default().to_owned()));
            }
            if let Some(seen) = object["metadata"]["resourceVersion"].as_str() {
                version = seen.to_owned();
            }
            match event["type"].as_str() {
                Some("ADDED" | "MODIFIED") => controller.look(object).await,
                Some("DELETED") => controller.forget(&object),
                Some(_) | None => {}
            }
        }
        // Ended by its timeout, or with its cluster; the pause is for the latter.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The controller of one kind in one cluster. It keeps no objects: one that is due is read again.
struct Controller {
    client: Client,
    watched: Watched,
    options: Options,
    due: BTreeMap<Key, Now>,
}

impl Controller {
    /// The next event; what is due meanwhile is done.
    async fn next(&mut self, events: &mut Events) -> Option<Result<Value, ClientError>> {
        loop {
            let first = self.due.iter().min_by_key(|(_, at)| **at).map(|(key, at)| (key.clone(), *at));
            let wait = async {
                match first {
                    Some((key, at)) => {
                        let nanos = u64::try_from(at.0.saturating_sub(now().0)).unwrap_or(0);
                        tokio::time::sleep(Duration::from_nanos(nanos)).await;
                        key
                    }
                    None => std::future::pending().await,
                }
            };
            let key = tokio::select! {
                biased;
                event = events.next() => return event,
                key = wait => key,
            };
            self.due.remove(&key);
            match self.client.get(&self.watched, &key).await {
                Ok(object) => self.look(object).await,
                Err(ClientError::Refused { code: 404, .. }) => {}
                Err(error) => self.later(key, &error),
            }
        }
    }

    /// Does what the controller of this kind would do about the object.
    async fn look(&mut self, mut object: Value) {
        let Some(key) = Key::of(&object) else { return };
        // Items of a list don't say what they are.
        object["apiVersion"] = self.watched.api_version.into();
        object["kind"] = self.watched.kind.into();
        self.due.remove(&key);
        let Some(step) = simulate(&object, now(), self.options.seed) else { return };
        if let Some(again) = step.again {
            self.due.insert(key.clone(), again);
        }
        let Some(mut patch) = step.patch else { return };
        patch["metadata"]["resourceVersion"] = object["metadata"]["resourceVersion"].clone();
        match self.client.patch_status(&self.watched, &key, &patch).await {
            // Gone, or changed: the event about it is on its way.
            Ok(()) | Err(ClientError::Refused { code: 404 | 409, .. }) => {}
            Err(error) => self.later(key, &error),
        }
    }

    fn forget(&mut self, object: &Value) {
        if let Some(key) = Key::of(object) {
            self.due.remove(&key);
        }
    }

    fn later(&mut self, key: Key, error: &ClientError) {
        let Watched { kind, .. } = self.watched;
        tracing::warn!(kind, namespace = key.namespace, name = key.name, %error, "can't simulate an object");
        self.due.insert(key, now().plus_seconds(1));
    }
}

fn now() -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
