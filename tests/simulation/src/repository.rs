//! A platform repository that people commit to at random, and what each revision says.

use fastrand::Rng;
use mainstay_render::{Checkout, Followed, Supply};
use mainstay_runtime::Sources;
use mainstay_unit::tree::MemoryTree;
use mainstay_unit::{
    ArtifactRequest, ChartArchive, ChartCredentials, ChartRequest, GitCredentials, HelmRun, Need,
    OciArtifact, WebFile,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// The namespace of everything that units own; it is there from the start.
pub const NAMESPACE: &str = "apps";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    ConfigMap,
    ServiceAccount,
    Deployment,
    /// A custom resource whose definition declares no status.
    Note,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPlan {
    pub kind: Kind,
    /// Counts up with each change.
    pub version: u32,
    /// Seconds until it is ready.
    pub slow: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitPlan {
    /// 0 is the management cluster.
    pub server: usize,
    pub after: BTreeSet<String>,
    pub objects: BTreeMap<String, ObjectPlan>,
    pub prune: bool,
    pub wait: bool,
    pub broken: bool,
    pub suspended: bool,
}

pub type Plan = BTreeMap<String, UnitPlan>;

pub struct Repository {
    pub revisions: Vec<(Checkout, Plan)>,
    /// Every object that a unit ever held, and the units that were ever not to be pruned.
    held: BTreeMap<String, BTreeSet<String>>,
    unpruned: BTreeSet<String>,
    pub unreachable: bool,
    /// Units that a new unit comes after, at most.
    pub after: usize,
    plan: Plan,
    servers: usize,
    numbers: usize,
    dice: Rng,
    ruling: Ruling,
    /// Of its own, so that rules leave the rest of a story as it is.
    ruling_dice: Rng,
    /// Which ServiceAccounts are Notes instead, in the stories that have them; of its own too.
    note_dice: Option<Rng>,
}

/// How the repository wants objects to be judged. All of it calls the same healthy, if it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ruling {
    None,
    Fields,
    Expressions,
    /// The rules are broken; or the Platform is, which names them.
    Broken,
    Unnamed,
}

impl Repository {
    pub fn new(seed: u64, servers: usize) -> Self {
        let mut repository = Self {
            revisions: Vec::new(),
            held: BTreeMap::new(),
            unpruned: BTreeSet::new(),
            unreachable: false,
            after: usize::MAX,
            plan: Plan::new(),
            servers,
            numbers: 0,
            dice: Rng::with_seed(seed),
            ruling: Ruling::None,
            ruling_dice: Rng::with_seed(seed.rotate_left(17)),
            note_dice: Some(Rng::with_seed(seed.rotate_left(29))).filter(|dice| dice.clone().u8(..3) == 1),
        };
        for _ in 0..repository.dice.usize(2..6) {
            repository.add_unit();
        }
        repository.publish();
        repository
    }

    /// Adds units until there are so many.
    pub fn grow(&mut self, units: usize) {
        while self.plan.len() < units {
            self.add_unit();
        }
        self.publish();
    }

    /// One random change.
    pub fn commit(&mut self) {
        for _ in 0..self.dice.usize(1..4) {
            self.change();
        }
        let all = [Ruling::None, Ruling::Fields, Ruling::Expressions, Ruling::Broken, Ruling::Unnamed];
        if self.ruling_dice.u8(..3) == 0 {
            self.ruling = all[self.ruling_dice.usize(..all.len())];
        }
        self.publish();
    }

    /// Everything is mended, and every object differs from what it ever was.
    pub fn mend(&mut self) {
        for unit in self.plan.values_mut() {
            (unit.broken, unit.suspended) = (false, false);
            for object in unit.objects.values_mut() {
                object.version += 1;
            }
        }
        if matches!(self.ruling, Ruling::Broken | Ruling::Unnamed) {
            self.ruling = Ruling::Fields;
        }
        self.publish();
    }

    /// Objects that may stay behind: a unit that held them was once not to be pruned.
    pub fn kept(&self) -> BTreeSet<String> {
        let units = self.unpruned.iter().filter_map(|unit| self.held.get(unit));
        units.flatten().cloned().collect()
    }

    pub fn newest(&self) -> &Plan {
        &self.plan
    }

    fn change(&mut self) {
        let Some(name) = self.some_unit() else { return self.add_unit() };
        let roll = self.dice.u8(..100);
        let fresh = self.fresh("o");
        let object = self.object();
        let others: Vec<String> = self.plan.keys().filter(|other| **other < name).cloned().collect();
        let other = (!others.is_empty()).then(|| others[self.dice.usize(..others.len())].clone());
        let key = self.some_object(&name);
        let flip = self.dice.bool();
        let units = self.plan.len();
        let Some(unit) = self.plan.get_mut(&name) else { return };
        match roll {
            0..40 => {
                if let Some(object) = key.and_then(|key| unit.objects.get_mut(&key)) {
                    object.version += 1;
                }
            }
            40..50 => drop(unit.objects.insert(fresh, object)),
            50..60 => drop(key.and_then(|key| unit.objects.remove(&key))),
            60..68 => self.add_unit(),
            68..76 if units > 2 => {
                self.plan.remove(&name);
                for unit in self.plan.values_mut() {
                    unit.after.remove(&name);
                }
            }
            76..82 => drop(other.map(|other| unit.after.insert(other))),
            82..85 => unit.after.clear(),
            85..88 => unit.broken = flip,
            88..91 => unit.suspended = flip,
            91..93 => unit.prune = flip,
            93..95 => unit.wait = flip,
            // An object changes units, and goes on unchanged.
            95..100 => {
                let server = unit.server;
                let moved = key.and_then(|key| Some((key.clone(), unit.objects.remove(&key)?)));
                let to = self.plan.iter().find(|(other, u)| **other != name && u.server == server);
                let to = to.map_or_else(|| name.clone(), |(other, _)| other.clone());
                if let (Some(to), Some((key, object))) = (self.plan.get_mut(&to), moved) {
                    to.objects.insert(key, object);
                }
            }
            _ => {}
        }
    }

    fn add_unit(&mut self) {
        let name = self.fresh("u");
        let mut objects = BTreeMap::new();
        for _ in 0..self.dice.usize(1..5) {
            let (key, object) = (self.fresh("o"), self.object());
            objects.insert(key, object);
        }
        let after = self.plan.keys().filter(|_| self.dice.u8(..3) == 0).take(self.after).cloned().collect();
        let unit = UnitPlan {
            server: self.dice.usize(..self.servers),
            after,
            objects,
            prune: self.dice.u8(..5) > 0,
            wait: self.dice.bool(),
            broken: false,
            suspended: false,
        };
        self.plan.insert(name, unit);
    }

    fn object(&mut self) -> ObjectPlan {
        let kind = match [Kind::ConfigMap, Kind::ServiceAccount, Kind::Deployment][self.dice.usize(..3)] {
            Kind::ServiceAccount if self.note_dice.as_mut().is_some_and(Rng::bool) => Kind::Note,
            kind => kind,
        };
        ObjectPlan { kind, version: 1, slow: self.dice.u32(..30) }
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.numbers += 1;
        format!("{prefix}{:03}", self.numbers)
    }

    fn some_unit(&mut self) -> Option<String> {
        let at = self.dice.usize(..self.plan.len().max(1));
        self.plan.keys().nth(at).cloned()
    }

    fn some_object(&mut self, unit: &str) -> Option<String> {
        let objects = &self.plan.get(unit)?.objects;
        objects.keys().nth(self.dice.usize(..objects.len().max(1))).cloned()
    }

    fn publish(&mut self) {
        for (name, unit) in &self.plan {
            self.held.entry(name.clone()).or_default().extend(unit.objects.keys().cloned());
            if !unit.prune {
                self.unpruned.insert(name.clone());
            }
        }
        let revision = format!("main@sha1:{:040x}", self.revisions.len() + 1);
        let tree = Arc::new(tree(&self.plan, self.ruling));
        self.revisions.push((Checkout { revision, tree }, self.plan.clone()));
    }
}

/// A plan in a line.
pub fn summary(plan: &Plan) -> String {
    let unit = |(name, unit): (&String, &UnitPlan)| {
        let objects = unit.objects.iter().map(|(key, object)| format!("{key}@{}", object.version));
        let flags = [
            (unit.broken, "broken"),
            (unit.suspended, "suspended"),
            (!unit.prune, "kept"),
            (unit.wait, "wait"),
        ];
        let flags = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| (*flag).to_owned());
        let all: Vec<String> = flags.chain(objects).collect();
        format!("{name}[{}]", all.join(" "))
    };
    plan.iter().map(unit).collect::<Vec<_>>().join(" ")
}

