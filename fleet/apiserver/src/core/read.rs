//! get and list.

use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::items::Items;
use crate::core::negotiate::Negotiated;
use crate::core::options::ListOptions;
use crate::core::registry::Resource;
use crate::core::reply::{Form, Include, Response};
use crate::core::request::{Now, Request};
use crate::core::route::Target;
use crate::core::selector::Fields;
use crate::core::store::Entry;
use crate::core::{body, fields, table};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Answers an object in the form that was asked for.
pub fn one(
    resource: &Resource,
    object: Value,
    forms: Negotiated,
    request: &Request,
    status: u16,
    now: Now,
) -> Response {
    let value = match forms.form {
        Form::Object => object,
        Form::Partial => partial(&object),
        Form::Table => {
            let metadata = json!({ "resourceVersion": body::meta(&object, "resourceVersion") });
            table::render(resource, &[object], include(request), metadata, now)
        }
    };
    shown(status, value, forms)
}

/// Answers a Scale in the form that was asked for.
pub fn scale(scale: Value, forms: Negotiated, request: &Request, now: Now) -> Response {
    let value = match forms.form {
        Form::Object => scale,
        Form::Partial => partial(&scale),
        Form::Table => {
            let metadata = json!({ "resourceVersion": body::meta(&scale, "resourceVersion") });
            table::scale(&scale, include(request), metadata, now)
        }
    };
    shown(200, value, forms)
}

/// A value as a response body.
pub fn shown(status: u16, value: Value, forms: Negotiated) -> Response {
    // JSON is YAML; a client that asked for YAML reads it.
    let content_type = if forms.yaml { "application/yaml" } else { "application/json" };
    Response::bytes(status, content_type, body::json(&value))
}

pub fn get(
    cluster: &Cluster,
    resource: &Resource,
    target: &Target,
    request: &Request,
    forms: Negotiated,
    now: Now,
) -> Result<Response, Failure> {
    if let Some(text) = request.one("resourceVersion") {
        let asked = parse_version(text).map_err(|why| Failure::new(500, "", why))?;
        check_not_future(cluster, asked)?;
    }
    let entry = cluster
        .store
        .get(&resource.key(&target.namespace, &target.name))
        .ok_or_else(|| Failure::not_found(resource.named(), &target.name))?;
    if forms == Negotiated::default() && !converted(resource) {
        return Ok(Response::bytes(200, "application/json", body::splice(&entry.body, resource)));
    }
    let object = cluster.read_one(&entry.body, resource, cluster.admission.asking())?;
    Ok(one(resource, object, forms, request, 200, now))
}

/// A page of a list.
struct Page {
    entries: Vec<Entry>,
    revision: u64,
    /// The key to go on after, and how many are left if that is known.
    more: Option<(Arc<str>, Option<usize>)>,
}

pub fn list(
    cluster: &Cluster,
    resource: &Resource,
    target: &Target,
    request: &Request,
    forms: Negotiated,
    now: Now,
) -> Result<Response, Failure> {
    let options = ListOptions::read(request)?;
    let page = page(cluster, resource, &target.namespace, &options)?;
    let mut metadata = json!({ "resourceVersion": page.revision.to_string() });
    if resource.custom.is_some() && forms.form == Form::Object {
        // Their list is no struct, and keeps what is empty.
        metadata["continue"] = "".into();
    }
    if let Some((key, left)) = &page.more {
        metadata["continue"] = encode_continue(page.revision, key).into();
        if let Some(left) = left {
            metadata["remainingItemCount"] = (*left).into();
        }
    }
    if forms.form == Form::Object && !forms.yaml && !converted(resource) {
        return Ok(pieces(resource, &metadata, page.entries));
    }
    let objects = objects(cluster, &page, resource)?;
    let value = match forms.form {
        Form::Object => json!({
            "kind": resource.list_kind, "apiVersion": resource.api_version(),
            "metadata": metadata, "items": objects,
        }),
        Form::Partial => json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "items": objects.iter().map(partial).collect::<Vec<_>>(),
        }),
        Form::Table => table::render(resource, &objects, include(request), metadata, now),
    };
    Ok(shown(200, value, forms))
}

