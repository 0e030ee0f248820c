use super::common::list;
use crate::core::body::{at, text};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the API server warns of in a pod's specification that it takes all the same.
pub fn pod(spec: &Value, path: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let containers = || {
        lists.into_iter().flat_map(|name| {
            let numbered = list(spec, name).iter().enumerate();
            numbered.map(move |(index, container)| (format!("{path}.{name}[{index}]"), container))
        })
    };
    for (path, container) in containers() {
        let variables = list(container, "env");
        for (index, variable) in variables.iter().enumerate() {
            let name = text(variable, "/name");
            let hidden = variables[..index].iter().any(|earlier| text(earlier, "/name") == name);
            let (value, own) = (text(variable, "/value"), format!("$({name})"));
            let refers = variable.get("valueFrom").is_none() && value != own && value.contains(&own);
            if hidden && !refers {
                warnings.push(format!(
                    "{path}.env[{index}]: hides previous definition of {name:?}, which may be dropped when using apply"
                ));
            }
        }
    }
    let mut seen: BTreeMap<(i64, &str), Vec<Port<'_>>> = BTreeMap::new();
    for (path, container) in containers() {
        for (index, port) in list(container, "ports").iter().enumerate() {
            let number = |field: &str| at(port, field).and_then(Value::as_i64).unwrap_or(0);
            let path = format!("{path}.ports[{index}]");
            let one = Port { path, host: number("hostPort"), ip: text(port, "/hostIP") };
            let others = seen.entry((number("containerPort"), text(port, "/protocol"))).or_default();
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
                warnings.push(format!("{}: {how} port definition with {}", one.path, other.path));
            }
            others.push(one);
        }
    }
    warnings
}

/// A port of a container, by what it asks of its node.
struct Port<'a> {
    path: String,
    host: i64,
    ip: &'a str,
}
