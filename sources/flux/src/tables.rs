//! The fields of each kind, by Flux's API reference: required ones, types, permitted values, and what is not acted on.
use crate::kind::Kind;
use crate::shape::Shape::{Any, Duration, Fields, Flag, Integer, List, OneOf, Text, Texts, Url};
use crate::shape::{Field, Shape, idle, may, must, not_yet, older};

pub(crate) fn spec(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Kustomization => KUSTOMIZATION,
        Kind::HelmRelease => HELM_RELEASE,
        Kind::GitRepository => GIT_REPOSITORY,
        Kind::OciRepository => OCI_REPOSITORY,
        Kind::HelmRepository => HELM_REPOSITORY,
        Kind::HelmChart => HELM_CHART,
        Kind::Bucket => BUCKET,
        Kind::ArtifactGenerator => ARTIFACT_GENERATOR,
        Kind::ExternalArtifact => EXTERNAL_ARTIFACT,
    }
}

const NAME: Shape = Fields(&[must("name", Text)]);
const SELECTOR: Shape = Fields(&[
    may("group", Text),
    may("version", Text),
    may("kind", Text),
    may("namespace", Text),
    may("name", Text),
    may("annotationSelector", Text),
    may("labelSelector", Text),
]);
const DEPENDS_ON: Shape =
    List(&Fields(&[must("name", Text), may("namespace", Text), may("readyExpr", Text)]));
const KUBE_CONFIG: Shape = Fields(&[
    may("secretRef", Fields(&[must("name", Text), may("key", Text)])),
    not_yet(
        "configMapRef",
        "name a Secret with a kubeconfig in secretRef; cloud identities are not read yet",
    ),
]);
const METADATA: Shape = Fields(&[may("labels", Texts), may("annotations", Texts)]);
const PATCHES: Shape = List(&Fields(&[must("patch", Text), may("target", SELECTOR)]));
const JSON_PATCHES: Shape = List(&Fields(&[must("patch", List(&Any)), must("target", SELECTOR)]));
const IMAGES: Shape =
    List(&Fields(&[must("name", Text), may("newName", Text), may("newTag", Text), may("digest", Text)]));
const HEALTH_EXPRS: Shape = List(&Fields(&[
    must("apiVersion", Text),
    must("kind", Text),
    must("current", Text),
    may("inProgress", Text),
    may("failed", Text),
]));
const DRIFT_IGNORE: Shape = List(&Fields(&[must("paths", List(&Text)), may("target", SELECTOR)]));

const KUSTOMIZATION: &[Field] = &[
    must("interval", Duration),
    must("prune", Flag),
    must(
        "sourceRef",
        Fields(&[
            may("apiVersion", Text),
            must("kind", OneOf(&["GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"])),
            must("name", Text),
            may("namespace", Text),
        ]),
    ),
    may("path", Text),
    may("dependsOn", DEPENDS_ON),
    may("commonMetadata", METADATA),
    may("components", List(&Text)),
    may("ignoreMissingComponents", Flag),
    may(
        "decryption",
        Fields(&[
            must("provider", OneOf(&["sops"])),
            may("secretRef", NAME),
            may("serviceAccountName", Text),
        ]),
    ),
    may("deletionPolicy", OneOf(&["MirrorPrune", "Delete", "WaitForTermination", "Orphan"])),
    may("force", Flag),
    may("healthCheckExprs", HEALTH_EXPRS),
    may(
        "healthChecks",
        List(&Fields(&[
            may("apiVersion", Text),
            must("kind", Text),
            must("name", Text),
            may("namespace", Text),
        ])),
    ),
    may("buildMetadata", List(&OneOf(&["originAnnotations", "transformerAnnotations", "managedByLabel"]))),
    may("ignore", DRIFT_IGNORE),
    may("images", IMAGES),
    may("kubeConfig", KUBE_CONFIG),
    may("namePrefix", Text),
    may("nameSuffix", Text),
    may("patches", PATCHES),
    may(
        "postBuild",
        Fields(&[
            may("substitute", Texts),
            may(
                "substituteFrom",
                List(&Fields(&[
                    must("kind", OneOf(&["ConfigMap", "Secret"])),
                    must("name", Text),
                    may("optional", Flag),
                ])),
            ),
            may("substituteStrategy", OneOf(&["WithVariables", "Always"])),
        ]),
    ),
    may("retryInterval", Duration),
    may("serviceAccountName", Text),
    may("suspend", Flag),
    may("targetNamespace", Text),
    may("timeout", Duration),
    may("wait", Flag),
    older("patchesStrategicMerge", List(&Any)),
    older("patchesJson6902", JSON_PATCHES),
    // Without effect since server-side apply, in Flux too.
    older("validation", OneOf(&["none", "client", "server"])),
];

