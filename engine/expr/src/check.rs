//! Names and types, as far as they are known before evaluation.

use crate::ast::{Comprehension, Entry, Expr, Item, Loop, Node};
use crate::code::{Code, Op, Repeat};
use crate::error::{ErrorKind, ExprError};
use crate::functions::{Declared, find};
use crate::library::{pattern, printf};
use crate::parser::qualified;
use crate::types::Type;
use crate::value::Value;
use crate::{Environment, time};
use regex::bytes::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) struct Checked {
    pub code: Code,
    pub result: Type,
    /// Patterns that stand in the expression itself.
    pub patterns: BTreeMap<String, Regex>,
    /// The variables that it speaks of.
    pub used: BTreeSet<String>,
}

pub(crate) fn check(source: &str, node: &Node, environment: &Environment) -> Result<Checked, Vec<ExprError>> {
    let mut checker = Checker {
        source,
        environment,
        locals: Vec::new(),
        errors: Vec::new(),
        mixed: 0,
        patterns: BTreeMap::new(),
        used: BTreeSet::new(),
    };
    let (code, result) = checker.node(node);
    checker.errors.sort_by_key(|error| error.offset);
    match checker.errors.is_empty() {
        true => Ok(Checked { code, result, patterns: checker.patterns, used: checker.used }),
        false => Err(checker.errors),
    }
}

struct Checker<'a> {
    source: &'a str,
    environment: &'a Environment,
    locals: Vec<(String, Type)>,
    errors: Vec<ExprError>,
    /// How many calls around here take lists of anything.
    mixed: usize,
    patterns: BTreeMap<String, Regex>,
    used: BTreeSet<String>,
}

