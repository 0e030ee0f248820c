//! The fields that a kustomization may have, and their types. Checking yields JSON in which names are written as
//! kustomize writes them (it reads them in any case), and every unknown or mistyped field as a diagnostic.
use crate::problem::Problem;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_yaml::{Node, NodeValue};
use serde_json::{Map, Value};

#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Text,
    Bool,
    Int,
    /// A map from text to text, or to booleans.
    TextMap,
    BoolMap,
    List(&'static Shape),
    Fields(&'static [(&'static str, Shape)]),
    /// A map of anything.
    Map,
}

const TEXTS: Shape = Shape::List(&Shape::Text);
const GVK: [(&str, Shape); 3] = [("group", Shape::Text), ("version", Shape::Text), ("kind", Shape::Text)];
const FIELD_SPEC: Shape =
    Shape::Fields(&[GVK[0], GVK[1], GVK[2], ("path", Shape::Text), ("create", Shape::Bool)]);
const SELECTOR: Shape = Shape::Fields(&[
    GVK[0],
    GVK[1],
    GVK[2],
    ("name", Shape::Text),
    ("namespace", Shape::Text),
    ("annotationSelector", Shape::Text),
    ("labelSelector", Shape::Text),
]);
const PATCH: Shape = Shape::Fields(&[
    ("path", Shape::Text),
    ("patch", Shape::Text),
    ("target", SELECTOR),
    ("options", Shape::BoolMap),
]);
const IMAGE: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("newName", Shape::Text),
    ("tagSuffix", Shape::Text),
    ("newTag", Shape::Text),
    ("digest", Shape::Text),
]);
const FIELD_OPTIONS: Shape = Shape::Fields(&[
    ("delimiter", Shape::Text),
    ("index", Shape::Int),
    ("encoding", Shape::Text),
    ("create", Shape::Bool),
]);
const SOURCE: Shape = Shape::Fields(&[
    GVK[0],
    GVK[1],
    GVK[2],
    ("name", Shape::Text),
    ("namespace", Shape::Text),
    ("fieldPath", Shape::Text),
    ("options", FIELD_OPTIONS),
]);
const TARGET: Shape = Shape::Fields(&[
    ("select", SELECTOR),
    ("reject", Shape::List(&SELECTOR)),
    ("fieldPaths", TEXTS),
    ("options", FIELD_OPTIONS),
]);
const REPLACEMENT: Shape =
    Shape::Fields(&[("source", SOURCE), ("targets", Shape::List(&TARGET)), ("path", Shape::Text)]);