const VERIFY: Shape = Fields(&[
    must("provider", OneOf(&["cosign", "notation"])),
    may("secretRef", NAME),
    may("trustedRootSecretRef", NAME),
    may("matchOIDCIdentity", List(&Fields(&[must("issuer", Text), must("subject", Text)]))),
]);
const CRDS: Shape = OneOf(&["Skip", "Create", "CreateReplace"]);
const STRATEGY: Shape =
    Fields(&[must("name", OneOf(&["RemediateOnFailure", "RetryOnFailure"])), may("retryInterval", Duration)]);
const SERVER_SIDE: Shape = OneOf(&["enabled", "disabled", "auto"]);

/// What happens instead of what a field of Helm's process says.
const UNINSTALLED: &str =
    "nothing is uninstalled because it failed: what can be is tried again, until the next commit";
const CLEANED: &str = "what a release made and the one before it does not have is pruned";
const WAITS: &str = "a rollback is waited for like an upgrade";
const TESTS: &str = "the tests of charts are not run";
const SERVER_SIDE_APPLY: &str =
    "objects are applied server-side, and replaced where upgrade.force or they themselves say so";
const SERVER_CHECKS: &str = "the API server checks every object";
const TAKES_OVER: &str = "what exists is taken over as it is, and fields of others are never forced";
const JOBS: &str = "Jobs are waited for like every object: disableWait waits for none";
const TIMEOUT: &str = "the release's own spec.timeout counts";
const DELETION: &str = "each stage of a deletion is seen gone";

