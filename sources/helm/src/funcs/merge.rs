//! `merge` and `mergeOverwrite`, with the mergo library's idea of when a value gives way.
use super::Type::Map;
use super::{Function, args, variadic};
use crate::value::{self, MapType, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("merge", &[Map, Map], |args| all(args, false)),
    variadic("mustMerge", &[Map, Map], |args| all(args, false)),
    variadic("mergeOverwrite", &[Map, Map], |args| all(args, true)),
    variadic("mustMergeOverwrite", &[Map, Map], |args| all(args, true)),
];

fn all(args: &[Value], overwrite: bool) -> Result<Value, String> {
    let mut into = args::map(args, 0);
    for at in 1..args.len() {
        let from = args::map(args, at);
        if into.nil && !from.nil {
            into = value::Map::new(MapType::Any, []);
        }
        merge(&into, &from, overwrite, 0)?;
    }
    Ok(Value::Map(into.typed(MapType::Any)))
}

fn merge(into: &value::Map, from: &value::Map, overwrite: bool, depth: usize) -> Result<(), String> {
    if depth > value::MOST_DEPTH {
        return Err(format!("a value is nested more than {} deep", value::MOST_DEPTH));
    }
    if into.is_same(from) {
        return Ok(());
    }
    for (key, new) in from.snapshot() {
        if new.is_nil() {
            if overwrite {
                into.insert(key, Value::Nil);
            }
            continue;
        }
        let old = into.get(key.as_bytes());
        if let (Value::Map(new), Some(Value::Map(old))) = (&new, &old) {
            if !old.nil {
                merge(old, new, overwrite, depth + 1)?;
            }
            // What is merged into is still there, unless there is nothing in it.
            if !old.is_empty() {
                continue;
            }
        }
        let gives_way = old.as_ref().is_none_or(|old| !old.is_true());
        if overwrite || gives_way {
            into.insert(key, new);
        }
    }
    Ok(())
}
