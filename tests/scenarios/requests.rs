//! What Mainstay asks of an API server for its objects, counted from the server's own audit log.

use crate::repository::config_map;
use crate::world::{Wire, World, on};
use mainstay_harness::AuditEntry;

const OBJECTS: usize = 20;

/// Only a real server has an audit log. `--nocapture` shows the table.
#[test]
fn an_object_costs_one_request_when_it_is_new_or_changed_and_none_otherwise() {
    on(Wire::Real, "an_object_costs_one_request_when_it_is_new_or_changed_and_none_otherwise", requests);
}

/// What was sent in one phase: for single objects, for their kind, and for records of units.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sent {
    reads: usize,
    writes: usize,
    lists: usize,
    watches: usize,
    records: usize,
}

fn count(entries: &[AuditEntry]) -> Sent {
    let mut sent = Sent::default();
    // The commands that this test runs are not the daemon; they ask under a name of their own.
    for entry in entries.iter().filter(|entry| entry.user_agent.starts_with("mainstay/")) {
        let ours = entry.resource == "configmaps" && entry.namespace == "requests" && entry.name != "marker";
        match entry.verb.as_str() {
            "list" if entry.resource == "configmaps" => sent.lists += 1,
            "watch" if entry.resource == "configmaps" => sent.watches += 1,
            "get" if ours => sent.reads += 1,
            "create" | "update" | "patch" | "delete" if ours => sent.writes += 1,
            "create" | "update" | "patch" if entry.name == "module.requests.many" => sent.records += 1,
            _ => {}
        }
    }
    sent
}

fn objects(first: &str) -> String {
    let value = |i: usize| if i == 0 { first } else { "same" };
    (0..OBJECTS).map(|i| config_map("requests", &format!("c{i}"), value(i))).collect()
}

fn requests(world: &mut World) {
    let server = world.server.clone().expect("a real server");
    world.tenant("requests");
    let mut table: Vec<(&str, Sent)> = Vec::new();

    let mark = server.audit_mark();
    world.repository.module("requests", "many", &[], &objects("first"));
    let commit = world.repository.commit("Many objects");
    world.has_applied("module/requests/many", &commit);
    settle(world, "first");
    table.push(("first apply", count(&server.audit_since(mark))));

    let mark = server.audit_mark();
    world.repository.write("README.md", "# Nothing that is applied\n");
    world.repository.commit("Words");
    settle(world, "second");
    table.push(("a commit that changes nothing", count(&server.audit_since(mark))));

    let mark = server.audit_mark();
    world.repository.module("requests", "many", &[], &objects("another"));
    let commit = world.repository.commit("One field of one object");
    world.has_applied("module/requests/many", &commit);
    settle(world, "third");
    table.push(("a commit that changes one field", count(&server.audit_since(mark))));

    let mark = server.audit_mark();
    let edit = ["patch", "configmap", "c1", "-n", "requests", "--type=merge", "--field-manager=edit", "-p"];
    world.kubectl(&[&edit[..], &[r#"{"data":{"value":"theirs"}}"#]].concat()).expect_success();
    world.config_map_is("requests", "c1", "same");
    settle(world, "fourth");
    table.push(("drift of one object", count(&server.audit_since(mark))));

    world.kill();
    let mark = server.audit_mark();
    world.run();
    world.is("module/requests/many", "Ready");
    settle(world, "fifth");
    table.push(("restart", count(&server.audit_since(mark))));

    println!("{OBJECTS} objects; requests from the server's audit log");
    println!("{:<33}{:>6}{:>7}{:>7}{:>8}{:>9}", "", "reads", "writes", "lists", "watches", "records");
    for (phase, s) in &table {
        println!("{phase:<33}{:>6}{:>7}{:>7}{:>8}{:>9}", s.reads, s.writes, s.lists, s.watches, s.records);
    }
    let writes: Vec<usize> = table.iter().map(|(_, sent)| sent.writes).collect();
    // Drift takes two: the first says whose the field is now, the second takes it back.
    assert_eq!(writes, [OBJECTS, 0, 1, 2, 0], "{table:?}\n{}", world.log_tail());
    assert_eq!(table.iter().map(|(_, sent)| sent.reads).sum::<usize>(), 0, "{table:?}");
    assert!(table[..4].iter().all(|(_, sent)| sent.lists == 0 && sent.records <= 3), "{table:?}");
    assert!(table[4].1.lists <= 4, "a restart lists kinds, not objects: {table:?}");
}

/// What was decided before a marker's commit has been sent once the marker is applied.
fn settle(world: &mut World, word: &str) {
    world.repository.module("requests", "marker", &[], &config_map("requests", "marker", word));
    let commit = world.repository.commit("The marker");
    world.has_applied("module/requests/marker", &commit);
}