const HELM_RELEASE: &[Field] = &[
    must("interval", Duration),
    may(
        "chart",
        Fields(&[
            may("metadata", METADATA),
            must(
                "spec",
                Fields(&[
                    must("chart", Text),
                    may("version", Text),
                    must(
                        "sourceRef",
                        Fields(&[
                            may("apiVersion", Text),
                            must("kind", OneOf(&["HelmRepository", "GitRepository", "Bucket"])),
                            must("name", Text),
                            may("namespace", Text),
                        ]),
                    ),
                    may("interval", Duration),
                    may("reconcileStrategy", OneOf(&["ChartVersion", "Revision"])),
                    may("valuesFiles", List(&Text)),
                    may("ignoreMissingValuesFiles", Flag),
                    may("verify", VERIFY),
                    older("valuesFile", Text),
                ]),
            ),
        ]),
    ),
    may(
        "chartRef",
        Fields(&[
            may("apiVersion", Text),
            must("kind", OneOf(&["OCIRepository", "HelmChart", "ExternalArtifact"])),
            must("name", Text),
            may("namespace", Text),
        ]),
    ),
    may("commonMetadata", METADATA),
    may("dependsOn", DEPENDS_ON),
    may(
        "driftDetection",
        Fields(&[may("mode", OneOf(&["enabled", "warn", "disabled"])), may("ignore", DRIFT_IGNORE)]),
    ),
    may("healthCheckExprs", HEALTH_EXPRS),
    may(
        "install",
        Fields(&[
            may("crds", CRDS),
            may("createNamespace", Flag),
            may("disableHooks", Flag),
            idle("disableOpenAPIValidation", Flag, SERVER_CHECKS),
            may("disableSchemaValidation", Flag),
            idle("disableTakeOwnership", Flag, TAKES_OVER),
            may("disableWait", Flag),
            idle("disableWaitForJobs", Flag, JOBS),
            idle(
                "remediation",
                Fields(&[
                    may("retries", Integer),
                    may("ignoreTestFailures", Flag),
                    may("remediateLastFailure", Flag),
                ]),
                UNINSTALLED,
            ),
            idle("replace", Flag, SERVER_SIDE_APPLY),
            idle("serverSideApply", Flag, SERVER_SIDE_APPLY),
            may("skipCRDs", Flag),
            may("strategy", STRATEGY),
            idle("timeout", Duration, TIMEOUT),
        ]),
    ),
    may("kubeConfig", KUBE_CONFIG),
    may("maxHistory", Integer),
    idle("persistentClient", Flag, "connections are kept anyway"),
    may("postRenderStrategy", OneOf(&["nohooks", "combined", "separate"])),
    may(
        "postRenderers",
        List(&Fields(&[may(
            "kustomize",
            Fields(&[
                may("images", IMAGES),
                may("patches", PATCHES),
                older("patchesStrategicMerge", List(&Any)),
                older("patchesJson6902", JSON_PATCHES),
            ]),
        )])),
    ),
    may("releaseName", Text),
    may(
        "rollback",
        Fields(&[
            idle("cleanupOnFail", Flag, CLEANED),
            may("disableHooks", Flag),
            idle("disableWait", Flag, WAITS),
            idle("disableWaitForJobs", Flag, JOBS),
            idle("force", Flag, "objects are replaced where upgrade.force or they themselves say so"),
            idle("recreate", Flag, "Pods are made anew where their templates differ"),
            idle("serverSideApply", SERVER_SIDE, SERVER_SIDE_APPLY),
            idle("timeout", Duration, TIMEOUT),
        ]),
    ),
    may("serviceAccountName", Text),
    may("storageNamespace", Text),
    may("suspend", Flag),
    may("targetNamespace", Text),
    idle(
        "test",
        Fields(&[
            may("enable", Flag),
            may("filters", List(&Fields(&[must("name", Text), may("exclude", Flag)]))),
            may("ignoreFailures", Flag),
            may("timeout", Duration),
        ]),
        TESTS,
    ),
    may("timeout", Duration),
    may(
        "uninstall",
        Fields(&[
            may("deletionPropagation", OneOf(&["background", "foreground", "orphan"])),
            may("disableHooks", Flag),
            idle("disableWait", Flag, DELETION),
            idle("keepHistory", Flag, "Helm's records go with the release"),
            idle("timeout", Duration, DELETION),
        ]),
    ),
    may(
        "upgrade",
        Fields(&[
            idle(
                "chartNameChangeStrategy",
                OneOf(&["InPlaceUpdate", "Reinstall"]),
                "objects that both charts have stay",
            ),
            idle("cleanupOnFail", Flag, CLEANED),
            may("crds", CRDS),
            may("disableHooks", Flag),
            idle("disableOpenAPIValidation", Flag, SERVER_CHECKS),
            may("disableSchemaValidation", Flag),
            idle("disableTakeOwnership", Flag, TAKES_OVER),
            may("disableWait", Flag),
            idle("disableWaitForJobs", Flag, JOBS),
            may("force", Flag),
            may("preserveValues", Flag),
            may(
                "remediation",
                Fields(&[
                    may("retries", Integer),
                    idle("ignoreTestFailures", Flag, TESTS),
                    may("remediateLastFailure", Flag),
                    may("strategy", OneOf(&["rollback", "uninstall"])),
                ]),
            ),
            idle("serverSideApply", SERVER_SIDE, SERVER_SIDE_APPLY),
            may("strategy", STRATEGY),
            idle("timeout", Duration, TIMEOUT),
        ]),
    ),
    may("values", Any),
    may(
        "valuesFrom",
        List(&Fields(&[
            must("kind", OneOf(&["ConfigMap", "Secret"])),
            must("name", Text),
            may("valuesKey", Text),
            may("targetPath", Text),
            may("optional", Flag),
            may("literal", Flag),
        ])),
    ),
    idle("waitStrategy", Fields(&[must("name", OneOf(&["poller", "legacy"]))]), "every object is watched"),
];

const GIT_REPOSITORY: &[Field] = &[
    must("interval", Duration),
    must("url", Url(&["http://", "https://", "ssh://"])),
    may("ignore", Text),
    not_yet("include", "declare an ArtifactGenerator, or name the other repository in its own Kustomization"),
    may("provider", OneOf(&["generic", "aws", "azure", "github"])),
    not_yet("proxySecretRef", "configure the proxy for Mainstay itself"),
    not_yet("recurseSubmodules", "declare the submodule's repository as a source of its own"),
    may(
        "ref",
        Fields(&[
            may("branch", Text),
            may("tag", Text),
            may("semver", Text),
            may("name", Text),
            may("commit", Text),
        ]),
    ),
    may("secretRef", NAME),
    not_yet("serviceAccountName", "name a Secret with credentials in secretRef"),
    may("sparseCheckout", List(&Text)),
    may("suspend", Flag),
    may("timeout", Duration),
    may(
        "verify",
        Fields(&[may("mode", OneOf(&["head", "HEAD", "Tag", "TagAndHEAD"])), must("secretRef", NAME)]),
    ),
    older("gitImplementation", OneOf(&["go-git", "libgit2"])),
    older("accessFrom", Any),
];

