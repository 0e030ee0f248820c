//! Secrets go to the cluster, and nowhere else: each way in which one gets into a unit carries words that are looked for in
//! everything that is shown or stored meanwhile, failures included.

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::World;

on_both_wires! { no_secret_is_shown_planned_logged_counted_or_recorded }

/// Made by the real sops, for a throw-away key.
const ENCRYPTED: &str = include_str!("secrets.sops.yaml");
const KEYS: &str = include_str!("../../sources/secrets/src/tests/golden/keys.txt");

/// Words of the secrets and what base64 makes of them.
const CANARIES: [&str; 13] = [
    "canary-in-git-1",
    "Y2FuYXJ5LWluLWdpdC0x",
    "canary-in-git-2",
    "Y2FuYXJ5LWluLWdpdC0y",
    "canary-generated",
    "Y2FuYXJ5LWdlbmVyYXRlZA==",
    "canary-substituted",
    "canary_refused",
    "hunter2",
    "canary-sealed",
    "aHVudGVyMg==",
    "AGE-SECRET-KEY-1",
    "QUdFLVNFQ1JFVC1LRVktM",
];

fn kustomization() -> String {
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: sealed, namespace: canary}\n\
     spec:\n  interval: 10m\n  retryInterval: 2s\n  prune: true\n  path: ./canary/sealed\n  \
     sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}\n  \
     decryption: {provider: sops, secretRef: {name: keys}}\n  \
     postBuild: {substituteFrom: [{kind: Secret, name: values}]}\n"
        .to_owned()
}

fn plain(word: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: plain\n  namespace: canary\nstringData:\n  word: {word}\n"
    )
}

const SEALED: &str = "namespace: canary
resources: [secret.yaml, config.yaml]
secretGenerator:
- name: generated
  literals: [word=canary-generated]
";

/// The value is not what the field takes, so that a server says so, with the value.
const REFUSED: &str = "apiVersion: v1
kind: Service
metadata: {name: refused, namespace: canary}
spec: {type: \"${refused}\", ports: [{port: 80}]}
";

fn no_secret_is_shown_planned_logged_counted_or_recorded(world: &mut World) {
    world.tenant("canary");
    let keys: String = KEYS.lines().map(|line| format!("    {line}\n")).collect();
    let secrets = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: keys, namespace: canary}}\nstringData:\n  age.agekey: |\n{keys}---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: values, namespace: canary}}\nstringData: {{word: canary-substituted, refused: canary_refused}}\n"
    );
    world.kubectl_with(&["apply", "-f", "-"], &secrets).expect_success();
    world.repository.module("canary", "plain", &[], &plain("canary-in-git-1"));
    world.repository.module("canary", "flux", &[], &kustomization());
    world.repository.write("canary/sealed/kustomization.yaml", SEALED);
    world.repository.write("canary/sealed/secret.yaml", ENCRYPTED);
    world.repository.write("canary/sealed/config.yaml", &config_map("canary", "holding", "${word}"));
    let commit = world.repository.commit("Secrets, in every way");
    world.has_applied("module/canary/plain", &commit);
    world.config_map_is("canary", "holding", "canary-substituted");
    assert!(world.object("secret", "canary", "sealed").is_some());
    search(world);

    // One is changed in Git, one on the cluster.
    world.repository.module("canary", "plain", &[], &plain("canary-in-git-2"));
    let path = world.repository.path.display().to_string();
    world.repository.propose("canary-next", "Another word");
    let planned = world.mainstay(&["plan", &path, "--branch", "canary-next"]);
    assert!(planned.stdout.contains("~ Secret canary/plain"), "{planned:?}");
    silent("plan", &planned.stdout);
    silent("plan", &planned.stderr);
    let commit = world.repository.merge("canary-next");
    world.has_applied("module/canary/plain", &commit);
    let patch = "{\"data\":{\"value\":\"drifted\"}}";
    world.kubectl(&["patch", "configmap", "holding", "-n", "canary", "-p", patch]).expect_success();
    world.config_map_is("canary", "holding", "canary-substituted");
    let patch = "{\"data\":{\"word\":\"ZHJpZnRlZA==\"}}";
    world.kubectl(&["patch", "secret", "plain", "-n", "canary", "-p", patch]).expect_success();
    world.until("what was declared as text is put back", |world| {
        let live = world.object("secret", "canary", "plain").unwrap_or_default();
        let word = live["data"]["word"].as_str().unwrap_or_default();
        if word == "Y2FuYXJ5LWluLWdpdC0y" { Ok(()) } else { Err(word.to_owned()) }
    });
    search(world);

    // A server refuses an object and quotes the value.
    world.repository.write(
        "canary/sealed/kustomization.yaml",
        &SEALED.replace("config.yaml]", "config.yaml, refused.yaml]"),
    );
    world.repository.write("canary/sealed/refused.yaml", REFUSED);
    world.repository.commit("One that a server refuses");
    world.is("kustomization/canary/sealed", "Failed");
    search(world);
    // What SOPS encrypted was changed by hand.
    world.repository.write("canary/sealed/refused.yaml", &config_map("canary", "refused", "no more"));
    world.repository.write("canary/sealed/secret.yaml", &ENCRYPTED.replace("data:3Zqw", "data:AZqw"));
    let commit = world.repository.commit("One that was tampered with");
    world.has_read(&commit);
    world.until("it is not rendered", |world| {
        let unit = world.unit("kustomization/canary/sealed")?;
        if unit["message"].as_str().is_some_and(|why| why.contains("decrypted")) {
            Ok(())
        } else {
            Err(unit.to_string())
        }
    });
    search_also(world, true);
    world.repository.remove("canary");
    world.repository.commit("No secrets any more");
}

