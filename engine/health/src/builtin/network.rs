use crate::fields::{Condition, Fields};
use mainstay_unit::Health;

pub(super) fn service(f: &Fields<'_>) -> Health {
    if f.text("/spec/type") != "LoadBalancer" {
        return Health::healthy("passive, accepted");
    }
    if let Some(failed) = f.condition("LoadBalancerPortsError").filter(Condition::is_true) {
        return Health::degraded(failed.why());
    }
    if let Some(error) = port_error(f) {
        return Health::degraded(error);
    }
    if f.list("/status/loadBalancer/ingress").is_empty() {
        return Health::progressing("it has no load balancer yet");
    }
    Health::healthy("its load balancer has an address")
}

/// Not every ingress controller writes an address, and none need be there: only what is said to be wrong counts.
pub(super) fn ingress(f: &Fields<'_>) -> Health {
    if let Some(error) = port_error(f) {
        return Health::degraded(error);
    }
    match f.list("/status/loadBalancer/ingress") {
        [] => Health::healthy("passive, accepted"),
        _ => Health::healthy("it has an address"),
    }
}

fn port_error(f: &Fields<'_>) -> Option<String> {
    let points = f.list("/status/loadBalancer/ingress").iter().map(Fields);
    let mut ports = points.flat_map(|point| point.list("/ports").iter().map(Fields));
    let bad = ports.find(|port| !port.text("/error").is_empty())?;
    Some(format!("port {} of its load balancer: {}", bad.count("/port"), bad.text("/error")))
}
