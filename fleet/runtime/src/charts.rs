//! What charts ask of the cluster that their objects go to.

use crate::reader::{Answers, permitted};
use mainstay_cluster::{Cluster, ClusterError};
use mainstay_flux::{Recognised, recognise};
use mainstay_object::{GroupVersion, ObjectKey, Value};
use mainstay_render::Supply;
use mainstay_unit::{Authority, Capabilities, Claim, Lookup, Target};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Objects that one lookup may answer with.
const MOST: usize = 10_000;

/// Clusters that were asked in a reading, and what they are: each is reached once.
#[derive(Default)]
pub(crate) struct Reached {
    clusters: BTreeMap<Target, Result<Cluster, String>>,
    capabilities: BTreeMap<Target, Supply<Arc<Capabilities>>>,
}

/// Version and kinds of a target, told to Mainstay itself: they are no secret.
pub(crate) fn capabilities(
    answers: &Answers<'_>,
    target: &Target,
    authorities: &[Authority],
    reached: &mut Reached,
) -> Supply<Arc<Capabilities>> {
    if let Err(why) = permitted(answers, authorities) {
        return Supply::NotEvaluated(why);
    }
    if let Some(known) = reached.capabilities.get(target) {
        return known.clone();
    }
    let told = |cluster: Cluster| async move { cluster.capabilities().await };
    let told = on(answers, target, reached, told).unwrap_or_else(|| {
        Supply::NotEvaluated(format!("no cluster is asked what {} serves", named(target)))
    });
    reached.capabilities.insert(target.clone(), told.clone());
    told
}

/// An object or a list of the target, read as who the unit is applied as.
pub(crate) fn lookup(
    answers: &Answers<'_>,
    lookup: &Lookup,
    claim: &Claim,
    reached: &mut Reached,
) -> Supply<Arc<Value>> {
    if let Err(why) = permitted(answers, &claim.authorities) {
        return Supply::NotEvaluated(why);
    }
    let identity = crate::execute::identity(claim.account.as_ref());
    let Lookup { target, api_version, kind, namespace, name } = lookup;
    let version = GroupVersion::parse(api_version);
    // Nobody has to serve a kind that declares what we apply: then none of it is there. Any other kind that is not served may
    // be in a minute.
    let declares = recognise(&version.clone().kind(kind)) != Recognised::Foreign;
    let absent = |error: ClusterError| match error {
        ClusterError::NoKind { .. } if declares => ClusterError::NotFound { message: error.to_string() },
        other => other,
    };
    let look = |cluster: Cluster| async move {
        if !name.is_empty() {
            let key = ObjectKey::new(&*version.group, &**kind, &**namespace, &**name);
            return cluster.get(&key, &version.version, &identity).await.map_err(absent);
        }
        let resource = cluster.resource(&version.group, &version.version, kind).await.map_err(absent)?;
        let items = cluster.list_as(&resource, namespace, "", &identity, MOST).await?;
        let list = json!({"apiVersion": api_version, "kind": format!("{kind}List"), "items": items});
        Ok(list)
    };
    on(answers, target, reached, look)
        .unwrap_or_else(|| Supply::NotEvaluated(format!("no cluster is asked for {lookup}")))
}

/// Nothing where nobody can be asked.
fn on<T, F: Future<Output = Result<T, ClusterError>>>(
    answers: &Answers<'_>,
    target: &Target,
    reached: &mut Reached,
    ask: impl FnOnce(Cluster) -> F,
) -> Option<Supply<Arc<T>>> {
    let Answers::Live(management, handle) = answers else { return None };
    let open = || handle.block_on(crate::targets::open(management, target));
    let cluster = match reached.clusters.entry(target.clone()).or_insert_with(open) {
        Ok(cluster) => cluster.clone(),
        Err(why) => {
            return Some(Supply::NotEvaluated(format!("{} can't be asked: {why}", named(target))));
        }
    };
    Some(match handle.block_on(ask(cluster)) {
        Ok(answer) => Supply::Here(Arc::new(answer)),
        Err(error @ ClusterError::NotFound { .. }) => Supply::Absent(error.to_string()),
        Err(error) => Supply::NotEvaluated(format!("{} does not tell: {error}", named(target))),
    })
}

fn named(target: &Target) -> String {
    match target {
        Target::Management => "the management cluster".to_owned(),
        Target::Workload(workload) => format!("the cluster {}", workload.name),
    }
}
