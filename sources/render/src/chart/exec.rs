//! A chart that asks for the real Helm: whether it may, what Helm is given, and what comes of what it printed.
use super::objects::{Making, Objects};
use super::{ChartJob, Once, Unrendered, Variant};
use crate::external::Externals;
use crate::inputs::Supply;
use mainstay_diagnostic::{Diagnostic, Location, codes};
use mainstay_helm::{Limits, Outline};
use mainstay_object::ObjectKey;
use mainstay_unit::{Capabilities, Desired, HelmGiven, HelmRun, Need};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Runs that are given the same: where what they make differs, it is not held to anything.
const TURNS: u8 = 2;
/// Fields that differ which are named.
const NAMED: usize = 5;

impl ChartJob<'_> {
    pub(super) fn left_to_helm(&self, making: &Making<'_>, variant: &Variant<'_>, at: &Location) -> Once {
        let externals = Externals { capabilities: true, helm: true, ..Externals::default() };
        let mut once = Once {
            objects: Err(Unrendered::Unasked),
            externals,
            random: false,
            needs: Vec::new(),
            unanswered: Vec::new(),
            secret: Vec::new(),
        };
        match self.asker.allowed.helm() {
            Ok(helm) if helm.exec => {}
            Ok(_) => {
                once.externals.capabilities = false;
                once.objects = Err(self.not_allowed(at).into());
                return once;
            }
            Err(why) => {
                once.unanswered.push(format!("whether the real Helm may be run: {why}"));
                return once;
            }
        }
        let outline = match Outline::of(making.files, variant.values, &Limits::default()) {
            Ok(outline) => outline,
            Err(error) => {
                once.objects = Err(Unrendered::Chart(error));
                return once;
            }
        };
        match self.asker.capabilities() {
            Some(Supply::Here(served)) => self.run(making, variant, outline, served, &mut once),
            Some(Supply::Absent(why) | Supply::Refused(why) | Supply::NotEvaluated(why)) => {
                once.unanswered.push(format!("the real Helm is told what the cluster is: {why}"));
            }
            None => once.needs.push(self.asker.ask_for_capabilities()),
        }
        once
    }

    fn run(
        &self,
        making: &Making<'_>,
        variant: &Variant<'_>,
        outline: Outline,
        served: &Capabilities,
        once: &mut Once,
    ) {
        let quiet = super::values::are_secret(&self.given);
        let given = HelmGiven {
            files: Arc::new(making.files.clone()),
            values: variant.values.to_json().to_string(),
            release: self.chart.release.name.clone(),
            namespace: self.chart.release.namespace.clone(),
            // Values that were changed to see what comes of it may be none that a schema allows.
            skip_schema: variant.altered || self.chart.release.disable_schema,
            kube_version: served.version.clone(),
            api_versions: served.apis.clone(),
            turn: 0,
        };
        let inputs = self.asker.inputs;
        let mut printed = Vec::new();
        for turn in 0..if variant.altered { 1 } else { TURNS } {
            let run = HelmRun::new(HelmGiven { turn, ..given.clone() }, &inputs.key);
            match inputs.helm.get(run.digest()) {
                Some(Supply::Here(text)) => printed.push(text.clone()),
                Some(Supply::Absent(said) | Supply::Refused(said)) => {
                    once.objects = Err(self.refused(making, said, quiet).into());
                    return;
                }
                Some(Supply::NotEvaluated(why)) => {
                    once.unanswered.push(format!("the real Helm was not run: {why}"));
                }
                None => once.needs.push(Need::Helm { run }),
            }
        }
        if !once.needs.is_empty() || !once.unanswered.is_empty() {
            return;
        }
        let lookups = outline.lookups.clone();
        let mut made = printed.iter().map(|text| {
            let rendered = outline.clone().read(text, &Limits::default()).map_err(Unrendered::Chart)?;
            Ok(making.objects(rendered, quiet))
        });
        let first = made.next().unwrap_or(Err(Unrendered::Unasked));
        let again = made.next();
        once.objects = first.and_then(|mut first| {
            if let Some(again) = again {
                let differs = differences(&first, &again?);
                if !differs.is_empty() {
                    return Err(self.irregular(&differs).into());
                }
            }
            first.diagnostics.extend(self.blind(making, &lookups));
            Ok(first)
        });
        if let Ok(objects) = &once.objects {
            once.externals.scopes.clone_from(&objects.scopes);
            once.needs.extend(objects.needs.iter().cloned());
            once.unanswered.extend(objects.unanswered.iter().cloned());
        }
    }

    fn not_allowed(&self, at: &Location) -> Diagnostic {
        let message = format!(
            "the chart of {} asks for the real Helm, which is not allowed here",
            self.asker.declared.unit.id
        );
        Diagnostic::new(&codes::render::EXEC_NOT_ALLOWED, message).at(at.clone()).hint(
            "leave it to Mainstay (renderer: native); or have the Platform allow it for every unit: spec: {helm: {exec: \
             true}}",
        )
    }

    fn irregular(&self, differs: &[String]) -> Diagnostic {
        let mut named = differs.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        if differs.len() > NAMED {
            named.push_str(&format!(" and {} more", differs.len() - NAMED));
        }
        let message =
            format!("the chart of {} makes something else each time: {named}", self.asker.declared.unit.id);
        Diagnostic::new(&codes::render::EXEC_DIFFERS, message)
            .at(self.asker.declared.unit.declared_at.clone())
            .hint("set in the values what the chart makes up, or let a post renderer set these fields")
    }

    /// A warning where a template wants to look something up.
    fn blind(&self, making: &Making<'_>, lookups: &[String]) -> Option<Diagnostic> {
        let first = lookups.first()?;
        let message = format!("{first} looks up objects, of which the real Helm finds none");
        Some(making.problem(&codes::render::EXEC_LOOKUP, message, first, 1))
    }

    /// In Helm's words, at the innermost place that it names. Where values are secret, nothing that may quote what was
    /// rendered.
    fn refused(&self, making: &Making<'_>, said: &str, quiet: bool) -> Diagnostic {
        let said = said.trim().trim_start_matches("Error: ");
        let said = said.split("\n\nUse --debug flag").next().unwrap_or(said).trim();
        let shown = match said.strip_prefix("YAML parse error on ").and_then(|rest| rest.split_once(": ")) {
            Some((path, _)) if quiet => format!("what {path} makes can't be read as YAML"),
            Some(_) | None if quiet && said.contains('`') => {
                "Helm says why, and quotes what is secret".to_owned()
            }
            Some(_) | None => said.to_owned(),
        };
        let message = format!("the chart of {} fails in the real Helm: {shown}", self.asker.declared.unit.id);
        Diagnostic::new(&codes::render::CHART, message).at(match innermost(said) {
            Some((file, line, column)) => making.location(file, line, column),
            None => self.asker.declared.unit.declared_at.clone(),
        })
    }
}

