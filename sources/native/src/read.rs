use crate::kinds::{ClusterSpec, ExemptionSpec, ModuleSpec, PlatformSpec, ProviderSpec, TenantSpec};
use crate::tenancy::covering;
use crate::validate::{kinds, validate};
use crate::{API_VERSION, GROUP, Place};
use mainstay_diagnostic::{Diagnostics, codes, nearest};
use mainstay_object::{GroupVersion, Value};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A document whose spec has been read.
#[derive(Debug, Clone)]
pub struct Document<S> {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub spec: S,
    pub place: Place,
}

/// Everything native that a revision declares, in the order it was read.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    pub platforms: Vec<Arc<Document<PlatformSpec>>>,
    pub tenants: Vec<Arc<Document<TenantSpec>>>,
    pub clusters: Vec<Arc<Document<ClusterSpec>>>,
    pub providers: Vec<Arc<Document<ProviderSpec>>>,
    pub modules: Vec<Arc<Document<ModuleSpec>>>,
    pub exemptions: Vec<Arc<Document<ExemptionSpec>>>,
}

impl Declarations {
    /// The Platform that holds. One in a tenant's paths is none: its people would speak for everybody.
    pub fn platform(&self) -> Option<&Arc<Document<PlatformSpec>>> {
        self.platforms().next()
    }

    /// Every Platform that is nobody's but the platform's; a second one is an error.
    pub fn platforms(&self) -> impl Iterator<Item = &Arc<Document<PlatformSpec>>> {
        self.platforms.iter().filter(|platform| covering(self, &platform.place.file).is_none())
    }

    /// Puts another file's behind these. Documents are shared, not copied.
    pub fn extend(&mut self, other: &Self) {
        self.platforms.extend(other.platforms.iter().cloned());
        self.tenants.extend(other.tenants.iter().cloned());
        self.clusters.extend(other.clusters.iter().cloned());
        self.providers.extend(other.providers.iter().cloned());
        self.modules.extend(other.modules.iter().cloned());
        self.exemptions.extend(other.exemptions.iter().cloned());
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// Not of Mainstay's group.
    Foreign,
    Read,
    /// Its diagnostics say why: what it declares is not known.
    Broken,
}

/// Reads one document into the declarations.
pub fn read(place: &Place, into: &mut Declarations, diagnostics: &mut Diagnostics) -> Read {
    let text = |key: &str| place.root.get(key).and_then(|node| node.as_str()).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if GroupVersion::parse(api_version).group != GROUP {
        return Read::Foreign;
    }
    if api_version != API_VERSION {
        let message = format!("there is no version {api_version}");
        diagnostics.push(
            place
                .diagnostic(&codes::native::UNKNOWN_KIND, message, "/apiVersion")
                .hint(format!("the version is {API_VERSION}")),
        );
        return Read::Broken;
    }
    let json = place.root.to_json();
    let Some(problems) = validate(kind, &json, place) else {
        let message = format!("there is no kind {kind:?} in {API_VERSION}");
        let problem = place.diagnostic(&codes::native::UNKNOWN_KIND, message, "/kind");
        diagnostics.push(match nearest(kind, kinds()) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint(format!("the kinds are {}", kinds().collect::<Vec<_>>().join(", "))),
        });
        return Read::Broken;
    };
    if !problems.is_empty() {
        diagnostics.extend(problems);
        return Read::Broken;
    }
    let done = match kind {
        "Platform" => take(json, place, &mut into.platforms),
        "Tenant" => take(json, place, &mut into.tenants),
        "Cluster" => take(json, place, &mut into.clusters),
        "Provider" => take(json, place, &mut into.providers),
        "Module" => take(json, place, &mut into.modules),
        _ => take(json, place, &mut into.exemptions),
    };
    match done {
        Ok(()) => Read::Read,
        // The schema is made from the types, so that this is said only where they disagree.
        Err(error) => {
            diagnostics.push(place.diagnostic(&codes::native::VALUE, error.to_string(), "/spec"));
            Read::Broken
        }
    }
}

fn take<S: DeserializeOwned>(
    mut json: Value,
    place: &Place,
    into: &mut Vec<Arc<Document<S>>>,
) -> Result<(), serde_json::Error> {
    let spec = json.get_mut("spec").map_or_else(|| Value::Object(serde_json::Map::new()), Value::take);
    let labels = json.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    into.push(Arc::new(Document {
        name: json.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        labels: labels.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect(),
        spec: serde_json::from_value(spec)?,
        place: place.clone(),
    }));
    Ok(())
}
