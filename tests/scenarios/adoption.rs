use mainstay_harness::RealServer;
use serde_json::Value;

use crate::repository::config_map;
use crate::world::{Wire, World, on};

/// What a daemon did on a cluster that it was not told to adopt.
pub struct Observed {
    view: Value,
    log: String,
    namespaces: Vec<String>,
    definitions: String,
    plan: Option<i32>,
    writes: Vec<String>,
}

/// Runs a daemon on a cluster without Units until it has shown a commit, and stops it.
pub fn observe(world: &mut World, server: &RealServer) -> Observed {
    world.tenant("adoption");
    world.repository.module("adoption", "web", &[], &config_map("adoption", "web", "first"));
    let commit = world.repository.commit("The first module");
    let mark = server.audit_mark();
    world.run_with(&[]);
    world.has_read(&commit);
    let view = world.view().expect("a view");
    let plan = world.mainstay(&["plan", &world.repository.path.display().to_string()]);
    let seen = server.audit_since(mark);
    let observed = Observed {
        view,
        log: world.log(),
        namespaces: ["mainstay-system"]
            .iter()
            .filter(|name| server.kubectl(&["get", "namespace", name]).success())
            .map(|name| (*name).to_owned())
            .collect(),
        definitions: server.kubectl(&["get", "crd", "-o", "name"]).expect_success(),
        plan: plan.status.code(),
        writes: seen
            .iter()
            .filter(|entry| entry.user_agent.starts_with("mainstay/") && entry.is_write())
            .map(|entry| format!("{} {}", entry.verb, entry.uri))
            .collect(),
    };
    world.kill();
    observed
}

#[test]
fn a_cluster_without_units_is_only_observed_until_it_is_adopted() {
    on(Wire::Real, "a_cluster_without_units_is_only_observed_until_it_is_adopted", |world| {
        let observed = world.observed.take().expect("it was looked at first");
        assert_eq!(observed.view["observing"], true, "{:#}", observed.view);
        assert!(observed.log.contains("--adopt"), "{}", observed.log);
        assert!(observed.log.contains("adoption/web"), "no plan in {}", observed.log);
        assert_eq!(observed.plan, Some(2), "there are changes to make");
        assert_eq!(observed.writes, Vec::<String>::new());
        assert_eq!(observed.namespaces, Vec::<String>::new());
        assert!(!observed.definitions.contains("units.mainstay.dev"), "{}", observed.definitions);

        world.config_map_is("adoption", "web", "first");
        world.is("module/adoption/web", "Ready");
        assert_eq!(world.view().expect("a view")["observing"], false);
    });
}