impl Checker<'_> {
    /// Notes an error; what is built in its place is never run.
    fn wrong(&mut self, at: usize, message: String) -> (Op, Type) {
        self.errors.push(ExprError::new(ErrorKind::Type, self.source, at, message));
        (Op::Constant(Value::Null), Type::Dyn)
    }

    fn boxed(&mut self, node: &Node) -> (Box<Code>, Type) {
        let (code, found) = self.node(node);
        (Box::new(code), found)
    }

    fn node(&mut self, node: &Node) -> (Code, Type) {
        let at = node.at;
        let (op, found) = match &node.expr {
            Expr::Literal(value) => (Op::Constant(value.clone()), literal(value)),
            Expr::Name(name) => self.name(at, name),
            Expr::Select { operand, field, optional } => self.select(node, operand, field, *optional),
            Expr::Has { operand, field } => {
                let (operand, of) = self.boxed(operand);
                self.field(at, &of, field);
                (Op::Has { operand, field: field.as_str().into() }, Type::Bool)
            }
            Expr::Index { operand, index, optional } => self.index(at, operand, index, *optional),
            Expr::Call { function, target, args } => self.call(at, function, target.as_deref(), args),
            Expr::And(terms) => {
                let terms = self.logical(terms);
                (Op::And(terms), Type::Bool)
            }
            Expr::Or(terms) => {
                let terms = self.logical(terms);
                (Op::Or(terms), Type::Bool)
            }
            Expr::Conditional(parts) => self.conditional(at, parts),
            Expr::List(items) => self.list(items),
            Expr::Map(entries) => self.map(entries),
            Expr::Message(name) => {
                self.wrong(at, format!("undeclared reference to '{name}' (in container '')"))
            }
            Expr::Comprehension(loops) => self.comprehension(at, loops),
            Expr::Bind { name, value, body } => {
                let (value, of) = self.boxed(value);
                let (body, found) = self.within(vec![(name.clone(), of)], |checker| checker.boxed(body));
                (Op::Bind { value, body }, found)
            }
            Expr::OptMap { target, name, body, flat } => self.opt_map(at, target, name, body, *flat),
        };
        (Code { at, op }, known(found))
    }

    fn within<T>(&mut self, names: Vec<(String, Type)>, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.locals.len();
        self.locals.extend(names);
        let out = work(self);
        self.locals.truncate(before);
        out
    }

    fn name(&mut self, at: usize, name: &str) -> (Op, Type) {
        let plain = name.strip_prefix('.').unwrap_or(name);
        if plain == name
            && let Some(place) = self.locals.iter().rposition(|(local, _)| local == name)
        {
            return (Op::Local(place), self.locals[place].1.clone());
        }
        match self.environment.variables.get(plain) {
            Some(of) => {
                self.used.insert(plain.to_owned());
                (Op::Variable(plain.into()), of.clone())
            }
            None => match named_type(plain) {
                Some((name, of)) => (Op::Constant(Value::Type(name.into())), Type::Type(Arc::new(of))),
                None if self.environment.open => {
                    self.used.insert(plain.to_owned());
                    (Op::Variable(plain.into()), Type::Dyn)
                }
                None => self.wrong(at, format!("undeclared reference to '{name}' (in container '')")),
            },
        }
    }

    fn is_value(&self, node: &Node) -> bool {
        let root = qualified(node).map(|name| name.split('.').next().unwrap_or_default().to_owned());
        root.is_none_or(|root| {
            self.locals.iter().any(|(local, _)| *local == root)
                || self.environment.variables.contains_key(&root)
        })
    }

    fn select(&mut self, node: &Node, operand: &Node, field: &str, optional: bool) -> (Op, Type) {
        // Types have names with dots.
        if !optional
            && !self.is_value(operand)
            && let Some((name, of)) = qualified(node).as_deref().and_then(named_type)
        {
            return (Op::Constant(Value::Type(name.into())), Type::Type(Arc::new(of)));
        }
        let (operand, of) = self.boxed(operand);
        let found = self.field(node.at, &of, field);
        let found = match (optional, &of) {
            (true, _) | (false, Type::Optional(_)) => optional_of(found),
            (false, _) => found,
        };
        (Op::Select { operand, field: field.into(), optional }, found)
    }

    fn field(&mut self, at: usize, of: &Type, field: &str) -> Type {
        match of {
            Type::Dyn => Type::Dyn,
            Type::Optional(inner) => self.field(at, inner, field),
            Type::Map(_, value) => (**value).clone(),
            Type::Object(object) => match object.fields.get(field) {
                Some(found) => found.clone(),
                None => self.wrong(at, format!("undefined field '{field}'")).1,
            },
            other => self.wrong(at, format!("type '{other}' does not support field selection")).1,
        }
    }

    fn index(&mut self, at: usize, operand: &Node, index: &Node, optional: bool) -> (Op, Type) {
        let (operand, of) = self.boxed(operand);
        let (index, by) = self.boxed(index);
        let (inner, lifted) = match &of {
            Type::Optional(inner) => ((**inner).clone(), true),
            other => (other.clone(), optional),
        };
        let found = match (&inner, &by) {
            (Type::Dyn, _) => Some(Type::Dyn),
            (Type::List(element), Type::Int | Type::Dyn) => Some((**element).clone()),
            (Type::Map(key, value), by) if by.fits(key, &mut BTreeMap::new()) => Some((**value).clone()),
            _ => None,
        };
        match found {
            Some(found) => {
                let found = if lifted { optional_of(found) } else { found };
                (Op::Index { operand, index, optional }, found)
            }
            None => self.no_overload(at, if optional { "_[?_]" } else { "_[_]" }, &[of, by], false),
        }
    }

    fn logical(&mut self, terms: &[Node]) -> Vec<Code> {
        let mut codes = Vec::with_capacity(terms.len());
        for term in terms {
            let (code, found) = self.node(term);
            self.truth(term.at, &found);
            codes.push(code);
        }
        codes
    }

    fn truth(&mut self, at: usize, found: &Type) {
        if !matches!(found, Type::Bool | Type::Dyn) {
            self.wrong(at, format!("expected type 'bool' but found '{found}'"));
        }
    }

    fn conditional(&mut self, at: usize, parts: &[Node; 3]) -> (Op, Type) {
        let [(test, a), (yes, b), (no, c)] = [0, 1, 2].map(|i| self.node(&parts[i]));
        let mut bound = BTreeMap::new();
        let branches = [&b, &c].into_iter().all(|found| found.fits(&Type::Parameter(b'A'), &mut bound));
        if !matches!(a, Type::Bool | Type::Dyn) || !branches {
            return self.no_overload(at, "_?_:_", &[a, b, c], false);
        }
        let found =
            if b == Type::Dyn || c == Type::Dyn { Type::Dyn } else { Type::Parameter(b'A').filled(&bound) };
        (Op::Conditional(Box::new([test, yes, no])), found)
    }

    fn list(&mut self, items: &[Item]) -> (Op, Type) {
        let mut of: Option<Type> = None;
        let mut codes = Vec::with_capacity(items.len());
        for item in items {
            let (code, found) = self.node(&item.value);
            let found = self.present(item.value.at, found, item.optional);
            of = Some(self.same(item.value.at, of, found));
            codes.push((code, item.optional));
        }
        (Op::List(codes), Type::list(of.unwrap_or(Type::FREE)))
    }

    fn map(&mut self, entries: &[Entry]) -> (Op, Type) {
        let (mut keys, mut values): (Option<Type>, Option<Type>) = (None, None);
        let mut codes = Vec::with_capacity(entries.len());
        for Entry { key, value, optional } in entries {
            let (key_code, key_type) = self.node(key);
            if !matches!(key_type, Type::Dyn | Type::Bool | Type::Int | Type::Uint | Type::String) {
                self.wrong(key.at, format!("unsupported map key type: {key_type}"));
            }
            let (code, found) = self.node(value);
            let found = self.present(value.at, found, *optional);
            keys = Some(self.same(key.at, keys, key_type));
            values = Some(self.same(value.at, values, found));
            codes.push((key_code, code, *optional));
        }
        (Op::Map(codes), Type::map(keys.unwrap_or(Type::FREE), values.unwrap_or(Type::FREE)))
    }

    /// What an entry marked with `?` holds.
    fn present(&mut self, at: usize, found: Type, optional: bool) -> Type {
        match (optional, found) {
            (false, found) => found,
            (true, Type::Optional(inner)) => (*inner).clone(),
            (true, Type::Dyn) => Type::Dyn,
            (true, other) => {
                self.wrong(at, format!("expected type 'optional_type({other})' but found '{other}'")).1
            }
        }
    }

    /// Elements of one literal are of one type, also where it is one of which nothing is known.
    fn same(&mut self, at: usize, known: Option<Type>, found: Type) -> Type {
        let Some(known) = known else { return found };
        let one_unknown =
            (known == Type::Dyn) != (found == Type::Dyn) || (known == Type::Null) != (found == Type::Null);
        if !one_unknown && found.fits(&known, &mut BTreeMap::new()) {
            return if found.is_wider(&known) { found } else { known };
        }
        if self.mixed > 0 {
            return Type::Dyn;
        }
        self.wrong(at, format!("expected type '{known}' but found '{found}'"));
        known
    }

    fn comprehension(&mut self, at: usize, loops: &Comprehension) -> (Op, Type) {
        let two = loops.second.is_some();
        let (range, over) = self.node(&loops.range);
        let (first, second) = match &over {
            Type::Dyn => (Type::Dyn, Type::Dyn),
            Type::List(element) if two => (Type::Int, known((**element).clone())),
            Type::List(element) => (known((**element).clone()), Type::Dyn),
            Type::Map(key, value) => (known((**key).clone()), known((**value).clone())),
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                return self.wrong(loops.range.at, message);
            }
        };
        let mut names = vec![(loops.first.clone(), first.clone())];
        names.extend(loops.second.clone().map(|name| (name, second)));
        let (filter, body, found) = self.within(names, |checker| {
            let filter = loops.filter.as_ref().map(|filter| checker.node(filter));
            let (body, found) = checker.node(&loops.body);
            let filter = filter.map(|(code, decides)| {
                checker.predicate(at, at, loops.kind, &decides, &Type::list(found.clone()));
                code
            });
            (filter, body, found)
        });
        let element = match &over {
            Type::List(element) => (**element).clone(),
            Type::Map(key, _) => (**key).clone(),
            _ => Type::Dyn,
        };
        let result = match loops.kind {
            Loop::All | Loop::Exists | Loop::ExistsOne => {
                self.predicate(loops.body.at, at, loops.kind, &found, &Type::Int);
                Type::Bool
            }
            Loop::Filter => {
                self.predicate(loops.body.at, at, loops.kind, &found, &Type::list(element.clone()));
                Type::list(element)
            }
            Loop::Map | Loop::TransformList => Type::list(found),
            Loop::TransformMap if matches!(over, Type::List(_)) => Type::map(Type::Int, found),
            Loop::TransformMap => Type::map(first, found),
            Loop::TransformMapEntry => match found {
                Type::Map(..) | Type::Dyn => found,
                other => return self.no_overload(at, "cel.@mapInsert", &[Type::Dyn, other], false),
            },
            Loop::SortBy => {
                if !sortable(&found) || matches!(over, Type::Map(..)) {
                    return self.no_overload(at, "@sortByAssociatedKeys", &[over, Type::list(found)], true);
                }
                over
            }
        };
        (Op::Comprehension(Box::new(Repeat { kind: loops.kind, range, two, filter, body })), result)
    }

    /// What decides in a loop is a bool.
    fn predicate(&mut self, body: usize, at: usize, kind: Loop, found: &Type, result: &Type) {
        if matches!(found, Type::Bool | Type::Dyn) {
            return;
        }
        match kind {
            Loop::All | Loop::Exists => self.truth(body, found),
            Loop::ExistsOne
            | Loop::Map
            | Loop::Filter
            | Loop::TransformList
            | Loop::TransformMap
            | Loop::TransformMapEntry
            | Loop::SortBy => {
                self.no_overload(at, "_?_:_", &[found.clone(), result.clone(), result.clone()], false);
            }
        }
    }

    fn opt_map(&mut self, at: usize, target: &Node, name: &str, body: &Node, flat: bool) -> (Op, Type) {
        let (target, of) = self.boxed(target);
        let inner = match &of {
            Type::Optional(inner) => known((**inner).clone()),
            Type::Dyn => Type::Dyn,
            other => return self.no_overload(at, "hasValue", std::slice::from_ref(other), true),
        };
        let body_at = body.at;
        let (body, found) = self.within(vec![(name.to_owned(), inner)], |checker| checker.boxed(body));
        let found = match (flat, found) {
            (false, found) => Type::optional(found),
            (true, found @ (Type::Optional(_) | Type::Dyn)) => found,
            (true, other) => {
                let given = [Type::Bool, other, Type::optional(Type::Dyn)];
                return self.no_overload(body_at, "_?_:_", &given, false);
            }
        };
        (Op::OptMap { target, body, flat }, found)
    }

    fn call(&mut self, at: usize, function: &str, target: Option<&Node>, args: &[Node]) -> (Op, Type) {
        let everything = self.environment.everything;
        // A qualified name is a function's before it is a value's member.
        let qualified =
            target.and_then(qualified).map(|name| format!("{}.{function}", name.trim_start_matches('.')));
        let namespaced = qualified.as_deref().and_then(|name| find(name, false, everything));
        let (declared, member) = match (namespaced, target) {
            (Some(found), _) => (Some(found), None),
            (None, None) => (find(function.trim_start_matches('.'), false, everything), None),
            (None, Some(target)) => (find(function, true, everything), Some(target)),
        };
        let Some(declared) = declared else {
            for node in target.into_iter().chain(args) {
                self.node(node);
            }
            return self.wrong(at, format!("undeclared reference to '{function}' (in container '')"));
        };
        let takes_anything = usize::from(declared.function.name == "format");
        self.mixed += takes_anything;
        let nodes = member.into_iter().chain(args);
        let (codes, types): (Vec<_>, Vec<_>) = nodes.map(|node| self.node(node)).unzip();
        self.mixed -= takes_anything;
        let Some(result) = resolve(declared, &types, everything) else {
            return self.no_overload(at, declared.function.name, &types, member.is_some());
        };
        self.constants(at, declared.function.name, &codes, args);
        (Op::Call { function: declared.function, args: codes }, result)
    }

    /// What a literal argument would make fail at every evaluation fails now.
    fn constants(&mut self, at: usize, function: &str, args: &[Code], nodes: &[Node]) {
        let text = |index: usize| match args.get(index).map(|code| (code.at, &code.op)) {
            Some((at, Op::Constant(Value::String(text)))) => Some((at, text.clone())),
            _ => None,
        };
        match function {
            "matches" | "find" | "findAll" => {
                let Some((at, text)) = text(1) else { return };
                match pattern::compile(&text) {
                    Ok(regex) => {
                        self.patterns.insert(text.to_string(), regex);
                    }
                    Err(_) if function == "matches" => {
                        self.wrong(at, "invalid matches argument".to_owned());
                    }
                    Err(why) => {
                        self.wrong(at, why);
                    }
                }
            }
            "timestamp" => {
                if let Some((at, _)) = text(0).filter(|(_, text)| time::Timestamp::parse(text).is_none()) {
                    self.wrong(at, "invalid timestamp argument".to_owned());
                }
            }
            "duration" => {
                if let Some((at, _)) = text(0).filter(|(_, text)| time::Duration::parse(text).is_none()) {
                    self.wrong(at, "invalid duration argument".to_owned());
                }
            }
            "format" => {
                let (Some((_, text)), Some(Node { expr: Expr::List(items), .. })) = (text(0), nodes.last())
                else {
                    return;
                };
                let errors = self.errors.len();
                let types: Vec<Type> = items.iter().map(|item| self.node(&item.value).1).collect();
                // They were looked at before, and told of.
                self.errors.truncate(errors);
                if let Err((place, why)) = printf::check(&text, &types) {
                    self.wrong(
                        place.and_then(|place| items.get(place)).map_or(at, |item| item.value.at),
                        why,
                    );
                }
            }
            _ => {}
        }
    }

    fn no_overload(&mut self, at: usize, function: &str, given: &[Type], member: bool) -> (Op, Type) {
        let list = |types: &[Type]| types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
        let applied = match (member, given) {
            (true, [receiver, rest @ ..]) => format!("{receiver}.({})", list(rest)),
            _ => format!("({})", list(given)),
        };
        self.wrong(at, format!("found no matching overload for '{function}' applied to '{applied}'"))
    }
}

