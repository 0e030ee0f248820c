//! Tokens to trees, refusing what Go's parser refuses.
use super::lex::{Kind, Token, lex};
use super::node::{Branch, Command, Expr, ExprKind, Node, Pipe, Source, Tree, is_empty};
use super::number::parse_number;
use super::unquote::unquote;
use crate::funcs;
use crate::text::Text;
use std::rc::Rc;

/// Blocks and parentheses within each other.
pub(crate) const MOST_NESTING: usize = 150;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    pub(crate) pos: usize,
    pub(crate) message: String,
}

type Result<T> = std::result::Result<T, ParseError>;

/// The file's own template first, then those that it defines, in source order.
pub(crate) fn parse(source: &Rc<Source>) -> Result<Vec<Rc<Tree>>> {
    let mut parser = Parser {
        source,
        tokens: lex(&source.text),
        at: 0,
        variables: vec!["$".into()],
        trees: Vec::new(),
        ranges: 0,
        depth: 0,
    };
    let mut root = Vec::new();
    loop {
        if parser.peek().kind == Kind::Eof {
            break;
        }
        if parser.peek().kind == Kind::LeftDelim {
            let before = parser.at;
            parser.next();
            if parser.next_word().kind == Kind::Define {
                parser.definition()?;
                continue;
            }
            parser.at = before;
        }
        match parser.text_or_action()? {
            Item::Node(node) => root.extend(node),
            Item::End(pos) => return Err(problem(pos, "unexpected {{end}}")),
            Item::Else(pos) => return Err(problem(pos, "unexpected {{else}}")),
        }
    }
    parser.add(source.name.clone(), root, source.text.len())?;
    let mut trees = parser.trees;
    // The file's own comes last above, since it may only repeat a name if one of both is empty.
    let own = trees.iter().position(|tree| tree.name == source.name).unwrap_or(0);
    trees[..=own].rotate_right(1);
    Ok(trees)
}

struct Parser<'a> {
    source: &'a Rc<Source>,
    tokens: Vec<Token>,
    at: usize,
    variables: Vec<Rc<str>>,
    trees: Vec<Rc<Tree>>,
    ranges: usize,
    depth: usize,
}

enum Item {
    /// Nothing for a comment.
    Node(Option<Node>),
    End(usize),
    Else(usize),
}

