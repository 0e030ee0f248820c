//! Random expressions, mostly of the types that functions want.

use fastrand::Rng;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ty {
    Text,
    Int,
    Number,
    Bool,
    List,
    Map,
    Any,
}

use Ty::{Any, Bool, Int, List, Map, Number, Text};

/// Functions, what they take, what they give.
const FUNCTIONS: [(&str, &[Ty], Ty); 152] = [
    ("upper", &[Text], Text),
    ("lower", &[Text], Text),
    ("title", &[Text], Text),
    ("untitle", &[Text], Text),
    ("trim", &[Text], Text),
    ("trimAll", &[Text, Text], Text),
    ("trimSuffix", &[Text, Text], Text),
    ("trimPrefix", &[Text, Text], Text),
    ("contains", &[Text, Text], Bool),
    ("hasPrefix", &[Text, Text], Bool),
    ("hasSuffix", &[Text, Text], Bool),
    ("quote", &[Any], Text),
    ("squote", &[Any], Text),
    ("quote", &[Any, Any], Text),
    ("cat", &[Any, Any], Text),
    ("indent", &[Int, Text], Text),
    ("nindent", &[Int, Text], Text),
    ("replace", &[Text, Text, Text], Text),
    ("plural", &[Text, Text, Int], Text),
    ("repeat", &[Int, Text], Text),
    ("trunc", &[Int, Text], Text),
    ("substr", &[Int, Int, Text], Text),
    ("abbrev", &[Int, Text], Text),
    ("initials", &[Text], Text),
    ("nospace", &[Text], Text),
    ("swapcase", &[Text], Text),
    ("wrap", &[Int, Text], Text),
    ("wrapWith", &[Int, Text, Text], Text),
    ("camelcase", &[Text], Text),
    ("snakecase", &[Text], Text),
    ("kebabcase", &[Text], Text),
    ("split", &[Text, Text], Any),
    ("splitList", &[Text, Text], List),
    ("splitn", &[Text, Int, Text], Any),
    ("join", &[Text, Any], Text),
    ("sortAlpha", &[List], List),
    ("toStrings", &[Any], List),
    ("toString", &[Any], Text),
    ("abbrevboth", &[Int, Int, Text], Text),
    ("add", &[Number, Number], Number),
    ("sub", &[Number, Number], Number),
    ("mul", &[Number, Number], Number),
    ("div", &[Number, Number], Number),
    ("mod", &[Number, Number], Number),
    ("add1", &[Number], Number),
    ("max", &[Number, Number], Number),
    ("min", &[Number, Number], Number),
    ("maxf", &[Number, Number], Number),
    ("minf", &[Number, Number], Number),
    ("ceil", &[Number], Number),
    ("floor", &[Number], Number),
    ("round", &[Number, Int], Number),
    ("int", &[Any], Int),
    ("int64", &[Any], Number),
    ("float64", &[Any], Number),
    ("atoi", &[Text], Int),
    ("until", &[Int], List),
    ("untilStep", &[Int, Int, Int], List),
    ("seq", &[Int, Int], Text),
    ("addf", &[Number, Number], Number),
    ("subf", &[Number, Number], Number),
    ("mulf", &[Number, Number], Number),
    ("divf", &[Number, Number], Number),
    ("default", &[Any, Any], Any),
    ("empty", &[Any], Bool),
    ("coalesce", &[Any, Any], Any),
    ("ternary", &[Any, Any, Bool], Any),
    ("all", &[Any, Any], Bool),
    ("any", &[Any, Any], Bool),
    ("not", &[Any], Bool),
    ("and", &[Any, Any], Any),
    ("or", &[Any, Any], Any),
    ("eq", &[Any, Any], Bool),
    ("ne", &[Text, Text], Bool),
    ("lt", &[Int, Int], Bool),
    ("ge", &[Number, Number], Bool),
    ("gt", &[Text, Text], Bool),
    ("le", &[Number, Number], Bool),
    ("len", &[List], Int),
    ("len", &[Text], Int),
    ("index", &[List, Int], Any),
    ("index", &[Map, Text], Any),
    ("print", &[Any, Any], Text),
    ("println", &[Any], Text),
    ("list", &[Any, Any], List),
    ("append", &[List, Any], List),
    ("prepend", &[List, Any], List),
    ("first", &[List], Any),
    ("last", &[List], Any),
    ("rest", &[List], List),
    ("initial", &[List], List),
    ("reverse", &[List], List),
    ("uniq", &[List], List),
    ("without", &[List, Any], List),
    ("has", &[Any, List], Bool),
    ("compact", &[List], List),
    ("slice", &[List, Int], Any),
    ("concat", &[List, List], List),
    ("chunk", &[Int, List], List),
    ("dict", &[Text, Any], Map),
    ("dict", &[Text, Any, Text, Any], Map),
    ("get", &[Map, Text], Any),
    ("hasKey", &[Map, Text], Bool),
    ("pick", &[Map, Text], Map),
    ("omit", &[Map, Text], Map),
    ("merge", &[Map, Map], Map),
    ("mergeOverwrite", &[Map, Map], Map),
    ("deepCopy", &[Any], Any),
    ("typeOf", &[Any], Text),
    ("kindOf", &[Any], Text),
    ("kindIs", &[Text, Any], Bool),
    ("deepEqual", &[Any, Any], Bool),
    ("toYaml", &[Any], Text),
    ("toJson", &[Any], Text),
    ("toPrettyJson", &[Any], Text),
    ("toRawJson", &[Any], Text),
    ("b64enc", &[Text], Text),
    ("b64dec", &[Text], Text),
    ("sha256sum", &[Text], Text),
    ("toYamlPretty", &[Any], Text),
    ("html", &[Any], Text),
    ("regexMatch", &[Text, Text], Bool),
    ("regexFind", &[Text, Text], Text),
    ("regexFindAll", &[Text, Text, Int], List),
    ("regexReplaceAll", &[Text, Text, Text], Text),
    ("regexReplaceAllLiteral", &[Text, Text, Text], Text),
    ("regexSplit", &[Text, Text, Int], List),
    ("regexQuoteMeta", &[Text], Text),
    ("semverCompare", &[Text, Text], Bool),
    ("b32enc", &[Text], Text),
    ("b32dec", &[Text], Text),
    ("adler32sum", &[Text], Text),
    ("base", &[Text], Text),
    ("dir", &[Text], Text),
    ("clean", &[Text], Text),
    ("ext", &[Text], Text),
    ("toToml", &[Map], Text),
    ("dig", &[Text, Any, Map], Any),
    ("pluck", &[Text, Map], List),
    ("toDecimal", &[Any], Number),
    ("js", &[Any], Text),
    ("urlquery", &[Any], Text),
    ("duration", &[Any], Text),
    ("durationRound", &[Any], Text),
    ("tpl", &[Text, Any], Text),
    ("set", &[Map, Text, Any], Map),
    ("unset", &[Map, Text], Map),
    ("sha1sum", &[Text], Text),
    ("coalesce", &[Any], Any),
    ("typeIs", &[Text, Any], Bool),
    ("concat", &[List], List),
    ("printf \"%v %d\"", &[Any, Any], Text),
];

