use mainstay_object::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// A unit's name in the fleet: `module/team-a/web@eu-1`, `kustomization/flux-system/apps`. Clones share their text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnitId(Arc<IdParts>);

/// `kind` is the declaring kind in lower case, `tenant` who owns it (a Flux object's namespace), `cluster` the target
/// cluster's name, empty for the management cluster.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdParts {
    pub kind: String,
    pub tenant: String,
    pub name: String,
    pub cluster: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not the name of a unit: expected kind/tenant/name or kind/tenant/name@cluster")]
pub struct InvalidUnitId(pub String);

impl UnitId {
    pub fn new(
        kind: impl Into<String>,
        tenant: impl Into<String>,
        name: impl Into<String>,
        cluster: impl Into<String>,
    ) -> Self {
        let parts =
            IdParts { kind: kind.into(), tenant: tenant.into(), name: name.into(), cluster: cluster.into() };
        Self(Arc::new(parts))
    }

    /// Declared by a kind of Mainstay's own. Every other unit is declared by an object that something renders.
    pub fn is_native(&self) -> bool {
        matches!(self.kind.as_str(), "cluster" | "provider" | "module")
    }

    /// The name of this unit's `Unit` object: a DNS subdomain, different for different units.
    pub fn object_name(&self) -> String {
        let parts = [&self.kind, &self.tenant, &self.name, &self.cluster];
        let joined = parts.iter().filter(|p| !p.is_empty()).map(|p| p.as_str()).collect::<Vec<_>>().join(".");
        let plain = joined.len() <= 253
            && parts
                .iter()
                .all(|p| p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        if plain {
            return joined;
        }
        let clean: String = joined
            .chars()
            .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' { c } else { '-' })
            .take(230)
            .collect();
        format!(
            "{}.x{}",
            clean.trim_end_matches(['.', '-']),
            Digest::of_bytes(self.to_string().as_bytes()).short()
        )
    }
}

impl Deref for UnitId {
    type Target = IdParts;

    fn deref(&self) -> &IdParts {
        &self.0
    }
}

impl Ord for UnitId {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for UnitId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.tenant, self.name)?;
        if !self.cluster.is_empty() {
            write!(f, "@{}", self.cluster)?;
        }
        Ok(())
    }
}

impl FromStr for UnitId {
    type Err = InvalidUnitId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, cluster) = text.split_once('@').unwrap_or((text, ""));
        let parts: Vec<_> = path.split('/').collect();
        match parts[..] {
            [kind, tenant, name] if !kind.is_empty() && !tenant.is_empty() && !name.is_empty() => {
                Ok(Self::new(kind, tenant, name, cluster))
            }
            _ => Err(InvalidUnitId(text.to_owned())),
        }
    }
}

impl Serialize for UnitId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnitId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
