//! How a CRD's versions are converted: by nobody, or by a webhook that can be reached. Paths are those of the server's
//! own types, which hold what `webhook` has one level higher.

use super::common::not_supported;
use crate::core::body::{at, strings, text};
use crate::core::failure::{forbidden_field, invalid, required};
use crate::core::names;
use mainstay_object::FieldError;
use serde_json::Value;

pub(super) const PATH: &str = "spec.conversion";
const STRATEGY: &str = "spec.conversion.strategy";
const CLIENT: &str = "spec.conversion.webhookClientConfig";
const VERSIONS: &str = "spec.conversion.conversionReviewVersions";
/// Of `ConversionReview`, those that the server speaks.
const KNOWN: [&str; 2] = ["v1", "v1beta1"];

pub(super) fn validate(object: &Value, live: Option<&Value>, errors: &mut Vec<FieldError>) {
    let Some(conversion) = at(object, "spec.conversion").filter(|it| it.is_object()) else { return };
    let strategy = text(conversion, "/strategy");
    match strategy {
        "" => errors.push(required(STRATEGY, "")),
        "None" | "Webhook" => {}
        other => errors.push(not_supported(STRATEGY, other.into(), &["None", "Webhook"])),
    }
    let client = at(conversion, "webhook.clientConfig").filter(|it| it.is_object());
    let versions = strings(at(conversion, "webhook.conversionReviewVersions"));
    if strategy != "Webhook" {
        let detail = "should not be set when strategy is not set to Webhook";
        if client.is_some() {
            errors.push(forbidden_field(CLIENT, detail));
        }
        if !versions.is_empty() {
            errors.push(forbidden_field(VERSIONS, detail));
        }
        return;
    }
    match client {
        None => errors.push(required(CLIENT, "required when strategy is set to Webhook")),
        Some(client) => reached(client, errors),
    }
    review_versions(&versions, live, errors);
}

fn reached(client: &Value, errors: &mut Vec<FieldError>) {
    let url = client.get("url").and_then(Value::as_str);
    let service = client.get("service").filter(|it| it.is_object());
    match (url, service) {
        (Some(_), Some(_)) | (None, None) => {
            errors.push(required(CLIENT, "exactly one of url or service is required"));
        }
        (Some(url), None) => address(url, errors),
        (None, Some(service)) => {
            for part in ["name", "namespace"] {
                if text(service, &format!("/{part}")).is_empty() {
                    let path = format!("{CLIENT}.service.{part}");
                    errors.push(required(path, format!("service {part} is required")));
                }
            }
            let port = service.get("port").and_then(Value::as_i64).unwrap_or(443);
            if !(1..=65535).contains(&port) {
                let detail = "port is not valid: must be between 1 and 65535, inclusive";
                errors.push(invalid(format!("{CLIENT}.service.port"), port.into(), detail));
            }
        }
    }
}

fn address(url: &str, errors: &mut Vec<FieldError>) {
    const FORM: &str = "; desired format: https://host[/path]";
    let path = format!("{CLIENT}.url");
    let mut wrong = |value: &str, detail: String| errors.push(invalid(path.clone(), value.into(), detail));
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once("://").unwrap_or(("", rest));
    if scheme != "https" {
        wrong(scheme, format!("'https' is the only allowed URL scheme{FORM}"));
    }
    let authority = if scheme.is_empty() { "" } else { rest.split('/').next().unwrap_or_default() };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if host.is_empty() {
        wrong(host, format!("host must be provided{FORM}"));
    }
    for (value, what) in
        [(user, "user information is"), (fragment, "fragments are"), (query, "query parameters are")]
    {
        if !value.is_empty() {
            wrong(value, format!("{what} not permitted in the URL"));
        }
    }
}

fn review_versions(versions: &[String], live: Option<&Value>, errors: &mut Vec<FieldError>) {
    if versions.is_empty() {
        errors.push(required(VERSIONS, ""));
        return;
    }
    let known = |versions: &[String]| versions.iter().any(|version| KNOWN.contains(&&**version));
    for (i, version) in versions.iter().enumerate() {
        let path = format!("{VERSIONS}[{i}]");
        if versions.iter().take(i).any(|earlier| earlier == version) {
            errors.push(invalid(path, (&**version).into(), "duplicate version"));
        } else if let Err(why) = names::label_1035(version) {
            errors.extend(why.into_iter().map(|w| invalid(path.clone(), (&**version).into(), w)));
        }
    }
    // A definition that was let in without one may stay without.
    let had = live.map(|live| strings(at(live, "spec.conversion.webhook.conversionReviewVersions")));
    if !known(versions) && had.is_none_or(|had| had.is_empty() || known(&had)) {
        let detail = format!("must include at least one of {}", KNOWN.join(", "));
        errors.push(invalid(VERSIONS, versions.into(), detail));
    }
}