const FORMATS: [&str; 16] = [
    "%s", "%d", "%v", "%q", "%5v|", "%-6s|", "%05d", "%x", "%.2f", "%t", "%+v", "%#v", "%T", "%8.3f", "%c",
    "%s-%v",
];
const WORDS: [&str; 22] = [
    "",
    "a",
    "b",
    "k",
    "x1",
    "hello World",
    "a.b.c",
    ",",
    "-",
    "HTTPServer2 go",
    "é",
    "1.5",
    "12",
    "l\\n2",
    "[a-z]+",
    "(l|o)(.)",
    "$1-${2}",
    "\\\\w",
    ">=1.2",
    "5m",
    "a/../b.c/",
    "{{ . }}",
];

pub(super) struct Scope {
    /// Variables that may be read, with what they likely hold.
    pub(super) variables: Vec<(String, Ty)>,
}

/// An operand: in parentheses where it must be.
pub(super) fn operand(dice: &mut Rng, scope: &Scope, ty: Ty, depth: usize) -> String {
    // Now and then a wrong type, to compare what is refused.
    let ty = if dice.usize(..60) == 0 { [Text, Int, Number, Bool, List, Map][dice.usize(..6)] } else { ty };
    if depth > 0 && dice.usize(..3) > 0 {
        return format!("({})", call(dice, scope, ty, depth - 1));
    }
    leaf(dice, scope, ty)
}

