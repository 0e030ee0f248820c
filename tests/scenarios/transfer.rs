use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::{World, inventory};

on_both_wires! {
    an_object_moves_between_units_and_paths_without_being_made_anew,
    what_two_kustomizations_render_alike_goes_on_until_none_does,
}

fn an_object_moves_between_units_and_paths_without_being_made_anew(world: &mut World) {
    world.tenant("moves");
    let (own, shared) = (config_map("moves", "own", "first"), config_map("moves", "shared", "first"));
    world.repository.module("moves", "one", &[], &(own.clone() + &shared));
    world.repository.module("moves", "two", &[], &config_map("moves", "other", "first"));
    let commit = world.repository.commit("Two modules");
    world.has_applied("module/moves/one", &commit);
    world.has_applied("module/moves/two", &commit);
    let uid = world.config_map("moves", "shared").1;
    let of = |world: &mut World, unit: &str, objects: &[&str]| {
        let objects: Vec<String> = objects.iter().map(|name| format!("ConfigMap/moves/{name}")).collect();
        world.until(&format!("{unit} has {objects:?}"), |world| match world.unit(unit)? {
            found if inventory(&found) == objects && found["phase"] == "Ready" => Ok(()),
            found => Err(format!("{:?}, {}: {}", inventory(&found), found["phase"], found["message"])),
        });
    };

    world.repository.module("moves", "one", &[], &own);
    world.repository.module("moves", "two", &[], &(config_map("moves", "other", "first") + &shared));
    world.repository.propose("move", "An object changes its module");
    let diff = world.mainstay(&["diff", "module/moves/one", "--branch", "move"]);
    assert!(
        diff.status.code() == Some(0) && !diff.stdout.contains("shared"),
        "taken over, not deleted: {diff:?}"
    );
    let diff = world.mainstay(&["diff", "module/moves/two", "--branch", "move"]);
    assert!(diff.status.code() == Some(2) && diff.stdout.contains("shared"), "{diff:?}");
    world.repository.merge("move");
    of(world, "module/moves/two", &["other", "shared"]);
    of(world, "module/moves/one", &["own"]);
    assert_eq!(world.config_map("moves", "shared"), ("first".to_owned(), uid.clone()));

    world.repository.rename("moves/two", "moves/second");
    world.repository.declare("moves", "two", &[], "second");
    world.repository.write(
        "moves/second/objects.yaml",
        &(config_map("moves", "other", "second") + &config_map("moves", "shared", "second")),
    );
    let commit = world.repository.commit("A module changes its folder");
    world.has_applied("module/moves/two", &commit);
    assert_eq!(world.config_map("moves", "shared"), ("second".to_owned(), uid.clone()));

    world.repository.remove("moves/two.yaml");
    world.repository.declare("moves", "three", &[], "second");
    world.repository.commit("A module changes its name");
    of(world, "module/moves/three", &["other", "shared"]);
    world.until("the old unit is forgotten", |world| match world.unit("module/moves/two") {
        Ok(unit) => Err(unit.to_string()),
        Err(_) => Ok(()),
    });
    assert_eq!(world.config_map("moves", "shared"), ("second".to_owned(), uid));
}

fn what_two_kustomizations_render_alike_goes_on_until_none_does(world: &mut World) {
    world.tenant("alike");
    let unit = |name: &str, path: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: alike}}\n\
             spec: {{interval: 10m, prune: true, path: ./{path}, sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}}}\n"
        )
    };
    // The folder of one lies in that of the other.
    let write = |world: &mut World, file: &str, text: &str| world.repository.write(file, text);
    write(world, "alike-folder/own.yaml", &config_map("alike", "own", "1"));
    write(world, "alike-folder/inner/shared.yaml", &config_map("alike", "shared", "1"));
    let (outer, inner) = (unit("outer", "alike-folder"), unit("inner", "alike-folder/inner"));
    world.repository.module("alike", "flux", &[], &format!("{outer}---\n{inner}"));
    let commit = world.repository.commit("Two Kustomizations that overlap");
    world.has_applied("kustomization/alike/outer", &commit);
    world.has_applied("kustomization/alike/inner", &commit);
    let uid = world.config_map_is("alike", "shared", "1");
    let holders = |world: &World| {
        let units = ["kustomization/alike/outer", "kustomization/alike/inner"];
        let held = |unit: &&str| {
            let inventory = world.unit(unit).map(|unit| inventory(&unit)).unwrap_or_default();
            inventory.iter().any(|object| object == "ConfigMap/alike/shared")
        };
        units.into_iter().filter(held).collect::<Vec<_>>()
    };
    assert_eq!(holders(world), ["kustomization/alike/inner"]);

    world.repository.module("alike", "flux", &[], &outer);
    world.repository.write("alike-folder/inner/shared.yaml", &config_map("alike", "shared", "2"));
    world.repository.commit("One of them goes");
    assert_eq!(world.config_map_is("alike", "shared", "2"), uid, "the same object");
    world.until("the other one holds it", |world| match holders(world).as_slice() {
        ["kustomization/alike/outer"] => Ok(()),
        others => Err(format!("{others:?}")),
    });

    world.repository.remove("alike/flux.yaml");
    world.repository.remove("alike/flux");
    world.repository.commit("Nobody declares it");
    world.config_map_is_gone("alike", "shared");
}
