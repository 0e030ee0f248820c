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