/// All objects that a selection matches.
pub fn select(
    cluster: &Cluster,
    resource: &Resource,
    namespace: &str,
    options: &ListOptions,
) -> Result<Vec<Value>, Failure> {
    let page = page(cluster, resource, namespace, options)?;
    objects(cluster, &page, resource)
}

fn objects(cluster: &Cluster, page: &Page, resource: &Resource) -> Result<Vec<Value>, Failure> {
    cluster.read(page.entries.iter().map(|entry| &entry.body), resource, cluster.admission.asking())
}

/// Does a webhook stand between what is stored and what is read?
fn converted(resource: &Resource) -> bool {
    resource.custom.as_ref().is_some_and(|custom| custom.webhook.is_some())
}

/// Those that a selection matches, where what it looks at must be converted first.
fn chosen<'a>(
    cluster: &Cluster,
    state: impl Iterator<Item = (&'a Arc<str>, &'a Entry)>,
    options: &ListOptions,
    resource: &Resource,
) -> Result<BTreeSet<Arc<str>>, Failure> {
    let state: Vec<_> = state.collect();
    let bodies = state.iter().map(|(_, entry)| &entry.body);
    let objects = cluster.read(bodies, resource, cluster.admission.asking())?;
    let chosen = state.into_iter().zip(&objects).filter(|(_, object)| is_selected(object, options, resource));
    Ok(chosen.map(|((key, _), _)| key.clone()).collect())
}

