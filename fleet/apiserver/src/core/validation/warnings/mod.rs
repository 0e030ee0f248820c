//! What the API server takes all the same, and warns of (Kubernetes' `WarningsOnCreate` and `WarningsOnUpdate`).
//!
//! Not told: IP addresses and CIDRs in odd forms, paths of a volume that overlap, a Secret's key that is not its
//! certificate's.

mod pod;
mod ports;

use super::common::{given, list};
use crate::core::admit::template_generation;
use crate::core::body::{at, meta_value, text};
use crate::core::names;
use crate::core::native::fraction;
use crate::core::registry::Resource;
use serde_json::Value;

/// What is odd in an object that is created, or that comes after `live`.
pub fn of(resource: &Resource, object: &Value, live: Option<&Value>) -> Vec<String> {
    if resource.custom.is_some() {
        return Vec::new();
    }
    let respecified =
        live.is_none_or(|live| meta_value(live, "generation") != meta_value(object, "generation"));
    let template = |path: &str| match at(object, path) {
        Some(template) if respecified => pod::template(template, path),
        Some(_) | None => Vec::new(),
    };
    let named = |whose: &str| if live.is_none() { name(object, whose) } else { Vec::new() };
    match (&*resource.group, &*resource.plural) {
        ("", "pods") if live.is_none() => [named("the Pod's hostname"), pod::template(object, "")].concat(),
        ("", "podtemplates") => template("template"),
        // The template that was, not the one that is, is looked at again.
        ("", "replicationcontrollers") => match live.filter(|_| respecified) {
            Some(live) => {
                at(live, "spec.template").map(|t| pod::template(t, "spec.template")).unwrap_or_default()
            }
            None => [named("Pod names and hostnames"), template("spec.template")].concat(),
        },
        ("apps", "deployments" | "replicasets") => template("spec.template"),
        ("apps", "daemonsets") => match live {
            Some(live) if template_generation(live) == template_generation(object) => Vec::new(),
            Some(_) | None => template("spec.template"),
        },
        ("apps", "statefulsets") => {
            let field = if live.is_some() { ".Spec" } else { "" };
            let claims =
                list(object.get("spec").unwrap_or(&Value::Null), "volumeClaimTemplates").iter().enumerate();
            let claims = claims.flat_map(|(index, claim)| {
                claim_of(claim, &format!("spec.volumeClaimTemplates[{index}]{field}"))
            });
            let limit = at(object, "spec.revisionHistoryLimit").and_then(Value::as_i64).filter(|n| *n < 0);
            let kept = "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended";
            template("spec.template")
                .into_iter()
                .chain(claims)
                .chain(limit.map(|_| kept.to_owned()))
                .collect()
        }
        ("batch", "jobs") => {
            let many = if respecified { many_indexes(object, "spec") } else { Vec::new() };
            [named("Pod names and hostnames"), many, template("spec.template")].concat()
        }
        ("batch", "cronjobs") => {
            let many = if respecified { many_indexes(object, "spec.jobTemplate.spec") } else { Vec::new() };
            let zoned = live.is_some() && text(object, "/spec/schedule").contains("TZ");
            let zone = "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details";
            let mut told =
                [named("Pod names and hostnames"), many, template("spec.jobTemplate.spec.template")].concat();
            told.extend(zoned.then(|| zone.to_owned()));
            told
        }
        ("", "persistentvolumeclaims") => {
            let class = annotation(object, "volume.beta.kubernetes.io/storage-class").map(|_| {
                "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead".to_owned()
            });
            class.into_iter().chain(claim_of(object, "spec")).collect()
        }
        ("", "services") => service(object),
        ("networking.k8s.io", "ingresses") if live.is_none() => {
            let class = "kubernetes.io/ingress.class";
            let old = annotation(object, class).filter(|_| at(object, "spec.ingressClassName").is_none());
            let told = old.map(|_| {
                format!("annotation {class:?} is deprecated, please use 'spec.ingressClassName' instead")
            });
            told.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn name(object: &Value, whose: &str) -> Vec<String> {
    let wrong = names::label(text(object, "/metadata/name")).err();
    let told = wrong.map(|wrong| {
        format!(
            "metadata.name: this is used in {whose}, which can result in surprising behavior; a DNS label is recommended: [{}]",
            wrong.join(" ")
        )
    });
    told.into_iter().collect()
}

fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    object.pointer("/metadata/annotations")?.get(key)
}

fn many_indexes(object: &Value, path: &str) -> Vec<String> {
    let Some(spec) = at(object, path) else { return Vec::new() };
    let more = |field: &str, limit: i64| at(spec, field).and_then(Value::as_i64).is_some_and(|n| n > limit);
    let many = text(spec, "/completionMode") == "Indexed"
        && more("completions", 100_000)
        && more("parallelism", 10_000);
    let told = many.then(|| {
        format!(
            "{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        )
    });
    told.into_iter().collect()
}

/// A claim's own specification, named `path`.
fn claim_of(claim: &Value, path: &str) -> Vec<String> {
    let of = |which: &str| {
        fractional(
            at(claim, &format!("spec.resources.{which}")),
            "storage",
            &format!("{path}.resources.{which}"),
        )
    };
    of("requests").into_iter().chain(of("limits")).collect()
}

/// An amount of bytes that is no whole number.
fn fractional(amounts: Option<&Value>, name: &str, path: &str) -> Option<String> {
    let amount = amounts?.get(name)?.as_str()?;
    fraction(amount)
        .then(|| format!("{path}[{name}]: fractional byte value {amount:?} is invalid, must be an integer"))
}

fn service(object: &Value) -> Vec<String> {
    let Some(spec) = object.get("spec") else { return Vec::new() };
    let is = |field: &str| text(spec, field);
    let external = !list(spec, "externalIPs").is_empty();
    let headless = is("/type") == "ClusterIP" && is("/clusterIP") == "None";
    let named = is("/type") == "ExternalName";
    let mut told = Vec::new();
    if annotation(object, "service.kubernetes.io/topology-aware-hints").is_some() {
        told.push("annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead".to_owned());
    }
    if headless {
        let ignored = [
            ("loadBalancerIP", !is("/loadBalancerIP").is_empty()),
            ("externalIPs", external),
            ("SessionAffinity", given(spec, "sessionAffinity").is_some_and(|a| a != "None")),
        ];
        let ignored = ignored.into_iter().filter(|(_, set)| *set);
        told.extend(ignored.map(|(field, _)| format!("spec.{field} is ignored for headless services")));
    }
    if external && !headless && !named {
        told.push(
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned(),
        );
    }
    if external && named {
        told.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".to_owned());
    }
    if !named && !is("/externalName").is_empty() {
        told.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".to_owned());
    }
    if is("/trafficDistribution") == "PreferClose" {
        told.push(
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".to_owned(),
        );
    }
    told
}
