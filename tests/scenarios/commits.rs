//! Commits that must be signed: those of a source that asks for it, and those of the platform repository itself.

use crate::bases::{backend, serve};
use crate::on_both_wires;
use crate::repository::{Repository, config_map};
use crate::signed::{is_refused, live, problems, withdraw};
use crate::world::{World, inventory};
use mainstay_harness::SweptFolder;
use mainstay_harness::openpgp::{Key, NOON};
use serde_json::json;

on_both_wires! {
    a_commit_that_nobody_trusted_has_signed_changes_nothing_until_one_is,
    a_platform_repository_is_not_read_where_nobody_trusted_has_signed_it,
}

const UNIT: &str = "kustomization/signed/web";

fn a_commit_that_nobody_trusted_has_signed_changes_nothing_until_one_is(world: &mut World) {
    if !backend() {
        return;
    }
    world.tenant("signed");
    let folder = SweptFolder::create("mainstay-commits-").expect("a folder");
    let (url, _) = serve(&folder.path);
    let (here, away) = (folder.path.join("app"), folder.path.join("away"));
    let app = Repository::create(here.clone());
    let (ours, theirs) = (Key::new("ours"), Key::new("theirs"));
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "trusted", "namespace": "signed"},
        "stringData": {"ours.asc": ours.armored(), "theirs.sshpub": "ssh-ed25519 AAAA"},
    });
    world.kubectl_with(&["apply", "-f", "-"], &secret.to_string()).expect_success();
    let write = |value: &str| app.write("deploy/web.yaml", &config_map("signed", "web", value));

    write("one");
    let first = app.commit_signed("One", |raw| ours.detached(raw, NOON));
    let flux = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: web, namespace: signed}}
spec:
  interval: 1m
  url: {url}/app/.git
  ref: {{branch: main}}
  verify: {{mode: HEAD, secretRef: {{name: trusted}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: web, namespace: signed}}
spec:
  interval: 10m
  prune: true
  path: ./deploy
  sourceRef: {{kind: GitRepository, name: web}}
"
    );
    world.repository.module("signed", "flux", &[], &flux);
    let commit = world.repository.commit("A source whose commits are signed");
    let unit = world.has_applied(UNIT, &commit);
    assert_eq!(inventory(&unit), ["ConfigMap/signed/web"]);
    world.config_map_is("signed", "web", "one");
    world.is(UNIT, "Ready");
    let before = live(world);

    // Without the object as well: what is not proved removes nothing.
    app.remove("deploy/web.yaml");
    app.write("deploy/other.yaml", &config_map("signed", "other", "two"));
    let second = app.commit("Two");
    is_refused(world, UNIT, &format!("commit {second} is not verified: it is not signed"));
    let found = problems(world);
    assert!(found.iter().any(|problem| problem["code"] == "MS6002"), "{found:#?}");
    assert_eq!(live(world), before);

    // What is kept proves nothing: not to a new daemon, and not in an outage.
    std::fs::rename(&here, &away).expect("it goes");
    world.kill();
    world.run();
    world.log_says("using the last state that was fetched");
    is_refused(world, UNIT, &second);
    assert_eq!(live(world), before);
    std::fs::rename(&away, &here).expect("it comes back");

    app.remove("deploy/other.yaml");
    write("three");
    app.commit_signed("Three", |raw| theirs.detached(raw, NOON));
    let why = format!("it is signed by {}; trusted is {}", theirs.fingerprint(), ours.fingerprint());
    is_refused(world, UNIT, &why);
    assert_eq!(live(world), before);

    write("four");
    let fourth = app.commit_signed("Four", |raw| ours.detached(raw, NOON));
    assert_ne!(first, fourth);
    world.config_map_is("signed", "web", "four");
    world.is(UNIT, "Ready");
    assert!(world.object("configmap", "signed", "other").is_none());

    // Without the Secret nothing is proved any more, and nothing goes.
    let before = live(world);
    world.kubectl(&["delete", "secret", "trusted", "-n", "signed"]).expect_success();
    world.until("the keys are missed", |world| {
        let unit = world.unit(UNIT)?;
        let message = unit["message"].as_str().unwrap_or_default().to_owned();
        if message.contains("Secret signed/trusted does not exist") { Ok(()) } else { Err(message) }
    });
    assert_eq!(live(world), before);
    world.kubectl_with(&["apply", "-f", "-"], &secret.to_string()).expect_success();
    world.is(UNIT, "Ready");

    withdraw(world, &["signed/flux.yaml", "signed/flux"]);
}

fn a_platform_repository_is_not_read_where_nobody_trusted_has_signed_it(world: &mut World) {
    world.tenant("signed");
    let folder = SweptFolder::create("mainstay-commits-").expect("a folder");
    let key = Key::new("team");
    let keyring = folder.path.join("team.asc");
    std::fs::write(&keyring, key.armored()).expect("a file");
    let keyring = keyring.display().to_string();
    let write = |world: &World, value: &str| {
        world.repository.module("signed", "own", &[], &config_map("signed", "web", value))
    };

    write(world, "one");
    let first = world.repository.commit_signed("One", |raw| key.detached(raw, NOON));
    world.run_with(&[world.wire(), "--git-keyring-file", &keyring]);
    world.has_applied("module/signed/own", &first);
    world.config_map_is("signed", "web", "one");
    world.is("module/signed/own", "Ready");
    let before = live(world);

    world.repository.remove("signed/own");
    world.repository.remove("signed/own.yaml");
    let second = world.repository.commit("Two");
    world.log_says(&format!("commit {second} is not verified: it is not signed"));
    world.run_with(&[world.wire(), "--git-keyring-file", &keyring]);
    world.log_says(&format!("commit {second} is not verified: it is not signed"));
    assert_eq!(live(world), before);

    world.repository.module("signed", "more", &[], &config_map("signed", "more", "as it is"));
    let third = world.repository.commit_signed("Three", |raw| key.detached(raw, NOON));
    world.has_applied("module/signed/more", &third);
    world.config_map_is_gone("signed", "web");
    world.kill();
    world.run();
}
