//! Releases as Helm stores them, so that `helm list`, `history`, `get`, `rollback` and `uninstall` know what is there: a
//! Secret for each number of a release (`pkg/storage/driver` of helm.sh/helm).

use super::deployed::is_same;
use super::{UNIT, failure, identity};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use mainstay_cluster::{Cluster, ClusterError, Identity, Preconditions};
use mainstay_object::{Object, ObjectKey, Value};
use mainstay_reconcile::{Failure, Storing};
use mainstay_unit::{Release, ServiceAccount, UnitId};
use serde_json::json;
use std::io::{Read, Write};

/// Which objects a record tells of.
const RELEASE: &str = "mainstay.dev/release";
const KIND: &str = "helm.sh/release.v1";
/// A record that is unpacked, at most.
const UNPACKED: u64 = 64 << 20;
/// What a Secret may hold is a mebibyte, names included.
const PACKED: usize = (1 << 20) - (16 << 10);

pub(crate) struct StoreJob {
    pub unit: UnitId,
    pub cluster: Cluster,
    pub account: Option<ServiceAccount>,
    pub what: Storing,
}

/// Helm's number of what is deployed now; none where nothing is left.
pub(crate) async fn store(job: StoreJob) -> Result<Option<u64>, Failure> {
    let done = match &job.what {
        Storing::Deployed(release) => deployed(&job, release).await.map(Some),
        Storing::Gone { name, namespace } => gone(&job, namespace, name).await.map(|()| None),
    };
    done.map_err(|error| failure(&error))
}

/// One of Helm's Secrets.
pub(super) struct Record {
    pub number: u64,
    pub status: String,
    pub live: Value,
}

pub(super) async fn records(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Vec<Record>, ClusterError> {
    let resource = cluster.resource("", "v1", "Secret").await?;
    // Names of releases are names of objects: nothing in them needs an escape.
    let query = format!("labelSelector=owner%3Dhelm%2Cname%3D{name}");
    let mut found = Vec::new();
    for live in cluster.list(&resource, namespace, &query).await? {
        let label = |name: &str| live.pointer("/metadata/labels").and_then(|l| l.get(name)?.as_str());
        let Some(number) = label("version").and_then(|number| number.parse().ok()) else { continue };
        let status = label("status").unwrap_or_default().to_owned();
        found.push(Record { number, status, live });
    }
    found.sort_by_key(|record| record.number);
    Ok(found)
}

async fn deployed(job: &StoreJob, release: &Release) -> Result<u64, ClusterError> {
    let found = records(&job.cluster, &release.namespace, &release.name).await?;
    let newest = found.last();
    let known =
        newest.filter(|record| annotation(&record.live, RELEASE) == Some(release.digest.hex().as_str()));
    let number = match (known, newest) {
        // The answer to the first request was lost.
        (Some(known), _) => known.number,
        (None, Some(newest)) if is_same(newest, release)? => {
            sign(job, release, &newest.live).await?;
            newest.number
        }
        (None, Some(newest)) if newest.status.starts_with("pending-") => {
            let message = format!("Helm says that {} {} is {}", release.name, newest.number, newest.status);
            return Err(ClusterError::Conflict { message });
        }
        (None, newest) => {
            let number = newest.map_or(1, |newest| newest.number + 1);
            let secret = secret(job, release, number, newest)?;
            job.cluster.create(&secret, false, &identity(job.account.as_ref())).await?;
            number
        }
    };
    for old in found.iter().filter(|old| old.number < number && old.status == "deployed") {
        supersede(job, &old.live).await?;
    }
    // One fewer, if the newest was not among those that were found.
    let is_new = found.iter().all(|record| record.number != number);
    let kept = release.history.saturating_sub(usize::from(is_new));
    if release.history > 0 {
        let old = found.iter().filter(|old| old.number < number).count();
        for record in found.iter().take(old.saturating_sub(kept.min(old))) {
            delete(job, &record.live).await?;
        }
    }
    Ok(number)
}

fn secret(
    job: &StoreJob,
    release: &Release,
    number: u64,
    before: Option<&Record>,
) -> Result<Object, ClusterError> {
    let now = rfc3339()?;
    let before = before.map(|record| unpacked(&record.live)).transpose()?;
    let first = before.as_ref().and_then(|before| before.pointer("/info/first_deployed")?.as_str());
    let mut body = inflate(&release.body)?;
    body["version"] = json!(number);
    let info = json!({
        "first_deployed": first.unwrap_or(&now),
        "last_deployed": now,
        "deleted": "",
        "description": if number == 1 { "Install complete" } else { "Upgrade complete" },
        "status": "deployed",
        "notes": body.pointer("/info/notes"),
    });
    body["info"] = info;
    let mut packed = deflate(&body)?;
    if packed.len() > PACKED {
        // What Helm shows, rolls back to and uninstalls is the manifest.
        body["chart"]["templates"] = json!([]);
        body["chart"]["files"] = json!([]);
        packed = deflate(&body)?;
    }
    let object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": KIND,
        "metadata": {
            "name": format!("sh.helm.release.v1.{}.v{number}", release.name),
            "namespace": release.namespace,
            "labels": {
                "name": release.name,
                "owner": "helm",
                "status": "deployed",
                "version": number.to_string(),
                "createdAt": mainstay_clock::wall().as_secs().to_string(),
            },
            "annotations": {UNIT: job.unit.to_string(), RELEASE: release.digest.hex()},
        },
        "data": {"release": STANDARD.encode(packed)},
    });
    Object::new(object).map_err(|error| unreadable(&error))
}

