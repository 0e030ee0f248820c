//! The API, one file per kind. Comments on fields are their descriptions in the schemas.

mod cluster;
mod common;
mod exemption;
mod module;
mod platform;
mod provider;
mod tenant;

pub use cluster::{ClusterClass, ClusterSpec, Kubeconfig, SecretKey};
pub use common::{
    ChartVerification, Check, DependencyKind, DependencyRef, Drift, DriftModeName, DriftRule, DriftTarget,
    Duration, GitRef, IdentityMatch, KeysRef, LabelSelector, ObjectSelector, RendererName, Requirement,
    SelectorOperator, ServiceAccountRef, SignatureProvider, Source, SourceChart, SourceRepository, Values,
};
pub use exemption::ExemptionSpec;
pub use module::{ClusterSelection, DeletionPolicyName, ModuleSpec, Rollout};
pub use platform::{
    Decryption, DecryptionKeys, DecryptionProvider, Defaults, Helm, Kustomize, Objective, PlatformSpec,
    Sharding, VersionSet,
};
pub use provider::{ProviderSpec, ProviderType};
pub use tenant::{AllowedKind, Quotas, TenantSpec};
