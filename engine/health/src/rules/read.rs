//! From the text of a rule file to rules, with a position for everything that is wrong with it.

use super::{KindRule, Limits, Pattern, Rule, Rules, Test};
use mainstay_diagnostic::codes::apply::{HEALTH_EXPRESSION, HEALTH_RULE};
use mainstay_diagnostic::{Diagnostic, Diagnostics, Location, Span, nearest};
use mainstay_expr::{Environment, Program, Type};
use mainstay_object::Digest;
use mainstay_unit::HealthStatus;
use mainstay_yaml::{Key, Node, NodeValue};
use std::collections::BTreeMap;
use std::sync::Arc;

const STATUSES: [(&str, HealthStatus); 6] = [
    ("Healthy", HealthStatus::Healthy),
    ("Suspended", HealthStatus::Suspended),
    ("Progressing", HealthStatus::Progressing),
    ("Unknown", HealthStatus::Unknown),
    ("Missing", HealthStatus::Missing),
    ("Degraded", HealthStatus::Degraded),
];

pub(super) fn read(file: &str, text: &str, limits: &Limits) -> Result<Rules, Vec<Diagnostic>> {
    let bounds = mainstay_yaml::Limits { bytes: limits.bytes, ..mainstay_yaml::Limits::default() };
    let loaded = mainstay_yaml::load(file, text.as_bytes(), &bounds);
    let mut reader =
        Reader { file, text, limits, problems: loaded.diagnostics, rules: Rules::default(), kinds: 0 };
    for document in &loaded.documents {
        reader.document(&document.root);
    }
    if reader.problems.has_errors() { Err(reader.problems.sorted()) } else { Ok(reader.rules) }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    limits: &'a Limits,
    problems: Diagnostics,
    rules: Rules,
    kinds: usize,
}