/// Helm's own record of this very release becomes the unit's: what Helm reads of it stays to the byte.
async fn sign(job: &StoreJob, release: &Release, live: &Value) -> Result<(), ClusterError> {
    let patch = json!({"metadata": {
        "resourceVersion": live.pointer("/metadata/resourceVersion"),
        "annotations": {UNIT: job.unit.to_string(), RELEASE: release.digest.hex()},
    }});
    let who = identity(job.account.as_ref());
    job.cluster.merge_patch(&key(live), "v1", None, &patch, &who).await.map(drop)
}

async fn supersede(job: &StoreJob, live: &Value) -> Result<(), ClusterError> {
    let mut body = unpacked(live)?;
    body["info"]["status"] = json!("superseded");
    let patch = json!({
        "metadata": {
            "resourceVersion": live.pointer("/metadata/resourceVersion"),
            "labels": {"status": "superseded", "modifiedAt": mainstay_clock::wall().as_secs().to_string()},
        },
        "data": {"release": STANDARD.encode(deflate(&body)?)},
    });
    let who = identity(job.account.as_ref());
    match job.cluster.merge_patch(&key(live), "v1", None, &patch, &who).await {
        Ok(_) | Err(ClusterError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The whole history goes, as with `helm uninstall`; unless Helm itself has written the newest record since.
async fn gone(job: &StoreJob, namespace: &str, name: &str) -> Result<(), ClusterError> {
    let found = records(&job.cluster, namespace, name).await?;
    let unit = job.unit.to_string();
    if found.last().is_none_or(|newest| annotation(&newest.live, UNIT) != Some(unit.as_str())) {
        return Ok(());
    }
    // The newest goes last: it says whose they are.
    for record in found.iter() {
        delete(job, &record.live).await?;
    }
    Ok(())
}

async fn delete(job: &StoreJob, live: &Value) -> Result<(), ClusterError> {
    let who: Identity = identity(job.account.as_ref());
    match job.cluster.delete(&key(live), "v1", &Preconditions::of(live), &who).await {
        Ok(()) | Err(ClusterError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn key(live: &Value) -> ObjectKey {
    let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    ObjectKey::new("", "Secret", text("/metadata/namespace"), text("/metadata/name"))
}

pub(super) fn annotation<'a>(live: &'a Value, name: &str) -> Option<&'a str> {
    live.pointer("/metadata/annotations")?.get(name)?.as_str()
}

pub(super) fn unpacked(live: &Value) -> Result<Value, ClusterError> {
    let text = live.pointer("/data/release").and_then(Value::as_str).unwrap_or_default();
    let inner = STANDARD.decode(text).map_err(|error| unreadable(&error))?;
    let packed = STANDARD.decode(inner).map_err(|error| unreadable(&error))?;
    inflate(&packed)
}

pub(super) fn inflate(packed: &[u8]) -> Result<Value, ClusterError> {
    let mut text = Vec::new();
    let read = GzDecoder::new(packed).take(UNPACKED + 1).read_to_end(&mut text);
    read.map_err(|error| unreadable(&error))?;
    if text.len() as u64 > UNPACKED {
        return Err(unreadable(&"it is larger than 64 MiB"));
    }
    serde_json::from_slice(&text).map_err(|error| unreadable(&format!("line {}", error.line())))
}

/// As a Secret holds it, before the API's own base64.
fn deflate(body: &Value) -> Result<Vec<u8>, ClusterError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body.to_string().as_bytes()).map_err(|error| unreadable(&error))?;
    let packed = encoder.finish().map_err(|error| unreadable(&error))?;
    Ok(STANDARD.encode(packed).into_bytes())
}

fn rfc3339() -> Result<String, ClusterError> {
    let now = i64::try_from(mainstay_clock::wall().as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_nanosecond(now.into()).map(|time| time.to_string()).map_err(|error| unreadable(&error))
}

fn unreadable(why: &dyn std::fmt::Display) -> ClusterError {
    ClusterError::Unreadable { message: format!("a record of Helm's can't be read: {why}") }
}
