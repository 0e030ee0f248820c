//! Defaults of built-in kinds: a table (`defaults.txt`), and the few that depend on other fields.

mod derived;
mod image;

pub use derived::pod_spec;

use crate::core::registry::Resource;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Debug)]
struct Rule {
    path: Vec<Step>,
    /// Make parents that are missing; otherwise the rule does nothing without them.
    force: bool,
    value: Value,
    condition: Option<(Vec<Step>, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Each,
}

/// Rules in their order, walked together where they have the same way to go.
#[derive(Debug)]
enum Plan {
    Rule(Rule),
    /// Without conditions, and nothing is made on the way.
    Below(Step, Vec<Plan>),
}

static PLANS: LazyLock<BTreeMap<String, Vec<Plan>>> =
    LazyLock::new(|| read().into_iter().map(|(kind, rules)| (kind, planned(rules))).collect());

pub fn apply(object: &mut Value, resource: &Resource) {
    if resource.custom.is_some() {
        return;
    }
    derived::before(object, resource);
    let plans = PLANS.get(&format!("{}/{}", resource.group, resource.plural));
    plans.into_iter().flatten().for_each(|plan| plan.run(object));
    derived::after(object, resource);
}

fn planned(rules: Vec<Rule>) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut rules = rules.into_iter().peekable();
    while let Some(rule) = rules.next() {
        let Some(step) = rule.first_of_many().cloned() else {
            plans.push(Plan::Rule(rule));
            continue;
        };
        let mut together = vec![rule.without_first()];
        while let Some(next) = rules.next_if(|next| next.first_of_many() == Some(&step)) {
            together.push(next.without_first());
        }
        plans.push(Plan::Below(step, planned(together)));
    }
    plans
}

impl Rule {
    /// The first of several steps of a rule that can be walked with others.
    fn first_of_many(&self) -> Option<&Step> {
        let plain = !self.force && self.condition.is_none() && self.path.len() > 1;
        self.path.first().filter(|_| plain)
    }

    fn without_first(mut self) -> Self {
        self.path.remove(0);
        self
    }
}

impl Plan {
    fn run(&self, here: &mut Value) {
        match self {
            Self::Below(Step::Each, plans) => {
                for item in here.as_array_mut().into_iter().flatten() {
                    plans.iter().for_each(|plan| plan.run(item));
                }
            }
            Self::Below(Step::Field(name), plans) => {
                if let Some(child) = here.as_object_mut().and_then(|map| map.get_mut(name)) {
                    plans.iter().for_each(|plan| plan.run(child));
                }
            }
            Self::Rule(rule) => {
                let holds = rule.condition.as_ref().is_none_or(|(path, wanted)| {
                    let mut there = Some(&*here);
                    for step in path {
                        there = match step {
                            Step::Field(name) => there.and_then(|v| v.get(name)),
                            Step::Each => None,
                        };
                    }
                    there.and_then(Value::as_str) == Some(wanted)
                });
                if holds {
                    set(here, &rule.path, rule.force, &rule.value);
                }
            }
        }
    }
}

fn set(here: &mut Value, path: &[Step], force: bool, value: &Value) {
    match path {
        [] => {}
        [Step::Each, rest @ ..] => {
            for item in here.as_array_mut().into_iter().flatten() {
                set(item, rest, force, value);
            }
        }
        [Step::Field(name)] => {
            if let Some(map) = here.as_object_mut()
                && map.get(name).is_none_or(Value::is_null)
            {
                map.insert(name.clone(), value.clone());
            }
        }
        [Step::Field(name), rest @ ..] => {
            let Some(map) = here.as_object_mut() else { return };
            if force && rest.first() != Some(&Step::Each) && map.get(name).is_none_or(Value::is_null) {
                map.insert(name.clone(), Value::Object(Map::new()));
            }
            if let Some(child) = map.get_mut(name) {
                set(child, rest, force, value);
            }
        }
    }
}

fn read() -> BTreeMap<String, Vec<Rule>> {
    let text = include_str!("defaults.txt");
    let lines = || text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
    let pod: Vec<&str> =
        lines().skip_while(|l| *l != "[pod]").skip(1).take_while(|l| !l.starts_with('[')).collect();
    let mut rules: BTreeMap<String, Vec<Rule>> = BTreeMap::new();
    let mut kinds: Vec<String> = Vec::new();
    for line in lines() {
        if let Some(names) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            kinds = names.split(' ').filter(|n| *n != "pod").map(str::to_owned).collect();
            continue;
        }
        for kind in &kinds {
            let found = rules.entry(kind.clone()).or_default();
            match line.strip_prefix("@pod ") {
                Some(prefix) => found.extend(pod.iter().filter_map(|line| rule(line, Some(prefix)))),
                None => found.extend(rule(line, None)),
            }
        }
    }
    rules
}

/// `+spec.strategy {} if spec.a=b`
fn rule(line: &str, prefix: Option<&str>) -> Option<Rule> {
    let (body, condition) = match line.split_once(" if ") {
        Some((body, condition)) => (body, condition.split_once('=')),
        None => (line, None),
    };
    let (path, value) = body.split_once(' ')?;
    let force = path.starts_with('+');
    let path = path.trim_start_matches('+');
    let full = |path: &str| match prefix {
        Some(prefix) => steps(&format!("{prefix}.{path}")),
        None => steps(path),
    };
    Some(Rule {
        path: full(path),
        // Templates may be missing altogether; then nothing of them is made up.
        force: force && prefix.is_none(),
        value: serde_json::from_str(value).ok()?,
        condition: condition.map(|(path, wanted)| (full(path), wanted.to_owned())),
    })
}

fn steps(path: &str) -> Vec<Step> {
    let mut found = Vec::new();
    for part in path.split('.') {
        let name = part.trim_end_matches("[]");
        found.push(Step::Field(name.to_owned()));
        if name.len() < part.len() {
            found.push(Step::Each);
        }
    }
    found
}
