use super::strings;
use crate::core::body::{self, at, set_at, text};
use crate::core::failure::{Failure, field_error, invalid, required};
use crate::core::validation::not_supported;
use mainstay_object::{FieldError, FieldErrorKind};
use serde_json::{Value, json};
use std::net::IpAddr;

const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];
/// The only family that this cluster gives out.
const OWN: &str = "IPv4";

/// Completes the families and their policy. What makes no sense is told before anything else is looked at.
pub(super) fn settle(live: Option<&Value>, object: &mut Value) -> Result<(), Failure> {
    if live.is_some_and(|live| is_untouched(live, object)) {
        return Ok(());
    }
    let name = body::meta(object, "name").to_owned();
    let refused = |errors: Vec<FieldError>| match errors.is_empty() {
        true => Ok(()),
        false => Err(Failure::invalid("", "Service", &name, &errors)),
    };
    // Whoever writes a headless service's endpoints may use both families, whatever the cluster has.
    let selects = at(object, "spec.selector").and_then(Value::as_object).is_some_and(|s| !s.is_empty());
    let free = text(object, "/spec/clusterIP") == "None" && !selects;
    if at(object, POLICY).is_none_or(Value::is_null) {
        let old = live.and_then(|live| at(live, POLICY)).filter(|policy| !policy.is_null()).cloned();
        let own = if free { "RequireDualStack" } else { "SingleStack" };
        set_at(object, POLICY, old.unwrap_or_else(|| own.into()));
    }
    refused(related(object, live))?;
    let policy = text(object, "/spec/ipFamilyPolicy").to_owned();
    let (ips, mut families) = (strings(object, "clusterIPs"), strings(object, "ipFamilies"));
    let mut errors = Vec::new();
    let mut told = |detail: &str| errors.push(invalid(POLICY, policy.as_str().into(), detail));
    if policy == "SingleStack" {
        if live.is_some_and(|live| strings(live, "ipFamilies") == families) {
            families.truncate(1);
        }
        if ips.len() == 2 {
            told("must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified");
        }
        if families.len() == 2 {
            told("must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified");
        }
    } else if let Some(live) = live {
        let fewer = |key: &str, now: &[String]| !now.is_empty() && now.len() < strings(live, key).len();
        if fewer("clusterIPs", &ips) {
            told("must be 'SingleStack' to release the secondary cluster IP");
        }
        if fewer("ipFamilies", &families) {
            told("must be 'SingleStack' to release the secondary IP family");
        }
    }
    for (index, ip) in ips.iter().enumerate().take_while(|(_, ip)| *ip != "None").skip(families.len()) {
        if is_sixth(ip) {
            let why = "IPv6 is not configured on this cluster";
            errors.push(invalid(format!("spec.clusterIPs[{index}]"), json!(ips), why));
        } else {
            families.push(OWN.to_owned());
        }
    }
    refused(errors)?;
    if free {
        if families.is_empty() {
            families.push(OWN.to_owned());
        }
        if families.len() < 2 && policy != "SingleStack" {
            families.push(FAMILIES[usize::from(families[0] == OWN)].to_owned());
        }
    } else {
        let mut errors = Vec::new();
        if policy == "RequireDualStack" {
            let why = "this cluster is not configured for dual-stack services";
            errors.push(invalid(POLICY, policy.into(), why));
        }
        for (index, family) in families.iter().enumerate().filter(|(_, family)| *family != OWN) {
            let path = format!("spec.ipFamilies[{index}]");
            errors.push(invalid(path, family.as_str().into(), "not configured on this cluster"));
        }
        refused(errors)?;
        if families.is_empty() {
            families.push(OWN.to_owned());
        }
    }
    if families != strings(object, "ipFamilies") {
        set_at(object, "spec.ipFamilies", families.into());
    }
    Ok(())
}

const POLICY: &str = "spec.ipFamilyPolicy";

/// A service that prefers two families, and of whose addresses nothing changes.
fn is_untouched(live: &Value, object: &Value) -> bool {
    let prefers = |service: &Value| text(service, "/spec/ipFamilyPolicy") == "PreferDualStack";
    let same = |key: &str| strings(live, key) == strings(object, key);
    prefers(object)
        && (prefers(live) || text(live, "/spec/ipFamilyPolicy").is_empty())
        && text(live, "/spec/type") == text(object, "/spec/type")
        && same("clusterIPs")
        && same("ipFamilies")
}

