use serde_json::Value;

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::{PART_OF, World};

on_both_wires! {
    pruning_deletes_only_what_mainstay_made,
    a_renamed_folder_removes_nothing_and_says_what_is_missing,
    a_broken_declaration_removes_nothing_and_says_what_is_held,
    an_emptied_repository_removes_nothing_and_says_what_is_held,
    a_plan_says_what_stays_behind_and_what_waits_for_an_approval,
    a_namespace_stays_while_it_holds_what_is_kept_or_what_another_unit_has,
    what_is_no_longer_served_in_the_version_that_it_was_applied_in_is_pruned_in_another,
}

fn pruning_deletes_only_what_mainstay_made(world: &mut World) {
    world.tenant("prune");
    let two = config_map("prune", "stays", "ours") + &config_map("prune", "goes", "ours");
    world.repository.module("prune", "web", &[], &two);
    world.repository.commit("Two objects");
    world.config_map_is("prune", "stays", "ours");
    world.config_map_is("prune", "goes", "ours");

    let ours = world.object("configmap", "prune", "goes").expect("it exists");
    let label = ours["metadata"]["labels"][PART_OF].as_str().expect("a label").to_owned();
    let foreign = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: foreign\n  namespace: prune\n  labels:\n    {PART_OF}: {label}\ndata:\n  value: theirs\n"
    );
    world.kubectl_with(&["create", "-f", "-"], &foreign).expect_success();

    world.repository.module("prune", "web", &[], &config_map("prune", "stays", "ours"));
    let commit = world.repository.commit("One object");
    world.config_map_is_gone("prune", "goes");
    world.has_applied("module/prune/web", &commit);
    assert_eq!(world.config_map("prune", "stays").0, "ours");
    assert_eq!(world.config_map("prune", "foreign").0, "theirs");

    world.repository.remove("prune");
    world.repository.commit("No object");
    world.config_map_is_gone("prune", "stays");
    world.until("the unit is forgotten", |world| match world.unit("module/prune/web") {
        Ok(unit) => Err(unit.to_string()),
        Err(_) => Ok(()),
    });
    assert_eq!(world.config_map("prune", "foreign").0, "theirs");
    world.kubectl(&["delete", "configmap", "foreign", "-n", "prune"]).expect_success();
}

fn a_renamed_folder_removes_nothing_and_says_what_is_missing(world: &mut World) {
    world.tenant("renamed");
    world.repository.module("renamed", "web", &[], &config_map("renamed", "web", "first"));
    let commit = world.repository.commit("A value");
    world.has_applied("module/renamed/web", &commit);
    let before = world.config_map("renamed", "web");

    world.repository.rename("renamed/web", "renamed/site");
    let commit = world.repository.commit("The folder is renamed");
    world.has_read(&commit);

    let unit = world.is("module/renamed/web", "Failed");
    assert!(unit["message"].as_str().unwrap_or_default().contains("renamed/web"), "{unit:#}");
    assert_eq!(world.config_map("renamed", "web"), before);

    world.repository.declare("renamed", "web", &[], "site");
    world.repository.commit("The module follows");
    world.is("module/renamed/web", "Ready");
    assert_eq!(world.config_map("renamed", "web"), before);
}

