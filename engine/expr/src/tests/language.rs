//! What the lists of expressions cannot say: variables, positions, types that are given, open environments.

use crate::{Budget, Environment, ErrorKind, Key, List, Merge, Program, Type, Value, Variables};
use std::collections::BTreeMap;
use std::sync::Arc;

fn json(text: &str) -> Value {
    Value::from_json(&serde_json::from_str(text).unwrap())
}

fn object() -> Type {
    let inner = Type::object("inner", BTreeMap::from([("count".to_owned(), Type::Int)]));
    let fields =
        [("name", Type::String), ("inner", inner), ("list", Type::list(Type::Int)), ("any", Type::Dyn)];
    Type::object("outer", fields.map(|(name, of)| (name.to_owned(), of)).into())
}

/// The value, `refused: …` with line and column, or `fails: …` likewise.
fn outcome(expression: &str, environment: &Environment, variables: &Variables) -> String {
    let shown = |wrong: &crate::ExprError| format!("{} {}", wrong.position, wrong.message);
    match Program::compile(expression, environment) {
        Err(wrong) => format!("refused: {}", wrong.iter().map(shown).collect::<Vec<_>>().join("; ")),
        Ok(program) => match program.evaluate(variables, &mut Budget::default()) {
            Err(wrong) => format!("fails: {}", shown(&wrong)),
            Ok(value) => value.to_string(),
        },
    }
}

#[test]
fn objects_have_the_fields_of_their_schema_and_no_others() {
    let environment = Environment::new([("self", object())]);
    let variables =
        Variables::from([("self".to_owned(), json(r#"{"name": "a", "inner": {}, "list": [1, 2]}"#))]);
    let check = |expression: &str, expected: &str| {
        assert_eq!(outcome(expression, &environment, &variables), expected, "{expression}");
    };
    check("self.name", "\"a\"");
    check("self.nope", "refused: 1:5 undefined field 'nope'");
    check("self.inner.count > 1", "fails: 1:11 no such key: count");
    check("has(self.inner.count)", "false");
    check("self.?inner.?count.orValue(7)", "7");
    check("self.name + 1", "refused: 1:11 found no matching overload for '_+_' applied to '(string, int)'");
    check("self.list.map(x, x * 2)", "[2, 4]");
    check(
        "self.all(k, true)",
        "refused: 1:1 expression of type 'outer' cannot be range of a comprehension (must be list, map, or dynamic)",
    );
    check("self.inner == self.inner", "true");
    check("self.inner == null", "false");
    check("other", "refused: 1:1 undeclared reference to 'other' (in container '')");
    check(
        "a + b",
        "refused: 1:1 undeclared reference to 'a' (in container ''); 1:5 undeclared reference to 'b' (in container '')",
    );
    check(
        "self\n  .name ==\n  5",
        "refused: 2:9 found no matching overload for '_==_' applied to '(string, int)'",
    );
    check("'é' == self.nope", "refused: 1:12 undefined field 'nope'");
}

#[test]
fn an_open_environment_finds_out_when_it_runs() {
    let environment = Environment { open: true, ..Environment::default() };
    let variables = Variables::from([("status".to_owned(), json(r#"{"ready": true, "n": 3, "d": 1.5}"#))]);
    let check = |expression: &str, expected: &str| {
        assert_eq!(outcome(expression, &environment, &variables), expected, "{expression}");
    };
    check("status.ready && status.n == 3", "true");
    check("status.d > status.n", "false");
    check("spec.replicas", "fails: 1:1 no such attribute(s): spec");
    check("has(status.nope) && status.nope", "false");
    check("status.nope()", "refused: 1:12 undeclared reference to 'nope' (in container '')");
    check("type(status.n) == int && type(status.d) == double", "true");
    check("{'a': [dyn(1), dyn(null)]} == {'a': [dyn(1.0), dyn(null)]}", "true");
}

#[test]
fn what_the_wider_library_adds_is_there_where_it_is_asked_for() {
    let environment = Environment { everything: true, ..Environment::default() };
    for (expression, expected) in [
        ("cel.bind(x, 5, x * x)", "25"),
        ("base64.encode(b'hi')", "\"aGk=\""),
        ("string(base64.decode('aGk='))", "\"hi\""),
        ("math.greatest(1, 3, 2)", "3"),
        ("math.least([4, 2])", "2"),
        ("math.ceil(1.2)", "2"),
        ("math.abs(-3)", "3"),
        ("'abc'.reverse()", "\"cba\""),
        ("{'a-b': 1}.`a-b`", "1"),
    ] {
        assert_eq!(outcome(expression, &environment, &Variables::new()), expected, "{expression}");
    }
}

#[test]
fn lists_compare_and_add_as_their_kind_says() {
    let list = |merge: Merge, text: &str| match json(text) {
        Value::List(list) => Value::List(Arc::new(List { items: list.items.clone(), merge })),
        other => other,
    };
    let by_name = || Merge::ByKeys(vec!["name".to_owned()]);
    let variables = Variables::from([
        ("a".to_owned(), list(Merge::Set, "[1, 2]")),
        ("b".to_owned(), list(Merge::Set, "[2, 1]")),
        ("m".to_owned(), list(by_name(), r#"[{"name": "x", "v": 1}, {"name": "y", "v": 2}]"#)),
        ("n".to_owned(), list(by_name(), r#"[{"name": "y", "v": 3}, {"name": "z", "v": 4}]"#)),
    ]);
    let environment = Environment { open: true, ..Environment::default() };
    for expression in [
        "a == b",
        "a + [2, 3] == [1, 2, 3]",
        "(m + n).map(e, e.v) == [1, 3, 4]",
        "[1, 2] != [2, 1]",
        "m == [m[1], m[0]]",
    ] {
        assert_eq!(outcome(expression, &environment, &variables), "true", "{expression}");
    }
}

#[test]
fn values_become_json_and_back() {
    let text = r#"{"a":[1,2.5,"x",null,true],"b":{"c":-3}}"#;
    assert_eq!(json(text).to_json().unwrap().to_string(), text);
    assert_eq!(
        Value::map([(Key::Int(1), Value::Uint(2))].into()).to_json().unwrap().to_string(),
        r#"{"1":2}"#
    );
    assert_eq!(Value::Type("int".into()).to_json(), None);
    assert_eq!(Value::Double(f64::NAN).to_json(), None);
}

#[test]
fn an_error_shows_the_line_and_the_column() {
    let source = "1 +\n foo";
    let wrong = Program::compile(source, &Environment::default()).unwrap_err();
    let expected = "ERROR: <input>:2:2: undeclared reference to 'foo' (in container '')\n |  foo\n | .^";
    assert_eq!(wrong[0].display(source).to_string(), expected);
    assert_eq!((wrong[0].kind, wrong[0].offset), (ErrorKind::Type, 5));
}

#[test]
fn a_literal_over_lines_and_comments_is_read() {
    let none = Environment::default();
    assert_eq!(outcome("\"\"\"x\ny\"\"\" == 'x\\ny' // so it is\n&& true", &none, &Variables::new()), "true");
    assert!(outcome("// nothing", &none, &Variables::new()).starts_with("refused: 1:11 Syntax error"));
}