/// What is wrong with a service's addresses, families and policy.
pub fn related(object: &Value, live: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let path = "spec.clusterIPs";
    let (ip, ips) = (text(object, "/spec/clusterIP"), strings(object, "clusterIPs"));
    let families = strings(object, "ipFamilies");
    match ips.first() {
        None if !ip.is_empty() => errors.push(required(path, "")),
        Some(_) if ip.is_empty() => {
            errors.push(invalid(path, json!(ips), "must be empty when `clusterIP` is not specified"));
        }
        Some(first) if first != ip => {
            errors.push(invalid(path, json!(ips), "first value must match `clusterIP`"));
        }
        Some(_) | None => {}
    }
    for (index, family) in families.iter().enumerate() {
        let path = format!("spec.ipFamilies[{index}]");
        if !FAMILIES.contains(&&**family) {
            errors.push(not_supported(&*path, family.as_str().into(), &FAMILIES));
        }
        if families[..index].contains(family) {
            errors.push(field_error(FieldErrorKind::Duplicate, path, Some(family.as_str().into()), ""));
        }
    }
    if let Some(policy) = at(object, POLICY).and_then(Value::as_str)
        && !POLICIES.contains(&policy)
    {
        errors.push(not_supported(POLICY, policy.into(), &POLICIES));
    }
    let old = live.map(|live| strings(live, "clusterIPs")).unwrap_or_default();
    let mut misplaced = false;
    for (index, ip) in ips.iter().enumerate() {
        if index == 0 && ip == "None" {
            if ips.len() > 1 {
                misplaced = true;
                errors.push(invalid(path, json!(ips), "'None' must be the first and only value"));
            }
        } else if address(ip).is_none() && !old.contains(ip) {
            misplaced = true;
            let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            errors.push(invalid(format!("{path}[{index}]"), ip.as_str().into(), why));
        }
    }
    if ips.len() > 2 {
        errors.push(invalid(path, json!(ips), "may only hold up to 2 values"));
    }
    if misplaced {
        return errors;
    }
    if ips.len() > 1 && ips.iter().all(|ip| is_sixth(ip) == is_sixth(&ips[0])) {
        errors.push(invalid(path, json!(ips), "may specify no more than one IP for each IP family"));
    }
    let headless = ips.len() == 1 && ips[0] == "None";
    for (index, (ip, family)) in ips.iter().zip(&families).enumerate().filter(|_| !headless) {
        let other = match &**family {
            "IPv4" => is_sixth(ip),
            "IPv6" => !is_sixth(ip),
            _ => false,
        };
        if other {
            let why = format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
            errors.push(invalid(format!("{path}[{index}]"), ip.as_str().into(), why));
        }
    }
    errors
}

/// The first address and the first family stay what they are, except to and from a name.
pub fn downgrades(new: &Value, live: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if [new, live].iter().any(|service| !super::needs_address(service)) {
        return errors;
    }
    let headless = |service: &Value| strings(service, "clusterIPs") == ["None"];
    for key in ["clusterIPs", "ipFamilies"] {
        let both = headless(new) && headless(live);
        let either = headless(new) != headless(live);
        if both || either && key == "ipFamilies" {
            continue;
        }
        let (now, old) = (strings(new, key), strings(live, key));
        // Told with the addresses, of the families as well.
        let shown = if now.len() == old.len() { now.clone() } else { strings(new, "clusterIPs") };
        let fixed =
            |index: usize| invalid(format!("spec.{key}[{index}]"), json!(shown), "may not change once set");
        if now.len() == old.len() {
            let other = now.iter().zip(&old).enumerate().filter(|(_, (now, old))| now != old);
            errors.extend(other.map(|(index, _)| fixed(if key == "clusterIPs" { index } else { 0 })));
            continue;
        }
        let released = |what: &str| format!("primary {what} can not be unset");
        if now.len() < old.len() && strings(new, "clusterIPs").is_empty() {
            let what = if key == "clusterIPs" { "clusterIP" } else { "ipFamily" };
            errors.push(invalid(format!("spec.{key}[0]"), json!(now), released(what)));
        }
        if let (Some(first), Some(before)) = (now.first(), old.first())
            && first != before
        {
            errors.push(fixed(0));
        }
        if now.len() == 1 && old.len() > 1 && text(new, "/spec/ipFamilyPolicy") != "SingleStack" {
            let what = if key == "clusterIPs" { "clusterIP" } else { "ipFamily" };
            let why = format!("must be set to 'SingleStack' when releasing the secondary {what}");
            errors.push(invalid(POLICY, text(new, "/spec/ipFamilyPolicy").into(), why));
        }
    }
    errors
}

/// As the server has always read addresses: leading zeros are put up with.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.split('.').map(|part| match part.trim_start_matches('0') {
        "" if !part.is_empty() => "0",
        rest => rest,
    });
    text.parse().or_else(|_| plain.collect::<Vec<_>>().join(".").parse()).ok()
}

fn is_sixth(ip: &str) -> bool {
    address(ip).is_some_and(|ip| ip.is_ipv6())
}
