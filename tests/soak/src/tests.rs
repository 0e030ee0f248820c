use crate::memory::{Sample, Samples};
use crate::plot;

fn samples(folder: &std::path::Path, lives: &[(u64, u64)]) -> Samples {
    let mut samples = Samples::open(&folder.join("memory.csv")).unwrap();
    for (life, (from, to)) in lives.iter().enumerate() {
        for step in 0..200 {
            let seconds = samples.seconds() + 5.0;
            let kib = from + (to - from) * step / 199;
            samples.add(Sample { seconds, life: life as u64, kib, units: 200 }).unwrap();
        }
    }
    samples
}

#[test]
fn memory_that_grows_through_a_life_is_told_from_memory_that_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let flat = samples(folder.path(), &[(100_000, 101_000), (100_000, 110_000)]);
    assert_eq!(flat.growths().len(), 2);
    assert!(flat.is_flat(), "{}", flat.summary());
    let folder = tempfile::tempdir().unwrap();
    let growing = samples(folder.path(), &[(100_000, 101_000), (100_000, 200_000)]);
    assert!(!growing.is_flat(), "{}", growing.summary());
}

#[test]
fn a_run_goes_on_where_the_last_one_ended_and_is_drawn_whole() {
    let folder = tempfile::tempdir().unwrap();
    let first = samples(folder.path(), &[(100_000, 101_000)]);
    let again = Samples::open(&folder.path().join("memory.csv")).unwrap();
    assert_eq!((again.seconds(), again.lives()), (first.seconds(), first.lives()));
    let picture = plot::draw(&samples(folder.path(), &[(100_000, 101_000), (100_000, 101_000)]));
    assert_eq!(picture.matches("<polyline").count(), 2);
    assert!(picture.contains("50 min"), "{picture}");
}
