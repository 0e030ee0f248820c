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
    let mut seen: BTreeMap<(i64, &str), Vec<(String, i64, &str)>> = BTreeMap::new();
    for (path, container) in containers() {
        for (index, port) in list(container, "ports").iter().enumerate() {
            let number = |field: &str| at(port, field).and_then(Value::as_i64).unwrap_or(0);
            let (here, host, ip) =
                (format!("{path}.ports[{index}]"), number("hostPort"), text(port, "/hostIP"));
            let others = seen.entry((number("containerPort"), text(port, "/protocol"))).or_default();
            for (there, other_host, other_ip) in others.iter() {
                let how = if *other_ip == ip && *other_host == host {
                    "duplicate"
                } else if host == 0 || *other_host == 0 {
                    "overlapping"
                } else if host == *other_host && ip.is_empty() != other_ip.is_empty() {
                    "dangerously ambiguous"
                } else {
                    continue;
                };
                warnings.push(format!("{here}: {how} port definition with {there}"));
            }
            others.push((here, host, ip));
        }
    }
    warnings
}
