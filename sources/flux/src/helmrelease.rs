use crate::fields::Fields;
use crate::kind::HELM;
use crate::kustomization::{
    counterpart, dependencies, drift_ignore, health_exprs, reference, service_account, target,
};
use crate::read::Place;
use crate::shape::Problem;
use mainstay_diagnostic::codes;
use mainstay_object::{Map, Object, Value};
use mainstay_unit::{
    DeletionPolicy, Dialect, DriftMode, Gate, Role, Source, SourceId, Timing, Unit, UnitId, ValuesSource,
    Variables,
};
use std::time::Duration;

pub(crate) fn read(object: &Object, place: &dyn Place, problems: &mut Vec<Problem>) -> Unit {
    let spec = Fields(object.value()).at("spec");
    let namespace = object.namespace();
    conflicts(spec, problems);
    crate::expression::check(spec, problems);
    let target = target(spec, namespace, problems);
    let interval = spec.duration("interval").unwrap_or(Timing::default().interval);
    let drift = spec.at("driftDetection");
    Unit {
        id: UnitId::new("helmrelease", namespace, object.name(), target.name()),
        role: Role::Module,
        dialect: Dialect::Flux,
        declared_at: place.location(""),
        target,
        source: chart(spec, namespace),
        depends_on: dependencies("helmrelease", spec, namespace, place),
        health_checks: health_exprs(spec).collect(),
        gate: gate(spec),
        // Helm deletes what a new release no longer holds, and everything when the release goes.
        prune: true,
        timing: Timing {
            interval,
            retry_interval: interval,
            timeout: spec.duration("timeout").unwrap_or(Duration::from_secs(300)),
        },
        force: spec.at("upgrade").flag("force"),
        suspend: spec.flag("suspend"),
        service_account: service_account(spec, namespace),
        deletion_policy: DeletionPolicy::Delete,
        drift: match drift.text("mode") {
            Some("enabled") => DriftMode::Correct,
            Some("warn") => DriftMode::Warn,
            Some(_) | None => DriftMode::Ignore,
        },
        drift_ignore: drift_ignore(drift.list("ignore"), "/spec/driftDetection/ignore", problems),
        variables: Variables::default(),
        counterpart: counterpart(HELM, "HelmRelease", "helmreleases", object),
    }
}

fn conflicts(spec: Fields<'_>, problems: &mut Vec<Problem>) {
    let (chart, reference) = (spec.at("chart").is_set(), spec.at("chartRef").is_set());
    if !chart && !reference {
        problems.push(
            Problem::new(&codes::flux::MISSING_FIELD, "/spec", "required field spec.chart is missing")
                .hint("set spec.chart, or spec.chartRef"),
        );
    }
    if chart && reference {
        problems.push(Problem::new(
            &codes::flux::VALUE,
            "/spec/chartRef",
            "spec.chart and spec.chartRef exclude each other",
        ));
    }
    let retry = |action: &str| {
        let strategy = spec.at(action).at("strategy");
        strategy.text("name") == Some("RemediateOnFailure") && strategy.at("retryInterval").is_set()
    };
    for action in ["install", "upgrade"].into_iter().filter(|action| retry(action)) {
        problems.push(Problem::new(
            &codes::flux::VALUE,
            &format!("/spec/{action}/strategy/retryInterval"),
            format!("spec.{action}.strategy.retryInterval needs the strategy RetryOnFailure"),
        ));
    }
    let values = spec.at("values");
    if values.is_set() && !values.0.is_object() {
        problems.push(crate::shape::wrong("/spec/values", "expected a map"));
    }
}

fn chart(spec: Fields<'_>, namespace: &str) -> Source {
    let template = spec.at("chart").at("spec");
    let (chart_source, name) = if template.is_set() {
        (template.at("sourceRef"), template.text("chart").unwrap_or_default())
    } else {
        let reference = spec.at("chartRef");
        (reference, reference.text("name").unwrap_or_default())
    };
    let source = chart_source.text("name").map(|name| SourceId::Named {
        kind: chart_source.text("kind").unwrap_or_default().to_owned(),
        namespace: chart_source.text("namespace").unwrap_or(namespace).to_owned(),
        name: name.to_owned(),
    });
    let version = if template.is_set() { template.text("version").unwrap_or("*") } else { "" };
    let values_from = spec
        .list("valuesFrom")
        .filter_map(|(_, item)| {
            Some(ValuesSource {
                reference: reference(item, namespace)?,
                key: item.text("valuesKey").unwrap_or("values.yaml").to_owned(),
                target_path: item.owned("targetPath"),
                optional: item.flag("optional"),
                literal: item.flag("literal"),
            })
        })
        .collect();
    Source::Chart {
        chart: name.to_owned(),
        version: version.to_owned(),
        source,
        values: spec.map("values").cloned().map_or(Value::Object(Map::new()), Value::Object),
        values_from,
        release: Box::new(spec.0.clone()),
    }
}

/// Helm waits for its objects unless it is told not to.
fn gate(spec: Fields<'_>) -> Gate {
    let skips = |action: &str| spec.at(action).flag("disableWait");
    if skips("install") && skips("upgrade") { Gate::Applied } else { Gate::Healthy }
}
