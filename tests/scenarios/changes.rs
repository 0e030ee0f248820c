use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::{World, inventory};

on_both_wires! {
    a_fleet_converges_from_empty_in_order,
    a_commit_adds_changes_and_removes_a_module,
    the_plan_of_a_branch_is_what_merging_it_does,
}

const WEB: &str = r#"apiVersion: v1
kind: Namespace
metadata:
  name: converge
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: converge
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.0.0
          ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: converge
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"#;

const MIGRATION: &str = r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  namespace: converge
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: registry.example.com/migrate:1.0.0
"#;

fn a_fleet_converges_from_empty_in_order(world: &mut World) {
    world.repository.tenant("converge");
    world.repository.module("converge", "web", &[], WEB);
    world.repository.module("converge", "migration", &["web"], MIGRATION);
    let commit = world.repository.commit("A web server and its migration");

    let web = world.has_applied("module/converge/web", &commit);
    let migration = world.has_applied("module/converge/migration", &commit);

    assert_eq!(
        inventory(&web),
        ["Namespace//converge", "Service/converge/web", "Deployment/converge/web"],
        "{web:#}"
    );
    assert_eq!(inventory(&migration), ["Job/converge/migrate"]);
    assert_eq!((&web["health"], &migration["health"]), (&"Healthy".into(), &"Healthy".into()));
    let simulated = world.server.is_none();
    assert_eq!(web["simulated"].as_bool().unwrap_or_default(), simulated, "{web:#}");
    let created = |kind, name| {
        let object = world.object(kind, "converge", name).expect("it exists");
        object["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned()
    };
    assert!(created("deployment", "web") <= created("job", "migrate"));
    let deployment = world.object("deployment", "converge", "web").expect("it exists");
    assert_eq!(deployment["status"]["readyReplicas"], 2);
    let table = world.mainstay(&["get", "units", "--tenant", "converge"]).expect_success();
    assert_eq!(table.contains("(simulated)"), simulated, "{table}");
}

fn a_commit_adds_changes_and_removes_a_module(world: &mut World) {
    world.tenant("change");
    world.repository.module("change", "one", &[], &config_map("change", "one", "first"));
    world.repository.commit("One");
    let one = world.config_map_is("change", "one", "first");

    world.repository.module("change", "two", &["one"], &config_map("change", "two", "first"));
    let commit = world.repository.commit("Two");
    world.config_map_is("change", "two", "first");
    world.has_applied("module/change/two", &commit);

    world.repository.module("change", "one", &[], &config_map("change", "one", "second"));
    let commit = world.repository.commit("One changes");
    assert_eq!(world.config_map_is("change", "one", "second"), one, "it was made anew");
    world.has_applied("module/change/one", &commit);

    world.repository.remove("change/two.yaml");
    world.repository.remove("change/two");
    world.repository.commit("Two goes");
    world.config_map_is_gone("change", "two");
    world.until("the unit is forgotten", |world| match world.unit("module/change/two") {
        Err(why) if why.starts_with("there is no unit") => Ok(()),
        Err(why) => Err(why),
        Ok(unit) => Err(format!("{}: {}", unit["phase"], unit["message"])),
    });
    assert_eq!(world.config_map("change", "one"), ("second".to_owned(), one));
}

fn the_plan_of_a_branch_is_what_merging_it_does(world: &mut World) {
    world.tenant("preview");
    world.repository.module("preview", "web", &[], &config_map("preview", "web", "first"));
    let commit = world.repository.commit("A value");
    world.has_applied("module/preview/web", &commit);

    world.repository.module("preview", "web", &[], &config_map("preview", "web", "second"));
    world.repository.module("preview", "more", &["web"], &config_map("preview", "more", "first"));
    world.repository.propose("more", "Another value, and another module");
    let path = world.repository.path.display().to_string();
    let plan = world.mainstay(&["plan", &path, "--head", "more"]);
    assert_eq!(plan.status.code(), Some(2), "{}{}", plan.stdout, plan.stderr);
    for step in ["module/preview/web", "~ ConfigMap preview/web", "+ ConfigMap preview/more"] {
        assert!(plan.stdout.contains(step), "no {step} in {}", plan.stdout);
    }
    assert_eq!(world.config_map("preview", "web").0, "first");
    assert!(world.object("configmap", "preview", "more").is_none());

    let commit = world.repository.merge("more");
    world.has_applied("module/preview/more", &commit);
    world.config_map_is("preview", "web", "second");
    let plan = world.mainstay(&["plan", &path]);
    assert!(plan.stdout.contains("Plan: ") && !plan.stdout.contains("/preview/"), "{plan:?}");
}
