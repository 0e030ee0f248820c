use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::{World, inventory};

on_both_wires! {
    an_object_moves_between_units_and_paths_without_being_made_anew,
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
    world.repository.commit("An object changes its module");
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
