//! What a HelmRelease says of its chart and of the release, as helm-controller reads it.
use crate::fields::Fields;
use crate::kustomization::reference;
use crate::legacy;
use crate::read::Place;
use crate::shape::Problem;
use crate::source::verification;
use mainstay_diagnostic::codes;
use mainstay_object::{Digest, Map, Object, Value};
use mainstay_unit::{Chart, Crds, Moment, ReleaseOptions, Renderer, SourceId, ValuesSource};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn read(
    spec: Fields<'_>,
    object: &Object,
    place: &dyn Place,
    problems: &mut Vec<Problem>,
) -> Chart {
    let namespace = object.namespace();
    let template = spec.at("chart").at("spec");
    let (source, chart) = if template.is_set() {
        (template.at("sourceRef"), template.text("chart").unwrap_or_default())
    } else {
        (spec.at("chartRef"), "")
    };
    let values_from = spec.list("valuesFrom").filter_map(|(_, item)| {
        Some(ValuesSource {
            reference: reference(item, namespace)?,
            key: item.text("valuesKey").unwrap_or("values.yaml").to_owned(),
            target_path: item.owned("targetPath"),
            optional: item.flag("optional"),
            literal: item.flag("literal"),
        })
    });
    // helm-controller makes the HelmChart beside the source, and its Secret lies there.
    let beside = source.text("namespace").unwrap_or(namespace);
    Chart {
        verify: verification(template, beside, "/spec/chart/spec", problems),
        chart: chart.to_owned(),
        version: template.text("version").unwrap_or("*").to_owned(),
        source: SourceId::Named {
            kind: source.text("kind").unwrap_or_default().to_owned(),
            namespace: source.text("namespace").unwrap_or(namespace).to_owned(),
            name: source.text("name").unwrap_or_default().to_owned(),
        },
        values_files: values_files(template),
        ignore_missing_values_files: template.flag("ignoreMissingValuesFiles"),
        values_from: values_from.collect(),
        values: spec.map("values").cloned().map_or(Value::Object(Map::new()), Value::Object),
        variables: BTreeMap::new(),
        renderer: renderer(object, place, problems),
        release: release(spec, object),
    }
}

/// A HelmRelease has no field for it.
const RENDERER: &str = "mainstay.dev/renderer";

fn renderer(object: &Object, place: &dyn Place, problems: &mut Vec<Problem>) -> Renderer {
    let pointer = format!("/metadata/annotations/{}", RENDERER.replace('/', "~1"));
    match object.annotation(RENDERER) {
        None | Some("native") => Renderer::Native,
        Some("exec") => Renderer::Exec { at: place.location(&pointer) },
        Some(_) => {
            let message = format!("{RENDERER}: expected native or exec");
            problems.push(Problem::new(&codes::flux::VALUE, &pointer, message));
            Renderer::Native
        }
    }
}

/// `valuesFile`, of older versions, comes last.
pub(crate) fn values_files(chart: Fields<'_>) -> Vec<String> {
    let mut files = chart.strings("valuesFiles");
    files.extend(chart.owned("valuesFile"));
    files
}

fn release(spec: Fields<'_>, object: &Object) -> ReleaseOptions {
    let (install, upgrade) = (spec.at("install"), spec.at("upgrade"));
    let target = spec.text("targetNamespace");
    let name = match (spec.text("releaseName"), target) {
        (Some(name), _) => name.to_owned(),
        (None, Some(target)) => format!("{target}-{}", object.name()),
        (None, None) => object.name().to_owned(),
    };
    let both = |field: &str| install.flag(field) && upgrade.flag(field);
    let common = spec.at("commonMetadata");
    let post = spec.list("postRenderers").filter_map(|(_, renderer)| {
        let kustomize = renderer.at("kustomize");
        kustomize.is_set().then(|| post(kustomize))
    });
    ReleaseOptions {
        storage_namespace: spec.text("storageNamespace").unwrap_or(object.namespace()).to_owned(),
        history: spec
            .0
            .get("maxHistory")
            .and_then(Value::as_u64)
            .map_or(5, |most| usize::try_from(most).unwrap_or(0)),
        // Without a target namespace helm-controller does not make one either.
        create_namespace: target.is_some() && install.flag("createNamespace"),
        crds: crds(install, upgrade),
        rollback: rolls_back(upgrade),
        disabled_hooks: disabled_hooks(spec),
        disable_schema: both("disableSchemaValidation"),
        post_hooks: spec.text("postRenderStrategy") != Some("nohooks"),
        post: post.collect(),
        labels: common.texts("labels"),
        annotations: common.texts("annotations"),
        ..ReleaseOptions::new(shortened(name), target.unwrap_or(object.namespace()))
    }
}

