use crate::play::play;

#[test]
fn whatever_goes_wrong_nothing_foreign_is_touched_and_all_is_well_afterwards() {
    let failed: Vec<String> = (1..=6)
        .filter_map(|seed| play(seed).violation.map(|(violation, _)| format!("seed {seed}: {violation}")))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_seed_is_the_same_story_twice() {
    assert_eq!(play(5).digest, play(5).digest);
}
