//! The past is bounded, and lists are sent piece by piece.

use super::support::{host, request};
use crate::core::store::{HISTORY, HISTORY_BYTES, Store};
use crate::core::{Cluster, Now, Reply, Settings};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str, value: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}},"data":{{"a":"{value}"}}}}"#
    )
}

#[test]
fn the_past_is_bounded_in_events_and_in_bytes() {
    let mut store = Store::default();
    for _ in 0..=HISTORY {
        store.put("/configmaps/default/a", b"{}".to_vec());
    }
    assert!(store.events_after(0).is_none());
    assert_eq!(store.events_after(1).map(Iterator::count), Some(HISTORY));
    let large = vec![b' '; HISTORY_BYTES / 4];
    for _ in 0..8 {
        store.put("/configmaps/default/a", large.clone());
    }
    let revision = store.revision();
    assert!(store.events_after(revision - 4).is_none());
    assert_eq!(store.events_after(revision - 3).map(Iterator::count), Some(3));
}

#[test]
fn one_object_that_is_larger_than_the_past_may_be_still_has_its_event() {
    let mut store = Store::default();
    store.put("/configmaps/default/a", vec![b' '; HISTORY_BYTES + 1]);
    assert_eq!(store.events_after(0).map(Iterator::count), Some(1));
}

#[test]
fn what_is_forgotten_is_answered_with_410_and_the_rest_goes_on() {
    let mut host = host();
    for i in 0..4 {
        host.ok(&format!("POST {MAPS}"), &map(&format!("map-{i}"), "1"));
    }
    let page = host.ok(&format!("GET {MAPS}?limit=2"), "");
    let (then, token) = (
        page["metadata"]["resourceVersion"].as_str().unwrap(),
        page["metadata"]["continue"].as_str().unwrap(),
    );
    host.ok(&format!("POST {MAPS}"), &map("map-9", "1"));
    let mut old = host.watch(&format!("GET {MAPS}?watch=true&resourceVersion={then}"));
    let mut current =
        host.watch(&format!("GET {MAPS}?watch=true&resourceVersion={}", host.cluster.revision()));
    let revision = host.cluster.revision();
    host.cluster.compact(revision);
    assert!(!host.cluster.has_history());
    assert_eq!(host.drain(&mut old), ["ERROR Expired"]);
    host.ok(&format!("POST {MAPS}"), &map("map-10", "1"));
    assert_eq!(host.drain(&mut current), ["ADDED map-10"]);
    let refused = host.fails(&format!("GET {MAPS}?limit=2&continue={token}"), "");
    assert!(refused.starts_with("410 Expired"), "{refused}");
}

#[test]
fn a_new_cluster_has_no_past() {
    let host = host();
    assert!(!host.cluster.has_history());
}

#[test]
fn a_list_in_pieces_is_the_list_and_stays_what_it_was() {
    let mut host = host();
    for i in 0..50 {
        host.ok(&format!("POST {MAPS}"), &map(&format!("map-{i}"), "before"));
    }
    let whole = host.response(&format!("GET {MAPS}"), "").body;
    let mut asked = request(&format!("GET {MAPS}"), "");
    asked.user = host.user.clone();
    let Reply::Done(mut response) = host.cluster.handle_in_pieces(&asked, host.now, &mut host.entropy) else {
        panic!("a watch")
    };
    assert_eq!(response.body.len() + response.items.len(), whole.len());
    let mut text = response.body;
    while let Some(piece) = response.items.next_piece(100) {
        text.extend(piece);
        // Written while a slow client still reads.
        host.ok(&format!("MERGE {MAPS}/map-7"), r#"{"data":{"a":"after"}}"#);
    }
    assert_eq!(String::from_utf8(text).unwrap(), String::from_utf8(whole).unwrap());
}

#[test]
fn a_loaded_cluster_knows_who_owns_what_and_what_is_on_its_way_out() {
    let mut host = host();
    let owner = host.ok(&format!("POST {MAPS}"), &map("owner", "1"));
    let reference = format!(
        r#"{{"metadata":{{"ownerReferences":[{{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":{}}}]}}}}"#,
        owner["metadata"]["uid"]
    );
    host.ok(&format!("POST {MAPS}"), &map("owned", "1"));
    host.ok(&format!("MERGE {MAPS}/owned"), &reference);
    host.ok(&format!("POST {MAPS}"), &map("held", "1"));
    host.ok(&format!("MERGE {MAPS}/held"), r#"{"metadata":{"finalizers":["example.com/hold"]}}"#);
    host.ok(&format!("DELETE {MAPS}/held"), "");

    // What was ever to be persisted, in order, is what a disk would hold.
    let mut disk = std::collections::BTreeMap::new();
    for change in host.cluster.take_changes() {
        match change.value {
            Some(value) => disk.insert(change.key.to_string(), value.bytes().into_owned()),
            None => disk.remove(&*change.key),
        };
    }
    host.cluster = Cluster::load(Settings { ca: "PEM".into(), ..Settings::default() }, disk).unwrap();
    host.cluster.tick(Now::from_seconds(1_750_000_100), &mut host.entropy);
    assert_eq!(host.call(&format!("GET {MAPS}/owned"), "").0, 200);
    host.ok(&format!("DELETE {MAPS}/owner"), "");
    assert_eq!(host.call(&format!("GET {MAPS}/owned"), "").0, 404);
    host.ok(&format!("MERGE {MAPS}/held"), r#"{"metadata":{"finalizers":null}}"#);
    assert_eq!(host.call(&format!("GET {MAPS}/held"), "").0, 404);
}
