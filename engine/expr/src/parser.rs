//! The grammar of CEL, with the macros of Kubernetes kept as nodes of their own: what a loop costs is then counted by
//! the loop, not by what it would expand to.

use crate::ast::{Entry, Expr, Item, Node};
use crate::error::ErrorKind;
use crate::lexer::{Token, tokens};
use crate::limits::{MAX_DEPTH, MAX_NODES, MAX_SOURCE};
use crate::literal::integer;
use crate::macros;
use crate::value::Value;

/// Where an expression cannot be read, and why.
pub(crate) struct Unreadable {
    pub at: usize,
    pub kind: ErrorKind,
    pub message: String,
}

pub(crate) type Parsed<T> = Result<T, Unreadable>;

pub(crate) fn parse(source: &str, everything: bool) -> Parsed<Node> {
    if source.chars().count() > MAX_SOURCE {
        return Err(limit(
            0,
            format!(
                "expression code point size exceeds limit: size: {}, limit {MAX_SOURCE}",
                source.chars().count()
            ),
        ));
    }
    let tokens =
        tokens(source).map_err(|(at, message)| Unreadable { at, kind: ErrorKind::Syntax, message })?;
    let mut parser = Parser { source, tokens, next: 0, nodes: 0, nested: 0, everything };
    let node = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.wrong(format!("extraneous input '{}' expecting <EOF>", parser.shown(parser.next)))),
    }
}

pub(crate) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<(usize, Token)>,
    next: usize,
    nodes: usize,
    nested: usize,
    /// Whether the libraries beyond Kubernetes' are there, with their macros.
    pub everything: bool,
}

/// What an expression starts with, in the words of the grammar that cel-go is generated from.
const EXPRESSION: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/// Words that no name may be, beside `true`, `false`, `null` and `in`, which mean something.
pub const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

fn limit(at: usize, message: String) -> Unreadable {
    Unreadable { at, kind: ErrorKind::Limit, message }
}

