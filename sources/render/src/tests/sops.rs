//! Files of the real sops, encrypted for throw-away keys.
use super::{errors, id, inputs, told, tree};
use crate::{Inputs, Supply, read};
use mainstay_unit::{Claim, Manifest, Need, Reference, ReferenceKind, RenderState, Rendered};
use std::collections::BTreeMap;
use std::sync::Arc;

const SECRET: &str = include_str!("../../../secrets/src/tests/golden/regex.yaml");
const ENV: &str = include_str!("../../../secrets/src/tests/golden/vars.env");
const KEYS: &str = include_str!("../../../secrets/src/tests/golden/keys.txt");

const UNIT: &str = "=== kustomization.yaml
resources: [apps.yaml]
=== apps.yaml
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  prune: true
  path: apps
  sourceRef: {kind: GitRepository, name: flux-system}
  decryption: {provider: sops, secretRef: {name: keys}}
=== apps/kustomization.yaml
resources: [secret.yaml, config.yaml]
secretGenerator: [{name: generated, namespace: web, envs: [vars.env], options: {disableNameSuffixHash: true}}]
=== apps/config.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: clear, namespace: web}
";

fn repository(secret: &str) -> Inputs {
    inputs(tree(&format!("{UNIT}=== apps/secret.yaml\n{secret}=== apps/vars.env\n{ENV}")))
}

fn reference() -> Reference {
    Reference { kind: ReferenceKind::Secret, namespace: "flux-system".into(), name: "keys".into() }
}

fn with_keys(mut inputs: Inputs) -> Inputs {
    let content = BTreeMap::from([("test.agekey".to_owned(), KEYS.to_owned())]);
    inputs.references.insert((reference(), Claim::default()), Supply::Here(content));
    inputs
}

fn rendered(inputs: &Inputs) -> Arc<Rendered> {
    let reading = read(inputs);
    match &reading.units[&id("kustomization/flux-system/apps")].state {
        RenderState::Rendered(rendered) => rendered.clone(),
        other => panic!("{other:?} {:?}", told(&reading)),
    }
}

#[test]
fn encrypted_objects_and_files_are_applied_in_the_clear_and_shown_to_nobody() {
    let rendered = rendered(&with_keys(repository(SECRET)));
    let objects: Vec<_> = rendered.objects.iter().map(Manifest::object).collect();
    let text = format!("{objects:?}");
    assert!(text.contains("hunter2") && !text.contains("ENC["), "everything is decrypted");
    let sensitive: Vec<String> = rendered.sensitive.iter().map(ToString::to_string).collect();
    assert!(sensitive.contains(&"Secret mysecret".to_owned()), "{sensitive:?}");
    let generated = rendered.objects.iter().find(|d| d.key.name() == "generated").unwrap();
    assert!(!generated.object().value()["data"].as_object().unwrap().is_empty());
}

#[test]
fn an_object_that_is_renamed_after_it_was_decrypted_is_still_shown_to_nobody() {
    let secret = SECRET.replace("name: mysecret", "name: ${name}");
    let with = UNIT.replace("  decryption:", "  postBuild: {substitute: {name: renamed}}\n  decryption:");
    let mut inputs = repository(&secret);
    inputs.platform.tree =
        Arc::new(tree(&format!("{with}=== apps/secret.yaml\n{secret}=== apps/vars.env\n{ENV}")));
    let rendered = rendered(&with_keys(inputs));
    let sensitive: Vec<String> = rendered.sensitive.iter().map(ToString::to_string).collect();
    assert!(sensitive.contains(&"Secret renamed".to_owned()), "{sensitive:?}");
}

#[test]
fn without_its_keys_a_unit_is_not_rendered_and_asks_for_them() {
    let inputs = repository(SECRET);
    let reading = read(&inputs);
    assert_eq!(errors(&reading), Vec::<String>::new());
    let unit = &reading.units[&id("kustomization/flux-system/apps")];
    assert!(
        matches!(&unit.state, RenderState::NotRendered { reason } if reason.contains("encrypted")),
        "{unit:?}"
    );
    let need = Need::Reference { reference: reference(), claim: Claim::default() };
    assert!(reading.needs.contains(&need), "{:?}", reading.needs);
    assert!(!format!("{reading:?}").contains("hunter2"));
}

#[test]
fn what_was_tampered_with_is_refused_where_it_lies() {
    let mark = "ENC[AES256_GCM,data:";
    let at = SECRET.find(mark).unwrap() + mark.len();
    let other = if SECRET[at..].starts_with('A') { "B" } else { "A" };
    let tampered = format!("{}{other}{}", &SECRET[..at], &SECRET[at + 1..]);
    let told = errors(&read(&with_keys(repository(&tampered))));
    assert!(told.len() == 1 && told[0].starts_with("apps/secret.yaml:1 MS4502"), "{told:?}");
    assert!(!told[0].contains("hunter2"));
}

#[test]
fn a_value_out_of_a_secret_makes_what_holds_it_sensitive() {
    let unit = UNIT
        .replace(
            "  decryption: {provider: sops, secretRef: {name: keys}}\n",
            "  postBuild: {substituteFrom: [{kind: Secret, name: keys}]}\n",
        )
        .replace("resources: [secret.yaml, config.yaml]", "resources: [config.yaml, other.yaml]")
        .replace(
            "metadata: {name: clear, namespace: web}\n",
            "metadata: {name: clear, namespace: web}\ndata: {dsn: 'db://${password}@x'}\n",
        );
    let unit = unit.split("secretGenerator:").next().unwrap().to_owned()
        + unit.split("disableNameSuffixHash: true}}]\n").nth(1).unwrap();
    let other = "=== apps/other.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: web}\ndata: {a: b}\n";
    let mut inputs = inputs(tree(&format!("{unit}{other}")));
    let content = BTreeMap::from([("password".to_owned(), "hunter2".to_owned())]);
    inputs.references.insert((reference(), Claim::default()), Supply::Here(content));
    let rendered = rendered(&inputs);
    let sensitive: Vec<&str> = rendered.sensitive.iter().map(|key| key.name()).collect();
    assert_eq!(sensitive, ["clear"]);
}
