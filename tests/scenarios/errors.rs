use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::World;

on_both_wires! {
    a_broken_commit_keeps_the_last_good_state_and_says_where_it_is_broken,
    an_unknown_field_stops_its_module_alone,
    dependents_of_a_failed_module_wait_and_why_says_so,
}

fn a_broken_commit_keeps_the_last_good_state_and_says_where_it_is_broken(world: &mut World) {
    world.tenant("broken");
    for name in ["good", "bad"] {
        world.repository.module("broken", name, &[], &config_map("broken", name, "first"));
    }
    world.repository.commit("Both are good");
    world.config_map_is("broken", "good", "first");
    let uid = world.config_map_is("broken", "bad", "first");

    let open = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bad\n  namespace: [broken\ndata: {}\n";
    world.repository.module("broken", "bad", &[], open);
    world.repository.module("broken", "good", &[], &config_map("broken", "good", "second"));
    let commit = world.repository.commit("One is not YAML");
    world.has_read(&commit);

    world.config_map_is("broken", "good", "second");
    let unit = world.is("module/broken/bad", "Failed");
    let place = "broken/bad/objects.yaml:";
    assert!(unit["message"].as_str().unwrap_or_default().contains(place), "{unit:#}");
    assert_eq!(world.config_map("broken", "bad"), ("first".to_owned(), uid.clone()));
    let path = world.repository.path.display().to_string();
    let validated = world.mainstay(&["validate", &path, "--offline"]);
    assert_eq!(validated.status.code(), Some(1), "{}", validated.stdout);
    let at = validated.stdout.split(place).nth(1).unwrap_or_default();
    let at: Vec<&str> = at.split(|c: char| !c.is_ascii_digit()).take(2).collect();
    let numbers: Vec<u32> = at.iter().filter_map(|number| number.parse().ok()).collect();
    assert!(numbers.len() == 2 && (5..=7).contains(&numbers[0]), "line and column in {}", validated.stdout);

    world.repository.module("broken", "bad", &[], &config_map("broken", "bad", "third"));
    let commit = world.repository.commit("It is mended");
    world.has_applied("module/broken/bad", &commit);
    assert_eq!(world.config_map_is("broken", "bad", "third"), uid);
}

fn an_unknown_field_stops_its_module_alone(world: &mut World) {
    world.tenant("unknown");
    for name in ["good", "bad"] {
        world.repository.module("unknown", name, &[], &config_map("unknown", name, "first"));
    }
    world.repository.commit("Both are good");
    let uid = world.config_map_is("unknown", "bad", "first");
    world.config_map_is("unknown", "good", "first");

    let bad = "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata:\n  name: bad\nspec:\n  source:\n    path: unknown/bad\n  intervall: 5m\n";
    world.repository.write("unknown/bad.yaml", bad);
    world.repository.module("unknown", "good", &[], &config_map("unknown", "good", "second"));
    let commit = world.repository.commit("A field is misspelt");
    world.has_read(&commit);
    world.config_map_is("unknown", "good", "second");
    let view = world.view().expect("a view");
    let problem = view["problems"].as_array().into_iter().flatten().find(|problem| {
        problem["location"].as_str().is_some_and(|place| place.starts_with("unknown/bad.yaml:8:3"))
    });
    let problem = problem.unwrap_or_else(|| panic!("{:#}", view["problems"]));
    assert_eq!(problem["hint"], "did you mean interval?", "{problem:#}");
    world.is("module/unknown/bad", "Held");
    assert_eq!(world.config_map("unknown", "bad"), ("first".to_owned(), uid));

    world.repository.declare("unknown", "bad", &[], "bad");
    world.repository.commit("It is mended");
    world.is("module/unknown/bad", "Ready");
}

fn dependents_of_a_failed_module_wait_and_why_says_so(world: &mut World) {
    world.tenant("waits");
    // What the namespace's name is, no cluster tells before it is asked to make something in it.
    world.repository.write(
        "waits/tenant.yaml",
        "apiVersion: mainstay.dev/v1alpha1\nkind: Tenant\nmetadata:\n  name: waits\nspec:\n  paths: [waits]\n",
    );
    world.repository.module("waits", "base", &[], &config_map("no-such-namespace", "base", "first"));
    world.repository.module("waits", "middle", &["base"], &config_map("waits", "middle", "first"));
    world.repository.module("waits", "top", &["middle"], &config_map("waits", "top", "first"));
    world.repository.commit("The base can't be made");

    let base = world.is("module/waits/base", "Failed");
    assert!(base["message"].as_str().unwrap_or_default().contains("no-such-namespace"), "{base:#}");
    world.is("module/waits/middle", "Waiting");
    world.is("module/waits/top", "Waiting");
    // While the base is tried again it is neither failed nor ready.
    world.until("the whole chain is told", |world| {
        let why = world.mainstay(&["why", "module/waits/top"]).expect_success();
        let chain = [
            "module/waits/top is Waiting",
            "because module/waits/middle is Waiting",
            "because module/waits/base is Failed",
            "no-such-namespace",
        ];
        if chain.iter().all(|link| why.contains(link)) { Ok(()) } else { Err(why) }
    });
    for name in ["middle", "top"] {
        assert!(world.object("configmap", "waits", name).is_none(), "{name} did not wait");
    }

    world.repository.module("waits", "base", &[], &config_map("waits", "base", "second"));
    let commit = world.repository.commit("It can be made");
    world.has_applied("module/waits/base", &commit);
    world.config_map_is("waits", "top", "first");
}