/// How tightly an operator binds, and cel-go's name for it.
fn binary(symbol: &str) -> Option<(u8, &'static str)> {
    Some(match symbol {
        "==" => (1, "_==_"),
        "!=" => (1, "_!=_"),
        "<" => (1, "_<_"),
        "<=" => (1, "_<=_"),
        ">" => (1, "_>_"),
        ">=" => (1, "_>=_"),
        "in" => (1, "@in"),
        "+" => (2, "_+_"),
        "-" => (2, "_-_"),
        "*" => (3, "_*_"),
        "/" => (3, "_/_"),
        "%" => (3, "_%_"),
        _ => return None,
    })
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].1
    }

    fn at(&self) -> usize {
        self.tokens[self.next].0
    }

    fn advance(&mut self) -> Token {
        let token = self.tokens[self.next].1.clone();
        if self.next + 1 < self.tokens.len() {
            self.next += 1;
        }
        token
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Token::Symbol(found) if *found == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol) {
            return Ok(());
        }
        Err(self.wrong(format!("mismatched input '{}' expecting '{symbol}'", self.shown(self.next))))
    }

    fn wrong(&self, message: String) -> Unreadable {
        self.wrong_at(self.next, message)
    }

    fn wrong_at(&self, token: usize, message: String) -> Unreadable {
        Unreadable {
            at: self.tokens[token].0,
            kind: ErrorKind::Syntax,
            message: format!("Syntax error: {message}"),
        }
    }

    /// A token as it is written.
    fn shown(&self, token: usize) -> &str {
        let (start, found) = &self.tokens[token];
        match (found, self.tokens.get(token + 1)) {
            (Token::End, _) | (_, None) => "<EOF>",
            (_, Some((end, _))) => self.source[*start..*end].trim_end(),
        }
    }

    /// Where an expression has to start: what stands there is one too many, or something else altogether.
    fn no_expression(&self, token: usize) -> Unreadable {
        let starts = self.tokens.get(token + 1).is_some_and(|(_, next)| match next {
            Token::Name(_) | Token::Literal(_) | Token::Int(_) => true,
            Token::Symbol(symbol) => matches!(*symbol, "[" | "{" | "(" | "." | "-" | "!"),
            Token::Escaped(_) | Token::End => false,
        });
        let what = if starts { "extraneous" } else { "mismatched" };
        self.wrong_at(token, format!("{what} input '{}' expecting {EXPRESSION}", self.shown(token)))
    }

    pub(crate) fn node(&mut self, at: usize, expr: Expr) -> Parsed<Node> {
        self.nodes += 1;
        let depth = expr.depth() + 1;
        if depth > MAX_DEPTH {
            return Err(limit(at, format!("expression recursion limit exceeded: {MAX_DEPTH}")));
        }
        if self.nodes > MAX_NODES {
            return Err(limit(at, format!("expression has more than {MAX_NODES} parts")));
        }
        Ok(Node { at, depth, expr })
    }

    fn expression(&mut self) -> Parsed<Node> {
        self.nested += 1;
        if self.nested > MAX_DEPTH {
            return Err(limit(self.at(), format!("expression recursion limit exceeded: {MAX_DEPTH}")));
        }
        let mut out = self.either()?;
        let at = self.at();
        if self.take("?") {
            let yes = self.either()?;
            self.expect(":")?;
            let no = self.expression()?;
            out = self.node(at, Expr::Conditional(Box::new([out, yes, no])))?;
        }
        self.nested -= 1;
        Ok(out)
    }

    fn either(&mut self) -> Parsed<Node> {
        let first = self.both()?;
        let at = self.at();
        if !self.is("||") {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.take("||") {
            terms.push(self.both()?);
        }
        self.node(at, Expr::Or(terms))
    }

    fn both(&mut self) -> Parsed<Node> {
        let first = self.operation(1)?;
        let at = self.at();
        if !self.is("&&") {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.take("&&") {
            terms.push(self.operation(1)?);
        }
        self.node(at, Expr::And(terms))
    }

    fn operation(&mut self, tightness: u8) -> Parsed<Node> {
        let mut left = self.unary()?;
        loop {
            let Token::Symbol(symbol) = self.peek() else { return Ok(left) };
            let Some((binds, function)) = binary(symbol).filter(|(binds, _)| *binds >= tightness) else {
                return Ok(left);
            };
            let at = self.at();
            self.advance();
            let right = self.operation(binds + 1)?;
            left = self.call(at, function, None, vec![left, right])?;
        }
    }

    fn call(&mut self, at: usize, function: &str, target: Option<Node>, args: Vec<Node>) -> Parsed<Node> {
        self.node(at, Expr::Call { function: function.to_owned(), target: target.map(Box::new), args })
    }

    fn unary(&mut self) -> Parsed<Node> {
        let at = self.at();
        for (symbol, function) in [("!", "!_"), ("-", "-_")] {
            let mut count = 0usize;
            while self.is(symbol) {
                // A sign belongs to the number behind it.
                if symbol == "-" && self.sign_of_a_number() {
                    break;
                }
                self.advance();
                count += 1;
            }
            if count > 0 {
                let operand = self.member()?;
                return match count % 2 {
                    0 => Ok(operand),
                    _ => self.call(at, function, None, vec![operand]),
                };
            }
        }
        self.member()
    }

    fn sign_of_a_number(&self) -> bool {
        let next = self.tokens.get(self.next + 1).map(|(_, token)| token);
        matches!(next, Some(Token::Int(_) | Token::Literal(Value::Double(_))))
    }

    fn member(&mut self) -> Parsed<Node> {
        let mut out = self.primary()?;
        loop {
            let at = self.at();
            if self.take(".") {
                let optional = self.take("?");
                let place = self.next;
                let field = match self.advance() {
                    Token::Name(name) => name,
                    Token::Escaped(name) if self.everything => name,
                    Token::Escaped(_) => {
                        let at = self.tokens[place].0;
                        let message = "unsupported syntax: '`'".to_owned();
                        return Err(Unreadable { at, kind: ErrorKind::Syntax, message });
                    }
                    Token::Symbol("in") => "in".to_owned(),
                    Token::Literal(_) | Token::Int(_) | Token::Symbol(_) | Token::End => {
                        let shown = self.shown(place);
                        return Err(
                            self.wrong_at(place, format!("no viable alternative at input '.{shown}'"))
                        );
                    }
                };
                let open = self.at();
                if !optional && self.take("(") {
                    let args = self.arguments()?;
                    out = macros::expand(self, open, field, Some(out), args)?;
                } else {
                    out = self.node(at, Expr::Select { operand: Box::new(out), field, optional })?;
                }
            } else if self.take("[") {
                let optional = self.take("?");
                let index = Box::new(self.expression()?);
                self.expect("]")?;
                out = self.node(at, Expr::Index { operand: Box::new(out), index, optional })?;
            } else if self.is("{") {
                let Some(name) = qualified(&out) else { return Ok(out) };
                return self.message(name, at);
            } else {
                return Ok(out);
            }
        }
    }

    /// `Name{field: value}`: no type that Kubernetes knows can be built so; the fields are read to reach the end.
    fn message(&mut self, name: String, at: usize) -> Parsed<Node> {
        self.expect("{")?;
        while !self.is("}") {
            self.take("?");
            self.advance();
            self.expect(":")?;
            self.expression()?;
            if !self.take(",") {
                break;
            }
        }
        self.expect("}")?;
        self.node(at, Expr::Message(name))
    }

    /// Up to and with the closing parenthesis.
    fn arguments(&mut self) -> Parsed<Vec<Node>> {
        let mut out = Vec::new();
        while !self.is(")") {
            if !out.is_empty() {
                self.expect(",")?;
            }
            out.push(self.expression()?);
        }
        self.expect(")")?;
        Ok(out)
    }

    fn primary(&mut self) -> Parsed<Node> {
        let (at, place) = (self.at(), self.next);
        match self.advance() {
            Token::Literal(value) => self.node(at, Expr::Literal(value)),
            Token::Int(digits) => self.int(at, &digits, false),
            Token::Symbol("-") => match self.advance() {
                Token::Int(digits) => self.int(at, &digits, true),
                Token::Literal(Value::Double(value)) => self.node(at, Expr::Literal(Value::Double(-value))),
                _ => Err(self.no_expression(place)),
            },
            Token::Symbol("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Symbol("[") => self.list(at),
            Token::Symbol("{") => self.map(at),
            Token::Symbol(".") => match self.advance() {
                Token::Name(name) => self.name(at, name, true),
                _ => Err(self.wrong_at(
                    place + 1,
                    format!("mismatched input '{}' expecting IDENTIFIER", self.shown(place + 1)),
                )),
            },
            Token::Name(name) => self.name(at, name, false),
            _ => Err(self.no_expression(place)),
        }
    }

    fn int(&mut self, at: usize, digits: &str, negative: bool) -> Parsed<Node> {
        let Some(value) = integer(digits, negative) else {
            return Err(Unreadable { at, kind: ErrorKind::Syntax, message: "invalid int literal".into() });
        };
        self.node(at, Expr::Literal(Value::Int(value)))
    }

    fn name(&mut self, at: usize, name: String, global: bool) -> Parsed<Node> {
        if RESERVED.contains(&name.as_str()) {
            let message = format!("reserved identifier: {name}");
            return Err(Unreadable { at, kind: ErrorKind::Syntax, message });
        }
        let open = self.at();
        if self.take("(") {
            let args = self.arguments()?;
            return macros::expand(self, open, name, None, args);
        }
        let name = if global { format!(".{name}") } else { name };
        self.node(at, Expr::Name(name))
    }

    fn list(&mut self, at: usize) -> Parsed<Node> {
        let mut items = Vec::new();
        while !self.is("]") {
            let optional = self.take("?");
            items.push(Item { value: self.expression()?, optional });
            if !self.take(",") {
                break;
            }
        }
        self.expect("]")?;
        self.node(at, Expr::List(items))
    }

    fn map(&mut self, at: usize) -> Parsed<Node> {
        let mut entries = Vec::new();
        while !self.is("}") {
            let optional = self.take("?");
            let key = self.expression()?;
            self.expect(":")?;
            entries.push(Entry { key, value: self.expression()?, optional });
            if !self.take(",") {
                break;
            }
        }
        self.expect("}")?;
        self.node(at, Expr::Map(entries))
    }
}

/// `a.b.c`, where nothing but names and fields spell it.
pub(crate) fn qualified(node: &Node) -> Option<String> {
    match &node.expr {
        Expr::Name(name) => Some(name.clone()),
        Expr::Select { operand, field, optional: false } => Some(format!("{}.{field}", qualified(operand)?)),
        _ => None,
    }
}
