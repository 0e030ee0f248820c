use super::{Expanded, NativeUnit};
use crate::kinds::{Check, ClusterSpec, Defaults, Drift, DriftModeName, Duration, PlatformSpec, TenantSpec};
use crate::variables;
use crate::{Declarations, Document, PLATFORM_TENANT, Place, SYSTEM_NAMESPACE, kinds};
use mainstay_diagnostic::{Diagnostic, codes, nearest};
use mainstay_object::{GroupVersion, ObjectKey};
use mainstay_unit::{
    DriftMode, FieldIgnore, HealthCheck, Layer, NameMatch, Role, Selector, ServiceAccount, Target, Timing,
    UnitId, Variables, Workload,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) struct Context<'a> {
    pub declarations: &'a Declarations,
    platform: Option<&'a Document<PlatformSpec>>,
    pub defaults: Defaults,
    /// Clusters by name, with their tenant: a name is one cluster.
    pub clusters: BTreeMap<&'a str, (String, &'a Document<ClusterSpec>)>,
    pub out: Expanded,
}

impl<'a> Context<'a> {
    pub fn new(declarations: &'a Declarations, out: Expanded) -> Self {
        let mut clusters = BTreeMap::new();
        for document in &declarations.clusters {
            let owner = crate::tenancy::owner(declarations, document.spec.tenant.as_ref(), &document.place);
            if let Ok(owner) = owner {
                clusters.entry(document.name.as_str()).or_insert((owner, &**document));
            }
        }
        let platform = declarations.platform().map(|platform| &**platform);
        let defaults = platform.map(|p| p.spec.defaults.clone()).unwrap_or_default();
        Self { declarations, platform, defaults, clusters, out }
    }

    /// The document's tenant, or nothing once it is told that it has none.
    pub fn owner(&mut self, claimed: Option<&String>, place: &Place) -> Option<String> {
        match crate::tenancy::owner(self.declarations, claimed, place) {
            Ok(tenant) => Some(tenant),
            Err(problem) => {
                self.unread(place);
                self.out.diagnostics.push(*problem);
                None
            }
        }
    }

    pub fn unread(&mut self, place: &Place) {
        self.out.unread.push((place.file.to_string(), place.location("").to_string()));
    }

