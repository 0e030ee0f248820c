//! Expressions and what they come to. The three lists hold for a real kube-apiserver too.

use crate::{Budget, Environment, Program, Variables};

/// Every line of a list that does not start with `#`, with what stands behind ` => `.
pub(super) fn lines(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(" => ").unwrap_or((line, "")))
}

fn outcome(expression: &str) -> String {
    let program = match Program::compile(expression, &Environment::default()) {
        Ok(program) => program,
        Err(wrong) => return format!("refused: {}", wrong[0].display(expression)),
    };
    match program.evaluate(&Variables::new(), &mut Budget::default()) {
        Ok(value) => value.to_string(),
        Err(why) => format!("fails: {}", why.message),
    }
}

fn check(list: &'static str, expected: impl Fn(&str, &str) -> bool) {
    let wrong: Vec<String> = lines(list)
        .map(|(expression, wanted)| (expression, wanted, outcome(expression)))
        .filter(|(_, wanted, found)| !expected(wanted, found))
        .map(|(expression, wanted, found)| format!("{expression}\n    wanted {wanted}\n    found {found}"))
        .collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_true_for_kubernetes_is_true() {
    check(include_str!("true.txt"), |_, found| found == "true");
}

#[test]
fn what_fails_for_kubernetes_fails_with_its_message() {
    check(include_str!("fails.txt"), |wanted, found| found.starts_with("fails: ") && found.contains(wanted));
}

#[test]
fn what_kubernetes_does_not_compile_is_refused_with_its_message() {
    check(include_str!("refused.txt"), |wanted, found| {
        found.starts_with("refused: ") && found.contains(wanted)
    });
}