impl Reader<'_> {
    fn fail(&mut self, span: Span, message: impl Into<String>) {
        let place = Location::new(self.file, span);
        self.problems.push(Diagnostic::new(&HEALTH_RULE, message).at(place).with_snippet_of(self.text));
    }

    fn unknown_key(&mut self, key: &Key, known: &[&'static str]) {
        let place = Location::new(self.file, key.span);
        let mut problem = Diagnostic::new(&HEALTH_RULE, format!("there is no key `{}` here", key.text))
            .at(place)
            .with_snippet_of(self.text);
        if let Some(near) = nearest(&key.text, known.iter().copied()) {
            problem = problem.hint(format!("did you mean `{near}`?"));
        }
        self.problems.push(problem);
    }

    fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> &'n [(Key, Node)] {
        node.as_mapping().unwrap_or_else(|| {
            self.fail(node.span, format!("{what} is a map, not a {}", node.kind()));
            &[]
        })
    }

    fn sequence<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        node.as_sequence().unwrap_or_else(|| {
            self.fail(node.span, format!("{what} is a list, not a {}", node.kind()));
            &[]
        })
    }

    fn string(&mut self, node: &Node, what: &str) -> String {
        node.as_str().map(str::to_owned).unwrap_or_else(|| {
            self.fail(node.span, format!("{what} is a string, not a {}", node.kind()));
            String::new()
        })
    }

    fn strings(&mut self, node: &Node, what: &str) -> Vec<String> {
        match node.as_sequence() {
            Some(items) => items.iter().map(|item| self.string(item, what)).collect(),
            None => vec![self.string(node, what)],
        }
    }

    fn document(&mut self, root: &Node) {
        let mut project = self.file.to_owned();
        let mut kinds: &[Node] = &[];
        for (key, node) in self.mapping(root, "a file of rules") {
            match key.text.as_str() {
                "project" => project = self.string(node, "`project`"),
                "docs" => drop(self.strings(node, "`docs`")),
                "kinds" => kinds = self.sequence(node, "`kinds`"),
                _ => self.unknown_key(key, &["project", "docs", "kinds"]),
            }
        }
        if root.as_mapping().is_some() && root.get("kinds").is_none() {
            self.fail(root.span, "there are no `kinds`");
        }
        for kind in kinds {
            self.kind(&project, kind);
        }
    }

    fn kind(&mut self, project: &str, node: &Node) {
        let (mut groups, mut kinds) = (Vec::new(), Vec::new());
        let mut conditions = "/status/conditions".to_owned();
        let mut otherwise = HealthStatus::Progressing;
        let (mut rules, mut passive) = (Vec::new(), false);
        for (key, value) in self.mapping(node, "an entry of `kinds`") {
            match key.text.as_str() {
                "group" => groups = self.strings(value, "`group`"),
                "kind" => kinds = self.strings(value, "`kind`"),
                "conditions" => conditions = self.pointer(value, "`conditions`"),
                "rules" => {
                    let mut room = self.limits.rules;
                    rules = self.rules(value, self.limits.depth, &mut room);
                }
                "otherwise" => otherwise = self.otherwise(value),
                "passive" => match value.as_bool() {
                    Some(said) => passive = said,
                    None => self.fail(value.span, "`passive` is true or false"),
                },
                _ => self.unknown_key(key, &["group", "kind", "conditions", "rules", "otherwise", "passive"]),
            }
        }
        if groups.is_empty() {
            self.fail(node.span, "there is no `group`");
        }
        let kinds = if kinds.is_empty() { vec![String::new()] } else { kinds };
        self.kinds = self.kinds.saturating_add(kinds.len().saturating_mul(groups.len()));
        if self.kinds > self.limits.kinds {
            return self
                .fail(node.span, format!("a file of rules names at most {} kinds", self.limits.kinds));
        }
        let computes = rules.iter().any(Rule::computes);
        let rule = Arc::new(KindRule {
            project: project.to_owned(),
            at: Location::new(self.file, node.span),
            digest: digest(node),
            conditions,
            rules,
            otherwise,
            passive,
            computes,
        });
        for group in groups {
            let of_group = match group.strip_prefix('*') {
                Some(end) if end.starts_with('.') && end.len() > 1 => self.rules.ending.entry(end.to_owned()),
                Some(_) => {
                    self.fail(
                        node.span,
                        format!("`{group}` is no group; `*.example.com` is every group that ends so"),
                    );
                    continue;
                }
                None => self.rules.exact.entry(group.clone()),
            };
            let of_group = of_group.or_default();
            let twice: Vec<String> = kinds
                .iter()
                .filter(|kind| of_group.insert((*kind).clone(), rule.clone()).is_some())
                .cloned()
                .collect();
            for kind in twice {
                self.fail(node.span, format!("`{kind}` of `{group}` has a rule already"));
            }
        }
    }

    fn otherwise(&mut self, node: &Node) -> HealthStatus {
        let status = self.status(node);
        if status.is_healthy() {
            self.fail(node.span, "what nothing proves is never Healthy");
        }
        status
    }

    fn status(&mut self, node: &Node) -> HealthStatus {
        let text = self.string(node, "a status");
        let found = STATUSES.iter().find(|(name, _)| *name == text);
        found.map(|(_, status)| *status).unwrap_or_else(|| {
            let names: Vec<&str> = STATUSES.iter().map(|(name, _)| *name).collect();
            self.fail(node.span, format!("`{text}` is no status; there are {}", names.join(", ")));
            HealthStatus::Unknown
        })
    }

    fn pointer(&mut self, node: &Node, what: &str) -> String {
        let text = self.string(node, what);
        if !text.starts_with('/') {
            self.fail(node.span, format!("{what} is a JSON pointer such as /status/phase"));
        }
        text
    }

    fn rules(&mut self, node: &Node, depth: usize, room: &mut usize) -> Vec<Rule> {
        let items = self.sequence(node, "`rules`");
        let mut rules = Vec::new();
        for item in items {
            if *room == 0 {
                self.fail(item.span, format!("a kind has at most {} rules", self.limits.rules));
                break;
            }
            *room -= 1;
            rules.extend(self.rule(item, depth, room));
        }
        rules
    }

    fn rule(&mut self, node: &Node, depth: usize, room: &mut usize) -> Option<Rule> {
        let entries = self.mapping(node, "a rule");
        let kinds: Vec<&str> = entries
            .iter()
            .map(|(key, _)| key.text.as_str())
            .filter(|key| matches!(*key, "condition" | "field" | "each" | "when"))
            .collect();
        let [kind] = kinds.as_slice() else {
            self.fail(node.span, "a rule has one of `condition`, `field`, `each` and `when`");
            return None;
        };
        let (mut test, mut within, mut always) = (None, Vec::new(), None);
        let mut rule = Rule {
            test: Test::Field(String::new()),
            reasons: Vec::new(),
            severities: Vec::new(),
            outcomes: Vec::new(),
            message: None,
        };
        for (key, value) in entries {
            match (*kind, key.text.as_str()) {
                ("condition", "condition") => test = Some(Test::Condition(self.string(value, "`condition`"))),
                ("condition", "severity") => rule.severities = self.strings(value, "`severity`"),
                ("condition", "reason") => rule.reasons = self.strings(value, "`reason`"),
                ("field", "field") => test = Some(Test::Field(self.pointer(value, "`field`"))),
                ("each", "each") => test = Some(Test::Each(self.pointer(value, "`each`"), Vec::new())),
                ("each", "rules") if depth == 0 => {
                    self.fail(key.span, format!("`each` within `each`: at most {}", self.limits.depth));
                }
                ("each", "rules") => within = self.rules(value, depth - 1, room),
                ("when", "when") => test = self.expression(value).map(Test::When),
                ("when", "status") => always = Some(self.status(value)),
                (_, "message") => rule.message = Some(self.string(value, "`message`")),
                ("condition" | "field", name) => match STATUSES.iter().find(|(status, _)| *status == name) {
                    Some((_, status)) => {
                        self.outcomes(*kind == "condition", value, *status, &mut rule.outcomes)
                    }
                    None => self.unknown_key(
                        key,
                        &[
                            "reason",
                            "severity",
                            "message",
                            "Healthy",
                            "Suspended",
                            "Progressing",
                            "Unknown",
                            "Missing",
                            "Degraded",
                        ],
                    ),
                },
                _ => self.unknown_key(key, &["each", "rules", "when", "status", "message"]),
            }
        }
        rule.outcomes.extend(always.map(|status| (Pattern::Other, status)));
        rule.test = match test? {
            Test::Each(pointer, _) => Test::Each(pointer, within),
            test @ (Test::Condition(_) | Test::Field(_) | Test::When(_)) => test,
        };
        let says_something = match &rule.test {
            Test::Each(_, rules) => !rules.is_empty(),
            Test::Condition(_) | Test::Field(_) | Test::When(_) => !rule.outcomes.is_empty(),
        };
        if !says_something {
            self.fail(node.span, "the rule says nothing: it has no status");
        }
        Some(rule)
    }

    fn outcomes(
        &mut self,
        condition: bool,
        node: &Node,
        status: HealthStatus,
        outcomes: &mut Vec<(Pattern, HealthStatus)>,
    ) {
        let one = std::slice::from_ref(node);
        for value in node.as_sequence().unwrap_or(one) {
            let pattern = match &value.value {
                NodeValue::String(text) if text == "(absent)" => Pattern::Absent,
                NodeValue::String(text) if text == "(other)" => Pattern::Other,
                NodeValue::String(text) => Pattern::Text(text.clone()),
                // The status of a condition is a text, which people forget to quote.
                NodeValue::Bool(flag) if condition => {
                    Pattern::Text(if *flag { "True" } else { "False" }.to_owned())
                }
                NodeValue::Bool(flag) => Pattern::Text(flag.to_string()),
                NodeValue::Int(number) => Pattern::Text(number.to_string()),
                NodeValue::Null
                | NodeValue::Uint(_)
                | NodeValue::Float(_)
                | NodeValue::Sequence(_)
                | NodeValue::Mapping(_) => {
                    self.fail(value.span, format!("a value to compare with is no {}", value.kind()));
                    continue;
                }
            };
            if pattern == Pattern::Other && status.is_healthy() {
                self.fail(value.span, "what nothing proves is never Healthy");
            }
            outcomes.push((pattern, status));
        }
    }

    fn expression(&mut self, node: &Node) -> Option<Program> {
        let source = self.string(node, "`when`");
        let names = ["self", "metadata", "spec", "status"];
        let environment = Environment::new(names.map(|name| (name, Type::Dyn)));
        match Program::compile(&source, &environment) {
            Ok(program) if matches!(program.result(), Type::Bool | Type::Dyn) => Some(program),
            Ok(program) => {
                let message = format!("`when` is true or false, not {:?}", program.result());
                self.wrong_expression(node.span, message);
                None
            }
            Err(problems) => {
                for problem in problems {
                    self.wrong_expression(
                        node.span,
                        format!("{problem} (at {} of the expression)", problem.position),
                    );
                }
                None
            }
        }
    }

    fn wrong_expression(&mut self, span: Span, message: String) {
        let place = Location::new(self.file, span);
        self.problems.push(Diagnostic::new(&HEALTH_EXPRESSION, message).at(place).with_snippet_of(self.text));
    }
}

/// Of everything but the names of the kinds.
fn digest(node: &Node) -> Digest {
    let said = node.as_mapping().into_iter().flatten();
    let said = said.filter(|(key, _)| !matches!(key.text.as_str(), "group" | "kind"));
    let lines: BTreeMap<&str, String> =
        said.map(|(key, value)| (key.text.as_str(), value.to_json().to_string())).collect();
    Digest::of_bytes(format!("{lines:?}").as_bytes())
}

impl Rule {
    fn computes(&self) -> bool {
        match &self.test {
            Test::When(_) => true,
            Test::Each(_, rules) => rules.iter().any(Rule::computes),
            Test::Condition(_) | Test::Field(_) => false,
        }
    }
}
