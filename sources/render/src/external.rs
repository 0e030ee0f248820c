//! What a render asks of the world besides files and values. What it asked is remembered beside it: the next reading asks
//! for the same before it renders, and renders only if the answers differ.
use crate::chart::other_secret;
use crate::declared::{DeclaredUnit, State};
use crate::inputs::{Inputs, Supply};
use crate::outside::{Allowed, base_id, base_need};
use crate::references::Lacking;
use mainstay_kustomize::RemoteBase;
use mainstay_object::{Digest, GroupKind, Value};
use mainstay_unit::{Capabilities, ChartArchive, ChartRequest, Claim, Lookup, Need, Target};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What time it is counts in steps of so many seconds, ninety days: certificates that a chart makes are renewed, and a
/// render in between is the same as before.
pub(crate) const PERIOD: u64 = 90 * 24 * 3600;

/// Lookups of one chart.
const LOOKUPS: usize = 256;

/// Questions, without their answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Externals {
    pub capabilities: bool,
    pub clock: bool,
    pub lookups: BTreeSet<Lookup>,
    /// Kinds that the chart does not define itself, and whose objects say no namespace.
    pub scopes: BTreeSet<GroupKind>,
    /// What the Platform allows a kustomization.
    pub allowed: bool,
    /// What the Platform allows a chart.
    pub helm: bool,
    /// Charts and bases that a kustomization does not have in its tree.
    pub charts: BTreeSet<ChartRequest>,
    pub bases: BTreeSet<RemoteBase>,
    /// URLs of files of the web.
    pub files: BTreeSet<String>,
}

/// Who asks, and who is asked.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub declared: &'a DeclaredUnit,
    pub state: &'a State,
    pub inputs: &'a Inputs,
    pub allowed: &'a Allowed,
}

/// A question with what the world answered.
pub(crate) fn with(base: Digest, answers: &[u8]) -> Digest {
    if answers.is_empty() {
        return base;
    }
    let mut bytes = base.hex().into_bytes();
    bytes.extend_from_slice(answers);
    Digest::of_bytes(&bytes)
}

/// Nobody has been asked yet.
pub(crate) fn unasked(needs: Vec<Need>) -> Lacking {
    Lacking { reason: "what its render asks of the world has not been read".to_owned(), needs }
}

impl Externals {
    /// Everything that decides about the answers, in bytes; and what nobody has been asked yet.
    pub(crate) fn answers(&self, asker: Asker<'_>) -> (Vec<u8>, Vec<Need>) {
        let mut bytes = Vec::new();
        let mut needs = Vec::new();
        if self.clock {
            bytes.extend_from_slice(&(asker.inputs.now / PERIOD).to_be_bytes());
        }
        if self.capabilities {
            match asker.capabilities() {
                Some(supply) => bytes.extend_from_slice(format!("{supply:?}\0").as_bytes()),
                None => needs.push(asker.ask_for_capabilities()),
            }
        }
        for lookup in &self.lookups {
            let claim = asker.claim();
            match asker.inputs.lookups.get(&(lookup.clone(), claim.clone())) {
                Some(supply) => bytes.extend_from_slice(format!("{lookup:?}{supply:?}\0").as_bytes()),
                None => needs.push(Need::Lookup { lookup: lookup.clone(), claim }),
            }
        }
        for kind in &self.scopes {
            match asker.scope(kind) {
                Scope::Asked(need) => needs.push(*need),
                scope => bytes.extend_from_slice(format!("{kind}{scope:?}\0").as_bytes()),
            }
        }
        if self.allowed {
            bytes.extend_from_slice(format!("{:?}\0", asker.allowed.kustomize()).as_bytes());
        }
        if self.helm {
            bytes.extend_from_slice(format!("{:?}\0", asker.allowed.helm()).as_bytes());
        }
        for request in self.charts.iter().filter(|_| asker.allowed.charts()) {
            match asker.chart(request) {
                Some(supply) => {
                    bytes.extend_from_slice(format!("{request:?}{}\0", chosen(supply)).as_bytes())
                }
                None => needs.push(asker.ask_for_chart(request)),
            }
        }
        for base in self.bases.iter().filter(|base| asker.allowed.base(base)) {
            match asker.inputs.trees.get(&base_id(base)) {
                // What a commit holds never changes.
                Some(Supply::Here(_)) => bytes.extend_from_slice(format!("{base:?}\0").as_bytes()),
                Some(Supply::Absent(why) | Supply::Refused(why) | Supply::NotEvaluated(why)) => {
                    bytes.extend_from_slice(format!("{base:?}{why}\0").as_bytes());
                }
                None => needs.push(base_need(base)),
            }
        }
        for file in self.files.iter().filter_map(|url| asker.allowed.file(url)) {
            match asker.inputs.files.get(&file) {
                // The digest says what is in it.
                Some(Supply::Here(_)) => bytes.extend_from_slice(format!("{file:?}\0").as_bytes()),
                Some(Supply::Absent(why) | Supply::Refused(why) | Supply::NotEvaluated(why)) => {
                    bytes.extend_from_slice(format!("{file:?}{why}\0").as_bytes());
                }
                None => needs.push(Need::File { file }),
            }
        }
        (bytes, needs)
    }
}