fn tree(plan: &Plan, ruling: Ruling) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, text) in files(plan).into_iter().chain(rules(ruling)) {
        match mainstay_unit::tree::TreePath::parse(&path) {
            Ok(path) => tree.insert(path, text.into_bytes().into()),
            Err(wrong) => panic!("{path}: {wrong}"),
        }
    }
    tree
}

/// A plan as the files of a platform repository.
pub fn files(plan: &Plan) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut index = "resources:\n".to_owned();
    for (name, unit) in plan {
        _ = writeln!(index, "- {name}.yaml");
        files.insert(format!("{name}.yaml"), declaration(name, unit));
        let mut text = String::new();
        for (key, object) in &unit.objects {
            text.push_str(&manifest(name, key, object));
        }
        if unit.objects.is_empty() {
            files.insert(format!("{name}/kustomization.yaml"), "resources: []\n".to_owned());
        }
        if unit.broken {
            text.push_str("---\nkind: [\n");
        }
        files.insert(format!("{name}/objects.yaml"), text);
    }
    files.insert("kustomization.yaml".to_owned(), index);
    files
}

fn rules(ruling: Ruling) -> Vec<(String, String)> {
    let says = match ruling {
        Ruling::None => return Vec::new(),
        Ruling::Fields | Ruling::Unnamed => "field: /data/fixed, Healthy: same",
        Ruling::Expressions => "when: self.data.fixed == 'same', status: Healthy",
        Ruling::Broken => "field: /data/fixed, Helthy: same",
    };
    let field = if ruling == Ruling::Unnamed { "healthRule" } else { "healthRules" };
    let platform = format!(
        "apiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {{name: simulated}}\nspec: {{{field}: [rules]}}\n"
    );
    let kinds = format!(
        "kinds:\n- {{group: '', kind: ConfigMap, rules: [{{{says}}}]}}\n- {{group: '', kind: ServiceAccount, passive: true}}\n"
    );
    vec![("platform.yaml".to_owned(), platform), ("rules/kinds.yaml".to_owned(), kinds)]
}

