//! Keys that the Platform lends to who names none, and to nobody who runs as somebody else.

use crate::on_both_wires;
use crate::world::{World, inventory};

on_both_wires! { keys_of_the_platform_decrypt_for_mainstay_itself_and_not_for_a_tenant }

/// Made by the real sops, for a throw-away key.
const ENCRYPTED: &str = include_str!("secrets.sops.yaml");
const KEYS: &str = include_str!("../../sources/secrets/src/tests/golden/keys.txt");

const PLATFORM: &str = "apiVersion: mainstay.dev/v1alpha1
kind: Platform
metadata: {name: lent}
spec: {decryption: {provider: sops, secretRef: {name: sops-age, namespace: lender}}}
";

fn unit(name: &str, path: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: {name}}}\n\
         spec:\n  interval: 10m\n  retryInterval: 2s\n  prune: true\n  path: ./{path}\n  \
         sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}\n  \
         decryption: {{provider: sops}}\n"
    )
}

fn seal(world: &World, folder: &str, namespace: &str) {
    let build = format!("namespace: {namespace}\nresources: [secret.yaml]\n");
    world.repository.write(&format!("{folder}/kustomization.yaml"), &build);
    world.repository.write(&format!("{folder}/secret.yaml"), ENCRYPTED);
}

fn keys_of_the_platform_decrypt_for_mainstay_itself_and_not_for_a_tenant(world: &mut World) {
    // The one is a tenant, the other is the platform's.
    world.tenant("borrower");
    let keys: String = KEYS.lines().map(|line| format!("    {line}\n")).collect();
    let secret = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: lender}}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: sops-age, namespace: lender}}\nstringData:\n  age.agekey: |\n{keys}"
    );
    world.kubectl_with(&["apply", "-f", "-"], &secret).expect_success();
    world.repository.write("lent.yaml", PLATFORM);
    world.repository.module("lender", "lender", &[], &unit("lender", "lender/sealed"));
    seal(world, "lender/sealed", "lender");
    world.repository.module("borrower", "flux", &[], &unit("borrower", "borrower/sealed"));
    seal(world, "borrower/sealed", "borrower");
    let commit = world.repository.commit("Two who name no keys");
    let applied = world.has_applied("kustomization/lender/lender", &commit);
    assert_eq!(inventory(&applied), ["Secret/lender/sealed"]);
    world.until("the tenant is told why it gets none", |world| {
        let unit = world.unit("kustomization/borrower/borrower")?;
        let message = unit["message"].as_str().unwrap_or_default();
        let told = message.contains("the Platform's are for units that run as Mainstay itself")
            && message.contains("this one is tenant borrower's");
        if told { Ok(()) } else { Err(unit.to_string()) }
    });
    assert!(world.object("secret", "borrower", "sealed").is_none());

    // Without the Platform's word nothing is decrypted any more, and what runs stays.
    world.repository.remove("lent.yaml");
    let commit = world.repository.commit("No keys for anybody");
    world.has_read(&commit);
    world.until("nobody has keys", |world| {
        let unit = world.unit("kustomization/lender/lender")?;
        let message = unit["message"].as_str().unwrap_or_default();
        if message.contains("nor does a Platform") { Ok(()) } else { Err(unit.to_string()) }
    });
    assert!(world.object("secret", "lender", "sealed").is_some());

    world.repository.remove("lender");
    world.repository.remove("borrower");
    let commit = world.repository.commit("Nobody is left");
    world.has_read(&commit);
}
