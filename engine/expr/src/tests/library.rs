//! What is declared is implemented, and what is implemented is declared well.

use super::cases::lines;
use crate::eval::meter::{Failure, Meter};
use crate::functions::every;
use crate::types::Type;
use crate::{Duration, Timestamp, Value};
use std::collections::BTreeMap;

/// Some value of a type.
fn sample(of: &Type) -> Value {
    match of {
        Type::Bool => Value::Bool(true),
        Type::Int => Value::Int(1),
        Type::Uint => Value::Uint(1),
        Type::Double => Value::Double(1.0),
        Type::String => Value::string("1"),
        Type::Bytes => Value::bytes(b"1"),
        Type::Timestamp => Value::Timestamp(Timestamp::from_seconds(0).unwrap()),
        Type::Duration => Value::Duration(Duration(1)),
        Type::List(of) => Value::list(vec![sample(of)]),
        Type::Map(key, value) => Value::map([(sample(key).as_key().unwrap(), sample(value))].into()),
        Type::Optional(of) => Value::some(sample(of)),
        Type::Opaque(name) => {
            let expression = match *name {
                "kubernetes.URL" => "url('https://a/')",
                "net.IP" => "ip('1.2.3.4')",
                "net.CIDR" => "cidr('1.2.3.4/8')",
                "kubernetes.Quantity" => "quantity('1')",
                "kubernetes.Semver" => "semver('1.2.3')",
                "kubernetes.NamedFormat" => "format.uuid()",
                other => panic!("no sample of {other}"),
            };
            let program = crate::Program::compile(expression, &crate::Environment::default()).unwrap();
            program.evaluate(&BTreeMap::new(), &mut crate::Budget::default()).unwrap()
        }
        Type::Parameter(_) | Type::Dyn | Type::Null | Type::Type(_) | Type::Object(_) => Value::Int(1),
    }
}

#[test]
fn every_overload_can_be_read_and_is_implemented() {
    let patterns = BTreeMap::new();
    for declared in every() {
        let name = declared.function.name;
        assert_eq!(
            declared.signatures.len(),
            declared.function.overloads.len(),
            "{name}: an overload can't be read"
        );
        for signature in &declared.signatures {
            let args: Vec<Value> = signature.parameters.iter().map(sample).collect();
            let mut meter = Meter::new(1_000_000, &patterns);
            let found = (declared.function.call)(&mut meter, &args);
            assert_ne!(found.err(), Some(Failure::Error("no such overload".into())), "{name} {signature:?}");
        }
    }
}

#[test]
fn a_function_has_one_place() {
    let mut seen = std::collections::BTreeSet::new();
    for function in crate::library::all() {
        assert!(seen.insert((function.name, function.member)), "{} is there twice", function.name);
    }
}

#[test]
fn every_function_of_kubernetes_stands_in_a_list_of_expressions() {
    let lists = [include_str!("true.txt"), include_str!("fails.txt"), include_str!("refused.txt")];
    let text: String = lists.into_iter().flat_map(lines).map(|(expression, _)| expression).collect();
    let operators = ['_', '@', '!', '-'];
    let unseen: Vec<_> = every()
        .filter(|declared| !declared.function.extra && !declared.function.name.contains(operators))
        .map(|declared| declared.function.name)
        .filter(|name| !text.contains(&format!("{name}(")))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn there_are_a_few_hundred_expressions() {
    let lists = [include_str!("true.txt"), include_str!("fails.txt"), include_str!("refused.txt")];
    assert!(lists.into_iter().flat_map(lines).count() > 550);
}

#[test]
fn a_pattern_that_is_refused_is_cut_between_characters() {
    for length in 0..12 {
        let pattern = format!("(?{}é)", "z".repeat(length));
        assert!(crate::library::pattern::compile(&pattern).is_err(), "{pattern}");
    }
}
