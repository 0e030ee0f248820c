use super::draw::draw;
use super::{errors, id, inputs, reading, told, tree};
use crate::read;
use mainstay_unit::tree::{Entry, EntryKind, MemoryTree, Tree, TreeError, TreePath};
use mainstay_unit::{Layer, RenderState};
use std::sync::Arc;

const PLATFORM: &str = "=== platform.yaml
apiVersion: mainstay.dev/v1alpha1
kind: Platform
metadata: {name: demo}
spec:
  variables: {region: eu, replicas: 1}
---
apiVersion: mainstay.dev/v1alpha1
kind: Cluster
metadata: {name: eu-1, labels: {env: prod}}
spec: {class: embedded, version: v1.34.1, variables: {region: eu-west}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Cluster
metadata: {name: us-1, labels: {env: test}}
spec: {class: existing, kubeconfig: {secret: {name: us, namespace: keys}}}
=== web/cm.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: web}
data: {where: '${cluster_name} ${region}', n: '${replicas}'}
=== broken/notes.yaml
{{ not a manifest }}
";

fn module(name: &str, fields: &str) -> String {
    format!(
        "=== modules/{name}.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: {name}}}\nspec:\n{fields}"
    )
}

#[test]
fn a_module_times_its_clusters_is_a_unit_each() {
    let web =
        module("web", "  source: {path: web}\n  clusters: {selector: {}}\n  variables: {replicas: 3}\n");
    let after =
        module("after", "  source: {path: other}\n  dependsOn: [{kind: Module, name: web, cluster: eu-1}]\n");
    let other =
        "=== other/cm.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: web}\n";
    let reading = reading(&format!("{PLATFORM}{web}{after}{other}"));
    assert_eq!(told(&reading), Vec::<String>::new());
    assert_eq!(
        draw(&reading),
        "cluster/platform/eu-1 [healthy] 1 objects
  checks Secret mainstay-system/eu-1-kubeconfig
  ConfigMap mainstay-system/eu-1
cluster/platform/us-1 [healthy] 0 objects
  checks Secret keys/us
module/platform/after [healthy] 1 objects
  after module/platform/web@eu-1
  ConfigMap web/other
module/platform/web@eu-1 [healthy] 1 objects
  on eu-1 (mainstay-system/eu-1-kubeconfig)
  after cluster/platform/eu-1
  ConfigMap web/web
module/platform/web@us-1 [healthy] 1 objects
  on us-1 (keys/us)
  after cluster/platform/us-1
  ConfigMap web/web
"
    );
    let unit = &reading.units[&id("module/platform/web@eu-1")];
    let RenderState::Rendered(rendered) = &unit.state else { panic!("{:?}", unit.state) };
    assert_eq!(rendered.objects[0].object().value()["data"]["where"], "eu-1 eu-west");
    assert_eq!(rendered.objects[0].object().value()["data"]["n"], 3);
    assert_eq!(unit.unit.variables.get("region").unwrap().layer, Layer::Cluster);
}

#[test]
fn every_violation_of_a_document_is_told_at_once() {
    let bad =
        module("bad", "  sorce: {path: web}\n  timeout: 5\n  deletionPolicy: Orphn\n  drift: {mod: warn}\n");
    let reading = reading(&format!("{PLATFORM}{bad}"));
    let hints: Vec<_> = reading.diagnostics.iter().filter_map(|d| d.hint.as_deref()).collect();
    assert_eq!(
        errors(&reading),
        [
            "modules/bad.yaml:4 MS2002 required field spec.source is missing",
            "modules/bad.yaml:5 MS2003 unknown field spec.sorce",
            "modules/bad.yaml:6 MS2004 spec.timeout: expected string, found number",
            "modules/bad.yaml:7 MS2004 spec.deletionPolicy: \"Orphn\" is none of MirrorPrune, Delete, Orphan",
            "modules/bad.yaml:8 MS2003 unknown field spec.drift.mod",
        ],
        "{hints:?}"
    );
    assert!(hints.contains(&"did you mean source?") && hints.contains(&"did you mean mode?"), "{hints:?}");
    assert_eq!(reading.unread.len(), 1, "{:?}", reading.unread);
}

#[test]
fn unknown_kinds_clusters_and_dependencies_are_errors() {
    let cases = [
        (module("m", "  source: {path: web}\n").replace("kind: Module", "kind: Modul"), "MS2001"),
        (module("m", "  source: {path: web}\n  clusters: {names: [eu-2]}\n"), "MS2007"),
        (module("m", "  source: {path: web}\n  dependsOn: [{kind: Module, name: none}]\n"), "MS5004"),
        (module("m", "  source: {path: web}\n  tenant: none\n"), "MS2006"),
        (module("m", "  source: {path: webb}\n"), "MS4501"),
        (
            module(
                "m",
                "  source: {path: web}\n  drift: {ignore: [{target: {labelSelector: a within b}, paths: [/a]}]}\n",
            ),
            "MS2004",
        ),
        (module("m", "  source: {path: ../web}\n"), "MS4501"),
        (module("m", "  source: {path: web, chart: {repository: 'https://x'}}\n"), "MS2004"),
        (module("m", "  source: {path: web}\n  when: 'nope'\n"), "MS2016"),
        (module("m", "  source: {path: web}\n  variables: {replicas: three}\n"), "MS2008"),
        (module("m", "  source: {path: web}\n  variables: {cluster_name: x}\n"), "MS2004"),
    ];
    for (document, code) in cases {
        let told = errors(&reading(&format!("{PLATFORM}{document}")));
        assert!(told.len() == 1 && told[0].contains(code), "{code} {document}\n{told:?}");
    }
}