fn a_broken_declaration_removes_nothing_and_says_what_is_held(world: &mut World) {
    world.tenant("held");
    for name in ["one", "two"] {
        world.repository.module("held", name, &[], &config_map("held", name, "first"));
    }
    let commit = world.repository.commit("Two modules");
    world.has_applied("module/held/one", &commit);
    world.has_applied("module/held/two", &commit);
    let before = [world.config_map("held", "one"), world.config_map("held", "two")];

    // One declaration can't be read, and the other is gone: whether the first now holds both, nobody knows.
    world.repository.write("held/one.yaml", "apiVersion: mainstay.dev/v1alpha1\nkind: [Module\n");
    world.repository.remove("held/two.yaml");
    let commit = world.repository.commit("A broken file and a missing one");
    world.has_read(&commit);

    for name in ["one", "two"] {
        let unit = world.is(&format!("module/held/{name}"), "Held");
        assert!(unit["message"].as_str().unwrap_or_default().contains("held/one.yaml"), "{unit:#}");
    }
    assert_eq!([world.config_map("held", "one"), world.config_map("held", "two")], before);

    world.repository.declare("held", "one", &[], "one");
    world.repository.commit("It is mended");
    world.is("module/held/one", "Ready");
    // Now that everything is read, the missing one is gone for good.
    world.config_map_is_gone("held", "two");
    assert_eq!(world.config_map("held", "one"), before[0]);
}

fn an_emptied_repository_removes_nothing_and_says_what_is_held(world: &mut World) {
    world.tenant("emptied");
    world.repository.module("emptied", "web", &[], &config_map("emptied", "web", "first"));
    let commit = world.repository.commit("A value");
    world.has_applied("module/emptied/web", &commit);
    let before = world.config_map("emptied", "web");
    let units = |world: &World| -> Vec<Value> {
        let units = world.units().expect("units");
        units.into_iter().filter(|unit| unit["inventory"].as_array().is_some_and(|i| !i.is_empty())).collect()
    };
    let all = units(world).len();

    for entry in std::fs::read_dir(&world.repository.path).expect("a repository").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != ".git" {
            world.repository.remove(&name);
        }
    }
    let commit = world.repository.commit("Nothing is left");
    world.has_read(&commit);

    let unit = world.is("module/emptied/web", "Held");
    assert!(unit["held"].as_str().is_some_and(|hash| !hash.is_empty()), "{unit:#}");
    let why = world.mainstay(&["why", "module/emptied/web"]).expect_success();
    assert!(why.contains("mainstay approve"), "{why}");
    world.until("all units are held", |world| {
        let other: Vec<String> = units(world)
            .iter()
            .filter(|unit| unit["phase"] != "Held")
            .map(|unit| format!("{} is {}", unit["id"], unit["phase"]))
            .collect();
        if other.is_empty() { Ok(()) } else { Err(other.join(", ")) }
    });
    assert_eq!(units(world).len(), all);
    assert_eq!(world.config_map("emptied", "web"), before);

    let commit = world.repository.revert();
    world.has_read(&commit);
    world.is("module/emptied/web", "Ready");
    assert_eq!(world.config_map("emptied", "web"), before);
}

fn a_plan_says_what_stays_behind_and_what_waits_for_an_approval(world: &mut World) {
    world.tenant("planned");
    world.repository.module("planned", "empties", &[], &config_map("planned", "empties", "ours"));
    world.repository.module("planned", "other", &[], &config_map("planned", "other", "ours"));
    world.repository.module("planned", "leaves", &[], &config_map("planned", "leaves", "ours"));
    let leaves = "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata:\n  name: leaves\nspec:\n  source:\n    path: planned/leaves\n  deletionPolicy: Orphan\n";
    world.repository.write("planned/leaves.yaml", leaves);
    let commit = world.repository.commit("Three modules");
    for module in ["empties", "other", "leaves"] {
        world.has_applied(&format!("module/planned/{module}"), &commit);
    }

    world.repository.write("planned/empties/objects.yaml", "");
    world.repository.remove("planned/leaves.yaml");
    world.repository.propose("less", "One renders nothing, one is gone");
    let path = world.repository.path.display().to_string();
    let plan = world.mainstay(&["plan", &path, "--head", "less"]).stdout;
    assert!(plan.contains("leaves its objects behind"), "{plan}");
    assert!(plan.contains("it renders nothing any more"), "{plan}");

    world.repository.merge("less");
    let held = world.is("module/planned/empties", "Held");
    assert!(held["message"].as_str().unwrap_or_default().contains("renders nothing"), "{held:#}");
    world.until("the orphaning unit is forgotten", |world| match world.unit("module/planned/leaves") {
        Ok(unit) => Err(unit.to_string()),
        Err(_) => Ok(()),
    });
    assert_eq!(world.config_map("planned", "leaves").0, "ours");
    assert_eq!(world.config_map("planned", "empties").0, "ours");
}

