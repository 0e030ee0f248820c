use super::Written;
use crate::behaviour::Phase;
use crate::simulate::Scene;
use serde_json::json;

/// A load balancer gets an address of the range that RFC 2544 sets aside for benchmarks: it never leads anywhere.
pub(super) fn service(scene: &Scene<'_>) -> Written {
    if scene.object["spec"]["type"] != "LoadBalancer" {
        return None;
    }
    let mut status = scene.old.clone();
    let [a, b, c, ..] = scene.dice.to_le_bytes();
    status["loadBalancer"] = match &scene.phase {
        Phase::Ready => {
            json!({ "ingress": [{ "ip": format!("198.{}.{b}.{c}", 18 + (a & 1)), "ipMode": "VIP" }] })
        }
        Phase::Failing { .. } | Phase::Progressing { .. } => json!({}),
    };
    Some((status, None))
}
