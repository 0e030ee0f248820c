use crate::core::body::{self, at, set_at, text};
use crate::core::cluster::Cluster;
use crate::core::failure::{Failure, invalid};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Node ports, and the port of a health check.
pub fn give(cluster: &Cluster, live: Option<&Value>, object: &mut Value) -> Result<(), Failure> {
    let kind = text(object, "/spec/type");
    let allocates = at(object, "spec.allocateLoadBalancerNodePorts") != Some(&json!(false));
    if kind == "NodePort" || kind == "LoadBalancer" && allocates {
        node_ports(cluster, live, object)?;
    }
    let checked = |service: &Value| at(service, CHECKED).and_then(Value::as_i64).unwrap_or(0);
    if needs_health_check(object) && checked(object) == 0 {
        let kept = live.filter(|live| needs_health_check(live)).map(checked).filter(|port| *port != 0);
        let taken = cluster.node_ports();
        let own = all(object);
        let free = cluster.dynamic_ports().find(|n| !taken.contains(n) && !own.contains(n));
        if let Some(port) = kept.or(free) {
            set_at(object, CHECKED, port.into());
        }
    }
    Ok(())
}

const CHECKED: &str = "spec.healthCheckNodePort";

pub fn needs_health_check(service: &Value) -> bool {
    text(service, "/spec/type") == "LoadBalancer" && text(service, "/spec/externalTrafficPolicy") == "Local"
}

/// The node ports of a service's ports.
pub fn of(service: &Value) -> BTreeSet<i64> {
    let ports = service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
    ports.filter_map(|p| at(p, "nodePort")?.as_i64()).filter(|port| *port != 0).collect()
}

fn all(service: &Value) -> BTreeSet<i64> {
    let mut found = of(service);
    found.extend(at(service, CHECKED).and_then(Value::as_i64));
    found
}

impl Cluster {
    fn node_ports(&self) -> BTreeSet<i64> {
        self.services().flat_map(|service| all(&service)).collect()
    }

    /// In the order in which they are given: the lowest 86 last, they are left to who chooses (KEP-3668).
    fn dynamic_ports(&self) -> impl Iterator<Item = i64> {
        let given = super::turned(30_086..32_768, self.store.revision()).chain(30_000..30_086);
        given.map(u64::cast_signed)
    }
}

/// Old ports keep their node ports by name, wherever they are; of a new service one number serves all protocols of a port.
fn node_ports(cluster: &Cluster, live: Option<&Value>, object: &mut Value) -> Result<(), Failure> {
    let (mut taken, name) = (cluster.node_ports(), body::meta(object, "name").to_owned());
    let of = |port: &Value, field: &str| at(port, field).and_then(Value::as_i64).unwrap_or(0);
    let old: Vec<Value> =
        live.and_then(|l| at(l, "spec.ports")).and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(ports) = object.pointer_mut("/spec/ports").and_then(Value::as_array_mut) else { return Ok(()) };
    let named: Vec<i64> = ports.iter().map(|port| of(port, "nodePort")).collect();
    for port in ports.iter_mut().filter(|port| of(port, "nodePort") == 0) {
        let same = old.iter().rev().find(|old| text(old, "/name") == text(port, "/name"));
        let kept = same.map(|old| of(old, "nodePort"));
        if let Some(number) = kept.filter(|n| *n != 0 && !named.contains(n)) {
            set_at(port, "nodePort", number.into());
        }
    }
    for (index, number) in named.iter().enumerate().filter(|(_, number)| **number != 0) {
        if !(30_000..=32_767).contains(number) {
            let detail = "provided port is not in the valid range. The range of valid ports is 30000-32767";
            let error = invalid(format!("spec.ports[{index}].nodePort"), (*number).into(), detail);
            return Err(Failure::invalid("", "Service", &name, &[error]));
        }
    }
    let mut seen = BTreeSet::new();
    for port in ports.iter() {
        let (protocol, number) = (text(port, "/protocol"), of(port, "nodePort"));
        if number != 0 && !seen.insert((protocol.to_owned(), number)) {
            return Err(Failure::new(500, "", format!("duplicate nodePort: {{{protocol} {number}}}")));
        }
    }
    for at in 0..ports.len() {
        if of(&ports[at], "nodePort") != 0 {
            continue;
        }
        let (number, protocol) = (of(&ports[at], "port"), text(&ports[at], "/protocol").to_owned());
        let twin = ports.iter().filter(|_| live.is_none()).find(|other| {
            of(other, "port") == number && of(other, "nodePort") != 0 && text(other, "/protocol") != protocol
        });
        let twin = twin.map(|twin| of(twin, "nodePort")).filter(|n| !seen.contains(&(protocol.clone(), *n)));
        let free = twin.or_else(|| cluster.dynamic_ports().find(|n| !taken.contains(n)));
        if let Some(free) = free {
            taken.insert(free);
            seen.insert((protocol, free));
            set_at(&mut ports[at], "nodePort", free.into());
        }
    }
    Ok(())
}
