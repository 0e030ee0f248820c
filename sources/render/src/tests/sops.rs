//! Files of the real sops, encrypted for throw-away keys.
use super::{errors, id, inputs, told, tree};
use crate::{Inputs, Supply, read};
use mainstay_unit::{Claim, Content, Manifest, Need, Reference, ReferenceKind, RenderState, Rendered};
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
    let content = Content::from([("test.agekey", KEYS)]);
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
    let content = Content::from([("password", "hunter2")]);
    inputs.references.insert((reference(), Claim::default()), Supply::Here(content));
    let rendered = rendered(&inputs);
    let sensitive: Vec<&str> = rendered.sensitive.iter().map(|key| key.name()).collect();
    assert_eq!(sensitive, ["clear"]);
}

const PLATFORM: &str = "=== platform.yaml
apiVersion: mainstay.dev/v1alpha1
kind: Platform
metadata: {name: p}
spec: {decryption: {provider: sops, secretRef: {name: shared, namespace: flux-system}}}
";

fn unnamed() -> String {
    UNIT.replace(", secretRef: {name: keys}", "")
}

/// A repository whose Platform has keys, which are there.
fn with_shared_keys(text: &str) -> Inputs {
    let mut inputs =
        inputs(tree(&format!("{text}{PLATFORM}=== apps/secret.yaml\n{SECRET}=== apps/vars.env\n{ENV}")));
    let content = Content::from([("age.agekey", KEYS)]);
    let shared = Reference { name: "shared".into(), ..reference() };
    inputs.references.insert((shared, Claim::default()), Supply::Here(content));
    inputs
}

fn reason(inputs: &Inputs) -> String {
    let reading = read(inputs);
    assert!(!format!("{reading:?}").contains("hunter2"));
    match &reading.units[&id("kustomization/flux-system/apps")].state {
        RenderState::NotRendered { reason } => reason.clone(),
        other => panic!("{other:?} {:?}", told(&reading)),
    }
}

#[test]
fn a_unit_that_names_no_keys_decrypts_with_the_platforms() {
    let rendered = rendered(&with_shared_keys(&unnamed()));
    assert!(rendered.objects.iter().any(|d| format!("{:?}", d.object()).contains("hunter2")));
    // Not a unit that names its own.
    assert!(reason(&with_shared_keys(UNIT)).contains("Secret flux-system/keys has not been read"));
    // The Secret is where Mainstay is, unless another namespace is named.
    let mut inputs = with_shared_keys(&unnamed());
    let platform = PLATFORM.replace(", namespace: flux-system", "");
    inputs.platform.tree = Arc::new(tree(&format!(
        "{}{platform}=== apps/secret.yaml\n{SECRET}=== apps/vars.env\n{ENV}",
        unnamed()
    )));
    let here =
        Reference { kind: ReferenceKind::Secret, namespace: "mainstay-system".into(), name: "shared".into() };
    assert!(read(&inputs).needs.contains(&Need::Reference { reference: here, claim: Claim::default() }));
}

#[test]
fn nobody_who_runs_as_somebody_else_decrypts_with_the_platforms_keys() {
    let none = "the unit names no Secret with keys, and the Platform's are for units that run as Mainstay itself, where this one";
    let account = unnamed().replace("  path: apps\n", "  path: apps\n  serviceAccountName: deployer\n");
    let found = reason(&with_shared_keys(&account));
    let why = format!("{none} is applied as flux-system/deployer: name one in spec.decryption.secretRef");
    assert!(found.ends_with(&why), "{found}");
    // What a tenant's Kustomization declares names no account itself.
    let tenant = "=== kustomization.yaml\nresources: [tenant.yaml]\n=== tenant.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: tenant, namespace: flux-system}\n\
                  spec: {interval: 10m, prune: true, path: tenant, serviceAccountName: weak, sourceRef: {kind: GitRepository, name: flux-system}}\n";
    let child = unnamed()
        .replace("=== kustomization.yaml\nresources: [apps.yaml]\n=== apps.yaml", "=== tenant/apps.yaml");
    let found = reason(&with_shared_keys(&format!("{tenant}{child}")));
    assert!(found.contains(&format!("{none} is declared by what is applied as flux-system/weak")), "{found}");
    // Nor does what lies in a Tenant's paths, whatever it runs as.
    let native = "=== tenant.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Tenant\nmetadata: {name: blue}\nspec: {paths: [blue], namespaces: [flux-system]}\n\
                  === blue/module.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {name: m}\nspec: {source: {path: blue/m}}\n";
    let owned = unnamed()
        .replace("=== kustomization.yaml\nresources: [apps.yaml]\n=== apps.yaml", "=== blue/m/apps.yaml");
    let found = reason(&with_shared_keys(&format!("{native}{owned}")));
    assert!(found.contains(&format!("{none} is tenant blue's")), "{found}");
    // The same in nobody's paths is the platform's own.
    let own = format!("{native}{owned}").replace("blue/", "own/").replace("paths: [blue]", "paths: [red]");
    rendered(&with_shared_keys(&own));
}

#[test]
fn without_a_platform_or_one_that_can_be_read_nobodys_keys_are_shared() {
    let files = format!("=== apps/secret.yaml\n{SECRET}=== apps/vars.env\n{ENV}");
    let alone = reason(&inputs(tree(&format!("{}{files}", unnamed()))));
    assert!(alone.contains("the unit names no Secret with keys, nor does a Platform"), "{alone}");
    let second = PLATFORM.replace("platform.yaml", "second.yaml").replace("name: p}", "name: q}");
    let two = reason(&with_shared_keys(&format!("{}{second}", unnamed())));
    assert!(two.contains("whether the Platform does is not known: there is a second Platform at"), "{two}");
}
