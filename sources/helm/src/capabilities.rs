//! What a cluster can do, as templates see it.
use crate::text::Text;
use crate::value::{List, ListType, Object, Struct, StructField, Value};
use std::cell::Cell;
use std::rc::Rc;

/// Which Helm we are to templates.
const HELM_VERSION: &str = "v3.22.0";
const GO_VERSION: &str = "go1.26.8";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// `v1.31.0`
    pub kube_version: String,
    /// `group/version` and `group/version/Kind`.
    pub api_versions: Vec<String>,
    /// They are all that there are: a cluster told them. Else those of Helm's client library come first.
    pub asked: bool,
}

impl Default for Capabilities {
    /// What `helm template` assumes where nothing is said.
    fn default() -> Self {
        Self { kube_version: "v1.20.0".into(), api_versions: Vec::new(), asked: false }
    }
}

impl Capabilities {
    /// A version as `--kube-version` takes it: numbers, perhaps behind `v`, perhaps with more behind them.
    pub fn parse_kube_version(text: &str) -> Option<String> {
        let body = text.trim().strip_prefix('v').unwrap_or(text.trim());
        let length = body.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let numbers: Option<Vec<u64>> = body[..length].split('.').map(|part| part.parse().ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.len() >= 2)?;
        let shown: Vec<String> = numbers.iter().map(u64::to_string).collect();
        Some(format!("v{}", shown.join(".")))
    }

    /// `watch` is set once a template looks at what depends on the cluster.
    pub(crate) fn value(&self, watch: &Rc<Cell<bool>>) -> Value {
        let mut numbers = self.kube_version.trim_start_matches('v').split('.');
        let mut number = || numbers.next().unwrap_or_default().to_owned();
        let (major, minor) = (number(), number());
        let kube = Struct {
            ty: "chartutil.KubeVersion",
            fields: vec![
                field("Version", Some("Version"), self.kube_version.as_str().into()),
                field("Major", Some("Major"), major.into()),
                field("Minor", Some("Minor"), minor.into()),
            ],
            string: Some(Text::from(self.kube_version.as_str())),
        };
        let known = if self.asked { &[][..] } else { &KNOWN_VERSIONS[..] };
        let known = known.iter().copied().chain(self.api_versions.iter().map(String::as_str));
        let versions = List::new(ListType::Versions, known.map(Value::from).collect());
        let helm = Struct {
            ty: "version.BuildInfo",
            fields: vec![
                field("Version", Some("version"), HELM_VERSION.into()),
                StructField { omit_empty: true, ..field("GitCommit", Some("git_commit"), "".into()) },
                StructField { omit_empty: true, ..field("GitTreeState", Some("git_tree_state"), "".into()) },
                field("GoVersion", Some("go_version"), GO_VERSION.into()),
            ],
            string: None,
        };
        let watched =
            |name, value| StructField { watch: Some(watch.clone()), ..field(name, Some(name), value) };
        structure(Struct {
            ty: "*chartutil.Capabilities",
            fields: vec![
                watched("KubeVersion", structure(kube)),
                watched("APIVersions", Value::List(versions)),
                field("HelmVersion", Some("HelmVersion"), structure(helm)),
            ],
            string: None,
        })
    }
}

fn structure(object: Struct) -> Value {
    Value::Object(Object::Struct(Rc::new(object)))
}

fn field(name: &'static str, json: Option<&'static str>, value: Value) -> StructField {
    StructField { name, json, omit_empty: false, held: value, watch: None }
}

/// What Helm knows without asking a cluster: the versions of its client library, in that library's order.
pub(crate) const KNOWN_VERSIONS: [&str; 57] = [
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "lifecycle.k8s.io/v1alpha1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];