    pub fn tenant(&self, name: &str) -> Option<&'a Document<TenantSpec>> {
        self.declarations.tenants.iter().find(|tenant| tenant.name == name).map(|tenant| &**tenant)
    }

    /// The clusters that a tenant's documents may name: its own and the platform's.
    pub fn visible(&self, tenant: &str) -> impl Iterator<Item = (&str, &'a Document<ClusterSpec>)> {
        let tenant = tenant.to_owned();
        self.clusters
            .iter()
            .filter(move |(_, (owner, _))| {
                tenant == PLATFORM_TENANT || *owner == tenant || owner == PLATFORM_TENANT
            })
            .map(|(name, (_, document))| (*name, *document))
    }

    pub fn cluster(
        &self,
        name: &str,
        tenant: &str,
        place: &Place,
        pointer: &str,
    ) -> Result<&'a Document<ClusterSpec>, Box<Diagnostic>> {
        if let Some((_, found)) = self.visible(tenant).find(|(visible, _)| *visible == name) {
            return Ok(found);
        }
        let problem = place.diagnostic(
            &codes::native::UNKNOWN_CLUSTER,
            format!("cluster {name} is not declared"),
            pointer,
        );
        Err(Box::new(match nearest(name, self.visible(tenant).map(|(name, _)| name)) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem,
        }))
    }

    pub fn cluster_id(&self, cluster: &Document<ClusterSpec>) -> UnitId {
        let owner = self.clusters.get(cluster.name.as_str()).map_or(PLATFORM_TENANT, |(owner, _)| owner);
        UnitId::new("cluster", owner, &cluster.name, "")
    }

    pub fn push(&mut self, unit: mainstay_unit::Unit, problems: Vec<Diagnostic>, place: &'a Place) {
        let failed = problems.iter().find(|problem| problem.is_error()).cloned();
        self.out.diagnostics.extend(problems);
        let path_field = match unit.role {
            Role::Cluster => "/spec/path",
            Role::Provider | Role::Module => "/spec/source/path",
        };
        self.out.units.push(NativeUnit { unit: Arc::new(unit), failed, place: place.clone(), path_field });
    }

    pub fn variables(
        &self,
        tenant: &str,
        cluster: Option<&Document<ClusterSpec>>,
        own: Option<(&kinds::Values, &Place)>,
        place: &Place,
        problems: &mut Vec<Diagnostic>,
    ) -> Variables {
        let mut all = Variables::default();
        if let Some(platform) = self.platform {
            variables::layer(&mut all, &platform.spec.variables, Layer::Platform, &platform.place, problems);
        }
        if let Some(tenant) = self.tenant(tenant) {
            variables::layer(&mut all, &tenant.spec.variables, Layer::Tenant, &tenant.place, problems);
        }
        if let Some(cluster) = cluster {
            variables::layer(&mut all, &cluster.spec.variables, Layer::Cluster, &cluster.place, problems);
        }
        if let Some((values, place)) = own {
            variables::layer(&mut all, values, Layer::Module, place, problems);
        }
        variables::built_in(&mut all, cluster.map_or("", |c| &c.name), tenant, place);
        all
    }

    pub fn timing(
        &self,
        interval: Option<&Duration>,
        retry: Option<&Duration>,
        timeout: Option<&Duration>,
    ) -> Timing {
        let standard = Timing::default();
        let pick = |own: Option<&Duration>, default: Option<&Duration>, last| {
            own.or(default).and_then(Duration::get).unwrap_or(last)
        };
        Timing {
            interval: pick(interval, self.defaults.interval.as_ref(), standard.interval),
            retry_interval: pick(retry, self.defaults.retry_interval.as_ref(), standard.retry_interval),
            timeout: pick(timeout, self.defaults.timeout.as_ref(), standard.timeout),
        }
    }

    /// What is wrong is told at its place within `spec.drift`.
    pub fn drift(
        &self,
        drift: Option<&Drift>,
        mut wrong: impl FnMut(String, &str),
    ) -> (DriftMode, Vec<FieldIgnore>) {
        let mode = drift.and_then(|d| d.mode).or(self.defaults.drift_mode).unwrap_or(DriftModeName::Correct);
        let mode = match mode {
            DriftModeName::Correct => DriftMode::Correct,
            DriftModeName::Warn => DriftMode::Warn,
            DriftModeName::Ignore => DriftMode::Ignore,
        };
        let rules = drift.map(|d| d.ignore.as_slice()).unwrap_or_default();
        let ignore = rules.iter().enumerate().map(|(at, rule)| {
            let mut selector = |text: &str, field: &str| {
                Selector::parse(text).unwrap_or_else(|why| {
                    wrong(why.to_string(), &format!("/ignore/{at}/target/{field}"));
                    Selector::default()
                })
            };
            FieldIgnore {
                group: NameMatch::exactly(&rule.target.group),
                version: NameMatch::Any,
                kind: NameMatch::exactly(&rule.target.kind),
                namespace: NameMatch::exactly(&rule.target.namespace),
                name: NameMatch::exactly(&rule.target.name),
                labels: selector(&rule.target.label_selector, "labelSelector"),
                annotations: selector(&rule.target.annotation_selector, "annotationSelector"),
                paths: rule.paths.clone(),
            }
        });
        (mode, ignore.collect())
    }

    pub fn service_account(&self, tenant: &str) -> Option<ServiceAccount> {
        let account = self.tenant(tenant)?.spec.service_account.as_ref()?;
        Some(ServiceAccount { namespace: account.namespace.clone(), name: account.name.clone() })
    }
}

pub(super) fn target(cluster: &Document<ClusterSpec>) -> Target {
    let secret = secret(cluster);
    Target::from(Workload {
        name: cluster.name.clone(),
        secret_namespace: secret.0,
        secret_name: secret.1,
        key: secret.2,
    })
}

/// Namespace, name and key of a cluster's kubeconfig.
pub(super) fn secret(cluster: &Document<ClusterSpec>) -> (String, String, Option<String>) {
    if let Some(kubeconfig) = &cluster.spec.kubeconfig {
        let secret = &kubeconfig.secret;
        let namespace = secret.namespace.clone().unwrap_or_else(|| SYSTEM_NAMESPACE.to_owned());
        return (namespace, secret.name.clone(), secret.key.clone());
    }
    let namespace = match cluster.spec.class {
        kinds::ClusterClass::Embedded | kinds::ClusterClass::Existing => SYSTEM_NAMESPACE.to_owned(),
        kinds::ClusterClass::ClusterApi => {
            cluster.spec.namespace.clone().unwrap_or_else(|| "default".to_owned())
        }
    };
    (namespace, format!("{}-kubeconfig", cluster.name), Some("value".to_owned()))
}

pub(super) fn health_checks(checks: &[Check]) -> Vec<HealthCheck> {
    let check = |check: &Check| {
        let api = GroupVersion::parse(&check.api_version);
        HealthCheck {
            key: ObjectKey::new(api.group, &check.kind, &check.namespace, &check.name),
            version: api.version,
            current: check.current.clone(),
            in_progress: check.in_progress.clone(),
            failed: check.failed.clone(),
        }
    };
    checks.iter().map(check).collect()
}
