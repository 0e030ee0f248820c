use crate::core::conversion::Webhook;
use crate::core::registry::resource::{Resource, Subresource};
use mainstay_object::merge::Versions;
use mainstay_object::rules::Rules;
use mainstay_object::schema::{SchemaError, from_crd};
use mainstay_object::{FieldError, GroupVersionKind, TypeId, Types};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a version of a CRD adds to a resource.
#[derive(Debug, Clone)]
pub struct CustomVersion {
    /// UID of the CRD.
    pub uid: String,
    /// All versions' types.
    pub types: Arc<Types>,
    pub root: TypeId,
    /// By apiVersion.
    pub roots: Arc<BTreeMap<String, TypeId>>,
    /// The apiVersion that objects are stored in.
    pub storage: String,
    /// What is stored is what is read: there is one version, which was never another and has no defaults.
    pub reads_as_stored: bool,
    /// `openAPIV3Schema` as written, for OpenAPI.
    pub schema: Value,
    pub columns: Vec<Column>,
    pub selectable_fields: Vec<String>,
    pub scale: Option<ScalePaths>,
    /// The CEL rules of this version's schema, and what is wrong with them.
    pub rules: Arc<Rules>,
    pub rule_errors: Vec<FieldError>,
    /// What a Warning header says on every request, if the version is deprecated.
    pub deprecation: Option<String>,
    /// Who converts between versions that differ by more than their names.
    pub(crate) webhook: Option<Webhook>,
    /// The apiVersion of objects that do not say theirs.
    pub first_stored: String,
    /// Versions that are neither served nor stored in any more, though objects may still be in them.
    retired: Arc<BTreeSet<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: String,
    pub format: String,
    pub description: String,
    pub priority: i64,
    pub json_path: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalePaths {
    pub spec_replicas: String,
    pub status_replicas: String,
    pub selector: Option<String>,
}

const ALL_VERBS: [&str; 8] =
    ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const SUB_VERBS: [&str; 3] = ["get", "patch", "update"];

/// The served versions of a CRD, in order of preference, or what is wrong with its schemas.
pub fn resources(crd: &Value) -> Result<Vec<Arc<Resource>>, Vec<SchemaError>> {
    let text = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |pointer: &str| strings(crd.pointer(pointer));
    let (group, plural) = (text("/spec/group"), text("/spec/names/plural"));
    let kind = text("/spec/names/kind");
    let shapes = Shapes::read(crd, &group)?;
    let mut found = Vec::new();
    for version in crd.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten() {
        if version.get("served").and_then(Value::as_bool) != Some(true) {
            continue;
        }
        let name = version.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let custom = custom_version(crd, version, &group, &kind, &name, &shapes);
        let own = GroupVersionKind::new(&*group, &*name, &*kind);
        let mut subresources = Vec::new();
        if version.pointer("/subresources/status").is_some_and(|s| !s.is_null()) {
            subresources.push(Subresource { name: "status".into(), kind: own, verbs: SUB_VERBS.to_vec() });
        }
        if custom.scale.is_some() {
            let kind = GroupVersionKind::new("autoscaling", "v1", "Scale");
            subresources.push(Subresource { name: "scale".into(), kind, verbs: SUB_VERBS.to_vec() });
        }
        let or = |value: String, other: String| if value.is_empty() { other } else { value };
        found.push(Arc::new(Resource {
            group: group.clone(),
            version: name,
            plural: plural.clone(),
            singular: or(text("/spec/names/singular"), kind.to_lowercase()),
            kind: kind.clone(),
            list_kind: or(text("/spec/names/listKind"), format!("{kind}List")),
            namespaced: text("/spec/scope") != "Cluster",
            short_names: list("/spec/names/shortNames"),
            categories: list("/spec/names/categories"),
            verbs: ALL_VERBS.to_vec(),
            storage_hash: mainstay_object::Digest::of_bytes(format!("{group}/{plural}").as_bytes())
                .short()
                .to_owned(),
            subresources,
            custom: Some(Arc::new(custom)),
            minor: mainstay_object::Minor::NEWEST,
        }));
    }
    found.sort_by(|a, b| version_order(&a.version, &b.version));
    Ok(found)
}

/// The types of all versions.
struct Shapes {
    types: Arc<Types>,
    roots: Arc<BTreeMap<String, TypeId>>,
    storage: String,
    reads_as_stored: bool,
    first_stored: String,
    retired: Arc<BTreeSet<String>>,
}

impl Shapes {
    fn read(crd: &Value, group: &str) -> Result<Self, Vec<SchemaError>> {
        let mut types = Types::deduced().clone();
        let (mut roots, mut storage, mut retired) = (BTreeMap::new(), String::new(), BTreeSet::new());
        let versions = crd.pointer("/spec/versions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let (mut has_defaults, mut has_untyped) = (false, false);
        for version in versions {
            let flag = |key: &str| version.get(key).and_then(Value::as_bool) == Some(true);
            let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
            let api_version = format!("{group}/{name}");
            if flag("storage") {
                storage.clone_from(&api_version);
            }
            if !flag("served") && !flag("storage") {
                retired.insert(api_version.clone());
            }
            let root = match version.pointer("/schema/openAPIV3Schema").filter(|schema| !schema.is_null()) {
                Some(schema) => {
                    has_defaults |= schema.to_string().contains("\"default\":");
                    has_untyped |= is_untyped(schema);
                    let read = from_crd(schema)?;
                    types.import(&read.types, read.root)
                }
                None => TypeId::ANY,
            };
            roots.insert(api_version, root);
        }
        let generation = crd.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(1);
        let reads_as_stored = versions.len() == 1 && generation == 1 && !has_defaults && !has_untyped;
        let first = strings(crd.pointer("/status/storedVersions")).into_iter().next();
        let first_stored = first.map_or_else(|| storage.clone(), |name| format!("{group}/{name}"));
        let (types, roots, retired) = (Arc::new(types), Arc::new(roots), Arc::new(retired));
        Ok(Self { types, roots, storage, reads_as_stored, first_stored, retired })
    }
}

/// Does a field take anything, and so a null, which is stored and never read?
fn is_untyped(schema: &Value) -> bool {
    let flag = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
    let typed = schema.get("type").is_some() || flag("x-kubernetes-int-or-string") || flag("nullable");
    let fields =
        schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(_, field)| field);
    let below = ["items", "additionalProperties"].into_iter().filter_map(|name| schema.get(name));
    !typed || fields.chain(below.filter(|schema| schema.is_object())).any(is_untyped)
}

impl CustomVersion {
    /// The type of what is stored.
    pub fn storage_root(&self) -> TypeId {
        self.roots.get(&self.storage).copied().unwrap_or(self.root)
    }
}

/// A schema says how its objects look in its version; converting between versions changes nothing else.
impl Versions for CustomVersion {
    fn type_at(&self, api_version: &str) -> Option<TypeId> {
        self.roots.get(api_version).copied().filter(|_| !self.retired.contains(api_version))
    }

