use crate::chosen::Chosen;
use crate::compare::difference;
use crate::dice::Dice;
use crate::schema::definition;
use crate::step;
use crate::subject::{builtin, custom};
use serde_json::json;

#[test]
fn the_same_seed_gives_the_same_sequences() {
    let made = || {
        let mut dice = Dice::new(7, 3);
        let (definition, subjects) = custom(&mut dice, 1);
        (definition, step::next(&mut dice, &subjects, None, 4, "a").to_string())
    };
    assert_eq!(made(), made());
    assert_ne!(definition(&mut Dice::new(7, 3), 1), definition(&mut Dice::new(7, 4), 1));
}

#[test]
fn every_builtin_kind_gives_bodies_without_directives_of_the_template() {
    let mut dice = Dice::new(1, 1);
    for subject in builtin().expect("kinds") {
        for _ in 0..50 {
            let body = json!(subject.body(&mut dice, 0)).to_string();
            assert!(!body.contains("$one") && !body.contains("?\":"), "{body}");
        }
    }
}

#[test]
fn the_first_difference_is_named_by_its_path() {
    let (real, ours) = (json!({"a": [{"b": 1}], "c": 1}), json!({"a": [{"b": 2}], "c": 2}));
    let (at, ..) = difference(&real, &ours).expect("a difference");
    assert_eq!(at, ".a[0].b");
    assert!(difference(&real, &real).is_none());
}

#[test]
fn what_a_server_chose_is_named_by_its_place_and_hidden_wherever_it_stands() {
    let service = |ip: &str, port: u64| json!({"kind": "Service", "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": [{"nodePort": port}]}});
    let (mut one, mut other) = (Chosen::default(), Chosen::default());
    one.note(&service("10.0.0.1", 30_001), None);
    other.note(&service("10.0.0.12", 30_007), None);
    let step = one.marked(&json!([{"op": "test", "value": "10.0.0.1"}, {"value": 30_001}]));
    assert_eq!(other.unmarked(&step), json!([{"op": "test", "value": "10.0.0.12"}, {"value": 30_007}]));
    let mut said = json!({"k:{\"port\":30001}": {}, "message": "10.0.0.1: not 10.0.0.12", "port": 30_001, "range": "30001-32767"});
    one.hide(&mut said);
    assert_eq!(
        said,
        json!({"k:{\"port\":0}": {}, "message": "chosen: not 10.0.0.12", "port": "chosen", "range": "30001-32767"})
    );
}

#[test]
fn an_address_that_comes_up_again_counts_anew_and_that_of_a_dry_run_has_no_name() {
    let service = |ip: &str| json!({"kind": "Service", "spec": {"clusterIP": ip}});
    let (mut one, mut other) = (Chosen::default(), Chosen::default());
    one.note_passing(&service("10.0.0.1"));
    other.note_passing(&service("10.0.0.5"));
    // Kept by an update, then let go of and chosen again by one of the servers.
    for (chosen, first, again) in [(&mut one, "10.0.0.1", "10.0.0.1"), (&mut other, "10.0.0.6", "10.0.0.7")] {
        chosen.note(&service(first), None);
        chosen.note(&service(first), Some(&service(first)));
        chosen.note(&service(again), None);
    }
    assert_eq!(other.unmarked(&one.marked(&json!("10.0.0.1"))), json!("10.0.0.7"));
    let mut said = json!("10.0.0.5 is not 10.0.0.6");
    other.hide(&mut said);
    assert_eq!(said, "chosen is not chosen");
}