const OPTIONS: Shape = Shape::Fields(&[
    ("labels", Shape::TextMap),
    ("annotations", Shape::TextMap),
    ("disableNameSuffixHash", Shape::Bool),
    ("immutable", Shape::Bool),
]);
const CONFIG_MAP: Shape = Shape::Fields(&GENERATOR);
const GENERATOR: [(&str, Shape); 8] = [
    ("namespace", Shape::Text),
    ("name", Shape::Text),
    ("behavior", Shape::Text),
    ("literals", TEXTS),
    ("files", TEXTS),
    ("envs", TEXTS),
    ("env", Shape::Text),
    ("options", OPTIONS),
];
const SECRET: Shape = Shape::Fields(&[
    GENERATOR[0],
    GENERATOR[1],
    GENERATOR[2],
    GENERATOR[3],
    GENERATOR[4],
    GENERATOR[5],
    GENERATOR[6],
    GENERATOR[7],
    ("type", Shape::Text),
]);
const LABEL: Shape = Shape::Fields(&[
    ("pairs", Shape::TextMap),
    ("includeSelectors", Shape::Bool),
    ("includeTemplates", Shape::Bool),
    ("fields", Shape::List(&FIELD_SPEC)),
]);
const VAR: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    (
        "objref",
        Shape::Fields(&[
            ("apiVersion", Shape::Text),
            GVK[0],
            GVK[1],
            GVK[2],
            ("name", Shape::Text),
            ("namespace", Shape::Text),
        ]),
    ),
    ("fieldref", Shape::Fields(&[("fieldPath", Shape::Text)])),
]);
const SORT: Shape = Shape::Fields(&[
    ("order", Shape::Text),
    ("legacySortOptions", Shape::Fields(&[("orderFirst", TEXTS), ("orderLast", TEXTS)])),
]);
const GLOBALS: Shape = Shape::Fields(&[("chartHome", Shape::Text), ("configHome", Shape::Text)]);
const CHART: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("version", Shape::Text),
    ("repo", Shape::Text),
    ("releaseName", Shape::Text),
    ("namespace", Shape::Text),
    ("additionalValuesFiles", TEXTS),
    ("valuesFile", Shape::Text),
    ("valuesInline", Shape::Map),
    ("valuesMerge", Shape::Text),
    ("includeCRDs", Shape::Bool),
    ("skipHooks", Shape::Bool),
    ("apiVersions", TEXTS),
    ("kubeVersion", Shape::Text),
    ("nameTemplate", Shape::Text),
    ("skipTests", Shape::Bool),
    ("debug", Shape::Bool),
]);
const OLD_CHART: Shape = Shape::Fields(&[
    ("chartName", Shape::Text),
    ("chartVersion", Shape::Text),
    ("chartRepoUrl", Shape::Text),
    ("chartHome", Shape::Text),
    ("chartRepoName", Shape::Text),
    ("helmBin", Shape::Text),
    ("helmHome", Shape::Text),
    ("values", Shape::Text),
    ("valuesLocal", Shape::Map),
    ("valuesMerge", Shape::Text),
    ("releaseName", Shape::Text),
    ("releaseNamespace", Shape::Text),
    ("extraArgs", TEXTS),
]);
const METADATA: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("namespace", Shape::Text),
    ("labels", Shape::TextMap),
    ("annotations", Shape::TextMap),
]);

pub(crate) const KUSTOMIZATION: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Text),
    ("kind", Shape::Text),
    ("metadata", METADATA),
    ("openapi", Shape::TextMap),
    ("namePrefix", Shape::Text),
    ("nameSuffix", Shape::Text),
    ("namespace", Shape::Text),
    ("commonLabels", Shape::TextMap),
    ("labels", Shape::List(&LABEL)),
    ("commonAnnotations", Shape::TextMap),
    ("patchesStrategicMerge", TEXTS),
    ("patchesJson6902", Shape::List(&PATCH)),
    ("patches", Shape::List(&PATCH)),
    ("images", Shape::List(&IMAGE)),
    ("imageTags", Shape::List(&IMAGE)),
    ("replacements", Shape::List(&REPLACEMENT)),
    ("replicas", Shape::List(&Shape::Fields(&[("name", Shape::Text), ("count", Shape::Int)]))),
    ("vars", Shape::List(&VAR)),
    ("sortOptions", SORT),
    ("resources", TEXTS),
    ("components", TEXTS),
    ("crds", TEXTS),
    ("bases", TEXTS),
    ("configMapGenerator", Shape::List(&CONFIG_MAP)),
    ("secretGenerator", Shape::List(&SECRET)),
    ("helmGlobals", GLOBALS),
    ("helmCharts", Shape::List(&CHART)),
    ("helmChartInflationGenerator", Shape::List(&OLD_CHART)),
    ("generatorOptions", OPTIONS),
    ("configurations", TEXTS),
    ("generators", TEXTS),
    ("transformers", TEXTS),
    ("validators", TEXTS),
    ("buildMetadata", TEXTS),
]);