const OCI_REPOSITORY: &[Field] = &[
    must("interval", Duration),
    must("url", Url(&["oci://"])),
    may("certSecretRef", NAME),
    may("ignore", Text),
    may("insecure", Flag),
    may("layerSelector", Fields(&[may("mediaType", Text), may("operation", OneOf(&["extract", "copy"]))])),
    may("provider", OneOf(&["generic", "aws", "azure", "gcp"])),
    not_yet("proxySecretRef", "configure the proxy for Mainstay itself"),
    may(
        "ref",
        Fields(&[may("digest", Text), may("semver", Text), may("semverFilter", Text), may("tag", Text)]),
    ),
    may("secretRef", NAME),
    not_yet("serviceAccountName", "name a Secret with credentials in secretRef"),
    may("suspend", Flag),
    may("timeout", Duration),
    may("verify", VERIFY),
];

const HELM_REPOSITORY: &[Field] = &[
    must("url", Url(&["http://", "https://", "oci://"])),
    may("interval", Duration),
    may("accessFrom", Any),
    may("certSecretRef", NAME),
    may("insecure", Flag),
    may("passCredentials", Flag),
    may("provider", OneOf(&["generic", "aws", "azure", "gcp"])),
    may("secretRef", NAME),
    may("suspend", Flag),
    may("timeout", Duration),
    may("type", OneOf(&["default", "oci"])),
];

const HELM_CHART: &[Field] = &[
    must("chart", Text),
    must("interval", Duration),
    must(
        "sourceRef",
        Fields(&[
            may("apiVersion", Text),
            must("kind", OneOf(&["HelmRepository", "GitRepository", "Bucket"])),
            must("name", Text),
        ]),
    ),
    may("ignoreMissingValuesFiles", Flag),
    may("reconcileStrategy", OneOf(&["ChartVersion", "Revision"])),
    may("suspend", Flag),
    may("valuesFiles", List(&Text)),
    may("verify", VERIFY),
    may("version", Text),
    older("valuesFile", Text),
    older("accessFrom", Any),
];

const BUCKET: &[Field] = &[
    must("bucketName", Text),
    must("endpoint", Text),
    must("interval", Duration),
    may("certSecretRef", NAME),
    may("ignore", Text),
    may("insecure", Flag),
    may("prefix", Text),
    may("provider", OneOf(&["generic", "aws", "gcp", "azure"])),
    may("proxySecretRef", NAME),
    may("region", Text),
    may("secretRef", NAME),
    may("serviceAccountName", Text),
    may(
        "sts",
        Fields(&[
            must("endpoint", Url(&["http://", "https://"])),
            must("provider", OneOf(&["aws", "ldap"])),
            may("certSecretRef", NAME),
            may("secretRef", NAME),
        ]),
    ),
    may("suspend", Flag),
    may("timeout", Duration),
    older("accessFrom", Any),
];

const ARTIFACT_GENERATOR: &[Field] = &[
    must(
        "sources",
        List(&Fields(&[
            must("alias", Text),
            must(
                "kind",
                OneOf(&["Bucket", "GitRepository", "OCIRepository", "HelmChart", "ExternalArtifact"]),
            ),
            must("name", Text),
            may("namespace", Text),
        ])),
    ),
    must(
        "artifacts",
        List(&Fields(&[
            must("name", Text),
            must(
                "copy",
                List(&Fields(&[
                    must("from", Text),
                    must("to", Text),
                    may("exclude", List(&Text)),
                    may("strategy", OneOf(&["Overwrite", "Merge", "Extract"])),
                ])),
            ),
            may("originRevision", Text),
            may("revision", Text),
        ])),
    ),
    may("commonMetadata", METADATA),
    not_yet("pathPattern", "name each artifact and its paths"),
];

const EXTERNAL_ARTIFACT: &[Field] = &[may(
    "sourceRef",
    Fields(&[must("kind", Text), must("name", Text), may("apiVersion", Text), may("namespace", Text)]),
)];