fn literal(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Uint(_) => Type::Uint,
        Value::Double(_) => Type::Double,
        Value::String(_) => Type::String,
        Value::Bytes(_) => Type::Bytes,
        _ => Type::Dyn,
    }
}

fn known(found: Type) -> Type {
    if found == Type::FREE { Type::Dyn } else { found }
}

fn optional_of(found: Type) -> Type {
    match found {
        Type::Optional(_) => found,
        other => Type::optional(other),
    }
}

fn sortable(found: &Type) -> bool {
    matches!(
        found,
        Type::Dyn
            | Type::Bool
            | Type::Int
            | Type::Uint
            | Type::Double
            | Type::String
            | Type::Bytes
            | Type::Timestamp
            | Type::Duration
    )
}

/// The result of the overloads that fit; of several, what they agree on.
fn resolve(declared: &Declared, given: &[Type], everything: bool) -> Option<Type> {
    let mut found: Option<Type> = None;
    for signature in
        declared.signatures.iter().filter(|s| s.parameters.len() == given.len() && (everything || !s.extra))
    {
        let mut bound = BTreeMap::new();
        if !given.iter().zip(&signature.parameters).all(|(given, wanted)| given.fits(wanted, &mut bound)) {
            continue;
        }
        let result = signature.result.filled(&bound);
        found = match found {
            Some(known) if known != result => return Some(Type::Dyn),
            _ => Some(result),
        };
    }
    found
}