#[test]
fn a_missing_path_names_the_nearest() {
    let bad = module("m", "  source: {path: webb}\n");
    let reading = reading(&format!("{PLATFORM}{bad}"));
    let error = reading.errors().next().unwrap();
    assert_eq!(error.hint.as_deref(), Some("did you mean web?"));
    assert_eq!(error.snippet.as_deref(), Some("  source: {path: webb}"));
}

#[test]
fn a_cycle_is_printed_whole() {
    let other =
        "=== other/cm.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: web}\n";
    let a = module("a", "  source: {path: web}\n  dependsOn: [{kind: Module, name: b}]\n");
    let b = module("b", "  source: {path: other}\n  dependsOn: [{kind: Module, name: a}]\n");
    let reading = reading(&format!("{PLATFORM}{a}{b}{other}"));
    assert_eq!(
        errors(&reading),
        [
            "modules/a.yaml:6 MS5006 dependency cycle: module/platform/a -> module/platform/b -> module/platform/a"
        ]
    );
}

#[test]
fn one_unit_or_object_declared_twice_is_an_error_with_both_places() {
    let twice = reading(&format!(
        "{PLATFORM}{}{}",
        module("m", "  source: {path: web}\n"),
        module("m", "  source: {path: other}\n").replace("modules/m.yaml", "modules/z.yaml")
    ));
    let told = errors(&twice);
    assert!(told[0].contains("MS5001") && told[0].contains("modules/m.yaml"), "{told:?}");
    let owned = reading(&format!(
        "{PLATFORM}{}{}",
        module("a", "  source: {path: web}\n"),
        module("b", "  source: {path: web}\n")
    ));
    assert_eq!(
        errors(&owned),
        [
            "web/cm.yaml:1 MS5002 ConfigMap web/web is declared by module/platform/a (web/cm.yaml:1:1) and by module/platform/b (web/cm.yaml:1:1)"
        ]
    );
    assert!(owned.units.values().filter(|u| matches!(u.state, RenderState::Failed { .. })).count() == 2);
}

#[test]
fn broken_yaml_fails_its_units_alone() {
    let other = "=== other/cm.yaml\na: b: c\n";
    let a = module("a", "  source: {path: web}\n");
    let b = module("b", "  source: {path: other}\n");
    let reading = reading(&format!("{PLATFORM}{a}{b}{other}"));
    assert_eq!(reading.errors().count(), 1, "{:?}", told(&reading));
    assert!(matches!(reading.units[&id("module/platform/a")].state, RenderState::Rendered(_)));
    assert!(matches!(reading.units[&id("module/platform/b")].state, RenderState::Failed { .. }));
    assert_eq!(reading.unread.len(), 1);
}

/// A tree that lists one more file than paths can name.
struct Odd(MemoryTree, &'static str);

impl Tree for Odd {
    fn id(&self) -> String {
        self.0.id()
    }

    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        self.0.entry(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let mut all = self.0.list(path)?;
        if path.as_str() == "modules" {
            all.push((self.1.to_owned(), Entry { kind: EntryKind::File, id: "odd".into(), size: 1 }));
            all.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        Ok(all)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        self.0.read(path)
    }
}

#[test]
fn a_file_whose_name_is_no_path_counts_as_unread_if_it_may_declare() {
    let read_with = |name| {
        let tree = tree(&format!("{PLATFORM}{}", module("web", "  source: {path: web}\n")));
        let mut inputs = inputs(MemoryTree::new());
        inputs.platform.tree = Arc::new(Odd(tree, name));
        read(&inputs)
    };
    let odd = read_with("we\\b.yaml");
    let message = "modules MS4503 modules holds what can't be read: the path \"we\\\\b.yaml\" holds a character that no path may hold";
    assert!(errors(&odd).contains(&message.to_owned()), "{:?}", errors(&odd));
    assert_eq!(odd.unread.iter().map(|unread| unread.what.clone()).collect::<Vec<_>>(), ["modules"]);
    let picture = read_with("we\\b.png");
    assert!(picture.unread.is_empty(), "{:?}", picture.unread);
    assert!(!errors(&picture).iter().any(|line| line.contains("can't be read")), "{:?}", errors(&picture));
}
