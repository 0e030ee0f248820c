use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A duration: numbers with the units ms, s, m and h, as in `90s` or `1h30m`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Duration(#[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"))] pub String);

impl Duration {
    /// `None` only for what the schema refuses.
    pub fn get(&self) -> Option<std::time::Duration> {
        mainstay_unit::parse_duration(&self.0)
    }
}

/// Variables by name. A value is a string, number, boolean, list or object; a layer may change a variable's value but
/// not its type. Platform < Tenant < Cluster < Module.
pub type Values = BTreeMap<String, Value>;

/// Where manifests come from: exactly one of `path`, `repository` and `chart`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    /// A folder of the platform repository, from its root, with or without a kustomization.
    #[serde(default)]
    pub path: Option<String>,
    /// A folder of another Git repository.
    #[serde(default)]
    pub repository: Option<SourceRepository>,
    /// A Helm chart.
    #[serde(default)]
    pub chart: Option<SourceChart>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceRepository {
    /// `https://`, `http://` or `ssh://`.
    #[schemars(regex(pattern = r"^(https?|ssh)://.+$"))]
    pub url: String,
    /// What to follow; the branch `main` if absent.
    #[serde(default)]
    pub reference: Option<GitRef>,
    /// A folder of that repository, its root if absent.
    #[serde(default)]
    pub path: Option<String>,
    /// The Secret in `mainstay-system` that holds the credentials.
    #[serde(default)]
    pub secret: Option<String>,
}

/// The first that is set counts, in the order commit, semver, tag, branch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GitRef {
    #[serde(default)]
    pub branch: Option<String>,
    #[serde(default)]
    pub tag: Option<String>,
    /// A range of tags, such as `>=1.2 <2`.
    #[serde(default)]
    pub semver: Option<String>,
    /// A full commit hash.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[0-9a-f]{40}([0-9a-f]{24})?$"))]
    pub commit: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceChart {
    /// A folder of the platform repository, from its root, that holds the chart; instead of a repository.
    #[serde(default)]
    pub path: Option<String>,
    /// The repository's URL: `https://` or `oci://`.
    #[serde(default)]
    #[schemars(regex(pattern = r"^(https?|oci)://.+$"))]
    pub repository: Option<String>,
    /// The chart's name in it; empty for an `oci://` URL that names the chart itself.
    #[serde(default)]
    pub name: String,
    /// A version or a range of versions; the newest if absent.
    #[serde(default)]
    pub version: Option<String>,
    /// Who renders it; `native` if absent.
    #[serde(default)]
    pub renderer: Option<RendererName>,
    /// How it is proved that somebody has signed a chart of a repository, before anything of it is used; nothing is proved
    /// if absent.
    #[serde(default)]
    pub verify: Option<ChartVerification>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChartVerification {
    pub provider: SignatureProvider,
    /// Whose keys, one of which has signed. For `cosign` the Secret's entries `*.pub` are public keys (PEM); for `helm` each
    /// entry is a keyring of OpenPGP's, binary as `gpg --export` writes it, or armored.
    #[serde(default)]
    pub secret_ref: Option<KeysRef>,
    /// For `cosign` without a key: who has signed, any of these.
    #[serde(default, rename = "matchOIDCIdentity")]
    #[schemars(length(min = 1, max = 32))]
    pub match_oidc_identity: Option<Vec<IdentityMatch>>,
    /// Beside `matchOIDCIdentity`: a Secret whose `trusted_root.json` is the trust root of sigstore's that certificates and
    /// logs are checked against; if absent, the public one, or that of `--sigstore-root`.
    #[serde(default)]
    pub trusted_root_secret_ref: Option<KeysRef>,
}

/// Who signs how. `cosign`: charts of `oci://` repositories, behind a tag or as a bundle. `helm`: the provenance that
/// `helm package --sign` makes, beside the archive (`.prov`) or among the layers in an `oci://` repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignatureProvider {
    Cosign,
    Helm,
}

/// Regular expressions of Go's, which match anywhere unless they are anchored (`^…$`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityMatch {
    /// Of the URL of the OpenID provider.
    #[schemars(length(min = 1, max = 4096))]
    pub issuer: String,
    /// Of the URI or e-mail address that the provider vouches for.
    #[schemars(length(min = 1, max = 4096))]
    pub subject: String,
}