/// Types are values too.
fn named_type(name: &str) -> Option<(&'static str, Type)> {
    Some(match name {
        "bool" => ("bool", Type::Bool),
        "int" => ("int", Type::Int),
        "uint" => ("uint", Type::Uint),
        "double" => ("double", Type::Double),
        "string" => ("string", Type::String),
        "bytes" => ("bytes", Type::Bytes),
        "list" => ("list", Type::list(Type::Dyn)),
        "map" => ("map", Type::map(Type::Dyn, Type::Dyn)),
        "null_type" => ("null_type", Type::Null),
        "type" => ("type", Type::Type(Arc::new(Type::Dyn))),
        "optional_type" => ("optional_type", Type::optional(Type::Dyn)),
        "google.protobuf.Timestamp" => ("google.protobuf.Timestamp", Type::Timestamp),
        "google.protobuf.Duration" => ("google.protobuf.Duration", Type::Duration),
        "net.IP" => ("net.IP", Type::Opaque("net.IP")),
        "net.CIDR" => ("net.CIDR", Type::Opaque("net.CIDR")),
        "kubernetes.URL" => ("kubernetes.URL", Type::Opaque("kubernetes.URL")),
        "kubernetes.Quantity" => ("kubernetes.Quantity", Type::Opaque("kubernetes.Quantity")),
        "kubernetes.Semver" => ("kubernetes.Semver", Type::Opaque("kubernetes.Semver")),
        _ => return None,
    })
}
