//! Real objects with known answers. `MAINSTAY_CORPORA` names the folder of corpora; without it this is skipped.

use crate::{Rules, judge};
use mainstay_harness::corpora_or_skip;
use mainstay_unit::HealthStatus::{self, Healthy};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

struct Case {
    path: String,
    kind: (String, String),
    expected: String,
    said: HealthStatus,
    message: String,
    rule: Option<String>,
}

fn cases(folder: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(folder.join("cases.tsv")).expect("the corpus has cases");
    let case = |line: &str| {
        let mut columns = line.split('\t');
        let path = columns.next()?.to_owned();
        let expected = columns.next()?.to_owned();
        let bytes = std::fs::read(folder.join("objects").join(&path)).expect("its file");
        let loaded = mainstay_yaml::load(&path, &bytes, &mainstay_yaml::Limits::default());
        let Some(document) = loaded.documents.first() else {
            panic!("{path}: {:?}", loaded.diagnostics);
        };
        let object = document.root.to_json();
        let text =
            |pointer: &str| object.pointer(pointer).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let group =
            text("/apiVersion").split_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default();
        let verdict = judge(Rules::none(), &object, None);
        Some(Case {
            path,
            kind: (group, text("/kind")),
            expected,
            said: verdict.health.status,
            message: verdict.health.message,
            rule: verdict.rule,
        })
    };
    text.lines().filter_map(case).collect()
}

#[test]
fn real_objects_are_what_their_projects_say() {
    let Some(corpora) = corpora_or_skip("real_objects_are_what_their_projects_say") else { return };
    let cases = cases(&corpora.join("health"));
    assert!(!cases.is_empty(), "the corpus has no cases");
    let right = |case: &&Case| case.said.to_string() == case.expected;
    for case in cases.iter().filter(|case| !right(case)) {
        let rule = case.rule.as_deref().unwrap_or("no rule");
        println!("{}: {}, not {} ({rule}: {})", case.path, case.said, case.expected, case.message);
    }
    let wrongly_healthy: Vec<&Case> =
        cases.iter().filter(|c| c.said == Healthy && c.expected != "Healthy").collect();
    let healthy = cases.iter().filter(|c| c.expected == "Healthy").count();
    let alarms = cases.iter().filter(|c| c.expected == "Healthy" && c.said != Healthy).count();
    let ruled: Vec<&Case> = cases.iter().filter(|c| c.rule.is_some()).collect();
    let exact = ruled.iter().copied().filter(right).count();
    let kinds: BTreeSet<_> = cases.iter().map(|c| &c.kind).collect();
    let kinds_ruled: BTreeSet<_> = ruled.iter().map(|c| &c.kind).collect();
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    println!(
        "health corpus: {} objects of {} kinds; {} wrongly healthy; false alarms {alarms} of {healthy} ({:.1} %); \
         exact {exact} of {} with a rule ({:.1} %), {} of all ({:.1} %); kinds with a rule {} ({:.1} %)",
        cases.len(),
        kinds.len(),
        wrongly_healthy.len(),
        share(alarms, healthy),
        ruled.len(),
        share(exact, ruled.len()),
        cases.iter().filter(right).count(),
        share(cases.iter().filter(right).count(), cases.len()),
        kinds_ruled.len(),
        share(kinds_ruled.len(), kinds.len()),
    );
    let mut without: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases.iter().filter(|c| c.rule.is_none()) {
        *without.entry(format!("{}/{}", case.kind.0, case.kind.1)).or_default() += 1;
    }
    println!("without a rule: {without:?}");
    let paths: Vec<&str> = wrongly_healthy.iter().map(|c| c.path.as_str()).collect();
    assert!(paths.is_empty(), "called Healthy and is not: {paths:?}");
    assert!(share(alarms, healthy) < 3.0, "too many false alarms");
    assert!(share(exact, ruled.len()) >= 97.0, "too few statuses are exact");
}
