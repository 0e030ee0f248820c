//! By which rules objects are judged: those of the platform repository, the same for the whole installation. They are
//! swapped while watches run, and what is judged says by which.

use crate::install::SYSTEM_NAMESPACE;
use crate::inventory;
use mainstay_cluster::{Cluster, ClusterError, Identity};
use mainstay_health::{Limits, Rules};
use mainstay_object::{Digest, ObjectKey, Value};
use mainstay_reconcile::Event;
use mainstay_unit::{HealthRules, RuleFiles};
use serde_json::json;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::mpsc;

/// The rules in force, for whoever judges, and their number.
#[derive(Clone, Default)]
pub(crate) struct Judge(Arc<RwLock<(Arc<Rules>, u64)>>);

impl Judge {
    pub fn rules(&self) -> (Arc<Rules>, u64) {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn swap(&self, rules: Arc<Rules>) -> Event {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let number = held.1 + 1;
        *held = (rules.clone(), number);
        Event::Rules { rules, number }
    }
}

/// Where the rules stand that were whole last: a later run finds them there while the newest are broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRules {
    pub revision: String,
    pub digest: Digest,
}

/// Which rules hold, from one revision to the next.
pub(crate) struct Ruling {
    pub judge: Judge,
    /// Of the rules in force; none while nobody knows which there should be.
    current: Option<Digest>,
    recorded: Option<Digest>,
    keeper: mpsc::UnboundedSender<RecordedRules>,
    /// Why the newest are not in force.
    broken: String,
}

impl Ruling {
    pub fn start(management: Cluster, recorded: Option<&RecordedRules>) -> Self {
        let (keeper, inbox) = mpsc::unbounded_channel();
        mainstay_clock::spawn(keep(management, inbox));
        Self::new(keeper, recorded.map(|recorded| recorded.digest))
    }

    fn new(keeper: mpsc::UnboundedSender<RecordedRules>, recorded: Option<Digest>) -> Self {
        Self { judge: Judge::default(), current: None, recorded, keeper, broken: String::new() }
    }

    /// What a revision says. Where that is not known, what held before holds on.
    pub fn read(&mut self, revision: &str, rules: &HealthRules) -> Option<Event> {
        match rules {
            HealthRules::Known(files) => {
                self.broken.clear();
                let event = self.take(revision, files);
                if self.current == Some(files.digest) {
                    self.record(revision, files);
                }
                event
            }
            HealthRules::Unknown { why } => {
                if self.broken != *why {
                    let held =
                        if self.current.is_some() { "those before hold on" } else { "nothing is healthy" };
                    tracing::warn!(revision, "the health rules can't be read, {held}: {why}");
                    self.broken.clone_from(why);
                }
                let silent = self.current.is_some() || self.judge.rules().0.is_unknown();
                (!silent).then(|| {
                    let why = format!("the health rules of the platform repository can't be read: {why}");
                    self.judge.swap(Arc::new(Rules::unknown(why)))
                })
            }
        }
    }

    /// Puts rules in force. Those of an earlier revision are taken so, before the newest is read.
    pub fn take(&mut self, revision: &str, files: &RuleFiles) -> Option<Event> {
        if self.current == Some(files.digest) {
            return None;
        }
        let rules = match Rules::of_files(files.iter(), &Limits::default()) {
            Ok(rules) => rules,
            // The reading has told what is wrong.
            Err(problems) => {
                tracing::warn!(revision, problems = problems.len(), "health rules can't be taken");
                return None;
            }
        };
        let first = self.current.replace(files.digest).is_none();
        let (before, _) = self.judge.rules();
        if first && rules.is_empty() && before.is_empty() && !before.is_unknown() {
            return None;
        }
        tracing::info!(revision, files = files.files.len(), kinds = rules.len(), "health rules");
        Some(self.judge.swap(Arc::new(rules)))
    }

    fn record(&mut self, revision: &str, files: &RuleFiles) {
        if self.recorded == Some(files.digest) {
            return;
        }
        self.recorded = Some(files.digest);
        let recorded = RecordedRules { revision: revision.to_owned(), digest: files.digest };
        if self.keeper.send(recorded).is_err() {
            tracing::error!("the writer of health rules has stopped");
        }
    }
}

const NAME: &str = "mainstay-health-rules";

pub(crate) fn key() -> ObjectKey {
    ObjectKey::new("", "ConfigMap", SYSTEM_NAMESPACE, NAME)
}

