use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::{PART_OF, World, entries};

on_both_wires! {
    ten_kills_during_an_apply_leave_nothing_orphaned,
    who_stood_still_for_longer_than_the_lease_gives_way_unless_nobody_else_can_hold_it,
}

const MODULES: [&str; 4] = ["a", "b", "c", "d"];
const OBJECTS: usize = 12;
const KILLS: u32 = 10;

/// Every third object has a name that no other generation has, so that each makes, changes and prunes some.
fn names(module: &str, generation: u32) -> Vec<String> {
    let name = |i: usize| match i % 3 {
        0 => format!("{module}-{i}-of-{generation}"),
        _ => format!("{module}-{i}"),
    };
    (0..OBJECTS).map(name).collect()
}

fn declare(world: &World, generation: u32) {
    for (i, module) in MODULES.iter().enumerate() {
        let after: Vec<&str> = i.checked_sub(2).map(|before| MODULES[before]).into_iter().collect();
        let objects: String = names(module, generation)
            .iter()
            .map(|name| config_map("crash", name, &generation.to_string()))
            .collect();
        world.repository.module("crash", module, &after, &objects);
    }
}

/// Whether the daemon that runs has brought all modules to the generation that it found.
fn is_done(world: &World) -> bool {
    let log = world.log();
    MODULES.iter().all(|module| log.contains(&format!("unit=module/crash/{module} reason=\"Ready\"")))
}

fn commit(world: &mut World, generation: u32) -> String {
    declare(world, generation);
    world.repository.commit(&format!("Generation {generation}"))
}

fn ten_kills_during_an_apply_leave_nothing_orphaned(world: &mut World) {
    world.tenant("crash");
    world.kill();
    let first = commit(world, 0);
    world.run();
    world.log_says(&first);
    let begun = Instant::now();
    for module in MODULES {
        world.log_says(&format!("unit=module/crash/{module} reason=\"Ready\""));
    }
    let whole = begun.elapsed();
    world.kill();

    let (mut generation, mut kills) = (0, 0);
    while kills < KILLS {
        generation += 1;
        assert!(generation < 5 * KILLS, "most kills come too late: an apply takes {whole:?}");
        let revision = commit(world, generation);
        world.run();
        world.log_says(&revision);
        // Not a wait for anything: the moment is meant to be any between the first request and convergence.
        let moment = whole.mul_f64((RandomState::new().hash_one(generation) % 1000) as f64 / 1000.0);
        std::thread::sleep(moment);
        world.kill_and(|world| kills += u32::from(!is_done(world)));
        println!("killed {moment:?} after generation {generation} was read; {kills} during an apply");
    }
    let last = generation + 1;
    let commit = commit(world, last);
    world.run();

    for module in MODULES {
        world.has_applied(&format!("module/crash/{module}"), &commit);
    }
    let wanted: BTreeSet<String> = MODULES.iter().flat_map(|module| names(module, last)).collect();
    let list = |world: &World, kinds: &str, label: &str| -> Vec<Value> {
        let text =
            world.kubectl(&["get", kinds, "--all-namespaces", "-l", label, "-o", "json"]).expect_success();
        let list: Value = serde_json::from_str(&text).expect("kubectl prints JSON");
        list["items"].as_array().cloned().unwrap_or_default()
    };
    let labelled = list(world, "configmaps,services,deployments.apps,jobs.batch,namespaces", PART_OF);
    let here: BTreeSet<String> = labelled
        .iter()
        .filter(|object| object["metadata"]["namespace"] == "crash")
        .map(|object| object["metadata"]["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(here, wanted);
    let owned: BTreeSet<String> =
        world.units().expect("units").iter().flat_map(entries).map(|entry| entry.uid).collect();
    let orphans: Vec<String> = labelled
        .iter()
        .filter(|object| !owned.contains(object["metadata"]["uid"].as_str().unwrap_or_default()))
        .map(|object| format!("{} {}", object["kind"], object["metadata"]["name"]))
        .collect();
    assert!(orphans.is_empty(), "in no inventory: {orphans:?}\n{}", world.log_tail());
}

fn who_stood_still_for_longer_than_the_lease_gives_way_unless_nobody_else_can_hold_it(world: &mut World) {
    world.tenant("still");
    let commit = |world: &mut World, value: &str| {
        world.repository.module("still", "one", &[], &config_map("still", "one", value));
        world.repository.commit(value);
    };
    commit(world, "first");
    let uid = world.config_map_is("still", "one", "first");
    // The Lease is one of 4 s.
    world.stand_still(Duration::from_secs(6));
    if world.server.is_some() {
        let begun = Instant::now();
        while !world.has_ended() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{}", world.log_tail());
            std::thread::sleep(Duration::from_millis(50));
        }
        world.run();
    }
    commit(world, "second");
    assert_eq!(world.config_map_is("still", "one", "second"), uid);
    assert!(!world.has_ended(), "{}", world.log_tail());
}