    fn convert(&self, object: &Value, api_version: &str) -> Value {
        let mut object = object.clone();
        crate::core::body::as_map(&mut object).insert("apiVersion".into(), api_version.into());
        object
    }
}

fn custom_version(
    crd: &Value,
    version: &Value,
    group: &str,
    kind: &str,
    name: &str,
    shapes: &Shapes,
) -> CustomVersion {
    let schema = version.pointer("/schema/openAPIV3Schema").cloned().unwrap_or(Value::Null);
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let columns = version.get("additionalPrinterColumns").and_then(Value::as_array);
    let columns = columns.into_iter().flatten().map(|column| Column {
        name: text(column, "name"),
        kind: text(column, "type"),
        format: text(column, "format"),
        description: text(column, "description"),
        priority: column.get("priority").and_then(Value::as_i64).unwrap_or(0),
        json_path: text(column, "jsonPath"),
    });
    let selectable = version.get("selectableFields").and_then(Value::as_array);
    let selectable_fields = selectable.into_iter().flatten().map(|f| text(f, "jsonPath")).collect();
    let scale = version.pointer("/subresources/scale").filter(|s| s.is_object()).map(|scale| ScalePaths {
        spec_replicas: text(scale, "specReplicasPath"),
        status_replicas: text(scale, "statusReplicasPath"),
        selector: scale.get("labelSelectorPath").and_then(Value::as_str).map(str::to_owned),
    });
    let deprecation = (version.get("deprecated").and_then(Value::as_bool) == Some(true)).then(|| {
        let written = version.get("deprecationWarning").and_then(Value::as_str);
        written.map_or_else(|| format!("{group}/{name} {kind} is deprecated"), str::to_owned)
    });
    let root = shapes.roots.get(&format!("{group}/{name}")).copied().unwrap_or(TypeId::ANY);
    let (rules, rule_errors) = Rules::compile(&shapes.types, root);
    CustomVersion {
        uid: crd.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned(),
        types: shapes.types.clone(),
        root,
        rules: Arc::new(rules),
        rule_errors,
        roots: shapes.roots.clone(),
        storage: shapes.storage.clone(),
        reads_as_stored: shapes.reads_as_stored,
        schema,
        columns: columns.collect(),
        selectable_fields,
        scale,
        deprecation,
        webhook: Webhook::of(crd),
        first_stored: shapes.first_stored.clone(),
        retired: shapes.retired.clone(),
    }
}

/// Kubernetes' version priority: v2, v1, v1beta2, v1beta1, v1alpha1, then other names by alphabet.
pub fn version_order(a: &str, b: &str) -> Ordering {
    match (rank(a), rank(b)) {
        (Some(a), Some(b)) => b.cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

/// (stability, major, minor), higher is preferred.
fn rank(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let major = rest[..digits].parse().ok()?;
    let tail = &rest[digits..];
    if tail.is_empty() {
        return Some((3, major, 0));
    }
    let (stability, minor) = match (tail.strip_prefix("beta"), tail.strip_prefix("alpha")) {
        (Some(minor), _) => (2, minor),
        (None, Some(minor)) => (1, minor),
        (None, None) => return None,
    };
    Some((stability, major, minor.parse().ok()?))
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|v| v.as_str().map(str::to_owned)).collect()
}
