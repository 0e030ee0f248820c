//! The addresses, families and ports that a Service is given, and what it may ask for itself.

mod families;
mod ports;

pub use families::{downgrades, related};

use crate::core::body::{self, at, set_at, text};
use crate::core::cluster::Cluster;
use crate::core::failure::{Failure, invalid};
use serde_json::{Value, json};

/// Gives a Service its cluster IP, out of 10.96.0.0/12, and its node ports.
pub fn give(cluster: &Cluster, live: Option<&Value>, object: &mut Value) -> Result<(), Failure> {
    if !object.get("spec").is_some_and(Value::is_object) {
        return Ok(());
    }
    keep(live, object);
    if needs_address(object) {
        families::settle(live, object)?;
        allocate(cluster, live, object)?;
    }
    ports::give(cluster, live, object)?;
    if !needs_address(object) {
        // Nobody is told of it, whoever set it.
        body::field(object, "spec").remove("internalTrafficPolicy");
    }
    if let Some(live) = live {
        drop_dependents(live, object);
    }
    Ok(())
}

fn needs_address(service: &Value) -> bool {
    text(service, "/spec/type") != "ExternalName"
}

fn strings(service: &Value, key: &str) -> Vec<String> {
    let items = service.get("spec").and_then(|spec| spec.get(key)).and_then(Value::as_array);
    // A null in a list of texts is an empty one.
    items.into_iter().flatten().map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
}

/// What the server chose stays where the client does not say; the first of several addresses is also there alone.
fn keep(live: Option<&Value>, object: &mut Value) {
    let (ip, ips) = (text(object, "/spec/clusterIP").to_owned(), strings(object, "clusterIPs"));
    let Some(live) = live else {
        if !ip.is_empty() && ips.is_empty() {
            set_at(object, "spec.clusterIPs", json!([ip]));
        }
        return;
    };
    let (old_ip, old_ips) = (text(live, "/spec/clusterIP").to_owned(), strings(live, "clusterIPs"));
    let both = needs_address(live) && needs_address(object);
    let ip = if both && ip.is_empty() { old_ip.clone() } else { ip };
    let mut ips = if both && ips.is_empty() { old_ips.clone() } else { ips };
    if ips.is_empty() && ip == old_ip {
        ips.clone_from(&old_ips);
    }
    if ip != old_ip && ips == old_ips {
        ips = if ip.is_empty() { Vec::new() } else { vec![ip.clone()] };
    }
    if ip != text(object, "/spec/clusterIP") {
        set_at(object, "spec.clusterIP", ip.into());
    }
    if ips != strings(object, "clusterIPs") {
        set_at(object, "spec.clusterIPs", ips.into());
    }
}

/// All of a range, from somewhere on and around.
fn turned(range: std::ops::Range<u64>, by: u64) -> impl Iterator<Item = u64> {
    let from = range.start + by % (range.end - range.start);
    (from..range.end).chain(range.start..from)
}

/// An address where there is none yet. Only the cluster's own family is given out.
fn allocate(cluster: &Cluster, live: Option<&Value>, object: &mut Value) -> Result<(), Failure> {
    if text(object, "/spec/clusterIP") == "None" || live.is_some_and(needs_address) {
        return Ok(());
    }
    let name = (body::meta(object, "namespace").to_owned(), body::meta(object, "name").to_owned());
    let asked = strings(object, "clusterIPs").into_iter().next().unwrap_or_default();
    let refused = |value: Value, why: String| {
        Failure::invalid("", "Service", &name.1, &[invalid("spec.clusterIPs", value, why)])
    };
    if asked.is_empty() {
        let Some(ip) = cluster.free_service_ip() else {
            return Err(refused(json!([""]), "failed to allocate an IP: range is full".to_owned()));
        };
        set_at(object, "spec.clusterIP", ip.as_str().into());
        set_at(object, "spec.clusterIPs", json!([ip]));
    } else if cluster.service_ip_taken(&asked, &name) {
        let why = format!("failed to allocate IP {asked}: provided IP is already allocated");
        return Err(refused(json!([asked]), why));
    }
    Ok(())
}

/// What only the old type of a service has goes with it, unless the client changed it at the same time.
fn drop_dependents(live: &Value, new: &mut Value) {
    let same = |new: &Value, key: &str| {
        let value = |service: &Value| at(service, &format!("spec.{key}")).cloned().unwrap_or_default();
        value(live) == value(new)
    };
    let mut gone: Vec<&str> = Vec::new();
    if needs_address(live) && !needs_address(new) {
        if same(new, "clusterIP") && same(new, "clusterIPs") {
            gone.extend(["clusterIP", "clusterIPs"]);
        }
        gone.extend(["ipFamilies", "ipFamilyPolicy"].into_iter().filter(|key| same(new, key)));
    }
    let has_ports = |service: &Value| matches!(text(service, "/spec/type"), "NodePort" | "LoadBalancer");
    if has_ports(live) && !has_ports(new) {
        let old = ports::of(live);
        if ports::of(new).iter().all(|port| old.contains(port)) {
            for port in new.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
                body::as_map(port).remove("nodePort");
            }
        }
    }
    let drops = |service: &Value| text(service, "/spec/type") != "LoadBalancer";
    if ports::needs_health_check(live) && !ports::needs_health_check(new) && same(new, "healthCheckNodePort")
    {
        gone.push("healthCheckNodePort");
    }
    if !drops(live) && drops(new) {
        let fields = ["allocateLoadBalancerNodePorts", "loadBalancerClass"];
        gone.extend(fields.into_iter().filter(|key| same(new, key)));
    }
    if is_outside(live) && !is_outside(new) && same(new, "externalTrafficPolicy") {
        gone.push("externalTrafficPolicy");
    }
    for key in gone {
        body::field(new, "spec").remove(key);
    }
}

/// Can traffic come from outside the cluster?
fn is_outside(service: &Value) -> bool {
    match text(service, "/spec/type") {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !strings(service, "externalIPs").is_empty(),
        _ => false,
    }
}

impl Cluster {
    fn services(&self) -> impl Iterator<Item = Value> {
        self.store.range("/services/", None).map(|(_, entry)| body::parse(&entry.body))
    }

    /// An address that no Service has. What was just given back is not given to the next one at once; the lowest 256 are
    /// left to who asks for one of his choice (KEP-3070).
    fn free_service_ip(&self) -> Option<String> {
        const BASE: u32 = 0x0a60_0000;
        const CHOSEN: u64 = 256;
        const SIZE: u64 = 1 << 20;
        let taken: std::collections::BTreeSet<u32> = self
            .services()
            .filter_map(|s| text(&s, "/spec/clusterIP").parse::<std::net::Ipv4Addr>().ok())
            .map(u32::from)
            .collect();
        // The last is for broadcasts; the first are the API server's own and, by convention, the DNS server's.
        let given = turned(CHOSEN..SIZE - 1, self.store.revision()).chain(2..CHOSEN).filter(|n| *n != 10);
        let mut free =
            given.filter_map(|n| Some(BASE + u32::try_from(n).ok()?)).filter(|ip| !taken.contains(ip));
        free.next().map(|ip| std::net::Ipv4Addr::from(ip).to_string())
    }

    fn service_ip_taken(&self, ip: &str, by_other_than: &(String, String)) -> bool {
        self.services().any(|s| {
            text(&s, "/spec/clusterIP") == ip
                && (body::meta(&s, "namespace"), body::meta(&s, "name"))
                    != (&*by_other_than.0, &*by_other_than.1)
        })
    }
}
