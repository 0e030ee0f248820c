use super::super::common::list;
use crate::core::body::{at, text};
use serde_json::Value;
use std::collections::BTreeMap;

/// Ports of a pod's containers that get into each other's way.
pub fn of<'a, I: Iterator<Item = (String, &'a Value)>>(containers: impl Fn() -> I) -> Vec<String> {
    let ports = || {
        containers().flat_map(|(path, container)| {
            let numbered = list(container, "ports").iter().enumerate();
            numbered.map(move |(index, port)| (format!("{path}.ports[{index}]"), port)).collect::<Vec<_>>()
        })
    };
    let mut told = Vec::new();
    let mut seen: BTreeMap<(i64, &str), Vec<Port<'_>>> = BTreeMap::new();
    for (path, port) in ports() {
        let number = |field: &str| at(port, field).and_then(Value::as_i64).unwrap_or(0);
        let one = Port { path, host: number("hostPort"), ip: text(port, "/hostIP") };
        let (container, protocol) = (number("containerPort"), text(port, "/protocol"));
        if !one.ip.is_empty() && one.host == 0 {
            told.push(format!(
                "{}: hostIP set without hostPort: {{Name:{} HostPort:0 ContainerPort:{container} Protocol:{protocol} HostIP:{}}}",
                one.path,
                text(port, "/name"),
                one.ip
            ));
        }
        let others = seen.entry((container, protocol)).or_default();
        for other in others.iter() {
            let how = if other.ip == one.ip && other.host == one.host {
                "duplicate"
            } else if one.host == 0 || other.host == 0 {
                "overlapping"
            } else if one.host == other.host && one.ip.is_empty() != other.ip.is_empty() {
                "dangerously ambiguous"
            } else {
                continue;
            };
            told.push(format!("{}: {how} port definition with {}", one.path, other.path));
        }
        others.push(one);
    }
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for (path, port) in ports() {
        let name = text(port, "/name");
        match names.get(name) {
            _ if name.is_empty() => {}
            Some(first) => told.push(format!(
                "{path}: duplicate port name {name:?} with {first}, services and probes that select ports by name will use {first}"
            )),
            None => {
                names.insert(name, path);
            }
        }
    }
    told
}

/// A port of a container, by what it asks of its node.
struct Port<'a> {
    path: String,
    host: i64,
    ip: &'a str,
}