/// The last `chart/templates/file:line:column`.
fn innermost(said: &str) -> Option<(&str, u32, u32)> {
    let place = |word: &str| -> Option<(usize, u32, u32)> {
        let mut parts = word.split(':');
        let file = parts.next().filter(|file| file.contains("/templates/"))?;
        Some((file.len(), parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let words = said.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | ','));
    words.rev().find_map(|word| place(word).map(|(end, line, column)| (&word[..end], line, column)))
}

/// Fields that two renders of the same make differently, without a word of what they hold.
fn differences(first: &Objects, again: &Objects) -> Vec<String> {
    fn all(objects: &Objects) -> BTreeMap<ObjectKey, &Value> {
        let hooks = objects.hooks.iter().map(|hook| &hook.desired);
        let all = objects.desired.iter().chain(hooks).chain(&objects.declared);
        all.map(|Desired { object, .. }| (object.key(), object.value())).collect()
    }
    let (first, again) = (all(first), all(again));
    let mut out = Vec::new();
    for (key, value) in &first {
        match again.get(key) {
            None => out.push(format!("{key} is not there each time")),
            Some(other) => {
                differs(value, other, &mut String::new(), &mut |path| out.push(format!("{key} {path}")))
            }
        }
    }
    out.extend(
        again
            .keys()
            .filter(|key| !first.contains_key(key))
            .map(|key| format!("{key} is not there each time")),
    );
    out
}

fn differs(one: &Value, other: &Value, path: &mut String, tell: &mut impl FnMut(&str)) {
    let length = path.len();
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            for (name, value) in one {
                path.push('/');
                path.push_str(&name.replace('~', "~0").replace('/', "~1"));
                differs(value, &other[name], path, tell);
                path.truncate(length);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (i, (one, other)) in one.iter().zip(other).enumerate() {
                path.push_str(&format!("/{i}"));
                differs(one, other, path, tell);
                path.truncate(length);
            }
        }
        (one, other) if one == other => {}
        _ => tell(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_innermost_place_is_found_in_what_helm_says() {
        let said = "template: web/templates/a.yaml:3:4: executing \"web/templates/a.yaml\" at <include \"x\" .>: error \
                    calling include: template: web/charts/db/templates/_h.tpl:12:7: executing \"x\" at <fail \"no\">: no";
        assert_eq!(innermost(said), Some(("web/charts/db/templates/_h.tpl", 12, 7)));
        assert_eq!(
            innermost("execution error at (web/templates/a.yaml:1:3): no"),
            Some(("web/templates/a.yaml", 1, 3))
        );
        assert_eq!(innermost("values don't meet the specifications of the schema: at a:b:c"), None);
    }

    #[test]
    fn fields_that_differ_are_named_by_their_place() {
        let one = json!({"a": {"b/c": [1, 2]}, "d": "x", "e": {"f": 1}});
        let other = json!({"a": {"b/c": [1, 3]}, "d": "y", "e": {"g": 1}});
        let mut out = Vec::new();
        differs(&one, &other, &mut String::new(), &mut |path| out.push(path.to_owned()));
        assert_eq!(out, ["/a/b~1c/1", "/d", "/e"]);
        differs(&one, &one, &mut String::new(), &mut |path| panic!("{path}"));
    }
}
