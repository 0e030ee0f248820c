//! Whatever is written, it is answered: with a value, or with an error that has a place.

use super::cases::lines;
use crate::{Budget, Environment, ErrorKind, Program, Value, Variables};
use proptest::prelude::*;

fn answer(expression: &str, units: u64) {
    let environment = Environment { open: true, everything: true, ..Environment::default() };
    let check = |wrong: &crate::ExprError| {
        assert!(wrong.offset <= expression.len(), "{expression}");
        assert!(!wrong.display(expression).to_string().is_empty());
    };
    match Program::compile(expression, &environment) {
        Err(wrong) => wrong.iter().for_each(check),
        Ok(program) => {
            let object = serde_json::json!({"a": [1, "x", {"b": null}], "s": "text", "n": 1.5});
            let variables = Variables::from([("self".to_owned(), Value::from_json(&object))]);
            let mut budget = Budget::new(units);
            let first = program.evaluate(&variables, &mut budget).map(|value| value.to_string());
            assert!(budget.left <= units);
            if let Err(wrong) = &first {
                check(wrong);
                assert!(matches!(wrong.kind, ErrorKind::Evaluation | ErrorKind::Budget));
            }
            let second = program.evaluate(&variables, &mut Budget::new(units)).map(|value| value.to_string());
            assert_eq!(first, second, "{expression}");
        }
    }
}

fn known() -> Vec<&'static str> {
    let lists = [include_str!("true.txt"), include_str!("fails.txt"), include_str!("refused.txt")];
    lists.into_iter().flat_map(lines).map(|(expression, _)| expression).collect()
}

/// Words of the language, so that random texts are often expressions.
const WORDS: [&str; 52] = [
    "1",
    "0",
    "2u",
    "1.5",
    "'a'",
    "b'a'",
    "true",
    "null",
    "self",
    ".a",
    ".s",
    ".n",
    ".?a",
    "[0]",
    "[?0]",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "<",
    "in",
    "&&",
    "||",
    "!",
    "?",
    ".size()",
    ".map(x, ",
    ".all(x, ",
    ".filter(x, ",
    "x",
    ".matches('a')",
    ".split('')",
    "has(",
    "timestamp(",
    "duration('1s')",
    "string(",
    "int(",
    "dyn(",
    "type(",
    "optional.of(",
    ".orValue(",
    " ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        answer(&text, 10_000);
    }

    #[test]
    fn any_row_of_words_is_answered(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..24)) {
        answer(&words.concat(), 10_000);
    }

    #[test]
    fn any_two_expressions_in_one_are_answered(
        first in prop::sample::select(known()),
        second in prop::sample::select(known()),
        joint in prop::sample::select(vec![" && ", " == ", " + ", ".all(x, ", " in ", " ? 1 : ", "[", " < ", ".map(x, x + "]),
        units in prop::sample::select(vec![0u64, 5, 50, 5_000]),
    ) {
        let close = if joint.contains('(') { ")" } else if joint == "[" { "]" } else { "" };
        answer(&format!("{first}{joint}{second}{close}"), units);
    }

    #[test]
    fn an_expression_that_was_cut_or_changed_is_answered(
        text in prop::sample::select(known()),
        cut in 0usize..200,
        with in "[ -~]{0,2}",
    ) {
        let at = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (before, after) = text.split_at(at);
        answer(&format!("{before}{with}{after}"), 10_000);
        answer(&format!("{before}{with}"), 10_000);
    }

    #[test]
    fn any_pattern_is_answered(pattern in "([(][?])?[a-z0-9\\\\\\[\\](){}*+?|.^$,:<>=!&~#é -]{0,16}", text in any::<String>()) {
        if let Ok(regex) = crate::library::pattern::compile(&pattern) {
            regex.is_match(text.as_bytes());
        }
    }

    #[test]
    fn times_are_what_they_are_written_as(nanos in -62_135_596_800_000_000_000i128..253_402_300_800_000_000_000i128) {
        let time = crate::Timestamp::from_nanos(nanos).unwrap();
        prop_assert_eq!(crate::Timestamp::parse(&time.to_string()), Some(time));
    }

    #[test]
    fn durations_are_what_they_are_written_as(nanos in any::<i64>()) {
        let duration = crate::Duration(nanos);
        prop_assert_eq!(crate::Duration::parse(&duration.to_string()), Some(duration));
    }

    #[test]
    fn any_quantity_and_any_url_is_answered(text in any::<String>(), amount in "[+-]?[0-9]{0,40}[.]?[0-9]{0,40}(Ki|Ei|m|n|k|E|e[0-9]{1,12}|e-[0-9]{1,12})?") {
        for text in [text, amount] {
            let quoted = Value::string(&text).to_string();
            answer(&format!("[isQuantity({quoted}), isURL({quoted}), isIP({quoted}), isCIDR({quoted}), isSemver({quoted}, true)]"), 1_000_000);
            answer(&format!("quantity({quoted}).add(quantity({quoted})).asApproximateFloat()"), 1_000_000);
            answer(&format!("url({quoted}).getQuery()"), 1_000_000);
        }
    }
}
