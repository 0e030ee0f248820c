//! A daemon, and beside it the bare loop that does nothing but send.

use crate::exit::Failure;
use futures::{StreamExt, TryStreamExt};
use mainstay_cluster::{Apply, Cluster};
use mainstay_object::{Object, ObjectKey};
use mainstay_runtime::{Options, PART_OF, Read, Stored};
use mainstay_status::View;
use mainstay_unit::tree::TreePath;
use mainstay_unit::{Reading, RenderState};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// Requests that `mainstay run` has under way at one API server, at most.
const CONCURRENCY: usize = 64;
const PATIENCE: Duration = Duration::from_secs(1800);

pub(super) type Revision = Arc<Reading>;

/// How long a daemon takes from a revision that is read to all of its units being recorded as ready.
pub(super) async fn until_ready(
    management: Cluster,
    reading: Revision,
    sole: bool,
) -> Result<Duration, Failure> {
    let units = reading.units.len();
    let (tell, reads) = mpsc::channel(1);
    let (started, starting) = oneshot::channel();
    let start = move |_| {
        // If nobody hears it, who waited for it has given up.
        started.send(()).map(|()| reads).map_err(|()| mainstay_runtime::Stopped::Reader)
    };
    let (trigger, _triggers) = std::sync::mpsc::channel();
    let (shown, seen) = watch::channel(Arc::new(View::default()));
    let (told, stored) = mpsc::unbounded_channel();
    let options = Options {
        gates: None,
        stored: Some(told),
        repository: "bench".into(),
        entry: TreePath::root(),
        interval: Duration::from_secs(3600),
        observe: false,
        holder: "bench".into(),
        lease: Duration::from_secs(60),
        sole,
        concurrency: CONCURRENCY,
    };
    let (stop, stopped) = oneshot::channel::<()>();
    // A dropped sender stops the daemon as well.
    let until = async { drop(stopped.await) };
    let daemon = mainstay_runtime::run_reading(management, options, start, trigger, shown, until);
    let drive = async {
        let ended = || Failure::environment("the daemon ended");
        starting.await.map_err(|_| ended())?;
        let begun = Instant::now();
        tell.send(Read::Newest(reading)).await.map_err(|_| ended())?;
        all_ready(stored, seen, units).await?;
        Ok(begun.elapsed())
    };
    let drive = async {
        let outcome = drive.await;
        drop(stop);
        outcome
    };
    let (driven, daemon) = tokio::join!(drive, daemon);
    daemon.map_err(|e| Failure::environment(e.to_string()))?;
    driven
}

/// Until the last unit is recorded as ready. The view only tells what is missing, if it takes too long.
async fn all_ready(
    mut stored: mpsc::UnboundedReceiver<Stored>,
    seen: watch::Receiver<Arc<View>>,
    units: usize,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut ready = BTreeSet::new();
    loop {
        match tokio::time::timeout(Duration::from_secs(1), stored.recv()).await {
            Ok(Some(stored)) if stored.phase == "Ready" => {
                ready.insert(stored.unit);
                if ready.len() == units {
                    return Ok(());
                }
            }
            Ok(Some(stored)) => drop(ready.remove(&stored.unit)),
            Ok(None) => return Err(Failure::environment("the daemon ended before all units were ready")),
            Err(_) if begun.elapsed() < PATIENCE => {}
            Err(_) => break,
        }
    }
    let view = seen.borrow();
    let waiting = view.units.iter().filter(|unit| unit.phase != "Ready").take(5);
    let waiting: Vec<String> =
        waiting.map(|unit| format!("{} {}: {}", unit.id, unit.phase, unit.message)).collect();
    let message = format!("{} of {units} units are ready; {}", ready.len(), waiting.join("; "));
    Err(Failure::environment(message))
}

/// A revision's objects as a daemon sends them, but to another namespace.
pub(super) fn objects(reading: &Reading, namespace: &str) -> Vec<Object> {
    let mut out = Vec::new();
    for (id, unit) in &reading.units {
        let RenderState::Rendered(rendered) = &unit.state else { continue };
        for manifest in &rendered.objects {
            let mut object = manifest.object();
            object.set_namespace(namespace);
            object.set_label(PART_OF, "applyset-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-v1");
            object.set_annotation("mainstay.dev/unit", &id.to_string());
            out.push(object);
        }
    }
    out
}

/// Applies them and nothing else, so many at a time.
pub(super) async fn bare(
    cluster: &Cluster,
    objects: Vec<Object>,
    at_a_time: usize,
) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let sent = objects.into_iter().map(|object| {
        let cluster = cluster.clone();
        async move {
            // A task of its own, as a daemon's requests are.
            let sent = tokio::spawn(async move { cluster.apply(&object, &Apply::default()).await });
            let answer = sent.await.map_err(|e| Failure::internal(e.to_string()))?;
            answer.map(drop).map_err(|e| Failure::environment(e.to_string()))
        }
    });
    futures::stream::iter(sent).buffer_unordered(at_a_time).try_for_each(|()| async { Ok(()) }).await?;
    Ok(begun.elapsed())
}

pub(super) async fn namespace(cluster: &Cluster, name: &str) -> Result<(), Failure> {
    let value = serde_json::json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    let object = Object::new(value).map_err(|e| Failure::internal(e.to_string()))?;
    cluster.apply(&object, &Apply::default()).await.map_err(|e| Failure::environment(e.to_string()))?;
    // A namespace is there for others a moment later than for who made it.
    let key = ObjectKey::new("", "Namespace", "", name);
    cluster
        .get(&key, "v1", &mainstay_cluster::Identity::Own)
        .await
        .map(drop)
        .map_err(|e| Failure::environment(e.to_string()))
}
