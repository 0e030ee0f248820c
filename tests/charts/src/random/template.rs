//! Random templates: text, actions, branches, loops, variables, includes.

use super::expr::{Scope, Ty, operand, pipeline};
use fastrand::Rng;

pub(super) const HELPERS: &str = "{{ define \"h.one\" }}<{{ . }}>{{ end }}
{{- define \"h.kind\" }}{{ kindOf . }}{{ if kindIs \"map\" . }}{{ len . }}{{ end }}{{ end }}
{{- define \"h.join\" -}}
  {{- range $i, $x := . }}{{ if $i }},{{ end }}{{ $x }}{{ end -}}
{{- end }}";

struct Writer<'a> {
    dice: &'a mut Rng,
    scope: Scope,
    next: usize,
    out: String,
}

pub(super) fn template(dice: &mut Rng) -> String {
    let mut writer = Writer { dice, scope: Scope { variables: Vec::new() }, next: 0, out: String::new() };
    let count = writer.dice.usize(1..5);
    writer.block(count, 3);
    writer.out
}

impl Writer<'_> {
    fn block(&mut self, count: usize, depth: usize) {
        let known = self.scope.variables.len();
        for _ in 0..count {
            self.statement(depth);
        }
        self.scope.variables.truncate(known);
    }

    fn open(&mut self) -> &'static str {
        if self.dice.usize(..4) == 0 { "{{- " } else { "{{ " }
    }

    fn close(&mut self) -> &'static str {
        if self.dice.usize(..4) == 0 { " -}}" } else { " }}" }
    }

    fn action(&mut self, inside: &str) {
        let (open, close) = (self.open(), self.close());
        self.out.push_str(&format!("{open}{inside}{close}"));
    }

    fn any_type(&mut self) -> Ty {
        [Ty::Text, Ty::Int, Ty::Number, Ty::Bool, Ty::List, Ty::Map, Ty::Any][self.dice.usize(..7)]
    }

    fn pipeline(&mut self, ty: Ty) -> String {
        let depth = self.dice.usize(..4);
        pipeline(self.dice, &self.scope, ty, depth)
    }

    fn statement(&mut self, depth: usize) {
        let choice = self.dice.usize(..if depth == 0 { 9 } else { 14 });
        match choice {
            0 => self.out.push_str([" ", "\n", "text ", " x: y\n", "\t"][self.dice.usize(..5)]),
            1..=5 => {
                let ty = self.any_type();
                let text = self.pipeline(ty);
                self.action(&text);
            }
            6 => {
                let ty = self.any_type();
                let text = self.pipeline(ty);
                let name = format!("$v{}", self.next);
                self.next += 1;
                self.action(&format!("{name} := {text}"));
                self.scope.variables.push((name, ty));
            }
            7 if !self.scope.variables.is_empty() => {
                let (name, ty) = self.scope.variables[self.dice.usize(..self.scope.variables.len())].clone();
                let text = self.pipeline(ty);
                self.action(&format!("{name} = {text}"));
            }
            7 => self.out.push_str("{{/* comment */}}"),
            8 => {
                let helper = ["h.one", "h.kind", "h.join"][self.dice.usize(..3)];
                let ty = if helper == "h.join" { Ty::List } else { Ty::Any };
                let argument = operand(self.dice, &self.scope, ty, 1);
                let word = if self.dice.bool() { "template" } else { "include" };
                self.action(&format!("{word} \"{helper}\" {argument}"));
            }
            9 | 10 => {
                let ty = self.any_type();
                let condition = self.pipeline(ty);
                self.action(&format!("if {condition}"));
                self.block(1, depth - 1);
                if self.dice.bool() {
                    let other = self.pipeline(Ty::Any);
                    self.action(&format!("else if {other}"));
                    self.block(1, depth - 1);
                }
                self.action("else");
                self.block(1, depth - 1);
                self.action("end");
            }
            11 => {
                let text = self.pipeline(Ty::Any);
                self.action(&format!("with {text}"));
                self.action(".");
                self.block(1, depth - 1);
                self.action("else");
                self.block(1, depth - 1);
                self.action("end");
            }
            _ => self.range(depth),
        }
    }

    fn range(&mut self, depth: usize) {
        let over = [Ty::List, Ty::Map, Ty::Int][self.dice.usize(..3)];
        let text = self.pipeline(over);
        let (key, value) = (format!("$k{}", self.next), format!("$x{}", self.next));
        self.next += 1;
        let known = self.scope.variables.len();
        match self.dice.usize(..3) {
            0 => self.action(&format!("range {text}")),
            1 if over != Ty::Int => {
                self.action(&format!("range {key}, {value} := {text}"));
                self.scope.variables.push((key, if over == Ty::Map { Ty::Text } else { Ty::Int }));
                self.scope.variables.push((value, Ty::Any));
            }
            _ => {
                self.action(&format!("range {value} := {text}"));
                self.scope.variables.push((value, Ty::Any));
            }
        }
        self.action(".");
        self.block(2, depth - 1);
        if self.dice.usize(..4) == 0 {
            let condition = self.pipeline(Ty::Bool);
            let word = if self.dice.bool() { "break" } else { "continue" };
            self.action(&format!("if {condition}"));
            self.action(word);
            self.action("end");
        }
        self.out.push(',');
        self.scope.variables.truncate(known);
        self.action("else");
        self.out.push_str("none");
        self.action("end");
    }
}