fn post(kustomize: Fields<'_>) -> Map<String, Value> {
    let images: Vec<Value> = kustomize.list("images").map(|(_, image)| image.0.clone()).collect();
    let lists = [("patches", legacy::patches(kustomize)), ("images", images)];
    lists
        .into_iter()
        .filter(|(_, items)| !items.is_empty())
        .map(|(name, items)| (name.to_owned(), items.into()))
        .collect()
}

fn disabled_hooks(spec: Fields<'_>) -> BTreeSet<Moment> {
    let moments = [
        ("install", [Moment::PreInstall, Moment::PostInstall]),
        ("upgrade", [Moment::PreUpgrade, Moment::PostUpgrade]),
        ("rollback", [Moment::PreRollback, Moment::PostRollback]),
        ("uninstall", [Moment::PreDelete, Moment::PostDelete]),
    ];
    moments
        .into_iter()
        .filter(|(action, _)| spec.at(action).flag("disableHooks"))
        .flat_map(|(_, m)| m)
        .collect()
}

/// Whether an upgrade that failed for the last time is rolled back: by default where there are retries at all
/// (`MustRemediateLastFailure` of helm-controller). Nothing is ever uninstalled instead.
fn rolls_back(upgrade: Fields<'_>) -> bool {
    let remediation = upgrade.at("remediation");
    let retries = remediation.0.get("retries").and_then(Value::as_i64).unwrap_or(0) != 0;
    let last = remediation.0.get("remediateLastFailure").and_then(Value::as_bool);
    upgrade.at("strategy").text("name") != Some("RetryOnFailure")
        && remediation.text("strategy") != Some("uninstall")
        && last.unwrap_or(retries)
}

/// There is no telling an installation from an upgrade: whichever of the two does more counts, unless it was the
/// default's doing.
fn crds(install: Fields<'_>, upgrade: Fields<'_>) -> Crds {
    let policy = |action: Fields<'_>| match action.text("crds") {
        Some("Skip") => Some(Crds::Skip),
        Some("CreateReplace") => Some(Crds::CreateReplace),
        Some(_) => Some(Crds::Create),
        None => action.flag("skipCRDs").then_some(Crds::Skip),
    };
    match (policy(install), policy(upgrade)) {
        (_, Some(Crds::CreateReplace)) | (Some(Crds::CreateReplace), None) => Crds::CreateReplace,
        (Some(Crds::Skip), None | Some(Crds::Skip)) => Crds::Skip,
        (
            None | Some(Crds::Create | Crds::CreateReplace | Crds::Skip),
            None | Some(Crds::Create | Crds::Skip),
        ) => Crds::Create,
    }
}

/// Helm's limit, kept as helm-controller keeps it: the end is replaced by a digest of the whole.
fn shortened(name: String) -> String {
    const MOST: usize = 53;
    if name.len() <= MOST {
        return name;
    }
    let digest = Digest::of_bytes(name.as_bytes()).short();
    let start: String = name.chars().take(MOST - digest.len() - 1).collect();
    format!("{start}-{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_shortened_as_helm_controller_shortens_it() {
        // The case of helm-controller's own test.
        let long = "some-front-appended-namespace-release-with-a-name-that-is-too-long".to_owned();
        let short = shortened(long);
        assert_eq!(short.len(), 53);
        assert!(short.starts_with("some-front-appended-namespace-release-wi-"), "{short}");
        assert_eq!(shortened("x".repeat(53)), "x".repeat(53));
    }
}
