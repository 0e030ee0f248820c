//! Tables and keys. What may be named twice follows the library step by step, its oddities included.
use super::lex::{Item, Kind, Lexer, Wrong};
use super::{MOST_DEPTH, MOST_NAMES, scalar};
use crate::fmt::quote;
use crate::value::{List, ListType, Map, MapType, Value};
use std::collections::BTreeSet;

pub(super) fn parse(bytes: &[u8]) -> Result<Map, String> {
    // Marks of UTF-16 and UTF-8.
    let marks: [&[u8]; 3] = [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"];
    let bytes = marks.iter().find_map(|mark| bytes.strip_prefix(*mark)).unwrap_or(bytes);
    if bytes.iter().take(6).any(|byte| *byte == 0) {
        let why = "files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8";
        return Err(format!("toml: line 1: {why}"));
    }
    let mut parser = Parser {
        lexer: Lexer::new(bytes),
        root: empty(),
        context: Vec::new(),
        key: String::new(),
        line: 0,
        arrays: BTreeSet::new(),
        implicit: BTreeSet::new(),
        names: 0,
        depth: 0,
    };
    loop {
        let step = match parser.next() {
            Ok(Item { kind: Kind::End, .. }) => return Ok(parser.root),
            Ok(item) => parser.top(item),
            Err(wrong) => Err(wrong),
        };
        step.map_err(|wrong| parser.told(&wrong))?;
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    root: Map,
    /// The table that keys go to.
    context: Vec<String>,
    /// What is being read in it; empty where it is a table itself.
    key: String,
    /// Of the last name.
    line: usize,
    /// Names of what was written as an array.
    arrays: BTreeSet<String>,
    /// Names of tables that nothing but their parts has named.
    implicit: BTreeSet<String>,
    /// Bytes in these two.
    names: usize,
    depth: usize,
}

type Result_<T> = Result<T, Wrong>;

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result_<Item<'a>> {
        self.lexer.item()
    }

    fn told(&self, wrong: &Wrong) -> String {
        let key = match (self.key.is_empty(), self.context.is_empty()) {
            (true, _) => name(&self.context),
            (false, true) => self.key.clone(),
            (false, false) => format!("{}.{}", name(&self.context), self.key),
        };
        let Wrong { line, message } = wrong;
        if key.is_empty() {
            return format!("toml: line {line}: {message}");
        }
        let key = String::from_utf8_lossy(&quote(key.as_bytes())).into_owned();
        format!("toml: line {line} (last key {key}): {message}")
    }

    fn wrong(&self, message: String) -> Wrong {
        Wrong { line: self.line, message }
    }

    fn defined(&self, key: &[String]) -> Wrong {
        self.wrong(format!("Key '{}' has already been defined.", name(key)))
    }

    fn top(&mut self, item: Item<'a>) -> Result_<()> {
        match item.kind {
            Kind::Comment => self.next().map(drop),
            Kind::Table | Kind::Tables => {
                let is_array = item.kind == Kind::Tables;
                let key = self.key_parts(if is_array { Kind::TablesEnd } else { Kind::TableEnd })?;
                self.enter(&key, is_array)?;
                // Whatever had the name is a table from now on.
                self.arrays.remove(&name(&self.context));
                Ok(())
            }
            Kind::Key => {
                let outer = self.context.clone();
                self.pair(None)?;
                self.context = outer;
                self.key.clear();
                Ok(())
            }
            _ => Err(Wrong { line: item.line, message: "unexpected item at top level".to_owned() }),
        }
    }

    /// The parts of a name up to what ends it.
    fn key_parts(&mut self, end: Kind) -> Result_<Vec<String>> {
        let mut parts = Vec::new();
        loop {
            let item = self.next()?;
            if parts.is_empty() {
                self.line = item.line;
            }
            if item.kind == end || item.kind == Kind::End {
                return Ok(parts);
            }
            if parts.len() + self.context.len() >= MOST_DEPTH {
                let message = format!("a key of more than {MOST_DEPTH} parts");
                return Err(Wrong { line: item.line, message });
            }
            parts.push(scalar::text(&item)?);
        }
    }

    /// A key and its value; within an inline table also what that becomes.
    fn pair(&mut self, inline: Option<&Map>) -> Result_<()> {
        let parts = self.key_parts(Kind::KeyEnd)?;
        let (last, above) = parts.split_last().ok_or_else(|| self.wrong("unexpected '='".to_owned()))?;
        self.key.clone_from(last);
        for part in above {
            let mut key = self.context.clone();
            key.push(part.clone());
            self.imply(&key)?;
            self.enter(&key, false)?;
        }
        let item = self.next()?;
        let (value, is_array) = self.value(item, false)?;
        self.set(last, value.clone())?;
        self.mark_array(is_array)?;
        let Some(inline) = inline else { return Ok(()) };
        let mut table = inline.clone();
        for part in above {
            let below = table.get(part.as_bytes());
            let below = below.unwrap_or_else(|| {
                let made = Value::Map(empty());
                table.insert(part.as_str().into(), made.clone());
                made
            });
            let Value::Map(below) = below else {
                let context = String::from_utf8_lossy(&quote(name(&self.context).as_bytes())).into_owned();
                return Err(self.wrong(format!("{context} is not a table")));
            };
            table = below;
        }
        table.insert(last.as_str().into(), value);
        Ok(())
    }

    /// And whether it is an array.
    fn value(&mut self, item: Item<'a>, in_array: bool) -> Result_<(Value, bool)> {
        let deeper = |parser: &mut Self| {
            parser.depth += 1;
            if parser.depth > MOST_DEPTH {
                let message = format!("arrays and tables more than {MOST_DEPTH} deep");
                return Err(Wrong { line: item.line, message });
            }
            Ok(())
        };
        match item.kind {
            Kind::Array => {
                deeper(self)?;
                let array = self.array()?;
                self.depth -= 1;
                Ok((array, true))
            }
            Kind::Inline => {
                deeper(self)?;
                let table = self.inline(in_array)?;
                self.depth -= 1;
                Ok((table, false))
            }
            _ => Ok((scalar::value(&item)?, false)),
        }
    }

    fn array(&mut self) -> Result_<Value> {
        self.mark_array(true)?;
        let mut items = Vec::new();
        loop {
            let item = self.next()?;
            match item.kind {
                Kind::ArrayEnd => return Ok(Value::list(items)),
                Kind::Comment => drop(self.next()?),
                _ => items.push(self.value(item, true)?.0),
            }
        }
    }

    fn inline(&mut self, in_array: bool) -> Result_<Value> {
        let table = empty();
        let (outer, outer_key) = (self.context.clone(), std::mem::take(&mut self.key));
        let mut own = outer.clone();
        own.push(outer_key.clone());
        self.imply(&own)?;
        self.context.clone_from(&own);
        self.enter(&own, in_array)?;
        loop {
            match self.next()?.kind {
                Kind::InlineEnd => break,
                Kind::Comment => drop(self.next()?),
                _ => {
                    self.pair(Some(&table))?;
                    self.context.clone_from(&own);
                }
            }
        }
        (self.context, self.key) = (outer, outer_key);
        Ok(Value::Map(table))
    }

    /// Makes a table the context, and what it lies in where that is not there.
    fn enter(&mut self, key: &[String], is_array: bool) -> Result_<()> {
        let Some((last, above)) = key.split_last() else { return Ok(()) };
        let mut table = self.root.clone();
        for (i, part) in above.iter().enumerate() {
            if table.get(part.as_bytes()).is_none() {
                self.imply(&key[..=i])?;
                table.insert(part.as_str().into(), Value::Map(empty()));
            }
            table = below(&table, part).ok_or_else(|| {
                self.wrong(format!("Key '{}' was already created as a hash.", name(&key[..=i])))
            })?;
        }
        self.context = above.to_vec();
        if is_array {
            // Taken out, so that it is held once and need not be copied.
            let before = table.get(last.as_bytes());
            table.remove(last.as_bytes());
            let list = match before {
                None => List::new(ListType::Tables, Vec::new()),
                Some(Value::List(list)) if list.ty == ListType::Tables => list,
                Some(_) => {
                    let message = "was already created and cannot be used as an array.";
                    return Err(self.wrong(format!("Key '{}' {message}", name(key))));
                }
            };
            table.insert(last.as_str().into(), Value::List(list.with(Value::Map(empty()))));
        } else {
            self.set(last, Value::Map(empty()))?;
        }
        self.context.push(last.clone());
        Ok(())
    }

    fn set(&mut self, key: &str, value: Value) -> Result_<()> {
        let mut table = self.root.clone();
        for (i, part) in self.context.iter().enumerate() {
            table = below(&table, part).ok_or_else(|| self.defined(&self.context[..=i]))?;
        }
        if table.get(key.as_bytes()).is_none() {
            table.insert(key.into(), value);
            return Ok(());
        }
        let mut whole = self.context.clone();
        whole.push(key.to_owned());
        let name = name(&whole);
        if !self.implicit.remove(&name) {
            return Err(self.defined(&whole));
        }
        if self.arrays.contains(&name) {
            table.insert(key.into(), value);
        }
        Ok(())
    }

    fn imply(&mut self, key: &[String]) -> Result_<()> {
        let name = name(key);
        self.remember(name.len())?;
        self.implicit.insert(name);
        Ok(())
    }

    /// Whether the current key is an array.
    fn mark_array(&mut self, is_array: bool) -> Result_<()> {
        let mut whole = self.context.clone();
        if !self.key.is_empty() {
            whole.push(self.key.clone());
        }
        let name = if whole.is_empty() { "\"\"".to_owned() } else { name(&whole) };
        if is_array {
            self.remember(name.len())?;
            self.arrays.insert(name);
        } else {
            self.arrays.remove(&name);
        }
        Ok(())
    }

    fn remember(&mut self, bytes: usize) -> Result_<()> {
        self.names += bytes;
        if self.names > MOST_NAMES {
            return Err(self.wrong(format!("names of tables of more than {MOST_NAMES} bytes")));
        }
        Ok(())
    }
}

fn empty() -> Map {
    Map::new(MapType::Any, [])
}

/// The table under a key: of several the last.
fn below(table: &Map, key: &str) -> Option<Map> {
    match table.get(key.as_bytes())? {
        Value::Map(map) => Some(map),
        Value::List(list) if list.ty == ListType::Tables => match list.items().last() {
            Some(Value::Map(map)) => Some(map.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// As it would be written, parts quoted where they must be.
fn name(key: &[String]) -> String {
    let part = |part: &String| {
        let bare = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if bare && !part.is_empty() { part.clone() } else { crate::funcs::toml_quoted(part) }
    };
    key.iter().map(part).collect::<Vec<_>>().join(".")
}