/// Which rules the daemon judges by, or an earlier run did.
pub async fn recorded(management: &Cluster) -> Result<Option<RecordedRules>, ClusterError> {
    let live = match management.get(&key(), "v1", &Identity::Own).await {
        Ok(live) => live,
        Err(ClusterError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    // What somebody made of it is as good as nothing.
    let digest = live.pointer("/data/digest").cloned().and_then(|hex| serde_json::from_value(hex).ok());
    Ok(digest.map(|digest| RecordedRules { revision: text("/data/revision").to_owned(), digest }))
}

/// Writes what is newest until it is written.
async fn keep(management: Cluster, mut inbox: mpsc::UnboundedReceiver<RecordedRules>) {
    let mut version = None;
    while let Some(mut newest) = inbox.recv().await {
        let mut pause = Duration::from_millis(250);
        loop {
            while let Ok(next) = inbox.try_recv() {
                newest = next;
            }
            let map = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": NAME, "namespace": SYSTEM_NAMESPACE},
                "data": {"revision": newest.revision, "digest": newest.digest.hex()},
            });
            match inventory::write_part(&management, map, version.take()).await {
                Ok(written) => {
                    version = Some(written);
                    break;
                }
                Err(error) => tracing::warn!(%error, "which health rules hold could not be recorded"),
            }
            mainstay_clock::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(30));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_unit::HealthStatus::{self, Degraded, Healthy, Unknown};

    const WIDGET: &str =
        "kinds: [{group: example.com, kind: Widget, rules: [{field: /x, Healthy: y}], otherwise: Degraded}]";

    fn files(texts: &[&str]) -> Arc<RuleFiles> {
        let file = |(i, text): (usize, &&str)| (format!("{i}.yaml"), Arc::from(*text));
        Arc::new(RuleFiles::of(texts.iter().enumerate().map(file).collect()))
    }

    fn known(texts: &[&str]) -> HealthRules {
        HealthRules::Known(files(texts))
    }

    fn broken() -> HealthRules {
        HealthRules::Unknown { why: "0.yaml:1:1: broken".into() }
    }

    /// What is said of a kind that only the repository knows, and of one that everybody knows.
    fn said(ruling: &Ruling) -> (HealthStatus, HealthStatus) {
        let (rules, _) = ruling.judge.rules();
        let of = |api: &str, kind: &str| {
            let object = json!({"apiVersion": api, "kind": kind, "status": {"phase": "Fine"}});
            mainstay_health::judge(&rules, &object, None).health.status
        };
        (of("example.com/v1", "Widget"), of("v1", "ConfigMap"))
    }

    #[test]
    fn rules_that_can_no_longer_be_read_hold_on() {
        let (keeper, mut kept) = mpsc::unbounded_channel();
        let mut ruling = Ruling::new(keeper, None);
        assert!(matches!(ruling.read("1", &known(&[WIDGET])), Some(Event::Rules { number: 1, .. })));
        assert!(ruling.read("2", &known(&[WIDGET])).is_none());
        assert!(ruling.read("3", &broken()).is_none());
        assert_eq!(said(&ruling), (Degraded, Healthy));
        assert!(matches!(ruling.read("4", &known(&[])), Some(Event::Rules { number: 2, .. })));
        assert_eq!(said(&ruling), (Unknown, Healthy));
        let recorded: Vec<String> = std::iter::from_fn(|| kept.try_recv().ok()).map(|r| r.revision).collect();
        assert_eq!(recorded, ["1", "4"], "what says the same is not written again");
    }

    #[test]
    fn a_start_among_broken_rules_takes_those_of_the_run_before() {
        let (keeper, mut kept) = mpsc::unbounded_channel();
        let before = files(&[WIDGET]);
        let mut ruling = Ruling::new(keeper, Some(before.digest));
        assert!(ruling.take("1", &before).is_some());
        assert!(ruling.read("2", &broken()).is_none());
        assert_eq!(said(&ruling), (Degraded, Healthy));
        assert!(ruling.read("3", &known(&[WIDGET])).is_none());
        assert!(kept.try_recv().is_err());
    }

    #[test]
    fn a_start_among_broken_rules_with_none_before_calls_nothing_healthy() {
        let (keeper, mut kept) = mpsc::unbounded_channel();
        let mut ruling = Ruling::new(keeper, None);
        assert!(ruling.read("1", &broken()).is_some());
        assert_eq!(said(&ruling), (Unknown, Unknown));
        assert!(ruling.read("2", &broken()).is_none());
        assert!(kept.try_recv().is_err());
        assert!(ruling.read("3", &known(&[])).is_some());
        assert_eq!(said(&ruling), (Unknown, Healthy));
        assert!(kept.try_recv().is_ok());
    }

    #[test]
    fn that_there_are_no_rules_is_recorded_once_and_changes_nothing() {
        let (keeper, mut kept) = mpsc::unbounded_channel();
        let mut ruling = Ruling::new(keeper, None);
        assert!(ruling.read("1", &known(&[])).is_none());
        assert_eq!(kept.try_recv().map(|recorded| recorded.digest), Ok(RuleFiles::default().digest));
        assert!(ruling.read("2", &known(&[])).is_none());
        assert!(kept.try_recv().is_err());
        // The next run, among broken rules.
        let mut ruling = Ruling::new(ruling.keeper, Some(RuleFiles::default().digest));
        assert!(ruling.take("1", &RuleFiles::default()).is_none());
        assert!(ruling.read("3", &broken()).is_none());
        assert_eq!(said(&ruling), (Unknown, Healthy));
    }
}