/// What decides about the content of a chart.
fn chosen(supply: &Supply<Arc<ChartArchive>>) -> String {
    match supply {
        Supply::Here(archive) => format!("{} {}", archive.digest, archive.version),
        Supply::Absent(why) | Supply::Refused(why) | Supply::NotEvaluated(why) => why.clone(),
    }
}

impl<'a> Asker<'a> {
    /// On which renders that ask the same may still differ.
    pub(crate) fn identity(self) -> (&'a Target, Claim) {
        (&self.declared.unit.target, self.claim())
    }

    pub(crate) fn chart(&self, request: &ChartRequest) -> Option<&'a Supply<Arc<ChartArchive>>> {
        self.inputs.charts.get(&(request.clone(), self.declared.authorities.clone()))
    }

    /// Since when a chart is what its registry said last, and why.
    pub(crate) fn stale(&self, request: &ChartRequest) -> Option<&'a str> {
        match self.chart(request) {
            Some(Supply::Here(archive)) => archive.stale.as_deref(),
            Some(Supply::Absent(_) | Supply::Refused(_) | Supply::NotEvaluated(_)) | None => None,
        }
    }

    pub(crate) fn ask_for_chart(&self, request: &ChartRequest) -> Need {
        let authorities = self.declared.authorities.clone();
        Need::Chart { request: Box::new(request.clone()), authorities }
    }

    /// A lookup is made as who the unit is applied as, on the cluster that it is applied to.
    fn claim(self) -> Claim {
        let account = self.declared.unit.service_account.clone();
        Claim { account, authorities: self.declared.authorities.clone() }
    }

    pub(crate) fn capabilities(&self) -> Option<&'a Supply<Arc<Capabilities>>> {
        let question = (self.declared.unit.target.clone(), self.declared.authorities.clone());
        self.inputs.capabilities.get(&question)
    }

    pub(crate) fn ask_for_capabilities(&self) -> Need {
        let target = self.declared.unit.target.clone();
        Need::Capabilities { target, authorities: self.declared.authorities.clone() }
    }

    /// By the definitions of the repository, else by what the cluster serves. A kind that neither knows is taken for
    /// namespaced: nothing of it can be applied before somebody defines it.
    pub(crate) fn scope(&self, kind: &GroupKind) -> Scope {
        if let Some(cluster_scoped) = self.state.scopes.get(kind) {
            return Scope::Known { cluster: *cluster_scoped };
        }
        match self.capabilities() {
            Some(Supply::Here(served)) => Scope::Known { cluster: served.scope(kind).unwrap_or(false) },
            Some(Supply::Absent(why) | Supply::Refused(why) | Supply::NotEvaluated(why)) => {
                Scope::NotEvaluated(why.clone())
            }
            None => Scope::Asked(Box::new(self.ask_for_capabilities())),
        }
    }
}

/// Whether objects of a kind have no namespace.
#[derive(Debug)]
pub(crate) enum Scope {
    Known { cluster: bool },
    NotEvaluated(String),
    Asked(Box<Need>),
}

/// Answers `lookup`, and notes what it could not answer.
pub(crate) struct Lookups<'a> {
    asker: Asker<'a>,
    /// What Secrets hold is changed.
    altered: bool,
    made: RefCell<Made>,
}

#[derive(Debug, Default)]
pub(crate) struct Made {
    pub asked: BTreeSet<Lookup>,
    pub needs: Vec<Need>,
    /// What nobody can answer, and why.
    pub unanswered: Vec<String>,
    /// Objects that hold secrets.
    pub secret: Vec<Arc<Value>>,
}

impl<'a> Lookups<'a> {
    pub(crate) fn new(asker: Asker<'a>, altered: bool) -> Self {
        Self { asker, altered, made: RefCell::default() }
    }

    /// What was not answered is as if there were none; then nothing of the render counts.
    pub(crate) fn find(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Value, String> {
        let lookup = Lookup {
            target: self.asker.declared.unit.target.clone(),
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let mut made = self.made.borrow_mut();
        made.asked.insert(lookup.clone());
        if made.asked.len() > LOOKUPS {
            return Err(format!("the chart looks up more than {LOOKUPS} objects"));
        }
        let none = || Value::Object(serde_json::Map::new());
        let claim = self.asker.claim();
        match self.asker.inputs.lookups.get(&(lookup.clone(), claim.clone())) {
            Some(Supply::Here(found)) => {
                let secret = kind == "Secret" && !api_version.contains('/');
                if secret {
                    made.secret.push(found.clone());
                }
                let found = found.as_ref().clone();
                Ok(if secret && self.altered { other_secret(found) } else { found })
            }
            Some(Supply::Absent(_)) => Ok(none()),
            Some(Supply::Refused(why) | Supply::NotEvaluated(why)) => {
                made.unanswered.push(format!("the chart looks up {lookup}: {why}"));
                Ok(none())
            }
            None => {
                made.needs.push(Need::Lookup { lookup, claim });
                Ok(none())
            }
        }
    }

    pub(crate) fn into_made(self) -> Made {
        self.made.into_inner()
    }
}
