//! Declarations to units: a Module times its clusters, with tenancy, layered variables and dependencies.

mod cluster;
mod context;
mod dependency;
mod module;
mod pieces;
mod provider;
mod source;
mod verify;
mod when;

pub use pieces::Expansions;

use crate::tenancy::{TenantRules, covering};
use crate::{Declarations, PLATFORM_TENANT, Place};
use context::Context;
use mainstay_diagnostic::{Diagnostic, Diagnostics, codes};
use mainstay_unit::{Need, SourceId, Unit};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Clone, Default)]
pub struct Expanded {
    /// In the order of their documents; one name may be there twice.
    pub units: Vec<NativeUnit>,
    /// Repositories that units name, and how to get them.
    pub repositories: BTreeMap<SourceId, Need>,
    pub tenants: BTreeMap<String, TenantRules>,
    pub diagnostics: Diagnostics,
    /// Documents whose units are not known: their file, and their place in it.
    pub unread: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct NativeUnit {
    pub unit: Arc<Unit>,
    /// The user's error in the declaration: the unit is known, but not to be rendered.
    pub failed: Option<Diagnostic>,
    pub place: Place,
    /// JSON pointer of the field that names the unit's folder.
    pub path_field: &'static str,
}

pub fn expand(declarations: &Declarations) -> Expanded {
    expand_with(declarations, &mut Expansions::default())
}

/// As [`expand`], but a document that has been expanded among the same tenants and clusters before gives the very same
/// units again.
pub fn expand_with(declarations: &Declarations, known: &mut Expansions) -> Expanded {
    let mut out = Expanded::default();
    whole(declarations, &mut out);
    known.begin(declarations);
    let mut context = Context::new(declarations, Expanded::default());
    let mut whole = pieces::Whole { out, depends_on: Vec::new() };
    for document in &declarations.clusters {
        known.expand(document, &mut context, &mut whole, cluster::expand);
    }
    for document in &declarations.providers {
        known.expand(document, &mut context, &mut whole, provider::expand);
    }
    for document in &declarations.modules {
        known.expand(document, &mut context, &mut whole, module::expand);
    }
    known.end();
    let mut out = dependency::resolve(whole, known);
    quotas(declarations, &mut out);
    out
}

/// What is wrong with the set of documents.
fn whole(declarations: &Declarations, out: &mut Expanded) {
    if let Some(first) = declarations.platform() {
        for extra in declarations.platforms().skip(1) {
            let message = format!("a second Platform; the first is at {}", first.place.location(""));
            out.diagnostics.push(extra.place.diagnostic(
                &codes::native::PLATFORM_TWICE,
                message,
                "/metadata/name",
            ));
        }
    }
    let mut places: Vec<(&str, &str, &crate::Place)> = Vec::new();
    places.extend(declarations.platforms.iter().map(|d| ("Platform", "", &d.place)));
    places.extend(declarations.tenants.iter().map(|d| ("Tenant", d.name.as_str(), &d.place)));
    places.extend(declarations.exemptions.iter().map(|d| ("Exemption", "", &d.place)));
    for (kind, name, place) in places {
        if let Some(tenant) = covering(declarations, &place.file).filter(|tenant| tenant.name != name) {
            let message = format!("a {kind} in the paths of tenant {}", tenant.name);
            out.diagnostics.push(place.diagnostic(&codes::native::TENANT_ESCAPE, message, "/kind"));
        }
    }
    for (i, tenant) in declarations.tenants.iter().enumerate() {
        if let Some(earlier) = declarations.tenants[..i].iter().find(|t| t.name == tenant.name) {
            let message = format!("tenant {} is declared at {} too", tenant.name, earlier.place.location(""));
            out.diagnostics.push(tenant.place.diagnostic(
                &codes::unit::DUPLICATE_UNIT,
                message,
                "/metadata/name",
            ));
        }
        out.tenants.entry(tenant.name.clone()).or_insert_with(|| TenantRules::of(&tenant.spec));
    }
    out.tenants.entry(PLATFORM_TENANT.to_owned()).or_default();
}

fn quotas(declarations: &Declarations, out: &mut Expanded) {
    for tenant in &declarations.tenants {
        let Some(limit) = tenant.spec.quotas.units else { continue };
        let mut count = 0;
        for native in out.units.iter_mut().filter(|native| native.unit.id.tenant == tenant.name) {
            count += 1;
            if count > limit {
                let message = format!("tenant {} may have {limit} units", tenant.name);
                let problem =
                    Diagnostic::new(&codes::native::TENANT_QUOTA, format!("{}: {message}", native.unit.id))
                        .at(native.unit.declared_at.clone());
                out.diagnostics.push(problem.clone());
                native.failed.get_or_insert(problem);
            }
        }
    }
}