/// A whole pipeline.
pub(super) fn pipeline(dice: &mut Rng, scope: &Scope, ty: Ty, depth: usize) -> String {
    if depth == 0 {
        return leaf(dice, scope, ty);
    }
    call(dice, scope, ty, depth)
}

fn call(dice: &mut Rng, scope: &Scope, ty: Ty, depth: usize) -> String {
    if ty == Text && dice.usize(..8) == 0 {
        let format = FORMATS[dice.usize(..FORMATS.len())];
        return format!("printf \"{format}\" {}", operand(dice, scope, Any, depth));
    }
    let fitting: Vec<_> = FUNCTIONS
        .iter()
        .filter(|(_, _, gives)| ty == Any || *gives == ty || (ty == Number && *gives == Int))
        .collect();
    let (name, takes, _) = fitting[dice.usize(..fitting.len())];
    let arguments: Vec<String> = takes.iter().map(|ty| operand(dice, scope, *ty, depth)).collect();
    // The last argument may come through a pipe, unless it is a constant that could stand alone.
    match arguments.split_last() {
        Some((last, rest)) if dice.usize(..3) == 0 => format!("{last} | {name} {}", rest.join(" ")),
        _ => format!("{name} {}", arguments.join(" ")),
    }
}

fn leaf(dice: &mut Rng, scope: &Scope, ty: Ty) -> String {
    let known: Vec<&String> =
        scope.variables.iter().filter(|(_, held)| *held == ty || ty == Any).map(|(name, _)| name).collect();
    if !known.is_empty() && dice.bool() {
        return known[dice.usize(..known.len())].clone();
    }
    match ty {
        Text if dice.usize(..4) == 0 => "$.Values.s".into(),
        Text => format!("\"{}\"", WORDS[dice.usize(..WORDS.len())]),
        Int if dice.usize(..5) == 0 => "(int $.Values.i)".into(),
        Int => dice.i32(-3..12).to_string(),
        Number => [".5", "2.5", "7", "-3", "$.Values.i", "1e6", "0.1", "3"][dice.usize(..8)].into(),
        Bool => ["true", "false", "$.Values.t"][dice.usize(..3)].into(),
        List => {
            ["$.Values.l", "$.Values.f", "(list)", "(list 1 \"a\" nil)", "(until 3)"][dice.usize(..5)].into()
        }
        Map => ["$.Values.m", "$.Values.e", "(dict)", "(dict \"a\" 1 \"k\" (dict \"b\" 2))", "$.Values"]
            [dice.usize(..4)]
        .into(),
        Any => {
            let values = [
                "$.Values.a",
                "$.Values.b",
                "$.Values.c",
                "$.Values.d",
                "$.Values.z",
                "$.Values.m.k",
                "$.Values.nope",
            ];
            match dice.usize(..3) {
                0 => {
                    let ty = [Text, Int, Number, Bool, List, Map][dice.usize(..6)];
                    leaf(dice, scope, ty)
                }
                _ => values[dice.usize(..values.len())].into(),
            }
        }
    }
}
