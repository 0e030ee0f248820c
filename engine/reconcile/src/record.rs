use crate::{GivenUp, Good, Phase, Run, Stored, TestRun, Time};
use mainstay_object::Digest;
use mainstay_unit::{
    Condition, Counterpart, DeletionPolicy, Gate, Health, HealthStatus, Inventory, Role, ServiceAccount,
    Target, Truth, Unit, UnitId, Workload,
};
use serde::{Deserialize, Serialize};

/// What is kept of a unit across restarts: the status of its `Unit` object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub id: UnitId,
    pub role: String,
    #[serde(default)]
    pub target: RecordedTarget,
    /// The revision whose objects were last applied completely.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// Later ones of which some objects may have been applied: oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempted: Vec<String>,
    /// Digest of all objects of that revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Digest>,
    #[serde(default)]
    pub inventory: Inventory,
    #[serde(default)]
    pub conditions: Vec<Condition>,
    pub phase: String,
    pub health: HealthStatus,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub declared_at: String,
    /// The unit that has declared it, who has declared that one, and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<UnitId>,
    /// Units that this one came after when it was last applied: a removal walks them backwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<UnitId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<RecordedAccount>,
    #[serde(default)]
    pub deletion: RecordedDeletion,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks: Option<Box<Run>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Box<Stored>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Box<TestRun>>,
    /// The release that was ready last, where one that fails is rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<Box<Good>>,
    /// The one that is not applied because it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<Box<GivenUp>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// Whoever else applies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<Box<Counterpart>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedTarget {
    /// Empty: the management cluster.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret_namespace: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedAccount {
    pub namespace: String,
    pub name: String,
}

/// What becomes of the objects when the unit is no longer declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RecordedDeletion {
    #[default]
    Delete,
    Orphan,
}

impl Record {
    pub fn new(id: UnitId) -> Self {
        Self {
            id,
            role: String::new(),
            target: RecordedTarget::default(),
            revision: String::new(),
            attempted: Vec::new(),
            applied: None,
            inventory: Inventory::default(),
            conditions: Vec::new(),
            phase: "Waiting".into(),
            health: HealthStatus::Unknown,
            message: String::new(),
            declared_at: String::new(),
            above: Vec::new(),
            depends_on: Vec::new(),
            service_account: None,
            deletion: RecordedDeletion::default(),
            simulated: false,
            suspended: false,
            hooks: None,
            stored: None,
            test: None,
            good: None,
            given_up: None,
            held: None,
            counterpart: None,
        }
    }

    /// Takes over what a removal will need to know when the declaration is gone.
    pub(crate) fn describe(&mut self, unit: &Unit) {
        self.role = match unit.role {
            Role::Cluster => "Cluster",
            Role::Provider => "Provider",
            Role::Module => "Module",
        }
        .into();
        self.counterpart.clone_from(&unit.counterpart);
        self.declared_at = unit.declared_at.to_string();
        self.service_account = unit
            .service_account
            .as_ref()
            .map(|a| RecordedAccount { namespace: a.namespace.clone(), name: a.name.clone() });
        self.deletion = match unit.deletion_policy {
            DeletionPolicy::Orphan => RecordedDeletion::Orphan,
            DeletionPolicy::MirrorPrune if !unit.prune => RecordedDeletion::Orphan,
            DeletionPolicy::Delete | DeletionPolicy::MirrorPrune => RecordedDeletion::Delete,
        };
    }

    /// Whether its objects stay where they are when it is no longer declared.
    pub fn orphans(&self) -> bool {
        self.deletion == RecordedDeletion::Orphan
    }

    pub fn target(&self) -> Target {
        if self.target.cluster.is_empty() {
            return Target::Management;
        }
        Target::from(Workload {
            name: self.target.cluster.clone(),
            secret_namespace: self.target.secret_namespace.clone(),
            secret_name: self.target.secret_name.clone(),
            key: self.target.key.clone(),
        })
    }

    pub(crate) fn set_target(&mut self, target: &Target) {
        self.target = match target {
            Target::Management => RecordedTarget::default(),
            Target::Workload(workload) => RecordedTarget {
                cluster: workload.name.clone(),
                secret_namespace: workload.secret_namespace.clone(),
                secret_name: workload.secret_name.clone(),
                key: workload.key.clone(),
            },
        };
    }

    pub fn account(&self) -> Option<ServiceAccount> {
        self.service_account
            .as_ref()
            .map(|a| ServiceAccount { namespace: a.namespace.clone(), name: a.name.clone() })
    }

    /// Writes phase and health into the fields and conditions that people and tools read.
    pub(crate) fn show(&mut self, phase: &Phase, health: &Health, gate: (Gate, bool), now: Time) {
        phase.word().clone_into(&mut self.phase);
        self.health = health.status;
        let why = phase.why();
        self.message = if why.is_empty() { health.message.clone() } else { why };
        let time = rfc3339(now);
        let truth = match phase {
            Phase::Ready => Truth::True,
            Phase::Failed { .. } | Phase::Held { .. } | Phase::Deleting { .. } | Phase::Suspended => {
                Truth::False
            }
            Phase::Waiting { .. } | Phase::Applying | Phase::Checking { .. } | Phase::NotRendered { .. } => {
                Truth::Unknown
            }
        };
        let reason = match phase {
            Phase::Failed { reason, .. } => reason.as_str(),
            other => other.word(),
        };
        self.condition("Ready", truth, reason, &self.message.clone(), &time);
        let healthy = if health.status.is_healthy() { Truth::True } else { Truth::False };
        self.condition("Healthy", healthy, &health.status.to_string(), &health.message, &time);
        let (kind, open) = gate;
        let open = if open { Truth::True } else { Truth::False };
        let reason = match kind {
            Gate::Healthy => "Healthy",
            Gate::Checks => "HealthChecks",
            Gate::Applied => "Applied",
        };
        self.condition("GateOpen", open, reason, "", &time);
    }

    fn condition(&mut self, kind: &str, status: Truth, reason: &str, message: &str, time: &str) {
        let new = Condition {
            kind: kind.into(),
            status,
            reason: reason.into(),
            message: message.into(),
            last_transition_time: time.into(),
        };
        Condition::set(&mut self.conditions, new);
    }
}

/// Civil time from a count of milliseconds (Howard Hinnant's `civil_from_days`), so that no clock library enters here.
pub(crate) fn rfc3339(time: Time) -> String {
    let seconds = time.0.div_euclid(1000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest % 3600 / 60, rest % 60)
}
