//! What a chart asks of the world besides files and values. What it asked is remembered beside its render: the next
//! reading asks for the same before it renders, and renders only if the answers differ.
use super::values;
use crate::declared::{DeclaredUnit, State};
use crate::inputs::{Inputs, Supply};
use mainstay_object::{GroupKind, Value};
use mainstay_unit::{Capabilities, Claim, Lookup, Need};
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
}

/// Who asks, and who is asked.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub declared: &'a DeclaredUnit,
    pub state: &'a State,
    pub inputs: &'a Inputs,
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
        (bytes, needs)
    }
}

impl Asker<'_> {
    /// A lookup is made as who the unit is applied as, on the cluster that it is applied to.
    fn claim(self) -> Claim {
        let account = self.declared.unit.service_account.clone();
        Claim { account, authorities: self.declared.authorities.clone() }
    }

    pub(crate) fn capabilities(&self) -> Option<&Supply<Arc<Capabilities>>> {
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
            Some(Supply::Absent(why) | Supply::NotEvaluated(why)) => Scope::NotEvaluated(why.clone()),
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
                Ok(if secret && self.altered { values::other_secret(found) } else { found })
            }
            Some(Supply::Absent(_)) => Ok(none()),
            Some(Supply::NotEvaluated(why)) => {
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
