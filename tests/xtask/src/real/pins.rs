//! The pinned tools: what is built, from which Go module, and how its version is stamped.
//!
//! A tool is built from inside a wrapper module that requires `module` at `version`. `go install` refuses
//! modules that have `replace` directives; the wrapper repeats those replaces as published versions.

/// One binary.
#[derive(Debug)]
pub struct Tool {
    pub name: &'static str,
    pub package: &'static str,
    pub module: &'static str,
    pub version: &'static str,
    /// The release of the modules that `module` replaces by folders of its own repository.
    pub siblings: Option<&'static str>,
    pub stamp: Stamp,
    /// The arguments that make the binary print its version.
    pub probe: &'static [&'static str],
    /// What the printed version must contain.
    pub prints: &'static str,
}

/// Which variables of the binary carry its version.
#[derive(Debug)]
pub enum Stamp {
    /// It is in the source already.
    None,
    /// `gitVersion` and its companions, in both packages that Kubernetes reads.
    Kubernetes,
    /// One string variable.
    Variable(&'static str),
}

const KUBERNETES: &str = "k8s.io/kubernetes";
const KUBERNETES_VERSION: &str = "v1.36.3";
const STAGING_VERSION: &str = "v0.36.3";

const fn kubernetes(name: &'static str, package: &'static str, probe: &'static [&'static str]) -> Tool {
    Tool {
        name,
        package,
        module: KUBERNETES,
        version: KUBERNETES_VERSION,
        siblings: Some(STAGING_VERSION),
        stamp: Stamp::Kubernetes,
        probe,
        prints: KUBERNETES_VERSION,
    }
}

/// In build order: what tests need most comes first.
pub const TOOLS: &[Tool] = &[
    kubernetes("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", &["--version"]),
    kubernetes("kubectl", "k8s.io/kubernetes/cmd/kubectl", &["version", "--client"]),
    Tool {
        name: "etcd",
        package: "go.etcd.io/etcd/server/v3",
        module: "go.etcd.io/etcd/server/v3",
        version: "v3.7.3",
        siblings: None,
        stamp: Stamp::None,
        probe: &["--version"],
        prints: "3.7.3",
    },
    kubernetes("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", &["--version"]),
    Tool {
        name: "kustomize",
        package: "sigs.k8s.io/kustomize/kustomize/v5",
        module: "sigs.k8s.io/kustomize/kustomize/v5",
        version: "v5.5.0",
        siblings: None,
        stamp: Stamp::Variable("sigs.k8s.io/kustomize/api/provenance.version"),
        probe: &["version"],
        prints: "v5.5.0",
    },
    Tool {
        name: "helm",
        package: "helm.sh/helm/v3/cmd/helm",
        module: "helm.sh/helm/v3",
        version: "v3.22.0",
        siblings: None,
        stamp: Stamp::Variable("helm.sh/helm/v3/internal/version.version"),
        probe: &["version", "--short"],
        prints: "v3.22.0",
    },
];

/// What is built when it is asked for by name.
pub const MORE: &[Tool] = &[
    Tool {
        name: "kustomize-controller",
        package: "github.com/fluxcd/kustomize-controller",
        module: "github.com/fluxcd/kustomize-controller",
        // The newest that Go 1.26 builds out of what its module proxy holds.
        version: "v1.9.5",
        siblings: None,
        stamp: Stamp::None,
        // It does not say its version.
        probe: &["--help"],
        prints: "",
    },
    // 96 MiB, and minutes to build: more than a test of one crate is worth to everybody.
    Tool {
        name: "cosign",
        package: "github.com/sigstore/cosign/v3/cmd/cosign",
        module: "github.com/sigstore/cosign/v3",
        version: "v3.1.3",
        siblings: None,
        stamp: Stamp::Variable("sigs.k8s.io/release-utils/version.gitVersion"),
        probe: &["version"],
        prints: "v3.1.3",
    },
];
