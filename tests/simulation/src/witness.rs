//! Sees every write of the daemon as the server carries it out, and says what it may never do.

use crate::ask::Ask;
use crate::machine::Process;
use crate::network::Server;
use crate::repository::{NAMESPACE, Plan};
use mainstay_apiserver::core::{Method, Now, Request};
use mainstay_object::{Object, ObjectKey};
use mainstay_reconcile::Record;
use mainstay_unit::{HealthStatus, UnitId};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

/// On what others made: nobody but they may touch it.
pub const FOREIGN: &str = "foreign";
const UNIT: &str = "mainstay.dev/unit";
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";
pub const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/mainstay-system/leases/mainstay";
/// Lines of a trace that are kept for a report.
const TAIL: usize = 20_000;

#[derive(Default)]
pub struct Witness {
    pub violation: Option<String>,
    /// Requests that were carried out, and those of them that wrote objects of units.
    pub requests: usize,
    pub writes: usize,
    /// The versions that an object was ever seen in, and ever healthy in, by server and name.
    seen: BTreeMap<(String, String), Reached>,
    /// What every revision says.
    plans: Vec<Plan>,
    servers: Vec<String>,
    /// Earlier processes are dead, and the records that they wrote may be lost: what they sent arrives all the same.
    excused: u32,
    tail: VecDeque<String>,
    digest: u64,
}

#[derive(Default, Clone, Copy)]
struct Reached {
    present: u32,
    healthy: u32,
}

/// Who sent a request, and who held the Lease at that moment: what is on its way when the Lease changes hands arrives.
pub struct Sender {
    pub process: Process,
    pub holder: String,
}

/// What was there before a write.
pub struct Before(Value);

impl Before {
    pub fn of(live: Value) -> Self {
        Self(live)
    }
}

impl Witness {
    pub fn knows(&mut self, plan: &Plan) {
        self.plans.push(plan.clone());
    }

    pub fn servers(&mut self, names: &[&str]) {
        self.servers = names.iter().map(|name| (*name).to_owned()).collect();
    }

    pub fn excuse_before(&mut self, process: u32) {
        self.excused = process;
    }

    pub fn digest(&self) -> u64 {
        self.digest
    }

    pub fn tail(&self) -> String {
        self.tail.iter().fold(String::new(), |mut text, line| {
            _ = writeln!(text, "{line}");
            text
        })
    }

    pub fn trace(&mut self, time: Duration, process: Process, server: &str, request: &Request, status: u16) {
        self.requests += 1;
        let query: Vec<String> =
            request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let host = server.trim_start_matches("https://");
        let line = format!(
            "{:>12.6} p{} {host} {:?} {}?{} {} bytes -> {status}",
            time.as_secs_f64(),
            process.0,
            request.method,
            request.path,
            query.join("&"),
            request.body.len()
        );
        // Renewals would fill the tail.
        self.tell(line, !request.path.ends_with("/leases/mainstay"));
    }

    /// A line of the story, which is the same in every run of a seed.
    pub fn note(&mut self, line: String) {
        self.tell(line, true);
    }

