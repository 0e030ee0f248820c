//! Records are lost while no daemon runs: what they held is found again, and goes only when somebody says so. On a real
//! server alone: the embedded one ends with the daemon, and nobody could lose its records meanwhile.

use crate::repository::config_map;
use crate::world::{PART_OF, Wire, World, inventory, on};

#[test]
fn lost_records_are_made_again_and_what_left_meanwhile_waits_for_an_approval() {
    on(Wire::Real, "lost_records", lost_records);
}

#[test]
fn what_is_left_behind_on_purpose_is_not_found_again() {
    on(Wire::Real, "left_behind", left_behind);
}

fn lost_records(world: &mut World) {
    world.tenant("lost");
    let two = config_map("lost", "stays", "ours") + &config_map("lost", "goes", "ours");
    world.repository.module("lost", "web", &[], &two);
    world.repository.module("lost", "old", &[], &config_map("lost", "old", "ours"));
    let commit = world.repository.commit("Two modules");
    world.has_applied("module/lost/web", &commit);
    world.has_applied("module/lost/old", &commit);
    let stays = world.config_map("lost", "stays");
    let label = world.object("configmap", "lost", "stays").expect("it exists")["metadata"]["labels"][PART_OF]
        .as_str()
        .expect("a label")
        .to_owned();

    world.repository.module("lost", "web", &[], &config_map("lost", "stays", "ours"));
    world.repository.remove("lost/old.yaml");
    world.kill_and(|world| {
        for unit in ["module.lost.web", "module.lost.old"] {
            world.kubectl(&["delete", "units.mainstay.dev", unit]).expect_success();
        }
        // A controller that copies labels: it proves nothing.
        let copy = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: copy\n  namespace: lost\n  labels:\n    {PART_OF}: {label}\n  annotations:\n    mainstay.dev/unit: module/lost/web\n"
        );
        world.kubectl_with(&["create", "-f", "-"], &copy).expect_success();
        world.repository.commit("One object and one module less");
    });
    world.run();

    let web = world.is("module/lost/web", "Held");
    assert!(web["message"].as_str().unwrap_or_default().contains("no record held"), "{web:#}");
    assert_eq!(inventory(&web).len(), 2, "{web:#}");
    let old = world.is("module/lost/old", "Held");
    assert_eq!(world.config_map("lost", "stays"), stays, "it is what it was");
    for name in ["goes", "old"] {
        assert_eq!(world.config_map("lost", name).0, "ours");
    }

    for unit in [web, old] {
        let hash = unit["held"].as_str().expect("a hash").to_owned();
        world.mainstay(&["approve", &hash]).expect_success();
    }
    world.config_map_is_gone("lost", "goes");
    world.config_map_is_gone("lost", "old");
    world.is("module/lost/web", "Ready");
    assert_eq!(world.config_map("lost", "stays"), stays);
    assert!(world.object("configmap", "lost", "copy").is_some(), "what others made is not touched");
}

fn left_behind(world: &mut World) {
    world.tenant("behind");
    let two = config_map("behind", "stays", "ours") + &config_map("behind", "left", "ours");
    world.repository.module("behind", "web", &[], &two);
    let declaration = "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata:\n  name: web\nspec:\n  source:\n    path: behind/web\n  prune: false\n";
    world.repository.write("behind/web.yaml", declaration);
    let commit = world.repository.commit("Two objects, never pruned");
    world.has_applied("module/behind/web", &commit);
    world.repository.write("behind/web/objects.yaml", &config_map("behind", "stays", "ours"));
    let commit = world.repository.commit("One object");
    world.has_applied("module/behind/web", &commit);
    world.is("module/behind/web", "Ready");
    let left = world.object("configmap", "behind", "left").expect("it stays");
    assert!(left["metadata"]["labels"][PART_OF].is_null(), "{left:#}");
    assert_eq!(left["data"]["value"], "ours");

    world.kill_and(|world| {
        world.kubectl(&["delete", "units.mainstay.dev", "module.behind.web"]).expect_success();
    });
    world.run();
    world.is("module/behind/web", "Ready");
    assert_eq!(world.config_map("behind", "left").0, "ours");
}