/// Everything that is shown of a fleet, or kept of it on its cluster.
fn search(world: &mut World) {
    search_also(world, false);
}

/// `broken`: a unit can't be rendered.
fn search_also(world: &mut World, broken: bool) {
    silent("log", &world.log());
    for page in [
        "/metrics",
        "/api/v1/view",
        "/api/v1/units",
        "/",
        "/api/v1/units/kustomization/canary/sealed",
        "/api/v1/problems",
    ] {
        silent(page, &world.page(page));
    }
    for command in [
        &["get", "units", "-o", "json"][..],
        &["get", "units", "-o", "wide"],
        &["tree"],
        &["why", "kustomization/canary/sealed"],
        &["why", "module/canary/plain"],
        &["diff", "kustomization/canary/sealed"],
        &["diff", "module/canary/plain"],
    ] {
        let output = world.mainstay(command);
        let failed = broken && command == ["diff", "kustomization/canary/sealed"];
        let code = output.status.code();
        assert!(if failed { code == Some(1) } else { matches!(code, Some(0 | 2)) }, "{output:?}");
        silent(&command.join(" "), &output.stdout);
        silent(&command.join(" "), &output.stderr);
    }
    let path = world.repository.path.display().to_string();
    for command in ["plan", "validate"] {
        let output = world.mainstay(&[command, &path]);
        let code = output.status.code();
        let failed = broken && command == "plan";
        assert!(if failed { code == Some(1) } else { matches!(code, Some(0 | 2)) }, "{output:?}");
        silent(command, &output.stdout);
        silent(command, &output.stderr);
    }
    for kinds in ["units.mainstay.dev", "events", "leases"] {
        silent(kinds, &world.kubectl(&["get", kinds, "--all-namespaces", "-o", "yaml"]).expect_success());
    }
    let stored = ["get", "configmaps", "-n", "mainstay-system", "-o", "yaml"];
    silent("mainstay-system", &world.kubectl(&stored).expect_success());
}

#[track_caller]
fn silent(place: &str, text: &str) {
    for canary in CANARIES {
        if let Some(at) = text.find(canary) {
            let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
            let end = text[at..].find('\n').map_or(text.len(), |more| at + more);
            panic!("{place} shows {canary}: {}", &text[line..end]);
        }
    }
}