fn problem(pos: usize, message: impl Into<String>) -> ParseError {
    ParseError { pos, message: message.into() }
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        // The last token is an end or an error and is never passed.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    /// The next token that is no space.
    fn next_word(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_word(&mut self) -> Token {
        while self.peek().kind == Kind::Space {
            self.next();
        }
        self.peek().clone()
    }

    fn text(&self, token: &Token) -> &str {
        &self.source.text[token.start..token.end]
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token> {
        let token = self.next_word();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(&token, context)) }
    }

    fn unexpected(&self, token: &Token, context: &str) -> ParseError {
        if let Some(message) = &token.problem {
            return problem(token.start, message.clone());
        }
        let what = match token.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Block
            | Kind::Break
            | Kind::Continue
            | Kind::Define
            | Kind::Else
            | Kind::End
            | Kind::If
            | Kind::Nil
            | Kind::Range
            | Kind::Template
            | Kind::With => format!("<{}>", self.text(token)),
            _ => {
                let text = self.text(token);
                match text.char_indices().nth(10) {
                    Some((end, _)) => format!("{:?}...", &text[..end]),
                    None => format!("{text:?}"),
                }
            }
        };
        problem(token.start, format!("unexpected {what} in {context}"))
    }

    fn deeper(&mut self, pos: usize) -> Result<()> {
        self.depth += 1;
        if self.depth > MOST_NESTING {
            return Err(problem(
                pos,
                format!("blocks and parentheses are nested more than {MOST_NESTING} deep"),
            ));
        }
        Ok(())
    }

    fn add(&mut self, name: Rc<str>, root: Vec<Node>, pos: usize) -> Result<()> {
        let known = self.trees.iter().position(|known| known.name == name);
        let empty = is_empty(&root);
        let tree = Rc::new(Tree { name: name.clone(), source: self.source.clone(), root });
        match known {
            None => self.trees.push(tree),
            Some(known) if self.trees[known].is_empty() => self.trees[known] = tree,
            Some(_) if empty => {}
            Some(_) => return Err(problem(pos, format!("multiple definition of template {name:?}"))),
        }
        Ok(())
    }

    /// Behind `{{define`.
    fn definition(&mut self) -> Result<()> {
        let token = self.next_word();
        let name = self.template_name(&token, "define clause")?;
        self.expect(Kind::RightDelim, "define clause")?;
        self.body(name, token.start, "define clause")
    }

    /// What `define` and `block` hold: a template with variables of its own.
    fn body(&mut self, name: Rc<str>, pos: usize, context: &str) -> Result<()> {
        self.deeper(pos)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let ranges = std::mem::replace(&mut self.ranges, 0);
        let (root, end) = self.list()?;
        if let Item::Else(pos) = end {
            return Err(problem(pos, format!("unexpected {{{{else}}}} in {context}")));
        }
        self.variables = outer;
        self.ranges = ranges;
        self.depth -= 1;
        self.add(name, root, pos)
    }

    fn list(&mut self) -> Result<(Vec<Node>, Item)> {
        let mut nodes = Vec::new();
        while self.peek_word().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => nodes.extend(node),
                end @ (Item::End(_) | Item::Else(_)) => return Ok((nodes, end)),
            }
        }
        Err(problem(self.peek().start, "unexpected EOF"))
    }

    fn text_or_action(&mut self) -> Result<Item> {
        let token = self.next_word();
        match token.kind {
            Kind::Text => {
                let text = Text::from(self.text(&token));
                Ok(Item::Node(Some(Node::Text(text))))
            }
            Kind::LeftDelim => self.action(),
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    fn action(&mut self) -> Result<Item> {
        let before = self.at;
        let token = self.next_word();
        let node = match token.kind {
            Kind::Block => self.block()?,
            Kind::Break | Kind::Continue => {
                let word = if token.kind == Kind::Break { "break" } else { "continue" };
                self.expect(Kind::RightDelim, &format!("{{{{{word}}}}}"))?;
                if self.ranges == 0 {
                    return Err(problem(token.start, format!("{{{{{word}}}}} outside {{{{range}}}}")));
                }
                if token.kind == Kind::Break { Node::Break } else { Node::Continue }
            }
            Kind::Else => {
                if !matches!(self.peek_word().kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::Else(token.start));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::End(token.start));
            }
            Kind::If | Kind::Range | Kind::With => self.control(token.kind, token.start)?,
            Kind::Template => {
                let token = self.next_word();
                let name = self.template_name(&token, "template clause")?;
                let pipe = if self.peek_word().kind == Kind::RightDelim {
                    self.next();
                    None
                } else {
                    Some(self.pipeline("template clause", Kind::RightDelim)?)
                };
                Node::Template { pos: token.start, name, pipe }
            }
            _ => {
                self.at = before;
                Node::Action(self.pipeline("command", Kind::RightDelim)?)
            }
        };
        Ok(Item::Node(Some(node)))
    }

    fn block(&mut self) -> Result<Node> {
        let token = self.next_word();
        let name = self.template_name(&token, "block clause")?;
        let pipe = self.pipeline("block clause", Kind::RightDelim)?;
        self.body(name.clone(), token.start, "block clause")?;
        Ok(Node::Template { pos: token.start, name, pipe: Some(pipe) })
    }

    fn control(&mut self, kind: Kind, pos: usize) -> Result<Node> {
        self.deeper(pos)?;
        let context = match kind {
            Kind::If => "if",
            Kind::With => "with",
            _ => "range",
        };
        let known = self.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        self.ranges += usize::from(kind == Kind::Range);
        let (list, end) = self.list()?;
        self.ranges -= usize::from(kind == Kind::Range);
        let mut otherwise = None;
        if let Item::Else(pos) = end {
            // Not `peek_word`: the blank is already behind us.
            let chained = self.peek().kind;
            if chained == kind && kind != Kind::Range {
                self.next();
                otherwise = Some(vec![self.control(kind, pos)?]);
            } else {
                let (nodes, end) = self.list()?;
                if let Item::Else(pos) = end {
                    return Err(problem(pos, "expected end; found {{else}}"));
                }
                otherwise = Some(nodes);
            }
        }
        self.variables.truncate(known);
        self.depth -= 1;
        let branch = Box::new(Branch { pipe, list, otherwise });
        Ok(match kind {
            Kind::If => Node::If(branch),
            Kind::With => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    fn template_name(&self, token: &Token, context: &str) -> Result<Rc<str>> {
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(token, context));
        }
        let bytes = unquote(self.text(token)).ok_or_else(|| problem(token.start, "invalid syntax"))?;
        Ok(String::from_utf8_lossy(&bytes).into())
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        let pos = self.peek_word().start;
        let mut pipe = Pipe { pos, assigns: false, variables: Vec::new(), commands: Vec::new() };
        while self.peek_word().kind == Kind::Variable {
            let before = self.at;
            let variable = self.next();
            let next = self.peek_word();
            let comma = next.kind == Kind::Char && self.text(&next) == ",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.at = before;
                break;
            }
            self.next();
            let name: Rc<str> = self.text(&variable).into();
            pipe.variables.push(name.clone());
            self.variables.push(name);
            if !comma {
                pipe.assigns = next.kind == Kind::Assign;
                break;
            }
            if context != "range" || pipe.variables.len() > 1 {
                return Err(problem(next.start, format!("too many declarations in {context}")));
            }
            if !matches!(self.peek_word().kind, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                return Err(problem(next.start, "range can only initialize variables"));
            }
        }
        loop {
            let token = self.peek_word();
            match token.kind {
                kind if kind == end => {
                    self.next();
                    return self.checked(pipe, context, token.start);
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
    }

    fn checked(&self, pipe: Pipe, context: &str, pos: usize) -> Result<Pipe> {
        if pipe.commands.is_empty() {
            return Err(problem(pos, format!("missing value for {context}")));
        }
        for (i, command) in pipe.commands.iter().enumerate().skip(1) {
            let constant = matches!(
                command.first.kind,
                ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::Text(_)
            );
            if constant {
                let message = format!("non executable command in pipeline stage {}", i + 1);
                return Err(problem(command.first.pos, message));
            }
        }
        Ok(pipe)
    }

    fn command(&mut self) -> Result<Command> {
        let pos = self.peek_word().start;
        let mut operands = Vec::new();
        loop {
            self.peek_word();
            operands.extend(self.operand()?);
            let token = self.peek().clone();
            match token.kind {
                Kind::Space => {
                    self.next();
                }
                Kind::RightDelim | Kind::RightParen => break,
                Kind::Pipe => {
                    self.next();
                    break;
                }
                _ => return Err(self.unexpected(&token, "operand")),
            }
        }
        let mut operands = operands.into_iter();
        let first = operands.next().ok_or_else(|| problem(pos, "empty command"))?;
        Ok(Command { first, arguments: operands.collect() })
    }

    fn operand(&mut self) -> Result<Option<Expr>> {
        let Some(mut node) = self.term()? else { return Ok(None) };
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            let token = self.next();
            node.end = token.end;
            fields.push(Text::from(&self.text(&token)[1..]));
        }
        if fields.is_empty() {
            return Ok(Some(node));
        }
        let Expr { pos, end, kind } = node;
        let kind = match kind {
            ExprKind::Field(mut path) => {
                path.extend(fields);
                ExprKind::Field(path)
            }
            ExprKind::Variable(name, mut path) => {
                path.extend(fields);
                ExprKind::Variable(name, path)
            }
            ExprKind::Bool(_) | ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Nil | ExprKind::Dot => {
                return Err(problem(
                    pos,
                    format!("unexpected . after term {:?}", &self.source.text[pos..end]),
                ));
            }
            kind @ (ExprKind::Function(_) | ExprKind::Pipe(_) | ExprKind::Chain(..)) => {
                ExprKind::Chain(Box::new(Expr { pos, end, kind }), fields)
            }
        };
        Ok(Some(Expr { pos, end, kind }))
    }

    fn term(&mut self) -> Result<Option<Expr>> {
        let before = self.at;
        let token = self.next_word();
        let (pos, mut end) = (token.start, token.end);
        let kind = match token.kind {
            Kind::Identifier => {
                let name = self.text(&token);
                let found = funcs::find(name);
                ExprKind::Function(
                    found.ok_or_else(|| problem(pos, format!("function {name:?} not defined")))?,
                )
            }
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Variable => {
                let name: Rc<str> = self.text(&token).into();
                if !self.variables.contains(&name) {
                    return Err(problem(pos, format!("undefined variable {:?}", &*name)));
                }
                ExprKind::Variable(name, Vec::new())
            }
            Kind::Field => ExprKind::Field(vec![Text::from(&self.text(&token)[1..])]),
            Kind::Bool => ExprKind::Bool(self.text(&token) == "true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                ExprKind::Number(parse_number(self.text(&token)).map_err(|message| problem(pos, message))?)
            }
            Kind::LeftParen => {
                self.deeper(pos)?;
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParen)?;
                self.depth -= 1;
                end = self.tokens[self.at - 1].end;
                ExprKind::Pipe(Box::new(pipe))
            }
            Kind::String | Kind::RawString => {
                let bytes = unquote(self.text(&token)).ok_or_else(|| problem(pos, "invalid syntax"))?;
                ExprKind::Text(bytes.into())
            }
            _ => {
                self.at = before;
                return Ok(None);
            }
        };
        Ok(Some(Expr { pos, end, kind }))
    }
}
