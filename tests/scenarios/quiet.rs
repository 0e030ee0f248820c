use crate::repository::config_map;
use crate::world::{Wire, World, on};

/// Only a real server has an audit log.
#[test]
fn a_commit_of_a_readme_and_reconcile_all_send_nothing_per_object() {
    on(Wire::Real, "a_commit_of_a_readme_and_reconcile_all_send_nothing_per_object", quiet);
}

fn quiet(world: &mut World) {
    let server = world.server.clone().expect("a real server");
    world.tenant("quiet");
    for name in ["web", "marker"] {
        world.repository.module("quiet", name, &[], &config_map("quiet", name, "first"));
    }
    let commit = world.repository.commit("Two modules");
    world.has_applied("module/quiet/web", &commit);
    world.has_applied("module/quiet/marker", &commit);
    world.until("no unit is on its way", |world| {
        let busy = |unit: &&serde_json::Value| {
            ["Applying", "Progressing", "Waiting", "Deleting"]
                .contains(&unit["phase"].as_str().unwrap_or_default())
        };
        match world.units()?.iter().find(busy) {
            Some(unit) => Err(unit.to_string()),
            None => Ok(()),
        }
    });

    let mark = server.audit_mark();
    world.repository.write("README.md", "# The platform\n");
    let commit = world.repository.commit("A word about the platform");
    world.has_read(&commit);
    world.mainstay(&["reconcile", "--all"]).expect_success();
    // What was asked before this commit has been answered when it is applied.
    world.repository.module("quiet", "marker", &[], &config_map("quiet", "marker", "second"));
    let commit = world.repository.commit("The marker");
    world.has_applied("module/quiet/marker", &commit);

    let sent: Vec<String> = server
        .audit_since(mark)
        .iter()
        .filter(|entry| entry.user_agent.starts_with("mainstay/"))
        .filter(|entry| entry.verb == "get" || entry.is_write())
        .filter(|entry| entry.resource != "leases" && !entry.resource.is_empty())
        // Every command looks for the installation first.
        .filter(|entry| entry.name != "mainstay-system")
        // The command's annotations and the marker's own record; Events tell of the marker alone.
        .filter(|entry| entry.resource != "units" && entry.name != "marker" && entry.resource != "events")
        .map(|entry| format!("{} {} {}", entry.received_timestamp, entry.verb, entry.uri))
        .collect();
    assert!(sent.is_empty(), "{}\n{}", sent.join("\n"), world.log_tail());
    let marked = server.audit_since(mark);
    assert!(
        marked.iter().any(|entry| entry.user_agent.starts_with("mainstay/") && entry.name == "marker"),
        "no request is known by its user agent"
    );
}
