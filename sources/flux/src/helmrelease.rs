use crate::fields::Fields;
use crate::kind::HELM;
use crate::kustomization::{counterpart, dependencies, drift_ignore, health_exprs, service_account, target};
use crate::read::Place;
use crate::shape::Problem;
use mainstay_diagnostic::codes;
use mainstay_object::Object;
use mainstay_unit::{
    DeletionPolicy, Dialect, DriftMode, Gate, Role, Source, Timing, Unit, UnitId, Variables,
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
    let chart = crate::chart::read(spec, object, place, problems);
    Unit {
        id: UnitId::new("helmrelease", namespace, object.name(), target.name()),
        role: Role::Module,
        dialect: Dialect::Flux,
        declared_at: place.location(""),
        target,
        source: Source::Chart(Box::new(chart)),
        depends_on: dependencies("helmrelease", spec, namespace, place),
        health_checks: health_exprs(spec).collect(),
        gate: gate(spec),
        // Helm deletes what a new release no longer holds, and everything when the release goes.
        prune: true,
        timing: Timing {
            interval,
            retry_interval: retry_interval(spec).unwrap_or(interval),
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
    let mut unsupported = |pointer: &str, hint: &str| {
        let message = format!("{}: this value is not supported yet", mainstay_diagnostic::dotted(pointer));
        problems.push(Problem::new(&codes::flux::UNSUPPORTED_FIELD, pointer, message).hint(hint));
    };
    if spec.at("upgrade").flag("preserveValues") {
        unsupported("/spec/upgrade/preserveValues", "write the values to Git: what is there decides alone");
    }
    if spec.at("uninstall").text("deletionPropagation") == Some("orphan") {
        unsupported(
            "/spec/uninstall/deletionPropagation",
            "annotate what is to stay: helm.sh/resource-policy: keep",
        );
    }
    if spec.at("upgrade").at("remediation").text("strategy") == Some("uninstall") {
        let pointer = "/spec/upgrade/remediation/strategy";
        let message = format!("field {} has no effect", mainstay_diagnostic::dotted(pointer));
        problems.push(
            Problem::new(&codes::flux::NO_EFFECT, pointer, message)
                .hint("nothing is uninstalled because it failed; the strategy rollback goes back"),
        );
    }
    strategy(spec.at("chart").at("spec"), "/spec/chart/spec", problems);
    let values = spec.at("values");
    if values.is_set() && !values.0.is_object() {
        problems.push(crate::shape::wrong("/spec/values", "expected a map"));
    }
}

/// Of the strategy RetryOnFailure; the shorter where two are given.
fn retry_interval(spec: Fields<'_>) -> Option<Duration> {
    let strategies = ["install", "upgrade"].map(|action| spec.at(action).at("strategy"));
    strategies.into_iter().filter_map(|strategy| strategy.duration("retryInterval")).min()
}

/// Helm waits for its objects unless it is told not to.
fn gate(spec: Fields<'_>) -> Gate {
    let skips = |action: &str| spec.at(action).flag("disableWait");
    if skips("install") && skips("upgrade") { Gate::Applied } else { Gate::Healthy }
}

/// Of a chart that lies in a repository, source-controller packs a new one where its version is another.
pub(crate) fn strategy(chart: Fields<'_>, above: &str, problems: &mut Vec<Problem>) {
    let in_tree = matches!(chart.at("sourceRef").text("kind"), Some("GitRepository" | "Bucket"));
    if in_tree && chart.text("reconcileStrategy") == Some("ChartVersion") {
        let pointer = format!("{above}/reconcileStrategy");
        let message = format!("field {} has no effect", mainstay_diagnostic::dotted(&pointer));
        problems.push(
            Problem::new(&codes::flux::NO_EFFECT, &pointer, message)
                .hint("a chart in a repository is followed, whatever its version says"),
        );
    }
}
