use crate::outcome::Outcome;
use mainstay_harness::Requirement;

use crate::{cases, find, ours, random, real};

#[test]
fn our_charts_render_to_what_the_real_helm_printed_or_are_refused_as_it_refused_them() {
    let mut wrong = Vec::new();
    for chart in cases::all().unwrap() {
        let files = find::load(&chart.folder).unwrap();
        for values in &chart.values {
            let expected = std::fs::read_to_string(cases::golden(&chart, values.as_deref())).ok();
            let printed = ours::build(&files, values.as_deref(), None).unwrap().result;
            match (expected, printed) {
                (Some(expected), Ok(printed)) if expected == printed => {}
                (None, Err(why)) if !why.is_empty() => {}
                (expected, printed) => wrong.push(format!("{}: {expected:?} but {printed:?}", chart.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_chart_that_must_fail_fails_and_every_other_has_a_golden() {
    for chart in cases::all().unwrap() {
        let golden = cases::golden(&chart, None).exists();
        assert_eq!(golden, !chart.name.starts_with("fails-"), "{}", chart.name);
    }
}

#[test]
fn the_goldens_are_what_the_real_helm_prints_now() {
    let Some(tool) = real::helm() else {
        return mainstay_harness::skip(Requirement::Real, "charts", "target/real/helm is not built");
    };
    for chart in cases::all().unwrap() {
        let files = find::load(&chart.folder).unwrap();
        for values in &chart.values {
            let ours = ours::build(&files, values.as_deref(), None).unwrap();
            let theirs = real::build(&tool, &chart.folder, values.as_deref(), None).unwrap();
            let outcome = Outcome::of(&ours, &theirs, || None);
            assert!(
                matches!(outcome, Outcome::EqualBytes | Outcome::BothErr),
                "{}: {}",
                chart.name,
                outcome.word()
            );
            let golden = std::fs::read_to_string(cases::golden(&chart, values.as_deref())).ok();
            assert_eq!(golden, theirs.result.ok(), "{}: record it anew", chart.name);
        }
    }
}

#[test]
fn random_templates_render_to_the_bytes_that_the_real_helm_prints() {
    let Some(tool) = real::helm() else {
        return mainstay_harness::skip(Requirement::Real, "charts", "target/real/helm is not built");
    };
    let folder = tempfile::tempdir().unwrap();
    let asked =
        random::Asked { count: 500, seed: 1, findings: 3, folder: folder.path().to_owned(), loud: false };
    let found = random::play(&asked, &tool).unwrap();
    assert!(found.different.is_empty(), "{}", found.different.join("\n"));
}
