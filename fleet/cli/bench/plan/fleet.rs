//! A platform repository of any size: modules of one cluster each, out of ten templates of ten objects.

use crate::exit::Failure;
use mainstay_unit::tree::TreePath;

/// Objects of a template, and so of a unit.
pub(super) const OBJECTS: usize = 10;
const TEMPLATES: usize = 10;
/// Modules of a cluster.
const MODULES: usize = 100;
/// Bytes of an object as JSON, about.
const SIZE: usize = 2048;

type File = (TreePath, Vec<u8>);

fn clusters(units: usize) -> usize {
    units.div_ceil(MODULES)
}

pub(super) fn files(units: usize) -> Result<Vec<File>, Failure> {
    let mut out = Vec::new();
    for template in 0..TEMPLATES {
        for index in 0..OBJECTS {
            out.push((path(format!("templates/t{template}/o{index}.yaml"))?, object(template, index).into()));
        }
    }
    for cluster in 0..clusters(units) {
        let text = format!(
            "apiVersion: mainstay.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: c{cluster:03}\n  labels:\n    region: r{}\nspec:\n  class: existing\n  kubeconfig:\n    secret:\n      name: c{cluster:03}\n  variables:\n    region: r{}\n",
            cluster % 7,
            cluster % 7
        );
        out.push((path(format!("fleet/c{cluster:03}/cluster.yaml"))?, text.into_bytes()));
    }
    for unit in 0..units {
        out.push(module(unit, 0)?);
    }
    Ok(out)
}

/// The file that declares a unit; with another round it is another one.
pub(super) fn module(unit: usize, round: usize) -> Result<File, Failure> {
    let cluster = unit / MODULES;
    let text = format!(
        "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata:\n  name: u{unit:05}\nspec:\n  source:\n    path: templates/t{}\n  clusters:\n    names: [c{cluster:03}]\n  variables:\n    name: u{unit:05}\n    round: r{round}\n",
        unit % TEMPLATES
    );
    Ok((path(format!("fleet/c{cluster:03}/u{unit:05}.yaml"))?, text.into_bytes()))
}

/// Half of them ConfigMaps, half Deployments.
fn object(template: usize, index: usize) -> String {
    let head = |api: &str, kind: &str| {
        format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: ${{name}}-{index}\n  namespace: apps\n  labels:\n    app.kubernetes.io/name: ${{name}}\n    app.kubernetes.io/part-of: template-{template}\n  annotations:\n    example.com/round: \"${{round}}\"\n    example.com/region: ${{region}}\n"
        )
    };
    let mut text = if index.is_multiple_of(2) {
        format!("{}data:\n  level: \"${{round}}\"\n", head("v1", "ConfigMap"))
    } else {
        format!(
            "{}spec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: ${{name}}\n  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: ${{name}}\n    spec:\n      containers:\n        - name: main\n          image: registry.example.com/app-{template}:1.{index}\n          ports:\n            - name: http\n              containerPort: 8080\n          resources:\n            requests:\n              cpu: 100m\n              memory: 64Mi\n          env:\n",
            head("apps/v1", "Deployment")
        )
    };
    for line in 0.. {
        if text.len() >= SIZE {
            break;
        }
        let words = format!("setting {line} of template {template}, {}", "lorem ipsum dolor ".repeat(4));
        text.push_str(&if index.is_multiple_of(2) {
            format!("  setting-{line}: {words}\n")
        } else {
            format!("            - name: SETTING_{line}\n              value: {words}\n")
        });
    }
    text
}

fn path(name: String) -> Result<TreePath, Failure> {
    TreePath::parse(&name).map_err(|e| Failure::internal(e.to_string()))
}