/// The node as JSON; what does not fit is left out of it and told in `problems`.
pub(crate) fn check(node: &Node, shape: Shape, path: &str, problems: &mut Vec<Problem>) -> Value {
    if node.is_null() {
        return Value::Null;
    }
    let mut wrong = |wanted: &str| {
        let message = format!("{} must be {wanted}, not a {}", shown(path), node.kind());
        let mut problem = Problem::new(&codes::INVALID, message).at(node.span);
        if matches!(shape, Shape::Text) && node.as_mapping().is_none() && node.as_sequence().is_none() {
            problem = problem.hint("put it in quotes");
        }
        if matches!(shape, Shape::List(_)) && node.as_mapping().is_none() {
            problem = problem.hint("put it in brackets, or on a line of its own behind a dash");
        }
        problems.push(problem);
        Value::Null
    };
    match shape {
        Shape::Map if node.as_mapping().is_none() => wrong("a map"),
        Shape::Map => node.to_json(),
        Shape::Text => node.as_str().map(Value::from).unwrap_or_else(|| wrong("a string")),
        Shape::Bool => node.as_bool().map(Value::from).unwrap_or_else(|| wrong("true or false")),
        Shape::Int => node.as_i64().map(Value::from).unwrap_or_else(|| wrong("an integer")),
        Shape::List(element) => match node.as_sequence() {
            None => wrong("a list"),
            Some(items) => {
                let at = |(i, item): (usize, &Node)| check(item, *element, &format!("{path}[{i}]"), problems);
                // A null in a list is the element's zero value.
                let zero = |value: Value| if value.is_null() { zero(*element) } else { value };
                Value::Array(items.iter().enumerate().map(at).map(zero).collect())
            }
        },
        Shape::TextMap | Shape::BoolMap => match node.as_mapping() {
            None => wrong("a map"),
            Some(entries) => {
                let of = if matches!(shape, Shape::TextMap) { Shape::Text } else { Shape::Bool };
                let mut map = Map::new();
                for (key, value) in entries {
                    let checked = check(value, of, &format!("{path}.{}", key.text), problems);
                    map.insert(key.text.clone(), if checked.is_null() { zero(of) } else { checked });
                }
                Value::Object(map)
            }
        },
        Shape::Fields(fields) => match &node.value {
            NodeValue::Mapping(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let field = fields.iter().find(|(name, _)| *name == key.text);
                    let field =
                        field.or_else(|| fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(&key.text)));
                    let Some((name, shape)) = field else {
                        let message = format!("unknown field {:?} in {}", key.text, shown(path));
                        let mut problem = Problem::new(&codes::UNKNOWN_FIELD, message).at(key.span);
                        if let Some(near) = closest(&key.text, fields.iter().map(|(n, _)| *n)) {
                            problem = problem.hint(format!("did you mean {near:?}?"));
                        }
                        problems.push(problem);
                        continue;
                    };
                    let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
                    let value = check(value, *shape, &path, problems);
                    if !value.is_null() {
                        map.insert((*name).to_owned(), value);
                    }
                }
                Value::Object(map)
            }
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Int(_)
            | NodeValue::Uint(_)
            | NodeValue::Float(_)
            | NodeValue::String(_)
            | NodeValue::Sequence(_) => wrong("a map"),
        },
    }
}

fn zero(shape: Shape) -> Value {
    match shape {
        Shape::Text => Value::from(""),
        Shape::Bool => Value::from(false),
        Shape::Int => Value::from(0),
        Shape::TextMap | Shape::BoolMap | Shape::Map | Shape::Fields(_) => Value::Object(Map::new()),
        Shape::List(_) => Value::Array(Vec::new()),
    }
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "the kustomization" } else { path }
}

/// The candidate that differs least, if it differs little.
pub(crate) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let best = candidates.map(|c| (distance(word, c), c)).min_by_key(|(d, _)| *d)?;
    (best.0 <= (word.chars().count() / 3).max(1)).then_some(best.1)
}

/// Levenshtein's, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().take(200).collect();
    let b: Vec<char> = b.to_lowercase().chars().take(200).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