fn a_namespace_stays_while_it_holds_what_is_kept_or_what_another_unit_has(world: &mut World) {
    world.repository.tenant("house");
    let kept = config_map("house", "kept", "ours")
        .replace("  name: kept\n", "  name: kept\n  annotations: {helm.sh/resource-policy: keep}\n");
    let home = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: house\n---\n{}{kept}",
        config_map("house", "goes", "ours")
    );
    world.repository.module("house", "home", &[], &home);
    world.repository.module("house", "guest", &[], &config_map("house", "guest", "ours"));
    let commit = world.repository.commit("A namespace, and two who live there");
    world.has_applied("module/house/home", &commit);
    world.has_applied("module/house/guest", &commit);

    world.repository.remove("house/home.yaml");
    world.repository.commit("Nobody declares the namespace");
    let held = world.is("module/house/home", "Held");
    let hash = held["held"].as_str().expect("a hash").to_owned();
    world.mainstay(&["approve", &hash]).expect_success();
    world.config_map_is_gone("house", "goes");
    world.until("the namespace stays", |world| {
        let unit = world.unit("module/house/home")?;
        let message = unit["message"].as_str().unwrap_or_default();
        match message.contains("stays while it holds") && message.contains("house/guest and 1 more") {
            true => Ok(()),
            false => Err(unit.to_string()),
        }
    });
    for name in ["guest", "kept"] {
        assert_eq!(world.config_map("house", name).0, "ours");
    }
    let namespace = world.object("namespace", "", "house").expect("it stays");
    assert!(namespace["metadata"]["deletionTimestamp"].is_null(), "{namespace:#}");

    world.repository.revert();
    world.is("module/house/home", "Ready");
}

const GADGETS: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.removal.example.com}
spec:
  group: removal.example.com
  names: {kind: Gadget, plural: gadgets, singular: gadget}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
  - name: v1beta1
    served: true
    storage: false
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
";

fn what_is_no_longer_served_in_the_version_that_it_was_applied_in_is_pruned_in_another(world: &mut World) {
    world.tenant("served");
    world.kubectl_with(&["create", "-f", "-"], GADGETS).expect_success();
    world
        .kubectl(&["wait", "--for=condition=Established", "crd/gadgets.removal.example.com"])
        .expect_success();
    let gadget = |name: &str| {
        format!(
            "apiVersion: removal.example.com/v1beta1\nkind: Gadget\nmetadata:\n  name: {name}\n  namespace: served\n"
        )
    };
    let other = config_map("served", "other", "ours");
    let all = [gadget("one"), gadget("two"), other.clone()].join("---\n");
    world.repository.module("served", "web", &[], &all);
    let commit = world.repository.commit("Two gadgets, by a version that is to go");
    world.has_applied("module/served/web", &commit);
    world.object("gadgets.v1.removal.example.com", "served", "one").expect("it exists");

    let old = r#"[{"op": "replace", "path": "/spec/versions/1/served", "value": false}]"#;
    let definition = ["patch", "crd", "gadgets.removal.example.com", "--type=json", "-p", old];
    world.kubectl(&definition).expect_success();
    world.repository.module("served", "web", &[], &other);
    let commit = world.repository.commit("No gadget");
    world.has_applied("module/served/web", &commit);
    for name in ["one", "two"] {
        world.until("the gadget is gone", |world| {
            match world.object("gadgets.v1.removal.example.com", "served", name) {
                Some(left) => Err(left.to_string()),
                None => Ok(()),
            }
        });
    }
    world.kubectl(&["delete", "crd", "gadgets.removal.example.com"]).expect_success();
}
