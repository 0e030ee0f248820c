//! Manifests that lie in an OCI registry, as `flux push artifact` puts them there.

use crate::on_both_wires;
use crate::repository::config_map;
use crate::signed::Signer;
use crate::world::{World, inventory};
use mainstay_harness::{OciRegistry, SweptFolder};
use serde_json::{Value, json};
use std::process::Command;

on_both_wires! {
    a_kustomization_follows_an_artifact_through_tags_digests_and_an_outage,
    an_artifact_that_nobody_trusted_has_signed_changes_nothing,
}

const NAME: &str = "manifests/app";

/// What `flux push artifact` makes of a folder: an archive of paths from its root, behind a configuration of its own. The
/// answer is the digest of the manifest.
fn push(registry: &OciRegistry, tag: &str, files: &[(&str, &str)]) -> String {
    let folder = SweptFolder::create("mainstay-artifact-").expect("a folder");
    for (path, text) in files {
        let path = folder.path.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let packed = Command::new("tar").args(["-czf", "-", "."]).current_dir(&folder.path).output();
    let packed = packed.expect("tar can be run");
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let config = json!({"created": "2026-01-01T00:00:00Z"}).to_string();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.cncf.flux.config.v1+json",
            "digest": registry.put_blob(NAME, config.as_bytes()), "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.cncf.flux.content.v1.tar+gzip",
            "digest": registry.put_blob(NAME, &packed.stdout), "size": packed.stdout.len(),
        }],
        "annotations": {"org.opencontainers.image.revision": format!("{tag}@sha1:0")},
    });
    registry.put_manifest(NAME, tag, &manifest)
}

/// A folder to apply, and one beside it that nobody asks for.
fn version(registry: &OciRegistry, tag: &str, tenant: &str, value: &str) -> String {
    let left_out = config_map(tenant, "left-out", value);
    let files = [
        ("deploy/app.yaml", config_map(tenant, "app", value)),
        ("deploy/more.yaml", left_out.clone()),
        ("other/broken.yaml", "kind: [\n".to_owned()),
        (".sourceignore", "deploy/more.yaml\n".to_owned()),
    ];
    push(registry, tag, &files.each_ref().map(|(path, text)| (*path, text.as_str())))
}

fn declare(world: &World, registry: &OciRegistry, tenant: &str, spec: &str) -> String {
    let flux = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: app, namespace: {tenant}}}
spec:
  interval: 1m
  insecure: true
  url: oci://{}/{NAME}
{spec}---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: app, namespace: {tenant}}}
spec: {{interval: 10m, prune: true, path: ./deploy, sourceRef: {{kind: OCIRepository, name: app}}}}
",
        registry.address
    );
    world.repository.module(tenant, "flux", &[], &flux);
    world.repository.commit(&format!("{tenant}: {spec}"))
}

fn problems(world: &World) -> Vec<Value> {
    let view = world.view().unwrap_or_default();
    view["problems"].as_array().cloned().unwrap_or_default()
}

/// Everything that an API server would count as a change.
fn live(world: &World, tenant: &str) -> Value {
    let object = world.object("configmap", tenant, "app").expect("it is there");
    json!([object["metadata"]["uid"], object["metadata"]["resourceVersion"], object["data"]])
}

fn leave(world: &mut World, tenant: &str) {
    world.repository.module(tenant, "stays", &[], &config_map(tenant, "stays", "as it is"));
    world.repository.remove(&format!("{tenant}/flux.yaml"));
    world.repository.remove(&format!("{tenant}/flux"));
    world.repository.commit("Nothing of the registry any more");
    world.config_map_is_gone(tenant, "app");
}

fn a_kustomization_follows_an_artifact_through_tags_digests_and_an_outage(world: &mut World) {
    let tenant = "artifact";
    world.tenant(tenant);
    let registry = OciRegistry::start();
    let first = version(&registry, "v1.0.0", tenant, "one");
    let commit = declare(world, &registry, tenant, "  ref: {semver: '>=1.0.0'}\n");
    let unit = world.has_applied("kustomization/artifact/app", &commit);
    assert_eq!(inventory(&unit), ["ConfigMap/artifact/app"]);
    let uid = world.config_map_is(tenant, "app", "one");

    // No commit tells of a newer tag, nor of another artifact behind one.
    version(&registry, "v1.1.0", tenant, "two");
    assert_eq!(world.config_map_is(tenant, "app", "two"), uid);
    version(&registry, "v1.1.0", tenant, "three");
    assert_eq!(world.config_map_is(tenant, "app", "three"), uid);

    // In an outage what runs stays, after a restart too.
    world.is("kustomization/artifact/app", "Ready");
    let before = live(world, tenant);
    registry.set_down(true);
    world.kill();
    world.run();
    world.until("it is told that the registry is down", |world| {
        let found = problems(world);
        let told = found.iter().any(|problem| {
            let message = problem["message"].as_str().unwrap_or_default();
            problem["code"] == "MS6001"
                && message
                    .contains("OCIRepository artifact/app is what its registry said last, v1.1.0@sha256:")
        });
        if told { Ok(()) } else { Err(format!("{found:#?}")) }
    });
    world.is("kustomization/artifact/app", "Ready");
    assert_eq!(live(world, tenant), before);
    registry.set_down(false);

    declare(world, &registry, tenant, &format!("  ref: {{digest: '{first}'}}\n"));
    assert_eq!(world.config_map_is(tenant, "app", "one"), uid);
    leave(world, tenant);
}

fn an_artifact_that_nobody_trusted_has_signed_changes_nothing(world: &mut World) {
    let tenant = "proved";
    world.tenant(tenant);
    let registry = OciRegistry::start();
    let (ours, theirs) = (Signer::new(), Signer::new());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "trusted", "namespace": tenant},
        "stringData": {"cosign.pub": ours.public()},
    });
    world.kubectl_with(&["apply", "-f", "-"], &secret.to_string()).expect_success();
    ours.sign(&registry, NAME, &version(&registry, "v1", tenant, "one"));
    let verify = "  verify: {provider: cosign, secretRef: {name: trusted}}\n";
    let commit = declare(world, &registry, tenant, &format!("  ref: {{tag: v1}}\n{verify}"));
    world.has_applied("kustomization/proved/app", &commit);
    world.config_map_is(tenant, "app", "one");
    let before = live(world, tenant);

    let second = version(&registry, "v2", tenant, "two");
    theirs.sign(&registry, NAME, &second);
    declare(world, &registry, tenant, &format!("  ref: {{tag: v2}}\n{verify}"));
    world.until("the unit is refused", |world| {
        let unit = world.unit("kustomization/proved/app")?;
        let message = unit["message"].as_str().unwrap_or_default();
        let why = message.contains("none of its 1 signatures is by a key that is trusted")
            && message.contains(&second);
        if unit["phase"] == "Failed" && why { Ok(()) } else { Err(format!("{}: {message}", unit["phase"])) }
    });
    let found = problems(world);
    assert!(found.iter().any(|problem| problem["code"] == "MS6002"), "{found:#?}");
    assert_eq!(live(world, tenant), before);

    ours.sign(&registry, NAME, &second);
    world.is("kustomization/proved/app", "Ready");
    world.config_map_is(tenant, "app", "two");
    leave(world, tenant);
}