    fn tell(&mut self, line: String, keep: bool) {
        for byte in line.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        if !keep {
            return;
        }
        if self.tail.len() >= TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    pub fn before(&self, server: &mut Server, request: &Request, now: Now) -> Option<Before> {
        let writes = matches!(request.method, Method::Patch | Method::Put | Method::Delete);
        let dry = request.query.iter().any(|(name, _)| name == "dryRun");
        if !writes || dry || !request.path.contains(&format!("/namespaces/{NAMESPACE}/")) {
            return None;
        }
        let (status, live) = server.administrator(now).ask(Method::Get, &request.path, None);
        Some(Before::of(if status == 200 { live } else { Value::Null }))
    }

    pub fn after(
        &mut self,
        server: &str,
        request: &Request,
        before: Before,
        status: u16,
        answer: &Value,
        (sender, units): (&Sender, &mut impl FnMut(&str) -> (u16, Value)),
    ) {
        if status >= 300 {
            return;
        }
        self.writes += 1;
        let Before(live) = before;
        let place =
            format!("{} {:?} {}", server.trim_start_matches("https://"), request.method, request.path);
        if !live.pointer("/metadata/labels").and_then(|l| l.get(FOREIGN)).is_none_or(Value::is_null) {
            self.blame(format!("{place}: what others made was touched"));
        }
        let Sender { process, holder } = sender;
        if *holder != format!("daemon-{}", process.0) {
            self.blame(format!("{place}: p{} wrote while {holder} held the Lease", process.0));
        }
        let outcome = match request.method {
            Method::Delete => deletion(request, &live),
            Method::Patch if is_release(request) => release(request, &live),
            Method::Patch if process.0 < self.excused => Ok(()),
            Method::Patch => self.application(request, &live, units),
            _ => Err("neither an apply nor a delete".to_owned()),
        };
        if let Err(why) = outcome {
            self.blame(format!("{place}: {why}"));
        }
        if request.method == Method::Patch {
            self.saw(server, answer);
        }
    }

    /// An object as it is now.
    pub fn saw(&mut self, server: &str, object: &Value) {
        let name = text(object, "/metadata/name").to_owned();
        let version = text(object, "/metadata/annotations/version").parse().unwrap_or(0);
        let reached = self.seen.entry((server.to_owned(), name)).or_default();
        reached.present = reached.present.max(version);
        if is_healthy(object) {
            reached.healthy = reached.healthy.max(version);
        }
    }

    /// The intent was recorded first, and what comes before was there.
    fn application(
        &self,
        request: &Request,
        live: &Value,
        units: &mut impl FnMut(&str) -> (u16, Value),
    ) -> Result<(), String> {
        let body: Value = serde_json::from_slice(&request.body).map_err(|e| e.to_string())?;
        let id: UnitId = body
            .pointer("/metadata/annotations")
            .and_then(|a| a.get(UNIT)?.as_str()?.parse().ok())
            .ok_or("it names no unit")?;
        let path = format!("/apis/mainstay.dev/v1alpha1/units/{}", id.object_name());
        let (_, unit) = units(&path);
        let status = unit.get("status").cloned().unwrap_or_default();
        let record: Record =
            serde_json::from_value(status).map_err(|e| format!("{id} has no record when it writes: {e}"))?;
        let object = Object::new(body.clone()).map_err(|e| e.to_string())?;
        let key: ObjectKey = object.key();
        if record.inventory.get(&key).is_none() {
            return Err(format!("the inventory of {id} does not hold it when it is applied"));
        }
        let version: u32 = text(&body, "/metadata/annotations/version").parse().unwrap_or(0);
        let old: u32 = text(live, "/metadata/annotations/version").parse().unwrap_or(0);
        if version > old && !self.in_order(&id.name, object.name(), version) {
            return Err(format!("{id} applies version {version} before what it depends on was ready"));
        }
        Ok(())
    }

    /// Whether some revision that says so of the object lets it be applied now.
    fn in_order(&self, unit: &str, object: &str, version: u32) -> bool {
        self.plans.iter().any(|plan| {
            let Some(unit) = plan.get(unit) else { return false };
            if unit.objects.get(object).is_none_or(|o| o.version != version) {
                return false;
            }
            unit.after.iter().all(|on| {
                let Some(on) = plan.get(on) else { return false };
                let Some(server) = self.servers.get(on.server) else { return false };
                on.objects.iter().all(|(name, wanted)| {
                    let reached = self.seen.get(&(server.clone(), name.clone())).copied().unwrap_or_default();
                    let version = if on.wait { reached.healthy } else { reached.present };
                    version >= wanted.version
                })
            })
        })
    }

    pub fn blame(&mut self, what: String) {
        self.note(format!("VIOLATION {what}"));
        self.violation.get_or_insert(what);
    }
}

/// What was deleted was proved to be ours, and to be what it was thought to be.
fn deletion(request: &Request, live: &Value) -> Result<(), String> {
    let body: Value = serde_json::from_slice(&request.body).map_err(|e| e.to_string())?;
    for precondition in ["/preconditions/uid", "/preconditions/resourceVersion"] {
        if text(&body, precondition).is_empty() {
            return Err(format!("deleted without {precondition}"));
        }
    }
    if live.pointer("/metadata/labels").and_then(|l| l.get(PART_OF)).is_none() {
        return Err("deleted without our label on it".to_owned());
    }
    let managers = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    if !managers.into_iter().any(|m| text(m, "/manager") == "mainstay") {
        return Err("deleted though it was never ours".to_owned());
    }
    Ok(())
}

/// Whether an object is to be nobody's.
fn is_release(request: &Request) -> bool {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    body.pointer("/metadata/labels").and_then(|labels| labels.get(PART_OF)).is_some_and(Value::is_null)
}

/// What was let go was ours, is what it was thought to be, and stays as it is.
fn release(request: &Request, live: &Value) -> Result<(), String> {
    let body: Value = serde_json::from_slice(&request.body).map_err(|e| e.to_string())?;
    if live.pointer("/metadata/labels").and_then(|l| l.get(PART_OF)).is_none() {
        return Err("let go without our label on it".to_owned());
    }
    if text(&body, "/metadata/resourceVersion").is_empty() {
        return Err("let go whatever it was by then".to_owned());
    }
    let only = |map: &Value, names: &[&str]| {
        map.as_object().is_none_or(|map| map.keys().all(|name| names.contains(&name.as_str())))
    };
    let metadata = &body["metadata"];
    let known = ["resourceVersion", "labels", "annotations", "managedFields"];
    let narrow = only(&body, &["metadata"])
        && only(metadata, &known)
        && only(&metadata["labels"], &[PART_OF])
        && only(&metadata["annotations"], &[UNIT]);
    if narrow { Ok(()) } else { Err("let go and changed".to_owned()) }
}

pub fn is_healthy(object: &Value) -> bool {
    let declares_status = (text(object, "/kind") == "Note").then_some(false);
    mainstay_health::assess(object, declares_status).status == HealthStatus::Healthy
}

pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
