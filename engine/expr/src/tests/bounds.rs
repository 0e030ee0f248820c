//! No expression is too large to be refused, and none runs longer than its budget.

use crate::{Budget, Environment, ErrorKind, ExprError, MAX_DEPTH, MAX_SOURCE, Program, Value, Variables};

fn run(expression: &str, variables: &Variables, units: u64) -> Result<Value, ExprError> {
    let environment = Environment { open: true, everything: true, ..Environment::default() };
    let program = Program::compile(expression, &environment).map_err(|mut wrong| wrong.remove(0))?;
    program.evaluate(variables, &mut Budget::new(units))
}

fn kind(expression: &str) -> Option<ErrorKind> {
    run(expression, &Variables::new(), Budget::PER_EXPRESSION).err().map(|wrong| wrong.kind)
}

#[test]
fn a_text_that_is_too_long_is_refused_at_once() {
    let long = format!("'{}'", "x".repeat(MAX_SOURCE));
    assert_eq!(kind(&long), Some(ErrorKind::Limit));
}

#[test]
fn an_expression_that_is_too_deep_is_refused_however_it_is_nested() {
    let deep = MAX_DEPTH * 3;
    for expression in [
        format!("{}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{}1{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{}1{}", "{'a':".repeat(deep), "}".repeat(deep)),
        format!("{}true", "true ? true : ".repeat(deep)),
        format!("a{}", ".a".repeat(deep)),
        format!("a{}", "[0]".repeat(deep)),
        format!("1{}", " + 1".repeat(deep)),
        format!("{}1{}", "f(".repeat(deep), ")".repeat(deep)),
        format!("{}[]{}", "[1].all(x, ".repeat(deep), ")".repeat(deep)),
        format!("{}1", "- ".repeat(deep) + "(-"),
    ] {
        let found = kind(&expression);
        assert!(matches!(found, Some(ErrorKind::Limit | ErrorKind::Syntax)), "{found:?}: {expression:.40}");
    }
}

#[test]
fn long_chains_of_logic_are_not_deep() {
    assert!(run(&format!("true{}", " && true".repeat(2_000)), &Variables::new(), 10_000).is_ok());
    assert!(run(&format!("false{} || true", " || false".repeat(2_000)), &Variables::new(), 10_000).is_ok());
}

#[test]
fn an_expression_as_deep_as_may_be_is_read_and_run() {
    let deep = MAX_DEPTH - 2;
    let lists = format!("{}1{}", "[".repeat(deep), "]".repeat(deep));
    assert!(run(&lists, &Variables::new(), 10_000).is_ok());
    assert!(
        run(
            &format!("{lists} == {lists}").replace("[[[", "[").replace("]]]", "]"),
            &Variables::new(),
            100_000
        )
        .is_ok()
    );
}

#[test]
fn what_would_run_without_end_is_stopped() {
    let list = Value::list((0..1_000).map(Value::Int).collect());
    let text = Value::string(&"x".repeat(100_000));
    let variables = Variables::from([("l".to_owned(), list), ("s".to_owned(), text)]);
    for expression in [
        "l.all(a, l.all(b, l.all(c, true)))",
        "l.map(a, l.map(b, l.map(c, a))).size() > 0",
        "l.all(a, l.map(b, s + s).size() > 0)",
        "l.map(a, s.replace('x', s)).size() > 0",
        "l.map(a, s.split('')).size() > 0",
        "l.map(a, s.matches('(x+x+)+y')).size() > 0",
        "l.map(a, l.map(b, ('(a|b)*' + string(a) + string(b)).matches('.' + string(a)))).size() > 0",
        "l.all(a, l.map(b, [b]) == l.map(b, [b]))",
        "l.all(a, sets.equivalent(l, l))",
        "l.map(a, lists.range(1000000)).size() > 0",
        "lists.range(9223372036854775807).size() > 0",
        "l.map(a, l.map(b, l.sort())).size() > 0",
        "l.map(a, l.map(b, '%s'.format([l]))).size() > 0",
        "l.map(a, s.reverse()).join('').size() > 0",
        "l.map(a, '%s%s%s%s'.format([s, s, s, s])).size() > 0",
        "l.map(a, bytes(s)).size() > 0",
        "l.map(a, l.distinct()).size() > 0",
        "l.transformMapEntry(i, v, {string(i) + s: v}).size() > 0",
    ] {
        let found = run(expression, &variables, Budget::PER_EXPRESSION);
        assert_eq!(found.err().map(|wrong| wrong.kind), Some(ErrorKind::Budget), "{expression}");
    }
}

#[test]
fn doubling_a_text_again_and_again_is_stopped() {
    let doubled = format!("{}x", "cel.bind(x, x + x, ".repeat(60)) + &")".repeat(60);
    let expression = format!("cel.bind(x, 'xxxxxxxxxx', {doubled})");
    assert_eq!(kind(&expression), Some(ErrorKind::Budget));
}

#[test]
fn nothing_absorbs_an_exhausted_budget() {
    for expression in [
        "true || lists.range(10000000).size() > 0 || true",
        "lists.range(10000000).size() > 0 || true",
        "[1].exists(x, lists.range(10000000).size() > 0)",
        "!(lists.range(10000000).size() > 0 && false)",
        "optional.none().orValue(lists.range(10000000)).size() > 0",
    ] {
        let short = expression.starts_with("true");
        let found = kind(expression);
        assert_eq!(found, (!short).then_some(ErrorKind::Budget), "{expression}");
    }
}

#[test]
fn a_budget_is_what_is_left_of_it_afterwards() {
    let program = Program::compile("[1, 2, 3].all(x, x > 0)", &Environment::default()).unwrap();
    let mut budget = Budget::new(1_000);
    program.evaluate(&Variables::new(), &mut budget).unwrap();
    let first = budget.left;
    assert!(first < 1_000);
    program.evaluate(&Variables::new(), &mut budget).unwrap();
    assert_eq!(1_000 - first, first - budget.left, "the same work costs the same");
    let mut none = Budget::new(3);
    let wrong = program.evaluate(&Variables::new(), &mut none).unwrap_err();
    assert_eq!((wrong.kind, none.left), (ErrorKind::Budget, 0));
}
