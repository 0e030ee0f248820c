//! Calls that are no calls: loops, bindings and tests for presence.

use crate::ast::{Comprehension, Expr, Loop, Node};
use crate::error::ErrorKind;
use crate::parser::{Parsed, Parser, Unreadable, qualified};

/// The macro of that name and number of arguments, or the call as it is written. `at` is the opening parenthesis.
pub(crate) fn expand(
    parser: &mut Parser,
    at: usize,
    function: String,
    target: Option<Node>,
    args: Vec<Node>,
) -> Parsed<Node> {
    match target {
        None if function == "has" && args.len() == 1 => has(parser, at, args),
        None => parser.node(at, Expr::Call { function, target: None, args }),
        Some(target) => member(parser, at, function, target, args),
    }
}

fn has(parser: &mut Parser, at: usize, args: Vec<Node>) -> Parsed<Node> {
    let mut args = args.into_iter();
    match args.next().map(|node| (node.at, node.expr)) {
        Some((_, Expr::Select { operand, field, optional: false })) => {
            parser.node(at, Expr::Has { operand, field })
        }
        Some((at, _)) => Err(wrong(at, "invalid argument to has() macro")),
        None => Err(wrong(at, "has() takes one argument")),
    }
}

fn member(
    parser: &mut Parser,
    at: usize,
    function: String,
    target: Node,
    mut args: Vec<Node>,
) -> Parsed<Node> {
    let is_cel = matches!(&target.expr, Expr::Name(name) if name == "cel");
    if parser.everything && is_cel && function == "bind" && args.len() == 3 {
        let (body, value) = (args.pop(), args.pop());
        if let (Some(body), Some(value), Some(name)) = (body, value, args.pop()) {
            let name = simple(&name)?;
            return parser.node(at, Expr::Bind { name, value: Box::new(value), body: Box::new(body) });
        }
    }
    if let ("optMap" | "optFlatMap", [name, _]) = (function.as_str(), &args[..]) {
        let (name, flat) = (simple(name)?, function == "optFlatMap");
        let Some(body) = args.pop() else { return Err(wrong(at, "a binding without a body")) };
        return parser.node(at, Expr::OptMap { target: Box::new(target), name, body: Box::new(body), flat });
    }
    let shape = match (function.as_str(), args.len()) {
        ("all", 2) => Some((Loop::All, 1, false)),
        ("all", 3) => Some((Loop::All, 2, false)),
        ("exists", 2) => Some((Loop::Exists, 1, false)),
        ("exists", 3) => Some((Loop::Exists, 2, false)),
        ("exists_one" | "existsOne", 2) => Some((Loop::ExistsOne, 1, false)),
        ("exists_one" | "existsOne", 3) => Some((Loop::ExistsOne, 2, false)),
        ("map", 2) => Some((Loop::Map, 1, false)),
        ("map", 3) => Some((Loop::Map, 1, true)),
        ("filter", 2) => Some((Loop::Filter, 1, false)),
        ("sortBy", 2) => Some((Loop::SortBy, 1, false)),
        ("transformList", 3) => Some((Loop::TransformList, 2, false)),
        ("transformList", 4) => Some((Loop::TransformList, 2, true)),
        ("transformMap", 3) => Some((Loop::TransformMap, 2, false)),
        ("transformMap", 4) => Some((Loop::TransformMap, 2, true)),
        ("transformMapEntry", 3) => Some((Loop::TransformMapEntry, 2, false)),
        ("transformMapEntry", 4) => Some((Loop::TransformMapEntry, 2, true)),
        _ => None,
    };
    let Some((kind, names, filtered)) = shape.filter(|_| !is_namespace(&target)) else {
        return parser.node(at, Expr::Call { function, target: Some(Box::new(target)), args });
    };
    let first = simple(&args[0])?;
    let second = if names == 2 { Some(simple(&args[1])?) } else { None };
    if second.as_ref() == Some(&first) {
        return Err(wrong(args[1].at, "duplicate variable name"));
    }
    let mut rest = args.drain(names..);
    let filter = if filtered { rest.next() } else { None };
    let Some(body) = rest.next() else { return Err(wrong(at, "a loop without a body")) };
    drop(rest);
    let loops = Comprehension { kind, range: target, first, second, filter, body };
    parser.node(at, Expr::Comprehension(Box::new(loops)))
}

/// What only prefixes functions is no value to loop over.
fn is_namespace(target: &Node) -> bool {
    qualified(target).is_some_and(|name| matches!(name.as_str(), "sets" | "math" | "lists" | "strings"))
}

fn simple(node: &Node) -> Parsed<String> {
    match &node.expr {
        Expr::Name(name) if !name.starts_with('.') => Ok(name.clone()),
        _ => Err(wrong(node.at, "argument must be a simple name")),
    }
}

fn wrong(at: usize, message: &str) -> Unreadable {
    Unreadable { at, kind: ErrorKind::Syntax, message: message.to_owned() }
}
