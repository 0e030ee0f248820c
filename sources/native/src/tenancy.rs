use crate::kinds::{AllowedKind, TenantSpec};
use crate::{Declarations, Document, Place};
use mainstay_diagnostic::{Diagnostic, Location, codes};
use mainstay_object::ObjectKey;
use mainstay_unit::tree::TreePath;
use mainstay_unit::{Role, Source, Unit};

/// Who owns what no Tenant claims.
pub const PLATFORM_TENANT: &str = "platform";

/// What a tenant's units may render.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantRules {
    pub namespaces: Vec<String>,
    pub allowed_kinds: Vec<AllowedKind>,
    /// Objects of all its units together at most.
    pub objects: Option<u32>,
}

impl TenantRules {
    pub(crate) fn of(tenant: &TenantSpec) -> Self {
        Self {
            namespaces: tenant.namespaces.clone(),
            allowed_kinds: tenant.allowed_kinds.clone(),
            objects: tenant.quotas.objects,
        }
    }
}

/// Objects that the unit's tenant may not have.
pub fn check_objects<'a>(
    rules: &TenantRules,
    unit: &Unit,
    objects: impl Iterator<Item = (ObjectKey, &'a Location)>,
) -> Vec<Diagnostic> {
    if rules.namespaces.is_empty() && rules.allowed_kinds.is_empty() {
        return Vec::new();
    }
    // The object that stands for an embedded cluster is Mainstay's own.
    if unit.role == Role::Cluster && matches!(unit.source, Source::Objects(_)) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for (key, origin) in objects {
        if !namespace_allowed(&rules.namespaces, &key) {
            let place = if key.is_namespaced() { "in a namespace" } else { "of the whole cluster" };
            let message =
                format!("{key} is an object {place} that is not tenant {}'s ({})", unit.id.tenant, unit.id);
            out.push(
                Diagnostic::new(&codes::native::TENANT_NAMESPACE, message)
                    .at(origin.clone())
                    .hint(format!("its namespaces are {}", rules.namespaces.join(", "))),
            );
        }
        if !kind_allowed(&rules.allowed_kinds, &key) {
            let message = format!(
                "kind {} is not allowed for tenant {} ({})",
                key.group_kind(),
                unit.id.tenant,
                unit.id
            );
            out.push(Diagnostic::new(&codes::native::TENANT_KIND, message).at(origin.clone()));
        }
    }
    out
}

fn namespace_allowed(namespaces: &[String], key: &ObjectKey) -> bool {
    if namespaces.is_empty() {
        return true;
    }
    let is_namespace = key.group().is_empty() && key.kind() == "Namespace";
    let name = if is_namespace { key.name() } else { key.namespace() };
    namespaces.iter().any(|allowed| allowed == name)
}

fn kind_allowed(allowed: &[AllowedKind], key: &ObjectKey) -> bool {
    let is = |pattern: &str, value: &str| pattern == "*" || pattern == value;
    allowed.is_empty() || allowed.iter().any(|a| is(&a.group, key.group()) && is(&a.kind, key.kind()))
}

/// Whose a document is. A tenant's path decides over what the document says: else a tenant could be anybody.
pub(crate) fn owner(
    declarations: &Declarations,
    claimed: Option<&String>,
    place: &Place,
) -> Result<String, Box<Diagnostic>> {
    let covering = covering(declarations, &place.file);
    match (covering, claimed) {
        (Some(tenant), Some(claimed)) if *claimed != tenant.name => {
            let message =
                format!("the file is in the paths of tenant {}, but claims tenant {claimed}", tenant.name);
            Err(Box::new(place.diagnostic(&codes::native::TENANT_ESCAPE, message, "/spec/tenant")))
        }
        (Some(tenant), _) => Ok(tenant.name.clone()),
        (None, None) => Ok(PLATFORM_TENANT.to_owned()),
        (None, Some(claimed)) => {
            let known = |name: &String| {
                name == PLATFORM_TENANT || declarations.tenants.iter().any(|t| t.name == *name)
            };
            if known(claimed) {
                return Ok(claimed.clone());
            }
            let message = format!("tenant {claimed} is not declared");
            let names = declarations.tenants.iter().map(|t| t.name.as_str());
            let found = place.diagnostic(&codes::native::UNKNOWN_TENANT, message, "/spec/tenant");
            Err(Box::new(match mainstay_diagnostic::nearest(claimed, names) {
                Some(near) => found.hint(format!("did you mean {near}?")),
                None => found,
            }))
        }
    }
}

/// Whose paths hold a file.
pub fn tenant_of<'a>(declarations: &'a Declarations, file: &str) -> Option<&'a str> {
    covering(declarations, file).map(|tenant| tenant.name.as_str())
}

/// The tenant with the longest path that holds the file.
pub(crate) fn covering<'a>(declarations: &'a Declarations, file: &str) -> Option<&'a Document<TenantSpec>> {
    let file = TreePath::parse(file).ok()?;
    declarations
        .tenants
        .iter()
        .flat_map(|tenant| tenant.spec.paths.iter().map(move |path| (tenant, path)))
        .filter_map(|(tenant, path)| Some((TreePath::parse(path).ok()?, tenant)))
        .filter(|(path, _)| !path.is_root() && file.is_within(path))
        .max_by_key(|(path, tenant)| (path.as_str().len(), std::cmp::Reverse(tenant.name.as_str())))
        .map(|(_, tenant)| &**tenant)
}
