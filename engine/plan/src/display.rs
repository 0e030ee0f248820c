use crate::{Action, Change, Counts, Plan, Step, UnitPlan, Verdict};
use std::fmt::{self, Write};

impl Action {
    pub fn sign(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Change => "~",
            Self::Replace => "±",
            Self::Delete => "-",
            Self::Keep => "=",
            Self::Run => ">",
            Self::Blocked => "!",
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to create, {} to change, {} to delete, {} unchanged",
            self.create,
            self.change + self.replace,
            self.delete,
            self.unchanged
        )?;
        if self.keep > 0 {
            write!(f, ", {} kept", self.keep)?;
        }
        match self.run {
            0 => {}
            1 => f.write_str(", 1 hook to run")?,
            n => write!(f, ", {n} hooks to run")?,
        }
        if self.blocked > 0 {
            write!(f, ", {} blocked", self.blocked)?;
        }
        Ok(())
    }
}

/// The plan as a terminal and a log show it. Units without anything to say are left out.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    for unit in plan.units.iter().filter(|u| speaks(u)) {
        out.push_str(&heading(unit));
        out.push('\n');
        for step in &unit.steps {
            push_step(&mut out, step);
        }
    }
    for held in &plan.held {
        line(&mut out, format_args!("held: {}: {}", held.unit, held.why));
        if let Some(hash) = &held.hash {
            line(&mut out, format_args!("      to go on: mainstay approve {hash}"));
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    line(&mut out, format_args!("Plan: {}{}.", plan.counts(), unknown(plan)));
    out
}

/// The plan as a comment on a pull request.
pub fn markdown(plan: &Plan) -> String {
    let mut out = String::new();
    line(&mut out, format_args!("**Plan** for `{}`: {}{}.\n", plan.revision, plan.counts(), unknown(plan)));
    for unit in plan.units.iter().filter(|u| speaks(u)) {
        line(&mut out, format_args!("<details><summary><code>{}</code></summary>\n", heading(unit)));
        out.push_str("```diff\n");
        for step in &unit.steps {
            push_step(&mut out, step);
        }
        out.push_str("```\n</details>\n\n");
    }
    for held in &plan.held {
        line(&mut out, format_args!("> held: `{}`: {}", held.unit, held.why));
    }
    out
}

fn unknown(plan: &Plan) -> String {
    match plan.unknown() {
        0 => String::new(),
        1 => "; 1 unit is not known".to_owned(),
        n => format!("; {n} units are not known"),
    }
}

fn speaks(unit: &UnitPlan) -> bool {
    !unit.steps.is_empty()
        || match unit.verdict {
            Verdict::Planned => false,
            Verdict::NotRendered(_)
            | Verdict::Failed(_)
            | Verdict::Suspended
            | Verdict::Managed(_)
            | Verdict::NotEvaluated(_)
            | Verdict::Removed => true,
        }
}

fn heading(unit: &UnitPlan) -> String {
    match &unit.verdict {
        Verdict::Planned => unit.id.to_string(),
        Verdict::NotRendered(why) => format!("{} (planned, not rendered: {why})", unit.id),
        Verdict::Failed(why) => format!("{} (failed, the last good revision stays: {why})", unit.id),
        Verdict::Suspended => format!("{} (suspended)", unit.id),
        Verdict::Managed(why) => format!("{} ({why}: nothing of this is done)", unit.id),
        Verdict::NotEvaluated(why) => format!("{} (not evaluated: {why})", unit.id),
        Verdict::Removed => format!("{} (no longer declared)", unit.id),
    }
}

fn push_step(out: &mut String, step: &Step) {
    let reason = if step.reason.is_empty() { String::new() } else { format!("  ({})", step.reason) };
    line(out, format_args!("{} {}{reason}", step.action.sign(), step.key));
    for change in &step.changes {
        push_change(out, change);
    }
}

fn push_change(out: &mut String, change: &Change) {
    let path = &change.path;
    let text = match (&change.before, &change.after) {
        (_, _) if change.redacted => format!("    {path}: (secret value changed)"),
        (None, Some(after)) => format!("    {path}: + {}", short(after)),
        (Some(before), None) => format!("    {path}: - {}", short(before)),
        (Some(before), Some(after)) => format!("    {path}: {} -> {}", short(before), short(after)),
        (None, None) => format!("    {path}"),
    };
    line(out, format_args!("{text}"));
}

fn short(value: &mainstay_object::Value) -> String {
    const LIMIT: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(LIMIT) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn line(out: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
