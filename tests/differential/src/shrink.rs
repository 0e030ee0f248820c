//! Makes a finding smaller: fewer steps, then less in each body, as long as the servers still part in the same way.

use crate::sequence::{Pair, Parting, replay};
use crate::step::Step;
use crate::subject::Subject;
use anyhow::Result;
use serde_json::Value;

const ATTEMPTS: usize = 400;

/// `None` if the difference does not show again: a clock's tick between two requests, for example.
pub fn shrink(pair: &mut Pair, subjects: &[Subject], found: &Parting) -> Result<Option<Parting>> {
    let custom = subjects.iter().any(Subject::is_custom);
    let signature = found.signature(custom);
    let mut attempts = 0;
    let mut again = |pair: &mut Pair, steps: &[Step]| -> Result<Option<Parting>> {
        attempts += 1;
        if attempts > ATTEMPTS {
            return Ok(None);
        }
        Ok(replay(pair, subjects, steps)?.filter(|parting| parting.signature(custom) == signature))
    };
    let Some(mut best) = again(pair, &found.steps)? else { return Ok(None) };
    loop {
        let before = size(&best.steps);
        for at in (0..best.steps.len()).rev() {
            let mut steps = best.steps.clone();
            steps.remove(at);
            if let Some(smaller) = again(pair, &steps)? {
                best = smaller;
            }
        }
        for at in 0..best.steps.len() {
            let mut skip = 0;
            while let Some(steps) = best.steps.get(at).and_then(|step| without(step, skip)).map(|step| {
                let mut steps = best.steps.clone();
                steps[at] = step;
                steps
            }) {
                match again(pair, &steps)? {
                    Some(smaller) => best = smaller,
                    None => skip += 1,
                }
            }
        }
        if size(&best.steps) == before {
            return Ok(Some(best));
        }
    }
}

fn size(steps: &[Step]) -> usize {
    steps.iter().map(|step| 1 + step.body.to_string().len()).sum()
}

/// The step without the part of its body that comes at that place, counted from the top.
fn without(step: &Step, mut skip: usize) -> Option<Step> {
    fn cut(value: &mut Value, skip: &mut usize, depth: usize) -> bool {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
            Value::Array(items) => {
                for at in 0..items.len() {
                    if *skip == 0 {
                        items.remove(at);
                        return true;
                    }
                    *skip -= 1;
                    if cut(&mut items[at], skip, depth + 1) {
                        return true;
                    }
                }
                false
            }
            Value::Object(map) => {
                for name in map.keys().cloned().collect::<Vec<_>>() {
                    let identity = depth == 0 && matches!(name.as_str(), "apiVersion" | "kind" | "metadata")
                        || depth == 1 && name == "name";
                    if !identity {
                        if *skip == 0 {
                            map.remove(&name);
                            return true;
                        }
                        *skip -= 1;
                    }
                    if map.get_mut(&name).is_some_and(|child| cut(child, skip, depth + 1)) {
                        return true;
                    }
                }
                false
            }
        }
    }
    let mut step = step.clone();
    cut(&mut step.body, &mut skip, 0).then_some(step)
}
