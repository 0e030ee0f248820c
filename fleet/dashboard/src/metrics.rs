use crate::Shown;
use crate::api::error;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_status::View;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the runtime counts. Cheap to clone; all clones count together. Labels are words of the program, never names
/// from a repository, so that their number is bounded.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    version: &'static str,
    started: f64,
    actions: Mutex<BTreeMap<&'static str, u64>>,
    requests: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    readings: Mutex<BTreeMap<&'static str, u64>>,
    gate_to_first_request: Histogram,
    apply: Histogram,
    reading: Histogram,
}

impl Metrics {
    pub fn new(version: &'static str) -> Self {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64());
        Self(Arc::new(Counted {
            version,
            started,
            actions: Mutex::default(),
            requests: Mutex::default(),
            readings: Mutex::default(),
            gate_to_first_request: Histogram::new([
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
            ]),
            apply: Histogram::new([
                0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
            ]),
            reading: Histogram::new([0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]),
        }))
    }

    /// An action of the state machine was carried out: `apply`, `delete`, `look`, ...
    pub fn action(&self, kind: &'static str) {
        add(&self.0.actions, kind);
    }

    /// A request to an API server was answered: `apply` and `ok`, `conflict`, `invalid`, `unavailable`, ...
    pub fn request(&self, verb: &'static str, outcome: &'static str) {
        add(&self.0.requests, (verb, outcome));
    }

    /// A revision was read, or could not be.
    pub fn read(&self, took: Duration, succeeded: bool) {
        self.0.reading.observe(took.as_secs_f64());
        add(&self.0.readings, if succeeded { "ok" } else { "failed" });
    }

    /// From the watch event that opened a gate to a dependent's first request.
    pub fn gate_to_first_request(&self, took: Duration) {
        self.0.gate_to_first_request.observe(took.as_secs_f64());
    }

    /// From an apply's first request to its last answer.
    pub fn applied(&self, took: Duration) {
        self.0.apply.observe(took.as_secs_f64());
    }
}

fn add<K: Ord>(counts: &Mutex<BTreeMap<K, u64>>, key: K) {
    // A count is whole whatever happened to another thread while it held the lock.
    *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
}

fn copy<K: Ord + Clone>(counts: &Mutex<BTreeMap<K, u64>>) -> BTreeMap<K, u64> {
    counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

pub(crate) async fn metrics(State(shown): State<Shown>) -> Response {
    match text(&shown.view(), &shown.metrics) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(fmt::Error) => error(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written"),
    }
}

fn text(view: &Arc<View>, metrics: &Metrics) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("mainstay");
    registry.register_collector(Box::new(Sorted { view: view.clone(), counted: metrics.0.clone() }));
    let counted = &metrics.0;
    let mut histogram = |name: &str, help: &str, histogram: &Histogram| {
        registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
    };
    histogram(
        "gate_to_first_request",
        "From the event that opened a gate to the first request of a dependent",
        &counted.gate_to_first_request,
    );
    histogram("apply_duration", "From a unit's first request to its last answer", &counted.apply);
    histogram("read_duration", "Reading and rendering one revision", &counted.reading);
    let mut out = String::new();
    encode_registry(&mut out, &registry)?;
    encode_eof(&mut out)?;
    Ok(out)
}

/// Everything with labels, in the order of its labels: equal states give equal bytes.
#[derive(Debug)]
struct Sorted {
    view: Arc<View>,
    counted: Arc<Counted>,
}

impl Collector for Sorted {
    fn encode(&self, mut out: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let view = &*self.view;
        let mut units: BTreeMap<(String, String), i64> = BTreeMap::new();
        for unit in &view.units {
            *units.entry((unit.phase.clone(), unit.health.to_string())).or_default() += 1;
        }
        let units = units.into_iter().map(|((phase, health), n)| ([("phase", phase), ("health", health)], n));
        gauges(&mut out, "units", "Units by phase and health", units)?;
        let count = |matches: fn(&mainstay_status::UnitView) -> bool| {
            i64::try_from(view.units.iter().filter(|u| matches(u)).count()).unwrap_or(i64::MAX)
        };
        gauge(&mut out, "units_ready", "Units that are ready", count(|u| u.phase == "Ready"))?;
        gauge(
            &mut out,
            "units_held",
            "Units with a removal that waits for an approval",
            count(|u| u.held.is_some()),
        )?;
        gauge(&mut out, "units_suspended", "Suspended units", count(|u| u.suspended))?;
        gauge(
            &mut out,
            "units_simulated",
            "Units made ready by a simulated controller",
            count(|u| u.simulated),
        )?;
        let objects = view.units.iter().map(|u| u.objects).sum::<usize>();
        gauge(&mut out, "objects", "Objects that units own", i64::try_from(objects).unwrap_or(i64::MAX))?;
        gauge(
            &mut out,
            "ready",
            "The first reading is complete and the management cluster answers",
            view.ready.into(),
        )?;
        gauge(&mut out, "observing", "Nothing is written", view.observing.into())?;
        gauge(
            &mut out,
            "read_failing",
            "The newest revision could not be read",
            view.read_failure.is_some().into(),
        )?;
        let mut problems: BTreeMap<&str, i64> = BTreeMap::new();
        for problem in &view.problems {
            *problems.entry(&problem.severity).or_default() += 1;
        }
        let problems = problems.into_iter().map(|(severity, n)| ([("severity", severity)], n));
        gauges(&mut out, "problems", "Problems of the newest revision", problems)?;
        let revision = [([("revision", view.revision.as_str())], 1)];
        gauges(&mut out, "revision_info", "The newest revision that was read", revision.into_iter())?;
        let build = [([("version", self.counted.version)], 1)];
        gauges(&mut out, "build_info", "The version of Mainstay", build.into_iter())?;
        out.encode_descriptor(
            "process_start_time",
            "Seconds since the Unix epoch",
            Some(&Unit::Seconds),
            MetricType::Gauge,
        )
        .and_then(|metric| ConstGauge::new(self.counted.started).encode(metric))?;
        let actions = copy(&self.counted.actions).into_iter().map(|(kind, n)| ([("kind", kind)], n));
        counters(&mut out, "actions", "Actions of the state machine that were carried out", actions)?;
        let requests = copy(&self.counted.requests)
            .into_iter()
            .map(|((verb, outcome), n)| ([("verb", verb), ("outcome", outcome)], n));
        counters(&mut out, "requests", "Answered requests to API servers", requests)?;
        let readings =
            copy(&self.counted.readings).into_iter().map(|(outcome, n)| ([("outcome", outcome)], n));
        counters(&mut out, "readings", "Revisions that were read", readings)
    }
}

fn gauge(out: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> Result<(), fmt::Error> {
    ConstGauge::new(value).encode(out.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn gauges<L: EncodeLabelSet>(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (L, i64)>,
) -> Result<(), fmt::Error> {
    let metric = out.encode_descriptor(name, help, None, MetricType::Gauge)?;
    family(metric, values.map(|(labels, n)| (labels, ConstGauge::new(n))))
}

fn counters<L: EncodeLabelSet>(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (L, u64)>,
) -> Result<(), fmt::Error> {
    let metric = out.encode_descriptor(name, help, None, MetricType::Counter)?;
    family(metric, values.map(|(labels, n)| (labels, ConstCounter::new(n))))
}

fn family<L: EncodeLabelSet, M: EncodeMetric>(
    mut metric: MetricEncoder<'_>,
    values: impl Iterator<Item = (L, M)>,
) -> Result<(), fmt::Error> {
    for (labels, value) in values {
        value.encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}
