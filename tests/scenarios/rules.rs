//! Health rules that the platform repository keeps.

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::World;

on_both_wires! { rules_of_the_repository_say_what_is_healthy_and_change_it_without_a_request }

const WIDGETS: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.ruled.example.com}
spec:
  group: ruled.example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: string}}}
            status: {type: object, properties: {stage: {type: string}}}
---
";

const WIDGET: &str = "apiVersion: ruled.example.com/v1\nkind: Widget\nmetadata: {name: one, namespace: ruled}\nspec: {size: small}\n";

const PLATFORM: &str = "apiVersion: mainstay.dev/v1alpha1
kind: Platform
metadata:
  name: ruled
spec:
  healthRules:
    - health
";

fn rules(healthy: &str, progressing: &str) -> String {
    format!(
        "project: widgets
kinds:
- group: ruled.example.com
  kind: Widget
  rules:
  - field: /status/stage
    Healthy: {healthy}
    Progressing: [{progressing}, (absent)]
    message: by its stage
"
    )
}

fn reach(world: &World, stage: &str) {
    let what =
        ["patch", "widget.ruled.example.com", "one", "-n", "ruled", "--subresource=status", "--type=merge"];
    let patch = format!("{{\"status\":{{\"stage\":{stage:?}}}}}");
    world.kubectl(&[&what[..], &["-p", &patch]].concat()).expect_success();
}

fn is_told(world: &mut World, phase: &str, part: &str) {
    world.until(&format!("{phase}: {part}"), |world| match world.unit("module/ruled/web")? {
        unit if unit["phase"] == *phase && unit["message"].as_str().is_some_and(|m| m.contains(part)) => {
            Ok(())
        }
        unit => Err(format!("{}: {}", unit["phase"], unit["message"])),
    });
}

fn rules_of_the_repository_say_what_is_healthy_and_change_it_without_a_request(world: &mut World) {
    world.tenant("ruled");
    world.kubectl_with(&["apply", "-f", "-"], WIDGETS).expect_success();
    world.repository.write("platform.yaml", PLATFORM);
    world.repository.write("health/widgets.yaml", &rules("done", "shipped"));
    world.repository.module("ruled", "web", &[], WIDGET);
    let first = world.repository.commit("A kind that nobody knows, and what its status means");
    is_told(world, "Progressing", "by its stage");
    reach(world, "done");
    world.has_applied("module/ruled/web", &first);

    // Only the rule changes.
    let path = world.repository.path.display().to_string();
    let plan = world.mainstay(&["plan", &path]);
    assert!(plan.stdout.contains("Plan: ") && !plan.stdout.contains("Judged by another"), "{plan:?}");
    let before = world.object("widget.ruled.example.com", "ruled", "one");
    world.repository.write("health/widgets.yaml", &rules("shipped", "done"));
    world.repository.propose("stricter", "Done is not enough");
    let plan = world.mainstay(&["plan", &path, "--head", "stricter"]);
    let told = "Judged by another health rule, without a request: Widget of ruled.example.com.";
    assert!(plan.stdout.contains(told), "{}{}", plan.stdout, plan.stderr);
    let between = ["plan", &path, "--offline", "--base", "main", "--head", "stricter"];
    let plan = world.mainstay(&between);
    assert!(plan.stdout.contains(told), "{}{}", plan.stdout, plan.stderr);
    let mark = world.server.as_deref().map(mainstay_harness::RealServer::audit_mark);
    let commit = world.repository.merge("stricter");
    world.has_read(&commit);
    is_told(world, "Progressing", "by its stage");
    assert_eq!(world.object("widget.ruled.example.com", "ruled", "one"), before);
    assert_eq!(world.unit("module/ruled/web").expect("a unit")["revision"], *first);
    if let (Some(server), Some(mark)) = (&world.server, mark) {
        let sent: Vec<String> = server
            .audit_since(mark)
            .iter()
            .filter(|entry| entry.user_agent.starts_with("mainstay/") && entry.resource == "widgets")
            .filter(|entry| entry.verb != "watch")
            .map(|entry| format!("{} {}", entry.verb, entry.name))
            .collect();
        assert_eq!(sent, ["list "], "{sent:?}");
    }

    // A broken file: what held before holds on, in this run and in the next.
    let broken = rules("done", "shipped").replace("Healthy: done", "Helthy: done");
    world.repository.write("health/widgets.yaml", &broken);
    let commit = world.repository.commit("A misspelt status");
    world.has_read(&commit);
    let view = world.view().expect("a view");
    let problem = view["problems"].as_array().into_iter().flatten().find(|problem| {
        problem["location"].as_str().is_some_and(|place| place.starts_with("health/widgets.yaml:7:5"))
    });
    assert_eq!(
        problem.map(|p| &p["hint"]),
        Some(&"did you mean `Healthy`?".into()),
        "{:#}",
        view["problems"]
    );
    is_told(world, "Progressing", "by its stage");
    reach(world, "shipped");
    world.is("module/ruled/web", "Ready");
    world.kill();
    world.run();
    world.is("module/ruled/web", "Ready");
    reach(world, "done");
    is_told(world, "Progressing", "by its stage");

    // A Platform that can't be read says nothing either, and holds every unit that it has a say in as it is.
    world.repository.write("platform.yaml", &PLATFORM.replace("healthRules", "healthRule"));
    let commit = world.repository.commit("A misspelt field");
    world.has_read(&commit);
    let unit = world.is("module/ruled/web", "Failed");
    assert!(unit["message"].as_str().unwrap_or_default().contains("platform.yaml:6:3"), "{unit:#}");
    reach(world, "shipped");
    world.until("it is judged by the rules before", |world| match world.unit("module/ruled/web")? {
        unit if unit["health"] == "Healthy" => Ok(()),
        unit => Err(format!("{}: {}", unit["health"], unit["message"])),
    });

    // Without rules of its own the kind is as unknown as ever.
    world.repository.remove("platform.yaml");
    world.repository.remove("health");
    world.repository.commit("No rules");
    is_told(world, "Progressing", "no rule knows this kind");
    world.repository.module("ruled", "web", &[], &config_map("ruled", "web", "instead"));
    let commit = world.repository.commit("Something else");
    world.has_applied("module/ruled/web", &commit);
}
