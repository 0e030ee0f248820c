use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::{World, inventory};

on_both_wires! {
    a_unit_of_many_objects_keeps_its_whole_inventory_through_a_kill,
}

fn a_unit_of_many_objects_keeps_its_whole_inventory_through_a_kill(world: &mut World) {
    world.tenant("large");
    let objects =
        |count: usize| (0..count).map(|i| config_map("large", &format!("c{i}"), "x")).collect::<String>();
    world.repository.module("large", "many", &[], &objects(600));
    let commit = world.repository.commit("More objects than one Unit holds");
    world.has_applied("module/large/many", &commit);
    let unit = world.object("unit", "", "module.large.many").expect("a Unit");
    assert_eq!(unit["status"]["inventoryParts"], 2, "{:#}", unit["status"]["conditions"]);
    assert_eq!(unit["status"]["inventory"], serde_json::json!([]));
    assert_eq!(inventory(&world.unit("module/large/many").expect("a unit")).len(), 600);

    world.kill();
    world.run();
    world.repository.module("large", "many", &[], &objects(3));
    let commit = world.repository.commit("Three are left");
    let unit = world.has_applied("module/large/many", &commit);
    assert_eq!(inventory(&unit).len(), 3);
    let left = world.kubectl(&["get", "configmaps", "-n", "large", "-o", "name"]).expect_success();
    assert_eq!(left.lines().filter(|line| line.contains("/c")).count(), 3, "{left}");
    world.until("the parts are gone", |world| {
        let selector = ["get", "configmaps", "-n", "mainstay-system", "-l", "mainstay.dev/inventory-of"];
        let parts = world.kubectl(&selector).stdout;
        if parts.trim().is_empty() { Ok(()) } else { Err(parts) }
    });
}
