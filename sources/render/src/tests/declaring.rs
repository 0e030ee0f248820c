//! Charts that declare units and sources, as umbrella charts do.
use super::charts::{CONFIG, one, reference, release, rendered, repository, value};
use super::{errors, id, inputs, told, tree};
use crate::{Supply, read};
use mainstay_unit::{Claim, CouldDeclare, ReferenceKind, RenderState};

/// A HelmRelease and a Kustomization in no namespace of their own, beside an object that is applied.
const UMBRELLA: &str = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: {{ .Release.Name }}-db
spec:
  interval: 10m
  chart: {spec: {chart: ./charts/db, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
  values: {replicas: {{ .Values.replicas }}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: extras
spec:
  interval: 10m
  prune: true
  path: ./extras
  sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
  dependsOn: [{name: base}]
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: shop}
spec: {url: https://charts.example.com, interval: 1h}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: own}
";

const OTHERS: &str = "=== charts/db/Chart.yaml\napiVersion: v2\nname: db\nversion: 1.0.0\n=== charts/db/values.yaml\nreplicas: 1\n\
=== extras/all.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: base, namespace: apps}\n\
spec: {interval: 10m, prune: true, path: ./base, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}\n\
=== base/all.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: base, namespace: apps}\n";

fn umbrella(fields: &str, template: &str) -> crate::Inputs {
    let all = repository(fields, &[("templates/all.yaml", template)]);
    inputs(tree(&format!("{all}{OTHERS}=== charts/db/templates/all.yaml\n{CONFIG}")))
}

#[test]
fn what_a_chart_declares_are_units_in_the_namespace_of_its_release() {
    let post = "  values: {replicas: 3}\n  commonMetadata: {labels: {team: red}}\n  postRenderers: [{kustomize: {patches: [{target: {kind: Kustomization}, patch: '[{op: replace, path: /spec/path, value: ./extras}]'}]}}]\n";
    let reading = read(&umbrella(post, UMBRELLA));
    assert_eq!(errors(&reading), Vec::<String>::new());
    let applied: Vec<_> = rendered(&reading).objects.iter().map(|object| object.key.to_string()).collect();
    assert_eq!(applied, ["ConfigMap apps/own"], "what declares is not applied");
    let above = |name: &str| reading.above(&id(name)).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        above("helmrelease/apps/web-db"),
        ["helmrelease/apps/web", "kustomization/flux-system/flux-system"]
    );
    assert_eq!(above("kustomization/apps/base")[..2], ["kustomization/apps/extras", "helmrelease/apps/web"]);
    let RenderState::Rendered(db) = &reading.units[&id("helmrelease/apps/web-db")].state else {
        panic!("{:?}", told(&reading));
    };
    assert_eq!(db.objects[0].object().into_value()["data"]["replicas"], "3");
    let extras = &reading.units[&id("kustomization/apps/extras")].unit;
    assert_eq!(extras.depends_on[0].on, id("kustomization/apps/base"));
    assert_eq!(extras.declared_at.to_string(), "charts/web/templates/all.yaml:11:1");
    assert_eq!(value(&reading, "ConfigMap", "own")["metadata"]["labels"]["team"], "red");
    let stored = rendered(&reading).release.as_ref().unwrap();
    assert_eq!((&*stored.name, &*stored.namespace), ("web", "apps"));
}

#[test]
fn a_chart_that_fails_keeps_what_it_had_declared_and_holds_nobody_else() {
    let reading = read(&umbrella("", &format!("{UMBRELLA}---\n{{{{ fail \"no\" }}}}\n")));
    assert_eq!(errors(&reading).len(), 1, "{:?}", told(&reading));
    assert!(!reading.units.contains_key(&id("kustomization/apps/extras")));
    let could: Vec<_> = reading.unread.iter().map(|unread| unread.could.clone()).collect();
    assert_eq!(could, [CouldDeclare::Below(id("helmrelease/apps/web"))]);
    let unread = reading.unread.first().unwrap();
    let chain = [id("kustomization/apps/extras"), id("helmrelease/apps/web")];
    assert!(unread.could_declare(&id("kustomization/apps/base"), &chain));
    assert!(!unread.could_declare(&id("kustomization/apps/base"), &chain[..1]));
}

/// Its password is told by a Secret.
fn secret(template: &str) -> crate::Inputs {
    let mut inputs = umbrella("  valuesFrom: [{kind: Secret, name: s}]\n", template);
    let content = [("values.yaml".to_owned(), "password: correct-horse\n".to_owned())];
    let secret = (reference(ReferenceKind::Secret, "s"), Claim::default());
    inputs.references.insert(secret, Supply::Here(content.into()));
    inputs
}

#[test]
fn what_a_chart_declares_holds_no_secret_and_nothing_made_up() {
    let template = UMBRELLA.replace("{{ .Values.replicas }}", "{{ .Values.password | quote }}");
    let told = errors(&read(&secret(&template)));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("charts/web/templates/all.yaml:2 MS4507"), "{told:?}");
    assert!(told[0].contains("writes a secret") && !told[0].contains("horse"), "{told:?}");
    let checksum = "-db\n  annotations: {checksum: '{{ .Values.password | sha256sum }}'}\n";
    let template = UMBRELLA.replacen("-db\n", checksum, 1);
    assert_eq!(errors(&read(&secret(&template))), Vec::<String>::new());
    let random = UMBRELLA.replace("{{ .Values.replicas }}", "{{ randAlphaNum 8 | quote }}");
    let told = errors(&read(&umbrella("", &random)));
    assert!(told.len() == 1 && told[0].contains("makes up"), "{told:?}");
}

#[test]
fn a_second_render_that_fails_is_told_from_what_writes_a_secret() {
    // It accepts nothing but this very password.
    let picky = "{{ if ne .Values.password \"correct-horse\" }}{{ fail (printf \"no %s\" .Values.password) }}{{ end }}\n";
    let told = errors(&read(&secret(&format!("{UMBRELLA}---\n{picky}"))));
    assert_eq!(told.len(), 3, "{told:?}");
    let second = "can't be told: its second render, with other secrets and other chance, fails: the function fail fails \
        (at charts/web/templates/all.yaml:";
    assert!(told.iter().all(|line| line.contains("MS4507") && line.contains(second)), "{told:?}");
    // What stood in the place of the secret tells the secret.
    assert!(!told.iter().any(|line| line.contains("horse") || line.contains("ipstf")), "{told:?}");
    let broken = "{{ if ne .Values.password \"correct-horse\" }}a: [{{ .Values.password }}{{ end }}\n";
    let told = errors(&read(&secret(&format!("{UMBRELLA}---\n{broken}"))));
    let said = "fails: what web/templates/all.yaml makes can't be read as YAML (at charts/web/templates/all.yaml:1:1)";
    assert!(told.len() == 3 && told.iter().all(|line| line.contains(said)), "{told:?}");
}

#[test]
fn hooks_and_kinds_of_our_own_are_no_declarations_of_a_chart() {
    let hook = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x, annotations: {helm.sh/hook: pre-install}}\n";
    let native = "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {name: x}\n";
    for (template, why) in [(hook, "a hook of the chart"), (native, "a kind of Mainstay's own")] {
        let told = errors(&read(&one("", template)));
        let at = |line: &&String| line.starts_with("charts/web/templates/all.yaml:2 MS4507");
        assert!(told.iter().find(at).is_some_and(|line| line.contains(why)), "{told:?}");
    }
    let twice = UMBRELLA.split("---\n").nth(1).unwrap().replace("./extras", "./base");
    let twice = format!("{UMBRELLA}---\n{twice}");
    let told = errors(&read(&umbrella("", &twice)));
    assert!(
        told.len() == 1 && told[0].contains("MS5001 unit kustomization/apps/extras is declared twice"),
        "{told:?}"
    );
}

#[test]
fn a_chart_that_declares_its_own_release_is_told_so() {
    let own = release("");
    let (_, own) = own.split_once("=== web.yaml\n").unwrap();
    let told = errors(&read(&one("", own)));
    assert!(told.len() == 1 && told[0].contains("helmrelease/apps/web is declared twice"), "{told:?}");
}