/// A Secret on the management cluster: of `mainstay-system` for the platform's own, of the Module's `namespace`, which is one
/// of the tenant's, for a tenant's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeysRef {
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// `native` is Mainstay itself; `exec` runs the real Helm, for a chart that Mainstay can't render, where the Platform's
/// `spec.helm.exec` allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RendererName {
    Native,
    Exec,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceAccountRef {
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A unit that must open its gate first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DependencyRef {
    pub kind: DependencyKind,
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// On which cluster: `same` (the default), `management`, or a cluster's name. Without meaning for a Cluster.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Whose: this document's tenant if absent, else the platform's.
    #[serde(default)]
    pub tenant: Option<String>,
    /// CEL over `self` and `dep`, the two Unit objects; without one, the dependency's gate decides.
    #[serde(default)]
    pub ready_expr: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum DependencyKind {
    Cluster,
    Provider,
    Module,
}

/// An object that must be healthy, or, without a name, a rule for every object of the kind in the unit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Check {
    #[schemars(length(min = 1))]
    pub api_version: String,
    #[schemars(length(min = 1))]
    pub kind: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub namespace: String,
    /// CEL over the object: true when it is healthy.
    #[serde(default)]
    pub current: Option<String>,
    /// CEL over the object: true when it has failed.
    #[serde(default)]
    pub failed: Option<String>,
    /// CEL over the object: true while it is on its way.
    #[serde(default)]
    pub in_progress: Option<String>,
}

/// What becomes of changes that others make to fields of applied objects.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Drift {
    /// `correct` puts them back, `warn` reports them, `ignore` does neither. The Platform's default if absent, which is
    /// `correct`.
    #[serde(default)]
    pub mode: Option<DriftModeName>,
    /// Fields that are left to others.
    #[serde(default)]
    pub ignore: Vec<DriftRule>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriftModeName {
    Correct,
    Warn,
    Ignore,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DriftRule {
    /// The objects; all of the unit's if absent.
    #[serde(default)]
    pub target: DriftTarget,
    /// JSON pointers (RFC 6901), such as `/spec/replicas`.
    #[schemars(length(min = 1), inner(regex(pattern = r"^(/.*)?$")))]
    pub paths: Vec<String>,
}

/// Parts that are absent match everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DriftTarget {
    #[serde(default)]
    pub group: String,
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub name: String,
    /// As kubectl reads one: `app=web,tier in (front,back),!canary`.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    pub label_selector: String,
    /// The same for annotations.
    #[serde(default)]
    #[schemars(length(max = 4096))]
    pub annotation_selector: String,
}

/// Parts that are absent match everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectSelector {
    #[serde(default)]
    pub group: String,
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub name: String,
}

/// Labels that must be there; all parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSelector {
    #[serde(default)]
    pub match_labels: BTreeMap<String, String>,
    #[serde(default)]
    pub match_expressions: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    #[schemars(length(min = 1))]
    pub key: String,
    pub operator: SelectorOperator,
    /// For `In` and `NotIn`.
    #[serde(default)]
    pub values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SelectorOperator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let found = labels.get(&self.key);
        match self.operator {
            SelectorOperator::In => found.is_some_and(|value| self.values.contains(value)),
            // As Kubernetes has it, an absent label is not in any set.
            SelectorOperator::NotIn => found.is_none_or(|value| !self.values.contains(value)),
            SelectorOperator::Exists => found.is_some(),
            SelectorOperator::DoesNotExist => found.is_none(),
        }
    }
}
