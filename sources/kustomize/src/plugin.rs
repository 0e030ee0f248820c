//! Built-in generators and transformers that are given as resources. No other plugin is ever run.
use crate::build::Builder;
use crate::chart;
use crate::fieldspec::FieldSpec;
use crate::generate::{Generated, generate as make};
use crate::kustomization::{GeneratorArgs, Image, Patch, ReplacementField, Replica, Selector};
use crate::node::Node;
use crate::objects::Objects;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::scalar::Scalar;
use crate::target::Target;
use crate::transform::namespace::{Namespace, Subjects};
use crate::transform::{image, labels, name, patch, replica};
use mainstay_diagnostic::Diagnostics;
use mainstay_diagnostic::codes::kustomize as codes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

const BUILTIN: &str = "builtin";

/// What a generator's configuration makes.
pub(crate) fn generate(
    builder: &Builder<'_>,
    target: &Target,
    config: &Resource,
    pointer: &str,
) -> Result<Vec<Resource>, Diagnostics> {
    let fault = |p: Problem| target.fault(p, pointer);
    let kind = match (config.api_version(), config.kind()) {
        (BUILTIN, "ConfigMapGenerator") => Generated::ConfigMap,
        (BUILTIN, "SecretGenerator") => Generated::Secret,
        (BUILTIN, "IAMPolicyGenerator") => return account(config).map(|made| vec![made]).map_err(fault),
        (BUILTIN, "HelmChartInflationGenerator") => {
            let chart: chart::Configured = read(config).map_err(fault)?;
            return chart.inflate(builder, target, pointer);
        }
        _ => return Err(fault(unknown(config))),
    };
    let mut args: GeneratorArgs = read(config).map_err(fault)?;
    if args.name.is_empty() {
        args.name = config.name().to_owned();
    }
    if args.namespace.is_empty() {
        args.namespace = config.namespace().to_owned();
    }
    let options = args.options.clone();
    let origin = config.origin.clone();
    let made = make(builder.loader, &target.folder, &args, options.as_ref(), kind, origin).map_err(fault)?;
    Ok(vec![made])
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Account {
    cloud: String,
    kubernetes_service: AccountName,
    service_account: AccountName,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AccountName {
    name: String,
    namespace: String,
    project_id: String,
}

/// A service account that acts as one of a cloud.
fn account(config: &Resource) -> Result<Resource, Problem> {
    let account: Account = read(config)?;
    if account.cloud != "gke" {
        let message =
            format!("the IAMPolicyGenerator {} is for the cloud {:?}", config.name(), account.cloud);
        return Err(Problem::new(&codes::INVALID, message).hint("cloud can only be gke"));
    }
    let (outside, inside) = (&account.service_account, &account.kubernetes_service);
    let principal = format!("{}@{}.iam.gserviceaccount.com", outside.name, outside.project_id);
    let text = |value: &str| Node::untyped(value);
    let map = |entries: Vec<(&str, Node)>| {
        Node::map(entries.into_iter().map(|(key, value)| (Scalar::untyped(key), value)).collect())
    };
    let mut metadata = vec![
        ("annotations", map(vec![("iam.gke.io/gcp-service-account", text(&principal))])),
        ("name", text(&inside.name)),
    ];
    if !inside.namespace.is_empty() {
        metadata.push(("namespace", text(&inside.namespace)));
    }
    let node =
        map(vec![("apiVersion", text("v1")), ("kind", text("ServiceAccount")), ("metadata", map(metadata))]);
    Ok(Resource::new(node, config.origin.clone()))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Settings {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    field_specs: Option<Vec<FieldSpec>>,
    prefix: String,
    suffix: String,
    image_tag: Image,
    replica: Replica,
    replacements: Vec<ReplacementField>,
    paths: Vec<String>,
    path: String,
    json_op: String,
    target: Option<Selector>,
    unset_only: bool,
    set_role_binding_subjects: String,
}

pub(crate) fn transform(
    builder: &Builder<'_>,
    target: &Target,
    objects: &mut Objects,
    config: &Resource,
    pointer: &str,
) -> Result<(), Diagnostics> {
    let fault = |p: Problem| target.fault(p, pointer);
    if config.api_version() != BUILTIN {
        return Err(fault(unknown(config)));
    }
    if config.kind() == "PatchTransformer" {
        let entry: Patch = read(config).map_err(fault)?;
        return builder.patch(target, objects, &entry, pointer);
    }
    let kind = config.kind();
    let settings: Settings = match kind {
        "PatchStrategicMergeTransformer" => {
            let mut value: Value = read(config).map_err(fault)?;
            // `patches` is text here, and of no interest to the others.
            if let Some(text) = value.get("patches").and_then(Value::as_str).map(Value::from)
                && let Some(map) = value.as_object_mut()
            {
                let paths = map.entry("paths").or_insert_with(|| Value::Array(Vec::new()));
                paths.as_array_mut().into_iter().for_each(|paths| paths.push(text.clone()));
            }
            serde_json::from_value(value).map_err(|e| fault(unfit(config, &e)))?
        }
        _ => read(config).map_err(fault)?,
    };
    let specs = settings.field_specs.as_deref();
    match kind {
        "LabelTransformer" => {
            labels::set_entries(objects, &settings.labels, specs.unwrap_or_default()).map_err(fault)
        }
        "AnnotationsTransformer" => {
            labels::set_entries(objects, &settings.annotations, specs.unwrap_or_default()).map_err(fault)
        }
        "NamespaceTransformer" => {
            let subjects = match settings.set_role_binding_subjects.as_str() {
                "" | "defaultOnly" => Subjects::Default,
                "allServiceAccounts" => Subjects::ServiceAccounts,
                "none" => Subjects::None,
                other => {
                    let message = format!("setRoleBindingSubjects can't be {other:?}");
                    return Err(fault(Problem::new(&codes::INVALID, message)));
                }
            };
            let namespace = config.namespace();
            let specs = specs.unwrap_or_default();
            Namespace { namespace, specs, unset_only: settings.unset_only, subjects }
                .transform(objects)
                .map_err(fault)
        }
        "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => {
            let Some(specs) = specs else {
                let message = format!("a {kind} needs fieldSpecs");
                return Err(fault(Problem::new(&codes::INVALID, message)));
            };
            if kind != "SuffixTransformer" {
                name::affix(objects, &settings.prefix, name::Affix::Prefix, specs).map_err(fault)?;
            }
            if kind != "PrefixTransformer" {
                name::affix(objects, &settings.suffix, name::Affix::Suffix, specs).map_err(fault)?;
            }
            Ok(())
        }
        "ImageTagTransformer" => {
            image::set_image(objects, &settings.image_tag, specs.unwrap_or_default()).map_err(fault)
        }
        "ReplicaCountTransformer" => {
            replica::set_replicas(objects, &settings.replica, specs.unwrap_or_default()).map_err(fault)
        }
        "ReplacementTransformer" => {
            settings.replacements.iter().try_for_each(|r| builder.replacement(target, objects, r, pointer))
        }
        "PatchJson6902Transformer" => {
            let entry = Patch {
                path: settings.path,
                patch: settings.json_op,
                target: settings.target,
                options: BTreeMap::new(),
            };
            builder.json_patch(target, objects, &entry, pointer)
        }
        "PatchStrategicMergeTransformer" => {
            for entry in &settings.paths {
                let inline = crate::document::inline(entry, &config.origin, &builder.loader.limits);
                let patches = match inline {
                    Some(patches) => patches,
                    None => builder.documents(target, entry, pointer)?,
                };
                patches
                    .iter()
                    .try_for_each(|p| patch::merge_legacy(objects, p, &builder.schema.table()))
                    .map_err(fault)?;
            }
            Ok(())
        }
        "HashTransformer" => name::add_hashes(objects).map_err(fault),
        _ => Err(fault(unknown(config))),
    }
}

fn read<T: DeserializeOwned>(config: &Resource) -> Result<T, Problem> {
    let value = config.node.to_value().map_err(|e| Problem::new(&codes::NOT_AN_OBJECT, e.to_string()))?;
    serde_json::from_value(value).map_err(|e| unfit(config, &e))
}

fn unfit(config: &Resource, error: &serde_json::Error) -> Problem {
    Problem::new(&codes::INVALID, format!("the {} {} is invalid: {error}", config.kind(), config.name()))
}

fn unknown(config: &Resource) -> Problem {
    let message = format!("the plugin {} ({}) is not supported", config.kind(), config.api_version());
    Problem::new(&codes::UNSUPPORTED, message).hint("only built-in plugins are, and of those not all")
}