fn page(
    cluster: &Cluster,
    resource: &Resource,
    namespace: &str,
    options: &ListOptions,
) -> Result<Page, Failure> {
    fields::check(&options.fields, resource)?;
    check_match(options)?;
    let prefix = resource.prefix_in(namespace);
    let (at, after) = if options.resume.is_empty() {
        (version_of(cluster, options)?, None)
    } else {
        if !matches!(&*options.resource_version, "" | "0") {
            return Err(Failure::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let (revision, key) = decode_continue(&options.resume)
            .filter(|(_, key)| key.starts_with(&prefix))
            .ok_or_else(|| Failure::bad_request("invalid continue token: continue key is not valid"))?;
        (Some(revision), Some(key))
    };
    let revision = at.unwrap_or_else(|| cluster.store.revision());
    let mut page = Page { entries: Vec::new(), revision, more: None };
    let limit = if options.limit == 0 { usize::MAX } else { options.limit };
    let plain = options.labels.is_empty() && options.fields.is_empty();
    let mut last: Option<Arc<str>> = None;
    let now = revision == cluster.store.revision();
    let selected = match (plain, converted(resource)) {
        (false, true) if now => Some(chosen(cluster, cluster.store.range(&prefix, None), options, resource)?),
        (false, true) => {
            let past = cluster.store.range_at(&prefix, revision).unwrap_or_default();
            Some(chosen(cluster, past.iter(), options, resource)?)
        }
        (true, _) | (_, false) => None,
    };
    let mut take = |key: &Arc<str>, entry: &Entry| -> bool {
        let matches = match &selected {
            Some(selected) => selected.contains(key),
            None => plain || is_selected(&body::parse(&entry.body), options, resource),
        };
        if !matches {
            return true;
        }
        if page.entries.len() == limit {
            page.more = last.clone().map(|key| (key, None));
            return false;
        }
        page.entries.push(entry.clone());
        last = Some(key.clone());
        true
    };
    if now {
        for (key, entry) in cluster.store.range(&prefix, after.as_deref()) {
            if !take(key, entry) {
                break;
            }
        }
    } else {
        let past = cluster.store.range_at(&prefix, revision).ok_or_else(|| {
            Failure::expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
            )
        })?;
        for (key, entry) in past.iter().filter(|(key, _)| after.as_deref().is_none_or(|a| &***key > a)) {
            if !take(key, entry) {
                break;
            }
        }
    }
    if let Some((key, left)) = &mut page.more
        && plain
    {
        *left = Some(cluster.store.range(&prefix, Some(&**key)).count());
    }
    Ok(page)
}

fn is_selected(object: &Value, options: &ListOptions, resource: &Resource) -> bool {
    options.labels.matches(body::meta_value(object, "labels"))
        && fields_match(&options.fields, object, resource)
}

pub fn fields_match(selector: &Fields, object: &Value, resource: &Resource) -> bool {
    selector.is_empty() || selector.matches(|path| fields::value(object, path, resource))
}

fn check_match(options: &ListOptions) -> Result<(), Failure> {
    let rule = &*options.resource_version_match;
    if rule.is_empty() || options.watch || options.send_initial_events.is_some() {
        return Ok(());
    }
    let refuse = |detail: &str| {
        let error = crate::core::failure::forbidden_field("resourceVersionMatch", detail);
        Err(Failure::invalid("meta.k8s.io", "ListOptions", "", &[error]))
    };
    if !matches!(rule, "Exact" | "NotOlderThan") {
        let mut error = crate::core::failure::invalid(
            "resourceVersionMatch",
            rule.into(),
            "supported values: \"Exact\", \"NotOlderThan\", \"\"",
        );
        error.kind = mainstay_object::FieldErrorKind::NotSupported;
        return Err(Failure::invalid("meta.k8s.io", "ListOptions", "", &[error]));
    }
    if options.resource_version.is_empty() {
        return refuse("resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if !options.resume.is_empty() {
        return refuse("resourceVersionMatch is forbidden when continue is provided");
    }
    if rule == "Exact" && options.resource_version == "0" {
        return refuse("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
    Ok(())
}

/// The revision that a list must show; `None` for now.
fn version_of(cluster: &Cluster, options: &ListOptions) -> Result<Option<u64>, Failure> {
    if matches!(&*options.resource_version, "" | "0") {
        return Ok(None);
    }
    let asked = parse_version(&options.resource_version)
        .map_err(|why| Failure::bad_request(format!("invalid resource version: {why}")))?;
    check_not_future(cluster, asked)?;
    Ok((options.resource_version_match == "Exact").then_some(asked))
}

/// What Go says of a text that is no unsigned number.
pub fn parse_uint_error(text: &str, error: &std::num::ParseIntError) -> String {
    let why = match error.kind() {
        std::num::IntErrorKind::PosOverflow => "value out of range",
        _ => "invalid syntax",
    };
    format!("strconv.ParseUint: parsing {text:?}: {why}")
}

/// A resource version of a query, or what is wrong with it.
pub fn parse_version(text: &str) -> Result<u64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|error| {
        let why = parse_uint_error(text, &error);
        format!("resourceVersion: Invalid value: {text:?}: {why}")
    })
}

pub fn check_not_future(cluster: &Cluster, asked: u64) -> Result<(), Failure> {
    let current = cluster.store.revision();
    if asked <= current {
        return Ok(());
    }
    let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
    let cause = json!({ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" });
    let mut failure = Failure::new(504, "Timeout", message).with_causes(vec![cause]);
    failure.0.details.insert("retryAfterSeconds".into(), 1.into());
    Err(failure)
}

fn encode_continue(revision: u64, key: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "v": "meta.k8s.io/v1", "rv": revision, "start": key }).to_string())
}

fn decode_continue(token: &str) -> Option<(u64, String)> {
    let token: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    Some((token.get("rv")?.as_u64()?, token.get("start")?.as_str()?.to_owned()))
}

/// A list without reading its items: bodies are pasted as they are, those of a long list when it is sent.
fn pieces(resource: &Resource, metadata: &Value, entries: Vec<Entry>) -> Response {
    let api_version = resource.api_version();
    let head = format!(
        "{{\"kind\":\"{}\",\"apiVersion\":\"{api_version}\",\"metadata\":{metadata},\"items\":[",
        resource.list_kind
    );
    let mut response = Response::bytes(200, "application/json", head.into_bytes());
    let differs = crate::core::convert::differs(resource);
    // Items of built-in lists carry no kind, as with the real server.
    let opening = (resource.custom.is_some() && !differs)
        .then(|| format!("{{\"kind\":\"{}\",\"apiVersion\":\"{api_version}\",", resource.kind).into_bytes());
    let bodies = entries.into_iter().map(|entry| match differs {
        true => body::splice(&entry.body, resource).into(),
        false => entry.body,
    });
    response.items = Items::new(bodies.collect(), opening);
    response
}

pub fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
    })
}

pub fn include(request: &Request) -> Include {
    match request.one("includeObject") {
        Some("Object") => Include::Object,
        Some("None") => Include::Nothing,
        Some(_) | None => Include::Metadata,
    }
}