fn declaration(name: &str, unit: &UnitPlan) -> String {
    let after: Vec<String> = unit.after.iter().map(|on| format!("{{name: {on}}}")).collect();
    let target = match unit.server {
        0 => String::new(),
        n => format!("  kubeConfig: {{secretRef: {{name: server-{n}}}}}\n"),
    };
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec:\n  interval: 10m\n  retryInterval: 30s\n  timeout: 3m\n  path: ./{name}\n  prune: {}\n  wait: {}\n  suspend: {}\n\
         {target}  dependsOn: [{}]\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n",
        unit.prune,
        unit.wait,
        unit.suspended,
        after.join(", ")
    )
}

fn manifest(unit: &str, name: &str, object: &ObjectPlan) -> String {
    let ObjectPlan { kind, version, slow } = object;
    let metadata = |more: &str| {
        format!(
            "metadata: {{name: {name}, namespace: {NAMESPACE}, annotations: {{version: '{version}'{more}}}}}\n"
        )
    };
    match kind {
        Kind::ConfigMap => format!(
            "---\napiVersion: v1\nkind: ConfigMap\n{}data: {{version: '{version}', unit: {unit}, fixed: same}}\n",
            metadata("")
        ),
        Kind::ServiceAccount => format!("---\napiVersion: v1\nkind: ServiceAccount\n{}", metadata("")),
        Kind::Note => format!("---\napiVersion: simulated.example/v1\nkind: Note\n{}", metadata("")),
        Kind::Deployment => format!(
            "---\napiVersion: apps/v1\nkind: Deployment\n{}spec:\n  replicas: 1\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
             template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n      - {{name: main, image: 'registry.example/main:{version}'}}\n",
            metadata(&format!(", simulate.mainstay.dev/ready-after: {slow}s"))
        ),
    }
}

/// How the daemon sees the repository.
#[derive(Clone)]
pub struct Shared(pub Arc<Mutex<Repository>>);

impl Shared {
    pub fn with<T>(&self, look: impl FnOnce(&mut Repository) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sources for Shared {
    fn platform(&mut self) -> Result<Checkout, String> {
        self.with(|repository| match repository.revisions.last() {
            Some((checkout, _)) if !repository.unreachable => Ok(checkout.clone()),
            _ => Err("the repository can't be reached".to_owned()),
        })
    }

    fn past(&mut self, revision: &str) -> Option<Checkout> {
        self.with(|repository| {
            let mut all = repository.revisions.iter().map(|(checkout, _)| checkout);
            all.find(|checkout| checkout.revision == revision).cloned()
        })
    }

    fn followed(&self) -> Option<Followed> {
        None
    }

    fn git(&mut self, _need: &Need, _credentials: GitCredentials<'_>) -> Supply<Checkout> {
        Supply::NotEvaluated("there is one repository only".to_owned())
    }

    fn chart(
        &mut self,
        _request: &ChartRequest,
        _credentials: ChartCredentials<'_>,
    ) -> Supply<Arc<ChartArchive>> {
        Supply::NotEvaluated("there is no registry".to_owned())
    }

    fn artifact(
        &mut self,
        _request: &ArtifactRequest,
        _credentials: ChartCredentials<'_>,
    ) -> Supply<Arc<OciArtifact>> {
        Supply::NotEvaluated("there is no registry".to_owned())
    }

    fn file(&mut self, _file: &WebFile) -> Supply<Arc<[u8]>> {
        Supply::NotEvaluated("there is no web".to_owned())
    }

    fn helm(&mut self, _run: &HelmRun) -> Supply<Arc<str>> {
        Supply::NotEvaluated("there is no helm".to_owned())
    }
}
